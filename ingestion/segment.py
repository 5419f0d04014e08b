"""Divides a licence text into the tree of clauses it prints.

The steps are: lines, then items (what a line could begin: a numbered clause, a heading, a bullet, a
paragraph), then the outline (which of the possible numbers continue a sequence, found by a small beam
search), then the placing of bullets and paragraphs into that outline, then offsets and citations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from knowledge.models import Clause, ClauseKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# --------------------------------------------------------------------------------------------------------
# Lines


class _Line(NamedTuple):
    """A line that is not blank. `start` is its first character that is neither space nor comment sign."""

    start: int
    indent: int
    text: str
    after_blank: bool
    before_blank: bool


_COMMENT_SIGNS = ("//", "/*", "*/", "*", "#", ";", ">", "|", "--", "%")
_RULE_CHARACTERS = frozenset("-=_*~#+·—–─═ \t|/")


def _lines(text: str) -> list[_Line]:
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
            found.append(_Line(start, indent, content, after_blank, before_blank))
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
        if sign and len(run) >= 3 and any(line == sign for line in run[1:-1]):
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
    return start + len(lead), len(lead.expandtabs(4)), content.rstrip()


# --------------------------------------------------------------------------------------------------------
# Numerals and labels


class _Reading(NamedTuple):
    """One way to read a label: `system` is the kind of numeral, `shape` the signs around it.

    `values` has one entry, or one for each part of a decimal number (`1.1.2`).
    """

    system: str
    values: tuple[int, ...]
    shape: str


class _Label(NamedTuple):
    """A printed label: its text, how it may be read, and how many characters of the line it takes."""

    text: str
    readings: tuple[_Reading, ...]
    length: int
    follower: str
    """What stands after the label on the line."""


def _romans(limit: int) -> dict[str, int]:
    signs = ((50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
    numerals = {}
    for value in range(1, limit):
        rest, numeral = value, ""
        for size, sign in signs:
            numeral += sign * (rest // size)
            rest %= size
        numerals[numeral] = value
    return numerals


_ROMAN = _romans(60)
_CJK_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_CJK = "[零〇一二两三四五六七八九十百]"

_PART_WORDS = "section|article|clause|part|chapter|title|artikel|abschnitt|artículo|sección"
_SUPPLEMENT_WORDS = "attachment|appendix|exhibit|schedule|annex|addendum"

_WORD_LABEL = re.compile(
    rf"(?P<word>{_PART_WORDS}|{_SUPPLEMENT_WORDS})(?:[ \t]{{1,6}}(?P<numeral>\d{{1,3}}(?:\.\d{{1,3}}){{0,3}}|[IVXL]{{1,7}}|[A-Za-z]))"
    r"(?![\w(])(?P<end>[.:)]?)",
    re.IGNORECASE,
)
_BARE_SUPPLEMENT = re.compile(rf"(?P<word>{_SUPPLEMENT_WORDS})(?=[ \t]*(?:[:.–—-]|$))", re.IGNORECASE)
_SIGN_LABEL = re.compile(r"(?P<word>§{1,2})[ \t]{0,3}(?P<numeral>\d{1,3}(?:\.\d{1,3}){0,3})(?P<end>[.:)]?)(?!\w)")
_CJK_LABEL = re.compile(
    rf"第[ \t]?(?P<ordinal>\d{{1,3}}|{_CJK}{{1,5}})[ \t]?(?P<unit>[条章节節部编編條])[：:、.]?"
    rf"|(?P<plain>{_CJK}{{1,3}})[、.．]|[（(](?P<bracketed>{_CJK}{{1,3}})[)）]、?"
)
_DECIMAL_LABEL = re.compile(r"\(?(?P<number>\d{1,3}(?:\.(?:\d{1,3}|[a-z](?![a-z]))){1,6})\\?(?P<end>[.:)]?)(?![\w.,%/])")
_LETTER_DECIMAL_LABEL = re.compile(r"(?P<number>[A-Z]{1,4}(?:\.\d{1,3}){1,3})(?P<end>[.:)]?)(?=[ \t]|$)")
_BRACKET_LABEL = re.compile(r"[(（](?P<numeral>\d{1,3}|[a-zA-Z]{1,2}|[ivxl]{1,7}|[IVXL]{1,7})[)）](?:[.:](?=\s|$))?")
_SQUARE_LABEL = re.compile(r"\[(?P<numeral>\d{1,2})\](?=[ \t])")
_PLAIN_LABEL = re.compile(
    r"(?P<numeral>\d{1,3}|[a-z]{1,2}|[A-Z]{1,2}|[ivxl]{1,7}|[IVXL]{1,7})\\?(?P<end>[.)]{1,2}-?|、|．|:(?=[ \t]|$)|(?=[ \t][–—-][ \t]))"
)
_BARE_LABEL = re.compile(r"(?P<numeral>\d{1,2})(?=[ \t]+[A-Z“\"])")


def _cjk_value(numeral: str) -> int:
    if numeral.isdigit():
        return int(numeral)
    tens, ten, ones = numeral.rpartition("十")
    if not ten:
        return _CJK_DIGITS.get(numeral[-1], 0)
    return _CJK_DIGITS.get(tens[-1:], 1) * 10 + (_CJK_DIGITS.get(ones[-1], 0) if ones else 0)


def _numeral_readings(numeral: str, shape: str) -> tuple[_Reading, ...]:
    """What a single numeral may stand for: a number, a letter, a Roman number, or the last two."""
    if numeral.isdigit():
        return (_Reading("1", (int(numeral),), shape),)
    readings = []
    folded = numeral.lower()
    if numeral not in (folded, numeral.upper()):
        return ()
    if len(folded) == 1 or folded[0] == folded[-1]:
        value = ord(folded[0]) - 96 + 26 * (len(folded) - 1)
        if len(folded) < 3 and folded[0].isascii() and folded[0].isalpha():
            readings.append(_Reading("a" if numeral == folded else "A", (value,), shape))
    if folded in _ROMAN:
        readings.append(_Reading("i" if numeral == folded else "I", (_ROMAN[folded],), shape))
    return tuple(readings)


def _decimal_reading(number: str, shape: str) -> _Reading:
    values = [int(part) if part.isdigit() else ord(part[-1].lower()) - 96 for part in number.split(".")]
    if len(values) == 2 and values[1] == 0 and values[0]:
        values.pop()  # "3.0" is the third section in texts whose clauses are 3.1, 3.2
    return _Reading("1", tuple(values), shape)


def _letter_decimal_readings(number: str) -> tuple[_Reading, ...]:
    head, _, rest = number.partition(".")
    tail = tuple(int(part) for part in rest.split("."))
    return tuple(
        _Reading(f"{reading.system}1", (*reading.values, *tail), "") for reading in _numeral_readings(head, "")
    )


def _is_supplement(system: str) -> bool:
    return system in _SUPPLEMENT_SYSTEMS


_SUPPLEMENT_SYSTEMS = frozenset(_SUPPLEMENT_WORDS.split("|"))
_WORD_SYSTEMS = frozenset(_PART_WORDS.split("|")) | _SUPPLEMENT_SYSTEMS | {"§", "§§", *"条章节節部编編條"}


def _word_label(line: str) -> _Label | None:
    match = _WORD_LABEL.match(line) or _SIGN_LABEL.match(line)
    if match is None:
        return _bare_supplement(line)
    follower = line[match.end() :].lstrip()
    words_go_on = follower[:1].islower() or follower[:1] in {",", ";"}
    if words_go_on or not line[0].isupper() and line[0] != "§":
        return None
    word, numeral = match["word"].lower(), match["numeral"]
    found = _numeral_readings(numeral, "") if "." not in numeral else (_decimal_reading(numeral, ""),)
    readings = tuple(_Reading(word, reading.values, reading.system) for reading in found)
    return _Label(match[0].rstrip(".:"), readings, match.end(), follower)


def _bare_supplement(line: str) -> _Label | None:
    match = _BARE_SUPPLEMENT.match(line)
    if match is None or not line[0].isupper() or len(line) > 100:
        return None
    return _Label(match[0], (_Reading(match["word"].lower(), (1,), ""),), match.end(), line[match.end() :])


def _cjk_label(line: str) -> _Label | None:
    match = _CJK_LABEL.match(line)
    if match is None:
        return None
    numeral = match["ordinal"] or match["plain"] or match["bracketed"]
    system, shape = (match["unit"], "") if match["unit"] else ("一", "()" if match["bracketed"] else "、")
    return _Label(match[0], (_Reading(system, (_cjk_value(numeral),), shape),), match.end(), line[match.end() :])


def _number_label(line: str) -> _Label | None:
    for pattern, shape in (
        (_DECIMAL_LABEL, ""),
        (_LETTER_DECIMAL_LABEL, ""),
        (_BRACKET_LABEL, "()"),
        (_PLAIN_LABEL, "."),
        (_SQUARE_LABEL, "[]"),
        (_BARE_LABEL, "bare"),
    ):
        match = pattern.match(line)
        if match is not None:
            label = _label_of(match, shape, line)
            if label is not None:
                return label
    return None


def _label_of(match: re.Match[str], shape: str, line: str) -> _Label | None:
    after = line[match.end() :]
    groups = match.groupdict()
    if "number" in groups:
        number = match["number"]
        readings = (_decimal_reading(number, "")[:],) if number[0].isdigit() else _letter_decimal_readings(number)
        readings = tuple(_Reading(*reading) for reading in readings)
    else:
        if shape == "." and ")" in match["end"]:
            shape = ")"
        readings = _numeral_readings(match["numeral"], shape)
    if not readings or not _may_follow(match, shape, after):
        return None
    return _Label(match[0].replace("\\", ""), readings, match.end(), after.lstrip())


def _may_follow(match: re.Match[str], shape: str, after: str) -> bool:
    """Whether what stands behind the label leaves it a label: `e.g.`, `3.5%` and `(c) 2023` do not."""
    if not after or after[0] in " \t\u00a0\u3000":
        return not re.match(r"\s*(?:\d{4}\b|\(c\)|©)", after[:12], re.IGNORECASE) or match[0] not in {"(c)", "(C)"}
    if after[0] in "\"“”'‘’*_<[(（【「《":
        return True
    if not match[0][0].isdigit() and shape not in {"()", ")"}:
        return False
    return after[0].isupper() or after[0] > "\u2e7f" or (shape == "()" and after[0].isalpha())


# --------------------------------------------------------------------------------------------------------
# Titles and headings

_EMPHASIS = re.compile(r"\*{1,3}|_{2,3}|`|</?[A-Za-z][^<>]{0,200}>|\{#[^{}]{0,80}\}|\\(?=[^\w\s])")
_LINK = re.compile(r"\[([^\[\]]{0,300})\]\([^()\s]{0,500}\)")
_SENTENCE_WORDS = frozenset(
    "is are was were be shall must may will can cannot should would has have had do does you we they it this these "
    "that which who if hereby means mean refers your our means: not".split()
)
_SMALL_WORDS = frozenset(
    "a an and as at by for from in into is its of on or per the to under upon via with without de la le les des du et "
    "der die das und del y e o von".split()
)
_DOCUMENT_WORDS = re.compile(
    r"\b(?:licen[cs]e|agreement|policy|terms|addendum|contract|notice)s?\b[\s\d.v()-]*(?:version[\s\d.]+)?$|\bterms (?:of|and|for)\b"
    r"|^END OF\b",
    re.IGNORECASE,
)
_NOT_TITLES = re.compile(
    r"copyright|©|\(c\)|https?:|www\.|@|\ball rights reserved|\b(?:19|20)\d\d\b|^(?:version|v)\.? ?\d|^by\b|^dated?\b",
    re.IGNORECASE,
)


def _plain(text: str) -> str:
    """The text without Markdown and HTML marks, on one line."""
    if "[" in text:
        text = _LINK.sub(r"\1", text)
    return " ".join(_EMPHASIS.sub("", text).split())


def _is_capitalised(words: Sequence[str]) -> bool:
    """Whether the words are written the way titles are: the first and most of the long ones with a capital."""
    long = [word for word in words if word.lower() not in _SMALL_WORDS]
    capital = sum(1 for word in long if word.lstrip("(\"“'‘[")[:1].isupper() or not word[:1].isalpha())
    return bool(long) and words[0].lstrip("(\"“'‘[")[:1].isupper() and capital >= 0.75 * len(long)


_TITLE_END = re.compile(r"[.:;](?=\s|$|[“\"])|\s[–—-]\s|。|：")


def _lead_title(content: str, line_length: int) -> str:
    """The title a clause begins with, or empty; `line_length` is how much of it stands on the first line."""
    content = content[:240]
    end = _TITLE_END.search(content)
    lead = content[: end.start()] if end else content
    alone = len(lead.rstrip()) >= line_length - 1 and (end is None or end[0] in {".", ":"})
    words = lead.split()
    if not words or len(words) > 12 or len(lead) > 100 or (end is None and len(content) > line_length):
        return ""
    if end is None and len(lead) > line_length:
        return ""
    return lead.strip(" \t,–—-") if _title_like(words, alone=alone, end=end[0].strip() if end else "") else ""


def _title_like(words: Sequence[str], *, alone: bool, end: str) -> bool:
    if words[0][:1] > "\u2e7f":
        return len(words[0]) <= 20
    if not words[0].lstrip("(\"“'‘[")[:1].isupper() or words[0][0] in "\"“”":
        return False
    lowered = {word.lower().strip("\"“”’',()") for word in words}
    if _is_capitalised(words) and (alone or len(words) > 1 or end in {".", ":"}):
        return not lowered & {"shall", "must", "hereby", "means"}
    return len(words) <= 7 and not lowered & _SENTENCE_WORDS and (end in {".", ":"} or alone)


# Ranks of headings without a number: a smaller one closes the greater ones.
_TITLE_RANK, _BOLD_RANK, _LINE_RANK, _CAPS_RANK = 0, 20, 40, 30


class _Head(NamedTuple):
    """A heading without a number."""

    rank: int
    text: str


_MARKDOWN_HEADING = re.compile(r"(#{1,6})[ \t]+(?=\S)|<h([1-6])[^<>]{0,200}>", re.IGNORECASE)
_BOLD_LINE = re.compile(r"(?:\*\*|__)(?=\S)([^*]{2,120})(?:\*\*|__)[:.]?")


def _marked_heading(line: str, below: str) -> tuple[int, int]:
    """The level of a Markdown or HTML heading, and how many characters mark it; 0 for none."""
    match = _MARKDOWN_HEADING.match(line)
    if match is not None:
        return (len(match[1]) if match[1] else int(match[2])), match.end()
    if len(below) >= 3 and len(line) <= 120 and (below == "=" * len(below) or below == "-" * len(below)):
        return (1 if below[0] == "=" else 2), 0
    return 0, 0


def _plain_heading(line: _Line, below: _Line | None) -> _Head | None:
    """The heading that a line is by its look alone."""
    text = line.text
    if len(text) > 120 or text[-1] in ",;" or _NOT_TITLES.search(text):
        return None
    if _BOLD_LINE.fullmatch(text):
        return _Head(_BOLD_RANK, _plain(text).rstrip(":. "))
    if not line.after_blank and not (below is None or line.before_blank):
        pass
    title = text.rstrip(":").strip(" *=-_~")
    words = title.split()
    if not words or len(words) > 14 or text[0] in "\"“'‘([{<*-+|" or not any(c.isalpha() for c in title):
        return None
    if not _stands_alone(line, below):
        return None
    return _by_letters(title, words, ends_with_colon=text.endswith(":"))


def _by_letters(title: str, words: Sequence[str], *, ends_with_colon: bool) -> _Head | None:
    capitals = title.isupper() and len(title) > 3
    if capitals:
        if title[-1] == "." and len(words) > 6:
            return None
        rank = _CAPS_RANK
    elif not _is_capitalised(words) or (title[-1] in ".!?" and len(words) < 4) or (ends_with_colon and len(words) > 5):
        return None
    else:
        rank = _LINE_RANK
    if not capitals and {word.lower() for word in words} & (_SENTENCE_WORDS - {"use"}):
        return None
    if ": " in title:
        return None
    if _DOCUMENT_WORDS.search(title.rstrip(".")) and not ends_with_colon:
        rank = _TITLE_RANK
    return _Head(rank, " ".join(title.rstrip(".:").split()))


def _stands_alone(line: _Line, below: _Line | None) -> bool:
    """Whether the line is a paragraph of its own, or visibly shorter than the paragraph it opens."""
    if not line.after_blank and line.indent < 12:
        return below is not None and len(below.text) > 160 and len(line.text) < 60 and line.text[-1] not in ".:"
    if line.before_blank or below is None:
        return True
    return len(line.text) < 60 and len(below.text) > 2 * len(line.text) + 20 and line.text[-1] != "."


# --------------------------------------------------------------------------------------------------------
# Items


@dataclass(frozen=True, slots=True)
class _Item:
    """What one line could begin. A label that continues no sequence makes way for `head`, `bullet` or `opens`."""

    start: int
    indent: int
    label: _Label | None
    level: int
    """The level of the Markdown heading the line is, or 0."""
    title: str
    head: _Head | None
    bullet: str
    opens: bool
    """Whether a paragraph starts here if nothing else does."""
    rule: bool
    accept: float
    """What it costs to take the label for one, from what stands around it."""
    refuse: float
    alone: bool
    """Whether the title is all the clause says itself."""
    leads: bool
    """Whether the text up to the next item ends with a colon."""
    loose: bool
    """Whether paragraphs stand between this item and the one before."""


_BULLET = re.compile(r"(?P<sign>[•·●○◦▪■□–—−*+-]|o(?=[ \t]{2})|<li>)(?:[ \t\u00a0]+|(?<=[•·●▪<>]))(?=\S)")
_REFERENCE = re.compile(
    r"\b(?:sections?|sec\.|clauses?|paragraphs?|articles?|versions?|subsections?|parts?|v\.?|no\.?|exhibits?|"
    r"schedules?|title|chapter|rule|step|and/or)$",
    re.IGNORECASE,
)
_CONJUNCTION = re.compile(r"\b(?:and|or|and/or|und|et)$", re.IGNORECASE)


def _items(text: str, lines: Sequence[_Line]) -> list[_Item]:
    found: list[_Item] = []
    marked = any(_MARKDOWN_HEADING.match(line.text) for line in lines)
    before: _Line | None = None
    loose = False
    for number, line in enumerate(lines):
        below = lines[number + 1] if number + 1 < len(lines) else None
        item = _item(line, before, below, loose=loose, marked=marked)
        if item.rule and before is not None and found and found[-1].level and not line.after_blank:
            pass  # the line under a heading belongs to the heading
        elif item.label or item.head or item.bullet or item.opens or item.rule:
            found.append(item)
            loose = item.label is None and (loose or item.opens)
        before = line
    return found


def _item(line: _Line, before: _Line | None, below: _Line | None, *, loose: bool, marked: bool) -> _Item:
    if _is_rule(line.text):
        return _Item(line.start, line.indent, None, 0, "", None, "", False, True, 0, 0, False, False, loose)
    underline = below.text if below is not None and not line.before_blank else ""
    level, cut = _marked_heading(line.text, underline)
    content = line.text[cut:]
    bullet = _BULLET.match(content) if not level else None
    rest = content[bullet.end() :] if bullet else content
    label = _label(rest)
    accept, refuse = _evidence(line, before, label) if label else (0.0, 0.0)
    follower = label.follower if label else rest
    title = _title(follower, below, line) if label or level or line.after_blank or bullet else ""
    head = _Head(level, _plain(content).strip("#: ")) if level else _plain_heading(line, below)
    if head is not None and head.rank == _TITLE_RANK and marked:
        head = _Head(_LINE_RANK, head.text)
    if label or bullet:
        head = head if level else None
    opens = line.after_blank or _is_new_paragraph(line, before)
    alone = bool(title) and len(title) >= len(_plain(follower)) - 2
    leads = line.text.endswith((":", "："))
    sign = bullet["sign"] if bullet else ""
    return _Item(
        line.start, line.indent, label, level, title, head, sign, opens, False, accept, refuse, alone, leads, loose
    )


def _is_rule(line: str) -> bool:
    return len(line) >= 3 and _RULE_CHARACTERS.issuperset(line)


_OPENING_MARKS = re.compile(r"(?:\*{1,3}|_{1,3}|<[A-Za-z][^<>]{0,120}>|</a>|[ \t])+")


def _label(content: str) -> _Label | None:
    """The label that the content of a line starts with, emphasis around it or not."""
    opening = _OPENING_MARKS.match(content)
    if opening:
        content = content[opening.end() :]
    if not content:
        return None
    first = content[0]
    if first > "\u2e7f" or first in "（(":
        return _cjk_label(content) or _number_label(content)
    label = _word_label(content) if first.isalpha() or first == "§" else None
    return label or _number_label(content)


def _title(follower: str, below: _Line | None, line: _Line) -> str:
    first = _plain(follower[:400])
    whole = first
    if below is not None and not line.before_blank and len(first) < 160:
        whole = f"{first} {_plain(below.text[:200])}"
    return _lead_title(whole.lstrip("–—-:. "), len(first.lstrip("–—-:. "))) or _line_title(first, below, line)


def _line_title(first: str, below: _Line | None, line: _Line) -> str:
    """The title that fills the first line, where the text goes on right below it."""
    if below is None or line.before_blank or len(below.text) < 1.5 * len(line.text):
        return ""
    return _lead_title(first, len(first))


def _evidence(line: _Line, before: _Line | None, label: _Label) -> tuple[float, float]:
    """What it costs to take a line's label for one, and not to: a line in mid-sentence seldom starts a clause."""
    bare = label.readings[0].shape == "bare"
    accept = 1.5 if bare else 0.0
    if before is None or line.after_blank:
        accept_here, refuse = 0.0, 3.0
        if before is not None and _REFERENCE.search(before.text[-14:]):
            accept_here = 3.0
    elif _REFERENCE.search(before.text[-14:]):
        accept_here, refuse = 6.0, 0.0
    elif before.text[-1] in ".;:!?。；：" or _CONJUNCTION.search(before.text[-8:]):
        accept_here, refuse = 0.0, 2.5
    elif len(before.text) < 50 or len(before.text) > 160 or before.text[-1] in ",*_|>-)\"”=":
        accept_here, refuse = 0.7, 2.0
    else:
        accept_here, refuse = 2.0, 0.5
    if bare:
        refuse = min(refuse, 2.0)
    if label.readings[0].system in _WORD_SYSTEMS and accept_here > 0.7:
        accept_here += 3.0
    return accept + accept_here, refuse


