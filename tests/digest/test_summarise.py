"""A digest says what the rows say: counts, who waits, what changed, and the few that are shown of many."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digest.errors import DigestError
from bot.digest.model import Digest
from bot.digest.rows import CountedRow, DecisionRow, Material, Rating, Thing
from bot.digest.summary import LONGEST_NAME, LONGEST_QUESTION, MOST, MOST_REVIEWS, MOST_TOUCHED, summarise
from bot.digest.text import change, duration, one_line
from bot.digest.week import Week
from bot.model import Verdict
from tests.digest import invented
from tests.digest.invented import NOW, WEEK, ZONE

ROW = next(invented.decisions())


def made(*decisions: DecisionRow, **more: Any) -> Digest:
    """Return the digest of a few decisions."""
    return summarise(Material(decisions=decisions, **more), WEEK, ZONE, NOW)


def at(text: str) -> datetime:
    """Read a moment in UTC."""
    return datetime.fromisoformat(f"{text}+00:00")


# -- numbers -----------------------------------------------------------------------------------------------------------


def test_the_numbers_are_those_of_the_rows() -> None:
    """Of both weeks, each counted anew here."""
    digest = invented.realistic()
    rows = list(invented.decisions())
    before = list(invented.material().before)

    for numbers, counted in ((digest.numbers, rows), (digest.before, before)):
        assert numbers.questions == len(counted)
        assert numbers.askers == len({row.asker for row in counted})
        assert {v: n for v, n in numbers.verdicts.items() if n} == Counter(row.verdict for row in counted)
        assert numbers.median_ms == pytest.approx(median(row.elapsed_ms for row in counted), rel=0.01)
    assert [sum(day.verdicts.values()) for day in digest.days] == [31, 27, 34, 22, 18, 2, 1]
    assert digest.weeks[-1].questions == len(rows)
    assert [str(week.week) for week in digest.weeks] == [f"2026-W{n}" for n in range(40, 48)]


@given(st.lists(st.integers(0, 999), min_size=1, max_size=30))
def test_the_median_is_the_middle(times: list[int]) -> None:
    """Exactly, for times of three digits."""
    rows = [CountedRow("a", Verdict.ALLOWED, float(ms)) for ms in times]

    assert made(before=rows).before.median_ms == median(times)


def test_days_are_those_of_the_companys_zone() -> None:
    """The last minute of Sunday in UTC is next Monday in Berlin; so is the week's first minute its Sunday in UTC."""
    digest = made(replace(ROW, at=at("2026-11-15T23:30")), replace(ROW, at=at("2026-11-22T22:30")))

    assert [day.verdicts[ROW.verdict] for day in digest.days] == [1, 0, 0, 0, 0, 0, 1]
    assert [str(digest.start), str(digest.end)] == ["2026-11-15 23:00:00+00:00", "2026-11-22 23:00:00+00:00"]


@pytest.mark.parametrize("moment", ["2026-11-15T22:59:59", "2026-11-22T23:00", "2025-11-19T12:00"])
def test_a_decision_of_another_week_is_an_error(moment: str) -> None:
    """Rather than a digest that is quietly wrong."""
    with pytest.raises(DigestError, match=rf"Decision {ROW.id} of .* is not of week 2026-W47"):
        made(replace(ROW, at=at(moment)))


def test_weeks_over_new_year_have_their_trend() -> None:
    """Eight weeks back from the first of a year; those that are missing had no questions."""
    digest = summarise(Material(decisions=(), earlier={Week(2026, 53): 7}), Week(2027, 1), ZONE, NOW)

    assert [(str(w.week), w.questions) for w in digest.weeks[-3:]] == [
        ("2026-W52", 0), ("2026-W53", 7), ("2027-W01", 0)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [(12, 10, "+2 (+20\u202f%)"), (8, 10, "−2 (−20\u202f%)"), (3, 3, "as the week before"),
     (3, 0, "none the week before"), (0, 4, "−4 (−100\u202f%)"), (2400, 1000, "+1,400 (+140\u202f%)")],
)  # fmt: skip
def test_a_change_is_said_in_numbers_and_percent(now: int, before: int, said: str) -> None:
    """With a real minus; without percent where there was nothing."""
    assert change(now, before) == said


