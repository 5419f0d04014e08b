"""Says things in Slack, each once: what a broken-off try has posted is found before anything is posted anew."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.slack.blocks import ANSWERED, Message
from bot.slack.clients import Clients
from bot.slack.refusals import RefusedError, is_of_the_place

T = TypeVar("T")

_LOOKED_THROUGH = 2
"""Pages of 200 messages: a try that is done again follows the one that broke off within minutes."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is said."""

    channel: str
    thread_ts: str
    """Of the thread's first message; empty where what is said begins a thread."""


def place_of(setting: str | None) -> tuple[str, Place]:
    """Return workspace (empty for the only one) and place of a setting: `C0456` or `T0123/C0456`."""
    team, _, channel = (setting or "").rpartition("/")
    return team, Place(channel, "")


class Posting:
    """Posts, changes and finds our messages."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._direct: dict[tuple[str, str], str] = {}

    async def direct_place(self, team: str, user: str) -> Place:
        """Return the direct conversation with somebody. Raises the SDK's errors."""
        if (team, user) not in self._direct:
            opened = await (await self._clients.calling(team)).conversations_open(users=user)
            self._direct[team, user] = str(opened["channel"]["id"])
        return Place(self._direct[team, user], "")

    async def there_or_directly(self, team: str, place: Place, user: str, say: Callable[[Place], Awaitable[T]]) -> T:
        """Say something in a place, or directly to somebody where we may not write there.

        Raises what else Slack refuses, and what it refuses in the direct conversation.
        """
        try:
            return await say(place)
        except SlackApiError as error:
            if not is_of_the_place(error):
                raise
            direct = await self.direct_place(team, user)
            if direct == place:
                raise
        return await say(direct)

    async def say(self, team: str, place: Place, message: Message) -> str:
        """Post a message and return its `ts`. Raises the SDK's errors."""
        client = await self._clients.posting(team)
        posted = await client.chat_postMessage(
            channel=place.channel, thread_ts=place.thread_ts or None, text=message.text, blocks=list(message.blocks),
            metadata=message.metadata, unfurl_links=False, unfurl_media=False,
        )  # fmt: skip
        return str(posted["ts"])

    async def say_once(
        self, team: str, place: Place, messages: Sequence[Message], mark: str, *, is_new: bool = False
    ) -> str:
        """Post messages that carry a mark, each once, the later ones in the first one's thread; return its `ts`.

        `is_new` says that nothing was tried before. Raises the SDK's errors.
        """
        there = {} if is_new else await self.parts_there(team, place, mark)
        for part, message in enumerate(messages):
            if part not in there:
                there[part] = await self.say(team, Place(place.channel, place.thread_ts or there.get(0, "")), message)
        return there[0]

    async def parts_there(self, team: str, place: Place, mark: str) -> dict[int, str]:
        """Return `ts` by part of what an earlier try posted under a mark."""
        client = await self._clients.calling(team)
        if place.thread_ts:
            pages = await client.conversations_replies(
                channel=place.channel, ts=place.thread_ts, include_all_metadata=True, limit=200
            )
            return await _parts_in(aiter(pages), mark)
        pages = await client.conversations_history(channel=place.channel, include_all_metadata=True, limit=200)
        there = await _parts_in(aiter(pages), mark, most=_LOOKED_THROUGH)
        return await self.parts_there(team, Place(place.channel, there[0]), mark) if 0 in there else {}

    async def upload_once(self, team: str, place: Place, files: Mapping[str, bytes]) -> None:
        """Put files (none of them empty) into a thread in their order, each unless one of ours by its name is there.

        Raises the SDK's errors, and `RefusedError` where Slack gives an address for a file and does not take it there.
        """
        there = await self._files_there(team, place)
        client = await self._clients.posting(team)
        for name, content in files.items():
            if name in there:
                continue
            try:
                await client.files_upload_v2(
                    channel=place.channel, thread_ts=place.thread_ts, filename=name, content=content
                )
            except SlackRequestError as error:  # the SDK's word for every status but 200; a new address may do better
                raise RefusedError("files.upload", str(error), passing=True) from None

    async def _files_there(self, team: str, place: Place) -> set[str]:
        """Return the names of our files in a thread; deleted ones have none."""
        client = await self._clients.calling(team)
        us = (await client.auth_test())["user_id"]
        pages = await client.conversations_replies(channel=place.channel, ts=place.thread_ts, limit=200)
        messages = [message async for page in pages for message in page.get("messages", ())]
        files = (file for message in messages for file in message.get("files", ()))
        return {file["name"] for file in files if file.get("user") == us and "name" in file}

    async def change(self, team: str, channel: str, ts: str, message: Message) -> None:
        """Put another message in the place of one of ours; where somebody deleted it, nothing is left to change."""
        client = await self._clients.calling(team)
        with suppress(SlackApiError):
            await client.chat_update(channel=channel, ts=ts, text=message.text, blocks=list(message.blocks))

    async def permalink(self, team: str, channel: str, ts: str | None) -> str:
        """Return the address of a message; an empty text where Slack gives none."""
        if not ts:
            return ""
        client = await self._clients.calling(team)
        try:
            return str((await client.chat_getPermalink(channel=channel, message_ts=ts))["permalink"])
        except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError):
            return ""


async def _parts_in(pages: AsyncIterator[Mapping[str, Any]], mark: str, most: int = 1000) -> dict[int, str]:
    there: dict[int, str] = {}
    seen = 0
    async for page in pages:
        for message in page.get("messages", ()):
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            if metadata.get("event_type") == ANSWERED and payload.get("decision_id") == mark:
                there[int(payload.get("part", 0))] = message["ts"]
        seen += 1
        if seen == most:
            break
    return there
