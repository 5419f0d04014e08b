"""What each clause is cited by: its number down the path, or the title of what it is under."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingestion.segmentation.headings import DOCUMENT_WORDS
from ingestion.segmentation.labels import SUPPLEMENT_SYSTEMS, WORD_SYSTEMS, Label, Reading, is_prefix
from ingestion.segmentation.nodes import Node, chain
from ingestion.segmentation.tree import Entry
from knowledge.models import ClauseKind


@dataclass(frozen=True, slots=True)
class _Citation:
    """A clause's number in two parts: the document or supplement it is in, and the number there."""

    prefix: str
    number: str

    def __str__(self) -> str:
        if self.prefix and self.number:
            return f"{self.prefix} {self.number}"
        return self.prefix or self.number

    def read_on(self, label: str, *, dot: bool) -> _Citation:
        """The citation of an item with this label below."""
        return _Citation(self.prefix, f"{self.number}{'.' if dot and self.number else ''}{label}")


_LABEL_END = re.compile(r"[.:：、．。\s–—-]+$")


def citations(entries: Sequence[Entry]) -> list[str]:
    """What each clause is cited by; empty for what stands outside all numbers and titles."""
    running, prefixes = _running(entries), _prefixes(entries)
    numbered: list[_Citation | None] = []
    cited: list[str] = []
    document = _document_title(entries)
    for index, entry in enumerate(entries):
        above = numbered[entry.parent] if entry.parent is not None else None
        reading = entry.node.reading if entry.node else None
        if entry.node is None or reading is None:
            numbered.append(above)
            cited.append(str(above) if above else "" if index == document else _by_title(entry, cited))
            continue
        base = above or _Citation(prefixes.get(entry.node.sequence, ""), "")
        outer = _reading_above(entry.node)
        if entry.node.sequence in running:
            base, outer = _Citation(base.prefix, ""), None
        citation = _joined(base, outer, entry.item.label, reading)
        numbered.append(citation)
        cited.append(str(citation))
    return cited


_END_OF_TEXT = re.compile(r"end of\b", re.IGNORECASE)


def _document_title(entries: Sequence[Entry]) -> int:
    """The heading that names the whole text, which nothing needs to be cited by; -1 for none."""
    for index, entry in enumerate(entries):
        if entry.kind is ClauseKind.NUMBERED:
            break
        head = entry.item.head
        if entry.kind is ClauseKind.HEADING and head is not None:
            names = index == 0 or head.rank <= 1 or DOCUMENT_WORDS.search(head.text)
            return index if names else -1
    return -1


def _by_title(entry: Entry, cited: Sequence[str]) -> str:
    """What a clause outside all numbers is cited by: its own title, or that of the heading it is under."""
    if entry.kind is ClauseKind.HEADING and entry.item.head is not None:
        return "" if _END_OF_TEXT.match(entry.item.head.text) else _short(entry.item.head.text)
    if entry.kind is ClauseKind.PARAGRAPH and entry.item.title:
        return _short(entry.item.title)
    return cited[entry.parent] if entry.parent is not None else ""


def _short(title: str) -> str:
    """A title for citations: without the name and version of the product in front of it."""
    words = title.split()
    versions = [place for place, word in enumerate(words[:-2]) if any(sign.isdigit() for sign in word)]
    return " ".join(words[versions[-1] + 1 :] if versions else words)


def _reading_above(node: Node) -> Reading | None:
    above = next((other for other in chain(node.parent) if other.reading is not None), None)
    return above.reading if above else None


def _running(entries: Sequence[Entry]) -> set[int]:
    """The sequences that go on through several sections, as `1.` to `12.` do through Section I to Section IV."""
    parents: dict[int, int | None] = {}
    running = set()
    for entry in entries:
        if entry.node is None or entry.node.reading is None:
            continue
        above = next((other.item for other in chain(entry.node.parent) if other.reading is not None), None)
        if parents.setdefault(entry.node.sequence, above) != above:
            running.add(entry.node.sequence)
    return running


def _prefixes(entries: Sequence[Entry]) -> dict[int, str]:
    """For sequences that repeat the numbers of an earlier one: the heading that tells them apart."""
    first: dict[tuple[str, str], set[int]] = {}
    prefixes: dict[int, str] = {}
    titles = {entry.node.item: entry.heading for entry in entries if entry.node is not None}
    for entry in entries:
        node = entry.node
        if node is None or node.reading is None or node.item != node.sequence or _reading_above(node) is not None:
            continue
        headings = [other for other in chain(node.parent) if other.rank is not None]
        known = first.setdefault(node.reading[::2], {other.item for other in headings} | {-1 - node.item})
        apart = [other for other in headings if other.item not in known]
        if -1 - node.item not in known and apart:
            prefixes[node.sequence] = _short(titles[apart[-1].item])
    return prefixes


def _joined(base: _Citation, outer: Reading | None, label: Label | None, reading: Reading) -> _Citation:
    own = _LABEL_END.sub("", label.text) if label else ""
    if reading.system in SUPPLEMENT_SYSTEMS:
        return _Citation(f"{base.prefix} {own}".strip(), "")
    if reading.system in WORD_SYSTEMS:
        return _Citation(base.prefix, f"{base.number}, {own}" if base.number else own)
    if outer is not None and is_prefix(outer, reading):
        return _Citation(base.prefix, own)
    bare = own.strip("()（）")
    if outer is not None and (reading.shape in {"()", ")"} or outer.system in SUPPLEMENT_SYSTEMS):
        return base.read_on(f"({bare})", dot=False)
    return base.read_on(own if own[:1] in "(（" else bare, dot=True)
