"""Builds what legal and askers see of a review: the case, the form to override, the outcome. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.audit.log import OpenReview
from bot.model import Answer, Verdict
from bot.policy.lapsing import Lapse
from bot.slack import kit
from bot.slack.blocks import VERDICT_MARKS, VERDICT_WORDS, Message, answer_messages, without_buttons
from bot.slack.form_parts import FormError, View, field, modal, option, read_choice, read_date, read_text, text_input
from bot.slack.kit import Block
from bot.slack.text import one_line, quoted, shortened

WHY = {
    "asked": "the asker wants legal to look at it",
    "needs_review": "the texts leave it to a lawyer",
    "feedback": "somebody says that the answer is wrong",
    "low_confidence": "the answer rests on weak ground",
}
"""Why a review is open, as the record has it, and as people read it."""
_LONGEST_QUESTION = 1500


@dataclass(frozen=True, slots=True)
class Outcome:
    """What legal decided."""

    verdict: Verdict
    """The verdict that counts from now on: the answer's own where it was approved."""
    approved: bool
    reason: str
    expires: str
    """A date, ISO 8601, until which it holds; empty where it holds for good."""

    def to_json(self) -> dict[str, Any]:
        """Return it as the record has it; `text` is the reason."""
        held = {"approved": self.approved, "verdict": self.verdict.value, "expires": self.expires}
        return held | ({"text": self.reason} if self.reason else {})

    @staticmethod
    def from_json(body: Mapping[str, Any]) -> Outcome:
        """Return what `to_json` gave."""
        return Outcome(Verdict(body["verdict"]), body["approved"], body.get("text", ""), body.get("expires", ""))


def case_messages(answer: Answer, *, asker: str, why: str, link: str) -> tuple[Message, ...]:
    """Return a case for the legal channel: why, who asks what with which facts, the answer, and the buttons.

    The first message says what is to be decided; the answer follows in its thread, whole. `asker` is a Slack user id;
    where it is none, because the name was erased, the case says somebody.
    """
    verdict = f"{VERDICT_MARKS[answer.verdict]} {VERDICT_WORDS[answer.verdict]}"
    asked = quoted(shortened(answer.question, _LONGEST_QUESTION))
    facts = _facts(answer)
    who = f"<@{asker}>" if asker.isalnum() else "Somebody"
    blocks: list[Block] = [
        kit.header("For legal: a licence question"),
        kit.section(f"{who} asked" + (f" (<{link}|in the thread>)" if link else "") + f":\n{asked}"),
        kit.section(f"*The answer:* {verdict}\n{one_line(answer.summary)}"),
        *([kit.section(f"*What the asker says of the use*\n{facts}")] if facts else []),
        kit.context(f"Here because {WHY.get(why, why)} · decision {one_line(answer.decision_id)}"),
        kit.actions(_buttons(answer.decision_id)),
    ]
    first = Message(f"For legal: {shortened(one_line(answer.question), 300)}", tuple(blocks))
    return first, *(without_buttons(message) for message in answer_messages(answer))


def _buttons(decision_id: str) -> list[Block]:
    return [
        kit.button("review_approve", "Approve", decision_id) | {"style": "primary"},
        kit.button("review_override", "Override", decision_id),
        kit.button("review_ask", "Ask the asker", decision_id),
    ]


def _facts(answer: Answer) -> str:
    use = answer.use.to_json()
    facts = [*use["actions"], *(f"{name}: {value}" for name, value in use["facts"].items())]
    facts += [f"{name}: {use[name]}" for name in ("commercial", "domain") if use[name] is not None]
    return "\n".join(f"· {one_line(str(fact).replace('_', ' '))}" for fact in facts)


def outcome_line(outcome: Outcome, *, by: str, on: date) -> str:
    """Return what was decided, by whom and when, in mrkdwn."""
    done = "approved this answer" if outcome.approved else f"decided: *{VERDICT_WORDS[outcome.verdict]}*"
    until = f", until {outcome.expires}" if outcome.expires else ""
    who = f"<@{by}>, " if by else ""
    return f"{VERDICT_MARKS[outcome.verdict]} Legal ({who}{on.isoformat()}) {done}{until}."


