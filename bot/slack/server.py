"""Runs the app until it is told to stop: opens the clients, takes up what was left, serves, and closes in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import structlog
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import ConfigurationError
from bot.services import Services
from bot.settings import Settings
from bot.slack import durable
from bot.slack.app import Listeners, build_app
from bot.slack.desk import Desk
from bot.slack.inbox import Inbox
from bot.slack.socket import connected
from bot.slack.web import build_web
from knowledge.errors import ClausebotError

log = structlog.get_logger()

_TIMEOUT_S = 15
_DRAIN_S = 10
"""How long a process that is told to stop goes on with what it has begun."""


@dataclass(frozen=True, slots=True)
class Running:
    """The open parts of a serving process."""

    app: AsyncApp
    desk: Desk
    jobs: durable.Jobs


def check(settings: Settings, *, socket: bool) -> None:
    """Raise `ConfigurationError` with what is missing to serve."""
    needed = {"SLACK_BOT_TOKEN": settings.slack_bot_token}
    needed |= (
        {"SLACK_APP_TOKEN": settings.slack_app_token}
        if socket
        else {"SLACK_SIGNING_SECRET": settings.slack_signing_secret}
    )
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise ConfigurationError(
            f"To serve Slack, set {' and '.join(missing)}; `deploy/README.md` says where it stands."
        )


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[Running]:
    """Open everything, take up what an earlier process left, and close it all on the way out."""
    settings = services.settings
    async with aiohttp.ClientSession() as session:
        client = slack_client(settings, session)
        desk = Desk(services, Inbox(services.engine), client, slack_client(settings, session, repeats=False))
        jobs = durable.Jobs(desk)
        await desk.warm_up()
        durable.launch(desk, settings.home, settings.database_url)
        try:
            if left := await jobs.take_up():
                log.info("taken_up", questions=left)
            yield Running(build_app(client, Listeners(desk, jobs)), desk, jobs)
        finally:
            await jobs.drain(_DRAIN_S)
            durable.close()
            desk.close()


def slack_client(settings: Settings, session: aiohttp.ClientSession, *, repeats: bool = True) -> AsyncWebClient:
    """Return a client that waits when Slack says so; with `repeats` it also tries again when Slack fails.

    What posts must not repeat: Slack may have done it and only failed to say so.
    """
    handlers: list[AsyncRetryHandler] = [AsyncRateLimitErrorRetryHandler(max_retry_count=5)]
    if repeats:
        handlers += [
            AsyncConnectionErrorRetryHandler(max_retry_count=1),
            AsyncServerErrorRetryHandler(max_retry_count=2),
        ]
    return AsyncWebClient(
        token=settings.slack_bot_token,
        base_url=f"{settings.slack_api_url.rstrip('/')}/",
        timeout=_TIMEOUT_S,
        session=session,
        retry_handlers=handlers,
    )


async def serve_http(services: Services, host: str, port: int) -> None:
    """Serve over HTTP until the process is told to stop."""
    secret = services.settings.slack_signing_secret or ""
    async with running(services) as parts:
        runner = web.AppRunner(build_web(parts.app, secret, lambda: not_ready(services)), access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            log.info("serving", host=host, port=port)
            await stopped()
        finally:
            await runner.cleanup()


async def serve_socket(services: Services) -> None:
    """Serve in Socket Mode until the process is told to stop."""
    async with running(services) as parts, connected(parts.app, services.settings.slack_app_token or ""):
        log.info("serving", mode="socket")
        await stopped()


def not_ready(services: Services) -> str:
    """Return what does not answer of database, knowledge base and vector store; an empty text where all do."""
    try:
        if services.store.current_state() is None:
            return "There is no knowledge base yet; run `clausebot ingest`."
        services.vectors(services.embeddings()).count()
    except ClausebotError as error:
        return str(error)
    return ""


async def stopped() -> None:
    """Wait until the process is told to stop."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await told.wait()
