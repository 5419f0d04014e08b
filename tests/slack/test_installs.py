"""Installing the app in several workspaces, over real HTTP before a loopback Slack, with the tokens in real SQLite."""

from __future__ import annotations

import asyncio
import html
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from aiohttp import web
from cryptography.fernet import Fernet
from slack_bolt.async_app import AsyncApp
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Engine, text

from bot.errors import ConfigurationError
from bot.slack.installs import Installs, Vault, authorization_url, install_routes, read_keys
from bot.slack.probe import NEEDED_SCOPES
from bot.slack.web import build_web
from knowledge.database import StoreError, open_database
from tests.slack.loopback import (
    CLIENT_ID,
    CLIENT_SECRET,
    METHODS,
    SIGNING_SECRET,
    Json,
    LoopbackSlack,
    Method,
    Refusal,
    deliver_event,
    event_payload,
    mention,
)

pytestmark = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")  # slack_sdk uses it
KEY, OTHER_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()
TOKEN, REFRESH_TOKEN = "xoxb-2-the-token-of-t2", "xoxe-1-first"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The database."""
    return tmp_path / "clausebot.db"


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    """An engine on it."""
    opened = open_database(f"sqlite:///{file}")
    yield opened
    opened.dispose()


@pytest.fixture
def another_engine(file: Path, engine: Engine) -> Iterator[Engine]:
    """What another process has open on the same file."""
    opened = open_database(f"sqlite:///{file}")
    yield opened
    opened.dispose()


def installs_of(engine: Engine, slack: LoopbackSlack, *, keys: str = KEY, client_id: str = CLIENT_ID) -> Installs:
    """Return what a process that has nothing in memory yet knows."""
    client = AsyncWebClient(base_url=slack.url, retry_handlers=[])
    return Installs(engine, client, client_id=client_id, client_secret=CLIENT_SECRET, keys=keys)


@pytest.fixture
def installs(engine: Engine, slack: LoopbackSlack) -> Installs:
    """The installations of this process."""
    return installs_of(engine, slack)


@dataclass(frozen=True)
class Page:
    """What a browser got."""

    status: int
    text: str
    headers: dict[str, str]

    @property
    def link(self) -> str:
        """The address behind the page's link."""
        found = re.search('href="([^"]*)"', self.text)
        assert found, self.text
        return html.unescape(found[1])

    @property
    def state(self) -> str:
        """The state in that address."""
        return parse_qs(urlsplit(self.link).query)["state"][0]

    @property
    def cookie(self) -> str:
        """What a browser sends back of the cookie."""
        return self.headers["Set-Cookie"].partition(";")[0]


@dataclass(frozen=True)
class Site:
    """The installation pages, and a browser that sends the cookie it is told to."""

    url: str
    session: aiohttp.ClientSession

    async def get(self, path: str, cookie: str = "", **query: str) -> Page:
        """Open a page."""
        async with self.session.get(f"{self.url}{path}?{urlencode(query)}", headers={"Cookie": cookie}) as answer:
            return Page(answer.status, await answer.text(), dict(answer.headers))

    async def come_back(self, page: Page, **query: str) -> Page:
        """Come back from Slack to the browser that opened the installation page."""
        return await self.get("/slack/oauth_redirect", page.cookie, **({"state": page.state} | query))

    async def install(self, code: str) -> Page:
        """Go the whole way, with a code that Slack gave."""
        return await self.come_back(await self.get("/slack/install"), code=code)


@asynccontextmanager
async def serving(served: web.Application) -> AsyncIterator[Site]:
    """Serve an application on a free port."""
    runner = web.AppRunner(served, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        try:
            yield Site(f"http://127.0.0.1:{runner.addresses[0][1]}", session)
        finally:
            await runner.cleanup()


@asynccontextmanager
async def pages(installs: Installs, **how: Any) -> AsyncIterator[Site]:
    """Serve the installation pages alone."""
    served = web.Application()
    served.add_routes(install_routes(installs, **how))
    async with serving(served) as site:
        yield site


@pytest.fixture
async def site(installs: Installs) -> AsyncIterator[Site]:
    """The installation pages."""
    async with pages(installs) as opened:
        yield opened


def on_disk(file: Path) -> bytes:
    """Everything in the database's files, the write-ahead log too."""
    return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))


