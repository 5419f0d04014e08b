"""What the calendar asks for, from a running bot: overdue reviews, permissions that lapse, the digest of a week."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dbos import DBOS
from sqlalchemy import text

from bot.digest.deliveries import HOUR, Destination
from bot.digest.week import Week
from bot.slack.posting import Posting
from bot.slack.reminders import Reminders
from bot.slack.sending import Sending
from tests.slack.conftest import Bot
from tests.slack.loopback import block_action, button
from tests.slack.test_asking import decision_of, settled
from tests.slack.test_forms_asked import asked_and_answered, interact
from tests.slack.test_reviews import LEGAL, case_of, press

DAY = timedelta(days=1)


@pytest.fixture
async def reminders(bot: Bot) -> AsyncIterator[Reminders]:
    """The calendar of the running bot, looked into when a test says so: the bot itself has done so for this hour."""
    async with asyncio.timeout(30):
        while await DBOS.list_workflows_async(status=["ENQUEUED", "PENDING"]):  # noqa: ASYNC110 - a row in a database
            await asyncio.sleep(0.05)
    parts = bot.parts
    posting = Posting(parts.clients)
    sending = Sending(bot.services, parts.clients, posting)
    yield Reminders(bot.services, parts.inbox, posting, parts.workers, sending)
    bot.services.settings = replace(bot.services.settings, digest_channel=None, policy=None)
    bot.services._policy = None


async def looked(bot: Bot, reminders: Reminders, moment: datetime) -> list[str]:
    """Look into the calendar at a moment and do what it asks for."""
    keys = reminders.due(moment)
    await bot.parts.start(keys)
    await settled(bot)
    return keys


async def test_an_overdue_review_is_reminded_of_once_a_week(bot: Bot, reminders: Reminders) -> None:
    """Not before its days are over, then with the case and its buttons, from which legal decides; then no more."""
    answer = await asked_and_answered(bot, "may we sell a lamp with Llama 3 inside?")
    decision, now = decision_of(answer), datetime.now(UTC)
    case = await case_of(bot, answer)

    def reminded() -> list[dict[str, Any]]:
        return [m for m in bot.slack.messages(LEGAL) if "⏰" in m["text"] and decision in str(m["blocks"])]

    early = await looked(bot, reminders, now + 2 * DAY)
    first = await looked(bot, reminders, now + 4 * DAY)
    again = await looked(bot, reminders, now + 5 * DAY)
    assert [key for key in early if decision in key] == []
    assert [key for key in first if decision in key] == [f"overdue:{decision}:0"]
    assert [key for key in again if decision in key] == []
    (reminder,) = reminded()
    assert "may we sell a lamp" in str(reminder["blocks"])
    assert f"/archives/{LEGAL}/p{case['ts'].replace('.', '')}" in str(reminder["blocks"])

    await looked(bot, reminders, now + 11 * DAY)
    assert len(reminded()) == 2
    await press(bot, reminder, "review_approve", decision)
    await bot.slack.wait_until(lambda: "approved" in str(bot.slack.messages("C1", answer["thread_ts"])), "the outcome")
    await settled(bot)
    assert [key for key in await looked(bot, reminders, now + 30 * DAY) if decision in key] == []
    assert len(reminded()) == 2


async def test_a_review_that_was_decided_meanwhile_is_not_reminded_of(bot: Bot, reminders: Reminders) -> None:
    """Between the look into the calendar and the message somebody may have decided."""
    answer = await asked_and_answered(bot, "may we sell a clock with Llama 3 inside?")
    decision = decision_of(answer)
    case = await case_of(bot, answer)
    keys = [key for key in reminders.due(datetime.now(UTC) + 4 * DAY) if decision in key]
    await press(bot, case, "review_approve", decision)
    await bot.slack.wait_until(lambda: "approved" in str(bot.slack.messages("C1", answer["thread_ts"])), "the outcome")
    await bot.parts.start(keys)
    await settled(bot)

    assert keys
    assert not [m for m in bot.slack.messages(LEGAL) if "⏰" in m["text"] and decision in str(m["blocks"])]


async def test_permissions_are_reminded_of_before_they_lapse(bot: Bot, reminders: Reminders, tmp_path: Path) -> None:
    """Within their days, a week before the end, and when they have lapsed: each once, in the legal channel."""
    file = tmp_path / "policy.yaml"
    last = datetime.now(UTC).date() + 20 * DAY
    file.write_text(POLICY.format(last=last), encoding="utf-8")
    bot.services.settings = replace(bot.services.settings, policy=file)
    stages = []
    for days in (0, 1, 14, 15, 21, 22):
        file.write_text(POLICY.format(last=date.fromisoformat(str(last)) - days * DAY), encoding="utf-8")
        keys = await looked(bot, reminders, datetime.now(UTC))
        print(days, keys, file.stat().st_mtime_ns)
        stages += [key.rpartition(":")[2] for key in keys if key.startswith("lapse:")]
    told = [m["text"] for m in bot.slack.messages(LEGAL) if "📅" in m["text"]]

    assert stages == ["early", "early", "soon", "soon", "lapsed", "lapsed"], "another last day is another reminder"
    assert await looked(bot, reminders, datetime.now(UTC)) == []
    assert "lapses in 20 days" in told[0]
    assert "contract 17" in told[0]
    assert "has lapsed on" in told[-1]


POLICY = """
licences_bought:
  - id: a-contract
    covers: {{licences: [stability-ai-community]}}
    reference: contract 17
    owner: procurement
    until: {last}
    remind_days: 30
