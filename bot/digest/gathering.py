"""Gathers what a digest is made of: the week of the record, texts that changed, permissions that lapse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import starmap
from types import MappingProxyType
from zoneinfo import ZoneInfo

from bot.audit.anchors import Head
from bot.audit.checking import Checked
from bot.audit.log import AuditLog, EventKind, OpenReview
from bot.audit.weekly import Decision, Happening, Weekly
from bot.digest.rows import (
    ChangeRow,
    CountedRow,
    DecisionRow,
    ExceptionRow,
    FeedbackRow,
    Integrity,
    Material,
    OverrideRow,
    Rating,
    ReviewRow,
    Thing,
    TouchedRow,
)  # fmt: skip
from bot.digest.summary import MOST_TOUCHED, WEEKS, summarise
from bot.digest.week import Week, local_day
from bot.digest.weekly import WeeklyDigest
from bot.model import LOW_CONFIDENCE, Verdict
from bot.policy.lapsing import lapsing
from bot.policy.model import Policy
from knowledge.store import ChangedText, KnowledgeStore

_MOST_REVIEWS = 10_000
_DOCUMENTS = {"license": "licence", "acceptable_use_policy": "acceptable use policy"}
_OPENED_BY = {
    "asked": "asked for",
    "needs_review": "the texts leave it to a lawyer",
    "feedback": "thumb down",
    "low_confidence": "low confidence",
}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the parts of a digest come from."""

    audit: AuditLog
    weekly: Weekly
    store: KnowledgeStore
    policy: Policy | None
    review_days: int
    """After as many days a review is overdue."""

    @property
    def due_after(self) -> timedelta:
        """How long legal has for a review."""
        return timedelta(days=self.review_days)


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that a week's digest is made of; people are named as in the record."""

    material: Material
    week: Week
    zone: ZoneInfo
    now: datetime

    @property
    def people(self) -> frozenset[str]:
        """Who appears in it."""
        held = self.material
        askers = (row.asker for rows in (held.decisions, held.reviews) for row in rows)
        actors = (*(row.by for row in held.overrides), *(row.actor for row in held.feedback))
        return frozenset((*askers, *actors, *(t.asker for c in held.changes for t in c.touched)))

    def made(self, names: Mapping[str, str] = MappingProxyType({})) -> WeeklyDigest:
        """Return the digest; `names` are what readers know people by."""

        def name_of(person: str) -> str:
            return names.get(person, person)

        material = replace(self.material, name_of=name_of)
        digest = summarise(material, self.week, self.zone, self.now)
        return WeeklyDigest(digest, tuple(material.decisions), name_of)


def gathered(
    sources: Sources, week: Week, zone: ZoneInfo, now: datetime, *, integrity: Integrity | None
) -> Gathered:  # fmt: skip
    """Return what the digest of a week is made of. Raises `StoreError`."""
    start, end = week.bounds(zone)
    weekly, names = sources.weekly, _Names(sources.audit.people.names)
    known = _Known(sources.store)
    decisions = tuple(_decision(d, known, names) for d in weekly.decisions(start, end))
    subjects = {thing.id for decision in decisions for thing in decision.subjects}
    earlier = _earlier(week, zone)
    happened = weekly.happenings(start, end, (EventKind.FEEDBACK, EventKind.REVIEW_CLOSED))
    material = Material(
        decisions=decisions,
        before=tuple(CountedRow(p, Verdict(v), ms) for p, v, ms in weekly.numbers(*earlier[week.previous])),
        earlier={earlier_week: weekly.count(*span) for earlier_week, span in earlier.items()},
        reviews=tuple(_reviews(sources.audit.open_reviews(limit=_MOST_REVIEWS), sources.due_after)),
        overrides=tuple(_overrides(happened, names)),
        feedback=tuple(_feedback(happened, names)),
        exceptions=tuple(_lapses(sources.policy, local_day(now, zone))),
        changes=tuple(_change(changed, weekly, names) for changed in sources.store.changed_texts(start, end)),
        integrity=integrity,
        asked_before=weekly.asked_before(start, subjects),
        low_confidence=LOW_CONFIDENCE,
    )
    return Gathered(material, week, zone, now)


def integrity_of(found: Checked, head: Head | None, key: str, now: datetime) -> Integrity:
    """Return what a digest says of the record: what a check found and, where one was given out, the signed anchor."""
    if head is None:
        return Integrity(now, found.rows, found.head, found.fault, checked_from=found.checked_from)
    at = datetime.fromisoformat(head.at)
    return Integrity(at, head.count, head.hash, found.fault, head.signature, key, found.checked_from)


