"""Items: what each line could begin, be it a numbered clause, a heading, a bullet or a paragraph."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingestion.segmentation.evidence import evidence, is_new_paragraph
from ingestion.segmentation.headings import MARKDOWN_HEADING, Head, marked_heading, plain_heading
from ingestion.segmentation.labels import Label, read_label
from ingestion.segmentation.lines import Line, is_rule, wrap_width
from ingestion.segmentation.titles import (
    clause_title,
    paragraph_title,
    plain,
    says_no_more,
    section_title,
)


@dataclass(frozen=True, slots=True)
class Item:
    """What one line could begin. A label that continues no sequence makes way for `head`, `bullet` or `opens`."""

    start: int
    indent: int
    label: Label | None = None
    level: int = 0
    """The level of the Markdown heading the line is, or 0."""
    title: str = ""
    head: Head | None = None
    bullet: str = ""
    opens: bool = False
    """Whether a paragraph starts here if nothing else does."""
    rule: bool = False
    accept: float = 0.0
    """What it costs to take the label for one, from what stands around it."""
    refuse: float = 0.0
    alone: bool = False
    """Whether the title is all that the line says."""
    leads: bool = False
    """Whether its text, up to the next item, ends with a colon."""
    complete: bool = True
    """Whether that text ends as a sentence does."""
    loose: bool = False
    """Whether paragraphs stand between this item and the label before."""
    after_rule: bool = False
    """Whether a line drawn across the page does."""


_SENTENCE_ENDS = frozenset('.;!?)"”’。；）')
_BULLET = re.compile(r"(?P<sign>[•·●○◦▪■□–—−*+-]|o(?=[ \t])|<li>)(?:[ \t\u00a0]+|(?<=[•·●▪<>]))(?=\S)")


def read_items(lines: Sequence[Line]) -> list[Item]:
    """The lines that could begin something, each with what it could be; all others go on with the one before."""
    found: list[Item] = []
    marked = any(MARKDOWN_HEADING.match(line.text) for line in lines)
    width = wrap_width(lines)
    before: Line | None = None
    loose = after_rule = False
    for number, line in enumerate(lines):
        below = lines[number + 1] if number + 1 < len(lines) else None
        item = _item(line, before, below, width, marked=marked)
        if before is not None and found and found[-1].head and found[-1].start == before.start and not item.rule:
            item = replace(item, opens=True)
        underlines = item.rule and found and found[-1].level and not line.after_blank
        if not underlines and (item.label or item.head or item.bullet or item.opens or item.rule):
            if found and before is not None:
                found[-1] = _closed(found[-1], before.text)
            found.append(replace(item, loose=loose, after_rule=after_rule) if item.label else item)
            loose = item.label is None and (loose or item.opens)
            after_rule = item.label is None and (after_rule or item.rule)
        before = line
    return found


def _item(line: Line, before: Line | None, below: Line | None, width: int, *, marked: bool) -> Item:
    if is_rule(line.text):
        return Item(line.start, line.indent, rule=True)
    level, cut = marked_heading(line.text, below.text if below is not None and not line.before_blank else "")
    content = line.text[cut:]
    bullet = None if level else _BULLET.match(content)
    label = read_label(content[bullet.end() :] if bullet else content)
    follower = label.follower if label else content[bullet.end() :] if bullet else content
    opens = line.after_blank or is_new_paragraph(line, before, width)
    title = ""
    if label or bullet:
        title = plain(follower[:400]).strip("#–—-:. ") if level else clause_title(follower, below, line, width)
        title = section_title(title, follower, below, line) if label and label.names_part else title
    elif opens:
        title = paragraph_title(content, below, line, width)
    accept, refuse = evidence(line, before, label, width) if label else (0.0, 0.0)
    return Item(
        line.start,
        line.indent,
        label,
        level,
        title,
        head=_head(line, below, content, level, marked=marked) if level or not (label or bullet) else None,
        bullet=bullet["sign"] if bullet else "",
        opens=opens,
        accept=accept,
        refuse=refuse + (1.0 if title and line.after_blank else 0.0),
        alone=says_no_more(title, plain(follower[:300])),
    )


def _head(line: Line, below: Line | None, content: str, level: int, *, marked: bool) -> Head | None:
    if level:
        return Head(level, plain(content[:400]).strip("#: "))
    return plain_heading(line, below, marked=marked)


def _closed(item: Item, last_line: str) -> Item:
    """The item with what the end of its text says."""
    end = last_line.rstrip("*_ ")[-1:]
    if end in {":", "："}:
        return replace(item, leads=True)
    return item if end in _SENTENCE_ENDS else replace(item, complete=False)
