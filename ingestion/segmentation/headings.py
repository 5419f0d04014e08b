"""Recognises the lines that are headings without a number, by their marks or by their look."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ingestion.segmentation.labels import read_label
from ingestion.segmentation.lines import NARROWEST, Line
from ingestion.segmentation.titles import CJK_START, NOT_TITLES, SENTENCE_WORDS, is_capitalised, plain

# Ranks of headings without a number: a smaller one closes the greater ones.
TITLE_RANK, _BOLD_RANK, _LINE_RANK, _CAPS_RANK = 0, 20, 40, 30


class Head(NamedTuple):
    """A heading without a number."""

    rank: int
    text: str
    hung: bool = False
    """Whether only the deeper indent of what is below shows that it is one."""


DOCUMENT_WORDS = re.compile(
    r"\b(?:licen[cs]e|agreement|policy|terms|addendum|contract|notice)s?\b[\s\d.v()-]*(?:version[\s\d.]+)?$"
    r"|\bterms (?:of|and|for)\b|^END OF\b|(?:协议|许可证?|政策|条款|許可|協議|條款|声明)$",
    re.IGNORECASE,
)
_CLAUSE_TITLE = re.compile(
    r"(?:grant|scope|term|termination|acceptance|duration) of\b|(?:copyright|patent|trademark) licen[cs]es?$",
    re.IGNORECASE,
)
"""`Grant of Patent License` is a clause, not the licence."""
MARKDOWN_HEADING = re.compile(r"(#{1,6})[ \t]+(?=\S)|<h([1-6])[^<>]{0,200}>", re.IGNORECASE)
_BOLD_LINE = re.compile(r"(?:(?:\*\*[^*]{1,120}\*\*|__[^_]{1,120}__)[ \t]{0,4}){1,4}[:.]?")


def marked_heading(line: str, below: str) -> tuple[int, int]:
    """The level of a Markdown or HTML heading, and how many characters mark it; 0 for none."""
    match = MARKDOWN_HEADING.match(line)
    if match is not None:
        return (len(match[1]) if match[1] else int(match[2])), match.end()
    if len(below) >= 3 and len(line) <= 120 and (below == "=" * len(below) or below == "-" * len(below)):
        return (1 if below[0] == "=" else 2), 0
    return 0, 0


def plain_heading(line: Line, below: Line | None, *, marked: bool) -> Head | None:
    """The heading that a line is by its look alone."""
    text = line.text
    if len(text) > 120 or text[-1] in ",;" or NOT_TITLES.search(text):
        return None
    if _BOLD_LINE.fullmatch(text):
        return Head(_BOLD_RANK, plain(text).rstrip(":. "))
    title = text.rstrip(":").strip(" *=-_~")
    words = title.split()
    if not words or len(words) > 14 or text[0] in "\"“'‘([{<>*-+|" or not any(c.isalpha() for c in title):
        return None
    hung = text[-1] == "." and _is_hung(line, below, words)
    if not hung and not _stands_alone(line, below):
        return None
    head = _by_letters(title.rstrip(".") if hung else title, words, ends_with_colon=text.endswith(":"))
    if head is None:
        return None
    rank = _LINE_RANK if marked and head.rank == TITLE_RANK else head.rank
    return head._replace(rank=rank, hung=hung)


def _is_hung(line: Line, below: Line | None, words: Sequence[str]) -> bool:
    """Whether a line that ends with a period is the title of the text that is indented below it."""
    if below is None or not line.after_blank or line.text.isupper():
        return False
    deeper = below.indent >= line.indent + 4 and len(below.text) > NARROWEST
    return deeper and len(words) < 8 and is_capitalised(words)


def _by_letters(title: str, words: Sequence[str], *, ends_with_colon: bool) -> Head | None:
    capitals = title.isupper() and len(title) > 3
    if any(sign > CJK_START for sign in title):
        if len(title) > 24 or any(sign in title for sign in "。，；："):
            return None
        rank = _LINE_RANK
    elif capitals:
        if title[-1] == ".":
            return None
        rank = _CAPS_RANK
    elif not is_capitalised(words) or (title[-1] in ".!?" and len(words) < 4) or (ends_with_colon and len(words) > 5):
        return None
    else:
        rank = _LINE_RANK
    if not capitals and {word.lower() for word in words} & SENTENCE_WORDS:
        return None
    if ": " in title:
        return None
    if DOCUMENT_WORDS.search(title.rstrip(".")) and not _CLAUSE_TITLE.match(title) and not ends_with_colon:
        rank = TITLE_RANK
    return Head(rank, " ".join(title.rstrip(".:").split()))


def _stands_alone(line: Line, below: Line | None) -> bool:
    """Whether the line is a paragraph of its own, or visibly shorter than the paragraph it opens."""
    length = len(line.text)
    if not line.after_blank and line.indent < 12:
        return below is not None and length < 60 and len(below.text) > max(90, 3 * length) and line.text[-1] not in ".:"
    if line.before_blank or below is None or below.text[0] == "#" or read_label(below.text) is not None:
        return True
    if length < 80 and len(below.text) < 80:
        if NOT_TITLES.search(below.text) and not _shouts_on(line.text, below.text):
            return True
        if line.text.isupper():
            return below.before_blank
    return length < 60 and len(below.text) > 2 * length + 20 and line.text[-1] != "."


def _shouts_on(line: str, below: str) -> bool:
    """Whether a line of capitals is part of a text in capitals that goes on below, rather than its title."""
    in_capitals = line.isupper() and " ".join(below.split()[:2]).isupper()
    return in_capitals and 2 * len(line) > len(below) and not NOT_TITLES.match(below)
