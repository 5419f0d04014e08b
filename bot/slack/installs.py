"""The app in several workspaces: the pages that install it, and the tokens that Slack gives, sealed in the database.

A workspace is found by its team id alone; only where the app was installed for a whole organisation, by that one's id.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog
from aiohttp import web
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp, AsyncBoltContext, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.errors import SlackClientError
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Column, DateTime, Engine, delete, insert, select, update
from sqlmodel import Field, SQLModel, col

from bot.errors import ConfigurationError
from bot.settings import Settings
from bot.slack.clients import Clients
from bot.slack.probe import NEEDED_SCOPES
from knowledge.database import insert_once, make_missing, translated
from knowledge.errors import ClausebotError

log = structlog.get_logger()

KEY_VARIABLE = "CLAUSEBOT_TOKEN_KEY"
_HOW_TO_MAKE_A_KEY = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'

_WRITING = "writing Slack's installations"
_KNOWN_S = 300
"""How long a token is used without another look at the database: another process may have written there."""
_STATE_LIVES_S = 600
_NO_ANSWER = (SlackClientError, aiohttp.ClientError, OSError, TimeoutError)


def read_keys(setting: str) -> MultiFernet:
    """Return the keys of `CLAUSEBOT_TOKEN_KEY`, comma separated: the first seals, all open.

    Raises `ConfigurationError`, which shows no key.
    """
    keys, faults = [], []
    for number, key in enumerate(filter(None, (part.strip() for part in setting.split(","))), 1):
        try:
            keys.append(Fernet(key))
        except ValueError:
            faults.append(f"key {number} is not one")
    if faults or not keys:
        raise ConfigurationError(
            f"{KEY_VARIABLE} must hold keys of 32 bytes in URL-safe base64, comma separated; "
            f"{' and '.join(faults) or 'it is empty'}. Make one with `{_HOW_TO_MAKE_A_KEY}`."
        )
    return MultiFernet(keys)


# -- what is stored --------------------------------------------------------------------------------------------------


class SlackInstall(SQLModel, table=True):
    """The app in one workspace, or in a whole organisation."""

    __tablename__ = "slack_install"

    client_id: str = Field(primary_key=True, description="of the app")
    place: str = Field(primary_key=True, description="the team's id, or the organisation's")
    sealed: str = Field(description="slack_sdk's `Bot` as JSON, tokens and all, encrypted")
    installed_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class SlackOAuthState(SQLModel, table=True):
    """One visit to the installation page that has not come back from Slack yet."""

    __tablename__ = "slack_oauth_state"

    state: str = Field(primary_key=True)
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=True))


class Vault:
    """The installations of one app in the database, sealed. Its tables are made where they are missing.

    Only the bot's own tokens are kept: the app asks for no others. Every method raises `StoreError`.
    """

    def __init__(self, engine: Engine, client_id: str, keys: MultiFernet) -> None:
        self._engine = engine
        self._client_id = client_id
        self._keys = keys
        with translated("making the tables of Slack's installations"):
            make_missing(engine, ("slack_install", "slack_oauth_state"))

    def put(self, bot: Bot) -> None:
        """Store an installation in place of the one that its workspace had."""
        place, row = _place(bot), {"sealed": self._sealed(bot), "installed_at": _installed_at(bot)}
        if not insert_once(self._engine, SlackInstall, _WRITING, client_id=self._client_id, place=place, **row):
            with translated(_WRITING), self._engine.begin() as connection:
                connection.execute(update(SlackInstall).where(*self._at(place)).values(**row))

    def find(self, team: str, enterprise: str | None) -> Bot | None:
        """Return the bot of a workspace, or of its organisation where the workspace has none of its own.

        Raises `ConfigurationError` where no key opens what was stored.
        """
        query = select(col(SlackInstall.place), col(SlackInstall.sealed)).where(
            col(SlackInstall.client_id) == self._client_id, col(SlackInstall.place).in_({team, enterprise or team})
        )
        with translated("reading Slack's installations"), self._engine.connect() as connection:
            found = {row.place: row.sealed for row in connection.execute(query)}
        place = next((p for p in (team, enterprise or "") if p in found), "")
        return self._opened(place, found[place]) if place else None

    def refresh(self, bot: Bot) -> None:
        """Store the new tokens of an installation, unless it was removed or made anew in the meantime."""
        same = (*self._at(_place(bot)), col(SlackInstall.installed_at) == _installed_at(bot))
        with translated(_WRITING), self._engine.begin() as connection:
            connection.execute(update(SlackInstall).where(*same).values(sealed=self._sealed(bot)))

    def remove(self, place: str, until: datetime | None) -> None:
        """Remove an installation; with `until`, only one that is not later."""
        later = [] if until is None else [col(SlackInstall.installed_at) <= until]
        with translated(_WRITING), self._engine.begin() as connection:
            connection.execute(delete(SlackInstall).where(*self._at(place), *later))

    def keep_state(self, state: str, lives_s: float) -> None:
        """Keep a state for some seconds, and drop those whose time is over."""
        now = datetime.now(UTC)
        with translated(_WRITING), self._engine.begin() as connection:
            connection.execute(delete(SlackOAuthState).where(col(SlackOAuthState.expires_at) <= now))
            connection.execute(
                insert(SlackOAuthState).values(state=state, expires_at=now + timedelta(seconds=lives_s)),
            )

    def take_state(self, state: str) -> bool:
        """Use a state up; return whether it could be. Of two who try at the same moment, one can."""
        good = col(SlackOAuthState.state) == state, col(SlackOAuthState.expires_at) > datetime.now(UTC)
        with translated(_WRITING), self._engine.begin() as connection:
            return connection.execute(delete(SlackOAuthState).where(*good)).rowcount == 1

    def _at(self, place: str) -> tuple[Any, Any]:
        return col(SlackInstall.client_id) == self._client_id, col(SlackInstall.place) == place

    def _sealed(self, bot: Bot) -> str:
        return self._keys.encrypt(json.dumps(bot.to_dict_for_copying(), default=str).encode()).decode()

    def _opened(self, place: str, sealed: str) -> Bot:
        try:
            return Bot(**json.loads(self._keys.decrypt(sealed)))
        except InvalidToken as error:
            raise ConfigurationError(
                f"The Slack token of {place} was sealed with a key that {KEY_VARIABLE} does not hold. Add the old key "
                "there, behind the new one, or install the app in that workspace again."
            ) from error


def _place(bot: Bot) -> str:
    return (None if bot.is_enterprise_install else bot.team_id) or bot.enterprise_id or ""


def _installed_at(bot: Bot) -> datetime:
    return datetime.fromtimestamp(bot.installed_at, UTC)


# -- what the app asks for -------------------------------------------------------------------------------------------


class Installs(AsyncAuthorize):
    """The tokens of all workspaces; as an app's `authorize`, it spares Slack an `auth.test` for every event.

    `client` has no token of its own. `keys` is the value of `CLAUSEBOT_TOKEN_KEY`. Raises `ConfigurationError` and
    `StoreError`.
    """

    def __init__(
        self, engine: Engine, client: AsyncWebClient, *, client_id: str, client_secret: str, keys: str
    ) -> None:
        self.client = client
        self.client_id = client_id
        self.client_secret = client_secret
        self.vault = Vault(engine, client_id, read_keys(keys))
        self._rotator = AsyncTokenRotator(client_id=client_id, client_secret=client_secret, client=client)
        self._refreshing = asyncio.Lock()
        self._known: dict[str, tuple[Bot, float]] = {}

    async def token_of(self, team: str, enterprise: str | None = None) -> str | None:
        """Return the bot token of a workspace that has the app; refreshed where it expires within two hours.

        `enterprise` matters only where the app was installed for a whole organisation.
        """
        bot = await self._bot(team, enterprise)
        return bot.bot_token if bot else None

    async def save(self, installation: Installation) -> None:
        """Store an installation in place of the one that its workspace had."""
        await asyncio.to_thread(self.vault.put, installation.to_bot())
        self._known = {}

    async def forget(self, team: str, *, until: datetime | None = None) -> None:
        """Remove the installation of a workspace, or of an organisation by its id.

        With `until`, one that was made later stays: what Slack tells late must not remove a new installation.
        """
        await asyncio.to_thread(self.vault.remove, team, until)
        self._known = {}

    async def __call__(
        self,
        *,
        context: AsyncBoltContext,  # noqa: ARG002  # Bolt's interface
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,
        **_actor: str | None,
    ) -> Any:  # an AuthorizeResult or none; what AsyncApp declares of `authorize` leaves the second out
        """Return what Bolt wants to know of the workspace that a request comes from; none where it lacks the app."""
        bot = await self._bot(team_id or enterprise_id or "", enterprise_id)
        if bot is None:
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            team=bot.team_name,
            bot_id=bot.bot_id,
            bot_user_id=bot.bot_user_id,
            bot_token=bot.bot_token,
            bot_scopes=bot.bot_scopes,
            user_id=user_id,
        )

    def register(self, app: AsyncApp) -> None:
        """Take the events that say that a workspace removed the app; before any listener that takes every event."""
        app.event("app_uninstalled")(self.handle_removed)
        app.event("tokens_revoked")(self.handle_removed)

    async def handle_removed(
        self, body: Mapping[str, Any], event: Mapping[str, Any], context: AsyncBoltContext
    ) -> None:
        """Forget the installation that Slack says is gone; a person's token that was revoked is not ours."""
        tokens = event.get("tokens")
        if event["type"] == "tokens_revoked" and not (isinstance(tokens, dict) and tokens.get("bot")):
            return
        place = (None if context.is_enterprise_install else context.team_id) or context.enterprise_id
        told = body.get("event_time")
        if place:
            # whole seconds: what was installed within that second was there before
            await self.forget(place, until=datetime.fromtimestamp(told + 1, UTC) if isinstance(told, int) else None)
            log.info("slack_removed", place=place)

    async def _bot(self, team: str, enterprise: str | None) -> Bot | None:
        known = self._known  # who saves or forgets lays it aside, and with it what is found here meanwhile
        bot, until = known.get(team, (None, 0.0))
        if bot is not None and time.monotonic() < until:
            return bot
        bot = await asyncio.to_thread(self.vault.find, team, enterprise)
        if bot is not None and bot.bot_token_expires_at is not None:
            bot = await self._refreshed(team, enterprise)
        if bot is not None:
            known[team] = bot, time.monotonic() + _KNOWN_S
        return bot

    async def _refreshed(self, team: str, enterprise: str | None) -> Bot | None:
        async with self._refreshing:  # a refresh token is good once
            bot = await asyncio.to_thread(self.vault.find, team, enterprise)
            if bot is None:
                return None
            try:
                new = await self._rotator.perform_bot_token_rotation(bot=bot)
            except _NO_ANSWER as error:
                log.warning("slack_token_not_refreshed", team=team, error=str(error))
                return bot
            if new is not None:
                await asyncio.to_thread(self.vault.refresh, new)
            return new or bot


