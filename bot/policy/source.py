"""A policy file as text, as plain values, and as the place of every key and value in the text. Pure.

A value's path is its keys from the outside in, with numbers for the items of lists: `("rules", 0, "when")`.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import tree_sitter_toml
import yaml
from tree_sitter import Language, Node, Parser
from yaml.reader import ReaderError

Keys = tuple[str | int, ...]
"""A path into the values."""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of the text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong in the file; `line` counts from 1."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Source:
    """A file that could be read. Dates are ISO texts, as JSON has them."""

    text: str
    value: Any = None
    keys: Mapping[Keys, Span] = field(default_factory=dict)
    values: Mapping[Keys, Span] = field(default_factory=dict)
    """Of a text: what stands inside the quotation marks."""
    faults: tuple[Fault, ...] = ()

    def line(self, path: Keys) -> int:
        """Return the line of a key or an item, or of the nearest thing around it."""
        while path and path not in self.keys and path not in self.values:
            path = path[:-1]
        span = self.keys.get(path) or self.values.get(path)
        return self.text.count("\n", 0, span.start) + 1 if span else 1

    def entry(self, path: Keys) -> Span:
        """Return where a key with its value stands."""
        return Span(self.keys[path].start, self.values[path].end)


def parse(text: str, ending: str) -> Source:
    """Read the text of a file that ends in `.toml`, `.yaml` or `.yml`; what is wrong is among the faults."""
    return _Toml(text).source() if ending == ".toml" else _Yaml(text).source()


def _inside(text: str, start: int, end: int) -> Span:
    """Where the words of a text stand that is written from `start` to `end`, without marks and white space."""
    if text[start : start + 1] in {"|", ">"}:  # a YAML block: its head is a line of its own
        start = text.find("\n", start, end) + 1 or end
    else:
        written = text[start:end]
        mark = next((m for m in ('"""', "'''", '"', "'") if written.startswith(m)), "")
        start, end = start + len(mark), end - len(mark)
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


# -- YAML --------------------------------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain values only: `NO` is a country, `on` a word, `010` no octal number; dates stay texts."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML's way to say it

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None):
            kind = "an alias (*)" if isinstance(event, yaml.AliasEvent) else "a tag (!)"
            said = f"{kind} has no place here; write the value itself"
            raise yaml.MarkedYAMLError(problem=said, problem_mark=event.start_mark)
        return super().compose_node(parent, index)


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9_]*)", "-+0123456789"),
    ("float", r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)", "-+0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))


