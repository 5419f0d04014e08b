"""What stands around a line: whether a clause or a paragraph is likely to start there."""

from __future__ import annotations

import re

from ingestion.segmentation.headings import MARKDOWN_HEADING
from ingestion.segmentation.labels import Label, read_label
from ingestion.segmentation.lines import WIDEST, Line, is_rule
from ingestion.segmentation.titles import is_capitalised

_REFERENCE = re.compile(
    r"\b(?:sections?|sec\.|clauses?|paragraphs?|articles?|versions?|subsections?|parts?|v\.?|no\.?|exhibits?|"
    r"schedules?|title|chapter|rule|step)$",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(r"\b(?:in|of|to|under|by|with|from|the|see|per|this|and|or|,)$", re.IGNORECASE)
_CONJUNCTION = re.compile(r"\b(?:and|or|and/or|und|et)$", re.IGNORECASE)
ON_PURPOSE = 0.2
"""The most that it costs to take the label of a line that was not broken for want of room."""


def evidence(line: Line, before: Line | None, label: Label, width: int) -> tuple[float, float]:
    """What it costs to take a line's label for one, and not to: a line in mid-sentence seldom starts a clause."""
    bare = label.readings[0].shape == "bare"
    accept = 0.8 if bare else 0.0
    if before is None or line.after_blank:
        accept_here, refuse = 0.0, 3.0
        if before is not None and _REFERENCE.search(before.text[-14:]):
            accept_here = 1.5
    elif _REFERENCE.search(before.text[-14:]):
        accept_here, refuse = 6.0, 0.0
    elif before.text[-1] in ".;:!?。；：" or _CONJUNCTION.search(before.text[-8:]):
        accept_here, refuse = 0.0, 2.5
    elif _ended_on_purpose(before, line, width):
        accept_here, refuse = ON_PURPOSE, 2.5
    elif before.text[-1] in ',*_|>-)"”=':
        accept_here, refuse = 0.7, 2.0
    else:
        accept_here, refuse = 2.0, 0.5
    if bare:
        refuse = min(refuse, 2.0)
    if label.names_part and before is not None and (accept_here > 0.7 or _PREPOSITION.search(before.text[-12:])):
        accept_here, refuse = accept_here + 3.0, min(refuse, 0.5)
    return accept + accept_here, refuse


def _ended_on_purpose(before: Line, line: Line, width: int) -> bool:
    """Whether a line was not broken for want of room: it ends early, or is longer than any text is wrapped."""
    length = before.indent + len(before.text)
    return length > WIDEST or length + len(line.text.split(maxsplit=1)[0]) < 0.9 * width


def is_new_paragraph(line: Line, before: Line | None, width: int) -> bool:
    """Whether a line that follows without a blank one starts a paragraph all the same.

    It does in texts whose lines are not wrapped, and where the line before ends early and the indent changes.
    """
    if before is None or is_rule(before.text) or MARKDOWN_HEADING.match(before.text):
        return True
    ended = before.text[-1] in '.:;!?"”)。；：'
    if max(len(before.text), len(line.text)) > WIDEST:
        return ended or len(before.text) < 80
    if width > WIDEST and line.indent == before.indent and _is_sentence(before.text):
        return True
    early = before.indent + len(before.text) < 0.9 * width
    return ended and early and abs(line.indent - before.indent) >= 3 and line.text[0].isupper()


_ITEM_END = re.compile(r"[.;](?:\s(?:and|or|and/or))?$")


def _is_sentence(line: str) -> bool:
    """Whether a line of a text that is not wrapped is more than a title: a sentence or an item of a list."""
    if not _ITEM_END.search(line):
        return False
    label = read_label(line)
    return not is_capitalised((label.follower if label else line).rstrip(".").split() or [""])