def a_bot(
    token: str = TOKEN, team: str | None = "T2", *, installed_at: float = 1_790_000_000.123456, **more: Any
) -> Bot:
    """Return an installation as slack_sdk has it."""
    known: Json = {"app_id": "A1", "bot_id": "BBOT", "bot_user_id": "UBOT", "bot_scopes": ["commands", "chat:write"]}
    return Bot(**known | {"bot_token": token, "team_id": team, "installed_at": installed_at} | more)


# -- the pages ---------------------------------------------------------------------------------------------------------


async def test_the_page_leads_to_slack(site: Site) -> None:
    """With our scopes, and with a state that only this browser can bring back."""
    page = await site.get("/slack/install")
    asked = parse_qs(urlsplit(page.link).query)

    assert page.link.startswith("https://slack.com/oauth/v2/authorize?")
    assert (asked["client_id"], asked["scope"]) == ([CLIENT_ID], [",".join(NEEDED_SCOPES)])
    assert "redirect_uri" not in asked
    assert page.cookie.endswith(f"={page.state}")
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in page.headers["Set-Cookie"].split(";")}
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("api", "expected"),
    [
        ("https://slack.com/api/", "https://slack.com/oauth/v2/authorize"),
        ("https://slack-gov.com/api/", "https://slack-gov.com/oauth/v2/authorize"),
        ("https://www.slack-gov.com/api/", "https://slack-gov.com/oauth/v2/authorize"),
        ("https://not-slack-gov.com/api/", "https://slack.com/oauth/v2/authorize"),
    ],
)
def test_government_has_its_own_slack(api: str, expected: str) -> None:
    """The browser is sent to the Slack that the Web API belongs to."""
    assert authorization_url(api) == expected