@pytest.mark.parametrize(
    ("ms", "said"),
    [(None, "–"), (0.04, "0.0 ms"), (9.94, "9.9 ms"), (9.96, "10 ms"), (999.4, "999 ms"), (999.6, "1.0 s"),
     (59_940, "59.9 s"), (59_960, "1.0 min")],
)  # fmt: skip
def test_a_time_is_said_in_the_unit_that_suits_it(ms: float | None, said: str) -> None:
    """And never as 1,000 of the smaller one."""
    assert duration(ms) == said


# -- what was asked about ----------------------------------------------------------------------------------------------


def test_a_question_counts_once_for_each_thing() -> None:
    """Also where a subject is named twice or two share a licence; a licence that is asked about is one, too."""
    nimbus, chat = Thing("nimbus-7b", "Nimbus 7B"), Thing("nimbus-chat", "Nimbus 7B Chat")
    asked = replace(ROW, subjects=(nimbus, chat, nimbus), licenses=(invented.NIMBUS, invented.NIMBUS))
    digest = made(asked, replace(asked, asker="other", subjects=(invented.NIMBUS, nimbus)))

    assert [(c.name, c.questions, c.askers) for c in digest.models.shown] == [
        ("Nimbus 7B", 2, 2), ("Nimbus 7B Chat", 1, 1)
    ]  # fmt: skip
    assert [(c.id, c.questions, c.askers) for c in digest.licenses.shown] == [("nimbus-1.0", 2, 2)]


def test_new_subjects_are_those_never_asked_about_before() -> None:
    """Whoever knows what was asked before is asked once for each subject."""
    looked_up: list[str] = []

    class Before:
        def __contains__(self, id_: object) -> bool:
            looked_up.append(str(id_))
            return id_ != "squall-code-3b"

    digest = made(*invented.decisions(), asked_before=Before())

    assert [count.name for count in digest.new_subjects.shown] == ["Squall Code 3B"]
    assert sorted(looked_up) == sorted(thing.id for thing in invented.MODELS)


def test_gaps_are_counted_whatever_their_case() -> None:
    """As most people wrote them first, with how often and by how many."""
    rows = [replace(ROW, asker=who, unknown=(name,)) for who, name in (("a", "Föhn 8B"), ("b", "föhn  8b"), ("a", "X"))]
    digest = made(*rows)

    assert [(c.name, c.questions, c.askers) for c in digest.gaps.shown] == [("Föhn 8B", 2, 2), ("X", 1, 1)]


def test_what_is_not_allowed_is_grouped_by_subject_and_rule() -> None:
    """The most frequent first, each with its newest question; the licence's no and the policy's stay apart."""
    subject = (Thing("cirrus-image-2", "Cirrus Image 2"),)
    no = replace(ROW, verdict=Verdict.PROHIBITED, subjects=subject, denied_by=())
    digest = made(
        replace(no, question="newest", at=no.at + timedelta(hours=2), id="newest", asker="x"),
        replace(no, question="older"),
        replace(no, denied_by=("No image models",), question="policy"),
        replace(no, verdict=Verdict.CONDITIONAL, denied_by=(), question="fine"),
    )

    first, second = digest.refused.shown
    assert (first.questions, first.askers, first.latest, first.decision_id) == (2, 2, "newest", "newest")
    assert (second.denied_by, second.latest) == (("No image models",), "policy")
    assert (digest.refused.total, digest.denied, digest.numbers.verdicts[Verdict.PROHIBITED]) == (2, 1, 3)


def test_low_confidence_shows_the_lowest_and_counts_all() -> None:
    """An answer that decides nothing is not low; nor is one at the limit. One question asked often is shown once."""
    low = replace(ROW, verdict=Verdict.ALLOWED)
    rows = [replace(low, confidence=n / 2000, id=f"d{n}", question=f"May we {n}?") for n in reversed(range(1100))]
    rows += [replace(low, confidence=0.0, id="again", question="May we 0?", at=low.at - timedelta(hours=1))]
    undecided = replace(ROW, verdict=Verdict.UNKNOWN, confidence=0.0)
    digest = made(*rows, undecided, low_confidence=0.5)

    assert [low.decision_id for low in digest.low_confidence.shown] == [f"d{n}" for n in range(MOST)]
    assert digest.low_confidence.total == 1001