class _Yaml:
    def __init__(self, text: str) -> None:
        self._text = text
        self._keys: dict[Keys, Span] = {}
        self._values: dict[Keys, Span] = {}
        self._faults: list[Fault] = []

    def source(self) -> Source:
        value = None
        try:
            loader = _Loader(self._text)
            root = loader.get_single_node()
            value = self._read(root, (), loader) if root else None
        except yaml.YAMLError as error:
            self._faults.append(self._fault(error))
        return Source(self._text, value, self._keys, self._values, tuple(self._faults))

    def _read(self, node: Any, path: Keys, loader: _Loader) -> Any:
        start, end = node.start_mark.index, node.end_mark.index
        if isinstance(node, yaml.ScalarNode):
            self._values[path] = _inside(self._text, start, end)
            return self._scalar(node, loader)
        self._values[path] = Span(start, start + len(self._text[start:end].rstrip()))
        if isinstance(node, yaml.SequenceNode):
            return [self._read(item, (*path, i), loader) for i, item in enumerate(node.value)]
        return self._mapping(node, path, loader)

    def _mapping(self, node: Any, path: Keys, loader: _Loader) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            mark = key.start_mark
            if not isinstance(key, yaml.ScalarNode):
                self._faults.append(Fault(mark.line + 1, "a key is a list or a mapping; write a word before the colon"))
                continue
            name = str(key.value)
            if name in found:
                message = f"{name!r} stands twice here; keep one of them"
                self._faults.append(Fault(mark.line + 1, message))
                continue
            self._keys[*path, name] = Span(mark.index, key.end_mark.index)
            found[name] = self._read(value, (*path, name), loader)
        return found

    def _scalar(self, node: yaml.ScalarNode, loader: _Loader) -> Any:
        try:
            return loader.construct_object(node)
        except ValueError:  # a number of thousands of digits
            return str(node.value)

    def _fault(self, error: yaml.YAMLError) -> Fault:
        if isinstance(error, ReaderError):
            line = self._text.count("\n", 0, error.position) + 1
            shown = f"U+{ord(self._text[error.position]):04X}"
            return Fault(line, f"a character ({shown}) has no place in YAML; take it out")
        line, said = 1, str(error)
        if isinstance(error, yaml.MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else line
            said = " ".join(filter(None, (error.context, error.problem)))
        return Fault(line, f"this is not YAML as it is read here: {' '.join(said.split())}")


# -- TOML --------------------------------------------------------------------------------------------------------------


class _Toml:
    """Values come from the standard library, which does not say where they stand; the places from tree-sitter."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._bytes = text.encode()
        self._keys: dict[Keys, Span] = {}
        self._values: dict[Keys, Span] = {}
        self._items: dict[Keys, int] = {}
        """Lists of tables (`[[rules]]`) and the position of their last table so far."""

    def source(self) -> Source:
        try:
            value = _plain(tomllib.loads(self._text))
        except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
            said = str(error)
            at = re.search(r"\(at line (\d+)", said)
            line = int(at[1]) if at else self._text.count("\n") + 1
            return Source(self._text, faults=(Fault(line, f"this is not TOML: {said}"),))
        root = Parser(Language(tree_sitter_toml.language())).parse(self._bytes).root_node
        self._values[()] = self._span(root)
        for node in root.named_children:
            if node.type == "pair":
                self._pair(node, ())
            elif node.type in {"table", "table_array_element"}:
                self._table(node)
        return Source(self._text, value, self._keys, self._values)

    def _table(self, node: Node) -> None:
        header, *pairs = _parts(node)
        *outer, last = self._names(header)
        path: Keys = ()
        for name in outer:
            path = (*path, name)
            self._put(path, header, node)
            path = self._in_last(path)
        path = (*path, last)
        if node.type == "table_array_element":
            self._items[path] = self._items.get(path, -1) + 1
            self._put(path, header, node)
            path = (*path, self._items[path])
        self._put(path, header, node)
        for pair in pairs:
            self._pair(pair, path)

    def _in_last(self, path: Keys) -> Keys:
        return (*path, self._items[path]) if path in self._items else path

    def _pair(self, node: Node, base: Keys) -> None:
        key, value = _parts(node)
        *outer, last = self._names(key)
        for name in outer:
            base = (*base, name)
            self._put(base, key, node)
        path = (*base, last)
        self._keys[path] = self._span(key)
        self._value(value, path)

    def _value(self, node: Node, path: Keys) -> None:
        span = self._span(node)
        self._values[path] = _inside(self._text, span.start, span.end) if node.type == "string" else span
        for i, part in enumerate(_parts(node)):
            if node.type == "array":
                self._value(part, (*path, i))
            elif node.type == "inline_table":
                self._pair(part, path)

    def _put(self, path: Keys, key: Node, whole: Node) -> None:
        self._keys.setdefault(path, self._span(key))
        self._values.setdefault(path, self._span(whole))

    def _names(self, key: Node) -> list[str]:
        names: list[str] = []
        inner: Any = tomllib.loads(f"{self._written(key)} = 0")
        while isinstance(inner, dict):
            name, inner = next(iter(inner.items()))
            names.append(name)
        return names

    def _written(self, node: Node) -> str:
        return self._bytes[node.start_byte : node.end_byte].decode()

    def _span(self, node: Node) -> Span:
        start = len(self._bytes[: node.start_byte].decode())
        return Span(start, start + len(self._written(node).rstrip()))


def _parts(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type != "comment"]


def _plain(value: Any) -> Any:
    """Return a TOML value as JSON has it: dates, times and numbers without a size as texts."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float) else value.isoformat()


def paths(value: Any, path: Keys = ()) -> Iterator[Keys]:
    """Yield the path of everything in a value, itself first."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from paths(item, (*path, key))