async def test_an_installation_is_sealed_and_found_by_the_next_process(
    site: Site, slack: LoopbackSlack, file: Path, another_engine: Engine
) -> None:
    """Slack gets our secret and the code; the file holds the workspace, and not its token."""
    slack.offer("1.2.abc", "T2", TOKEN)
    page = await site.install("1.2.abc")
    (call,) = slack.called("oauth.v2.access")

    assert (page.status, "Clausebot is now in Team T2" in page.text) == (200, True)
    assert call.arguments == {"code": "1.2.abc", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    assert await installs_of(another_engine, slack).token_of("T2") == TOKEN
    assert b"T2" in on_disk(file)
    assert TOKEN.encode() not in on_disk(file)


async def test_the_redirect_address_goes_to_slack_as_it_is_set(
    installs: Installs, slack: LoopbackSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the browser and with the code; Bolt does not read another from the environment."""
    monkeypatch.setenv("SLACK_REDIRECT_URI", "https://elsewhere.test/")
    slack.offer("1.2.abc", "T2", TOKEN)
    async with pages(installs, redirect_url="https://bot.test/slack/oauth_redirect") as site:
        page = await site.get("/slack/install")
        await site.come_back(page, code="1.2.abc")

    assert parse_qs(urlsplit(page.link).query)["redirect_uri"] == ["https://bot.test/slack/oauth_redirect"]
    assert slack.called("oauth.v2.access")[0].arguments["redirect_uri"] == "https://bot.test/slack/oauth_redirect"


async def test_a_state_is_good_once(site: Site, slack: LoopbackSlack) -> None:
    """Whoever brings it a second time gets a page, and Slack is not asked."""
    slack.offer("1.2.abc", "T2", TOKEN)
    page = await site.get("/slack/install")
    first, second = [await site.come_back(page, code="1.2.abc") for _ in range(2)]

    assert (first.status, second.status) == (200, 400)
    assert "used before" in second.text
    assert urlsplit(second.link).path == "install"
    assert len(slack.called("oauth.v2.access")) == 1


async def test_of_two_who_use_a_state_at_once_one_can(installs: Installs) -> None:
    """Taking it is one statement."""
    installs.vault.keep_state("state", 600)
    taken = await asyncio.gather(*(asyncio.to_thread(installs.vault.take_state, "state") for _ in range(8)))

    assert sorted(taken) == [False] * 7 + [True]


async def test_a_state_runs_out(installs: Installs, engine: Engine, slack: LoopbackSlack) -> None:
    """After its time it is refused; the next visit clears it away."""
    slack.offer("1.2.abc", "T2", TOKEN)
    async with pages(installs, state_lives_s=0) as site:
        page = await site.install("1.2.abc")
        await site.get("/slack/install")
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT count(*) FROM slack_oauth_state")).scalar()

    assert (page.status, "more than ten minutes old" in page.text) == (400, True)
    assert kept == 1
    assert await installs.token_of("T2") is None


@pytest.mark.parametrize("cookie", ["", "slack-app-oauth-state=another"])
async def test_a_state_is_good_in_its_browser_only(
    site: Site, installs: Installs, slack: LoopbackSlack, cookie: str
) -> None:
    """A link that somebody was sent installs nothing."""
    slack.offer("1.2.abc", "T2", TOKEN)
    page = await site.get("/slack/install")
    sent = await site.get("/slack/oauth_redirect", cookie, state=page.state, code="1.2.abc")

    assert (sent.status, "in this browser" in sent.text) == (400, True)
    assert not slack.called("oauth.v2.access")


async def test_a_code_that_slack_refuses_installs_nothing(site: Site, installs: Installs) -> None:
    """The page says so in plain words."""
    page = await site.install("9.9.unknown")

    assert (page.status, "Slack did not accept the code" in page.text) == (400, True)
    assert await installs.token_of("T2") is None


async def test_who_declines_reads_that_nothing_was_stored(site: Site, slack: LoopbackSlack) -> None:
    """That is no error."""
    page = await site.come_back(await site.get("/slack/install"), error="access_denied")

    assert (page.status, "not allowed in Slack" in page.text) == (200, True)
    assert not slack.called("oauth.v2.access")


async def test_what_else_slack_may_say_gets_a_page(site: Site) -> None:
    """Under no name of ours, and not shown."""
    page = await site.come_back(await site.get("/slack/install"), error="temporarily_unavailable")

    assert (page.status, "nothing was installed" in page.text, "temporarily" in page.text) == (400, True, False)


async def test_a_code_that_cannot_be_slacks_goes_nowhere(site: Site, slack: LoopbackSlack) -> None:
    """Neither to Slack nor, with lines of its own, into a log."""
    page = await site.install("1.2\nforged")

    assert (page.status, "no code" in page.text) == (400, True)
    assert not slack.called("oauth.v2.access")


async def test_a_slack_that_does_not_answer_gets_a_page(site: Site, slack: LoopbackSlack) -> None:
    """The connection breaks off."""
    slack.fail("oauth.v2.access", drop=True)
    page = await site.install("1.2.abc")

    assert (page.status, "could not be reached" in page.text) == (502, True)


async def test_a_database_that_fails_gets_a_page(site: Site, slack: LoopbackSlack, engine: Engine) -> None:
    """On the way there and on the way back."""
    slack.offer("1.2.abc", "T2", TOKEN)
    begun = await site.get("/slack/install")
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE slack_install"))
    back = await site.come_back(begun, code="1.2.abc")
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE slack_oauth_state"))
    start = await site.get("/slack/install")

    assert [(p.status, "database did not take it" in p.text) for p in (back, start)] == [(500, True)] * 2


@pytest.mark.parametrize("name", ["error", "code", "state", "team"])
async def test_no_page_shows_what_stood_in_the_address(site: Site, name: str) -> None:
    """Neither as it was nor escaped."""
    evil = "<script>alert('evil')</script>"
    pages = [
        await site.get("/slack/install", **{name: evil}),
        await site.come_back(await site.get("/slack/install"), **({"code": "1.2.abc"} | {name: evil})),
    ]

    assert not [page.text for page in pages if "evil" in page.text]
    assert {page.headers["Content-Type"] for page in pages} == {"text/html; charset=utf-8"}


async def test_the_name_of_a_workspace_is_text(
    site: Site, slack: LoopbackSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owners choose it, so it is escaped."""
    answer = METHODS["oauth.v2.access"].handler
    named: Json = {"team": {"id": "T2", "name": "<b>Bold</b>"}}
    monkeypatch.setitem(METHODS, "oauth.v2.access", Method(lambda s, a, w: answer(s, a, w) | named, None, {}))
    slack.offer("1.2.abc", "T2", TOKEN)
    page = await site.install("1.2.abc")

    assert "&lt;b&gt;Bold&lt;/b&gt;" in page.text


async def test_looking_ahead_uses_nothing_up(site: Site) -> None:
    """A link checker that sends HEAD is refused."""
    async with site.session.head(f"{site.url}/slack/oauth_redirect") as answer:
        assert answer.status == 405


# -- the tokens --------------------------------------------------------------------------------------------------------


async def test_every_workspace_has_its_own_token(site: Site, installs: Installs, slack: LoopbackSlack) -> None:
    """And one that did not install the app has none."""
    slack.offer("1", "T2", TOKEN)
    slack.offer("2", "T3", "xoxb-3")
    await site.install("1")
    await site.install("2")

    assert [await installs.token_of(team) for team in ("T2", "T3", "T4")] == [TOKEN, "xoxb-3", None]


async def test_a_new_installation_takes_the_place_of_the_old(
    site: Site, installs: Installs, engine: Engine, slack: LoopbackSlack
) -> None:
    """Also where the old token is in memory; no old token stays behind."""
    slack.offer("1", "T2", TOKEN)
    await site.install("1")
    before = await installs.token_of("T2")
    slack.offer("2", "T2", "xoxb-new")
    await site.install("2")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT count(*) FROM slack_install")).scalar()

    assert (before, await installs.token_of("T2"), rows) == (TOKEN, "xoxb-new", 1)


async def test_a_token_is_read_once_and_forgotten_when_told(
    installs: Installs, another_engine: Engine, slack: LoopbackSlack
) -> None:
    """What another process removed is in memory here for a while; what this one forgets is gone for all."""
    installs.vault.put(a_bot())
    installs.vault.put(a_bot("xoxb-3", "T3"))
    first = await installs.token_of("T2")
    elsewhere = installs_of(another_engine, slack)
    await elsewhere.forget("T2")

    assert first == TOKEN
    assert await installs.token_of("T2") == TOKEN
    await installs.forget("T2")
    assert await installs.token_of("T2") is None
    assert await installs.token_of("T3") == "xoxb-3"


async def test_what_is_in_memory_is_looked_up_again_after_a_while(
    installs: Installs, another_engine: Engine, slack: LoopbackSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that an installation through another process is seen."""
    monkeypatch.setattr("bot.slack.installs._KNOWN_S", 0)
    installs.vault.put(a_bot())
    first = await installs.token_of("T2")
    installs_of(another_engine, slack).vault.put(a_bot("xoxb-new"))

    assert (first, await installs.token_of("T2")) == (TOKEN, "xoxb-new")


async def test_an_organisation_counts_where_the_workspace_has_nothing_of_its_own(installs: Installs) -> None:
    """One token for all its workspaces; a workspace of an organisation is found without its id."""
    installs.vault.put(a_bot("xoxb-of-the-org", None, enterprise_id="E1", is_enterprise_install=True))
    installs.vault.put(a_bot(enterprise_id="E1"))

    assert [await installs.token_of("T2"), await installs.token_of("T2", "E1")] == [TOKEN, TOKEN]
    assert [await installs.token_of("T3"), await installs.token_of("T3", "E1")] == [None, "xoxb-of-the-org"]


def test_what_was_stored_comes_back_whole(installs: Installs) -> None:
    """Every field of slack_sdk's own value."""
    bot = a_bot(bot_refresh_token=REFRESH_TOKEN, bot_token_expires_at=1_790_000_999, team_name="Ünï – Łódź")
    installs.vault.put(bot)
    found = installs.vault.find("T2", None)

    assert found is not None
    assert found.to_dict() == bot.to_dict()


def test_another_app_has_nothing_of_this_one(installs: Installs, engine: Engine, slack: LoopbackSlack) -> None:
    """Two apps may share a database."""
    installs.vault.put(a_bot())

    assert installs_of(engine, slack, client_id="2.2").vault.find("T2", None) is None


# -- the keys ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("", "it is empty"),
        (" , ", "it is empty"),
        ("short", "key 1"),
        (f"{KEY},short", "key 2"),
        ("schlüssel", "key 1"),
    ],
)
def test_a_bad_key_is_named_by_its_place(setting: str, said: str) -> None:
    """The message says how to make one, and shows none."""
    with pytest.raises(ConfigurationError) as caught:
        read_keys(setting)

    assert said in str(caught.value)
    assert "CLAUSEBOT_TOKEN_KEY" in str(caught.value)
    assert "Fernet.generate_key()" in str(caught.value)
    assert not [part for part in (KEY, "short", "schlüssel") if part in str(caught.value)]


async def test_the_first_key_seals_and_every_key_opens(engine: Engine, slack: LoopbackSlack) -> None:
    """An old key stays behind the new one until nothing is sealed with it."""
    installs_of(engine, slack, keys=OTHER_KEY).vault.put(a_bot())
    both = installs_of(engine, slack, keys=f" {KEY}, {OTHER_KEY} ")
    both.vault.put(a_bot("xoxb-3", "T3"))

    assert await both.token_of("T2") == TOKEN
    assert await installs_of(engine, slack, keys=KEY).token_of("T3") == "xoxb-3"


async def test_a_token_that_no_key_opens_is_a_sentence(site: Site, engine: Engine, slack: LoopbackSlack) -> None:
    """It names the workspace and the setting; installing again helps."""
    installs_of(engine, slack, keys=OTHER_KEY).vault.put(a_bot())
    with pytest.raises(ConfigurationError, match=r"The Slack token of T2 .* CLAUSEBOT_TOKEN_KEY"):
        await installs_of(engine, slack).token_of("T2")
    slack.offer("1", "T2", "xoxb-again")
    await site.install("1")

    assert await installs_of(engine, slack).token_of("T2") == "xoxb-again"


async def test_a_database_that_fails_is_a_sentence(installs: Installs, engine: Engine) -> None:
    """Not the driver's error."""
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE slack_install"))

    with pytest.raises(StoreError, match="Slack's installations"):
        await installs.token_of("T2")


# -- tokens that expire ------------------------------------------------------------------------------------------------


def rotating(slack: LoopbackSlack, arguments: Json, _: object) -> Json:
    """Answer `oauth.v2.access` as for an app with token rotation: a refresh token is good once."""
    if arguments.get("refresh_token") != REFRESH_TOKEN:
        raise Refusal("invalid_refresh_token")
    if len(slack.called("oauth.v2.access")) > 1:
        raise Refusal("invalid_refresh_token")
    fresh = {"access_token": "xoxe.xoxb-1-second", "refresh_token": "xoxe-1-second", "expires_in": 43_200}
    return fresh | {"token_type": "bot", "team": {"id": "T2"}}


def an_expiring_bot(seconds: int) -> Bot:
    """Return an installation whose token lives that long."""
    return a_bot("xoxe.xoxb-1-first", bot_refresh_token=REFRESH_TOKEN, bot_token_expires_at=int(time.time()) + seconds)


@pytest.fixture
def _rotation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "oauth.v2.access", Method(rotating, None, {}))


