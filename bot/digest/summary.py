"""Makes a digest of rows: one pass over the decisions that keeps counts and the few that are shown. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import nlargest, nsmallest
from zoneinfo import ZoneInfo

from bot.digest.errors import DigestError
from bot.digest.model import (
    Change,
    Count,
    Day,
    Digest,
    Lapsing,
    Listed,
    LowConfidence,
    Numbers,
    Override,
    Refused,
    Review,
    ThumbDown,
    Thumbs,
    Touched,
    WeekCount,
)  # fmt: skip
from bot.digest.rows import (
    ChangeRow,
    Counted,
    DecisionRow,
    ExceptionRow,
    FeedbackRow,
    Material,
    OverrideRow,
    Rating,
    ReviewRow,
    Thing,
    TouchedRow,
)  # fmt: skip
from bot.digest.text import VERDICT_WORDS, one_line
from bot.digest.week import Week, local_day
from bot.model import Verdict

WEEKS = 8
"""As many weeks the trend shows."""
MOST = 5
"""As much of each list is shown: however much happened, ten minutes are enough to read the digest."""
MOST_REVIEWS = 8
MOST_NAMES = 10
"""Of lists of bare names."""
MOST_TOUCHED = 3
"""Past decisions shown for one changed text."""
LONGEST_QUESTION = 120
LONGEST_REASON = 160
LONGEST_NAME = 60

Named = Callable[[str], str]


def summarise(material: Material, week: Week, zone: ZoneInfo, now: datetime) -> Digest:
    """Return the digest of a week; `now` (aware) decides what is overdue or about to lapse.

    Raises `DigestError` for a decision that is not of the week.
    """
    start, end = week.bounds(zone)
    tally, before = _Tally(week, zone, material.low_confidence), _Numbers()
    for row in material.decisions:
        tally.add(row)
    for earlier in material.before:
        before.add(earlier)
    reviews, name_of = list(material.reviews), material.name_of
    changes = [_change(row, name_of) for row in material.changes]
    return Digest(
        week=week,
        zone=zone.key,
        start=start,
        end=end,
        made_at=now.astimezone(UTC),
        numbers=tally.numbers.result(),
        before=before.result(),
        days=tuple(Day(day, _all_verdicts(tally.days[day])) for day in week.days),
        weeks=_weeks(week, material.earlier, tally.numbers.questions),
        reviews=_reviews(reviews, now, name_of),
        overdue=sum(_is_overdue(review, now) for review in reviews),
        refused=tally.refused(),
        denied=tally.denied,
        overrides=_overrides(material.overrides, name_of),
        thumbs=_thumbs(material.feedback, name_of),
        low_confidence=tally.low(name_of),
        changes=Listed.of(changes, MOST),
        touched=sum(change.touched.total for change in changes),
        lapsing=_lapsing(material.exceptions, now, zone, name_of),
        gaps=tally.gaps.most(MOST_NAMES),
        new_subjects=tally.subjects.most(MOST_NAMES, lambda id_: id_ not in material.asked_before),
        models=tally.models.most(MOST_NAMES),
        licenses=tally.licenses.most(MOST_NAMES),
        integrity=material.integrity,
    )


# -- counting ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Numbers:
    """Counts a week without keeping its rows."""

    questions: int = 0
    askers: set[str] = field(default_factory=set)
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    times: Counter[float] = field(default_factory=Counter)
    """Answer times to three digits: at most 900 values between one power of ten and the next."""

    def add(self, row: Counted) -> None:
        self.questions += 1
        self.askers.add(row.asker)
        self.verdicts[row.verdict] += 1
        self.times[float(f"{row.elapsed_ms:.3g}")] += 1

    def result(self) -> Numbers:
        return Numbers(self.questions, len(self.askers), _all_verdicts(self.verdicts), _median(self.times))


def _all_verdicts(counts: Mapping[Verdict, int]) -> Mapping[Verdict, int]:
    return {verdict: counts.get(verdict, 0) for verdict in VERDICT_WORDS}


def _median(values: Counter[float]) -> float | None:
    """Return the middle of counted values: of an even number the mean of the two in the middle."""
    total = values.total()
    if not total:
        return None
    passed = 0
    middle: list[float] = []
    for value in sorted(values):
        passed += values[value]
        middle += [value] * ((passed > (total - 1) // 2) + (passed > total // 2) - len(middle))
        if len(middle) == 2:
            break
    return sum(middle) / 2


@dataclass(slots=True)
class _Asked:
    """How often and by whom one thing was asked about."""

    thing: Thing
    questions: int = 0
    askers: set[str] = field(default_factory=set)

    def count(self) -> Count:
        name, kind = one_line(self.thing.name, LONGEST_NAME), self.thing.kind
        return Count(self.thing.id, name, kind, self.questions, len(self.askers))


class _Most:
    """Counts things by id."""

    def __init__(self) -> None:
        self._asked: dict[str, _Asked] = {}

    def add(self, things: Iterable[Thing], asker: str) -> None:
        """Count each thing of one question once."""
        for thing in {thing.id: thing for thing in things}.values():
            asked = self._asked.setdefault(thing.id, _Asked(thing))
            asked.questions += 1
            asked.askers.add(asker)

    def most(self, limit: int, wanted: Callable[[str], bool] = lambda _id: True) -> Listed[Count]:
        """Return the most frequent first, then by name."""
        found = [asked for id_, asked in self._asked.items() if wanted(id_)]
        found.sort(key=lambda asked: (-asked.questions, asked.thing.name.casefold(), asked.thing.id))
        return Listed(tuple(asked.count() for asked in found[:limit]), len(found))


@dataclass(slots=True)
class _Barred:
    """Questions about the same subjects that the same rules bar, and the newest of them."""

    latest: DecisionRow
    questions: int = 0
    askers: set[str] = field(default_factory=set)

    def add(self, row: DecisionRow) -> None:
        self.questions += 1
        self.askers.add(row.asker)
        if row.at >= self.latest.at:
            self.latest = row

    def shown(self) -> Refused:
        row = self.latest
        return Refused(
            tuple(one_line(thing.name, LONGEST_NAME) for thing in row.subjects),
            tuple(one_line(title, LONGEST_NAME) for title in row.denied_by),
            self.questions,
            len(self.askers),
            one_line(row.question, LONGEST_QUESTION),
            row.id,
        )


class _Tally:
    """Everything that is counted of the decisions of a week."""

    def __init__(self, week: Week, zone: ZoneInfo, low_confidence: float) -> None:
        self.numbers, self.denied = _Numbers(), 0
        self.subjects, self.models, self.licenses, self.gaps = _Most(), _Most(), _Most(), _Most()
        self.days: dict[object, Counter[Verdict]] = {day: Counter() for day in week.days}
        self._week, self._zone, self._least = week, zone, low_confidence
        self._barred: dict[tuple[object, ...], _Barred] = {}
        self._low: list[DecisionRow] = []
        self._low_total = 0

    def add(self, row: DecisionRow) -> None:
        day = self.days.get(local_day(row.at, self._zone))
        if day is None:
            raise DigestError(f"Decision {row.id} of {row.at.isoformat()} is not of week {self._week}.")
        day[row.verdict] += 1
        self.numbers.add(row)
        self.subjects.add(row.subjects, row.asker)
        self.models.add((thing for thing in row.subjects if thing.kind != "license"), row.asker)
        self.licenses.add((*row.licenses, *(t for t in row.subjects if t.kind == "license")), row.asker)
        self.gaps.add(map(_gap, row.unknown), row.asker)
        self._add_barred(row)
        self._add_low(row)

    def _add_barred(self, row: DecisionRow) -> None:
        self.denied += bool(row.denied_by)
        if row.verdict is Verdict.PROHIBITED or row.denied_by:
            key = (frozenset(thing.id for thing in row.subjects), frozenset(row.denied_by))
            self._barred.setdefault(key, _Barred(row)).add(row)

    def _add_low(self, row: DecisionRow) -> None:
        if row.verdict is Verdict.UNKNOWN or row.confidence >= self._least:
            return
        self._low_total += 1
        self._low.append(row)
        if len(self._low) > 100 * MOST:
            self._low = self._lowest()

    def _lowest(self) -> list[DecisionRow]:
        """Return the lowest, of one question asked again and again the newest."""
        newest = {row.question: row for row in sorted(self._low, key=lambda row: row.at)}
        return nsmallest(MOST, newest.values(), key=lambda row: (row.confidence, row.at))

    def refused(self) -> Listed[Refused]:
        found = nlargest(MOST, self._barred.values(), key=lambda barred: (barred.questions, barred.latest.at))
        return Listed(tuple(barred.shown() for barred in found), len(self._barred))

    def low(self, name_of: Named) -> Listed[LowConfidence]:
        return Listed(
            tuple(
                LowConfidence(row.id, row.at, _name(name_of, row.asker), one_line(row.question, LONGEST_QUESTION),
                              row.verdict, row.confidence)
                for row in self._lowest()
            ),
            self._low_total,
        )  # fmt: skip


def _gap(name: str) -> Thing:
    shown = one_line(name, LONGEST_NAME)
    return Thing(shown.casefold(), shown, "unknown")


def _name(name_of: Named, who: str) -> str:
    return one_line(name_of(who), LONGEST_NAME)


def _weeks(week: Week, earlier: Mapping[Week, int], questions: int) -> tuple[WeekCount, ...]:
    found = [WeekCount(week, questions)]
    while len(found) < WEEKS:
        week = week.previous
        found.append(WeekCount(week, earlier.get(week, 0)))
    return tuple(reversed(found))


# -- lists -------------------------------------------------------------------------------------------------------------


def _is_overdue(row: ReviewRow, now: datetime) -> bool:
    return row.due_at is not None and row.due_at < now


def _reviews(rows: Iterable[ReviewRow], now: datetime, name_of: Named) -> Listed[Review]:
    ordered = sorted(rows, key=lambda row: (not _is_overdue(row, now), row.opened_at, row.decision_id))
    shown = (
        Review(row.decision_id, one_line(row.question, LONGEST_QUESTION), _name(name_of, row.asker), row.verdict,
               row.opened_at, one_line(row.why, LONGEST_REASON), row.due_at, _is_overdue(row, now), row.url)
        for row in ordered[:MOST_REVIEWS]
    )  # fmt: skip
    return Listed(tuple(shown), len(ordered))


def _overrides(rows: Iterable[OverrideRow], name_of: Named) -> Listed[Override]:
    ordered = sorted(rows, key=lambda row: row.at, reverse=True)
    shown = (
        Override(row.decision_id, row.at, _name(name_of, row.by), one_line(row.question, LONGEST_QUESTION), row.before,
                 row.after, one_line(row.reason, LONGEST_REASON), row.expires)
        for row in ordered[:MOST]
    )  # fmt: skip
    return Listed(tuple(shown), len(ordered))


def _thumbs(rows: Iterable[FeedbackRow], name_of: Named) -> Thumbs:
    said: dict[tuple[str, str], list[FeedbackRow]] = {}
    for row in sorted(rows, key=lambda row: row.at):
        said.setdefault((row.decision_id, row.actor), []).append(row)
    downs = [rows for rows in said.values() if rows[-1].rating is Rating.DOWN]
    downs.sort(key=lambda rows: (any(row.text or row.reasons for row in rows), rows[-1].at), reverse=True)
    reasons = Counter(reason for rows in downs for reason in _reasons(rows))
    shown = tuple(_thumb_down(rows, name_of) for rows in downs[:MOST])
    counts = {Rating.UP: len(said) - len(downs), Rating.DOWN: len(downs)}
    return Thumbs(counts, tuple(reasons.most_common(MOST)), Listed(shown, len(downs)))


def _thumb_down(rows: list[FeedbackRow], name_of: Named) -> ThumbDown:
    last = rows[-1]
    text = next((row.text for row in reversed(rows) if row.text.strip()), "")
    return ThumbDown(
        last.decision_id, last.at, _name(name_of, last.actor), one_line(last.question, LONGEST_QUESTION), last.verdict,
        _reasons(rows), one_line(text, LONGEST_REASON),
    )  # fmt: skip


def _reasons(rows: Iterable[FeedbackRow]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one_line(reason, LONGEST_NAME) for row in rows for reason in row.reasons))


def _lapsing(rows: Iterable[ExceptionRow], now: datetime, zone: ZoneInfo, name_of: Named) -> Listed[Lapsing]:
    today = local_day(now, zone)
    ordered = sorted(rows, key=lambda row: (row.expires, row.name))
    shown = (
        Lapsing(one_line(row.name, LONGEST_NAME), one_line(row.scope, LONGEST_REASON), _name(name_of, row.owner),
                row.expires, (row.expires - today) // timedelta(days=1))
        for row in ordered[:MOST]
    )  # fmt: skip
    return Listed(tuple(shown), len(ordered))


def _change(row: ChangeRow, name_of: Named) -> Change:
    return Change(
        row.license.id, one_line(row.license.name, LONGEST_NAME), one_line(row.document, LONGEST_NAME), row.at, row.url,
        row.sha256_before, row.sha256_after, _touched(row, name_of),
    )  # fmt: skip


def _touched(row: ChangeRow, name_of: Named) -> Listed[Touched]:
    kept = Listed.of(row.touched, MOST_TOUCHED)
    total = kept.total if row.touched_in_all is None else row.touched_in_all
    return Listed(tuple(_shown_touched(kept.shown, name_of)), total)


def _shown_touched(rows: Iterable[TouchedRow], name_of: Named) -> Iterator[Touched]:
    for row in rows:
        asker, question = _name(name_of, row.asker), one_line(row.question, LONGEST_QUESTION)
        yield Touched(row.decision_id, row.at, asker, question, row.verdict)
