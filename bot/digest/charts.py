"""Draws the charts of the page as SVG: no script, colours by class, and all that they show in words, too. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from math import ceil, floor, log10

from markupsafe import Markup

from bot.digest.model import Count, Day, WeekCount
from bot.digest.text import VERDICT_WORDS, counted, day

WIDTH = 340
HEIGHT = 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 4, 16, 22
"""Room around the bars, for the scale, the numbers above them and the names below."""
_ROW = 34
_LETTER = 6.6
"""Width of an ordinary letter in the charts' text of 12 px; see `_width`."""
_WIDE = 1.75
_NARROW = frozenset("iIjl.,:;'|!()[] ")


def verdicts_by_day(days: Sequence[Day]) -> Markup:
    """Return stacked bars, one for each day; the colours are those of the classes `v-allowed` and so on."""
    totals = [sum(d.verdicts.values()) for d in days]
    said = (f"{day(d.date)}: {_in_words(d, total)}" for d, total in zip(days, totals, strict=True))
    top = _scale_end(max(totals, default=0))
    bars = [_column(top, at, len(days), d, total) for at, (d, total) in enumerate(zip(days, totals, strict=True))]
    return _svg("by-day", "Answers by day and verdict", said, HEIGHT, [_scale(top), *bars])


def _in_words(of: Day, total: int) -> str:
    counts = ", ".join(f"{of.verdicts[v]:,} {word.lower()}" for v, word in VERDICT_WORDS.items() if of.verdicts[v])
    return f"{counted(total, 'question')} ({counts})" if total else "no questions"


def _column(top: int, at: int, of: int, one: Day, total: int) -> Markup:
    parts, base = [], 0
    for verdict in VERDICT_WORDS:
        if count := one.verdicts[verdict]:
            parts.append(_bar(f"v-{verdict.value}", at, of, (base, base + count), top))
            base += count
    return Markup("").join([*parts, _above(total, at, of, top), _below(f"{one.date:%a}", at, of)])


def questions_by_week(weeks: Sequence[WeekCount]) -> Markup:
    """Return one bar a week; the last, of class `now`, is the one that the digest is of."""
    top = _scale_end(max((week.questions for week in weeks), default=0))
    said = (f"{week.week}: {counted(week.questions, 'question')}" for week in weeks)
    last = len(weeks) - 1
    bars = [
        Markup("").join([
            _bar("now" if at == last else "then", at, len(weeks), (0, week.questions), top),
            _above(week.questions, at, len(weeks), top),
            _below(f"W{week.week.number:02}", at, len(weeks)),
        ])
        for at, week in enumerate(weeks)
    ]  # fmt: skip
    return _svg("by-week", f"Questions in the last {counted(len(weeks), 'week')}", said, HEIGHT, [_scale(top), *bars])


def most_asked(id_: str, title: str, counts: Sequence[Count]) -> Markup:
    """Return one bar a name, the name above it, cut where it is too long."""
    most = max((count.questions for count in counts), default=1)
    said = (f"{count.name}: {counted(count.questions, 'question')}" for count in counts)
    rows = [_row(count, at * _ROW, most) for at, count in enumerate(counts)]
    return _svg(id_, title, said, max(len(counts), 1) * _ROW, rows)


def _row(count: Count, y: int, most: int) -> Markup:
    number = f"{count.questions:,}"
    room = WIDTH - (len(number) + 2) * _LETTER
    width = max(2.0, WIDTH * count.questions / most)
    return Markup(
        '<text x="0" y="{y}">{name}</text><text class="number" x="{right}" y="{y}" text-anchor="end">{number}</text>'
        '<rect class="now" x="0" y="{bar}" width="{width:.1f}" height="7" rx="2"/>'
    ).format(y=y + 12, name=fitting(count.name, room), right=WIDTH, number=number, bar=y + 18, width=width)


# -- parts -------------------------------------------------------------------------------------------------------------


def _svg(id_: str, title: str, said: Iterable[str], height: int, parts: Iterable[Markup]) -> Markup:
    """A picture with a title and, for who does not see it, all of its figures."""
    return Markup(
        '<svg role="img" viewBox="0 0 {width} {height}" aria-labelledby="{id}-title {id}-desc">'
        '<title id="{id}-title">{title}</title><desc id="{id}-desc">{said}.</desc>{parts}</svg>'
    ).format(width=WIDTH, height=height, id=id_, title=title, said="; ".join(said), parts=Markup("").join(parts))


def _scale_end(most: int) -> int:
    """Return where a scale of whole numbers ends: 4, or 1, 2 or 5 times a power of ten times a few."""
    if most <= 4:
        return 4
    power = int(10 ** floor(log10(most / 4)))
    step = next(times * power for times in (1, 2, 5, 10) if times * power * 4 >= most)
    return ceil(most / step) * step


def _scale(top: int) -> Markup:
    return Markup("").join(_line(top * part // 2, top) for part in range(3) if top * part % 2 == 0)


def _line(value: int, top: int) -> Markup:
    y = _y(value, top)
    return Markup(
        '<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        '<text class="scale" x="{edge}" y="{text:.1f}" text-anchor="end">{value}</text>'
    ).format(left=_LEFT, right=WIDTH - _RIGHT, y=y, edge=_LEFT - 6, text=y + 4, value=_short(value))


def _short(value: int) -> str:
    """Return a number in at most five letters, below a thousand millions."""
    if value < 1000:
        return str(value)
    return f"{value / 1000:.3g}k" if value < 999_500 else f"{value / 1_000_000:.3g}M"


def _bar(name: str, at: int, of: int, values: tuple[int, int], top: int) -> Markup:
    x, width = _column_at(at, of)
    upper, lower = _y(values[1], top), _y(values[0], top)
    return Markup('<rect class="{name}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>').format(
        name=name, x=x, y=upper, width=width, height=lower - upper
    )


def _above(value: int, at: int, of: int, top: int) -> Markup:
    return _centred("number", _short(value), at, of, _y(value, top) - 4) if value else Markup("")


def _below(text: str, at: int, of: int) -> Markup:
    return _centred("name", text, at, of, HEIGHT - 5)


def _centred(name: str, text: str, at: int, of: int, y: float) -> Markup:
    x, width = _column_at(at, of)
    return Markup('<text class="{name}" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{text}</text>').format(
        name=name, x=x + width / 2, y=y, text=text
    )


def _column_at(at: int, of: int) -> tuple[float, float]:
    """Return the left edge and the width of a column."""
    room = (WIDTH - _LEFT - _RIGHT) / of
    return _LEFT + room * (at + 0.17), room * 0.66


def _y(value: float, top: int) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * value / top


# -- text that fits ----------------------------------------------------------------------------------------------------


def fitting(text: str, room: float) -> str:
    """Return text that is at most `room` wide in the charts' font, cut with `…`; SVG breaks no lines."""
    if sum(map(_width, text)) <= room:
        return text
    return "".join(_head(text, room - _LETTER * _WIDE)).rstrip() + "…"


def _head(text: str, room: float) -> Iterator[str]:
    for letter in text:
        room -= _width(letter)
        if room < 0:
            return
        yield letter


def _width(letter: str) -> float:
    """A guess on the safe side: fonts differ."""
    if letter in _NARROW or unicodedata.combining(letter):
        return _LETTER * 0.7
    wide = letter in "mwMW@%" or unicodedata.east_asian_width(letter) in "WFA" or ord(letter) > 0x2FFF
    return _LETTER * (_WIDE if wide else 1.3 if letter.isupper() else 1.0)
