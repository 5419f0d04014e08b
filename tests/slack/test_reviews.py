"""From a question to what legal decides of it: shown in the legal channel, decided there, told to the asker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.audit.precedents import with_precedent
from bot.model import Verdict
from bot.slack.review_blocks import case_messages
from tests.slack import invented
from tests.slack.conftest import Bot
from tests.slack.loopback import block_action, button, feedback, view_submission
from tests.slack.test_asking import answers, decision_of, settled
from tests.slack.test_feedback import home_of, notes
from tests.slack.test_forms import chosen, typed
from tests.slack.test_forms_asked import asked_and_answered, interact

LEGAL = "CLEGAL"
REASON = "Our contract with ACME forbids it."


async def case_of(bot: Bot, answer: dict[str, Any]) -> dict[str, Any]:
    """Have legal asked about an answer, and return the case in the legal channel."""
    click = block_action(
        button("ask_legal", decision_of(answer)), message=answer, response_url=bot.slack.response_url()
    )
    await interact(bot, click)
    return await shown_case(bot, decision_of(answer))


async def shown_case(bot: Bot, decision: str) -> dict[str, Any]:
    """Wait for the case of a decision in the legal channel."""

    def cases() -> list[dict[str, Any]]:
        return [m for m in bot.slack.messages(LEGAL) if f"decision {decision}" in str(m["blocks"][:6])]

    await bot.slack.wait_until(lambda: bool(cases()), f"a case of {decision}", timeout=20)
    return cases()[0]


async def press(bot: Bot, case: dict[str, Any], action: str, decision: str, user: str = "U9") -> None:
    """Press one of legal's buttons."""
    url = bot.slack.response_url(LEGAL, user)
    click = block_action(button(action, decision), user=user, channel=LEGAL, message=case, response_url=url)
    assert (await interact(bot, click)).status == 200


async def form_of(bot: Bot, answer: dict[str, Any], action: str) -> dict[str, Any]:
    """Have legal asked about an answer, press a button of the case that opens a form, and return that form."""
    await press(bot, await case_of(bot, answer), action, decision_of(answer))
    await bot.slack.wait_for("views.open")
    return next(reversed(bot.slack.views.values()))


def until(day: str) -> dict[str, Any]:
    """The state of the date until which an override holds."""
    return {"expires": {"expires": {"type": "datepicker", "selected_date": day}}}


async def test_an_approved_answer_is_told_to_the_asker(bot: Bot) -> None:
    """The case has question, answer, clauses and facts; the outcome is named and dated in both places."""
    answer = await asked_and_answered(bot, "we have 2 million MAU, may we sell a radio with Llama 3 inside?")
    decision = decision_of(answer)
    case = await case_of(bot, answer)
    await bot.slack.wait_until(lambda: bool(bot.slack.messages(LEGAL, case["ts"])), "the whole answer below it")
    await press(bot, case, "review_approve", decision)
    await bot.slack.wait_until(lambda: "approved" in str(bot.slack.messages("C1", answer["thread_ts"])), "the outcome")
    await settled(bot)
    case = await shown_case(bot, decision)
    told = bot.slack.messages("C1", answer["thread_ts"])[-1]

    assert "may we sell a radio" in str(case["blocks"])
    assert "mau: 2000000" in str(case["blocks"])
    assert "1.b.i" in str(bot.slack.messages(LEGAL, case["ts"]))
    assert "Legal (<@U9>, 20" in told["text"]
    assert "approved this answer" in str(case["blocks"])
    assert not any(b["type"] == "actions" for b in case["blocks"])
    assert [kind for kind, _, _ in notes(bot, decision)] == ["review_opened", "review_closed"]
    assert decision not in await home_of(bot, "U9")


async def test_an_override_has_a_reason_and_may_lapse(bot: Bot) -> None:
    """What counts instead, why and until when; a second decision is refused."""
    answer = await asked_and_answered(bot, "may we sell a toaster with Llama 3 inside?")
    view = await form_of(bot, answer, "review_override")
    nothing = await interact(bot, view_submission(view, chosen("verdict", "prohibited"), user="U9"))
    filled = chosen("verdict", "prohibited") | typed("reason", REASON)
    late = await interact(bot, view_submission(view, filled | until("2020-01-01"), user="U9"))
    whole = filled | until("2099-01-01")
    stranger = await interact(bot, view_submission(view, whole, user="U2"))
    done = await interact(bot, view_submission(view, whole, user="U9"))
    await bot.slack.wait_until(lambda: "ACME" in str(bot.slack.messages("C1", answer["thread_ts"])), "the outcome")
    again = await interact(bot, view_submission(view, whole, user="U9"))
    (body,) = [body for kind, _, body in notes(bot, decision_of(answer)) if kind == "review_closed"]

    assert "reason" in nothing.json["errors"]
    assert "expires" in late.json["errors"]
    assert "legal group" in stranger.json["errors"]["verdict"]
    assert done.body == b""
    assert "already" in again.json["errors"]["verdict"]
    assert body == {
        "approved": False, "verdict": "prohibited", "expires": "2099-01-01", "text": REASON,
    }  # fmt: skip


async def test_an_outcome_finds_an_asker_whose_channel_is_closed(bot: Bot) -> None:
    """Where we may no longer write, the asker reads it directly."""
    answer = await asked_and_answered(bot, "may we sell a blender with Llama 3 inside?")
    case = await case_of(bot, answer)
    bot.slack.channels["C1"].archived = True
    await press(bot, case, "review_approve", decision_of(answer))
    await bot.slack.wait_until(lambda: "approved" in str(bot.slack.messages("D1")), "the outcome, directly")
    await settled(bot)

    assert "Legal (<@U9>" in bot.slack.messages("D1")[-1]["text"]


