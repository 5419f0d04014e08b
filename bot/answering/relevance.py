"""How much a term has to do with a question: what an answer cites, and what it leaves to `license NAME`. Pure.

The score is the log-odds that a lawyer would cite the term, a plain sum of weights. They were fitted by logistic
regression on those of our own gold questions that are for tuning and on the public ones (`tests/gold/README.md` says
how, and what the questions that are held back measure).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from bot.answering.judging import Judgement
from bot.answering.rules import Finding, Truth
from bot.model import Verdict
from knowledge.models import LicenseRecord, Passage, Term, TermKind
from knowledge.vocabulary import vocabulary


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
    def is_of_the_field(self) -> bool:
        """Whether it hangs on what the use's field makes likely: for a health app, the practice of medicine."""
        situation = self.judgement.situation
        likely = vocabulary().domains.get(situation.use.domain or "", ())
        open_topics = {t for t in likely if situation.topics.get(t) is Truth.OPEN}
        return self.finding.truth is Truth.OPEN and bool(open_topics & self.term.turns_on("topic"))

    @property
    def score(self) -> float:
        """Log-odds that it belongs in the answer."""
        return sum(weights().get(name, 0.0) * value for name, value in self.features.items())


@cache
def weights() -> Mapping[str, float]:
    """Return what each feature adds to the log-odds (`knowledge/data/relevance.csv`, written by `tests.gold.fit`)."""
    file = resources.files("knowledge") / "data" / "relevance.csv"
    with file.open(encoding="utf-8") as lines:
        return {row["feature"]: float(row["weight"]) for row in csv.DictReader(lines)}


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
    found = {
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
    for test in term.tests:
        found[f"turns on {test.name}"] = found[f"turns on {test.name}, {truth}"] = 1.0
    for what in term.about:
        found[f"about {what}"] = found[f"about {what}, {kind}"] = 1.0
        found[f"asked about {what}"] = float(what in situation.asks)
    return found


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
