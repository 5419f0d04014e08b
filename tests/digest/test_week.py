"""Weeks begin on Monday at midnight in the company's time zone, at the ends of years and where clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digest.errors import DigestError
from bot.digest.text import span
from bot.digest.week import Week, weeks_finished

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "America/Santiago", "Asia/Kolkata", "Africa/Cairo",
         "Pacific/Kiritimati", "Pacific/Apia", "Australia/Lord_Howe", "Asia/Beirut", "America/Havana",
         "Atlantic/Azores")  # fmt: skip
INSTANTS = st.datetimes(datetime(1995, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("text", ["2026-W47", "2026-w47", " 2026-W47\n"])
def test_a_week_is_read_as_iso_8601_writes_it(text: str) -> None:
    """Also in lower case."""
    assert Week.parse(text) == Week(2026, 47)
    assert str(Week.parse(text)) == "2026-W47"


@pytest.mark.parametrize("text", ["", "2026-47", "2026W47", "2026-W7", "2026-W00", "2026-W54", "2025-W53", "0000-W01",
                                  "٢٠٢٦-W47", "2026-W47-1", "26-W47"])  # fmt: skip
def test_what_is_no_week_is_refused(text: str) -> None:
    """The sentence says what was written, or why there is none."""
    with pytest.raises(DigestError, match="is no ISO week"):
        Week.parse(text)


@pytest.mark.parametrize(
    ("day", "week"),
    [
        (date(2026, 12, 28), "2026-W53"),
        (date(2027, 1, 1), "2026-W53"),
        (date(2027, 1, 3), "2026-W53"),
        (date(2027, 1, 4), "2027-W01"),
        (date(2024, 12, 30), "2025-W01"),
        (date(2021, 1, 3), "2020-W53"),
        (date(2025, 12, 29), "2026-W01"),
    ],
)
def test_days_around_new_year_belong_to_the_week_with_most_of_the_days(day: date, week: str) -> None:
    """The year of a week is not always the year of its days."""
    assert str(Week.holding(day)) == week


def test_weeks_follow_each_other_over_the_end_of_a_long_year() -> None:
    """2026 has 53 weeks, 2025 has 52; weeks compare in time."""
    last, first = Week(2026, 53), Week(2027, 1)

    assert (last.next, first.previous) == (first, last)
    assert Week(2025, 52).next == Week(2026, 1)
    assert Week(2026, 9) < Week(2026, 47) < last < first
    assert last.days == tuple(date(2026, 12, 28) + timedelta(days=n) for n in range(7))


@pytest.mark.parametrize(
    ("week", "zone", "start", "hours"),
    [
        ("2026-W47", "Europe/Berlin", "2026-11-15T23:00+00:00", 168),
        ("2026-W13", "Europe/Berlin", "2026-03-22T23:00+00:00", 167),
        ("2026-W43", "Europe/Berlin", "2026-10-18T22:00+00:00", 169),
        ("2026-W43", "UTC", "2026-10-19T00:00+00:00", 168),
        ("2026-W10", "America/Los_Angeles", "2026-03-02T08:00+00:00", 167),
        ("2026-W44", "America/Los_Angeles", "2026-10-26T07:00+00:00", 169),
        ("2027-W01", "Pacific/Kiritimati", "2027-01-03T10:00+00:00", 168),
        ("2026-W40", "Australia/Lord_Howe", "2026-09-27T13:30+00:00", 167.5),
        ("2011-W52", "Pacific/Apia", "2011-12-26T10:00+00:00", 144),  # Samoa had no 30th of December that year
    ],
)
def test_a_week_runs_from_midnight_to_midnight(week: str, zone: str, start: str, hours: float) -> None:
    """In real hours, whatever the clocks do in between."""
    bounds = Week.parse(week).bounds(ZoneInfo(zone))

    assert bounds == (datetime.fromisoformat(start), datetime.fromisoformat(start) + hours * HOUR)
    assert bounds[1] - bounds[0] == hours * HOUR


@given(INSTANTS, st.sampled_from(ZONES))
def test_every_instant_is_in_exactly_one_week(instant: datetime, name: str) -> None:
    """The end of one week is the start of the next, in every zone."""
    zone = ZoneInfo(name)
    week = Week.of(instant, zone)
    start, end = week.bounds(zone)

    assert start <= instant < end
    assert week.next.bounds(zone)[0] == end
    assert Week.of(end, zone) == week.next
    assert Week.of(end - timedelta(microseconds=1), zone) == week


def test_the_last_finished_week_depends_on_the_zone() -> None:
    """Sunday evening in Berlin is Monday in Tokyo."""
    now = datetime(2026, 11, 22, 20, tzinfo=UTC)

    assert str(Week.last_finished(now, BERLIN)) == "2026-W46"
    assert str(Week.last_finished(now, ZoneInfo("Asia/Tokyo"))) == "2026-W47"


@pytest.mark.parametrize(
    ("after", "until", "weeks"),
    [
        ("2026-11-23T07:00", "2026-11-29T22:59:59", []),
        ("2026-11-23T07:00", "2026-11-29T23:00", ["2026-W48"]),
        ("2026-11-22T22:59", "2026-11-23T07:00", ["2026-W47"]),
        ("2026-11-22T23:00", "2026-11-23T07:00", []),
        ("2026-12-21T07:00", "2027-01-11T07:00", ["2026-W52", "2026-W53", "2027-W01"]),
        ("2026-10-19T07:00", "2026-10-26T07:00", ["2026-W43"]),
        ("2026-11-23T07:00", "2026-11-01T07:00", []),
    ],
)
def test_the_weeks_that_ended_in_between_want_a_digest(after: str, until: str, weeks: list[str]) -> None:
    """Oldest first; a week ends with the midnight that starts the next."""
    last, now = (datetime.fromisoformat(f"{moment}+00:00") for moment in (after, until))

    assert [str(week) for week in weeks_finished(last, now, BERLIN)] == weeks


def test_a_moment_without_a_zone_is_refused() -> None:
    """It could be anywhere: SQLite gives such moments back."""
    with pytest.raises(ValueError, match="no time zone"):
        Week.of(datetime(2026, 11, 22), BERLIN)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("week", "shown"),
    [
        ("2026-W47", "16–22 November 2026"),
        ("2026-W49", "30 November – 6 December 2026"),
        ("2026-W53", "28 December 2026 – 3 January 2027"),
    ],
)
def test_a_week_is_shown_by_its_days(week: str, shown: str) -> None:
    """Without saying a month or a year twice."""
    assert span(Week.parse(week).days) == shown
