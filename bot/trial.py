"""Puts past questions under another policy and finds what it would have changed. Records nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.audit.log import AuditLog
from bot.model import Answer, Question, Verdict
from bot.policy.changes import Change, Decided, changes
from bot.policy.facts import added_facts
from bot.policy.rulebook import Rulebook

Answering = Callable[[Question], Answer]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a policy would have changed."""

    tried: int
    erased: int
    """Decisions that would have to be answered anew, for the policy has other facts, and whose questions are erased."""
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Sides:
    """The policy that is tried and the one in force, each with who answers under it."""

    tried: Rulebook
    answer_tried: Answering
    present: Rulebook | None
    answer_present: Answering


def trial(audit: AuditLog, sides: Sides, *, since: datetime | None, today: date) -> Trial:
    """Return what the decisions since a moment would have been, had the tried policy been in force on this day.

    The recorded answer stands for the licences, but where these turn on facts of the company: then both sides are
    answered anew from today's knowledge, so that the difference is the policy's.
    """
    found: list[Change] = []
    tried = erased = 0
    for decided in _decided(audit, sides, since):
        if decided is None:
            erased += 1
            continue
        tried += 1
        found += changes(sides.tried.policy, [decided], sides.tried.known, on=today)
    return Trial(tried, erased, tuple(found))


def _decided(audit: AuditLog, sides: Sides, since: datetime | None) -> Iterable[Decided | None]:
    for line in audit.lines(since=since):
        given = audit.answer(line.id)
        if given is None:
            continue
        if _same_facts(given, sides):
            yield _as_decided(given, given, line.created_at.date())
            continue
        question = audit.question(line.id)
        if question is None:
            yield None
            continue
        now = sides.answer_tried(question)
        if not (_turns_on_facts(now) or _turns_on_facts(given)):
            now = then = given
        else:
            then = sides.answer_present(question)
        yield _as_decided(replace(now, decision_id=given.decision_id), then, line.created_at.date())


def _same_facts(given: Answer, sides: Sides) -> bool:
    before = added_facts(given.use, sides.present.policy) if sides.present else ()
    after = added_facts(given.use, sides.tried.policy)
    return {(f.name, str(f.value)) for f in before} == {(f.name, str(f.value)) for f in after}


def _turns_on_facts(answer: Answer) -> bool:
    return bool(answer.policy and answer.policy.facts)


def _as_decided(answer: Answer, then: Answer, on: date) -> Decided:
    """Return a decision with the licences' own verdict of `answer`; `then` tells what was shown."""
    alone = replace(answer, verdict=answer.license_verdict, policy=None, precedent=None)
    return Decided(alone, on, _shown(then), frozenset(then.policy.rules if then.policy else ()))


def _shown(answer: Answer) -> Verdict:
    """Return the verdict that was shown, precedents aside: a policy does not undo what legal decided."""
    if answer.policy is None:
        return answer.license_verdict
    return max(answer.policy.relieved_verdict, answer.policy.verdict, key=lambda v: v.strictness)