# -- what legal does ---------------------------------------------------------------------------------------------------


def test_overdue_reviews_come_first() -> None:
    """Then the oldest; a review is overdue after its moment, and never without one."""
    review = invented.REVIEWS[0]
    rows = [
        replace(review, decision_id="young", opened_at=NOW - timedelta(days=1), due_at=None),
        replace(review, decision_id="old", opened_at=NOW - timedelta(days=30), due_at=None),
        replace(review, decision_id="due", opened_at=NOW - timedelta(days=2), due_at=NOW),
        replace(review, decision_id="late", opened_at=NOW, due_at=NOW - timedelta(seconds=1)),
    ]
    digest = made(reviews=iter(rows))

    assert [r.decision_id for r in digest.reviews.shown] == ["late", "old", "due", "young"]
    assert (digest.overdue, digest.reviews.total) == (1, 4)


def test_overdue_reviews_count_also_where_they_are_not_shown() -> None:
    """Of many, some are shown and all are counted."""
    many = [replace(invented.REVIEWS[0], decision_id=f"{n}") for n in range(40)]
    digest = made(reviews=many)

    assert (len(digest.reviews.shown), digest.reviews.more, digest.overdue) == (MOST_REVIEWS, 40 - MOST_REVIEWS, 40)


def test_of_several_thumbs_of_one_person_the_last_counts() -> None:
    """What they chose and wrote meanwhile is kept; another person's thumb is another."""
    down = replace(invented.FEEDBACK[0], decision_id="d", actor="a", rating=Rating.DOWN)
    later = down.at + timedelta(minutes=1)
    digest = made(feedback=[
        replace(down, at=later, reasons=("Wrong clause", "Too long"), text="see 3"),
        down,
        replace(down, actor="b"),
        replace(down, actor="b", at=later, rating=Rating.UP),
        replace(down, decision_id="e", reasons=("Wrong clause",)),
    ])  # fmt: skip

    assert digest.thumbs.counts == {Rating.UP: 1, Rating.DOWN: 2}
    assert digest.thumbs.reasons == (("Wrong clause", 2), ("Too long", 1))
    assert [(t.decision_id, t.by, t.reasons, t.text) for t in digest.thumbs.down.shown] == [
        ("d", "a", ("Wrong clause", "Too long"), "see 3"), ("e", "a", ("Wrong clause",), "")
    ]  # fmt: skip


def test_overrides_come_newest_first() -> None:
    """With both verdicts, who and why."""
    first, second = invented.realistic().overrides.shown

    assert (first.at, second.at) == (max(first.at, second.at), min(first.at, second.at))
    assert (first.by, first.before, first.after) == ("Ruth Meyer", Verdict.PROHIBITED, Verdict.CONDITIONAL)


@pytest.mark.parametrize(
    ("expires", "left"), [(date(2026, 11, 23), 0), (date(2026, 11, 30), 7), (date(2026, 11, 20), -3)]
)
def test_days_left_are_counted_on_the_calendar(expires: date, left: int) -> None:
    """From today in the company's zone."""
    lapsing = made(exceptions=[replace(invented.EXCEPTIONS[0], expires=expires)]).lapsing.shown[0]

    assert lapsing.days_left == left


def test_changed_texts_count_all_decisions_that_they_touch() -> None:
    """Also those that are not shown, and those of changes that are not shown."""
    changes = list(invented._changes())[:1] * 3 * MOST
    digest = made(changes=[replace(one, touched=list(invented.touched(14))) for one in changes])

    assert (digest.changes.total, digest.touched) == (3 * MOST, 42 * MOST)
    assert {(len(c.touched.shown), c.touched.total) for c in digest.changes.shown} == {(MOST_TOUCHED, 14)}


# -- what is shown -----------------------------------------------------------------------------------------------------


