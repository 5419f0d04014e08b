"""What a policy would have made of past decisions. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.model import Answer, Verdict
from bot.policy.known import Known
from bot.policy.model import Policy
from bot.policy.outcome import PolicyOutcome, outcome


@dataclass(frozen=True, slots=True)
class Decided:
    """A past decision."""

    answer: Answer
    """With the licences' own verdict; answered anew by the caller where the policy's facts of the company differ."""
    on: date
    verdict: Verdict | None = None
    """What was shown then; `None`: the licences' own."""
    rules: frozenset[str] = frozenset()
    """Ids of the rules that hit then and were not lifted."""

    @property
    def shown(self) -> Verdict:
        """The verdict that the asker got."""
        return self.verdict or self.answer.verdict


@dataclass(frozen=True, slots=True)
class Change:
    """A past decision that would have come out differently."""

    decided: Decided
    verdict: Verdict
    """What it would have been."""
    rules: frozenset[str]
    """Ids of the rules that would have hit."""
    outcome: PolicyOutcome | None
    """`None` where the policy says nothing to it."""

    @property
    def new_rules(self) -> frozenset[str]:
        """Ids of the rules that hit now and did not then."""
        return self.rules - self.decided.rules

    @property
    def gone_rules(self) -> frozenset[str]:
        """Ids of the rules that hit then and do not now."""
        return self.decided.rules - self.rules

    def to_json(self) -> dict[str, Any]:
        """Return the change as JSON."""
        answer = self.decided.answer
        return {
            "decision_id": answer.decision_id,
            "on": self.decided.on.isoformat(),
            "question": answer.question,
            "was": self.decided.shown.value,
            "now": self.verdict.value,
            "new_rules": sorted(self.new_rules),
            "gone_rules": sorted(self.gone_rules),
        }


def changes(policy: Policy, decisions: Iterable[Decided], known: Known, *, on: date | None = None) -> list[Change]:
    """Return the decisions whose verdict or rules would change under a policy, in the order given.

    Each is judged as of its own day, or as of the day `on`, which tries rules that begin later.
    """
    found = []
    for decided in decisions:
        made = outcome(policy, decided.answer, known, on or decided.on)
        verdict = made.verdict if made else decided.answer.verdict
        rules = made.rules if made else frozenset()
        if verdict is not decided.shown or rules != decided.rules:
            found.append(Change(decided, verdict, rules, made))
    return found
