"""Questions in Slack, from the signed event to what the channel shows and the audit row holds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.slack.conftest import Bot
from tests.slack.loopback import BOT_USER, LoopbackSlack, direct_message, edited, mention

LLAMA = "can we fine-tune Llama 3 for a health app?"


async def answers(
    slack: LoopbackSlack,
    channel: str,
    thread_ts: str | None,
    count: int = 1,
    *,
    timeout: float = 20,  # noqa: ASYNC109 - how long the test has patience
) -> list[dict[str, Any]]:
    """Wait for the answers in a thread: each is known by the metadata of its first message."""

    def first_parts() -> list[dict[str, Any]]:
        return [
            m for m in slack.messages(channel, thread_ts)
            if m.get("metadata", {}).get("event_payload", {}).get("part") == 0
        ]  # fmt: skip

    await slack.wait_until(lambda: len(first_parts()) >= count, f"{count} answers in {thread_ts}", timeout=timeout)
    return first_parts()


async def settled(bot: Bot) -> None:
    """Wait until nothing that was accepted is left to do."""
    async with asyncio.timeout(30):
        while bot.parts.inbox.unfinished():  # noqa: ASYNC110 - what ends it is a row in the database
            await asyncio.sleep(0.05)


def decision_of(message: dict[str, Any]) -> str:
    """The decision that a message is the answer of."""
    return str(message["metadata"]["event_payload"]["decision_id"])


def asks(slack: LoopbackSlack, text: str, channel: str = "C1", **more: Any) -> dict[str, Any]:
    """Let somebody write a mention into a channel, and return its event."""
    text = f"<@{BOT_USER}> {text}"
    return mention(text, channel, ts=slack.say(channel, text, **more), **more)


async def test_a_mention_is_answered_in_its_thread_and_recorded(bot: Bot) -> None:
    """The verdict, the clauses and the decision's id are in the thread; the row says who asked what and where."""
    event = asks(bot.slack, LLAMA)
    delivery = await bot.send(event)
    (answer,) = await answers(bot.slack, "C1", event["ts"])
    row = bot.services.audit.show(decision_of(answer))

    assert delivery.status == 200
    assert answer["thread_ts"] == event["ts"]
    assert row is not None
    assert (row["asker"], row["channel"], row["question"]) == ("slack:T1:U1", "slack:T1:C1", LLAMA)
    shown = str(bot.slack.messages("C1", event["ts"]))
    assert row["verdict"] == "conditional"
    assert "allowed on conditions" in answer["text"].lower()
    assert "1.b.i" in shown
    assert row["decision_id"] in shown
    assert bot.slack.called("assistant.threads.setStatus")


async def test_a_direct_message_is_answered(bot: Bot) -> None:
    """No mention is needed where only we are spoken to."""
    event = direct_message("may we sell Mixtral 8x7B?", "D1", ts=bot.slack.say("D1", "may we sell Mixtral 8x7B?"))
    await bot.send(event)

    (answer,) = await answers(bot.slack, "D1", event["ts"])
    await settled(bot)
    first = bot.slack.called("agents.sessions.setStatus")[0].arguments

    assert decision_of(answer)
    assert (first["status"], first["title"]) == ("processing", "may we sell Mixtral 8x7B?")
    assert bot.slack.sessions["D1", event["ts"]] == "active"


async def test_a_follow_up_needs_no_mention_and_keeps_the_facts(bot: Bot) -> None:
    """In a thread where we answered, the next message is about the same model."""
    first = asks(bot.slack, "can we fine-tune Llama 3 for our own staff?")
    await bot.send(first)
    await answers(bot.slack, "C1", first["ts"])
    text = "and if we sell it to customers?"
    ts = bot.slack.say("C1", text, thread_ts=first["ts"])
    later = {"type": "message", "channel_type": "channel", "channel": "C1", "user": "U1", "text": text, "ts": ts,
             "thread_ts": first["ts"]}  # fmt: skip
    await bot.send(later)

    _, second = await answers(bot.slack, "C1", first["ts"], 2)
    row = bot.services.audit.show(decision_of(second))
    assert row is not None
    assert [s["id"] for s in row["subjects"]] == ["llama-3"]


async def test_other_threads_are_left_alone(bot: Bot) -> None:
    """A message in a thread where we never answered is no question for us."""
    ts = bot.slack.say("C1", "lunch?")
    reply = bot.slack.say("C1", "may we sell Llama 3?", thread_ts=ts)
    before = bot.services.audit.count()
    event = {"type": "message", "channel_type": "channel", "channel": "C1", "user": "U1", "ts": reply, "thread_ts": ts,
             "text": "may we sell Llama 3?"}  # fmt: skip
    assert (await bot.send(event)).status == 200
    await asyncio.sleep(0.3)

    assert bot.services.audit.count() == before
    assert bot.slack.messages("C1", ts) == []