@pytest.mark.usefixtures("_rotation")
async def test_a_token_about_to_expire_is_refreshed_once(
    installs: Installs, another_engine: Engine, slack: LoopbackSlack, file: Path
) -> None:
    """Whoever asks meanwhile waits for it; the next process finds it, and the file shows none of it."""
    installs.vault.put(an_expiring_bot(3600))
    tokens = await asyncio.gather(*(installs.token_of("T2") for _ in range(5)))
    later = await installs_of(another_engine, slack).token_of("T2")

    assert {*tokens, later} == {"xoxe.xoxb-1-second"}
    assert len(slack.called("oauth.v2.access")) == 1
    assert not [part for part in (b"xoxe-1-", b"xoxe.xoxb") if part in on_disk(file)]


@pytest.mark.usefixtures("_rotation")
async def test_a_token_with_time_left_is_not_refreshed(installs: Installs, slack: LoopbackSlack) -> None:
    """Slack is asked within the last two hours only."""
    installs.vault.put(an_expiring_bot(3 * 3600))

    assert await installs.token_of("T2") == "xoxe.xoxb-1-first"
    assert not slack.called("oauth.v2.access")


@pytest.mark.usefixtures("_rotation")
@pytest.mark.parametrize("fault", [{"drop": True}, {"error": "internal_error"}, {"status": 503}])
async def test_a_token_that_cannot_be_refreshed_is_used_on(
    installs: Installs, slack: LoopbackSlack, fault: dict[str, Any]
) -> None:
    """It is good for a while yet."""
    installs.vault.put(an_expiring_bot(3600))
    slack.fail("oauth.v2.access", **fault)

    assert await installs.token_of("T2") == "xoxe.xoxb-1-first"


