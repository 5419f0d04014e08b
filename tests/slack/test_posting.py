"""What is put into Slack stands there once, also when a try breaks off."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession
from slack_sdk.errors import SlackApiError

from bot.slack.clients import Clients
from bot.slack.posting import Place, Posting
from bot.slack.refusals import RefusedError, is_passing
from tests.slack.loopback import BOT_TOKEN, LoopbackSlack

PAGE, TABLE = "digest-2026-W47.html", "decisions-2026-W47.csv"
FILES = {PAGE: "<p>Föhn</p>".encode(), TABLE: b"\xef\xbb\xbf1,2\r\n" * 40_000}


@pytest.fixture
async def clients(slack: LoopbackSlack) -> AsyncIterator[Clients]:
    """The clients of a bot, without anything else of it."""
    async with ClientSession() as session:
        yield Clients(slack.url, session, BOT_TOKEN)


@pytest.fixture
async def thread(clients: Clients) -> Place:
    """The thread of a digest."""
    posted = await (await clients.posting("T1")).chat_postMessage(channel="CLEGAL", text="Digest")
    return Place("CLEGAL", posted["ts"])


def names(slack: LoopbackSlack, thread: Place) -> list[str]:
    """The names of the files in a thread, in order."""
    return [f["name"] for m in slack.messages("CLEGAL", thread.thread_ts) for f in m.get("files", ())]


def contents(slack: LoopbackSlack) -> dict[str, bytes | None]:
    """What the files hold that are shown somewhere."""
    return {file.name: file.content for file in slack.files.values() if file.channel}


async def test_files_are_put_into_a_thread_once(slack: LoopbackSlack, clients: Clients, thread: Place) -> None:
    """In their order and byte for byte; a second time nothing is sent, and nothing stands outside the thread."""
    posting = Posting(clients)
    await posting.upload_once("T1", thread, FILES)
    await posting.upload_once("T1", thread, FILES)

    assert names(slack, thread) == [PAGE, TABLE]
    assert contents(slack) == FILES
    assert len(slack.called("files.getUploadURLExternal")) == 2
    assert [m["text"] for m in slack.messages("CLEGAL") if "thread_ts" not in m] == ["Digest"]


@pytest.mark.parametrize(
    ("step", "fault", "error"),
    [
        ("files.getUploadURLExternal", {"error": "internal_error"}, SlackApiError),
        ("upload", {"status": 503}, RefusedError),
        ("upload", {"drop": True}, ClientError),
        ("files.completeUploadExternal", {"error": "internal_error"}, SlackApiError),
        ("files.completeUploadExternal", {"drop": True}, ClientError),
    ],
)
async def test_what_a_broken_off_try_left_is_not_sent_again(
    slack: LoopbackSlack, clients: Clients, thread: Place, step: str, fault: dict[str, Any], error: type[Exception]
) -> None:
    """The first file is there, the second one fails in each of its steps: the next try brings what is missing.

    The last fault is the worst: Slack shows the file, and we do not hear of it.
    """
    posting = Posting(clients)
    slack.fail(step, hang=0)  # the first file comes through
    slack.fail(step, **fault)
    with pytest.raises(error) as broken:
        await posting.upload_once("T1", thread, FILES)
    await posting.upload_once("T1", thread, FILES)

    assert is_passing(broken.value), "the durable work tries it again"
    assert names(slack, thread) == [PAGE, TABLE]
    assert contents(slack) == FILES


async def test_only_our_own_files_count(slack: LoopbackSlack, clients: Clients, thread: Place) -> None:
    """A file of that name from somebody else, a deleted one, and ours in another thread do not keep ours away."""
    posting = Posting(clients)
    theirs = {"files": [{"id": "F8", "name": PAGE, "user": "U1"}, {"id": "F9", "mode": "tombstone"}]}
    message = {"type": "message", "user": "U1", "text": "see", "thread_ts": thread.thread_ts}
    slack.keep(slack.channels["CLEGAL"], message | theirs)
    other = slack.say("CLEGAL", "another thread")
    await posting.upload_once("T1", Place("CLEGAL", other), {PAGE: b"of last week"})
    await posting.upload_once("T1", thread, {PAGE: FILES[PAGE]})

    assert names(slack, thread) == [PAGE]
    assert contents(slack)[PAGE] == FILES[PAGE]


async def test_a_file_is_found_on_a_later_page(slack: LoopbackSlack, clients: Clients, thread: Place) -> None:
    """A thread that people talked in is read to its end."""
    posting = Posting(clients)
    for number in range(250):
        slack.say("CLEGAL", f"remark {number}", thread_ts=thread.thread_ts)
    await posting.upload_once("T1", thread, FILES)
    await posting.upload_once("T1", thread, FILES)

    assert names(slack, thread) == [PAGE, TABLE]


async def test_a_missing_scope_is_told(slack: LoopbackSlack) -> None:
    """An app that was installed before it asked for files says which scope it lacks, and is not tried again."""
    slack.install("T2", "xoxb-two", scopes=("chat:write", "channels:history"))
    slack.add_channel("C2", team_id="T2")
    async with ClientSession() as session:
        old = Clients(slack.url, session, "xoxb-two")
        ts = (await (await old.posting("T2")).chat_postMessage(channel="C2", text="Digest"))["ts"]
        with pytest.raises(SlackApiError) as refused:
            await Posting(old).upload_once("T2", Place("C2", ts), FILES)

    assert (refused.value.response["error"], refused.value.response["needed"]) == ("missing_scope", "files:write")
    assert not is_passing(refused.value)
