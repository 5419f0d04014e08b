"""Divides a licence text into the tree of clauses it prints.

The steps are: lines, then items (what a line could begin: a numbered clause, a heading, a bullet, a
paragraph), then the outline (which of the possible numbers continue a sequence, found by a small beam
search), then the placing of bullets and paragraphs into that outline, then offsets and citations.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass, replace
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


_NARROWEST, _WIDEST = 60, 160
_COMMENT_SIGNS = ("//", "/*", "*/", "*", "#", ";", ">", "|", "--", "%")
_TAGS = re.compile(r"(?:</?[A-Za-z][^<>]{0,200}>\s{0,20}){1,50}")
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
    rf"(?P<word>{_PART_WORDS}|{_SUPPLEMENT_WORDS})"
    r"[ \t]{1,6}(?P<numeral>\d{1,3}(?:\.\d{1,3}){0,3}|[IVXL]{1,7}|[A-Za-z])"
    r"(?![\w(])(?P<end>[.:)]?)",
    re.IGNORECASE,
)
_BARE_SUPPLEMENT = re.compile(rf"(?P<word>{_SUPPLEMENT_WORDS})(?=[ \t]*(?:[:.–—-]|$))", re.IGNORECASE)
_SIGN_LABEL = re.compile(r"(?P<word>§{1,2})[ \t]{0,3}(?P<numeral>\d{1,3}(?:\.\d{1,3}){0,3})(?P<end>[.:)]?)(?!\w)")
_CJK_LABEL = re.compile(
    rf"第[ \t]?(?P<ordinal>\d{{1,3}}|{_CJK}{{1,5}})[ \t]?(?P<unit>[条章节節部编編條])[：:、.]?"
    rf"|(?P<plain>{_CJK}{{1,3}})[、.．]|[（(](?P<bracketed>{_CJK}{{1,3}})[)）]、?"
)
_DECIMAL_LABEL = re.compile(
    r"\(?(?P<number>\d{1,3}(?:\.(?:\d{1,3}|[a-z](?![a-z]))){1,6})\\?(?P<end>[.:)]?)(?![\w.,%/])"
)
_LETTER_DECIMAL_LABEL = re.compile(r"(?P<number>[A-Z]{1,4}(?:\.\d{1,3}){1,3})(?P<end>[.:)]?)(?=[ \t]|$)")
_BRACKET_LABEL = re.compile(r"[(（](?P<numeral>\d{1,3}|[a-zA-Z]{1,2}|[ivxl]{1,7}|[IVXL]{1,7})[)）](?:[.:](?=\s|$))?")
_SQUARE_LABEL = re.compile(r"\[(?P<numeral>\d{1,2})\](?=[ \t])")
_PLAIN_LABEL = re.compile(
    r"(?P<numeral>\d{1,3}|[a-z]{1,2}|[A-Z]{1,2}|[ivxl]{1,7}|[IVXL]{1,7})\\?"
    r"(?P<end>[.)]{1,2}-?|、|．|:(?=[ \t]|$)|(?=[ \t][–—-][ \t]))"
)
_BARE_LABEL = re.compile(r"(?P<numeral>\d{1,2})(?=[ \t\u00a0]+[^\W\d_a-z]|[ \t\u00a0]+[“\"])")


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


_SUPPLEMENT_SYSTEMS = frozenset(_SUPPLEMENT_WORDS.split("|"))
_WORD_SYSTEMS = frozenset(_PART_WORDS.split("|")) | _SUPPLEMENT_SYSTEMS | {"§", "§§", *"条章节節部编編條"}


def _word_label(line: str) -> _Label | None:
    match = _WORD_LABEL.match(line) or _SIGN_LABEL.match(line)
    if match is None:
        return _bare_supplement(line)
    follower = line[match.end() :].lstrip()
    words_go_on = follower[:1].islower() or follower[:1] in {",", ";"}
    if words_go_on or (not line[0].isupper() and line[0] != "§"):
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
        readings = (_decimal_reading(number, ""),) if number[0].isdigit() else _letter_decimal_readings(number)
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


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SENTENCE_WORDS = _words(
    "is are was were be shall must may will can cannot should would has have had do does you we they it this these "
    "that which who if hereby means mean refers your our not"
)
_NO_TITLE_STARTS = _words("to for in if any by your this these you we when")
_NO_TITLE_WORDS = _words("shall must hereby means")
_SMALL_WORDS = _words(
    "a an and as at by for from in into is its of on or per the to under upon via with without de la le les des du et "
    "der die das und del y e o von"
)
_DOCUMENT_WORDS = re.compile(
    r"\b(?:licen[cs]e|agreement|policy|terms|addendum|contract|notice)s?\b[\s\d.v()-]*(?:version[\s\d.]+)?$"
    r"|\bterms (?:of|and|for)\b|^END OF\b|(?:协议|许可证?|政策|条款|許可|協議|條款|声明)$",
    re.IGNORECASE,
)
_CLAUSE_TITLE = re.compile(
    r"(?:grant|scope|term|termination|acceptance|duration) of\b|(?:copyright|patent|trademark) licen[cs]es?$",
    re.IGNORECASE,
)
"""`Grant of Patent License` is a clause, not the licence."""
_NOT_TITLES = re.compile(
    r"copyright(?! licen[cs]e\b)|date\b|©|\(c\)|https?:|www\.|@|\ball rights reserved|\b(?:19|20)\d\d\b|"
    r"^(?:version|v)\b[.:]? ?\d|^by\b|^dated?\b|版本|日期",
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


_TITLE_END = re.compile(r"(?<!\bInc)(?<!\bLtd)(?<!\bCo)(?<!\bCorp)(?<![.\s][A-Z])[.:](?=\s|$|[“\"])|\s[–—-]\s|。|：")


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


_CJK_START = "\u2e7f"


def _title_like(words: Sequence[str], *, alone: bool, end: str) -> bool:
    if words[0][0] > _CJK_START:
        return sum(map(len, words)) <= 24 and not any(sign in word for word in words for sign in "，；、")
    if not words[0].lstrip("(\"“'‘[")[:1].isupper() or words[0][0] in '"“”' or words[-1].endswith((";", ",")):
        return False
    lowered = [word.lower().strip("\"“”’',();") for word in words]
    if lowered[-1] in {"and", "or", "the", "of"} or lowered[0] in _NO_TITLE_STARTS:
        return False
    if _is_capitalised(words) and (alone or end):
        return _NO_TITLE_WORDS.isdisjoint(lowered)
    return len(words) <= (6 if end else 3) and _SENTENCE_WORDS.isdisjoint(lowered) and bool(alone or end)


# Ranks of headings without a number: a smaller one closes the greater ones.
_TITLE_RANK, _BOLD_RANK, _LINE_RANK, _CAPS_RANK = 0, 20, 40, 30


class _Head(NamedTuple):
    """A heading without a number."""

    rank: int
    text: str
    hung: bool = False
    """Whether only the deeper indent of what is below shows that it is one."""


_MARKDOWN_HEADING = re.compile(r"(#{1,6})[ \t]+(?=\S)|<h([1-6])[^<>]{0,200}>", re.IGNORECASE)
_BOLD_LINE = re.compile(r"(?:(?:\*\*[^*]{1,120}\*\*|__[^_]{1,120}__)[ \t]{0,4}){1,4}[:.]?")


def _marked_heading(line: str, below: str) -> tuple[int, int]:
    """The level of a Markdown or HTML heading, and how many characters mark it; 0 for none."""
    match = _MARKDOWN_HEADING.match(line)
    if match is not None:
        return (len(match[1]) if match[1] else int(match[2])), match.end()
    if len(below) >= 3 and len(line) <= 120 and (below == "=" * len(below) or below == "-" * len(below)):
        return (1 if below[0] == "=" else 2), 0
    return 0, 0


def _plain_heading(line: _Line, below: _Line | None, *, marked: bool) -> _Head | None:
    """The heading that a line is by its look alone."""
    text = line.text
    if len(text) > 120 or text[-1] in ",;" or _NOT_TITLES.search(text):
        return None
    if _BOLD_LINE.fullmatch(text):
        return _Head(_BOLD_RANK, _plain(text).rstrip(":. "))
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
    rank = _LINE_RANK if marked and head.rank == _TITLE_RANK else head.rank
    return head._replace(rank=rank, hung=hung)


def _is_hung(line: _Line, below: _Line | None, words: Sequence[str]) -> bool:
    """Whether a line that ends with a period is the title of the text that is indented below it."""
    if below is None or not line.after_blank or line.text.isupper():
        return False
    deeper = below.indent >= line.indent + 4 and len(below.text) > _NARROWEST
    return deeper and len(words) < 8 and _is_capitalised(words)


def _by_letters(title: str, words: Sequence[str], *, ends_with_colon: bool) -> _Head | None:
    capitals = title.isupper() and len(title) > 3
    if any(sign > _CJK_START for sign in title):
        if len(title) > 24 or any(sign in title for sign in "。，；："):
            return None
        rank = _LINE_RANK
    elif capitals:
        if title[-1] == ".":
            return None
        rank = _CAPS_RANK
    elif not _is_capitalised(words) or (title[-1] in ".!?" and len(words) < 4) or (ends_with_colon and len(words) > 5):
        return None
    else:
        rank = _LINE_RANK
    if not capitals and {word.lower() for word in words} & _SENTENCE_WORDS:
        return None
    if ": " in title:
        return None
    if _DOCUMENT_WORDS.search(title.rstrip(".")) and not _CLAUSE_TITLE.match(title) and not ends_with_colon:
        rank = _TITLE_RANK
    return _Head(rank, " ".join(title.rstrip(".:").split()))


def _stands_alone(line: _Line, below: _Line | None) -> bool:
    """Whether the line is a paragraph of its own, or visibly shorter than the paragraph it opens."""
    length = len(line.text)
    if not line.after_blank and line.indent < 12:
        return below is not None and length < 60 and len(below.text) > max(90, 3 * length) and line.text[-1] not in ".:"
    if line.before_blank or below is None or below.text[0] == "#" or _label(below.text) is not None:
        return True
    if length < 80 and len(below.text) < 80:
        if _NOT_TITLES.search(below.text) and not _shouts_on(line.text, below.text):
            return True
        if line.text.isupper():
            return below.before_blank
    return length < 60 and len(below.text) > 2 * length + 20 and line.text[-1] != "."


def _shouts_on(line: str, below: str) -> bool:
    """Whether a line of capitals is part of a text in capitals that goes on below, rather than its title."""
    in_capitals = line.isupper() and " ".join(below.split()[:2]).isupper()
    return in_capitals and 2 * len(line) > len(below) and not _NOT_TITLES.match(below)


# --------------------------------------------------------------------------------------------------------
# Items


@dataclass(frozen=True, slots=True)
class _Item:
    """What one line could begin. A label that continues no sequence makes way for `head`, `bullet` or `opens`."""

    start: int
    indent: int
    label: _Label | None = None
    level: int = 0
    """The level of the Markdown heading the line is, or 0."""
    title: str = ""
    head: _Head | None = None
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
_REFERENCE = re.compile(
    r"\b(?:sections?|sec\.|clauses?|paragraphs?|articles?|versions?|subsections?|parts?|v\.?|no\.?|exhibits?|"
    r"schedules?|title|chapter|rule|step)$",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(r"\b(?:in|of|to|under|by|with|from|the|see|per|this|and|or|,)$", re.IGNORECASE)
_CONJUNCTION = re.compile(r"\b(?:and|or|and/or|und|et)$", re.IGNORECASE)


_LABEL_ROOM = 200
_LOST_BREAK = re.compile(r"(?<=[.;] )(?=[a-z\d]{1,2}\. [A-Z]|(?:Section|Article) [IVX\d]{1,5}[:.] [A-Z]{3,} [A-Z]{2,})")


def _with_lost_breaks(lines: Sequence[_Line]) -> Iterator[_Line]:
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
    label: _Label | None = None
    for number, match in enumerate(_LOST_BREAK.finditer(text)):
        label = _label(text[:_LABEL_ROOM]) if number == 0 else label
        found = _label(text[match.start() : match.start() + _LABEL_ROOM])
        if found and (found.readings[0].system in _WORD_SYSTEMS or (label and _follows(label, found))):
            yield match.start()
            label = found


def _follows(label: _Label, found: _Label) -> bool:
    """Whether a label is the next one after another, in the same look."""
    return any(
        new.system == old.system and new.shape == old.shape and new.values == (*old.values[:-1], old.values[-1] + 1)
        for old in label.readings
        for new in found.readings
    )


def _items(lines: Sequence[_Line]) -> list[_Item]:
    found: list[_Item] = []
    marked = any(_MARKDOWN_HEADING.match(line.text) for line in lines)
    width = _width(lines)
    before: _Line | None = None
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


def _width(lines: Sequence[_Line]) -> int:
    """The column that most lines of the text keep within: a line that ends far before it was ended on purpose.

    Texts are wrapped neither more narrowly than `_NARROWEST` nor beyond `_WIDEST`; one of short lines only is not wrapped at all.
    """
    columns = sorted(line.indent + len(line.text) for line in lines)
    return max(columns[len(columns) * 9 // 10], _NARROWEST) if columns else 0


def _item(line: _Line, before: _Line | None, below: _Line | None, width: int, *, marked: bool) -> _Item:
    opens = line.after_blank or _is_new_paragraph(line, before, width)
    if _is_rule(line.text):
        return _Item(line.start, line.indent, rule=True)
    level, cut = _marked_heading(line.text, below.text if below is not None and not line.before_blank else "")
    content = line.text[cut:]
    bullet = None if level else _BULLET.match(content)
    rest = content[bullet.end() :] if bullet else content
    label = _label(rest)
    accept, refuse = _evidence(line, before, label, width) if label else (0.0, 0.0)
    follower = label.follower if label else rest
    title = ""
    if label or bullet:
        title = _plain(follower[:400]).strip("#–—-:. ") if level else _title(follower, below, line, width)
    elif opens:
        title = _paragraph_title(content, below, line, width)
    if label and label.readings[0].system in _WORD_SYSTEMS:
        title = title or _section_title(_plain(follower), below, line)
        capitals = _CAPITALS_LEAD.match(title)
        title = capitals[0] if capitals and " " in capitals[0] else title
    refuse += 1.0 if title and line.after_blank else 0.0
    head = _Head(level, _plain(content[:400]).strip("#: ")) if level else None
    if not (level or label or bullet):
        head = _plain_heading(line, below, marked=marked)
    return _Item(
        line.start,
        line.indent,
        label,
        level,
        title,
        head,
        bullet["sign"] if bullet else "",
        opens,
        False,
        accept,
        refuse,
        _says_no_more(title, _plain(follower[:300])),
    )


def _closed(item: _Item, last_line: str) -> _Item:
    """The item with what the end of its text says."""
    end = last_line.rstrip("*_ ")[-1:]
    if end in {":", "："}:
        return replace(item, leads=True)
    return item if end in _SENTENCE_ENDS else replace(item, complete=False)


def _says_no_more(title: str, follower: str) -> bool:
    """Whether the line behind a label holds a title at most, so that the text of the clause is still to come."""
    return len(title) >= len(follower.rstrip(".:")) - 2


def _is_rule(line: str) -> bool:
    return len(line) >= 3 and _RULE_CHARACTERS.issuperset(line)


_INNER_MARKS = re.compile(r"^((?:[A-Za-z]{4,10} |[(（])?[\w.]{0,8})[*_]{1,3}(?=[\w.:)）])")
"""Emphasis that begins or ends inside a label: `3**.`, `(**a**)`, `2.**1**`."""
_OPENING_MARKS = re.compile(r"(?:\*{1,3}|_{1,3}|<[A-Za-z][^<>]{0,120}>|</a>|[ \t])+")


def _label(content: str) -> _Label | None:
    """The label that the content of a line starts with, emphasis around it or not."""
    opening = _OPENING_MARKS.match(content)
    if opening:
        content = content[opening.end() :]
    if not content:
        return None
    label = _unmarked_label(content)
    if label is None and _INNER_MARKS.match(content):
        label = _unmarked_label(_INNER_MARKS.sub(r"\1", _INNER_MARKS.sub(r"\1", content)))
    return label


def _unmarked_label(content: str) -> _Label | None:
    first = content[0]
    if first > "\u2e7f" or first in "（(":
        return _cjk_label(content) or _number_label(content)
    label = _word_label(content) if first.isalpha() or first == "§" else None
    return label or _number_label(content)


_BEGINS_ITEM = re.compile(r"[^\w\s]|[\w]{1,5}[.)]|\d")


def _title(follower: str, below: _Line | None, line: _Line, width: int) -> str:
    """The title that a clause begins with: its first line if that is all, or what ends with the first period."""
    first = _plain(follower[:400]).lstrip("–—-:. ")
    goes_on = below is not None and not line.before_blank and not _BEGINS_ITEM.match(below.text)
    filled = line.indent + len(line.text) > 0.6 * width
    title = _lead_title(first, len(first), whole=not (goes_on and filled and len(line.text) < 160))
    if title or below is None or not goes_on or not 50 < len(line.text) < 120:
        return title
    return _lead_title(f"{first} {_plain(below.text[:200])}", len(first), whole=False)


def _paragraph_title(content: str, below: _Line | None, line: _Line, width: int) -> str:
    """The title of a paragraph without a number: it ends with a period, and a sentence follows it."""
    title = _title(content, below, line, width)
    first = _plain(content[:400])
    if not title or _NOT_TITLES.search(title) or not first.startswith(f"{title}."):
        return ""
    return title if len(first) > len(title) + 30 else ""


_CAPITALS_LEAD = re.compile(r"[A-Z][A-Z,&/ -]{2,80}[A-Z](?=\s[A-Z][a-z])")


def _section_title(follower: str, below: _Line | None, line: _Line) -> str:
    """The title of a section or an appendix, which may stand on the line below its number."""
    if not follower and below is not None and not line.before_blank:
        is_title = len(below.text) < 80 and _is_capitalised(below.text.split()) and _label(below.text) is None
        return _plain(below.text) if is_title else ""
    capitals = _CAPITALS_LEAD.match(follower.lstrip("–—-:. "))
    if capitals is not None:
        return capitals[0]
    stops = below is None or line.before_blank or _BEGINS_ITEM.match(below.text)
    return follower.strip("–—-:. ") if stops and len(follower) < 110 else ""


def _evidence(line: _Line, before: _Line | None, label: _Label, width: int) -> tuple[float, float]:
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
        accept_here, refuse = _ON_PURPOSE, 2.5
    elif before.text[-1] in ',*_|>-)"”=':
        accept_here, refuse = 0.7, 2.0
    else:
        accept_here, refuse = 2.0, 0.5
    if bare:
        refuse = min(refuse, 2.0)
    if (
        label.readings[0].system in _WORD_SYSTEMS
        and before is not None
        and (accept_here > 0.7 or _PREPOSITION.search(before.text[-12:]))
    ):
        accept_here, refuse = accept_here + 3.0, min(refuse, 0.5)
    return accept + accept_here, refuse


_ITEM_END = re.compile(r"[.;](?:\s(?:and|or|and/or))?$")


def _is_sentence(line: str) -> bool:
    """Whether a line of a text that is not wrapped is more than a title: a sentence or an item of a list."""
    if not _ITEM_END.search(line):
        return False
    label = _label(line)
    return not _is_capitalised((label.follower if label else line).rstrip(".").split() or [""])


def _ended_on_purpose(before: _Line, line: _Line, width: int) -> bool:
    """Whether a line was not broken for want of room: it ends early, or is longer than any text is wrapped."""
    length = before.indent + len(before.text)
    return length > _WIDEST or length + len(line.text.split(maxsplit=1)[0]) < 0.9 * width


def _is_new_paragraph(line: _Line, before: _Line | None, width: int) -> bool:
    """Whether a line that follows without a blank one starts a paragraph all the same.

    It does in texts whose lines are not wrapped, and where the line before ends early and the indent changes.
    """
    if before is None or _is_rule(before.text) or _MARKDOWN_HEADING.match(before.text):
        return True
    ended = before.text[-1] in '.:;!?"”)。；：'
    if max(len(before.text), len(line.text)) > _WIDEST:
        return ended or len(before.text) < 80
    if width > _WIDEST and line.indent == before.indent and _is_sentence(before.text):
        return True
    early = before.indent + len(before.text) < 0.9 * width
    return ended and early and abs(line.indent - before.indent) >= 3 and line.text[0].isupper()


# --------------------------------------------------------------------------------------------------------
# The outline: which labels are clauses, and under what


class _Node:
    """An open clause in one reading of the outline; nodes share their parents and do not change once they are made."""

    __slots__ = (
        "alone",
        "counted",
        "depth",
        "former",
        "indent",
        "item",
        "level",
        "loose",
        "parent",
        "rank",
        "reading",
        "sequence",
        "signature",
        "suspended",
        "titled",
    )

    def __init__(
        self, item: int, source: _Item, parent: _Node | None, reading: _Reading | None = None, sequence: int = -1
    ) -> None:
        self.item = item
        self.reading = reading
        self.sequence = sequence
        self.indent = source.indent
        self.titled = bool(source.title)
        self.loose = source.loose
        self.level = source.level
        self.rank = source.head.rank if reading is None and source.head else None
        self.alone = source.alone
        self.counted = reading
        """The reading that the sequence goes on from; a stray number in a list does not move it."""
        self.former: _Node | None = None
        """What was open below the clause before this one in the sequence."""
        self.suspended: _Node | None = None
        self.parent: _Node | None = parent
        self.depth: int = parent.depth + 1 if parent else 1
        self.signature: int = hash((parent.signature if parent else 0, item, reading, sequence))


class _Trail(NamedTuple):
    """The clauses so far, the last one first; one that comes again for the same item replaces the older."""

    node: _Node
    before: _Trail | None


class _State(NamedTuple):
    """One reading of the text so far: what it costs, and the innermost clause that is open."""

    cost: float
    top: _Node | None
    trail: _Trail | None


_BEAM, _MARGIN, _MAX_DEPTH = 8, 6.0, 14
_NESTED_ALIKE, _RESTART, _LONE_START, _HUNG_START, _STRAY = 1.5, 3.5, 2.2, 0.5, 1.5
_ON_PURPOSE = 0.2
"""The most that it costs to take the label of a line that was not broken for want of room."""


def _outline(items: Sequence[_Item]) -> dict[int, _Node]:
    """The items that are numbered clauses or headings, each with its node in the cheapest reading."""
    lone, strays = _lone_starts(items), _strays(items)
    states = [_State(0.0, None, None)]
    for index, item in enumerate(items):
        if item.label is None and item.head is None:
            continue
        options = [option for state in states for option in _options(state, index, item, index in lone)]
        if index in strays:
            options += [option for state in states for option in _strayed(state, index, item)]
        states = _cheapest(options)
    nodes: dict[int, _Node] = {}
    trail = states[0].trail
    while trail is not None:
        nodes.setdefault(trail.node.item, trail.node)
        trail = trail.before
    return nodes


def _cheapest(options: list[_State]) -> list[_State]:
    """The best reading of every outline that is still open, within the width and the margin of the beam."""
    options.sort(key=lambda state: state.cost)
    best: dict[int, _State] = {}
    limit = options[0].cost + _MARGIN
    for option in options:
        if option.cost > limit or len(best) == _BEAM:
            break
        best.setdefault(option.top.signature if option.top else 0, option)
    return list(best.values())


def _lone_starts(items: Sequence[_Item]) -> set[int]:
    """The items that begin a sequence of which no second member comes later."""
    seen: set[tuple[str, str, int]] = set()
    lone = set()
    for index in range(len(items) - 1, -1, -1):
        label = items[index].label
        if label is None:
            continue
        labels = {(reading.system, reading.shape, reading.values[-1]) for reading in label.readings}
        if not any((system, shape, value + 1) in seen for system, shape, value in labels):
            lone.add(index)
        seen |= labels
    return lone


def _strays(items: Sequence[_Item]) -> set[int]:
    """The items whose number is out of the sequence that the items right before and after continue: `(k) (a) (l)`."""
    found = set()
    for index in range(1, len(items) - 1):
        before, stray, after = (_only_reading(items[place]) for place in (index - 1, index, index + 1))
        if before is None or stray is None or after is None or len({before[::2], stray[::2], after[::2]}) > 1:
            continue
        if len(stray.values) > 1 or not _follower(items[index])[:1].isupper():
            continue
        indents = {item.indent for item in items[index - 1 : index + 2]}
        goes_on = after.values[:-1] == before.values[:-1] and after.values[-1] == before.values[-1] + 1
        earlier = stray.values[-1] < before.values[-1]
        if goes_on and earlier and len(indents) == 1 and items[index].accept <= _ON_PURPOSE:
            found.add(index)
    return found


def _follower(item: _Item) -> str:
    return item.label.follower if item.label else ""


def _only_reading(item: _Item) -> _Reading | None:
    """How a label is read: as a letter rather than a Roman number where it may be both."""
    return item.label.readings[0] if item.label else None


def _strayed(state: _State, index: int, item: _Item) -> Iterator[_State]:
    """The reading that takes a stray number as printed, without moving the sequence that it stands in."""
    reading, top = _only_reading(item), state.top
    if reading is None or top is None or top.item != index - 1 or top.counted is None:
        return
    node = _Node(index, item, top.parent, reading, top.sequence)
    node.counted = top.counted
    yield _State(state.cost + item.accept + _STRAY, node, _Trail(node, state.trail))


def _options(state: _State, index: int, item: _Item, lone: bool) -> Iterator[_State]:
    top = state.top
    if item.head is not None:
        node = _Node(index, item, _above(top, item.head.rank))
        node.suspended = _suspended(top, node.parent)
        yield _State(state.cost + (item.refuse if item.label else 0.0), node, _Trail(node, state.trail))
    else:
        yield _State(state.cost + item.refuse, top, state.trail)
    if item.label is None:
        return
    for reading in item.label.readings:
        for place in _places(top, item, reading, lone):
            if place.parent is not None and place.parent.depth >= _MAX_DEPTH:
                continue
            yield _placed(state, place, index, item, reading)


class _Place(NamedTuple):
    """Where a labelled clause may go: under `parent`, as the next of `sequence` or the first of a new one."""

    cost: float
    parent: _Node | None
    sequence: int | None
    heading: _Node | None = None
    """A heading that then stands under `parent` itself, with the clause below it."""


def _placed(state: _State, place: _Place, index: int, item: _Item, reading: _Reading) -> _State:
    parent, trail = place.parent, state.trail
    if place.heading is not None:
        parent = _moved(place.heading, parent)
        trail = _Trail(parent, trail)
    node = _Node(index, item, parent, reading, index if place.sequence is None else place.sequence)
    if reading.system in _WORD_SYSTEMS and reading.system not in _SUPPLEMENT_SYSTEMS:
        node.suspended = _suspended(state.top, parent)
    elif place.sequence is not None:
        node.former = _open_below(state.top, place.sequence)
    return _State(state.cost + item.accept + place.cost, node, _Trail(node, trail))


def _open_below(top: _Node | None, sequence: int) -> _Node | None:
    """The clause that is open right below the last one of a sequence."""
    below = None
    for node in _chain(top):
        if node.sequence == sequence:
            return below
        below = node
    return None


def _moved(heading: _Node, parent: _Node | None) -> _Node:
    """The heading as it is under another clause."""
    moved = copy(heading)
    moved.parent, moved.suspended = parent, None
    moved.depth = parent.depth + 1 if parent else 1
    moved.signature = hash((parent.signature if parent else 0, heading.item, None, -1))
    return moved


def _chain(node: _Node | None) -> Iterator[_Node]:
    while node is not None:
        yield node
        node = node.parent


def _above(top: _Node | None, rank: int) -> _Node | None:
    """The innermost open clause that a heading of this rank does not close."""
    for node in _chain(top):
        if node.rank is not None and node.rank < rank:
            return node
        if node.reading is not None and 0 < node.level < rank <= 6:
            return node
        if node.reading is not None and node.reading.system in _SUPPLEMENT_SYSTEMS and rank > _TITLE_RANK:
            return node
    return None


def _suspended(top: _Node | None, parent: _Node | None) -> _Node | None:
    """The clause that was open when a heading or section closed numbered clauses that may go on below it."""
    for node in _chain(top):
        if node is parent:
            return None
        if node.reading is not None and node.reading.system not in _WORD_SYSTEMS:
            return top
        if node.suspended is not None:
            return node.suspended
    return None


def _is_container(node: _Node) -> bool:
    return node.reading is None or node.reading.system in _WORD_SYSTEMS


def _places(top: _Node | None, item: _Item, reading: _Reading, lone: bool) -> Iterator[_Place]:
    if reading.system in _SUPPLEMENT_SYSTEMS:
        yield _Place(0.3, _above_supplement(top), None)
        return
    for pops, node in enumerate(_chain(top)):
        if node.reading is None:
            continue
        step = _step(node, reading)
        if step is not None:
            yield _Place(
                step + 0.4 * pops + _unlikeness(node, item, reading, is_top=pops == 0), node.parent, node.sequence
            )
        if _is_prefix(node.reading, reading):
            late = 0.0 if reading.values[-1] <= 1 else 1.5
            yield _Place(0.3 + 0.2 * pops + late, node, None)
    yield from _counted_on(top, item, reading)
    yield from _resumed(top, item, reading)
    if reading.values[-1] <= 1 or (reading.system in _WORD_SYSTEMS and top is None):
        yield from _starts(top, item, reading, lone)


def _counted_on(top: _Node | None, item: _Item, reading: _Reading) -> Iterator[_Place]:
    """The place of a first item whose number goes on from the list below the clause before, at the same indent.

    Converters print that where they lost track of lists; letters start again in texts that leave out an item.
    """
    former = top.former if top else None
    if top is None or former is None or not top.indent < item.indent == former.indent:
        return
    if reading.system == "1" and len(reading.values) == 1 and _step(former, reading) == 0.0:
        yield _Place(0.8, top, None)


def _above_supplement(top: _Node | None) -> _Node | None:
    return next((node for node in _chain(top) if node.rank in {_TITLE_RANK, 1}), None)


def _step(node: _Node, reading: _Reading) -> float | None:
    """What it costs to read this as the next of the node's sequence; None where it cannot be."""
    known = node.counted
    if known is None or known.system != reading.system:
        return None
    old, new = known.values, reading.values
    if len(new) == len(old):
        if new[:-1] == old[:-1]:
            return _gap(new[-1] - old[-1])
        return 0.6 if len(new) > 1 and new[-1] <= 1 and new[:-2] == old[:-2] and new[-2] == old[-2] + 1 else None
    if len(new) < len(old) and new[:-1] == old[: len(new) - 1] and new[-1] == old[len(new) - 1] + 1:
        above = node.parent.reading if node.parent else None
        return None if above is not None and _is_prefix(above, known) else 1.0
    return None