def outcome_message(outcome: Outcome, *, by: str, on: date, decision_id: str) -> Message:
    """Return what the asker reads of a decided review."""
    told = _told(outcome, by=by, on=on)
    return Message(outcome_line(outcome, by=by, on=on), (*told, kit.context(f"decision {one_line(decision_id)}")))


def decided_case(message: Message, outcome: Outcome, *, by: str, on: date) -> Message:
    """Return a case as it stands in the legal channel once it is decided: with the outcome, without buttons."""
    kept = without_buttons(message)
    return Message(kept.text, (*kept.blocks, *_told(outcome, by=by, on=on)))


def _told(outcome: Outcome, *, by: str, on: date) -> list[Block]:
    line = kit.section(outcome_line(outcome, by=by, on=on))
    reason = [kit.section(quoted(shortened(outcome.reason, kit.SECTION_TEXT - 100)))] if outcome.reason else []
    return [line, *reason]


def overdue_message(review: OpenReview, now: datetime, *, link: str) -> Message:
    """Return the reminder that a review waits; `link` leads to its case."""
    days = (now - review.opened_at).days
    waits = f"⏰ A review waits for {days} days" if days > 1 else "⏰ A review is overdue"
    case = f" (<{link}|the case>)" if link else ""
    asked = quoted(shortened(review.decision.question, _LONGEST_QUESTION))
    why = f"Here because {WHY.get(review.why, one_line(review.why))} · decision {one_line(review.decision.id)}"
    return Message(f"{waits}: {shortened(one_line(review.decision.question), 300)}", (
        kit.section(f"*{waits}*{case}\n{asked}"),
        kit.context(why),
        kit.actions(_buttons(review.decision.id)),
    ))  # fmt: skip


def lapse_message(lapse: Lapse) -> Message:
    """Return the reminder that an exception or a bought licence of the company's policy lapses."""
    relief = lapse.relief
    told = one_line(f"The {relief.kind.value} {relief.id} ({relief.reference}) {lapse.when}.")
    after = "Questions that it covered are answered without it." if lapse.has_lapsed else "Renew it, or let it end."
    return Message(f"📅 {told}", (
        kit.section(f"📅 *{told}*\n{after}"),
        kit.context(f"owner {one_line(relief.owner)} · from the company policy"),
    ))  # fmt: skip


def override_form(decision_id: str) -> View:
    """Return the form for another verdict, the reason and a date until which it holds."""
    verdicts = [option(f"{VERDICT_MARKS[v]} {VERDICT_WORDS[v]}", v.value) for v in Verdict if v is not Verdict.UNKNOWN]
    select = {"type": "static_select", "action_id": "verdict", "options": verdicts}
    blocks = [
        field("verdict", "What counts instead", select, optional=False),
        field("reason", "Why", text_input("reason"), optional=False),
        field("expires", "Until", {"type": "datepicker", "action_id": "expires"}),
    ]
    return modal("review_override", "Override", "Send", json.dumps({"decision": decision_id}), blocks)


def question_form(decision_id: str) -> View:
    """Return the form for a question to the asker."""
    block = field("text", "Your question", text_input("text"), optional=False)
    return modal("review_ask", "Ask the asker", "Send", json.dumps({"decision": decision_id}), [block])


def read_override_form(values: Mapping[str, Any], today: date) -> Outcome:
    """Return what was filled in; raises `FormError` that names the field."""
    verdict = read_choice(values, "verdict")
    if verdict not in {v.value for v in Verdict if v is not Verdict.UNKNOWN}:
        raise FormError("verdict", "Choose what counts instead.")
    reason, expires = read_text(values, "reason"), read_date(values, "expires")
    if not reason:
        raise FormError("reason", "Say why: the asker and whoever asks next will read it.")
    try:
        over = bool(expires) and date.fromisoformat(expires) <= today
    except ValueError:
        over = True
    if over:
        raise FormError("expires", "Choose a day after today, or none.")
    return Outcome(Verdict(verdict), False, reason, expires)


def read_question_form(values: Mapping[str, Any]) -> str:
    """Return the question; raises `FormError` where there is none."""
    text = read_text(values, "text")
    if not text:
        raise FormError("text", "Say what you want to know.")
    return text