"""


async def test_old_texts_are_erased_once_a_day(bot: Bot, reminders: Reminders) -> None:
    """What was written longer ago than the settings keep it, in the record and the inbox; the chain still holds."""
    answer = await asked_and_answered(bot, "may we sell a harp with Llama 3 inside?")
    now = datetime.now(UTC)
    bot.services.settings = replace(bot.services.settings, retention_days=30)
    try:
        kept = await looked(bot, reminders, now)
        again = await looked(bot, reminders, now + timedelta(hours=0))
        with_text = bot.services.audit.answer(decision_of(answer))
        bot.services.erase_before(now + DAY)
    finally:
        bot.services.settings = replace(bot.services.settings, retention_days=None)
    without = bot.services.audit.answer(decision_of(answer))

    assert [key for key in kept if key.startswith("erase:")] == [f"erase:{now.date()}"]
    assert [key for key in again if key.startswith("erase:")] == []
    assert with_text is not None
    assert without is not None
    assert (with_text.question, without.question) == ("may we sell a harp with Llama 3 inside?", "(erased)")
    assert bot.services.audit.ledger.verify().fault is None


async def test_the_digest_of_a_week_from_questions_to_channel(bot: Bot, reminders: Reminders) -> None:
    """What was asked, what legal changed and what waits stand in it; people are named as Slack knows them."""
    with bot.services.engine.begin() as connection:
        connection.execute(text("DELETE FROM digest_delivery"))
    bot.slack.add_channel("CDIGEST")
    bot.services.settings = replace(bot.services.settings, digest_channel="CDIGEST")
    answer = await asked_and_answered(bot, "may we sell a violin with Llama 3 inside?")
    await interact(bot, block_action(button("ask_legal", decision_of(answer)), message=answer))
    await settled(bot)
    now = datetime.now(UTC)
    week = Week.of(now, bot.services.settings.zone)
    monday = week.next.bounds(bot.services.settings.zone)[0]

    assert not [key for key in reminders.due(monday + timedelta(hours=7)) if key.startswith("digest:")]
    keys = [key for key in await looked(bot, reminders, monday + timedelta(hours=9)) if key.startswith("digest:")]
    (main,) = [m for m in bot.slack.messages("CDIGEST") if not m.get("thread_ts") or m["thread_ts"] == m["ts"]]
    thread = json.dumps(bot.slack.messages("CDIGEST", main["ts"]), ensure_ascii=False)

    assert [key.rpartition(":")[0] for key in keys] == [f"digest:{week}:slack"]
    assert f"Week {week.number}" in main["blocks"][0]["text"]["text"]
    assert "may we sell a violin" in thread
    assert "Person U1" in thread, "named as Slack knows the person"
    case = next(m for m in bot.slack.messages(LEGAL) if decision_of(answer) in str(m["blocks"][:6]))
    assert f"/archives/{LEGAL}/p{case['ts'].replace('.', '')}" in thread, "what waits leads to its case"
    assert f"clausebot-{week}.html" in thread
    assert f"clausebot-{week}.csv" in thread
    assert reminders.due(monday + timedelta(hours=10)) == []
    assert bot.services.deliveries.claim(week, Destination.SLACK, now) is False


async def test_missed_weeks_come_one_after_the_other(bot: Bot, reminders: Reminders) -> None:
    """After a time away the oldest is sent first, and the next when that one is there."""
    with bot.services.engine.begin() as connection:
        connection.execute(text("DELETE FROM digest_delivery"))
    bot.slack.add_channel("CDIGEST")
    bot.services.settings = replace(bot.services.settings, digest_channel="CDIGEST")
    now, zone = datetime.now(UTC), bot.services.settings.zone
    last = Week.last_finished(now - HOUR, zone)
    got = last.previous.previous
    bot.services.deliveries.claim(got, Destination.SLACK, now)
    bot.services.deliveries.delivered(got, Destination.SLACK, now)
    keys = await looked(bot, reminders, now)
    await bot.slack.wait_until(lambda: f"Week {last.number}" in str(bot.slack.messages("CDIGEST")), "both", timeout=30)
    await settled(bot)
    mains = [m for m in bot.slack.messages("CDIGEST") if m.get("thread_ts") in (None, m["ts"])]

    assert [key for key in keys if key.startswith("digest:")] == [f"digest:{last.previous}:slack:{now:%Y-%m-%dT%H}"]
    assert len(mains) == 2
    assert f"Week {last.previous.number}," in str(mains[0]["blocks"][0])
    assert f"Week {last.number}," in str(mains[1]["blocks"][0])
