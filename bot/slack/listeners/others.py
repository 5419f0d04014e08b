"""What no other listener takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.slack.blocks import plain
from bot.slack.parts import Parts, send
from bot.slack.payload import breaks_routing

log = structlog.get_logger()

_ANYTHING = re.compile(".*", re.DOTALL)


class Others:
    """Acknowledges the rest: an event that nobody takes would be delivered again, a click would show a warning."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def register(self, app: AsyncApp) -> None:
        """Tell Bolt which listener takes what; after all others."""
        app.event(_ANYTHING)(self.handle_event)
        app.action(_ANYTHING)(self.handle_action)
        for kind in (app.view, app.view_closed, app.shortcut):
            kind(_ANYTHING)(self.handle_rest)
        app.error(self.handle_error)

    async def handle_event(self) -> None:
        """Let Slack know that we have it."""

    async def handle_action(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Say of a button that it is not known: a message may be older than the program."""
        await ack()
        if body.get("response_url"):
            gone = plain("I no longer know this button; please ask again, or write to me.")
            self._parts.afterwards.do(send(respond, [gone]))

    async def handle_rest(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Acknowledge what another version's form or shortcut still sends."""
        log.warning("nobody_takes_this", type=body.get("type"))
        await ack()

    async def handle_error(self, error: Exception, body: Mapping[str, Any]) -> BoltResponse:
        """Log what failed and let Slack deliver it again, unless it is the payload that is wrong."""
        if breaks_routing(error):
            return BoltResponse(status=400, body="")
        log.error("slack_request_failed", type=body.get("type"), event_id=body.get("event_id"), exc_info=error)
        return BoltResponse(status=500, body="")
