"""The doctor: what Slack says of a token, and each part's check."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.doctor import Check, examine
from bot.services import open_services
from bot.slack.inbox import Inbox
from bot.slack.probe import NEEDED_SCOPES, probe
from bot.slack.seen import EXPECTED
from tests.conftest import settings_for

TOKEN = "xoxb-not-a-real-token"  # noqa: S105
GOOD = {"ok": True, "team": "Stripes", "user": "clausebot", "url": "https://x", "user_id": "U1", "team_id": "T1"}


class Slack(ThreadingHTTPServer):
    """A local server that answers `auth.test` as Slack does."""

    daemon_threads = True
    status = 200
    body: Any = GOOD
    scopes = ",".join(NEEDED_SCOPES)

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        """The address that takes the place of Slack's."""
        return f"http://127.0.0.1:{self.server_port}/api/"


class Handler(BaseHTTPRequestHandler):
    """Sends what the server was told to send."""

    server: Slack

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Answer one call."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.path, self.headers.get("Authorization", "")))
        body = self.server.body
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("X-OAuth-Scopes", self.server.scopes)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    """The running server."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with Slack() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_good_token_is_ok(slack: Slack) -> None:
    """A token with all scopes is fine; team and user are shown, and the token went only in the header."""
    assert probe(TOKEN, slack.url) == ("ok", "team Stripes, user clausebot", "")
    assert slack.seen == [("/api/auth.test", f"Bearer {TOKEN}")]


def test_an_address_without_its_slash_is_the_same(slack: Slack) -> None:
    """The API's address may end with or without a slash."""
    assert probe(TOKEN, slack.url.rstrip("/"))[0] == "ok"


def test_more_scopes_than_needed_are_ok(slack: Slack) -> None:
    """Spaces and further scopes are no matter."""
    slack.scopes = ", ".join([*NEEDED_SCOPES, "pins:write"])

    assert probe(TOKEN, slack.url)[0] == "ok"


@pytest.mark.parametrize("missing", NEEDED_SCOPES)
def test_a_missing_scope_is_a_fault_by_name(missing: str, slack: Slack) -> None:
    """Each scope that is not granted is named, with where to add it."""
    slack.scopes = ",".join(s for s in NEEDED_SCOPES if s != missing)
    state, found, mend = probe(TOKEN, slack.url)

    assert state == "fault"
    assert missing in found
    assert "OAuth" in mend


def test_no_scopes_at_all_are_a_fault(slack: Slack) -> None:
    """A token without any scope lacks all of them."""
    slack.scopes = ""

    assert all(scope in probe(TOKEN, slack.url)[1] for scope in NEEDED_SCOPES)


@pytest.mark.parametrize("reason", ["invalid_auth", "token_revoked", "account_inactive", "not_authed"])
def test_a_refused_token_is_a_fault(reason: str, slack: Slack) -> None:
    """Slack's own reason is shown, the token is not."""
    slack.body = {"ok": False, "error": reason}
    state, found, mend = probe(TOKEN, slack.url)

    assert state == "fault"
    assert reason in found
    assert "SLACK_BOT_TOKEN" in mend
    assert TOKEN not in found + mend


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"oops"),
        (503, {"ok": False}),
        (200, b"<html>a proxy's page</html>"),
        (200, b""),
        (200, b"[1, 2]"),
        (404, b"no"),
    ],
)
def test_a_server_that_is_not_slack_is_a_fault(status: int, body: Any, slack: Slack) -> None:
    """Errors and pages that are no answer of Slack are a fault with a remedy, never an exception."""
    slack.status, slack.body = status, body
    state, found, mend = probe(TOKEN, slack.url)

    assert state == "fault"
    assert found
    assert mend
    assert TOKEN not in found + mend


def test_a_server_that_refuses_is_a_fault() -> None:
    """Nobody listening is a fault that names the address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    state, found, mend = probe(TOKEN, f"http://127.0.0.1:{port}/api/")

    assert state == "fault"
    assert str(port) in found
    assert "SLACK_API_URL" in mend


# -- the whole examination ---------------------------------------------------------------------------------------------


def by_name(checks: list[Check]) -> dict[str, Check]:
    """The checks under their names, each name once."""
    assert len({c.name for c in checks}) == len(checks)

    return {c.name: c for c in checks}


def test_slack_is_asked_where_a_token_is_set(slack: Slack, own_home: Path) -> None:
    """With a token, Slack's answer is one of the checks, and no secret is shown anywhere."""
    settings = replace(settings_for(own_home), slack_bot_token=TOKEN, slack_api_url=slack.url)
    checks = by_name(examine(settings))

    assert checks["Slack"].state == "ok"
    assert TOKEN not in json.dumps([c.to_json() for c in checks.values()])


