"""ISO weeks in a company's time zone: they start on Monday at midnight there, whatever the clocks do. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bot.digest.errors import DigestError

_WRITTEN = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
_SEVEN_DAYS = timedelta(days=7)


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week of ISO 8601: the first of a year is the one with its first Thursday; weeks compare in time."""

    year: int
    number: int

    def __post_init__(self) -> None:
        try:
            date.fromisocalendar(self.year, self.number, 7)
        except ValueError:
            raise DigestError(f"{self} is no ISO week: the year {self.year} has none of that number.") from None

    def __str__(self) -> str:
        return f"{self.year:04}-W{self.number:02}"

    @classmethod
    def parse(cls, text: str) -> Week:
        """Read `2026-W47`; raises `DigestError`."""
        found = _WRITTEN.fullmatch(text.strip().upper())
        if not found:
            raise DigestError(f"{text!r} is no ISO week; write one as 2026-W47.")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def holding(cls, day: date) -> Week:
        """Return the week that a day belongs to."""
        year, number, _ = day.isocalendar()
        return cls(year, number)

    @classmethod
    def of(cls, instant: datetime, zone: tzinfo) -> Week:
        """Return the week that runs in `zone` at an aware instant."""
        return cls.holding(local_day(instant, zone))

    @classmethod
    def last_finished(cls, now: datetime, zone: tzinfo) -> Week:
        """Return the newest week that is over in `zone`."""
        return cls.of(now, zone).previous

    @property
    def monday(self) -> date:
        """Its first day."""
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def days(self) -> tuple[date, ...]:
        """Its seven days, from Monday."""
        return tuple(self.monday + timedelta(days=n) for n in range(7))

    @property
    def previous(self) -> Week:
        """The week before."""
        return Week.holding(self.monday - _SEVEN_DAYS)

    @property
    def next(self) -> Week:
        """The week after."""
        return Week.holding(self.monday + _SEVEN_DAYS)

    def bounds(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Return from when (included) to when (excluded) it runs in `zone`.

        Both are in UTC, so that their difference is real time: 167 or 169 hours where the clocks are changed.
        """
        return _midnight(self.monday, zone), _midnight(self.monday + _SEVEN_DAYS, zone)


def weeks_finished(after: datetime, until: datetime, zone: tzinfo) -> Iterator[Week]:
    """Yield the weeks that ended in `zone` later than `after` and not later than `until`, oldest first.

    With the moment of the last digest and now, these are the weeks that still want one.
    """
    week = Week.of(after, zone)
    while week.bounds(zone)[1] <= until:
        yield week
        week = week.next


def local_day(instant: datetime, zone: tzinfo) -> date:
    """Return the day that an aware instant falls on in `zone`; raises `ValueError` for a naive one."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone.")
    return instant.astimezone(zone).date()


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