def _gap(difference: int) -> float | None:
    if difference == 1:
        return 0.0
    if difference == 0:
        return 4.0
    return 2.2 + 0.3 * difference if 1 < difference <= 4 else None


def _unlikeness(node: _Node, item: _Item, reading: _Reading, *, is_top: bool) -> float:
    """How much an item differs in look from the one it would come after."""
    apart = abs(node.indent - item.indent)
    cost = min(1.2, 0.15 * apart) if apart > 1 else 0.0
    if node.reading is not None and node.reading.shape != reading.shape:
        cost += 1.0
    if node.titled != bool(item.title):
        cost += 0.8
    if node.level != item.level:
        cost += 1.0
    nested = node.parent is not None and not _is_container(node.parent)
    surprising = item.loose and not node.loose and is_top and nested and len(reading.values) == 1
    return cost + 0.8 if surprising else cost


def _is_prefix(outer: _Reading, inner: _Reading) -> bool:
    """Whether the inner number repeats the outer one: `3.1` under `3.`, `Section 3` or `III.`."""
    if inner.values[:-1] not in (outer.values, (*outer.values, 0)) or outer.system in _SUPPLEMENT_SYSTEMS:
        return False
    if inner.system == "1":
        return outer.system in _WORD_SYSTEMS or outer.system in {"1", "I", "一"}
    return inner.system.startswith(outer.system)


