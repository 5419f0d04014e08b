"""Puts a decision into words. Rules word it; the seam for a chat model is the `Writer` protocol. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.answering.resolve import Case, Unresolved
from bot.model import Statement, Verdict
from knowledge.vocabulary import vocabulary


class Writer(Protocol):
    """Words the summary of an answer; it is shown what was decided and can change none of it."""

    name: str

    def summary(
        self, verdict: Verdict, cases: Sequence[Case], statements: dict[str, Sequence[Statement]], fixes: Sequence[str]
    ) -> str:
        """Return one to three sentences in plain words."""
        ...


class RulesWriter:
    """Words every summary from the terms' own sentences."""

    name = "rules"

    def summary(
        self, verdict: Verdict, cases: Sequence[Case], statements: dict[str, Sequence[Statement]], fixes: Sequence[str]
    ) -> str:
        """Return the verdict with its main reason, and what would change it."""
        governed = _governed(cases)
        if verdict is Verdict.PROHIBITED:
            reasons = " ".join(s.text for s in statements["prohibitions"][:2])
            change = f" What would change this: {fixes[0]}" if fixes else ""
            return f"No, not as asked: {governed}. {reasons}{change}"
        if verdict is Verdict.NEEDS_REVIEW:
            reasons = " ".join(s.text for s in statements["unclear"][:2])
            return f"A lawyer should decide: {governed}. {reasons}".strip()
        if verdict is Verdict.CONDITIONAL:
            first = "; ".join(_lowered(s.text) for s in statements["conditions"][:3])
            return f"Yes, on conditions: {governed}. What it turns on: {first}."
        grant = statements["permissions"][0].text if statements["permissions"] else ""
        notes = " ".join(s.text for s in statements["notes"][:2])
        return f"Yes: {governed}. {grant} {notes}".strip()


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
