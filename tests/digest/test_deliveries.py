"""Who sends which digest, on real databases: one winner, nothing lost, nothing of the past."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text

from bot.digest.deliveries import LEASE, MOST_WEEKS, Deliveries, Destination
from bot.digest.week import Week
from knowledge.database import open_database
from tests.conftest import clean_environment

ZONE = ZoneInfo("Europe/Berlin")
WEEK = Week(2026, 46)
MONDAY = datetime(2026, 11, 16, 8, tzinfo=ZONE)
"""On which the digest of that week is due."""
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
SLACK, MAIL = Destination.SLACK, Destination.MAIL


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """A new database."""
    opened = open_database(url)
    yield opened
    opened.dispose()


@pytest.fixture
def deliveries(engine: Engine) -> Deliveries:
    """Its deliveries."""
    return Deliveries(engine)


def weeks(deliveries: Deliveries, now: datetime, place: Destination = SLACK, begins: datetime | None = LONG_AGO) -> str:
    """The weeks that are due, in order."""
    return " ".join(str(due.week) for due in deliveries.due(place, now, ZONE, begins))


def without_table(engine: Engine) -> Engine:
    """The database as a version before digests left it."""
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE digest_delivery"))
    return engine


def deliver(deliveries: Deliveries, *weeks: Week, place: Destination = SLACK, now: datetime = MONDAY) -> None:
    """Send digests."""
    for week in weeks:
        assert deliveries.claim(week, place, now)
        deliveries.delivered(week, place, now)


# -- one winner --------------------------------------------------------------------------------------------------------


def test_of_many_threads_one_wins(engine: Engine) -> None:
    """Also where the table is not there yet, and where a dead process's claim is taken over."""
    start = Barrier(12)
    without_table(engine)

    def claims(now: datetime) -> bool:
        start.wait()
        return Deliveries(engine).claim(WEEK, SLACK, now)

    with ThreadPoolExecutor(12) as threads:
        first = list(threads.map(claims, [MONDAY] * 12))
        later = list(threads.map(claims, [MONDAY + LEASE + timedelta(seconds=1)] * 12))

    assert sum(first) == 1
    assert sum(later) == 1


_CLAIMING = """
import sys
from datetime import datetime
from bot.digest.deliveries import Deliveries, Destination
from bot.digest.week import Week
from knowledge.database import open_database
url, now = sys.argv[1:]
engine = open_database(url)
print("ready", flush=True)
sys.stdin.readline()
deliveries = Deliveries(engine)
weeks = [Week(2026, number) for number in range(1, 41)]
print(*[week for week in weeks if deliveries.claim(week, Destination.SLACK, datetime.fromisoformat(now))])
"""


def test_of_several_processes_one_wins(engine: Engine, url: str, tmp_path: Path) -> None:
    """Three go through the same forty weeks: each week has one of them, and none fails over the missing table."""
    command = [sys.executable, "-c", _CLAIMING, url, MONDAY.isoformat()]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, env=clean_environment(tmp_path), **pipes) for _ in range(3)]
    for process in running:
        assert process.stdout.readline() == "ready\n"
    without_table(engine)
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    won = [process.communicate(timeout=60)[0].split() for process in running]

    assert [process.returncode for process in running] == [0, 0, 0]
    assert sorted(week for mine in won for week in mine) == [f"2026-W{number:02}" for number in range(1, 41)]


def test_a_dead_process_is_waited_for(deliveries: Deliveries) -> None:
    """Its claim holds to the last moment of the lease; then it is taken over, and that is a lease of its own."""
    after = MONDAY + LEASE + timedelta(microseconds=1)

    assert deliveries.claim(WEEK, SLACK, MONDAY)
    assert not deliveries.claim(WEEK, SLACK, MONDAY + LEASE)
    assert deliveries.claim(WEEK, SLACK, after)
    assert not deliveries.claim(WEEK, SLACK, after + LEASE)


def test_what_was_delivered_is_never_taken_over(deliveries: Deliveries) -> None:
    """A year later neither; the other place is another matter."""
    deliver(deliveries, WEEK)

    assert deliveries.is_delivered(WEEK, SLACK)
    assert not deliveries.claim(WEEK, SLACK, MONDAY + timedelta(days=365))
    assert not deliveries.is_delivered(WEEK, MAIL)
    assert deliveries.claim(WEEK, MAIL, MONDAY)
    assert not deliveries.is_delivered(WEEK, MAIL)