def _resumed(top: _Node | None, item: _Item, reading: _Reading) -> Iterator[_Place]:
    """Places in a sequence that a heading or a section has interrupted."""
    for holder in _chain(top):
        if not _is_container(holder):
            return
        if holder.suspended is None:
            continue
        movable = holder is top and holder.reading is None and holder.rank != _TITLE_RANK and not holder.level
        for pops, node in enumerate(_chain(holder.suspended)):
            if node is holder.parent:
                break
            yield from _resumed_at(node, top, item, reading, pops if movable else None)
        return


def _resumed_at(node: _Node, top: _Node | None, item: _Item, reading: _Reading, pops: int | None) -> Iterator[_Place]:
    if node.reading is None or node.reading.system in _WORD_SYSTEMS:
        return
    step = _step(node, reading)
    if step is not None:
        cost = 0.3 + step + _unlikeness(node, item, reading, is_top=False)
        if node.parent is None or _is_container(node.parent):
            yield _Place(cost, top, node.sequence)
        elif pops is not None:
            yield _Place(cost + 0.5 + 0.2 * pops, node.parent, node.sequence, top)
    if pops is None:
        return
    if _is_prefix(node.reading, reading):
        yield _Place(0.8 + 0.2 * pops, node, None, top)
    elif pops == 0 and len(reading.values) == 1 and reading.values[0] <= 1:
        alike = any(_alike(other.reading, reading) for other in _chain(node))
        yield _Place(1.3 + (_NESTED_ALIKE if alike else 0.0), node, None, top)


