"""Puts a policy beside an answer of the licences: its facts before, its rules after. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.model import Alternative, Answer, Citation, CompanyPolicy, LicenseRef, Statement, Subject, Use, Verdict
from bot.policy.facts import AddedFact, added_facts, with_company_facts
from bot.policy.known import Known
from bot.policy.model import LICENSE, Policy
from bot.policy.outcome import PolicyOutcome, outcome

Told = Callable[[Use], object]
"""Says what the licences make of a use, as a value that is the same where they make the same of it."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A policy, and the names that its rules may use."""

    policy: Policy
    known: Known

    def with_facts(self, use: Use) -> Use:
        """Return a use with what is known of the company and the question left out."""
        return with_company_facts(use, self.policy)

    def facts_that_matter(self, use: Use, told: Told) -> tuple[AddedFact, ...]:
        """Return the facts of the company without which, or with which alone, the licences would say something else."""
        added = added_facts(use, self.policy)
        if not added:
            return ()
        alone, together = told(use), told(self.with_facts(use))
        if alone == together:
            return ()
        return tuple(
            fact
            for fact in added
            if told(_with(use, (fact,))) != alone or told(_with(use, [f for f in added if f is not fact])) != together
        )

    def applied(self, answer: Answer, facts: Sequence[AddedFact], today: date) -> Answer:
        """Return an answer of the licences with what the policy makes of it; the stricter of both holds."""
        made = outcome(self.policy, answer, self.known, today)
        citations = list(answer.citations)
        company = CompanyPolicy(
            verdict=made.policy_verdict if made else Verdict.ALLOWED,
            license_verdict=answer.verdict,
            relieved_verdict=made.relieved_verdict if made else answer.verdict,
            statements=tuple(_statement(key, text, (c,), citations) for key, text, c in _said(made)),
            facts=tuple(_statement(fact.name, fact.text, fact.citations, citations) for fact in facts),
            rules=tuple(sorted(made.rules)) if made else (),
            denied_by=tuple(h.rule.id for h in made.hits if h.verdict is Verdict.PROHIBITED) if made else (),
            name=self.policy.name,
            text_sha256=self.policy.sha256,
        )
        asked = (*answer.open_questions, *(made.questions if made else ()))
        return replace(
            answer,
            verdict=made.verdict if made else answer.verdict,
            summary=" ".join(filter(None, [_lead(company, _deciding(made)), answer.summary])),
            open_questions=tuple(dict.fromkeys(asked)),
            citations=tuple(citations),
            alternatives=tuple(a for a in answer.alternatives if not self._bars(a, answer, today)),
            policy=company,
        )

    def _bars(self, other: Alternative, answer: Answer, today: date) -> bool:
        """Whether the policy denies the same use of what an answer suggests instead."""
        subject = Subject("model", other.id, other.name, (LicenseRef(other.license, other.license_name),))
        asked = Answer(answer.question, other.verdict, "", (subject,), answer.use)
        made = outcome(self.policy, asked, self.known, today)
        return made is not None and made.policy_verdict is Verdict.PROHIBITED


def _with(use: Use, facts: Iterable[AddedFact]) -> Use:
    return replace(use, facts={**use.facts, **{fact.name: fact.value for fact in facts}})


def _said(made: PolicyOutcome | None) -> list[tuple[str, str, Citation]]:
    if made is None:
        return []
    hits = [(hit.rule.id, hit.text, hit.citation) for hit in made.hits]
    return hits + [(lift.relief.id, lift.text, lift.citation) for lift in made.lifts]


def _statement(key: str, text: str, cited: Iterable[Citation], citations: list[Citation]) -> Statement:
    """Return a statement of the policy, adding to the answer's citations those that are new."""
    places = []
    for citation in cited:
        if citation not in citations:
            citations.append(citation)
        places.append(citations.index(citation))
    return Statement(text, tuple(dict.fromkeys(places)), LICENSE, key)


def _deciding(made: PolicyOutcome | None) -> list[str]:
    """Return the ids of the rules because of which the policy comes to its verdict."""
    return [hit.rule.id for hit in made.hits if hit.verdict is made.policy_verdict] if made else []


def _lead(company: CompanyPolicy, deciding: Sequence[str]) -> str:
    """Return the sentence by which a policy that changes the verdict begins the summary; an empty text for none."""
    if company.verdict.strictness > company.relieved_verdict.strictness:
        by = f"({'rule' if len(deciding) == 1 else 'rules'} {', '.join(deciding)})"
        said = {
            Verdict.PROHIBITED: f"Company policy bars this {by}, whatever the licence allows.",
            Verdict.NEEDS_REVIEW: f"Company policy wants an approval first {by}.",
        }.get(company.verdict, f"Company policy may stand against this {by}.")
        return f"{said} The licence:"
    if company.relieved_verdict is not company.license_verdict:
        return "The company bought a licence that stands in place of the public terms; its own terms bind."
    return ""
