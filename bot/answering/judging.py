"""Applies every governing licence to the use that was asked about; the strictest part decides. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.answering.question import Reading
from bot.answering.resolve import Case
from bot.answering.rules import Ruling, Situation, Truth, decide
from bot.model import Use, Verdict
from knowledge.models import LicenseRecord, TermKind
from knowledge.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one licence says of the use of one subject."""

    case: Case
    record: LicenseRecord
    situation: Situation
    ruling: Ruling | None
    """`None` where nobody has reviewed the licence's terms."""

    @property
    def verdict(self) -> Verdict:
        """The licence's own verdict."""
        return self.ruling.verdict if self.ruling else Verdict.NEEDS_REVIEW


def judge(cases: Sequence[Case], reading: Reading) -> list[Judgement]:
    """Return one judgement for every licence of every subject, in order of mention; a licence that several subjects
    share in the same role is judged once."""
    students = {m.target for m in reading.students}
    found: list[Judgement] = []
    for case in cases:
        situation = _situation(case, reading, cases, students)
        for record in case.licenses:
            ruling = decide(record.profile, situation) if record.curated else None
            found.append(Judgement(case, record, situation, ruling))
    return found


def verdict_of(cases: Sequence[Case], judgements: Sequence[Judgement]) -> Verdict:
    """Return the strictest verdict of all parts. A subject whose licence is missing or not known for sure is for a
    lawyer, unless what is known forbids the use already."""
    verdicts = [_softened(j) for j in judgements]
    verdicts += [Verdict.NEEDS_REVIEW for case in cases if case.faults or not case.licenses]
    return max(verdicts, key=lambda v: v.strictness)


def _softened(judgement: Judgement) -> Verdict:
    """Terms of data bind whoever holds the data; whether they follow a model that others trained on it no text says."""
    if not judgement.case.behind:
        return judgement.verdict
    banned = judgement.verdict.strictness >= Verdict.NEEDS_REVIEW.strictness or _may_be_banned(judgement)
    return Verdict.NEEDS_REVIEW if banned else Verdict.ALLOWED


def _may_be_banned(judgement: Judgement) -> bool:
    """Whether the use may be one that the licence forbids; one for no gain is what such bans leave free."""
    if judgement.ruling is None or judgement.situation.use.commercial is False:
        return False
    return bool(judgement.ruling.of(TermKind.PROHIBITION, Truth.TRUE, Truth.OPEN))


def _situation(case: Case, reading: Reading, cases: Sequence[Case], students: set[str]) -> Situation:
    use = reading.use
    if reading.roles.licensor:
        use = Use(("look_up",), domain=use.domain, facts=use.facts)  # the duties bind who takes, not who gives
    if own := reading.apart.get(case.entry or case.subject.id):
        use = Use(own, use.commercial, use.domain, use.facts)
    targets: set[str] = set()
    reach: frozenset[str] = frozenset()
    if case.subject.id in students:
        # What is trained is only trained: the duties of the teacher's outputs are the teacher's matter.
        trained = [a for a in use.actions if a not in {"train_on_outputs", "distill"}]
        use = Use(tuple(dict.fromkeys(["fine_tune", *trained])), use.commercial, use.domain, use.facts)
    else:
        if {"train_on_outputs", "distill"} & set(use.actions):
            reach = vocabulary().groups["made_available"].sure & set(use.actions)
        for other in cases:
            if other.subject.id in students:
                targets |= {r.profile.id for r in other.licenses}
    result = (
        reading.roles.result_license.target
        if reading.roles.result_license
        else ("own" if reading.roles.own_terms else None)
    )
    return Situation(
        use=use,
        topics=reading.topics,
        asks=reading.asks,
        targets=frozenset(targets),
        result_license=result,
        modalities=case.modalities,
        reach_of_student=reach,
    )
