"""The open parts of a serving process, as listeners get them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar

import aiohttp
import structlog
from slack_bolt.async_app import AsyncAck, AsyncRespond
from slack_sdk.errors import SlackApiError

from bot.services import Services
from bot.slack.blocks import Message, plain
from bot.slack.clients import Clients
from bot.slack.desk import Desk
from bot.slack.durable import Jobs
from bot.slack.form_parts import FormError
from bot.slack.inbox import Inbox
from bot.slack.people import Legal
from bot.slack.refusals import reason
from bot.slack.reviews import Reviews
from bot.slack.workers import Workers

log = structlog.get_logger()
P = ParamSpec("P")
T = TypeVar("T")

_MOST_RESPONSES = 4
_MORE = plain("There is more than Slack takes here; `clausebot license NAME` on the command line shows all of it.")
_TOO_LATE = plain("Slack closed the door before I could open this; please press again.")


class Afterwards:
    """What is done once Slack has its acknowledgement, where nothing accepted depends on it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def do(self, *work: Coroutine[Any, Any, object]) -> None:
        """Do things one after the other; what fails is logged and ends the rest."""

        async def in_turn() -> None:
            for part in work:
                await part

        task = asyncio.create_task(in_turn())
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("slack_work_failed", exc_info=error)


@dataclass(frozen=True, slots=True)
class Parts:
    """What listeners work with."""

    services: Services
    inbox: Inbox
    clients: Clients
    workers: Workers
    legal: Legal
    desk: Desk
    reviews: Reviews
    jobs: Jobs
    afterwards: Afterwards = field(default_factory=Afterwards)

    async def start(self, keys: Sequence[str]) -> None:
        """Begin the work on entries of the inbox."""
        for key in keys:
            await self.jobs.start(key)

    async def look_up(
        self, work: Callable[Concatenate[str, Services, P], T], text: str, *more: P.args, **named: P.kwargs
    ) -> T:
        """Return what work finds in the knowledge that is in force."""

        def looked_up() -> T:
            self.services.refresh()
            return work(text, self.services, *more, **named)

        return await self.workers.run(looked_up)

    async def open_view(self, body: Mapping[str, Any], view: dict[str, Any], respond: AsyncRespond | None) -> None:
        """Open a form for whoever clicked; Slack allows three seconds for it."""
        client = await self.clients.calling(team_of(body))
        try:
            await client.views_open(trigger_id=text_of(body, "trigger_id"), view=view)
        except SlackApiError as error:
            if reason(error) not in {"expired_trigger_id", "trigger_expired", "exchanged_trigger_id"} or not respond:
                raise
            await send(respond, [_TOO_LATE])


async def send(respond: AsyncRespond, messages: Sequence[Message], **how: Any) -> None:
    """Send messages to a response address, in order; Slack takes five there, the last tells of the rest.

    Where the address does not work, that is logged: there is no other way to whoever clicked.
    """
    manner: dict[str, Any] = {"response_type": "ephemeral", "replace_original": False, **how}
    for message in [*messages[:_MOST_RESPONSES], *([_MORE] if len(messages) > _MOST_RESPONSES else [])]:
        shown: dict[str, Any] = {
            "text": message.text,
            "blocks": list(message.blocks),
            "unfurl_links": False,
            "unfurl_media": False,
        }
        try:
            await respond(**shown, **manner)
        except (aiohttp.ClientError, ValueError, OSError, TimeoutError) as error:
            log.warning("response_not_sent", error=repr(error))
            return


@asynccontextmanager
async def saying_faults(ack: AsyncAck) -> AsyncIterator[None]:
    """Acknowledge a form that cannot be read: it stays open and says why under the field."""
    try:
        yield
    except FormError as error:
        await ack(response_action="errors", errors={error.field: error.sentence})


def kept_in(view: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a form carries along from where it was opened; raises `ValueError` where it is not what we wrote."""
    kept: dict[str, Any] = json.loads(text_of(view, "private_metadata"))
    return kept


def team_of(body: Mapping[str, Any]) -> str:
    """Return the workspace that something comes from."""
    return text_of(body, "team", "id") or text_of(body, "team_id") or text_of(body, "user", "team_id")


def text_of(body: Mapping[str, Any], *path: str) -> str:
    """Return the text at a path in a payload; an empty one where there is none."""
    found: Any = body
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""
