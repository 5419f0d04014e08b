"""What an old question would be answered today, and how that differs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.model import Answer, Citation


@dataclass(frozen=True, slots=True)
class Change:
    """How today's answer to an old question differs from the one that was given."""

    decision_id: str
    question: str
    was: str
    """The verdict that was given."""
    now: str
    new_clauses: tuple[str, ...]
    gone_clauses: tuple[str, ...]
    changed_texts: tuple[str, ...]
    """Clauses that are cited still, from a text that has changed."""

    def to_json(self) -> dict[str, Any]:
        """Return the change as JSON."""
        return {
            "decision_id": self.decision_id,
            "question": self.question,
            "was": self.was,
            "now": self.now,
            "new_clauses": list(self.new_clauses),
            "gone_clauses": list(self.gone_clauses),
            "changed_texts": list(self.changed_texts),
        }


def change(old: Answer, new: Answer) -> Change | None:
    """Return how two answers to one question differ in verdict, clauses or texts; none where they do not."""
    before, after = ({_name(c): c.text_sha256 for c in answer.citations} for answer in (old, new))
    added, gone = sorted(after.keys() - before.keys()), sorted(before.keys() - after.keys())
    moved = sorted(name for name in before.keys() & after.keys() if before[name] != after[name])
    if old.verdict is new.verdict and not (added or gone or moved):
        return None
    return Change(
        old.decision_id, old.question, old.verdict.value, new.verdict.value, tuple(added), tuple(gone), tuple(moved)
    )


def _name(citation: Citation) -> str:
    return f"{citation.license}, {citation.document.value} {citation.clause}".strip()
