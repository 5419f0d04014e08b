"""What the company's policy makes of an answer, apart from what the licences say; the stricter of both holds. Pure.

A rule may hit for sure, or depend on what the question leaves open; then the answer is at least conditional. Only a
named exception lifts a rule, only a bought licence lifts terms of a public one, and both are always said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from bot.model import Answer, Citation, Statement, Verdict
from bot.policy.known import Known
from bot.policy.matching import Fit, Part, concerns, covers, looks_at_what, occasion, parts_of, within
from bot.policy.model import Policy, Relief, Rule, Then

_OF_A_RULE = {Then.DENY: Verdict.PROHIBITED, Then.APPROVAL: Verdict.NEEDS_REVIEW, Then.NOTE: Verdict.ALLOWED}
_LEADS = {
    (Then.DENY, True): "Company policy bars this",
    (Then.DENY, False): "Company policy may bar this, depending on what the question leaves open",
    (Then.APPROVAL, True): "Company policy asks for the approval of {owner} first",
    (Then.APPROVAL, False): "Company policy may ask for the approval of {owner}, depending on what is left open",
    (Then.NOTE, True): "Company policy notes",
    (Then.NOTE, False): "Company policy notes, depending on what the question leaves open",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that speaks of the answer."""

    rule: Rule
    parts: tuple[Part, ...]
    """The subjects and licences because of which it does."""
    questions: tuple[str, ...] = ()
    """What is open about it; none where it hits for sure."""
    lifted_by: tuple[Relief, ...] = ()
    """Exceptions that lift it altogether."""
    could_lift: tuple[Relief, ...] = ()
    """Exceptions that would, if an open point were settled."""
    settling: tuple[str, ...] = ()
    """The questions that would settle it."""
    decides: bool = True
    """False where something is only looked up: then it is told and changes nothing."""

    @property
    def citation(self) -> Citation:
        """Where the rule's reason stands in the policy file."""
        return self.rule.citation

    @property
    def verdict(self) -> Verdict:
        """What it comes to by itself."""
        own = _OF_A_RULE[self.rule.then]
        if self.lifted_by or not self.decides or own is Verdict.ALLOWED:
            return Verdict.ALLOWED
        return Verdict.CONDITIONAL if self.questions else own

    @property
    def text(self) -> str:
        """The hit as sentences."""
        rule = self.rule
        if self.lifted_by:
            by = "; ".join(_named(r) for r in self.lifted_by)
            return (
                f"Rule {rule.id} of the company policy does not hold here, by {by}. The rule: {_stopped(rule.reason)}"
            )
        lead = _LEADS[rule.then, not self.questions].format(owner=rule.owner)
        if not self.decides:
            lead = f"If it is used: {lead[0].lower()}{lead[1:]}"
        told = f"{lead}: {_stopped(rule.reason)} (Rule {rule.id}, {rule.owner}.)"
        if self.could_lift:
            told += f" It may be lifted by {'; '.join(_named(r) for r in self.could_lift)}."
        return told


@dataclass(frozen=True, slots=True)
class Lift:
    """A bought licence that speaks of the answer."""

    relief: Relief
    licences: tuple[str, ...]
    """Public licences in place of which it stands."""
    statements: tuple[Statement, ...] = ()
    """Prohibitions and conditions of theirs that it lifts; none where `questions` are open."""
    questions: tuple[str, ...] = ()

    @property
    def citation(self) -> Citation:
        """Where the bought licence stands in the policy file."""
        return self.relief.citation

    @property
    def text(self) -> str:
        """The lift as sentences."""
        named, public = _named(self.relief), " and ".join(self.licences)
        if self.questions:
            return f"It may stand in place of {public}: {named}."
        if not self.statements:
            return f"It may help whoever decides: {named}, in place of {public}."
        return (
            f"In place of {public} holds {named}: what the public terms forbid or demand is lifted, its own terms bind."
        )


