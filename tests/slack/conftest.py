"""A running bot before a loopback Slack: real HTTP in both directions, real SQLite, real answers."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.log import set_up_logging
from bot.services import Services, open_services
from bot.slack.parts import Parts
from bot.slack.server import not_ready, running
from bot.slack.web import build_web
from tests.conftest import settings_for
from tests.slack.loopback import BOT_TOKEN, SIGNING_SECRET, Delivery, LoopbackSlack, deliver_event


@pytest.fixture(scope="session")
def slack_home(knowledge_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the data folder for the tests of Slack; each test asks in its own words under its own event ids."""
    return Path(shutil.copytree(knowledge_home, tmp_path_factory.mktemp("slack") / "home", symlinks=True))


@pytest.fixture
async def slack() -> AsyncIterator[LoopbackSlack]:
    """A Slack of one workspace with a channel and a direct conversation."""
    async with LoopbackSlack() as opened:
        opened.add_channel("C1", members=("U1", "U2", "U9"))
        opened.add_channel("D1")
        opened.add_channel("CLEGAL", members=("U9", "U2"))
        yield opened


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """Log as the served program does: what is drawn for a terminal takes longer than what is tested."""
    set_up_logging(verbose=False)


@pytest.fixture(scope="session")
def open_slack_services(slack_home: Path) -> Iterator[Services]:
    """Services that stay open: what is loaded for one test serves the next."""
    with open_services(settings_for(slack_home)) as opened:
        yield opened


@pytest.fixture
def slack_services(open_slack_services: Services, slack: LoopbackSlack) -> Services:
    """Services whose Slack is the loopback one, with U9 in legal."""
    open_slack_services.settings = replace(
        open_slack_services.settings,
        slack_bot_token=BOT_TOKEN,
        slack_signing_secret=SIGNING_SECRET,
        slack_api_url=slack.url,
        legal_group="U9",
        legal_channel="CLEGAL",
    )
    return open_slack_services


@dataclass(frozen=True)
class Bot:
    """A bot that serves, and its Slack."""

    url: str
    slack: LoopbackSlack
    services: Services
    parts: Parts

    def send(self, event: dict[str, Any], **more: Any) -> Coroutine[Any, Any, Delivery]:
        """Deliver an event to it."""
        return deliver_event(f"{self.url}/slack/events", event, **more)


@pytest.fixture
async def bot(slack: LoopbackSlack, slack_services: Services) -> AsyncIterator[Bot]:
    """A bot that serves over HTTP."""
    async with running(slack_services) as opened:
        served = build_web(opened.app, SIGNING_SECRET, lambda: not_ready(slack_services))
        runner = web.AppRunner(served, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield Bot(f"http://127.0.0.1:{runner.addresses[0][1]}", slack, slack_services, opened.parts)
        finally:
            await runner.cleanup()
