"""What goes wrong: one plain sentence where it was asked, a trace in the log under its reference, never silence."""

from __future__ import annotations

import re
from typing import Any

import pytest
import structlog
from aiohttp import ClientSession

from bot.slack import clients
from tests.slack.conftest import Bot
from tests.slack.loopback import BOT_USER, bot_message, mention
from tests.slack.test_asking import answers, asks, settled


def raising(*_: object, **__: object) -> Any:
    """Stand in for the answerer on a bad day."""
    raise RuntimeError("the rules are on fire")


async def test_an_answer_that_fails_is_apologised_for(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence has a reference that the log has beside the trace; the program's own words stay there."""
    monkeypatch.setattr(bot.services.answerer, "answer", raising)
    with structlog.testing.capture_logs() as logged:
        event = asks(bot.slack, "may we sell a boat with Gemma 2 inside?")
        await bot.send(event)
        await settled(bot)
    (told,) = bot.slack.messages("C1", event["ts"])
    reference = re.search(r"reference: (\w+)", told["text"])
    (entry,) = [e for e in logged if e["event"] == "question_failed"]

    assert reference is not None
    assert reference[1] == entry["reference"]
    assert entry["exc_info"]
    assert "fire" not in str(told)


async def test_an_apology_gets_through_when_slack_is_back(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack fails just then: the sentence comes a little later, once."""
    monkeypatch.setattr(bot.services.answerer, "answer", raising)
    bot.slack.fail("chat.postMessage", status=500, times=2)
    event = asks(bot.slack, "may we sell a kite with Gemma 2 inside?")
    await bot.send(event)
    await settled(bot)

    assert len(bot.slack.messages("C1", event["ts"])) == 1


async def test_a_refusal_that_will_not_pass_is_not_repeated(bot: Bot) -> None:
    """A token that was revoked: tried once, logged, and the entry is closed."""
    bot.slack.fail("chat.postMessage", error="token_revoked", times=50)
    with structlog.testing.capture_logs() as logged:
        event = asks(bot.slack, "may we sell a drum with Gemma 2 inside?")
        await bot.send(event)
        await settled(bot)
    bot.slack.heal()

    assert [e["event"] for e in logged if e["log_level"] == "error"] == ["question_failed", "apology_not_posted"]
    assert len(bot.slack.called("chat.postMessage")) == 2


async def test_a_time_out_is_waited_for_once(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack takes the message and does not say so in time: it is looked for, found, and not posted again."""
    monkeypatch.setattr(clients, "_TIMEOUT_S", 1)
    bot.slack.fail("chat.postMessage", hang=3)
    event = asks(bot.slack, "may we sell a bell with Gemma 2 inside?")
    await bot.send(event)
    await settled(bot)

    assert len(await answers(bot.slack, "C1", event["ts"])) == 1


@pytest.mark.parametrize("fault", [{"error": "not_allowed"}, {"status": 500}, {"hang": 8}])
async def test_a_status_that_slack_refuses_holds_nothing_up(bot: Bot, fault: dict[str, Any]) -> None:
    """The answer comes all the same."""
    bot.slack.fail("assistant.threads.setStatus", times=4, **fault)
    event = asks(bot.slack, f"may we sell a flute with Gemma 2 inside? {fault}")
    await bot.send(event)

    assert await answers(bot.slack, "C1", event["ts"], timeout=10)


async def test_a_mention_without_a_question_is_told_how_to_ask(bot: Bot) -> None:
    """Calling us and saying nothing is no mistake worth silence."""
    ts = bot.slack.say("C1", f"<@{BOT_USER}>")
    await bot.send(mention(f"<@{BOT_USER}>", "C1", ts=ts))
    await settled(bot)
    (told,) = bot.slack.messages("C1", ts)

    assert "?" in told["text"] or "question" in told["text"].lower()


async def test_figures_are_told_without_names_or_texts(bot: Bot) -> None:
    """What an operator watches: how many, how fast, how many failed."""
    event = asks(bot.slack, "may we sell a violin with Gemma 2 inside?")
    await bot.send(event)
    await settled(bot)
    await bot.send(event, secret="wrong")  # noqa: S106 - that is the point
    async with ClientSession() as session, session.get(f"{bot.url}/metrics") as answer:
        told = await answer.text()
        kind = answer.headers["Content-Type"]

    assert kind.startswith("text/plain")
    assert 'clausebot_slack_requests_total{status="401"}' in told
    assert 'clausebot_decisions_total{verdict="conditional"}' in told
    assert "clausebot_answer_seconds_count" in told
    assert "clausebot_questions_under_way 0.0" in told
    assert not any(word in told for word in ("violin", "U1", "C1", "Gemma"))
    assert "app_mention" in bot.parts.inbox.seen()


async def test_bots_are_not_answered(bot: Bot) -> None:
    """Two bots that answer each other would never stop."""
    before = bot.services.audit.count()
    await bot.send(bot_message(f"<@{BOT_USER}> may we sell Llama 3?", "C1"))
    await bot.send(mention(f"<@{BOT_USER}> may we sell Llama 3?", "C1", user=BOT_USER))
    await settled(bot)

    assert bot.services.audit.count() == before
    assert bot.slack.messages("C1") == []
