"""Malformed and hostile requests, properly signed: none is answered with a server error, and the bot lives on."""

from __future__ import annotations

import asyncio
import io
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import ClientSession

from tests.slack.conftest import Bot
from tests.slack.loopback import (
    block_action,
    button,
    deliver,
    event_payload,
    feedback,
    link_shared,
    mention,
    message_shortcut,
    shortcut,
    slash_command,
)
from tests.slack.test_asking import answers, asks

SAMPLES = Path(__file__).parents[3] / "shared" / "test-data" / "slack-inbound.jsonl"
ODD: list[Any] = [None, True, -1, 10**30, "", "\x00", "\uffff", "<!channel>", [], {}, [[]], {"text": {}}, "a" * 5000]
ROUNDS, AT_ONCE = 125, 20


def spoiled(value: Any, chance: random.Random, share: float) -> Any:
    """Return a payload with a share of its parts replaced, dropped or doubled."""
    if chance.random() < share:
        return chance.choice(ODD)
    if isinstance(value, dict):
        return {k: spoiled(v, chance, share) for k, v in value.items() if chance.random() > share}
    if isinstance(value, list):
        return [spoiled(v, chance, share) for v in value for _ in range(2 if chance.random() < share else 1)]
    return value


def payloads() -> list[dict[str, Any]]:
    """What Slack sends: our own kinds, and the real samples where they are."""
    message = {"ts": "1.2", "text": "may we?", "user": "U2"}
    own: list[dict[str, Any]] = [
        event_payload(mention("<@UBOT> may we?", "C1", ts="1.1")), slash_command("/license", "Llama 3"),
        slash_command("/license", "channel"), message_shortcut("check_message", message), shortcut("ask"),
        event_payload(link_shared(["https://huggingface.co/meta-llama/Meta-Llama-3-8B"])),
        block_action(button("ask_form", "{}")), block_action(button("ask_legal", "no-such-decision")),
        block_action(feedback("feedback", "down:no-such-decision")), block_action(button("card_clauses", "llama-3")),
    ]  # fmt: skip
    if not SAMPLES.exists():
        return own
    rows = [json.loads(line) for line in SAMPLES.read_text(encoding="utf-8").splitlines()]
    return own + [r["payload"] for r in rows if isinstance(r.get("payload"), dict)]


@pytest.mark.parametrize("share", [0.002, 0.01, 0.03, 0.1])
async def test_spoiled_payloads_do_no_harm(bot: Bot, share: float) -> None:
    """Each of 2,500 is answered with nothing worse than 4xx; after that, only Slack itself refuses something."""
    chance = random.Random(str(share))  # noqa: S311 - the same ones each time
    # Answers go to the loopback Slack, wherever the samples would have them sent.
    known = [p | {"response_url": bot.slack.response_url("C1", "U1")} for p in payloads()]
    url, seen = f"{bot.url}/slack/events", Counter[int]()
    with structlog.testing.capture_logs() as logged:
        async with ClientSession() as session:
            for _ in range(ROUNDS):
                bodies = [json.dumps(spoiled(chance.choice(known), chance, share)).encode() for _ in range(AT_ONCE)]
                done = await asyncio.gather(
                    *(deliver(url, b, "application/json", session=session, timeout=30) for b in bodies)
                )
                assert [(d.status, b) for d, b in zip(done, bodies, strict=True) if d.status >= 500] == []
                seen.update(d.status for d in done)
        event = asks(bot.slack, f"may we sell a clock with Falcon 7B inside? {share}")
        await bot.send(event)
        assert await answers(bot.slack, "C1", event["ts"])
    failed = [e for e in logged if e["event"] == "slack_work_failed"]

    assert seen[200] > 100
    assert seen[200] + seen[400] == ROUNDS * AT_ONCE
    assert [e for e in failed if type(e["exc_info"]).__name__ not in {"SlackApiError", "RefusedError"}] == []


async def test_what_is_no_payload_is_refused(bot: Bot) -> None:
    """Neither JSON nor a form of Slack's: no server error."""
    form, url = "application/x-www-form-urlencoded", f"{bot.url}/slack/events"
    bodies = [
        (b"", "application/json"), (b"[]", "application/json"), (b"{", "application/json"), (b"1", "application/json"),
        (b"[" * 100_000, "application/json"), (b"payload=%7B", form), (b"payload=1", form), (b"&" * 5000, form),
        (b"a=1&" * 200, form),
    ]  # fmt: skip
    found = [(await deliver(url, body, kind)).status for body, kind in bodies]

    assert set(found) <= {200, 400}


async def test_a_request_that_is_too_large_is_refused_unread(bot: Bot) -> None:
    """More than a mebibyte is 413, whoever signed it."""
    body = io.BytesIO(b"{" + b" " * (1 << 20) + b"}")
    async with ClientSession() as session, session.post(f"{bot.url}/slack/events", data=body) as answer:
        assert answer.status == 413