# -- the pages -------------------------------------------------------------------------------------------------------

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address holds the code
    "X-Content-Type-Options": "nosniff",
}
_PLAIN = re.compile(r"[\w.-]{1,500}", re.ASCII)
"""What Slack sends as code, state and error; anything else is as if it were not there."""
_ASK = "If that does not help, ask whoever runs this bot: its log says more."
_FAILURES = {
    "access_denied": (200, "Not installed", "It was not allowed in Slack, so nothing was installed or stored."),
    "invalid_browser": (
        400,
        "Please start again",
        "An installation has to begin at the installation page, in this browser, and end within ten minutes.",
    ),
    "invalid_state": (400, "Please start again", "This link was used before, or it is more than ten minutes old."),
    "missing_code": (400, "Please start again", "Slack sent no code to install with."),
    "invalid_code": (400, "Not installed", f"Slack did not accept the code that it sent. Please start again. {_ASK}"),
    "unreachable": (502, "Not installed", f"Slack could not be reached. Please start again in a minute. {_ASK}"),
    "not_stored": (500, "Not installed", f"The bot's database did not take it. Please start again. {_ASK}"),
    "other": (400, "Not installed", "Slack did not go on with it, so nothing was installed or stored."),
}
"""Reason, as Bolt or Slack names it, to status, title and text of the page."""