def _alike(known: _Reading | None, reading: _Reading) -> bool:
    return known is not None and known.system == reading.system and len(known.values) == len(reading.values)


def _starts(top: _Node | None, item: _Item, reading: _Reading, lone: bool) -> Iterator[_Place]:
    """Places where a new sequence may begin."""
    if lone:
        base = _HUNG_START if top is not None and top.alone and item.indent > top.indent + 1 else _LONE_START
    else:
        base = 0.5 if reading.values[-1] == 0 else 0.0
    if len(reading.values) > 1 and reading.values[0] > 1:
        base += 1.0
    outside = _outside(top, item, reading)
    if top is None or _is_container(top):
        closed = top is not outside and reading.system not in _WORD_SYSTEMS and not item.level
        yield _Place(base + 0.6, top if closed else outside, None)
        return
    if reading.system not in _WORD_SYSTEMS and len(reading.values) == 1 and not item.level:
        yield from _nested_starts(top, item, reading, base)
    yield _Place(base + _restart_cost(top, item, reading), outside, None)


def _nested_starts(top: _Node, item: _Item, reading: _Reading, base: float) -> Iterator[_Place]:
    for pops, node in enumerate(_chain(top)):
        if _is_container(node):
            return
        cost = base + (1.0 if pops == 0 else 2.0 + 0.2 * pops)
        if item.indent < node.indent - 1:
            cost += 1.0
        if any(_alike(other.reading, reading) and item.indent < other.indent + 2 for other in _chain(node)):
            cost += _NESTED_ALIKE
        yield _Place(cost, node, None)


