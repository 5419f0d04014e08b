"""Puts a decision into words. Rules word it; the seam for a chat model is the `Writer` protocol. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.answering.resolve import Case, Unresolved
from bot.model import Statement, Verdict
from knowledge.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Decided:
    """What a writer may say: the decision and the statements that carry it. It can change none of it."""

    verdict: Verdict
    cases: Sequence[Case]
    permissions: Sequence[Statement] = ()
    conditions: Sequence[Statement] = ()
    prohibitions: Sequence[Statement] = ()
    unclear: Sequence[Statement] = ()
    notes: Sequence[Statement] = ()
    fixes: Sequence[str] = ()
    corrections: Sequence[str] = ()
    """What is really so where the question rests on something false."""
    instead: Sequence[str] = ()
    """Names of what would come without the problem."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One to three sentences in plain words, and who wrote them (`rules` or `provider:model`)."""

    text: str
    written_by: str


class Writer(Protocol):
    """Words the summary of an answer."""

    def summary(self, decided: Decided) -> Summary:
        """Return the summary; never raises for what a model answers or fails to answer."""
        ...


class RulesWriter:
    """Words every summary from the terms' own sentences."""

    name = "rules"

    def summary(self, decided: Decided) -> Summary:
        """Return the verdict with its main reason, and what would change it."""
        told = [
            f"{verdict_phrase(decided.verdict)}: {_governed(decided.cases)}.",
            *(f"One thing in the question is not so: {c}" for c in decided.corrections[:2]),
            _reasons(decided),
            *([f"Under easier terms: {_or(decided.instead)}."] if decided.instead else []),
        ]
        return Summary(" ".join(filter(None, told)), self.name)


def verdict_phrase(verdict: Verdict) -> str:
    """Return the words with which a summary begins."""
    return {
        Verdict.PROHIBITED: "No, not as asked",
        Verdict.NEEDS_REVIEW: "A lawyer should decide",
        Verdict.CONDITIONAL: "Yes, on conditions",
        Verdict.ALLOWED: "Yes",
        Verdict.UNKNOWN: "I cannot decide this yet",
    }[verdict]


def _reasons(decided: Decided) -> str:
    if decided.verdict is Verdict.PROHIBITED:
        change = f" What would change this: {decided.fixes[0]}" if decided.fixes else ""
        return " ".join(s.text for s in decided.prohibitions[:2]) + change
    if decided.verdict is Verdict.NEEDS_REVIEW:
        return " ".join(s.text for s in decided.unclear[:2])
    if decided.verdict is Verdict.CONDITIONAL:
        return f"What it turns on: {'; '.join(_lowered(_first_sentence(s.text)) for s in decided.conditions[:3])}."
    grant = [decided.permissions[0].text] if decided.permissions else []
    return " ".join([*grant, *(s.text for s in decided.notes[:2])])


def _first_sentence(text: str) -> str:
    """Return a statement up to its first full stop that ends a sentence, not an abbreviation or a number."""
    found = re.search(r"(?<=[a-z\d”)%])\.\s+(?=[A-Z])", text)
    return text[: found.start()] if found else text


def _or(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _governed(cases: Sequence[Case]) -> str:
    parts = []
    for case in cases:
        names = " and ".join(r.profile.name for r in case.licenses[:3]) or "no licence that is known here"
        if case.subject.kind == "license":
            parts.append(f"this is about {names}")
        else:
            parts.append(f"{case.subject.name} is under {names}")
    return "; ".join(dict.fromkeys(parts))


def _lowered(sentence: str) -> str:
    sentence = sentence.rstrip(".")
    keep = len(sentence) > 1 and sentence[1].isupper()
    return sentence if keep else sentence[:1].lower() + sentence[1:]


def opening(questions: Sequence[str], *, limit: bool) -> str:
    """Return how a statement begins that applies only if an open question is answered with yes.

    `limit` marks a prohibition: then the statement is a line to stay behind, not a thing to do.
    """
    if limit:
        return "Stay within this limit: "
    openings = {g.question: g.if_so for g in vocabulary().groups.values()}
    openings["Is the use commercial?"] = "If the use is commercial"
    known = [openings[q] for q in questions if q in openings]
    return f"{known[0] if known else 'If it applies to you'}: "


def undecided(unresolved: Sequence[Unresolved], *, licensing: bool) -> str:
    """Return the summary of an answer that decides nothing."""
    if unresolved:
        named = ", ".join(f"“{u.mention.shown}”" for u in unresolved[:3])
        lost = f"{named} does not lead to one known model, dataset or licence"
        return f"I cannot decide this yet: {lost}. {unresolved[0].question}"
    if licensing:
        return "I cannot decide this yet: the question names no model, dataset or licence. Which one is it about?"
    return (
        "This does not look like a licensing question, so nothing was decided. Name a model, dataset or licence and "
        "say what you want to do with it."
    )