class _Store(AsyncInstallationStore):
    """What Bolt's OAuth flow wants of an installation store."""

    def __init__(self, installs: Installs) -> None:
        self._installs = installs

    async def async_save(self, installation: Installation) -> None:
        await self._installs.save(installation)


class _States(AsyncOAuthStateStore):
    """What Bolt's OAuth flow wants of a state store."""

    def __init__(self, vault: Vault, lives_s: float) -> None:
        self._vault = vault
        self._lives_s = lives_s

    async def async_issue(self, *_: object, **__: object) -> str:
        state = secrets.token_urlsafe(24)
        await asyncio.to_thread(self._vault.keep_state, state, self._lives_s)
        return state

    async def async_consume(self, state: str) -> bool:
        return await asyncio.to_thread(self._vault.take_state, state)


def opened_clients(
    engine: Engine, settings: Settings, session: aiohttp.ClientSession
) -> tuple[Clients, Installs | None]:
    """Return the clients of the workspaces, and the installations in several of them where the settings want them."""
    clients = Clients(settings.slack_api_url, session, settings.slack_bot_token)
    if not (settings.slack_client_id and settings.slack_client_secret and settings.token_key):
        return clients, None
    installs = Installs(
        engine, clients.of_token(None), client_id=settings.slack_client_id,
        client_secret=settings.slack_client_secret, keys=settings.token_key,
    )  # fmt: skip
    clients.token_of = installs.token_of
    return clients, installs


