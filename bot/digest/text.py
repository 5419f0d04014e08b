"""Words and figures as every form of the digest shows them. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, tzinfo

from bot.model import Verdict

VERDICT_WORDS = {
    Verdict.ALLOWED: "Allowed",
    Verdict.CONDITIONAL: "On conditions",
    Verdict.PROHIBITED: "Not allowed",
    Verdict.NEEDS_REVIEW: "Legal review",
    Verdict.UNKNOWN: "Not decided",
}
"""Short enough for a label, in the order in which they are shown."""

_INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
_KEPT = frozenset("\u200c\u200d")
"""Joiners that Indic scripts, Persian and emoji need."""
_MINUS = "\u2212"
_NARROW_SPACE = "\u202f"


def one_line(text: str, limit: int) -> str:
    """Return text on one line, without what is not seen (changes of direction, too), cut at `limit` characters."""
    said = " ".join(text.split())
    if not said.isprintable():
        said = "".join(c for c in said if c in _KEPT or unicodedata.category(c) not in _INVISIBLE)
    if len(said) <= limit:
        return said
    head = said[: limit - 1]
    at_word, _, rest = head.rpartition(" ")
    return (at_word if at_word and len(rest) < limit // 3 else head).rstrip(" ,;:.") + "…"


def counted(number: int, one: str, several: str = "") -> str:
    """Return `1 question`, `2,400 questions`."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def change(now: float, before: float) -> str:
    """Return how a figure moved against the week before: `+12 (+8 %)`."""
    if now == before:
        return "as the week before"
    if not before:
        return "none the week before"
    share = (now - before) / before
    percent = f"{_signed(round(share * 100))}{_NARROW_SPACE}%"
    return f"{_signed(now - before)} ({percent})"


def _signed(number: float) -> str:
    return f"{_MINUS if number < 0 else '+'}{abs(number):,.0f}"


def duration(ms: float | None) -> str:
    """Return a time that something took: `18 ms`, `1.4 s`, `2.5 min`; `–` for none."""
    if ms is None:
        return "–"
    if ms < 999.5:
        return f"{ms:.0f} ms" if ms >= 9.95 else f"{ms:.1f} ms"
    return f"{ms / 1000:.1f} s" if ms < 59_950 else f"{ms / 60_000:.1f} min"


def day(when: date) -> str:
    """Return `Mon 16 Nov`."""
    return f"{when:%a} {when.day} {when:%b}"


def day_and_year(when: date) -> str:
    """Return `16 November 2026`."""
    return f"{when.day} {when:%B} {when.year}"


def span(days: Sequence[date]) -> str:
    """Return the first and the last day: `16–22 November 2026`, `28 December 2026 – 3 January 2027`."""
    first, last = days[0], days[-1]
    if first.year != last.year:
        return f"{day_and_year(first)} – {day_and_year(last)}"
    if first.month != last.month:
        return f"{first.day} {first:%B} – {day_and_year(last)}"
    return f"{first.day}–{day_and_year(last)}"


def moment(instant: datetime, zone: tzinfo) -> str:
    """Return an instant as a clock on the wall in `zone` shows it: `23 November 2026, 08:00`."""
    local = instant.astimezone(zone)
    return f"{day_and_year(local)}, {local:%H:%M}"


def ago(days: int) -> str:
    """Return how long something waits, in days: `today`, `1 day`, `5 days`."""
    return "today" if days <= 0 else counted(days, "day")


def listed(words: Sequence[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
