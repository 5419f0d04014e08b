"""Turns judgements into the statements of an answer: the deciding ones first, each with its citations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.answering.citations import Citations
from bot.answering.judging import Judgement
from bot.answering.relevance import Candidate, candidates
from bot.answering.rules import Truth
from bot.answering.wording import opening
from bot.model import Statement, Verdict
from knowledge.models import Passage, TermKind
from knowledge.vocabulary import vocabulary

_ALWAYS = -99.0
_LEAST = {"prohibitions": _ALWAYS, "unclear": _ALWAYS, "conditions": 0.75, "permissions": 0.9, "notes": 1.3}
"""Log-odds from which a statement is made, by section."""
_LEAST_BESIDE_A_BAN = 0.8
"""Where something is prohibited, the duties of other uses help little."""
_LEAST_OF_BOILERPLATE = 1.2
_LEAST_OF_THE_FIELD = -0.5
_OF_THE_FIELD = 2
"""Duties of a licence that are stated because of the field alone."""
_SHOWN_FOR_REVIEW = 3
"""Clauses shown to a lawyer where no reviewed terms exist."""


@dataclass(slots=True)
class Draft:
    """Statements as they are gathered, with the citations that they share."""

    citations: Citations
    permissions: list[Statement] = field(default_factory=list)
    conditions: list[Statement] = field(default_factory=list)
    prohibitions: list[Statement] = field(default_factory=list)
    unclear: list[Statement] = field(default_factory=list)
    notes: list[Statement] = field(default_factory=list)
    open_questions: list[str] = field(default_factory=list)
    fixes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    corrections: list[str] = field(default_factory=list)

    def say(self, section: str, candidate: Candidate) -> None:
        """Make a statement of a term."""
        term, record = candidate.term, candidate.judgement.record
        cited = self.citations.of_term(record, term, every_pin=section in ("prohibitions", "unclear"))
        statement = Statement(_prefix(candidate, section) + term.text, cited, record.profile.id, term.id)
        getattr(self, section).append(statement)
        if term.kind is TermKind.CORRECTION:
            self.corrections.append(term.text)
        if section != "notes":
            self.open_questions.extend(candidate.finding.questions)
        if section == "prohibitions" and term.fix:
            self.fixes.append(term.fix)
        if section == "unclear" and term.question:
            self.open_questions.append(term.question)


def state(draft: Draft, judgements: Sequence[Judgement], verdict: Verdict, passages: Sequence[Passage]) -> None:
    """Choose among the terms that speak and state them."""
    found = candidates(judgements, verdict, passages)
    chosen: dict[str, list[Candidate]] = {section: [] for section in _LEAST}
    for candidate in found:
        section = _section(candidate)
        if candidate.judgement.case.behind:
            section = "unclear" if section == "prohibitions" else "notes"
        least = _LEAST_OF_BOILERPLATE if candidate.term.low else _LEAST[section]
        if verdict is Verdict.PROHIBITED and section == "conditions":
            least = max(least, _LEAST_BESIDE_A_BAN)
        if candidate.score >= least or candidate.term.kind is TermKind.CORRECTION:
            chosen["notes" if candidate.term.low and section == "conditions" else section].append(candidate)
    _never_empty(chosen, found, verdict)
    if verdict is not Verdict.PROHIBITED:
        _add_the_field(chosen, found)
    stated = {id(c) for members in chosen.values() for c in members}
    left_out: dict[str, int] = {}
    for candidate in found:
        if _binds(candidate) and id(candidate) not in stated:
            name = candidate.judgement.record.profile.id
            left_out[name] = left_out.get(name, 0) + 1
    for section, members in chosen.items():
        for candidate in sorted(members, key=lambda c: (-c.finding.truth, -c.score)):
            draft.say(section, candidate)
    if verdict is Verdict.CONDITIONAL:
        draft.open_questions.extend(
            f"{count} more {'duty' if count == 1 else 'duties'} may attach; `clausebot license {name}` lists all."
            for name, count in left_out.items()
        )
    for judgement in judgements:
        _silence(draft, judgement)


def _silence(draft: Draft, judgement: Judgement) -> None:
    ruling = judgement.ruling
    if ruling is None or ruling.verdict is Verdict.PROHIBITED:
        return
    name = judgement.record.profile.name
    draft.open_questions.extend(
        f"Does {name} grant this: {vocabulary().actions[action]}? No reviewed term does." for action in ruling.silent_on
    )


_SECTIONS = {
    (TermKind.PERMISSION, Truth.TRUE): "permissions",
    (TermKind.PERMISSION, Truth.OPEN): "permissions",
    (TermKind.CONDITION, Truth.TRUE): "conditions",
    (TermKind.CONDITION, Truth.OPEN): "conditions",
    (TermKind.PROHIBITION, Truth.TRUE): "prohibitions",
    (TermKind.PROHIBITION, Truth.OPEN): "conditions",
    (TermKind.UNCLEAR, Truth.TRUE): "unclear",
}
"""Where a finding is stated; whatever else speaks is a note."""


def _section(candidate: Candidate) -> str:
    kind, finding = candidate.term.kind, candidate.finding
    if finding.asked_only and kind is not TermKind.PERMISSION:
        return "notes"
    return _SECTIONS.get((kind, finding.truth), "notes")


def _binds(candidate: Candidate) -> bool:
    return _section(candidate) == "conditions" and not candidate.term.low


def _never_empty(chosen: dict[str, list[Candidate]], found: Sequence[Candidate], verdict: Verdict) -> None:
    """An answer shows at least the clause that decides it, however far the words of the question are from it."""
    deciding = {
        Verdict.ALLOWED: "permissions",
        Verdict.CONDITIONAL: "conditions",
    }.get(verdict)
    if deciding is None or chosen[deciding]:
        return
    candidate = next((c for c in found if _section(c) == deciding and not c.term.low), None)
    if candidate:
        chosen[deciding].append(candidate)


def _add_the_field(chosen: dict[str, list[Candidate]], found: Sequence[Candidate]) -> None:
    """Add, of each licence, the two duties that the field of use makes likeliest, unless they are stated already."""
    told = Counter(c.judgement.record.profile.id for c in chosen["conditions"] if c.is_of_the_field)
    for candidate in found:
        name = candidate.judgement.record.profile.id
        fits = _binds(candidate) and candidate.is_of_the_field and candidate.score >= _LEAST_OF_THE_FIELD
        new = candidate not in chosen["conditions"] and not candidate.judgement.case.behind
        if fits and new and told[name] < _OF_THE_FIELD:
            chosen["conditions"].append(candidate)
            told[name] += 1


_EXPLAINING = (TermKind.DEFINITION, TermKind.LIMITATION, TermKind.TERMINATION)


def _prefix(candidate: Candidate, section: str) -> str:
    finding = candidate.finding
    if candidate.judgement.case.behind:
        name = candidate.judgement.case.subject.name
        follows = "whether they follow a model trained on it, no text says"
        return f"The terms of {name} bind whoever holds the data; {follows}. They read: "
    if section == "notes":
        held = finding.truth is Truth.TRUE or candidate.term.kind in _EXPLAINING
        return "" if held else "Does not apply as described: "
    if finding.truth is Truth.TRUE or section in ("permissions", "unclear", "prohibitions"):
        return ""
    return opening(finding.questions, limit=candidate.term.kind is TermKind.PROHIBITION)


def show_for_review(draft: Draft, judgement: Judgement, passages: Sequence[Passage]) -> None:
    """Show a lawyer the clauses nearest to the question of a licence whose terms nobody has reviewed."""
    record = judgement.record
    keys = {key for _, key in record.profile.documents}
    near = [p for p in passages if p.document_key in keys][:_SHOWN_FOR_REVIEW]
    cited = tuple(dict.fromkeys(draft.citations.of_passage(record, p) for p in near))
    if cited:
        text = f"The terms of {record.profile.name} are not reviewed yet; these clauses come nearest to the question."
        draft.unclear.append(Statement(text, cited, record.profile.id))
    draft.open_questions.append(f"What do the terms of {record.profile.name} say on this use?")
