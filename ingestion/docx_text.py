"""The words of a Word file as lines, with the automatic numbers that Word prints but does not store."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn

from ingestion.errors import IngestionError
from ingestion.numerals import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNPACKED = 50_000_000  # bytes; licences are some tens of kilobytes
_PARTS = 2_000
_LEVELS = 9
_INLINE = frozenset(map(qn, ("w:hyperlink", "w:ins", "w:moveTo", "w:smartTag", "w:fldSimple", "w:sdt", "w:sdtContent")))
_CHARACTERS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "\u2011"}

Element = Any  # lxml has no types


def text_of_docx(data: bytes, name: str) -> str:
    """Return the document's paragraphs and tables in their order; `IngestionError` where the file is broken."""
    try:
        _refuse_bomb(data, name)
        document = docx.Document(io.BytesIO(data))
        numbering = _Numbering.of(document)
        lines = _lines(document.element.body, numbering)
        return "\n".join(lines)
    except IngestionError:
        raise
    except Exception as error:  # whatever zipfile, lxml or python-docx think of a broken file
        raise IngestionError(f"{name} is not a Word file that can be opened; save it anew as .docx.") from error


def _refuse_bomb(data: bytes, name: str) -> None:
    # Reading an entry never yields more than the size that is declared for it, so the declared sizes are enough.
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
    if len(entries) > _PARTS or sum(entry.file_size for entry in entries) > _UNPACKED:
        raise IngestionError(f"{name} unpacks to far more than a document needs; save its text and ingest that.")


def _lines(body: Element, numbering: _Numbering) -> list[str]:
    lines: list[str] = []
    in_list = False
    for block in _blocks(body):
        if block.tag == qn("w:tbl"):
            lines += ["", *_rows(block), ""] if lines and lines[-1] else [*_rows(block), ""]
            in_list = False
            continue
        text = _text(block).strip()
        if not text:
            continue
        mark, level = numbering.mark(block)
        if lines and lines[-1] and not (mark and in_list):
            lines.append("")
        in_list = bool(mark)
        lines.append("  " * level + mark + text)
    return lines