def test_people_are_named_only_where_they_are_shown() -> None:
    """Erased names are looked up as seldom as possible; counting needs none."""
    named = []

    def name_of(who: str) -> str:
        named.append(who)
        return f"<{who}>"

    low = replace(ROW, confidence=0.1, verdict=Verdict.ALLOWED)
    rows = (replace(low, asker=f"u{n}", question=f"May we {n}?") for n in range(500))
    digest = made(*rows, name_of=name_of)

    assert digest.numbers.askers == 500
    assert len(named) == MOST
    assert {low.asker for low in digest.low_confidence.shown} == {f"<{who}>" for who in named}


def test_texts_from_outside_are_cut_and_bared() -> None:
    """No line ends, no changes of direction, no novels; names of things, too."""
    row = replace(ROW, question="may\nwe\u202e\u0000 " + "x y " * 999, verdict=Verdict.PROHIBITED,
                  subjects=(Thing("a", "name " * 99),), confidence=0.1)  # fmt: skip
    digest = made(row)
    shown = (digest.low_confidence.shown[0].question, digest.refused.shown[0].latest)

    assert shown[0] == shown[1]
    assert shown[0].startswith("may we x y x")
    assert shown[0].endswith("…")
    assert len(shown[0]) <= LONGEST_QUESTION
    assert len(digest.models.shown[0].name) <= LONGEST_NAME


@given(st.text(), st.integers(1, 40))
def test_a_line_is_never_longer_than_it_may_be(text: str, limit: int) -> None:
    """And what fits is kept, but for white space and what is not seen."""
    line = one_line(text, limit)

    assert len(line) <= limit
    assert "\n" not in line
    if text.isascii() and text.isprintable() and len(text) <= limit:
        assert line == " ".join(text.split())


def test_an_empty_week_is_one_with_zeros() -> None:
    """Nothing is missing from it but the median."""
    digest = invented.quiet()

    assert digest.is_empty
    assert digest.numbers.median_ms is None
    assert set(digest.numbers.verdicts.values()) == {0}
    assert len(digest.days) == 7
    assert digest.reviews.total == 1
    assert digest.integrity is not None


def test_the_json_has_everything() -> None:
    """In plain types, under the names of the fields; verdicts, weeks and moments as texts."""
    digest = invented.realistic()
    read = json.loads(json.dumps(digest.to_json()))

    assert set(read) == set(digest.__dataclass_fields__)
    assert read == digest.to_json()
    assert (read["week"], read["zone"], read["made_at"]) == ("2026-W47", "Europe/Berlin", "2026-11-23T07:00:00+00:00")
    assert read["numbers"]["verdicts"] == {
        "allowed": 24, "conditional": 55, "prohibited": 18, "needs_review": 21, "unknown": 17
    }  # fmt: skip
    assert read["weeks"][-1] == {"week": "2026-W47", "questions": 135}
    assert read["overrides"]["shown"][0]["expires"] == "2027-03-31"
    assert read["reviews"]["total"] == 4
    assert read["integrity"]["head"] == invented.HEAD


# -- large weeks -------------------------------------------------------------------------------------------------------


def many(count: int) -> Iterator[DecisionRow]:
    """Yield decisions without keeping them."""
    start = datetime(2026, 11, 16, tzinfo=UTC)
    verdicts, things = list(Verdict), list(invented.MODELS)
    for n in range(count):
        thing = things[n % len(things)]
        yield DecisionRow(
            f"{n:016x}", start + timedelta(seconds=n), f"u{n % 300}", "c", f"May we do {n}?", verdicts[n % 5],
            n % 97 / 97, n % 1009 / 10, (thing,), (invented.MODELS[thing],), (f"unknown {n % 50}",),
        )  # fmt: skip


def test_twenty_thousand_decisions_take_well_under_three_seconds() -> None:
    """With as many in the week before."""
    rows, before = list(many(20_000)), list(many(20_000))
    start = time.perf_counter()
    digest = made(*rows, before=before)

    assert time.perf_counter() - start < 2
    assert digest.numbers.questions == digest.before.questions == 20_000


def test_memory_does_not_grow_with_the_rows() -> None:
    """Ten times the rows take hardly more, since none but the shown are kept."""

    def peak(count: int) -> int:
        tracemalloc.start()
        summarise(Material(decisions=many(count)), WEEK, ZONE, NOW)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    assert peak(20_000) < 1.5 * peak(2_000) + 100_000
