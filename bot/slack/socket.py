"""Socket Mode: the same app over a connection that we open, for where Slack cannot reach us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient

log = structlog.get_logger()

PATIENCE_S = 15.0
"""How long a lost connection may try its old address before a new one is asked for."""


@asynccontextmanager
async def connected(app: AsyncApp, app_token: str, *, patience: float = PATIENCE_S) -> AsyncIterator[SocketModeClient]:
    """Keep a connection to Slack open, and close it on the way out."""
    handler = AsyncSocketModeHandler(app, app_token, web_client=app.client)
    client = handler.client
    await handler.connect_async()  # type: ignore[no-untyped-call]
    watching = asyncio.create_task(watch(client, patience))
    try:
        yield client
    finally:
        watching.cancel()
        await handler.close_async()  # type: ignore[no-untyped-call]


async def watch(client: SocketModeClient, patience: float) -> None:
    """Have a new address asked for where the old one leads nowhere.

    slack_sdk 3.47 goes on with the address it has, whose ticket is spent after one refused handshake.
    """
    while True:
        await asyncio.sleep(patience)
        if not await client.is_connected():
            log.warning("socket_not_connected", renewed=True)
            client.wss_uri = None
