"""What an event asks of us: people's words, in the right thread; nothing of bots, and nothing twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.conversation import Asked, Kind, read_event, without_mention

BOT = "U0BOT"
SAMPLES = Path(__file__).parents[3] / "shared" / "test-data" / "slack-inbound.jsonl"


def event(**fields: Any) -> dict[str, Any]:
    """An event callback around an event."""
    base = {"type": "message", "user": "U1", "text": "may we?", "ts": "1.1", "channel": "C1"}
    return {"type": "event_callback", "event_id": "Ev1", "team_id": "T1", "event": base | fields}


def test_a_mention_is_answered_in_a_thread_below_it() -> None:
    """The mention goes, the thread is that of the message."""
    asked = read_event(event(type="app_mention", text=f"<@{BOT}> may we sell it?"), BOT)

    assert asked == Asked("Ev1", Kind.MENTION, "T1", "C1", "U1", "may we sell it?", "1.1", "1.1")


def test_a_mention_within_a_thread_stays_there() -> None:
    """The answer goes where the question stands."""
    asked = read_event(event(type="app_mention", text=f"<@{BOT}> and for free?", thread_ts="0.5"), BOT)

    assert asked is not None
    assert (asked.ts, asked.thread_ts) == ("1.1", "0.5")


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"channel_type": "im"}, Kind.DIRECT),
        ({"channel_type": "im", "subtype": "file_share"}, Kind.DIRECT),
        ({"channel_type": "channel", "thread_ts": "0.5"}, Kind.THREAD),
        ({"channel_type": "group", "thread_ts": "0.5", "subtype": "thread_broadcast"}, Kind.THREAD),
    ],
)
def test_messages_are_told_apart(fields: dict[str, Any], kind: Kind) -> None:
    """A direct message is a question by itself; one in a thread may be a follow-up."""
    asked = read_event(event(**fields), BOT)

    assert asked is not None
    assert asked.kind is kind


@pytest.mark.parametrize(
    "fields",
    [
        {"channel_type": "channel"},
        {"channel_type": "channel", "thread_ts": "0.5", "text": f"<@{BOT}> may we?"},
        {"channel_type": "im", "user": BOT},
        {"channel_type": "im", "bot_id": "B1"},
        {"channel_type": "im", "subtype": "channel_join"},
        {"channel_type": "im", "subtype": "bot_message"},
        {"channel_type": "im", "text": "   "},
        {"channel_type": "im", "text": None},
        {"channel_type": "im", "ts": None},
        {"type": "reaction_added"},
    ],
)
def test_what_is_not_for_us_asks_nothing(fields: dict[str, Any]) -> None:
    """Bots, ourselves, joins, empty texts and messages beside a thread; a mention comes as its own event."""
    assert read_event(event(**fields), BOT) is None


def changed(text: str, before: str, **message: Any) -> dict[str, Any]:
    """A message that was changed."""
    new = {"user": "U1", "text": text, "ts": "1.1", "thread_ts": "0.5"} | message
    return event(
        subtype="message_changed", channel_type="channel", ts="2.0", message=new,
        previous_message={"user": "U1", "text": before, "ts": "1.1"},
    )  # fmt: skip


def test_a_changed_question_is_told_by_its_own_message() -> None:
    """The message that was changed counts, not the event's own time; the mention goes here, too."""
    asked = read_event(changed(f"<@{BOT}> may we sell it?", f"<@{BOT}> may we?"), BOT)

    assert asked == Asked("Ev1", Kind.EDIT, "T1", "C1", "U1", "may we sell it?", "1.1", "0.5")


def test_slack_s_own_changes_ask_nothing() -> None:
    """A link that unfolds changes the message, but not its text."""
    assert read_event(changed("may we?", "may we?"), BOT) is None
    assert read_event(changed("new", "old", bot_id="B1"), BOT) is None


def test_a_question_survives_the_inbox() -> None:
    """What is kept is what was asked."""
    asked = read_event(event(channel_type="im"), BOT)

    assert asked is not None
    assert Asked.from_json(json.loads(json.dumps(asked.to_json()))) == asked


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        (f"<@{BOT}> hi", "hi"),
        (f"hey <@{BOT}|clausebot>, hi", "hey hi"),
        ("<@U2> hi", "<@U2> hi"),
        (f"<@{BOT}>", ""),
    ],
)
def test_only_our_own_mention_goes(text: str, bare: str) -> None:
    """Other people stay in the question."""
    assert without_mention(text, BOT) == bare


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from([
        "event", "type", "subtype", "message", "previous_message", "text", "user", "ts", "thread_ts", "channel",
        "channel_type", "event_id", "team_id", "bot_id",
    ]), part, max_size=8),
    max_leaves=25,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["event", "event_id", "team_id"]), JSON))
def test_any_body_is_read_without_a_fault(body: dict[str, Any]) -> None:
    """Malformed events ask nothing or something whole, and never fail."""
    asked = read_event(body, BOT)

    assert asked is None or all(isinstance(v, str) for v in asked.to_json().values())


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples of real payloads lie beside the repository")
def test_real_payloads_are_read() -> None:
    """Payloads as Slack sends them are read without a fault, and some of them are questions."""
    rows = [json.loads(line) for line in SAMPLES.read_text().splitlines()]
    found = [read_event(row["payload"], BOT) for row in rows if isinstance(row.get("payload"), dict)]

    assert any(found)
