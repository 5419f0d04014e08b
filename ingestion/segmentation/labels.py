"""Reads the label that a line starts with, emphasis in and around it or not.

A label may have several readings: `i.` is a letter and a Roman number. Which one holds, the outline tells.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ingestion.numerals import counted


class Reading(NamedTuple):
    """One way to read a label: `system` is the kind of numeral, `shape` the signs around it.

    `values` has one entry, or one for each part of a decimal number (`1.1.2`).
    """

    system: str
    values: tuple[int, ...]
    shape: str


class Label(NamedTuple):
    """A printed label, and how it may be read."""

    text: str
    readings: tuple[Reading, ...]
    follower: str
    """What stands after the label on the line."""

    @property
    def names_part(self) -> bool:
        """Whether it says what it numbers: `Section 3`, `Attachment A`, `第三条`."""
        return self.readings[0].system in WORD_SYSTEMS


_ROMAN = {counted(value, "lowerRoman"): value for value in range(1, 60)}
_CJK_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_CJK = "[零〇一二两三四五六七八九十百]"
_PART_WORDS = "section|article|clause|part|chapter|title|artikel|abschnitt|artículo|sección"
_SUPPLEMENT_WORDS = "attachment|appendix|exhibit|schedule|annex|addendum"
SUPPLEMENT_SYSTEMS = frozenset(_SUPPLEMENT_WORDS.split("|"))
WORD_SYSTEMS = frozenset(_PART_WORDS.split("|")) | SUPPLEMENT_SYSTEMS | {"§", "§§", *"条章节節部编編條"}
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
_INNER_MARKS = re.compile(r"^((?:[A-Za-z]{4,10} |[(（])?[\w.]{0,8})[*_]{1,3}(?=[\w.:)）])")
"""Emphasis that begins or ends inside a label: `3**.`, `(**a**)`, `2.**1**`."""
_OPENING_MARKS = re.compile(r"(?:\*{1,3}|_{1,3}|<[A-Za-z][^<>]{0,120}>|</a>|[ \t])+")


def read_label(content: str) -> Label | None:
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


def _unmarked_label(content: str) -> Label | None:
    first = content[0]
    if first > "\u2e7f" or first in "（(":
        return _cjk_label(content) or _number_label(content)
    label = _word_label(content) if first.isalpha() or first == "§" else None
    return label or _number_label(content)


def _word_label(line: str) -> Label | None:
    match = _WORD_LABEL.match(line) or _SIGN_LABEL.match(line)
    if match is None:
        return _bare_supplement(line)
    follower = line[match.end() :].lstrip()
    words_go_on = follower[:1].islower() or follower[:1] in {",", ";"}
    if words_go_on or (not line[0].isupper() and line[0] != "§"):
        return None
    word, numeral = match["word"].lower(), match["numeral"]
    found = _numeral_readings(numeral, "") if "." not in numeral else (_decimal_reading(numeral, ""),)
    readings = tuple(Reading(word, reading.values, reading.system) for reading in found)
    return Label(match[0].rstrip(".:"), readings, follower)


def _bare_supplement(line: str) -> Label | None:
    match = _BARE_SUPPLEMENT.match(line)
    if match is None or not line[0].isupper() or len(line) > 100:
        return None
    return Label(match[0], (Reading(match["word"].lower(), (1,), ""),), line[match.end() :])


def _cjk_label(line: str) -> Label | None:
    match = _CJK_LABEL.match(line)
    if match is None:
        return None
    numeral = match["ordinal"] or match["plain"] or match["bracketed"]
    system, shape = (match["unit"], "") if match["unit"] else ("一", "()" if match["bracketed"] else "、")
    return Label(match[0], (Reading(system, (_cjk_value(numeral),), shape),), line[match.end() :])


def _number_label(line: str) -> Label | None:
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


def _label_of(match: re.Match[str], shape: str, line: str) -> Label | None:
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
    return Label(match[0].replace("\\", ""), readings, after.lstrip())


def _may_follow(match: re.Match[str], shape: str, after: str) -> bool:
    """Whether what stands behind the label leaves it a label: `e.g.`, `3.5%` and `(c) 2023` do not."""
    if not after or after[0] in " \t\u00a0\u3000":
        return not re.match(r"\s*(?:\d{4}\b|\(c\)|©)", after[:12], re.IGNORECASE) or match[0] not in {"(c)", "(C)"}
    if after[0] in "\"“”'‘’*_<[(（【「《":
        return True
    if not match[0][0].isdigit() and shape not in {"()", ")"}:
        return False
    return after[0].isupper() or after[0] > "\u2e7f" or (shape == "()" and after[0].isalpha())


def _cjk_value(numeral: str) -> int:
    if numeral.isdigit():
        return int(numeral)
    tens, ten, ones = numeral.rpartition("十")
    if not ten:
        return _CJK_DIGITS.get(numeral[-1], 0)
    return _CJK_DIGITS.get(tens[-1:], 1) * 10 + (_CJK_DIGITS.get(ones[-1], 0) if ones else 0)


def _numeral_readings(numeral: str, shape: str) -> tuple[Reading, ...]:
    """What a single numeral may stand for: a number, a letter, a Roman number, or the last two."""
    if numeral.isdigit():
        return (Reading("1", (int(numeral),), shape),)
    readings = []
    folded = numeral.lower()
    if numeral not in (folded, numeral.upper()):
        return ()
    if len(folded) == 1 or folded[0] == folded[-1]:
        value = ord(folded[0]) - 96 + 26 * (len(folded) - 1)
        if len(folded) < 3 and folded[0].isascii() and folded[0].isalpha():
            readings.append(Reading("a" if numeral == folded else "A", (value,), shape))
    if folded in _ROMAN:
        readings.append(Reading("i" if numeral == folded else "I", (_ROMAN[folded],), shape))
    return tuple(readings)


def _decimal_reading(number: str, shape: str) -> Reading:
    values = [int(part) if part.isdigit() else ord(part[-1].lower()) - 96 for part in number.split(".")]
    if len(values) == 2 and values[1] == 0 and values[0]:
        values.pop()  # "3.0" is the third section in texts whose clauses are 3.1, 3.2
    return Reading("1", tuple(values), shape)


def _letter_decimal_readings(number: str) -> tuple[Reading, ...]:
    head, _, rest = number.partition(".")
    tail = tuple(int(part) for part in rest.split("."))
    return tuple(Reading(f"{reading.system}1", (*reading.values, *tail), "") for reading in _numeral_readings(head, ""))


def same_kind(known: Reading | None, reading: Reading) -> bool:
    """Whether two numbers are of one system, with as many parts."""
    return known is not None and known.system == reading.system and len(known.values) == len(reading.values)


def is_prefix(outer: Reading, inner: Reading) -> bool:
    """Whether the inner number repeats the outer one: `3.1` under `3.`, `Section 3` or `III.`."""
    if inner.values[:-1] not in (outer.values, (*outer.values, 0)) or outer.system in SUPPLEMENT_SYSTEMS:
        return False
    if inner.system == "1":
        return outer.system in WORD_SYSTEMS or outer.system in {"1", "I", "一"}
    return inner.system.startswith(outer.system)


def follows(label: Label, found: Label) -> bool:
    """Whether a label is the next one after another, in the same look."""
    return any(
        new.system == old.system and new.shape == old.shape and new.values == (*old.values[:-1], old.values[-1] + 1)
        for old in label.readings
        for new in found.readings
    )
