"""Runs the app until it is told to stop: opens the clients, takes up what was left, serves, and closes in order."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import structlog
from aiohttp import web
from slack_bolt.async_app import AsyncApp

from bot.errors import ConfigurationError
from bot.services import Services
from bot.settings import Settings
from bot.slack.app import register
from bot.slack.desk import Desk
from bot.slack.durable import durable_jobs
from bot.slack.inbox import Inbox
from bot.slack.installs import Installs, install_routes, opened_clients
from bot.slack.parts import Parts
from bot.slack.people import Legal
from bot.slack.posting import Posting
from bot.slack.reminders import Reminders
from bot.slack.reviews import Reviews
from bot.slack.sending import Sending, check_sending, destinations
from bot.slack.socket import connected
from bot.slack.web import build_web
from bot.slack.work import Work
from bot.slack.workers import Workers
from knowledge.errors import ClausebotError

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Running:
    """A serving process: Bolt's app, and what its listeners work with."""

    app: AsyncApp
    parts: Parts
    installs: Installs | None
    """Where the app can be installed in several workspaces."""


def check(settings: Settings, *, socket: bool) -> None:
    """Raise `ConfigurationError` with what is missing to serve, or does not go together."""
    several = {
        "SLACK_CLIENT_ID": settings.slack_client_id,
        "SLACK_CLIENT_SECRET": settings.slack_client_secret,
        "CLAUSEBOT_TOKEN_KEY": settings.token_key,
    }
    given = [name for name, value in several.items() if value]
    if socket and given:
        raise ConfigurationError(
            "Socket Mode serves one workspace, because `/slack/install` needs HTTP: "
            f"serve without --socket, or take out {' and '.join(given)}."
        )
    needed = several if given else {"SLACK_BOT_TOKEN": settings.slack_bot_token}
    needed = needed | (
        {"SLACK_APP_TOKEN": settings.slack_app_token}
        if socket
        else {"SLACK_SIGNING_SECRET": settings.slack_signing_secret}
    )
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise ConfigurationError(
            f"To serve Slack, set {' and '.join(missing)}; `deploy/README.md` says where it stands."
        )
    check_sending(settings)


def has_calendar(settings: Settings) -> bool:
    """Whether the calendar has anything to send, to remind of or to erase."""
    return bool(settings.legal_channel or settings.retention_days or destinations(settings))


def hide_secrets() -> None:
    """Take out of the environment what our settings have read: Bolt would read it again and act on it by itself."""
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        os.environ.pop(name, None)


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[Running]:
    """Open everything, take up what an earlier process left, and close it all on the way out."""
    settings = services.settings
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        workers = Workers()
        stack.callback(workers.close)
        clients, installs = opened_clients(services.engine, settings, session)
        inbox = Inbox(services.engine)
        posting = Posting(clients)
        reviews = Reviews(services, inbox, posting, workers, settings.legal_channel)
        desk = Desk(services, inbox, clients, workers, posting, reviews)
        sending = Sending(services, clients, posting)
        reminders = Reminders(services, inbox, posting, workers, sending)
        work = Work(inbox, workers, desk, reviews, reminders, sending)
        await desk.warm_up()
        durable = durable_jobs(work, settings.home, settings.database_url, calendar=has_calendar(settings))
        jobs = await stack.enter_async_context(durable)
        legal = Legal(settings.legal_group, clients)
        parts = Parts(services, inbox, clients, workers, legal, desk, reviews, jobs)
        app = AsyncApp(
            client=clients.of_token(None if installs else settings.slack_bot_token),
            authorize=installs,
            process_before_response=True,
            request_verification_enabled=False,  # `web.py` verifies before it parses; Socket Mode needs none
            ignoring_self_events_enabled=True,
            raise_error_for_unhandled_request=False,
        )
        if installs:
            installs.register(app)
        register(app, parts)
        yield Running(app, parts, installs)


async def serve_http(services: Services, host: str, port: int) -> None:
    """Serve over HTTP until the process is told to stop."""
    secret = services.settings.slack_signing_secret or ""
    async with running(services) as served:
        application = build_web(served.app, secret, lambda: not_ready(services))
        if served.installs:
            application.add_routes(install_routes(served.installs))
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            log.info("serving", host=host, port=port)
            await stopped()
        finally:
            await runner.cleanup()


async def serve_socket(services: Services) -> None:
    """Serve in Socket Mode until the process is told to stop."""
    async with running(services) as served, connected(served.app, services.settings.slack_app_token or ""):
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