def test_what_slack_has_sent_is_told_with_where_the_rest_is_switched_on(slack: Slack, own_home: Path) -> None:
    """Nothing at first; then what came, and for each kind that never did the place in the app's settings."""
    settings = replace(settings_for(own_home), slack_bot_token=TOKEN, slack_api_url=slack.url)
    before = by_name(examine(settings))["Slack, events"]
    with open_services(settings) as services:
        for kind in list(EXPECTED)[:-1]:
            Inbox(services.engine).note_seen(kind)
            Inbox(services.engine).note_seen(kind)
    after = by_name(examine(settings))["Slack, events"]
    with open_services(settings) as services:
        Inbox(services.engine).note_seen(list(EXPECTED)[-1])

    assert "nothing yet" in before.found
    assert after.state == "note"
    assert "app_mention last 20" in after.found
    assert after.how_to_mend.endswith(f"{list(EXPECTED)[-1]}: {list(EXPECTED.values())[-1]}")
    assert by_name(examine(settings))["Slack, events"].state == "ok"


def test_app_token_group_and_key_are_looked_at(slack: Slack, own_home: Path) -> None:
    """Each is its own check with its own remedy; a key that is none is a fault that does not show it."""
    settings = replace(
        settings_for(own_home), slack_bot_token=TOKEN, slack_api_url=slack.url, slack_app_token="xapp-1",  # noqa: S106
        legal_group="S1", token_key="no-key",  # noqa: S106
    )  # fmt: skip
    slack.body = GOOD | {"users": ["U1", "U2"]}
    good = by_name(examine(settings))
    slack.body = {"ok": False, "error": "missing_scope"}
    bad = by_name(examine(settings))

    assert (good["Slack, app token"].state, good["Slack, legal"].found) == ("ok", "2 people in S1")
    assert "connections:write" in bad["Slack, app token"].how_to_mend
    assert "missing_scope" in bad["Slack, legal"].found
    assert good["Slack, token key"].state == "fault"
    assert "no-key" not in str(good)


def test_without_a_way_in_nothing_can_come(slack: Slack, own_home: Path) -> None:
    """A bot token alone only speaks."""
    settings = replace(settings_for(own_home), slack_bot_token=TOKEN, slack_api_url=slack.url)

    assert by_name(examine(settings))["Slack, way in"].state == "fault"


def test_without_a_token_slack_is_only_a_note(own_home: Path) -> None:
    """The command line needs no Slack."""
    checks = by_name(examine(settings_for(own_home)))

    assert checks["Slack"].state == "note"
    assert checks["knowledge base"].state == "ok"
    assert checks["embedding model"].state == "ok"
    assert "384" in checks["embedding model"].found


def test_a_damaged_model_is_a_fault_and_the_rest_is_looked_at(own_home: Path, model: Path) -> None:
    """A broken model file is named with its remedy; database and knowledge base are still reported."""
    broken = own_home / "models"
    broken.unlink()
    folder = broken / model.name
    folder.mkdir(parents=True)
    for file in model.iterdir():
        (folder / file.name).write_bytes(b"broken" if file.suffix == ".onnx" else file.read_bytes())
    checks = by_name(examine(settings_for(own_home)))

    assert checks["embedding model"].state == "fault"
    assert checks["embedding model"].how_to_mend
    assert checks["database"].state == "ok"
    assert checks["knowledge base"].state == "ok"


def test_a_chat_model_that_is_set_is_noted(own_home: Path) -> None:
    """A setting that has no effect yet is told, not passed over."""
    checks = by_name(examine(replace(settings_for(own_home), chat_model="fake:1")))

    assert checks["configuration"].state == "note"
    assert "CLAUSEBOT_CHAT_MODEL" in checks["configuration"].how_to_mend


def test_a_fault_that_is_none_of_ours_does_not_stop_the_others(tmp_path: Path) -> None:
    """An empty data folder is no fault: the knowledge base is still to be built."""
    with socket.socket() as listener:  # a database host that nobody answers on
        listener.bind(("127.0.0.1", 0))
        settings = replace(settings_for(tmp_path), database_url="nosuchdb://x/y")
        checks = by_name(examine(settings))

    assert checks["database"].state == "fault"
    assert "nosuchdb" in checks["database"].how_to_mend
    assert "disk" in checks
