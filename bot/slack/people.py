"""Who belongs to legal: the people or the user group that `CLAUSEBOT_LEGAL_GROUP` names."""

from __future__ import annotations

import re
import time

import structlog
from slack_sdk.errors import SlackApiError

from bot.slack.clients import Clients

log = structlog.get_logger()

_FRESH_S = 300
"""How long the members of a user group are believed to be the same."""


class Legal:
    """The lawyers behind the bot."""

    def __init__(self, group: str | None, clients: Clients) -> None:
        names = re.split(r"[,;\s]+", group or "")
        self._people = frozenset(n for n in names if n.startswith(("U", "W")))
        self._groups = tuple(n for n in names if n.startswith("S"))
        self._clients = clients
        self._members: dict[str, tuple[float, frozenset[str]]] = {}

    async def has(self, team: str, user: str) -> bool:
        """Whether somebody is one of them."""
        if user in self._people:
            return True
        return any([user in await self._members_of(team, group) for group in self._groups])

    async def _members_of(self, team: str, group: str) -> frozenset[str]:
        known = self._members.get(group)
        if known and time.monotonic() - known[0] < _FRESH_S:
            return known[1]
        try:
            answer = await (await self._clients.calling(team)).usergroups_users_list(usergroup=group)
        except SlackApiError as error:
            log.warning("group_not_read", group=group, error=error.response.get("error"))
            return known[1] if known else frozenset()
        self._members[group] = (time.monotonic(), frozenset(answer["users"]))
        return self._members[group][1]
