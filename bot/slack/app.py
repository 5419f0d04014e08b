"""The Slack app: Bolt routes what Slack sends to the listeners of its topic. Nothing is decided here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.slack.blocks import plain
from bot.slack.listeners.asking import Asking
from bot.slack.listeners.feedback import Feedback
from bot.slack.listeners.home import OwnTabs
from bot.slack.listeners.looking_up import LookingUp
from bot.slack.parts import Parts, send

log = structlog.get_logger()

_ANYTHING = re.compile(".*", re.DOTALL)


def register(app: AsyncApp, parts: Parts) -> None:
    """Tell Bolt which listener takes what; the last ones take what nobody else does."""
    for topic in (Asking(parts), LookingUp(parts), Feedback(parts), OwnTabs(parts)):
        topic.register(app)
    app.event(_ANYTHING)(handle_other_event)
    app.action(_ANYTHING)(handle_other_action)
    app.view(_ANYTHING)(handle_other)
    app.view_closed(_ANYTHING)(handle_other)
    app.shortcut(_ANYTHING)(handle_other)
    app.error(handle_error)


async def handle_other_event() -> None:
    """Let Slack know that we have it: an event that nobody takes would be delivered again."""


async def handle_other_action(ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
    """Say of a button that nobody takes that it is so: a message may be older than the program."""
    await ack()
    if body.get("response_url"):
        await send(respond, [plain("I no longer know this button; please ask again, or write to me.")])


async def handle_other(ack: AsyncAck, body: Mapping[str, Any]) -> None:
    """Acknowledge what an older message or another version's form still sends."""
    log.warning("nobody_takes_this", type=body.get("type"))
    await ack()


async def handle_error(error: Exception, body: Mapping[str, Any]) -> BoltResponse:
    """Log what failed and let Slack deliver it again."""
    log.error("slack_request_failed", type=body.get("type"), event_id=body.get("event_id"), exc_info=error)
    return BoltResponse(status=500, body="")