async def test_a_decided_review_is_a_precedent(bot: Bot) -> None:
    """The same question in other words gets it first, beside the clauses; another use does not, nor does a new text."""
    answer = await asked_and_answered(bot, "may we sell a phone app with Gemma 3 inside?")
    view = await form_of(bot, answer, "review_override")
    filled = chosen("verdict", "prohibited") | typed("reason", "Not before the audit.")
    await interact(bot, view_submission(view, filled, user="U9"))
    await settled(bot)
    same = await asked_and_answered(bot, "are we allowed to sell a phone app with Gemma 3 inside?")
    other = await asked_and_answered(bot, "may we use Gemma 3 inside the company?")
    row, else_ = (bot.services.audit.answer(decision_of(a)) for a in (same, other))
    assert row is not None
    assert else_ is not None
    assert row.precedent is not None

    assert (row.verdict, row.precedent.verdict) == (Verdict.PROHIBITED, Verdict.PROHIBITED)
    assert row.precedent.license_verdict is Verdict.CONDITIONAL
    assert row.precedent.decision_id == decision_of(answer)
    assert row.citations
    assert row.summary.startswith("Legal decided this on")
    assert "Not before the audit" in row.summary
    assert "Company precedent" in str(same["blocks"][1])
    assert else_.precedent is None
    later = replace(row, precedent=None, verdict=Verdict.CONDITIONAL)
    moved = tuple(replace(c, text_sha256="0" * 64) for c in later.citations)
    audit = bot.services.audit
    assert with_precedent(later, audit).precedent is not None
    assert with_precedent(replace(later, citations=moved), audit).precedent is None


async def test_others_may_not_decide(bot: Bot) -> None:
    """They read so, and nothing is recorded."""
    answer = await asked_and_answered(bot, "may we sell a kettle with Llama 3 inside?")
    decision = decision_of(answer)
    case = await case_of(bot, answer)
    for action in ("review_approve", "review_override", "review_ask"):
        await press(bot, case, action, decision, user="U2")
    await bot.slack.wait_until(lambda: str(bot.slack.responses).count("Only the legal group") >= 3, "three refusals")

    assert [kind for kind, _, _ in notes(bot, decision)] == ["review_opened"]
    assert bot.slack.called("views.open") == []


async def test_the_asker_is_asked_in_the_thread(bot: Bot) -> None:
    """By name, with the question; the record has it."""
    answer = await asked_and_answered(bot, "may we sell a fridge with Llama 3 inside?")
    view = await form_of(bot, answer, "review_ask")
    done = await interact(bot, view_submission(view, typed("text", "Who are the <!channel> customers?"), user="U9"))
    asked = bot.slack.messages("C1", answer["thread_ts"])[-1]

    assert done.body == b""
    assert asked["text"].startswith("<@U1> Legal asks:")
    assert "<!channel>" not in str(asked)
    assert ("review_asked", "slack:T1:U9", {"text": "Who are the <!channel> customers?"}) in notes(
        bot, decision_of(answer)
    )


def test_a_case_whose_asker_was_erased_names_nobody() -> None:
    """A mention of nobody would be shown as it is written."""
    named, erased = (
        case_messages(invented.ALLOWED, asker=asker, why="asked", link="")[0].blocks[1]["text"]["text"]
        for asker in ("U1", "(erased)")
    )

    assert named.startswith("<@U1> asked:")
    assert erased.startswith("Somebody asked:")


WEAK = {
    "needs_review": "the repo of Blorbo-7B has no licence file at all, may we ship it in our product?",
    "feedback": "may we sell Phi-3?",
    "low_confidence": "mrdayl/OpenCognito-r2 says apache-2.0, its base model is Qwen/Qwen2.5-3B. May we sell it so?",
}


@pytest.mark.parametrize("why", WEAK)
async def test_weak_answers_open_a_review_by_themselves(bot: Bot, why: str) -> None:
    """What the texts leave open, what somebody says is wrong, and what rests on little."""
    answer = await asked_and_answered(bot, WEAK[why])
    if why == "feedback":
        await interact(bot, block_action(feedback("feedback", f"down:{decision_of(answer)}"), message=answer))
    await shown_case(bot, decision_of(answer))

    assert ("review_opened", "slack:T1:U1", {"why": why}) in notes(bot, decision_of(answer))
    assert await answers(bot.slack, "C1", answer["thread_ts"])


async def test_what_is_left_to_legal_cannot_be_approved_as_it_is(bot: Bot) -> None:
    """There is no verdict that could stand: the button asks for one, and the asker reads it."""
    question = "the repo of Blorbo-9B has no licence file at all, may we ship it in our product?"
    answer = await asked_and_answered(bot, question)
    case = await shown_case(bot, decision_of(answer))
    await press(bot, case, "review_approve", decision_of(answer))
    await bot.slack.wait_for("views.open")
    view = next(reversed(bot.slack.views.values()))
    filled = chosen("verdict", "conditional") | typed("reason", "Its author wrote to us.")
    await interact(bot, view_submission(view, filled, user="U9"))
    await bot.slack.wait_until(
        lambda: "wrote to us" in str(bot.slack.messages("C1", answer["thread_ts"])), "the outcome"
    )

    assert "decided: *Allowed on conditions*" in str(bot.slack.messages("C1", answer["thread_ts"])[-1]["blocks"])
