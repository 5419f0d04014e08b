"""One program, several workspaces: installed over HTTP, each answered with its own token."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from aiohttp import ClientSession
from cryptography.fernet import Fernet

from tests.slack.loopback import CLIENT_ID, CLIENT_SECRET, LoopbackSlack, deliver_event, event_payload
from tests.slack.test_asking import answers, asks
from tests.slack.test_restart import free_port, serving

SECOND = "xoxb-second"


async def test_a_workspace_that_installs_the_app_is_answered_with_its_own_token(
    slack_home: Path, slack: LoopbackSlack
) -> None:
    """From the install page to an answer in that workspace; one that never installed it gets nothing."""
    slack.offer("code-2", "T2", SECOND)
    slack.add_channel("C2", members=("U1",), team_id="T2")
    settings = {
        "SLACK_CLIENT_ID": CLIENT_ID, "SLACK_CLIENT_SECRET": CLIENT_SECRET,
        "CLAUSEBOT_TOKEN_KEY": Fernet.generate_key().decode(),
    }  # fmt: skip
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    async with serving(slack_home, slack, port, **settings), ClientSession() as browser:
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
