"""The lines of a text with something on them: comment signs left out, breaks that flattening lost put back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ingestion.segmentation.labels import Label, follows, read_label


class Line(NamedTuple):
    """A line that is not blank. `start` is its first character that is neither space nor comment sign."""

    start: int
    indent: int
    text: str
    after_blank: bool
    before_blank: bool


NARROWEST, WIDEST = 60, 160
"""No text is wrapped more narrowly, and none wider: a longer line is a whole paragraph."""
_COMMENT_SIGNS = ("//", "/*", "*/", "*", "#", ";", ">", "|", "--", "%")
_TAGS = re.compile(r"(?:</?[A-Za-z][^<>]{0,200}>\s{0,20}){1,50}")
_RULE_CHARACTERS = frozenset("-=_*~#+·—–─═ \t|/")


def read_lines(text: str) -> list[Line]:
    """The lines with something on them; a comment sign in front of a whole block is left out."""
    raw: list[tuple[int, str]] = []
    position = 0
    for line in text.splitlines(keepends=True):
        raw.append((position, line))
        position += len(line)
    signs = _comment_signs([line.strip() for _, line in raw])
    cut = [_without_sign(start, line, sign) for (start, line), sign in zip(raw, signs, strict=True)]
    found = []
    for number, (start, indent, content) in enumerate(cut):
        if content:
            after_blank = number == 0 or not cut[number - 1][2]
            before_blank = number + 1 == len(cut) or not cut[number + 1][2]
            found.append(Line(start, indent, content, after_blank, before_blank))
    return found


def _comment_signs(stripped: list[str]) -> list[str]:
    """For each line the sign that makes it a comment, or empty.

    A run of lines under one sign is a comment only when one of them has nothing else on it: otherwise
    the sign is a bullet or a Markdown mark.
    """
    signs = [""] * len(stripped)
    first = 0
    while first < len(stripped):
        sign = _leading_sign(stripped[first])
        last = first + 1
        while sign and last < len(stripped) and stripped[last].startswith(sign):
            last += 1
        run = stripped[first:last]
        if sign and len(run) >= 3 and any(not line.strip("*#|;/> ") for line in run[1:-1]):
            signs[first:last] = [sign] * len(run)
        first = last
    return signs


def _leading_sign(line: str) -> str:
    return next((sign for sign in _COMMENT_SIGNS if line.startswith(sign)), "")


def _without_sign(start: int, line: str, sign: str) -> tuple[int, int, str]:
    """Where the content of the line starts, how far in it is printed, and the content."""
    content = line.lstrip()
    if sign:
        content = content[len(sign) :].lstrip()
    lead = line[: len(line) - len(content)]
    content = content.rstrip()
    if sign == "*":
        content = content.rstrip("* ")
    if content.endswith(">") and _TAGS.fullmatch(content):
        content = ""
    return start + len(lead), len(lead.expandtabs(4)), content


def is_rule(line: str) -> bool:
    """Whether a line is drawn across the page."""
    return len(line) >= 3 and _RULE_CHARACTERS.issuperset(line)


def wrap_width(lines: Sequence[Line]) -> int:
    """The column that most lines of the text keep within: a line that ends far before it was ended on purpose.

    A text of short lines only is not wrapped at all.
    """
    columns = sorted(line.indent + len(line.text) for line in lines)
    return max(columns[len(columns) * 9 // 10], NARROWEST) if columns else 0


_LABEL_ROOM = 200  # characters; enough for any label and the words that tell it from text
_LOST_BREAK = re.compile(r"(?<=[.;] )(?=[a-z\d]{1,2}\. [A-Z]|(?:Section|Article) [IVX\d]{1,5}[:.] [A-Z]{3,} [A-Z]{2,})")


def with_lost_breaks(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines, divided where flattening has joined two clauses into one.

    That shows where a line with a label holds the next label of the same look behind the end of a sentence,
    or where the number of a section stands there with a title in capitals.
    """
    for line in lines:
        cuts = [0, *_lost_breaks(line.text), len(line.text)]
        if len(cuts) == 2:
            yield line
            continue
        for cut, end in pairwise(cuts):
            yield line._replace(
                start=line.start + cut,
                text=line.text[cut:end].rstrip(),
                after_blank=line.after_blank and cut == 0,
                before_blank=line.before_blank and end == cuts[-1],
            )


def _lost_breaks(text: str) -> Iterator[int]:
    """Where the line should have been broken."""
    label: Label | None = None
    for number, match in enumerate(_LOST_BREAK.finditer(text)):
        label = read_label(text[:_LABEL_ROOM]) if number == 0 else label
        found = read_label(text[match.start() : match.start() + _LABEL_ROOM])
        if found and (found.names_part or (label and follows(label, found))):
            yield match.start()
            label = found