def _is_new_paragraph(line: _Line, before: _Line | None) -> bool:
    """Whether a line that follows without a blank one starts a paragraph: in texts whose lines are not wrapped."""
    if before is None:
        return True
    ended = before.text[-1] in ".:;!?\"”)。；："
    if max(len(before.text), len(line.text)) > 160:
        return ended or len(before.text) < 80
    return abs(line.indent - before.indent) >= 3 and (ended or line.indent > before.indent) and line.text[0].isupper()


# --------------------------------------------------------------------------------------------------------
# The outline: which labels are clauses, and under what


class _Node:
    """An open clause in one reading of the outline; nodes share their parents and are never changed."""

    __slots__ = ("depth", "indent", "item", "level", "parent", "rank", "reading", "sequence", "signature", "suspended",
                 "titled")

    def __init__(  # noqa: PLR0913 (a plain record)
        self, item: int, source: _Item, parent: _Node | None, reading: _Reading | None, sequence: int,
        suspended: _Node | None,
    ) -> None:
        self.item = item
        self.parent = parent
        self.reading = reading
        self.sequence = sequence
        self.indent = source.indent
        self.titled = bool(source.title)
        self.level = source.level
        self.rank = source.head.rank if reading is None and source.head else None
        self.depth = parent.depth + 1 if parent else 1
        self.suspended = suspended
        self.signature = hash((parent.signature if parent else 0, item, reading, sequence))
