"""The Slack app: which event goes to which function. Bolt routes; nothing is decided here."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp, AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.conversation import read_event
from bot.slack.desk import Desk
from bot.slack.durable import Jobs

log = structlog.get_logger()

PROMPTS = (
    ("Check a use", "Can we fine-tune Llama 3 for a health app?"),
    ("Before you ship", "What do we have to ship with Mixtral 8x7B in a closed-source desktop app?"),
    ("Outputs", "May we train our own model on GPT-4 answers?"),
)
"""Title and question of what the Messages tab suggests."""


class Listeners:
    """What is done with each thing that Slack sends."""

    def __init__(self, desk: Desk, jobs: Jobs) -> None:
        self._desk = desk
        self._jobs = jobs
        self._starting: set[asyncio.Task[None]] = set()

    def register(self, app: AsyncApp) -> None:
        """Tell Bolt which listener takes what; this is the routing table."""
        app.event("app_mention")(self.handle_question)
        app.event("message")(self.handle_question)
        app.event("app_home_opened")(self.handle_home_opened)
        app.event(re.compile(".+"))(self.handle_other_event)
        app.error(self.handle_error)

    async def handle_question(self, body: Mapping[str, Any], context: AsyncBoltContext) -> None:
        """Take a question: it is in the inbox before Slack hears that we have it, and answered after that."""
        asked = read_event(body, context.bot_user_id or "")
        if asked is None or not await self._desk.takes(asked):
            return
        if await self._desk.accept(asked):
            task = asyncio.create_task(self._jobs.start(asked.key, asked.to_json()))
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    async def handle_home_opened(self, event: Mapping[str, Any], client: AsyncWebClient) -> None:
        """Suggest questions where the Messages tab was opened."""
        if event.get("tab") == "messages":
            await client.assistant_threads_setSuggestedPrompts(
                channel_id=event["channel"], prompts=[{"title": t, "message": m} for t, m in PROMPTS]
            )

    async def handle_other_event(self) -> None:
        """Let Slack know that we have it: an event that nobody takes would be delivered again."""

    async def handle_error(self, error: Exception, body: Mapping[str, Any]) -> BoltResponse:
        """Log what failed and let Slack deliver it again."""
        log.error("slack_request_failed", type=body.get("type"), event_id=body.get("event_id"), exc_info=error)
        return BoltResponse(status=500, body="")


def build_app(client: AsyncWebClient, listeners: Listeners) -> AsyncApp:
    """Return the app of one workspace; requests are verified before they reach it (`web.py`, Socket Mode)."""
    app = AsyncApp(
        client=client,
        token=client.token,
        process_before_response=True,
        request_verification_enabled=False,
        ignoring_self_events_enabled=True,
        raise_error_for_unhandled_request=False,
    )
    listeners.register(app)
    return app
