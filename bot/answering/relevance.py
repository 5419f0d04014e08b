"""How much a term has to do with a question: what an answer cites, and what it leaves to `license NAME`. Pure.

The score is the log-odds that a lawyer would cite the term, a plain sum of the weights below. They were fitted by
logistic regression on the half of our own gold questions that is for tuning and on the public ones
(`tests/gold/README.md` says how, and what the other half measures).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.answering.judging import Judgement
from bot.answering.rules import Finding, Truth
from bot.model import Verdict
from knowledge.models import LicenseRecord, Passage, Term, TermKind


@dataclass(frozen=True, slots=True)
class Candidate:
    """A term that an answer might state."""

    judgement: Judgement
    finding: Finding
    features: Mapping[str, float]

    @property
    def term(self) -> Term:
        """The term itself."""
        return self.finding.term

    @property
    def score(self) -> float:
        """Log-odds that it belongs in the answer."""
        return sum(WEIGHTS.get(name, 0.0) * value for name, value in self.features.items())


WEIGHTS: Mapping[str, float] = {
    "asked": 0.1,
    "bias": 0.1,
    "condition asked only": -0.1,
    "condition false": -0.4,
    "condition far": -1.5,
    "condition in conditional": 0.1,
    "condition in needs_review": -0.3,
    "condition in prohibited": -0.5,
    "condition open": 0.3,
    "condition true": 1.0,
    "correction asked only": 0.4,
    "correction in conditional": 0.2,
    "correction in prohibited": 0.2,
    "correction true": 0.4,
    "definition in allowed": -0.3,
    "definition in conditional": -0.1,
    "definition in needs_review": 0.1,
    "definition in prohibited": -0.1,
    "definition open": -0.1,
    "definition true": -0.3,
    "far": -1.6,
    "focus": 0.6,
    "grants any action": 0.6,
    "grants the action": 0.4,
    "limitation asked only": -0.1,
    "limitation in allowed": 0.2,
    "limitation in conditional": -0.3,
    "limitation in needs_review": -0.5,
    "limitation in prohibited": -0.7,
    "limitation true": -1.3,
    "low": -1.8,
    "near": 0.8,
    "not the strictest": -0.2,
    "nothing asked": 0.3,
    "other licences": -0.1,
    "permission asked only": 0.3,
    "permission false": 0.4,
    "permission in allowed": 1.2,
    "permission in conditional": 0.2,
    "permission in needs_review": -0.4,
    "permission in prohibited": -0.3,
    "permission open": -0.1,
    "permission true": 0.4,
    "prohibition asked only": -0.1,
    "prohibition false": 0.1,
    "prohibition in allowed": 0.1,
    "prohibition in conditional": 0.3,
    "prohibition in needs_review": -0.1,
    "prohibition in prohibited": 0.8,
    "prohibition open": 0.1,
    "prohibition true": 1.1,
    "supports": 1.1,
    "termination asked only": 0.5,
    "termination in allowed": -0.4,
    "termination in conditional": -0.4,
    "termination in needs_review": -0.2,
    "termination in prohibited": 0.3,
    "termination true": -0.7,
    "unclear asked only": -0.2,
    "unclear false": 0.1,
    "unclear in allowed": 0.3,
    "unclear in needs_review": 0.5,
    "unclear open": -0.1,
    "unclear true": 0.7,
    "unconditional condition": 0.8,
}


def candidates(judgements: Sequence[Judgement], verdict: Verdict, passages: Sequence[Passage]) -> list[Candidate]:
    """Return every term that holds, may hold, or was asked about, with its features, best first."""
    licenses = list(dict.fromkeys(j.record.profile.id for j in judgements))
    found: dict[tuple[str, str], Candidate] = {}
    for judgement in judgements:
        if judgement.ruling is None:
            continue
        near = nearness(judgement.record, passages)
        deciding = _deciding(judgement, verdict)
        for finding in judgement.ruling.findings:
            key = (judgement.record.profile.id, finding.term.id)
            held = found.get(key)
            if not _speaks(finding, judgement) or (held and held.finding.truth >= finding.truth):
                continue  # of a term that two subjects share, the stricter outcome is stated
            features = _features(finding, judgement, verdict, near.get(finding.term.id), len(licenses))
            features["supports"] = float(bool(deciding & set(finding.term.supports)))
            found[key] = Candidate(judgement, finding, features)
    return sorted(found.values(), key=lambda c: -c.score)


def _deciding(judgement: Judgement, verdict: Verdict) -> set[str]:
    """Return the terms on which the verdict rests: a definition or an incorporation clause may support them."""
    kinds = {
        Verdict.PROHIBITED: {TermKind.PROHIBITION},
        Verdict.NEEDS_REVIEW: {TermKind.UNCLEAR},
        Verdict.CONDITIONAL: {TermKind.CONDITION, TermKind.PROHIBITION},
    }.get(verdict, set())
    findings = judgement.ruling.findings if judgement.ruling else ()
    return {f.term.id for f in findings if f.term.kind in kinds and f.truth >= Truth.OPEN and not f.asked_only}


def _speaks(finding: Finding, judgement: Judgement) -> bool:
    if finding.truth >= Truth.OPEN:
        return True
    if finding.term.kind is TermKind.CORRECTION:
        return False
    asked = bool(judgement.situation.asks & set(finding.term.about))
    return asked and (finding.truth is Truth.FALSE or finding.term.kind is TermKind.CONDITION)


def _features(
    finding: Finding, judgement: Judgement, verdict: Verdict, rank: int | None, licenses: int
) -> dict[str, float]:
    term, situation = finding.term, judgement.situation
    kind = term.kind.value
    truth = {Truth.TRUE: "true", Truth.OPEN: "open", Truth.FAR: "far", Truth.FALSE: "false"}[finding.truth]
    asked = len(situation.asks & set(term.about))
    actions = set(term.actions) & set(situation.use.actions)
    return {
        "bias": 1.0,
        f"{kind} {truth}": 1.0,
        f"{kind} in {verdict.value}": 1.0,
        f"{kind} asked only": float(finding.asked_only),
        "asked": float(min(asked, 2)),
        "focus": asked / max(1, len(situation.asks)),
        "nothing asked": float(not situation.asks),
        "low": float(term.low),
        "unconditional condition": float(term.when is None and term.kind is TermKind.CONDITION),
        "near": 0.0 if rank is None else 1.0 / (1 + rank),
        "far": 1.0 if rank is None else min(rank, 60) / 60,
        "other licences": min(licenses - 1, 3) / 3,
        "not the strictest": float(judgement.verdict is not verdict),
        "grants the action": float(bool(actions)),
        "grants any action": float("any" in term.actions),
    }


def nearness(record: LicenseRecord, passages: Sequence[Passage]) -> dict[str, int]:
    """Return each term's rank by the best passage that its quotes touch; a term that none touches is left out."""
    ranks: dict[str, int] = {}
    for term_id, quotes in record.quotes.items():
        for quote in filter(None, quotes):
            for rank, passage in enumerate(passages):
                same = passage.document_key == quote.document_key
                if same and passage.clause.start < quote.end and quote.start < passage.clause.body_end:
                    ranks[term_id] = min(rank, ranks.get(term_id, 99))
    return ranks
