"""Builds the Home tab: what the bot can do, what somebody asked, what waits for legal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.audit.log import DecisionLine, DecisionNote, OpenReview
from bot.model import Verdict
from bot.slack import kit
from bot.slack.blocks import VERDICT_MARKS, VERDICT_WORDS, help_message
from bot.slack.conversation import user_of
from bot.slack.kit import Block
from bot.slack.review_blocks import Outcome, outcome_line
from bot.slack.text import one_line, shortened

_LONGEST_QUESTION = 300


@dataclass(frozen=True, slots=True)
class Home:
    """What one person's Home tab shows."""

    recent: Sequence[DecisionLine]
    """What they asked, newest first."""
    waiting: Sequence[OpenReview]
    """What they asked and legal has not decided."""
    outcomes: Mapping[str, DecisionNote]
    """What legal decided of what they asked, by decision."""
    queue: Sequence[OpenReview] | None
    """Everything that legal has not decided, for legal; none for all others."""


def home_view(home: Home) -> dict[str, Any]:
    """Return the view for `views.publish`."""
    blocks = [kit.header("What I can do"), *help_message().blocks]
    if home.queue is not None:
        blocks += _part("Waiting for legal", [_review(r, whose=True) for r in home.queue], "Nothing waits.")
    if home.waiting:
        blocks += _part("Your questions that wait for legal", [_review(r) for r in home.waiting], "")
    recent = [_decision(line, _outcome(home.outcomes.get(line.id))) for line in home.recent]
    blocks += _part("What you asked", recent, "Nothing yet.")
    return {"type": "home", "blocks": blocks}


def _part(heading: str, rows: Iterable[Block], otherwise: str) -> list[Block]:
    return [kit.divider(), kit.header(heading), *(list(rows) or [kit.section(otherwise)])]


def _decision(line: DecisionLine, more: str = "") -> Block:
    verdict = Verdict(line.verdict)
    question = shortened(one_line(line.question), _LONGEST_QUESTION)
    about = ", ".join(one_line(name) for name in line.subjects[:3])
    said = f"{VERDICT_MARKS[verdict]} *{VERDICT_WORDS[verdict]}*" + (f" · {about}" if about else "")
    row = kit.section(f"{said}\n{question}\n{_moment(line.created_at)}{more}")
    return row | {"accessory": kit.button("show_decision", "Show", line.id)}


def _outcome(note: DecisionNote | None) -> str:
    """Say what legal decided, who and when; an empty text where they did not."""
    if note is None:
        return ""
    outcome = Outcome.from_json(note.body)
    line = outcome_line(outcome, by=user_of(note.actor), on=note.created_at.date())
    return f"\n{line}" + (f" {shortened(one_line(outcome.reason), _LONGEST_QUESTION)}" if outcome.reason else "")


def _review(review: OpenReview, *, whose: bool = False) -> Block:
    user = user_of(review.decision.asker)
    by = f" · asked by <@{user}>" if whose and user else ""
    return _decision(review.decision, f" · waits since {_moment(review.opened_at)}{by}")


def _moment(at: datetime) -> str:
    """Return a moment that Slack shows in the reader's own time zone."""
    known = at if at.tzinfo else at.replace(tzinfo=UTC)
    return f"<!date^{int(known.timestamp())}^{{date_short_pretty}}, {{time}}|{known:%Y-%m-%d %H:%M} UTC>"
