"""`clausebot digest` as people and timers run it, over a real record, before a loopback Slack and a mail server."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from bot.audit.anchors import KEY_FILE
from bot.cli import main
from bot.digest.deliveries import HOUR, Destination
from bot.digest.week import Week
from bot.services import open_services
from bot.settings import read_settings
from tests.conftest import clean_environment
from tests.digest.recorded import decide_in
from tests.digest.smtp import Mailbox, serving
from tests.slack.loopback import BOT_TOKEN, LoopbackSlack

ZONE = ZoneInfo("Europe/Berlin")
LAST = Week.last_finished(datetime.now(UTC) - HOUR, ZONE)
"""The week whose digest is due."""
QUESTION = "May we sell what Nimbus 7B wrote?"


@dataclass(frozen=True)
class Ran:
    """What a command said."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def empty(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty record."""
    monkeypatch.setenv("CLAUSEBOT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CLAUSEBOT_DATABASE_URL", url)
    monkeypatch.setenv("CLAUSEBOT_TIME_ZONE", "Europe/Berlin")
    return url


@pytest.fixture
def record(empty: str) -> str:
    """The address of a record with three questions of the last week."""
    with open_services(read_settings()) as services:
        decide_in(services.audit, LAST, ZONE)
    return empty


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `clausebot digest` as the installed program does."""

    def ran(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["clausebot", "digest", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)

    return ran


# -- looked at ---------------------------------------------------------------------------------------------------------


def test_it_is_shown_in_words(record: str, run: Run) -> None:
    """With its figures and with what was refused."""
    shown = run("--week", str(LAST))

    assert (shown.code, shown.err) == (0, "")
    assert "3 questions" in shown.out
    assert QUESTION in shown.out


def test_it_is_shown_as_json(record: str, run: Run) -> None:
    """One object and nothing else; figures and moments as the page has them."""
    shown = run("--week", str(LAST), "--json")
    told = json.loads(shown.out)

    assert (shown.code, told["week"], told["zone"]) == (0, str(LAST), "Europe/Berlin")
    assert told["numbers"]["questions"] == told["numbers"]["askers"] == 3
    assert told["numbers"]["verdicts"]["prohibited"] == 1
    assert datetime.fromisoformat(told["start"]) == LAST.bounds(ZONE)[0]
    assert told["integrity"]["rows"] == 3


def test_looking_writes_nothing(record: str, run: Run) -> None:
    """No anchor is given out, and nothing counts as sent."""
    run("--week", str(LAST))
    with open_services(read_settings()) as services:
        assert services.anchors.last_count() == 0
        assert not (services.settings.home / KEY_FILE).exists()


def test_sending_and_looking_are_two_calls(record: str, run: Run, tmp_path: Path) -> None:
    """What would be left undone is refused."""
    for more in (("--json",), ("--html", str(tmp_path / "digest.html"))):
        refused = run("--post", *more)
        assert (refused.code, refused.out) == (2, "")
        assert "in a call of its own" in refused.err


def test_it_is_saved_as_a_page(record: str, run: Run, tmp_path: Path) -> None:
    """Nothing is printed beside it, but with --json."""
    file = tmp_path / "digest.html"
    saved, both = run("--week", str(LAST), "--html", str(file)), run("--html", str(file), "--json")

    assert (saved.code, saved.out, saved.err) == (0, "", "")
    assert file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert json.loads(both.out)


def test_a_file_that_cannot_be_written_is_one_sentence(record: str, run: Run, tmp_path: Path) -> None:
    """With the reason."""
    refused = run("--html", str(tmp_path / "none" / "digest.html"))

    assert (refused.code, refused.out) == (1, "")
    assert refused.err == f"clausebot: {tmp_path}/none/digest.html cannot be written: No such file or directory.\n"


@pytest.mark.parametrize("week", ["2026-W54", "last", "2026-47", "2025-W53", "0000-W01"])
def test_a_week_that_is_none_is_one_sentence(run: Run, week: str) -> None:
    """Before anything is opened."""
    refused = run("--week", week)

    assert refused.code == 1
    assert refused.err.startswith("clausebot: ")
    assert refused.err.count("\n") == 1
    assert week in refused.err


def test_an_empty_week_says_so(record: str, run: Run) -> None:
    """Also one before the record began."""
    empty = run("--week", "2001-W01")

    assert empty.code == 0
    assert "nobody asked about a licence" in empty.out


# -- sent --------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def slack() -> AsyncIterator[LoopbackSlack]:
    """A Slack with a channel of legal's."""
    async with LoopbackSlack() as opened:
        opened.add_channel("CLEGAL", members=("U0", "U9"))
        yield opened


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A mail server to which the digest is to go."""
    box = Mailbox()
    with serving(box) as port:
        monkeypatch.setenv("CLAUSEBOT_SMTP_URL", f"smtp://127.0.0.1:{port}")
        monkeypatch.setenv("CLAUSEBOT_MAIL_FROM", "clausebot@company.example")
        monkeypatch.setenv("CLAUSEBOT_DIGEST_MAIL", "legal@company.example, board@company.example")
        yield box


@pytest.fixture
def channel(slack: LoopbackSlack, monkeypatch: pytest.MonkeyPatch) -> LoopbackSlack:
    """That Slack, to which the digest is to go."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", BOT_TOKEN)
    monkeypatch.setenv("SLACK_API_URL", slack.url)
    monkeypatch.setenv("CLAUSEBOT_DIGEST_CHANNEL", "CLEGAL")
    return slack


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, ["CLAUSEBOT_DIGEST_CHANNEL", "CLAUSEBOT_DIGEST_MAIL"]),
        ({"CLAUSEBOT_DIGEST_CHANNEL": "C1"}, ["SLACK_BOT_TOKEN"]),
        ({"CLAUSEBOT_DIGEST_MAIL": "a@b.example"}, ["CLAUSEBOT_SMTP_URL", "CLAUSEBOT_MAIL_FROM"]),
        ({"CLAUSEBOT_DIGEST_MAIL": "a@b.example", "CLAUSEBOT_MAIL_FROM": "c@b.example"}, ["CLAUSEBOT_SMTP_URL"]),
        (
            {"CLAUSEBOT_DIGEST_MAIL": "a@b.example", "CLAUSEBOT_MAIL_FROM": "c@b.example",
             "CLAUSEBOT_SMTP_URL": "mail.company.example:25"},
            ["CLAUSEBOT_SMTP_URL", "smtps://"],
        ),
        ({"CLAUSEBOT_DIGEST_CHANNEL": "C1", "SLACK_CLIENT_ID": "1"}, ["CLAUSEBOT_DIGEST_CHANNEL", "T0123/C0456"]),
    ],
)  # fmt: skip
def test_missing_settings_are_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], named: list[str]
) -> None:
    """One sentence, and nothing is claimed."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    refused = run("--post")

    assert (refused.code, refused.out) == (2, "")
    assert refused.err.count("\n") == 1
    assert all(name in refused.err for name in named)


def is_whole(slack: LoopbackSlack, count: int = 1) -> bool:
    """Whether each digest that stands in the channel is complete: one message with a thread and two files in it."""
    said = slack.messages("CLEGAL")
    heads = [message for message in said if "thread_ts" not in message]
    for head in heads:
        thread = [message for message in slack.messages("CLEGAL", head["ts"]) if message["ts"] != head["ts"]]
        parts = [message["metadata"]["event_payload"]["part"] for message in thread if "files" not in message]
        names = [file["name"] for message in thread for file in message.get("files", ())]
        assert parts == list(range(1, len(parts) + 1))
        assert len(parts) >= 2
        assert names == [f"clausebot-{LAST}.html", f"clausebot-{LAST}.csv"]
    return len(heads) == count


def is_mailed(mailbox: Mailbox, count: int = 1) -> bool:
    """Whether each mail has both files and went to both people."""
    for mail in mailbox.taken:
        files = [part.get_filename() for part in mail.iter_attachments()]
        assert files == [f"clausebot-{LAST}.html", f"clausebot-{LAST}.csv"]
        assert mailbox.recipients == ["legal@company.example", "board@company.example"]
    return len(mailbox.taken) == count


async def test_it_is_sent_once(record: str, run: Run, channel: LoopbackSlack, mailbox: Mailbox) -> None:
    """To the channel and by mail, with names instead of ids; a second time it says so and sends nothing."""
    sent = await asyncio.to_thread(run, "--post")
    again = await asyncio.to_thread(run, "--post")
    named = await asyncio.to_thread(run, "--post", "--week", str(LAST))

    assert (sent.code, sent.out) == (0, f"{LAST} (slack): sent.\n{LAST} (mail): sent.\n")
    assert (again.code, again.out) == (0, "Nothing is due.\n")
    assert (named.code, named.out.count("was sent before")) == (0, 2)
    assert is_whole(channel)
    assert is_mailed(mailbox)
    table = next(file.content for file in channel.files.values() if file.name.endswith(".csv"))
    assert "Person U0" in (table or b"").decode("utf-8-sig")
    with open_services(read_settings()) as services:
        assert services.anchors.last_count() == 3
        assert services.deliveries.last() == str(LAST)


async def test_a_week_that_runs_is_sent_as_such(
    record: str, run: Run, channel: LoopbackSlack, mailbox: Mailbox
) -> None:
    """Once, marked as half a week, and nothing is taken from the whole one; a week to come is refused."""
    running = Week.of(datetime.now(UTC), ZONE)
    sent = await asyncio.to_thread(run, "--post", "--week", str(running))
    again = await asyncio.to_thread(run, "--post", "--week", str(running))
    refused = await asyncio.to_thread(run, "--post", "--week", str(running.next))
    (main,) = [m for m in channel.messages("CLEGAL") if m.get("thread_ts") in (None, m["ts"])]

    assert (sent.code, sent.out) == (0, f"{running} (slack): sent.\n{running} (mail): sent.\n")
    assert again.out.count("was sent before") == 2
    assert f"Week {running.number}, {running.year}, so far" in str(main["blocks"][0])
    assert "so far" in str(mailbox.taken[0]["Subject"])
    assert "so-far" in str(mailbox.taken[0]["Message-ID"])
    assert (refused.code, refused.out) == (1, "")
    assert "has not begun" in refused.err
    with open_services(read_settings()) as services:
        assert not services.deliveries.is_delivered(running, Destination.SLACK)
        assert services.deliveries.last() == ""


async def test_who_sends_for_the_first_time_sees_the_last_week(
    empty: str, run: Run, channel: LoopbackSlack, mailbox: Mailbox
) -> None:
    """Also where the record is younger: an empty week says so, and is sent once as any other."""
    sent, again = await asyncio.to_thread(run, "--post"), await asyncio.to_thread(run, "--post")
    (main,) = [m for m in channel.messages("CLEGAL") if m.get("thread_ts") in (None, m["ts"])]

    assert (sent.code, sent.out) == (0, f"{LAST} (slack): sent.\n{LAST} (mail): sent.\n")
    assert again.out == "Nothing is due.\n"
    assert "nobody asked about a licence" in str(main["blocks"])
    assert len(mailbox.taken) == 1


async def test_four_timers_send_one(record: str, channel: LoopbackSlack, mailbox: Mailbox, tmp_path: Path) -> None:
    """Started at the same moment, on a database from before there were digests: one message, one mail, no error."""
    with open_services(read_settings()) as services, services.engine.begin() as connection:
        connection.execute(text("DROP TABLE digest_delivery"))
    settings = {name: value for name, value in read_environment().items() if name != "CLAUSEBOT_HOME"}
    clean = {k: v for k, v in clean_environment(tmp_path / "home").items() if not k.lower().endswith("_proxy")}
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", "digest", "--post", env=clean | settings,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(4)
    ]  # fmt: skip
    said = [tuple(map(bytes.decode, await process.communicate())) for process in started]

    assert [process.returncode for process in started] == [0, 0, 0, 0], said
    assert "".join(out for out, _ in said).count(": sent.") == 2
    assert is_whole(channel)
    assert is_mailed(mailbox)


def read_environment() -> dict[str, str]:
    """What the test has set of ours."""
    return {name: value for name, value in os.environ.items() if name.startswith(("CLAUSEBOT_", "SLACK_"))}


@pytest.mark.parametrize("fault", [{"status": 500}, {"error": "channel_not_found"}, {"drop": True}])
async def test_slack_that_fails_is_one_sentence(
    record: str, run: Run, channel: LoopbackSlack, mailbox: Mailbox, fault: dict[str, object]
) -> None:
    """The mail goes out nevertheless; the next try brings what Slack lacks, and only that."""
    channel.fail("chat.postMessage", times=3, **fault)
    failed = await asyncio.to_thread(run, "--post")
    channel.heal()
    again = await asyncio.to_thread(run, "--post")

    assert (failed.code, failed.out) == (1, f"{LAST} (mail): sent.\n")
    assert failed.err.startswith(f"clausebot: The digest of {LAST} (slack) was not sent: ")
    assert failed.err.count("\n") == 1
    assert (again.code, again.out) == (0, f"{LAST} (slack): sent.\n")
    assert is_whole(channel)
    assert is_mailed(mailbox)


async def test_a_thread_that_broke_off_is_completed(record: str, run: Run, channel: LoopbackSlack) -> None:
    """The message stands there already, the files do not."""
    channel.fail("upload", status=503)
    failed = await asyncio.to_thread(run, "--post")
    again = await asyncio.to_thread(run, "--post")

    assert (failed.code, again.code) == (1, 0)
    assert is_whole(channel)


async def test_a_mail_server_that_refuses_is_one_sentence(
    record: str, run: Run, channel: LoopbackSlack, mailbox: Mailbox
) -> None:
    """Slack gets its own nevertheless; the next try brings the mail, and only that."""
    mailbox.refuse = {"DATA": "554 no such thing here"}
    failed = await asyncio.to_thread(run, "--post")
    mailbox.refuse = {}
    again = await asyncio.to_thread(run, "--post")

    assert (failed.code, failed.out) == (1, f"{LAST} (slack): sent.\n")
    assert failed.err.startswith(f"clausebot: The digest of {LAST} (mail) was not sent: ")
    assert "554 no such thing here" in failed.err
    assert failed.err.count("\n") == 1
    assert (again.code, again.out) == (0, f"{LAST} (mail): sent.\n")
    assert is_whole(channel)
    assert is_mailed(mailbox)
