"""The digest that the served program sends by itself: at its start, once, whatever dies."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from sqlalchemy import text

from bot.digest.deliveries import HOUR, Destination
from bot.digest.errors import UnderWayError
from bot.services import Services, open_services
from bot.slack.clients import Clients
from bot.slack.inbox import Inbox
from bot.slack.posting import Posting
from bot.slack.refusals import is_passing
from bot.slack.reminders import Reminders
from bot.slack.sending import Sending
from bot.slack.workers import Workers
from tests.conftest import settings_for
from tests.digest.recorded import decide_in
from tests.digest.test_digest_command import LAST, ZONE, is_whole
from tests.slack.loopback import BOT_TOKEN, LoopbackSlack
from tests.slack.test_restart import free_port, serving

DIGEST = {"CLAUSEBOT_DIGEST_CHANNEL": "CLEGAL", "CLAUSEBOT_TIME_ZONE": ZONE.key}


def with_a_record(home: Path) -> Path:
    """Let the record of a data folder begin in the last week."""
    with open_services(settings_for(home)) as services:
        decide_in(services.audit, LAST, ZONE)
    return home


async def until_whole(slack: LoopbackSlack, timeout_s: float = 60) -> None:
    """Wait until the digest stands in the channel with all that belongs to it, then a little longer."""

    def has_files() -> bool:
        return sum(len(message.get("files", ())) for message in slack.messages("CLEGAL")) >= 2

    await slack.wait_until(has_files, "digest with its files", timeout_s)
    await asyncio.sleep(1.5)
    assert is_whole(slack)


# -- the served program ------------------------------------------------------------------------------------------------


async def test_the_program_sends_what_is_due_at_its_start(own_home: Path, slack: LoopbackSlack) -> None:
    """Two of them on one database: one message, whole; a third start sends nothing more."""
    home = with_a_record(own_home)
    async with serving(home, slack, free_port(), **DIGEST), serving(home, slack, free_port(), **DIGEST):
        await until_whole(slack)
    async with serving(home, slack, free_port(), **DIGEST):
        await asyncio.sleep(2)

    assert is_whole(slack)


@pytest.mark.parametrize("step", ["chat.postMessage", "files.completeUploadExternal"])
async def test_a_killed_program_leaves_one_digest(own_home: Path, slack: LoopbackSlack, step: str) -> None:
    """Killed while Slack takes the message or a file: the next one waits until the dead one's time is over, and then
    completes the thread."""
    home = with_a_record(own_home)
    slack.fail(step, hang=30)
    async with serving(home, slack, free_port(), **DIGEST) as process:
        await slack.wait_for(step, timeout=60)
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    slack.heal()
    async with serving(home, slack, free_port(), **DIGEST):
        await asyncio.sleep(3)  # its first tries come to nothing
        with open_services(settings_for(home)) as services, services.engine.begin() as connection:
            assert not services.deliveries.is_delivered(LAST, Destination.SLACK)
            connection.execute(
                text("UPDATE digest_delivery SET begun_at = '2026-01-01 00:00:00.000000'")
            )  # time passes
        await until_whole(slack)


# -- its parts ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def services(tmp_path: Path, slack: LoopbackSlack) -> Iterator[Services]:
    """An installation with a record of the last week and no texts."""
    home = with_a_record(tmp_path / "home")
    settings = replace(
        settings_for(home), slack_bot_token=BOT_TOKEN, slack_api_url=slack.url, digest_channel="CLEGAL", zone=ZONE
    )
    with open_services(settings) as opened:
        yield opened


@pytest.fixture
async def sending(services: Services, slack: LoopbackSlack) -> AsyncIterator[Sending]:
    """What sends its digests."""
    async with ClientSession() as session:
        clients = Clients(slack.url, session, BOT_TOKEN)
        yield Sending(services, clients, Posting(clients))


JOB: dict[str, Any] = {"task": "digest", "week": str(LAST), "destination": "slack"}


async def test_a_job_is_not_done_while_another_process_is_at_it(
    services: Services, sending: Sending, slack: LoopbackSlack
) -> None:
    """That one may be dead: the durable work tries again until the digest is there."""
    now = datetime.now(UTC)
    assert services.deliveries.claim(LAST, Destination.SLACK, now)
    with pytest.raises(UnderWayError) as refused:
        await sending.send_job("digest:1", JOB)
    services.deliveries.delivered(LAST, Destination.SLACK, now)
    await sending.send_job("digest:1", JOB)

    assert is_passing(refused.value)
    assert slack.messages("CLEGAL") == []


async def test_a_job_sends_a_digest_once(sending: Sending, slack: LoopbackSlack) -> None:
    """However often it is done."""
    for _ in range(2):
        await sending.send_job("digest:1", JOB)

    assert is_whole(slack)


async def test_the_calendar_asks_for_a_digest_each_hour_until_it_is_there(services: Services, sending: Sending) -> None:
    """Once an hour however many processes look; so no try that came to nothing is the last one."""
    inbox, posting, workers = Inbox(services.engine), sending._posting, Workers()
    reminders = Reminders(services, inbox, posting, workers, sending)
    now = LAST.bounds(ZONE)[1] + HOUR
    asked = [len(reminders.due(now + timedelta(minutes=minutes))) for minutes in (0, 7, 67, 127)]
    services.deliveries.claim(LAST, Destination.SLACK, now)
    under_way = len(reminders.due(now + timedelta(hours=3)))
    services.deliveries.delivered(LAST, Destination.SLACK, now)
    workers.close()

    assert asked == [1, 0, 1, 1]
    assert under_way == 1
    assert reminders.due(now + timedelta(hours=4)) == []