def test_who_fails_lets_the_next_one_try(deliveries: Deliveries) -> None:
    """At once."""
    assert deliveries.claim(WEEK, SLACK, MONDAY)
    deliveries.let_go(WEEK, SLACK)

    assert deliveries.claim(WEEK, SLACK, MONDAY)
    assert not deliveries.claim(WEEK, SLACK, MONDAY)


# -- what is due -------------------------------------------------------------------------------------------------------


def test_nothing_is_due_before_monday_at_eight(deliveries: Deliveries) -> None:
    """In the company's zone; before that the last one is still the week before's."""
    early = MONDAY - timedelta(microseconds=1)

    assert weeks(deliveries, early) == "2026-W45"
    assert weeks(deliveries, MONDAY) == "2026-W46"
    assert weeks(deliveries, MONDAY.astimezone(UTC)) == "2026-W46"
    deliver(deliveries, WEEK.previous)
    assert weeks(deliveries, early) == ""
    assert weeks(deliveries, MONDAY) == "2026-W46"


@pytest.mark.parametrize("monday", [datetime(2026, 3, 30, 8, tzinfo=ZONE), datetime(2026, 10, 26, 8, tzinfo=ZONE)])
def test_the_clock_on_the_wall_counts(deliveries: Deliveries, monday: datetime) -> None:
    """Also on the Monday after the clocks were changed."""
    week = Week.holding(monday.date()).previous
    deliver(deliveries, week.previous)

    assert weeks(deliveries, monday.astimezone(UTC) - timedelta(microseconds=1)) == ""
    assert weeks(deliveries, monday.astimezone(UTC)) == str(week)


def test_a_fresh_install_owes_nothing_of_the_past(deliveries: Deliveries) -> None:
    """The first digest is of the first week that the record reaches into; a long record gives the last one only."""
    end = WEEK.bounds(ZONE)[1]

    assert weeks(deliveries, MONDAY, begins=None) == ""
    assert weeks(deliveries, MONDAY, begins=end) == ""
    assert weeks(deliveries, MONDAY, begins=end - timedelta(microseconds=1)) == "2026-W46"
    assert weeks(deliveries, MONDAY, begins=LONG_AGO) == "2026-W46"


def test_missed_weeks_are_caught_up_in_order(deliveries: Deliveries) -> None:
    """Three of them, over the end of a year; what was sent meanwhile is not due."""
    deliver(deliveries, Week(2026, 51))
    now = datetime(2027, 1, 11, 8, tzinfo=ZONE)

    assert weeks(deliveries, now) == "2026-W52 2026-W53 2027-W01"
    deliver(deliveries, Week(2026, 52))
    assert weeks(deliveries, now) == "2026-W53 2027-W01"


def test_a_long_absence_is_not_made_up_for_in_full(deliveries: Deliveries) -> None:
    """The newest twelve."""
    deliver(deliveries, Week(2026, 20))

    found = weeks(deliveries, MONDAY).split()
    assert len(found) == MOST_WEEKS == 12
    assert (found[0], found[-1]) == ("2026-W35", "2026-W46")


def test_places_are_apart(deliveries: Deliveries) -> None:
    """What the channel has the mailbox may want, and one that is new begins with the last week."""
    deliver(deliveries, Week(2026, 43))
    deliver(deliveries, Week(2026, 45), place=MAIL)

    assert weeks(deliveries, MONDAY, SLACK) == "2026-W44 2026-W45 2026-W46"
    assert weeks(deliveries, MONDAY, MAIL) == "2026-W46"


def test_a_failed_try_is_due_again(deliveries: Deliveries) -> None:
    """Also when newer ones came through since, and when nothing ever did."""
    deliveries.claim(WEEK, MAIL, MONDAY)
    deliveries.let_go(WEEK, MAIL)
    deliver(deliveries, WEEK.previous)
    deliveries.claim(WEEK, SLACK, MONDAY)
    deliveries.let_go(WEEK, SLACK)
    deliver(deliveries, WEEK.next)
    later = MONDAY + timedelta(days=7)

    assert weeks(deliveries, later, SLACK) == "2026-W46"
    assert weeks(deliveries, later, MAIL) == "2026-W46 2026-W47"


def test_an_old_week_sent_by_hand_owes_nothing_between(deliveries: Deliveries) -> None:
    """`--post --week` for a week before the first digest: the weeks until then are not sent after it."""
    deliver(deliveries, WEEK)
    deliver(deliveries, Week(2026, 20))

    assert weeks(deliveries, MONDAY) == ""
    assert weeks(deliveries, MONDAY + timedelta(days=7)) == "2026-W47"