class _Names:
    """Turns pseudonyms into names, asking the record for each once."""

    def __init__(self, read: Callable[[Sequence[str]], dict[str, str]]) -> None:
        def of(pseudonym: str) -> str:
            return read([pseudonym]).get(pseudonym, pseudonym)

        self._of = cache(of)

    def of(self, pseudonym: str) -> str:
        """Return the name behind a pseudonym; the pseudonym itself where it was erased."""
        return self._of(pseudonym)


class _Known:
    """Makes each subject and licence once, however often it was asked about: a week names few, thousands of times."""

    def __init__(self, store: KnowledgeStore) -> None:
        self._store = store
        self.thing, self.license = cache(Thing), cache(self._license)

    def _license(self, key: str) -> Thing:
        try:
            name = self._store.license(key).profile.name
        except KeyError:  # it was known when it was decided
            name = key
        return Thing(key, name, "license")


def _earlier(week: Week, zone: ZoneInfo) -> dict[Week, tuple[datetime, datetime]]:
    """Return the weeks of the trend before a week, each with its span."""
    found = {}
    for _ in range(WEEKS - 1):
        week = week.previous
        found[week] = week.bounds(zone)
    return found


def _decision(decision: Decision, known: _Known, names: _Names) -> DecisionRow:
    head = decision.head
    kinds = head.get("subject_kinds") or ["model"] * len(head["subjects"])
    return DecisionRow(
        decision.id, decision.at, names.of(decision.person), decision.place, decision.question,
        Verdict(decision.verdict), head["confidence"], head["elapsed_ms"],
        subjects=tuple(starmap(known.thing, zip(head["subject_ids"], head["subjects"], kinds, strict=True))),
        licenses=tuple(map(known.license, head["licenses"])),
        unknown=tuple(head.get("unknown_names", ())),
        denied_by=tuple(head.get("denied_by", ())),
    )  # fmt: skip


def _reviews(found: Iterable[OpenReview], due_after: timedelta) -> Iterator[ReviewRow]:
    for review in found:
        line = review.decision
        why = _OPENED_BY.get(review.why, review.why)
        yield ReviewRow(
            line.id, line.question, line.asker, Verdict(line.verdict), review.opened_at, why,
            review.opened_at + due_after,
        )  # fmt: skip


def _overrides(happened: Iterable[Happening], names: _Names) -> Iterator[OverrideRow]:
    for one in happened:
        if one.kind == EventKind.REVIEW_CLOSED and not one.body["approved"]:
            expires = one.body.get("expires")
            yield OverrideRow(
                one.decision_id, one.at, names.of(one.person), one.question, Verdict(one.verdict),
                Verdict(one.body["verdict"]), str(one.body.get("text", "")),
                date.fromisoformat(expires) if expires else None,
            )  # fmt: skip


def _feedback(happened: Iterable[Happening], names: _Names) -> Iterator[FeedbackRow]:
    for one in happened:
        if one.kind == EventKind.FEEDBACK:
            yield FeedbackRow(
                one.decision_id, one.at, names.of(one.person), Rating(one.body["rating"]), one.question,
                Verdict(one.verdict), tuple(one.body.get("reasons", ())), str(one.body.get("text", "")),
            )  # fmt: skip


def _lapses(policy: Policy | None, today: date) -> Iterator[ExceptionRow]:
    for lapse in lapsing(policy, today) if policy else ():
        relief = lapse.relief
        covers = ", ".join([*relief.licences, *relief.subjects, *relief.rules, *relief.scope.products])
        last = relief.period.last
        if last is not None:
            yield ExceptionRow(f"{relief.kind.value} {relief.id}", covers or relief.reference, relief.owner, last)


def _change(changed: ChangedText, weekly: Weekly, names: _Names) -> ChangeRow:
    return ChangeRow(
        Thing(changed.key, changed.title, "license"),
        _DOCUMENTS.get(changed.kind.value, changed.kind.value),
        changed.at,
        changed.source_url or "",
        changed.sha256,
        changed.sha256_after or "",
        tuple(_touched(weekly.resting_on(changed.sha256, MOST_TOUCHED), names)),
        weekly.count_resting_on(changed.sha256),
    )


def _touched(decisions: Iterable[Decision], names: _Names) -> Iterator[TouchedRow]:
    for decision in decisions:
        yield TouchedRow(
            decision.id, decision.at, names.of(decision.person), decision.question, Verdict(decision.verdict)
        )