def _outside(top: _Node | None, item: _Item, reading: _Reading) -> _Node | None:
    """The innermost open heading or section that a new sequence of this look would stand under."""
    for node in _chain(top):
        if item.level:
            if (node.level and node.level < item.level) or (node.rank is not None and node.rank < item.level):
                return node
        elif reading.system in _WORD_SYSTEMS:
            if node.rank is not None and node.rank <= 6:
                return node
            if node.reading is not None and node.reading.system in _WORD_SYSTEMS - {reading.system}:
                return node
        elif _is_container(node):
            return node
    return None


def _restart_cost(top: _Node, item: _Item, reading: _Reading) -> float:
    if item.after_rule or item.level or reading.system in _WORD_SYSTEMS:
        return 1.0
    root = top
    for node in _chain(top):
        if _is_container(node):
            break
        root = node
    if item.loose and _alike(root.reading, reading) and abs(root.indent - item.indent) <= 1:
        return 2.0
    return _RESTART if len(reading.values) == 1 else 1.5


# --------------------------------------------------------------------------------------------------------
# Placing bullets and paragraphs


@dataclass(slots=True)
class _Entry:
    """A clause while the tree is built."""

    item: _Item
    parent: int | None
    kind: ClauseKind
    node: _Node | None
    depth: int
    sequel: bool = False
    """Whether a later clause continues the same sequence."""
    last_below: int = -1
    """Where the last numbered clause right below it starts."""
    paragraphs: int = 0
    """How many paragraphs without a deeper indent stand directly below."""


