"""Reads how engineers say things (`data/lexicon/`) and finds it in a text, negations apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from knowledge.vocabulary import read_yaml

_GAP = r"[^.!?;,()\n]{0,60}?"
_WIDE_GAP = r"[\s\S]{0,160}?"
_SECTIONS = ("actions", "topics", "asks", "domains", "commercial", "licensing")
_NEGATED_WITHIN = 26
"""Characters before a phrase in which a negation word still belongs to it."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A word of the vocabulary found in a text, at `text[start:end]`."""

    word: str
    start: int
    end: int
    negated: bool


@dataclass(frozen=True, slots=True)
class _Pattern:
    word: str
    needs: str
    """A piece that any match must hold: a quick look spares most patterns the work."""
    regex: re.Pattern[str]
    whole: bool = False
    """It holds its negation itself."""


class Lexicon:
    """The compiled phrases of every section."""

    def __init__(self) -> None:
        self._negation = re.compile(rf"\b(?:{'|'.join(_read('negation')['negation'])})\b", re.IGNORECASE)
        self._sections = {section: [p for raw in _parts(section) for p in _section(raw)] for section in _SECTIONS}

    def find(self, section: str, text: str) -> Iterator[Phrase]:
        """Yield the phrases of a section in a text (`actions`, `topics`, `asks`, `domains`, `commercial`)."""
        folded = text.casefold()
        same_length = len(folded) == len(text)
        for pattern in self._sections[section]:
            if same_length and pattern.needs not in folded:
                continue
            for match in pattern.regex.finditer(text):
                negated = not pattern.whole and self.negated(text, match.start())
                yield Phrase(pattern.word, match.start(), match.end(), negated)

    def negated(self, text: str, start: int) -> bool:
        """Whether a negation word stands shortly before a place, in the same part of the sentence."""
        before = text[max(0, start - _NEGATED_WITHIN) : start]
        before = re.split(r"[.!?;:,\n]|\bbut\b|\baber\b|\bmais\b|\bpero\b", before)[-1]
        return bool(self._negation.search(before))


@cache
def lexicon() -> Lexicon:
    """Return the lexicon of this program version, compiled once."""
    return Lexicon()


def lexicon_files() -> list[Any]:
    """Return the files of the lexicon, sorted by name."""
    folder = resources.files("knowledge") / "data" / "lexicon"
    return sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)


def _parts(section: str) -> list[Any]:
    """Read a section: `topics.yaml` with `topics-....yaml` beside it."""
    return [read_yaml(f) for f in lexicon_files() if f.name.split(".")[0].split("-")[0] == section]


def _read(name: str) -> Any:
    return read_yaml(resources.files("knowledge") / "data" / "lexicon" / f"{name}.yaml")


def _section(raw: Mapping[str, Any]) -> list[_Pattern]:
    whole = raw.get("_whole") or {}
    plain = [_pattern(word, phrase) for word, phrases in raw.items() if word != "_whole" for phrase in phrases]
    return plain + [_pattern(word, phrase, whole=True) for word, phrases in whole.items() for phrase in phrases]


@cache
def _classes() -> dict[str, str]:
    return {name: f"(?:{'|'.join(words)})" for name, words in _read("classes").items()}


def compiled(phrase: str) -> re.Pattern[str]:
    """Return the expression of a phrase: whole words, any case; gaps and classes as `data/lexicon/README.md` says.

    Raises `KeyError` for a class that `classes.yaml` does not list.
    """
    body = _CLASS.sub(lambda m: _classes()[m[1]], phrase)
    body = body.replace(" ~~ ", rf"\b{_WIDE_GAP}\b").replace(" ~ ", rf"\b{_GAP}\b")
    head = r"(?<!\w)" if re.match(r"[\w(\[]", body) else ""
    return re.compile(rf"{head}(?:{body})(?!\w)", re.IGNORECASE)


_CLASS = re.compile(r"(?<!\?)<(\w+)>")


def _pattern(word: str, phrase: str, *, whole: bool = False) -> _Pattern:
    return _Pattern(word, _required(phrase), compiled(phrase), whole)


def _required(phrase: str) -> str:
    """Return the longest piece of a phrase that every match holds, or `""` where it has none for sure."""
    plain = _CLASS.sub("\0", phrase).replace(" ~~ ", "\0").replace(" ~ ", "\0")
    while True:  # groups and classes may be left out or vary
        smaller = re.sub(r"\((?:[^()\\]|\\.)*\)[?*+]?|\[[^\]]*\][?*+]?", "\0", plain)
        if smaller == plain:
            break
        plain = smaller
    if "|" in plain:
        return ""
    plain = re.sub(r"\\[a-zA-Z][?*+]?|.(?:[?*]|\{\d)", "\0", plain)
    pieces = re.split(r"[^a-zA-Zà-ÿ ]", plain)
    return max(pieces, key=len).casefold() if pieces else ""
