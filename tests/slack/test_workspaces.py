"""One program, several workspaces: installed over HTTP, each answered with its own token."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientSession
from cryptography.fernet import Fernet

from bot.errors import ConfigurationError
from bot.settings import read_settings
from bot.slack.server import check
from tests.slack.loopback import (
    APP_TOKEN,
    BOT_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    SIGNING_SECRET,
    LoopbackSlack,
    deliver_event,
    event_payload,
)
from tests.slack.test_asking import answers, asks
from tests.slack.test_restart import free_port, serving

SECOND = "xoxb-second"


SEVERAL = {
    "SLACK_CLIENT_ID": CLIENT_ID, "SLACK_CLIENT_SECRET": CLIENT_SECRET,
    "CLAUSEBOT_TOKEN_KEY": Fernet.generate_key().decode(),
}  # fmt: skip


def refusal(environ: dict[str, str], *, socket: bool) -> str:
    """What is said of settings with which nothing is served."""
    with pytest.raises(ConfigurationError) as caught:
        check(read_settings(environ), socket=socket)
    return str(caught.value)


@pytest.mark.parametrize("name", SEVERAL)
def test_socket_mode_serves_one_workspace(name: str) -> None:
    """There is no page to install from; whoever set one of the three reads which to take out."""
    one = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN}
    check(read_settings(one), socket=True)

    assert refusal(one | {name: SEVERAL[name]}, socket=True) == (
        "Socket Mode serves one workspace, because `/slack/install` needs HTTP: "
        f"serve without --socket, or take out {name}."
    )


def test_a_channel_of_several_workspaces_is_named_with_its_own() -> None:
    """Channel ids are a workspace's own; with one workspace the channel is enough."""
    several = SEVERAL | {"SLACK_SIGNING_SECRET": SIGNING_SECRET}
    one = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_SIGNING_SECRET": SIGNING_SECRET}
    channels = {"CLAUSEBOT_LEGAL_CHANNEL": "C1", "CLAUSEBOT_DIGEST_CHANNEL": "C2"}
    check(read_settings(one | channels), socket=False)
    check(read_settings(several | {name: f"T1/{channel}" for name, channel in channels.items()}), socket=False)

    for name, channel in channels.items():
        assert name in refusal(several | {name: channel}, socket=False)
    mailed = refusal(one | {"CLAUSEBOT_DIGEST_MAIL": "a@example.com"}, socket=False)
    assert "CLAUSEBOT_SMTP_URL and CLAUSEBOT_MAIL_FROM" in mailed
    wrong = {
        "CLAUSEBOT_DIGEST_MAIL": "a@b.example",
        "CLAUSEBOT_MAIL_FROM": "c@d.example",
        "CLAUSEBOT_SMTP_URL": "mail:25",
    }
    assert "smtps://" in refusal(one | wrong, socket=False)


def test_what_is_missing_is_named() -> None:
    """Each way in, with one workspace or several, has settings of its own."""
    check(read_settings(SEVERAL | {"SLACK_SIGNING_SECRET": SIGNING_SECRET}), socket=False)

    assert "set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET;" in refusal({}, socket=False)
    assert "set SLACK_BOT_TOKEN and SLACK_APP_TOKEN;" in refusal({}, socket=True)
    assert "set SLACK_CLIENT_SECRET and CLAUSEBOT_TOKEN_KEY and SLACK_SIGNING_SECRET;" in refusal(
        {"SLACK_CLIENT_ID": CLIENT_ID}, socket=False
    )


async def test_a_workspace_that_installs_the_app_is_answered_with_its_own_token(
    slack_home: Path, slack: LoopbackSlack
) -> None:
    """From the install page to an answer in that workspace; one that never installed it gets nothing."""
    slack.offer("code-2", "T2", SECOND)
    slack.add_channel("C2", members=("U1",), team_id="T2")
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    async with serving(slack_home, slack, port, **SEVERAL), ClientSession() as browser:
        async with browser.get(f"{origin}/slack/install") as page:
            link = (await page.text()).split('href="')[1].split('"')[0].replace("&amp;", "&")
            cookie = page.headers["Set-Cookie"].split(";")[0]
        state = parse_qs(urlsplit(link).query)["state"][0]
        done = f"{origin}/slack/oauth_redirect?code=code-2&state={state}"
        async with browser.get(done, headers={"Cookie": cookie}) as page:
            assert page.status == 200, await page.text()
        event = asks(slack, "may we sell a cello with Gemma 2 inside?", "C2")
        await deliver_event(f"{origin}/slack/events", event_payload(event, team_id="T2"))
        (answer,) = await answers(slack, "C2", event["ts"])
        stranger = asks(slack, "may we sell a viola with Gemma 2 inside?", "C1")
        await deliver_event(f"{origin}/slack/events", event_payload(stranger, team_id="T1"))

    assert answer["thread_ts"] == event["ts"]
    assert {call.token for call in slack.called("chat.postMessage")} == {SECOND}
    assert slack.messages("C1", stranger["ts"]) == []
