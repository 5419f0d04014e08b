"""Tells titles from sentences, and finds the title that a clause or a paragraph begins with."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingestion.segmentation.labels import read_label
from ingestion.segmentation.lines import Line

EMPHASIS = re.compile(r"\*{1,3}|_{2,3}|`|</?[A-Za-z][^<>]{0,200}>|\{#[^{}]{0,80}\}|\\(?=[^\w\s])")
_LINK = re.compile(r"\[([^\[\]]{0,300})\]\([^()\s]{0,500}\)")


def plain(text: str) -> str:
    """The text without Markdown and HTML marks, on one line."""
    if "[" in text:
        text = _LINK.sub(r"\1", text)
    return " ".join(EMPHASIS.sub("", text).split())


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


SENTENCE_WORDS = _words(
    "is are was were be shall must may will can cannot should would has have had do does you we they it this these "
    "that which who if hereby means mean refers your our not"
)
_NO_TITLE_STARTS = _words("to for in if any by your this these you we when")
_NO_TITLE_WORDS = _words("shall must hereby means")
_SMALL_WORDS = _words(
    "a an and as at by for from in into is its of on or per the to under upon via with without de la le les des du et "
    "der die das und del y e o von"
)
NOT_TITLES = re.compile(
    r"copyright(?! licen[cs]e\b)|date\b|©|\(c\)|https?:|www\.|@|\ball rights reserved|\b(?:19|20)\d\d\b|"
    r"^(?:version|v)\b[.:]? ?\d|^by\b|^dated?\b|版本|日期",
    re.IGNORECASE,
)


def is_capitalised(words: Sequence[str]) -> bool:
    """Whether the words are written the way titles are: the first and most of the long ones with a capital."""
    long = [word for word in words if word.lower() not in _SMALL_WORDS]
    capital = sum(1 for word in long if word.lstrip("(\"“'‘[")[:1].isupper() or not word[:1].isalpha())
    return bool(long) and words[0].lstrip("(\"“'‘[")[:1].isupper() and capital >= 0.75 * len(long)


_TITLE_END = re.compile(r"(?<!\bInc)(?<!\bLtd)(?<!\bCo)(?<!\bCorp)(?<![.\s][A-Z])[.:](?=\s|$|[“\"])|\s[–—-]\s|。|：")
CJK_START = "\u2e7f"


def _lead_title(content: str, first_line: int, *, whole: bool = True) -> str:
    """The title a clause begins with, or empty.

    `first_line` is how much of the content stands on its first line; that line may be the title itself if
    it is the `whole` of the content.
    """
    end = _TITLE_END.search(content[:240])
    lead = (content[: end.start()] if end else content[:240]).rstrip()
    words = lead.split()
    if not words or lead[-1] == "," or len(words) > 14 or len(lead) > 110 or (end is None and not whole):
        return ""
    alone = whole and len(lead) >= first_line - 1
    return lead.strip("–—- ") if _title_like(words, alone=alone, end=end[0].strip() if end else "") else ""


def _title_like(words: Sequence[str], *, alone: bool, end: str) -> bool:
    if words[0][0] > CJK_START:
        return sum(map(len, words)) <= 24 and not any(sign in word for word in words for sign in "，；、")
    if not words[0].lstrip("(\"“'‘[")[:1].isupper() or words[0][0] in '"“”' or words[-1].endswith((";", ",")):
        return False
    lowered = [word.lower().strip("\"“”’',();") for word in words]
    if lowered[-1] in {"and", "or", "the", "of"} or lowered[0] in _NO_TITLE_STARTS:
        return False
    if is_capitalised(words) and (alone or end):
        return _NO_TITLE_WORDS.isdisjoint(lowered)
    return len(words) <= (6 if end else 3) and SENTENCE_WORDS.isdisjoint(lowered) and bool(alone or end)


_BEGINS_ITEM = re.compile(r"[^\w\s]|[\w]{1,5}[.)]|\d")


def clause_title(follower: str, below: Line | None, line: Line, width: int) -> str:
    """The title that a clause begins with: its first line if that is all, or what ends with the first period."""
    first = plain(follower[:400]).lstrip("–—-:. ")
    goes_on = below is not None and not line.before_blank and not _BEGINS_ITEM.match(below.text)
    filled = line.indent + len(line.text) > 0.6 * width
    title = _lead_title(first, len(first), whole=not (goes_on and filled and len(line.text) < 160))
    if title or below is None or not goes_on or not 50 < len(line.text) < 120:
        return title
    return _lead_title(f"{first} {plain(below.text[:200])}", len(first), whole=False)


def paragraph_title(content: str, below: Line | None, line: Line, width: int) -> str:
    """The title of a paragraph without a number: it ends with a period, and a sentence follows it."""
    title = clause_title(content, below, line, width)
    first = plain(content[:400])
    if not title or NOT_TITLES.search(title) or not first.startswith(f"{title}."):
        return ""
    return title if len(first) > len(title) + 30 else ""


_CAPITALS_LEAD = re.compile(r"[A-Z][A-Z,&/ -]{2,80}[A-Z](?=\s[A-Z][a-z])")


def section_title(title: str, follower: str, below: Line | None, line: Line) -> str:
    """The title of a section or an appendix, of which `title` may be known: of several words, those in capitals."""
    title = title or _bare_title(plain(follower), below, line)
    capitals = _CAPITALS_LEAD.match(title)
    return capitals[0] if capitals and " " in capitals[0] else title


def _bare_title(follower: str, below: Line | None, line: Line) -> str:
    """A title that no period ends; it may stand on the line below the number."""
    if not follower and below is not None and not line.before_blank:
        is_title = len(below.text) < 80 and is_capitalised(below.text.split()) and read_label(below.text) is None
        return plain(below.text) if is_title else ""
    capitals = _CAPITALS_LEAD.match(follower.lstrip("–—-:. "))
    if capitals is not None:
        return capitals[0]
    stops = below is None or line.before_blank or _BEGINS_ITEM.match(below.text)
    return follower.strip("–—-:. ") if stops and len(follower) < 110 else ""


def says_no_more(title: str, follower: str) -> bool:
    """Whether the line behind a label holds a title at most, so that the text of the clause is still to come."""
    return len(title) >= len(follower.rstrip(".:")) - 2
