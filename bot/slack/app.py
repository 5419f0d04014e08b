"""The Slack app: which event goes to which function. Bolt routes; nothing is decided here."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import structlog
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.blocks import Message, plain
from bot.slack.conversation import read_event
from bot.slack.desk import Desk
from bot.slack.durable import Jobs
from bot.slack.lookup import clauses_of, look_up, shared

log = structlog.get_logger()

PROMPTS = (
    ("Check a use", "Can we fine-tune Llama 3 for a health app?"),
    ("Before you ship", "What do we have to ship with Mixtral 8x7B in a closed-source desktop app?"),
    ("Outputs", "May we train our own model on GPT-4 answers?"),
)
"""Title and question of what the Messages tab suggests."""


_MOST_RESPONSES = 4
_MORE = plain("There is more than Slack takes here; `clausebot license NAME` on the command line shows all of it.")


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
        app.command("/license")(self.handle_license)
        app.action(re.compile(r"pick_name_\d"))(self.handle_picked_name)
        app.action("card_clauses")(self.handle_clauses)
        app.action("share")(self.handle_share)
        app.action(re.compile(".+"))(self.handle_other_action)
        app.error(self.handle_error)

    async def handle_question(self, body: Mapping[str, Any], context: AsyncBoltContext) -> None:
        """Take a question: it is in the inbox before Slack hears that we have it, and answered after that."""
        asked = read_event(body, context.bot_user_id or "")
        if asked is None or not await self._desk.takes(asked):
            return
        if await self._desk.accept(asked):
            self._later(self._jobs.start(asked.key, asked.to_json()))

    async def handle_home_opened(self, event: Mapping[str, Any], client: AsyncWebClient) -> None:
        """Suggest questions where the Messages tab was opened."""
        if event.get("tab") == "messages":
            await client.assistant_threads_setSuggestedPrompts(
                channel_id=event["channel"], prompts=[{"title": t, "message": m} for t, m in PROMPTS]
            )

    async def handle_other_event(self) -> None:
        """Let Slack know that we have it: an event that nobody takes would be delivered again."""

    async def handle_license(self, ack: AsyncAck, command: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Look a name up, for the one who asked alone; the first message is the acknowledgement itself."""
        first, *more = await self._desk.look_up(look_up, _value(command, "text"))
        await ack(text=first.text, blocks=list(first.blocks), response_type="ephemeral")
        self._later(_respond(respond, more))

    async def handle_picked_name(self, ack: AsyncAck, action: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Show the card of the name that was chosen in place of the choice."""
        await ack()
        first, *more = await self._desk.look_up(look_up, _value(action, "value"))
        self._later(_respond(respond, [first], replace_original=True), _respond(respond, more))

    async def handle_clauses(self, ack: AsyncAck, action: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Show the clauses behind a card."""
        await ack()
        self._later(_respond(respond, await self._desk.look_up(clauses_of, _value(action, "value"))))

    async def handle_share(self, ack: AsyncAck, action: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Show a card to the whole channel."""
        await ack()
        messages = await self._desk.look_up(shared, _value(action, "value"))
        self._later(_respond(respond, messages, response_type="in_channel"))

    async def handle_other_action(self, ack: AsyncAck, respond: AsyncRespond) -> None:
        """Say of a button that nothing is behind yet that it is so."""
        await ack()
        self._later(_respond(respond, [plain("This button has nothing behind it yet; please write instead.")]))

    def _later(self, *work: Coroutine[Any, Any, None]) -> None:
        """Do things one after the other once Slack has its acknowledgement."""

        async def in_turn() -> None:
            for part in work:
                await part

        task = asyncio.create_task(in_turn())
        self._starting.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._starting.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("slack_work_failed", exc_info=error)

    async def handle_error(self, error: Exception, body: Mapping[str, Any]) -> BoltResponse:
        """Log what failed and let Slack deliver it again."""
        log.error("slack_request_failed", type=body.get("type"), event_id=body.get("event_id"), exc_info=error)
        return BoltResponse(status=500, body="")


def _value(payload: Mapping[str, Any], name: str) -> str:
    found = payload.get(name)
    return found if isinstance(found, str) else ""


async def _respond(respond: AsyncRespond, messages: Sequence[Message], **how: Any) -> None:
    """Send messages to a response address, in order; Slack takes five there, the last tells of the rest."""
    manner: dict[str, Any] = {"response_type": "ephemeral", "replace_original": False, **how}
    for message in [*messages[:_MOST_RESPONSES], *([_MORE] if len(messages) > _MOST_RESPONSES else [])]:
        await respond(text=message.text, blocks=list(message.blocks), unfurl_links=False, unfurl_media=False, **manner)


def build_app(client: AsyncWebClient, listeners: Listeners) -> AsyncApp:
    """Return the app of one workspace; requests are verified before they reach it (`web.py`, Socket Mode)."""
    app = AsyncApp(
        client=client,
        process_before_response=True,
        request_verification_enabled=False,
        ignoring_self_events_enabled=True,
        raise_error_for_unhandled_request=False,
    )
    listeners.register(app)
    return app
