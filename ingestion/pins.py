"""Finds the place of a pin in the real text: a clause number and a few words become `text[start:end]`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingestion.errors import IngestionError
from knowledge.models import Clause, Pin

LONGEST_QUOTE = 1500
"""Characters; a longer quote points at nothing (the contract of answers)."""

_SAME = {"'": "['‘’`´]", "’": "['‘’`´]", "‘": "['‘’`´]", '"': '["“”„]', "“": '["“”„]', "”": '["“”„]', "-": "[-‐‑–—]",
         "–": "[-‐‑–—]", "—": "[-‐‑–—]"}  # fmt: skip
WHOLE_CLAUSE = 500
"""Characters; a clause up to this length is quoted whole, so that nobody reads half a sentence out of its context."""
_LONGEST_SENTENCE = 900
_SENTENCE_END = re.compile(r"(?<!\b[A-Z])(?<!\d)[.!?。](?=[\s”\"’)\]*]|$)|\n\s*\n")
_PART_END = re.compile(r"[.;:!?。；：](?=[\s”\"’)\]*]|$)|\n\s*\n")


class PinError(IngestionError):
    """A pin does not stand where it says."""


def resolve(pin: Pin, text: str, clauses: Sequence[Clause]) -> tuple[Clause, int, int]:
    """Return the clause that the pin names and the quote's offsets in `text`.

    Raises `PinError` where the words are absent, stand elsewhere or more than once, or the quote is too long.
    """
    scopes = _scopes(pin.clause, clauses, len(text))
    if not scopes:
        raise PinError(f"There is no clause {pin.clause!r}.")
    found = sorted({span for lo, hi in scopes for span in _occurrences(pin.words, text, lo, hi)})
    if not found:
        raise PinError(f"Clause {pin.clause!r} does not hold the words {pin.words!r}.")
    if len(found) > 1 and not _printed_twice(found, text, clauses):
        raise PinError(f"The words {pin.words!r} stand {len(found)} times in clause {pin.clause!r}; take more of them.")
    start, end = found[0]
    clause = innermost(clauses, start)
    needed = (start, end) if "…" in pin.words else _sentence(text, start, end, clause, _PART_END)
    start, end = _widened(text, start, end, clause, needed=needed)
    if end - start > LONGEST_QUOTE:
        raise PinError(
            f"The words {pin.words!r} make a quote of {end - start} characters; {LONGEST_QUOTE} is the most."
        )
    return clause, start, end


def _printed_twice(found: Sequence[tuple[int, int]], text: str, clauses: Sequence[Clause]) -> bool:
    """Whether all places are one clause that the page prints again, word for word: the first then counts."""
    own = [innermost(clauses, start) for start, _ in found]
    return len({(c.start, c.end) for c in own}) == len(own) and len({text[c.start : c.body_end] for c in own}) == 1


def innermost(clauses: Sequence[Clause], position: int) -> Clause:
    """Return the clause in whose own body the position lies."""
    for clause in clauses:
        if clause.start <= position < clause.body_end:
            return clause
    raise PinError(f"No clause holds position {position}.")


def _scopes(number: str, clauses: Sequence[Clause], length: int) -> list[tuple[int, int]]:
    if not number:
        return [(0, length)]
    wanted = _plain(number)
    return [(c.start, c.end) for c in clauses if _plain(c.number) == wanted]


def _plain(number: str) -> str:
    """`Attachment A (e)` and `attachment a.e` name the same clause."""
    return re.sub(r"[\W_]+", ".", number.casefold()).strip(".")


def _occurrences(words: str, text: str, lo: int, hi: int) -> list[tuple[int, int]]:
    fragments = [f.strip() for f in words.split("…")]
    return [(m.start(), m.end()) for m in _pattern(fragments).finditer(text, lo, hi)]


def _pattern(fragments: list[str]) -> re.Pattern[str]:
    parts = [r"[\s*_>#]+".join("".join(_SAME.get(c, re.escape(c)) for c in w) for w in f.split()) for f in fragments]
    return re.compile(rf".{{0,{LONGEST_QUOTE}}}?".join(parts), re.DOTALL)


def _widened(text: str, start: int, end: int, clause: Clause, *, needed: tuple[int, int]) -> tuple[int, int]:
    """Return the short clause whole, else the whole sentences around the words, else no more than is needed."""
    if end > clause.body_end:  # the words run on into the parts of the clause
        return needed
    whole = _stripped(text, clause.start, clause.body_end, start, end)
    if whole[1] - whole[0] <= WHOLE_CLAUSE:
        return whole
    sentence = _sentence(text, start, end, clause, _SENTENCE_END)
    return sentence if sentence[1] - sentence[0] <= _LONGEST_SENTENCE else needed


def _sentence(text: str, start: int, end: int, clause: Clause, mark: re.Pattern[str]) -> tuple[int, int]:
    begin = clause.start
    for match in mark.finditer(text, clause.start, start):
        begin = match.end()
    stop = mark.search(text, max(start, end - 1), clause.body_end)
    finish = max(stop.end() if stop else clause.body_end, end)
    return _stripped(text, begin, finish, start, end)


def _stripped(text: str, begin: int, finish: int, start: int, end: int) -> tuple[int, int]:
    """Take white space off both ends of `text[begin:finish]`, never below `text[start:end]`."""
    while begin < start and text[begin].isspace():
        begin += 1
    while finish > end and text[finish - 1].isspace():
        finish -= 1
    return begin, finish