async def test_three_deliveries_get_one_answer(bot: Bot) -> None:
    """Slack delivers again what it believes lost: also at the same time, one question gets one answer and one row."""
    event = asks(bot.slack, "may we ship Gemma 3 in a phone app?")
    before = bot.services.audit.count()
    done = await asyncio.gather(
        *(bot.send(event, event_id="EvThrice", retry_num=n or None, retry_reason="http_timeout") for n in range(3))
    )
    await answers(bot.slack, "C1", event["ts"])
    late = await bot.send(event, event_id="EvThrice", retry_num=3, retry_reason="http_timeout")
    await asyncio.sleep(0.3)

    assert [d.status for d in (*done, late)] == [200] * 4
    assert len(await answers(bot.slack, "C1", event["ts"])) == 1
    assert bot.services.audit.count() == before + 1


async def test_an_edited_question_gets_a_corrected_answer(bot: Bot) -> None:
    """The old answer says that it is superseded and loses its buttons; the new one is about the new words."""
    event = asks(bot.slack, "may we sell Llama 2 merchandise bots?")
    await bot.send(event)
    (old,) = await answers(bot.slack, "C1", event["ts"])
    text = f"<@{BOT_USER}> may we sell Mixtral 8x7B bots?"
    await bot.send(edited(event["text"], text, event["ts"], channel="C1"))

    shown, new = await answers(bot.slack, "C1", event["ts"], 2)
    await bot.slack.wait_for("chat.update")
    row = bot.services.audit.show(decision_of(new))
    assert row is not None
    assert "mixtral" in str(row["subjects"]).lower()
    shown = next(m for m in bot.slack.messages("C1", event["ts"]) if m["ts"] == old["ts"])
    assert "superseded" in shown["text"]
    assert "ask_legal" not in str(shown["blocks"])


@pytest.mark.parametrize("fault", [{"status": 429, "retry_after": 1}, {"status": 500}, {"drop": True}])
async def test_a_reply_that_slack_loses_is_posted_once(bot: Bot, fault: dict[str, Any]) -> None:
    """Refused for now, failed, or posted without Slack saying so: in the end the answer stands there once."""
    bot.slack.fail("chat.postMessage", times=1, **fault)
    event = asks(bot.slack, f"may we host Falcon 180B as an API? {fault}")
    await bot.send(event)
    await answers(bot.slack, "C1", event["ts"])
    await settled(bot)

    assert len(await answers(bot.slack, "C1", event["ts"])) == 1


async def test_what_is_not_from_slack_is_refused(bot: Bot) -> None:
    """A wrong or stale signature is answered 401 and nothing is done; so is none at all."""
    event = asks(bot.slack, "may we sell it?")
    before = bot.services.audit.count()
    wrong = await bot.send(event, secret="not the secret")  # noqa: S106 - that is the point
    stale = await bot.send(event, headers={"X-Slack-Request-Timestamp": "1000000000"})
    async with ClientSession() as session, session.post(f"{bot.url}/slack/events", data=b"\xff{") as bare:
        assert (wrong.status, stale.status, bare.status) == (401, 401, 401)

    assert bot.services.audit.count() == before
    assert bot.slack.messages("C1", event["ts"]) == []


async def test_health_and_readiness(bot: Bot) -> None:
    """The process lives, and it is ready once there is something to answer from."""
    async with ClientSession() as session:
        for route in ("/healthz", "/readyz"):
            async with session.get(bot.url + route) as answer:
                assert answer.status == 200


async def test_a_burst_is_acknowledged_in_time_and_answered_whole(bot: Bot) -> None:
    """200 questions at once: each is acknowledged within Slack's three seconds and answered once, in its thread."""
    events = [asks(bot.slack, f"may a firm of {n} people sell what Qwen2.5 7B writes?") for n in range(1, 201)]
    async with ClientSession() as session:
        done = await asyncio.gather(*(bot.send(e, session=session) for e in events))
    found = [await answers(bot.slack, "C1", e["ts"], timeout=60) for e in events]

    assert {d.status for d in done} == {200}
    assert max(d.seconds for d in done) < 3
    assert [len(f) for f in found] == [1] * 200
    assert len({decision_of(f[0]) for f in found}) == 200