@dataclass(frozen=True, slots=True)
class PolicyOutcome:
    """Licence and policy, side by side."""

    verdict: Verdict
    """The stricter one: what holds."""
    licence_verdict: Verdict
    """What the public licences come to."""
    relieved_verdict: Verdict
    """What they come to together with the licences that were bought."""
    policy_verdict: Verdict
    """What the company's rules come to; `allowed` where none stands against it."""
    hits: tuple[Hit, ...]
    lifts: tuple[Lift, ...]

    @property
    def rules(self) -> frozenset[str]:
        """Ids of the rules that hit and are not lifted."""
        return frozenset(hit.rule.id for hit in self.hits if not hit.lifted_by)

    @property
    def questions(self) -> tuple[str, ...]:
        """What is open, each question once."""
        asked = [q for hit in self.hits if hit.verdict is not Verdict.ALLOWED for q in (*hit.questions, *hit.settling)]
        return tuple(dict.fromkeys([*asked, *(q for lift in self.lifts for q in lift.questions)]))

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as plain values, for the answer and the audit row."""
        return {
            "verdict": self.verdict.value,
            "licence_verdict": self.licence_verdict.value,
            "relieved_verdict": self.relieved_verdict.value,
            "policy_verdict": self.policy_verdict.value,
            "rules": [
                {
                    "id": hit.rule.id,
                    "then": hit.rule.then.value,
                    "reason": hit.rule.reason,
                    "owner": hit.rule.owner,
                    "text": hit.text,
                    "questions": [*hit.questions, *hit.settling],
                    "lifted_by": [r.id for r in hit.lifted_by],
                    "could_lift": [r.id for r in hit.could_lift],
                    "citation": hit.citation.to_json(),
                }
                for hit in self.hits
            ],
            "licences_bought": [
                {
                    "id": lift.relief.id,
                    "licences": list(lift.licences),
                    "reference": lift.relief.reference,
                    "owner": lift.relief.owner,
                    "text": lift.text,
                    "lifts": [{"license": s.license, "term": s.term, "text": s.text} for s in lift.statements],
                    "questions": list(lift.questions),
                    "citation": lift.citation.to_json(),
                }
                for lift in self.lifts
            ],
        }


def outcome(policy: Policy, answer: Answer, known: Known, today: date) -> PolicyOutcome | None:
    """Return what the policy makes of an answer whose verdict is the licences' own; `None` where it says nothing.

    An answer without a subject decides nothing, so that the policy does not either.
    """
    parts = parts_of(answer)
    if not parts:
        return None
    hits = _hits(policy, answer, parts, known, today)
    lifts = _lifts(policy, answer, parts, known, today)
    if not hits and not lifts:
        return None
    relieved = _relieved(answer, parts, [lift for lift in lifts if lift.statements])
    ruled = _strictest(hit.verdict for hit in hits)
    return PolicyOutcome(_strictest([relieved, ruled]), answer.verdict, relieved, ruled, hits, lifts)


def _strictest(verdicts: Iterable[Verdict]) -> Verdict:
    return max(verdicts, key=lambda v: v.strictness, default=Verdict.ALLOWED)


# -- rules and exceptions ----------------------------------------------------------------------------------------------


def _hits(policy: Policy, answer: Answer, parts: Sequence[Part], known: Known, today: date) -> tuple[Hit, ...]:
    decides = set(answer.use.actions) != {"look_up"}
    exceptions = [e for e in policy.exceptions if e.period.holds(today)]
    found = []
    for rule in policy.rules:
        concerned = tuple(p for p in parts if concerns(rule.when, p, known))
        fitting = occasion(rule.when, answer.use)
        if rule.period.holds(today) and concerned and fitting.fit is not Fit.NO:
            hit = Hit(rule, concerned, fitting.questions, decides=decides)
            found.append(_with_exceptions(hit, exceptions, answer, known))
    return tuple(found)


def _with_exceptions(hit: Hit, exceptions: Sequence[Relief], answer: Answer, known: Known) -> Hit:
    """Return the hit with the exceptions that lift it for all that it concerns, or would, were a point settled.

    One that names no rule lifts those that bar what it covers, not those about what is done with anything."""
    rule = hit.rule
    meant = [e for e in exceptions if (rule.id in e.rules if e.rules else looks_at_what(rule.when))]
    fitting = {e.id: within(e.scope, answer) for e in meant}
    speaking = [e for e in meant if fitting[e.id].fit is not Fit.NO and any(covers(e, p, known) for p in hit.parts)]
    sure = [e for e in speaking if fitting[e.id].fit is Fit.YES]

    def reach_all(found: Sequence[Relief]) -> bool:
        return all(any(covers(e, p, known) for e in found) for p in hit.parts)

    if reach_all(sure):
        return replace(hit, lifted_by=tuple(sure))
    if reach_all(speaking):
        asked = dict.fromkeys(q for e in speaking for q in fitting[e.id].questions)
        return replace(hit, could_lift=tuple(speaking), settling=tuple(asked))
    return hit


# -- licences that were bought -----------------------------------------------------------------------------------------


def _lifts(policy: Policy, answer: Answer, parts: Sequence[Part], known: Known, today: date) -> tuple[Lift, ...]:
    if answer.verdict in {Verdict.ALLOWED, Verdict.UNKNOWN}:
        return ()
    held = {part.licence for part in parts if part.licence}
    found = []
    for relief in policy.licences_bought:
        fitting = within(relief.scope, answer)
        names = tuple(sorted(n for n in held if all(covers(relief, p, known) for p in parts if p.licence == n)))
        if not names or not relief.period.holds(today) or fitting.fit is Fit.NO:
            continue
        is_open = fitting.fit is Fit.OPEN
        binding = () if is_open else tuple(s for s in _binding(answer) if s.license in names)
        if binding or is_open or answer.verdict is Verdict.NEEDS_REVIEW:
            found.append(Lift(relief, names, binding, fitting.questions))
    return tuple(found)


def _binding(answer: Answer) -> tuple[Statement, ...]:
    return (*answer.prohibitions, *answer.conditions)


def _relieved(answer: Answer, parts: Sequence[Part], lifts: Sequence[Lift]) -> Verdict:
    """Return what is left of the licences' verdict. A bought licence brings terms of its own, so that nothing becomes
    `allowed` by it; and where it is not plain what the other licences say for themselves, a lawyer decides."""
    lifted = {name for lift in lifts for name in lift.licences}
    left = [s for s in answer.prohibitions if s.license not in lifted]
    if answer.verdict is not Verdict.PROHIBITED or left or not lifted & {s.license for s in answer.prohibitions}:
        return answer.verdict
    granting = {s.license for s in (*answer.permissions, *answer.conditions)}
    unclear = any(s.license not in lifted for s in answer.unclear) or _are_joined(answer, parts)
    unclear |= any(p.subject.inherited_from and not _bought_for(p, lifts) for p in parts if p.licence in lifted)
    if unclear or any(p.licence not in lifted and p.licence not in granting for p in parts):
        return Verdict.NEEDS_REVIEW
    return Verdict.CONDITIONAL


def _bought_for(part: Part, lifts: Sequence[Lift]) -> bool:
    """Whether a licence was bought for a model that is built on others by its name: else nobody has looked at those."""
    return any(lift.relief.subjects and part.licence in lift.licences for lift in lifts)


def _are_joined(answer: Answer, parts: Sequence[Part]) -> bool:
    """Whether licences meet in one work: what keeps them apart need not stand among the statements."""
    return bool({"combine", "merge"} & set(answer.use.actions)) and len({p.licence for p in parts}) > 1


def _named(relief: Relief) -> str:
    until = f", until {relief.period.last}" if relief.period.last else ""
    return f"{relief.kind.value} {relief.id} ({relief.reference}{until}; {relief.owner})"


def _stopped(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."