def install_routes(
    installs: Installs, *, redirect_url: str | None = None, state_lives_s: float = _STATE_LIVES_S
) -> list[web.RouteDef]:
    """Return `GET /slack/install` and `GET /slack/oauth_redirect`; browsers keep the cookie only over https.

    `redirect_url` is the public address of the second; without it Slack takes the first one that the app has there.
    """
    settings = AsyncOAuthSettings(
        client_id=installs.client_id,
        client_secret=installs.client_secret,
        scopes=NEEDED_SCOPES,
        user_scopes=(),
        authorization_url=authorization_url(installs.client.base_url),
        installation_store=_Store(installs),
        state_store=_States(installs.vault, state_lives_s),
        callback_options=AsyncCallbackOptions(_succeeded, _failed),
    )
    # Where it is not given, Bolt looks into the environment, which only our settings may.
    settings.redirect_uri = settings.authorize_url_generator.redirect_uri = redirect_url
    flow = AsyncOAuthFlow(client=installs.client, settings=settings)

    async def install(_request: web.Request) -> web.Response:
        try:
            state = await settings.state_store.async_issue()
        except ClausebotError as error:
            log.warning("slack_install_failed", reason="not_stored", error=str(error))
            return _shown(*_failure("not_stored"))
        link = "Add to Slack", settings.authorize_url_generator.generate(state)
        text = "Slack shows what this bot may see and do, and asks you to allow it. The link is good for ten minutes."
        cookie = settings.state_utils.build_set_cookie_for_new_state(state)
        return _shown(200, _page("Add Clausebot to Slack", text, link), cookie)

    async def redirect(request: web.Request) -> web.Response:
        query = {n: v for n in ("code", "state", "error") if _PLAIN.fullmatch(v := request.query.get(n, ""))}
        asked = AsyncBoltRequest(body="", query=query, headers={"cookie": request.headers.get("Cookie", "")})
        try:
            answer = await flow.handle_callback(asked)
            status, page = answer.status, answer.body
        except ClausebotError as error:
            log.warning("slack_install_failed", reason="not_stored", error=str(error))
            status, page = _failure("not_stored")
        except _NO_ANSWER as error:
            log.warning("slack_install_failed", reason="unreachable", error=str(error))
            status, page = _failure("unreachable")
        return _shown(status, page, settings.state_utils.build_set_cookie_for_deletion())

    # A look-ahead by HEAD must not use a state up.
    return [
        web.get(settings.install_path, install, allow_head=False),
        web.get(settings.redirect_uri_path, redirect, allow_head=False),
    ]


def authorization_url(api_url: str) -> str:
    """Return the address where a browser allows the app, on the Slack that this Web API belongs to."""
    host = urlsplit(api_url).hostname or ""
    slack = "slack-gov.com" if f".{host}".endswith(".slack-gov.com") else "slack.com"
    return f"https://{slack}/oauth/v2/authorize"


async def _succeeded(args: AsyncSuccessArgs) -> BoltResponse:
    place = args.installation
    log.info("slack_installed", team=place.team_id, enterprise=place.enterprise_id)
    name = place.team_name or place.enterprise_name or "your workspace"
    text = "Mention it in a channel or write to it directly, for instance: “Can we fine-tune Llama 3 for a health app?”"
    return BoltResponse(status=200, body=_page(f"Clausebot is now in {name}", text))


async def _failed(args: AsyncFailureArgs) -> BoltResponse:
    reason = args.reason if args.reason in _FAILURES else "other"
    log.warning("slack_install_failed", reason=reason)
    status, page = _failure(reason)
    return BoltResponse(status=status, body=page)


def _failure(reason: str) -> tuple[int, str]:
    status, title, text = _FAILURES[reason]
    return status, _page(title, text, ("Start again", "install"))


def _page(title: str, text: str, link: tuple[str, str] | None = None) -> str:
    """Return a page; `link` is its label and its address. Everything given is shown as it is."""
    title, text = html.escape(title), html.escape(text)
    button = f'<p><a href="{html.escape(link[1])}">{html.escape(link[0])}</a></p>' if link else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>body {{ font: 1.1rem/1.5 sans-serif; max-width: 36rem; margin: 4rem auto; "
        f"padding: 0 1rem }}</style><h1>{title}</h1><p>{text}</p>{button}</html>"
    )


def _shown(status: int, page: str, cookie: str = "") -> web.Response:
    headers = _HEADERS | ({"Set-Cookie": f"{cookie}; SameSite=Lax"} if cookie else {})
    return web.Response(status=status, text=page, content_type="text/html", headers=headers)
