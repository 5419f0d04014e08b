"""Notes which kinds of things Slack sends us, so that `doctor` can tell what is not switched on in its settings."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.slack.parts import Parts
from bot.slack.payload import kind_of

_EVENTS = "Event Subscriptions > Subscribe to bot events"
EXPECTED = {
    "app_mention": f"{_EVENTS}: app_mention",
    "message.im": f"{_EVENTS}: message.im",
    "app_home_opened": f"{_EVENTS}: app_home_opened",
    "link_shared": f"{_EVENTS}: link_shared, and the domain huggingface.co",
    "/license": "Slash Commands > /license",
    "interactivity": "Interactivity & Shortcuts > Interactivity",
    "options": "Interactivity & Shortcuts > Select Menus",
}
"""Each kind, and where it is switched on in the app's settings."""
_SEEN_S = 3600


class Seen:
    """Writes each kind down once an hour."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._noted: dict[str, float] = {}

    def register(self, app: AsyncApp) -> None:
        """Have every payload pass by on its way to its listener."""
        app.middleware(self.handle)

    async def handle(self, body: Mapping[str, Any], next_: Callable[[], Awaitable[object]]) -> None:
        """Note what kind a payload is of."""
        kind, now = kind_of(body), time.monotonic()
        if kind in EXPECTED and now - self._noted.get(kind, -_SEEN_S) >= _SEEN_S:
            self._noted[kind] = now
            self._parts.afterwards.do(self._parts.workers.run(self._parts.inbox.note_seen, kind))
        await next_()