def _blocks(parent: Element) -> Iterator[Element]:
    """Yield paragraphs and tables, those inside content controls too."""
    for child in parent:
        if child.tag in {qn("w:p"), qn("w:tbl")}:
            yield child
        elif child.tag in {qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml")}:
            yield from _blocks(child)


def _rows(table: Element) -> Iterator[str]:
    for row in table.iter(qn("w:tr")):
        cells = (
            " ".join(filter(None, (_text(p).strip() for p in cell.iter(qn("w:p"))))) for cell in row.iter(qn("w:tc"))
        )
        yield " | ".join(re.sub(r"\s*\n\s*", " ", cell) for cell in cells)


def _text(parent: Element) -> str:
    """Return the words of a paragraph with insertions accepted; deleted words are in other elements."""
    pieces: list[str] = []
    for child in parent:
        if child.tag == qn("w:r"):
            pieces += [_CHARACTERS.get(part.tag, part.text or "" if part.tag == qn("w:t") else "") for part in child]
        elif child.tag in _INLINE:
            pieces.append(_text(child))
    return "".join(pieces)


@dataclass(frozen=True, slots=True)
class _Level:
    style: str
    pattern: str
    """Such as `%1.%2`."""
    start: int
    is_legal: bool
    """Print the numbers of all levels as decimals."""
    paragraph_style: str | None


@dataclass(slots=True)
class _Numbering:
    """The numbering definitions of one document and how far each has counted."""

    levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    """By abstract numbering."""
    abstract: dict[str, str] = field(default_factory=dict)
    """From the number that a paragraph names to its abstract numbering."""
    restarts: dict[tuple[str, int], int] = field(default_factory=dict)
    styles: dict[str, Element] = field(default_factory=dict)
    counts: dict[str, dict[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Any) -> _Numbering:
        numbering = cls(
            styles={style.get(qn("w:styleId")): style for style in document.styles.element.iter(qn("w:style"))}
        )
        try:
            part: Any = document.part.part_related_by(RELATIONSHIP_TYPE.NUMBERING)
        except KeyError:  # a document without lists
            return numbering
        root = part.element
        for abstract in root.iter(qn("w:abstractNum")):
            levels = {int(level.get(qn("w:ilvl"))): _level(level) for level in abstract.iter(qn("w:lvl"))}
            numbering.levels[abstract.get(qn("w:abstractNumId"))] = levels
        for num in root.iter(qn("w:num")):
            numbering._add(num.get(qn("w:numId")), num)
        return numbering

    def _add(self, number: str, num: Element) -> None:
        self.abstract[number] = _value(num, "w:abstractNumId") or ""
        for override in num.iter(qn("w:lvlOverride")):
            start = _value(override, "w:startOverride")
            if start is not None:
                self.restarts[number, int(override.get(qn("w:ilvl")))] = int(start)

    def mark(self, paragraph: Element) -> tuple[str, int]:
        """Return the mark that Word prints before the paragraph, with a space, and its level from 0; count on."""
        number, depth = self._place(paragraph)
        abstract = self.abstract.get(number or "", "")
        level = self.levels.get(abstract, {}).get(depth)
        if number is None or level is None:
            return "", 0
        self._count(number, abstract, depth, level)
        if level.style == "bullet":
            return "- ", depth
        text = (
            ""
            if level.style == "none"
            else re.sub(r"%([1-9])", lambda m: self._part(abstract, level, m), level.pattern)
        )
        return (f"{text} " if text.strip() else ""), depth

    def _count(self, number: str, abstract: str, depth: int, level: _Level) -> None:
        counts = self.counts.setdefault(abstract, {})
        restart = self.restarts.pop((number, depth), None)  # it counts anew once, not at every paragraph
        counts[depth] = restart if restart is not None else counts.get(depth, level.start - 1) + 1
        for deeper in range(depth + 1, _LEVELS):
            counts.pop(deeper, None)

    def _part(self, abstract: str, level: _Level, found: re.Match[str]) -> str:
        depth = int(found[1]) - 1
        other = self.levels[abstract].get(depth, level)
        number = self.counts[abstract].get(depth, other.start)
        return counted(number, "decimal" if level.is_legal else other.style, repeat=True)

    def _place(self, paragraph: Element) -> tuple[str | None, int]:
        """Return the numbering and level of a paragraph: its own, else that of its style or the styles below it."""
        properties = paragraph.find(qn("w:pPr"))
        number, depth = _numbered(properties)
        style_id = _value(properties, "w:pStyle")
        seen: set[str] = set()
        while number is None and style_id in self.styles and style_id not in seen:
            seen.add(style_id)
            style = self.styles[style_id]
            number, styled = _numbered(style.find(qn("w:pPr")))
            if number is not None and depth is None:
                depth = self._linked(number, style_id) if styled is None else styled
            style_id = _value(style, "w:basedOn")
        return (None if number == "0" else number), depth or 0

    def _linked(self, number: str, style_id: str) -> int | None:
        levels = self.levels.get(self.abstract.get(number, ""), {})
        return next((depth for depth, level in levels.items() if level.paragraph_style == style_id), None)


def _level(element: Element) -> _Level:
    legal = element.find(qn("w:isLgl"))
    return _Level(
        style=_value(element, "w:numFmt") or "decimal",
        pattern=_value(element, "w:lvlText") or "",
        start=int(_value(element, "w:start") or 1),
        is_legal=legal is not None and legal.get(qn("w:val")) not in {"0", "false"},
        paragraph_style=_value(element, "w:pStyle"),
    )


def _numbered(properties: Element | None) -> tuple[str | None, int | None]:
    numbers = properties.find(qn("w:numPr")) if properties is not None else None
    if numbers is None:
        return None, None
    depth = _value(numbers, "w:ilvl")
    return _value(numbers, "w:numId"), int(depth) if depth is not None else None


def _value(parent: Element | None, tag: str) -> str | None:
    child = parent.find(qn(tag)) if parent is not None else None
    value = child.get(qn("w:val")) if child is not None else None
    return str(value) if value is not None else None
