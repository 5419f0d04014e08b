"""Opens the clients of Slack's Web API: one session for all, obeying Slack's rate limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import aiohttp
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import ConfigurationError

_TIMEOUT_S = 15

TokenOf = Callable[[str], Awaitable[str | None]]
"""Returns the bot token of a workspace, by its team id."""


class Clients:
    """The clients of all workspaces: of the one whose token is set, or of each that installed the app."""

    def __init__(self, api_url: str, session: aiohttp.ClientSession, token: str | None) -> None:
        self._api_url = f"{api_url.rstrip('/')}/"
        self._session = session

        async def same_for_all(_team: str) -> str | None:
            return token

        self.token_of: TokenOf = same_for_all
        """Replaced where each workspace has a token of its own."""

    async def calling(self, team: str) -> AsyncWebClient:
        """Return a client that waits when Slack says so and tries again when Slack fails.

        Raises `ConfigurationError` where the workspace has no token.
        """
        return await self._client(team, [AsyncConnectionErrorRetryHandler(), AsyncServerErrorRetryHandler(2)])

    async def posting(self, team: str) -> AsyncWebClient:
        """Return a client that only waits: what posts must not repeat, for Slack may have done it and failed to say so.

        Raises `ConfigurationError` where the workspace has no token.
        """
        return await self._client(team, [])

    async def _client(self, team: str, repeating: Sequence[AsyncRetryHandler]) -> AsyncWebClient:
        token = await self.token_of(team)
        if token is None:
            raise ConfigurationError(f"The workspace {team!r} has not installed the app, or has removed it.")
        return self.of_token(token, repeating)

    def of_token(self, token: str | None, repeating: Sequence[AsyncRetryHandler] = ()) -> AsyncWebClient:
        """Return a client with a token, or with none yet."""
        return AsyncWebClient(
            token=token,
            base_url=self._api_url,
            timeout=_TIMEOUT_S,
            session=self._session,
            retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=5), *repeating],
        )