def _ended_by_bullet(entry: _Entry, bullet: _Item) -> bool:
    """Whether a bullet stands outside this clause, although that was the last one."""
    if entry.kind is ClauseKind.PARAGRAPH:
        return not entry.item.leads
    if entry.kind is ClauseKind.BULLET:
        return entry.item.indent >= bullet.indent
    return entry.kind is ClauseKind.NUMBERED and entry.item.indent > bullet.indent


class _Tree:
    """Collects the clauses in the order of the text; `open` are those that the next one may stand under."""

    def __init__(self, last_of: dict[int, int], last_below: dict[int, int]) -> None:
        self.entries: list[_Entry] = []
        self.open: list[int] = []
        self._last_of = last_of
        self._last_below = last_below
        self._spacious: set[int] = set()
        self._with_paragraphs: set[int] = set()

    def add(self, item: _Item, kind: ClauseKind, node: _Node | None = None) -> None:
        """Puts a clause under the innermost open one."""
        parent = self.open[-1] if self.open else None
        sequel = node is not None and node.reading is not None and self._last_of[node.sequence] > node.item
        self.open.append(len(self.entries))
        below = self._last_below.get(node.item, -1) if node is not None else -1
        self.entries.append(_Entry(item, parent, kind, node, len(self.open), sequel, below))

    def close_until(self, parent: _Node | None) -> None:
        """Leaves open that clause and what is around it, or the innermost around it that a paragraph has not closed."""
        around = {node.item for node in _chain(parent)}
        while self.open:
            node = self.entries[self.open[-1]].node
            if node is not None and node.item in around:
                return
            self.open.pop()

    def close_numbered(self) -> None:
        """Leaves only headings open: what follows belongs to no numbered clause."""
        while self.open and self.entries[self.open[-1]].kind is not ClauseKind.HEADING:
            self.open.pop()

    def top(self) -> _Entry | None:
        """The innermost open clause."""
        return self.entries[self.open[-1]] if self.open else None

    def bullet(self, item: _Item) -> None:
        """Puts a bullet below what introduces it, or below the bullet it is indented under."""
        while (top := self.top()) is not None:
            if not _ended_by_bullet(top, item):
                break
            self.open.pop()
        self.add(item, ClauseKind.BULLET)

    def paragraph(self, item: _Item, next_item: _Item | None) -> None:
        """Puts a paragraph below the innermost clause it belongs to."""
        while (top := self.top()) is not None and not self._takes(top, item, next_item):
            self.open.pop()
        top = self.top()
        if top is not None and top.kind is ClauseKind.NUMBERED and item.indent <= top.item.indent:
            top.paragraphs += 1
            self._with_paragraphs |= {top.node.sequence} if top.node else set()
            if top.node is not None and top.sequel and (top.paragraphs > 1 or not top.item.alone):
                self._spacious.add(top.node.sequence)
        self.add(item, ClauseKind.PARAGRAPH)

    def _takes(self, entry: _Entry, item: _Item, next_item: _Item | None) -> bool:
        """Whether a paragraph belongs below this clause rather than to what is around it."""
        if entry.kind is ClauseKind.HEADING:
            hung = entry.item.head is not None and entry.item.head.hung
            return not hung or item.indent > entry.item.indent
        if entry.kind is ClauseKind.PARAGRAPH:
            return (entry.item.leads or bool(entry.item.title)) and item.indent >= entry.item.indent + 2
        if item.indent > entry.item.indent:
            return True
        if entry.kind is ClauseKind.BULLET:
            goes_on = next_item is not None and next_item.bullet and next_item.indent == entry.item.indent
            return bool(goes_on and item.indent == entry.item.indent and not item.leads)
        node = entry.node
        if node is None or node.reading is None or entry.sequel:
            return True
        if not entry.item.alone and item.indent < entry.item.indent and self._held_above(entry, item):
            return False
        is_section = (
            node.level > 0
            or node.reading.system in _WORD_SYSTEMS
            or (bool(entry.item.title) and (node.parent is None or _is_container(node.parent)))
        )
        one_line_items = node.item != node.sequence and node.sequence not in self._with_paragraphs
        unfinished = not entry.item.complete and (not one_line_items or item.start < entry.last_below)
        introduces = entry.item.alone or ((entry.item.leads or unfinished) and not entry.paragraphs)
        return is_section or introduces or node.sequence in self._spacious

    def _held_above(self, entry: _Entry, item: _Item) -> bool:
        """Whether a clause around this one is printed no further in than the item, and this one is."""
        parent = entry.parent
        while parent is not None and (above := self.entries[parent]).kind is ClauseKind.NUMBERED:
            if above.item.indent <= item.indent:
                return True
            parent = above.parent
        return False