async def test_a_refresh_that_comes_late_changes_nothing(installs: Installs) -> None:
    """What was installed anew meanwhile stays, and what was removed stays away."""
    late = a_bot("xoxb-late")
    vault: Vault = installs.vault
    vault.put(a_bot("xoxb-anew", installed_at=late.installed_at + 1))
    vault.refresh(late)
    anew = await installs.token_of("T2")
    await installs.forget("T2")
    vault.refresh(late)

    assert (anew, await installs.token_of("T2")) == ("xoxb-anew", None)


# -- in an app ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def app_site(installs: Installs, slack: LoopbackSlack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """An app that says hello, with its pages, in the environment where Bolt would take over the OAuth by itself."""
    monkeypatch.setenv("SLACK_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("SLACK_CLIENT_SECRET", CLIENT_SECRET)
    app = AsyncApp(
        client=installs.client, authorize=installs, process_before_response=True, request_verification_enabled=False
    )
    installs.register(app)

    @app.event("app_mention")
    async def _hello(event: Json, client: AsyncWebClient) -> None:
        await client.chat_postMessage(channel=event["channel"], text="Hello")

    @app.event(re.compile(".+"))
    async def _other() -> None:
        pass

    served = build_web(app, SIGNING_SECRET, lambda: "")
    served.add_routes(install_routes(installs))
    async with serving(served) as site:
        yield site


async def tell(site: Site, event: Json, team: str = "T2", **outer: Any) -> int:
    """Deliver an event of a workspace; return the status."""
    payload = event_payload(event, team) | outer
    return (await deliver_event(f"{site.url}/slack/events", payload)).status


async def test_each_workspace_is_answered_with_its_token(app_site: Site, slack: LoopbackSlack) -> None:
    """Slack is not asked again whose token it is; a workspace without the app gets nothing."""
    for n, team in enumerate(("T2", "T3")):
        slack.offer(str(n), team, f"xoxb-{team}")
        slack.add_channel(f"C{team}", team_id=team)
        await app_site.install(str(n))
    known = len(slack.called("auth.test"))
    statuses = [await tell(app_site, mention("hi", channel=f"C{team}"), team) for team in ("T2", "T3", "T2", "T4")]

    assert statuses == [200] * 4
    assert [c.token for c in slack.called("chat.postMessage")] == ["xoxb-T2", "xoxb-T3", "xoxb-T2"]
    assert len(slack.called("auth.test")) == known


@pytest.mark.parametrize(
    "event", [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"bot": ["UBOT"]}}]
)
async def test_an_app_that_was_removed_is_forgotten(
    app_site: Site, installs: Installs, another_engine: Engine, slack: LoopbackSlack, event: Json
) -> None:
    """In memory and in the database, and in that workspace alone."""
    for code, team in (("1", "T2"), ("2", "T3")):
        slack.offer(code, team, f"xoxb-{team}")
        await app_site.install(code)
    before = await installs.token_of("T2")
    status = await tell(app_site, event)

    assert (before, status) == ("xoxb-T2", 200)
    assert [await installs.token_of("T2"), await installs_of(another_engine, slack).token_of("T2")] == [None, None]
    assert await installs.token_of("T3") == "xoxb-T3"


@pytest.mark.parametrize(
    ("event", "outer"),
    [
        ({"type": "app_uninstalled"}, {"event_time": int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())}),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}}, {}),
        ({"type": "tokens_revoked", "tokens": None}, {}),
    ],
    ids=["told late, installed since", "a person's token", "no token named"],
)
async def test_what_does_not_mean_this_installation_leaves_it(
    app_site: Site, installs: Installs, slack: LoopbackSlack, event: Json, outer: Json
) -> None:
    """Slack repeats an event for minutes; by then the app may be installed again."""
    slack.offer("1", "T2", TOKEN)
    await app_site.install("1")

    assert await tell(app_site, event, **outer) == 200
    assert await installs.token_of("T2") == TOKEN