def _entries(items: Sequence[_Item], nodes: dict[int, _Node]) -> list[_Entry]:
    last_of: dict[int, int] = {}
    last_below: dict[int, int] = {}
    for node in nodes.values():
        last_of[node.sequence] = max(node.item, last_of.get(node.sequence, -1))
        if node.parent is not None:
            last_below[node.parent.item] = max(items[node.item].start, last_below.get(node.parent.item, -1))
    tree = _Tree(last_of, last_below)
    for index, item in enumerate(items):
        found = nodes.get(index)
        if found is not None:
            tree.close_until(found.parent)
            tree.add(item, ClauseKind.HEADING if found.reading is None else ClauseKind.NUMBERED, found)
        elif item.rule:
            if index - 1 not in nodes:  # otherwise it underlines the clause before
                tree.close_numbered()
        elif item.bullet:
            tree.bullet(item)
        elif item.opens:
            tree.paragraph(item, items[index + 1] if index + 1 < len(items) else None)
    return tree.entries


# --------------------------------------------------------------------------------------------------------
# Citations


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


def _citations(entries: Sequence[_Entry]) -> list[str]:
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


def _document_title(entries: Sequence[_Entry]) -> int:
    """The heading that names the whole text, which nothing needs to be cited by; -1 for none."""
    for index, entry in enumerate(entries):
        if entry.kind is ClauseKind.NUMBERED:
            break
        head = entry.item.head
        if entry.kind is ClauseKind.HEADING and head is not None:
            names = index == 0 or head.rank <= 1 or _DOCUMENT_WORDS.search(head.text)
            return index if names else -1
    return -1


def _by_title(entry: _Entry, cited: Sequence[str]) -> str:
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


def _reading_above(node: _Node) -> _Reading | None:
    above = next((other for other in _chain(node.parent) if other.reading is not None), None)
    return above.reading if above else None


def _running(entries: Sequence[_Entry]) -> set[int]:
    """The sequences that go on through several sections, as `1.` to `12.` do through Section I to Section IV."""
    parents: dict[int, int | None] = {}
    running = set()
    for entry in entries:
        if entry.node is None or entry.node.reading is None:
            continue
        above = next((other.item for other in _chain(entry.node.parent) if other.reading is not None), None)
        if parents.setdefault(entry.node.sequence, above) != above:
            running.add(entry.node.sequence)
    return running


def _prefixes(entries: Sequence[_Entry]) -> dict[int, str]:
    """For sequences that repeat the numbers of an earlier one: the heading that tells them apart."""
    first: dict[tuple[str, str], set[int]] = {}
    prefixes: dict[int, str] = {}
    titles = {entry.node.item: _heading(entry) for entry in entries if entry.node is not None}
    for entry in entries:
        node = entry.node
        if node is None or node.reading is None or node.item != node.sequence or _reading_above(node) is not None:
            continue
        headings = [other for other in _chain(node.parent) if other.rank is not None]
        known = first.setdefault(node.reading[::2], {other.item for other in headings} | {-1 - node.item})
        apart = [other for other in headings if other.item not in known]
        if -1 - node.item not in known and apart:
            prefixes[node.sequence] = _short(titles[apart[-1].item])
    return prefixes


def _joined(base: _Citation, outer: _Reading | None, label: _Label | None, reading: _Reading) -> _Citation:
    own = _LABEL_END.sub("", label.text) if label else ""
    if reading.system in _SUPPLEMENT_SYSTEMS:
        return _Citation(f"{base.prefix} {own}".strip(), "")
    if reading.system in _WORD_SYSTEMS:
        return _Citation(base.prefix, f"{base.number}, {own}" if base.number else own)
    if outer is not None and _is_prefix(outer, reading):
        return _Citation(base.prefix, own)
    bare = own.strip("()（）")
    if outer is not None and (reading.shape in {"()", ")"} or outer.system in _SUPPLEMENT_SYSTEMS):
        return base.read_on(f"({bare})", dot=False)
    return base.read_on(own if own[:1] in "(（" else bare, dot=True)


# --------------------------------------------------------------------------------------------------------
# Definitions

_TERM = r"(?P<term>[^\"“”„‟«»\n]{1,90})"
_QUOTED_TERM = re.compile(
    rf"(?:the (?:term |word )?)?[\"“„«]{_TERM}[\"”“‟»]|['‘](?P<single>[^'‘’\n]{{1,60}})['’]", re.IGNORECASE
)
_DEFINING = re.compile(
    r"(?<![\w-])(?:means?|shall mean|refers? to|shall refer to|has the (?:same )?meaning|have the meaning|"
    r"is defined as|shall be defined|denotes?|includes?|is any|is the|are the|is an?)\b|^\s*[–—:-]|是指|指|系指|意味着",
    re.IGNORECASE,
)
_BARE_TERM = re.compile(r"(?P<term>[A-Z][\w/&’'-]*(?: [\w/&’'()-]+){0,7}?),? (?:means?|shall mean|refers? to)\b")
_DEFINITION_TITLE = re.compile(r"definition|defined|interpretation|glossary|定义|begriff|définition", re.IGNORECASE)


def _defines(body: str, *, in_definitions: bool) -> str | None:
    """The term a clause defines, from the text behind its label."""
    body = " ".join(_EMPHASIS.sub("", body[:600]).split())
    match = _QUOTED_TERM.match(body)
    if match is not None:
        found = _DEFINING.search(body[match.end() : match.end() + 160])
        between = body[match.end() : match.end() + found.start()] if found else ". "
        near = found is not None and ". " not in between and _weighs(found[0], between, in_definitions=in_definitions)
        return (match["term"] or match["single"]).strip(" ,.;:") if near else None
    bare = _BARE_TERM.match(body) if in_definitions else None
    return bare["term"].strip() if bare else None


def _weighs(verb: str, between: str, *, in_definitions: bool) -> bool:
    """Whether the verb defines: `is the` and `includes` do only close to the term, or among definitions."""
    return (
        verb.lower().startswith(("mean", "shall", "refer", "ha", "is defined", "denote"))
        or in_definitions
        or (len(between) < 3)
    )


# --------------------------------------------------------------------------------------------------------
# Clauses


def segment(text: str) -> tuple[Clause, ...]:
    """The clauses of a licence text, in its order; their bodies together are the text.

    Marks on running lines (`(i) ... (ii)` within a sentence) divide nothing. A number that continues no
    sequence (a year, a version, a reference at the start of a wrapped line) is text.
    """
    if not text:
        return ()
    items = _items(list(_with_lost_breaks(_lines(text))))
    entries = _entries(items, _outline(items))
    if not entries:
        return (Clause("", "", ClauseKind.PARAGRAPH, "", 1, None, 0, len(text), len(text)),)
    starts = [0, *(entry.item.start for entry in entries[1:]), len(text)]
    ends = _ends(entries, starts)
    numbers = _citations(entries)
    definitions = _among_definitions(entries)
    return tuple(
        Clause(
            number=numbers[index],
            label=_printed_label(entry),
            kind=entry.kind,
            heading=_heading(entry),
            depth=entry.depth,
            parent=entry.parent,
            start=starts[index],
            body_end=starts[index + 1],
            end=ends[index],
            defines=_definition(text[starts[index] : starts[index + 1]], entry, among=definitions[index]),
        )
        for index, entry in enumerate(entries)
    )


def _ends(entries: Sequence[_Entry], starts: Sequence[int]) -> list[int]:
    ends = list(starts[1:])
    for index in range(len(entries) - 1, -1, -1):
        parent = entries[index].parent
        if parent is not None:
            ends[parent] = max(ends[parent], ends[index])
    return ends


def _printed_label(entry: _Entry) -> str:
    if entry.kind is ClauseKind.NUMBERED and entry.item.label is not None:
        return entry.item.label.text
    return entry.item.bullet if entry.kind is ClauseKind.BULLET else ""


def _heading(entry: _Entry) -> str:
    if entry.kind is ClauseKind.HEADING and entry.item.head is not None:
        return entry.item.head.text
    return entry.item.title


def _among_definitions(entries: Sequence[_Entry]) -> list[bool]:
    among: list[bool] = []
    for entry in entries:
        inherited = entry.parent is not None and among[entry.parent]
        among.append(inherited or bool(_DEFINITION_TITLE.search(_heading(entry))))
    return among


def _definition(body: str, entry: _Entry, *, among: bool) -> str | None:
    if entry.kind is ClauseKind.HEADING:
        return None
    body = body[:800].lstrip("#•*+- \t\n\r")
    if entry.kind is ClauseKind.NUMBERED and entry.item.label is not None:
        place = body.replace("\\", "").find(entry.item.label.text)
        body = body[place + len(entry.item.label.text) :] if 0 <= place < 12 else body
    return _defines(body.lstrip("\\.)*_:–—- \t\n"), in_definitions=among)
