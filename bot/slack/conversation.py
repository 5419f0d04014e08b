"""What an event, a filled form or a shortcut asks of us: a question, a corrected one, or nothing. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.model import Use


class Kind(StrEnum):
    """How a question reached us."""

    MENTION = "mention"
    DIRECT = "direct"
    THREAD = "thread"
    """A message in a thread, without a mention: ours only where we answered in that thread before."""
    EDIT = "edit"
    """A message that was changed: ours only where we answered it before."""
    FORM = "form"
    SHORTCUT = "shortcut"
    """Somebody chose another's message as the question."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in a conversation of Slack."""

    key: str
    """The same over all deliveries of it: `event_id`."""
    kind: Kind
    team: str
    channel: str
    user: str
    text: str
    ts: str
    """Of the message that asks."""
    thread_ts: str
    """Of the thread that the answer goes to: its first message."""
    private: bool = False
    """The answer goes to the direct conversation with the asker."""
    subject: str = ""
    """Chosen in a form: then it is what the question is about."""
    use: Use | None = None
    """Filled into a form: then it is taken as given."""
    about: str = ""
    """The decision that a form was opened from: what it knew beyond the fields of the form still holds."""

    def to_json(self) -> dict[str, Any]:
        """Return it as it is kept in the inbox."""
        use = self.use.to_json() if self.use else None
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"use": use}

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> Asked:
        """Return what `to_json` gave."""
        use = raw.get("use")
        given = Use(**{**use, "actions": tuple(use["actions"])}) if use else None
        return Asked(**{**raw, "kind": Kind(raw["kind"]), "use": given})


def asker_of(team: str, user: str) -> str:
    """Return how the record names a person of Slack."""
    return f"slack:{team}:{user}"


def user_of(asker: str) -> str:
    """Return the Slack user id of somebody as the record names people; an empty text for others."""
    found = re.fullmatch(r"slack:[^:]*:([UW][A-Z0-9]*)", asker)
    return found[1] if found else ""


def team_of_asker(asker: str) -> str:
    """Return the workspace of somebody whom the record names as a person of Slack; an empty text for others."""
    kind, _, rest = asker.partition(":")
    return rest.partition(":")[0] if kind == "slack" else ""


_SPEAKING = frozenset({"", "file_share", "thread_broadcast"})
"""Subtypes of messages that people write; all others tell of joins, topics, bots and the like."""


def read_event(body: Mapping[str, Any], bot_user: str) -> Asked | None:
    """Return the question that an event callback holds, or none; bots and our own messages ask nothing."""
    event = _mapping(body.get("event"))
    changed = event.get("subtype") == "message_changed"
    message = _mapping(event.get("message")) if changed else event
    text, user, ts = (_text(message.get(name)) for name in ("text", "user", "ts"))
    channel, key = _text(event.get("channel")), _text(body.get("event_id"))
    if not (text.strip() and user and ts and channel and key) or user == bot_user or message.get("bot_id"):
        return None
    if changed and text == _text(_mapping(event.get("previous_message")).get("text")):
        return None  # Slack changed it itself, for instance by unfurling a link
    kind = Kind.EDIT if changed else _kind(event, text, bot_user)
    if kind is None:
        return None
    team = _installed_team(body) or _text(event.get("team"))
    thread = _text(message.get("thread_ts")) or ts
    return Asked(key, kind, team, channel, user, without_mention(text, bot_user), ts, thread)


def read_shortcut(body: Mapping[str, Any]) -> Asked | None:
    """Return the question in the message that somebody chose, or none where it has no text."""
    message, text = _mapping(body.get("message")), _text(_mapping(body.get("message")).get("text")).strip()
    team, channel, user = (_text(_mapping(body.get(name)).get("id")) for name in ("team", "channel", "user"))
    ts, trigger = _text(message.get("ts")), _text(body.get("trigger_id"))
    if not (text and ts and channel and user and trigger):
        return None
    return Asked(trigger, Kind.SHORTCUT, team, channel, user, text, ts, _text(message.get("thread_ts")) or ts)


def _kind(event: Mapping[str, Any], text: str, bot_user: str) -> Kind | None:
    if event.get("type") == "app_mention":
        return Kind.MENTION
    if event.get("type") != "message" or _text(event.get("subtype")) not in _SPEAKING:
        return None
    if event.get("channel_type") == "im":
        return Kind.DIRECT
    if f"<@{bot_user}" in text or not event.get("thread_ts"):
        return None  # a mention comes as an event of its own; a message beside a thread is not for us
    return Kind.THREAD


def without_mention(text: str, bot_user: str) -> str:
    """Return a question without the mention that addresses us."""
    return re.sub(rf"\s*<@{re.escape(bot_user)}(?:\|[^>]*)?>[:,]?\s*", " ", text).strip() if bot_user else text.strip()


def _installed_team(body: Mapping[str, Any]) -> str:
    """Return the workspace that has the app; in a channel shared between companies the message may be from another."""
    authorizations = body.get("authorizations")
    first = _mapping(authorizations[0]) if isinstance(authorizations, list) and authorizations else {}
    return _text(first.get("team_id")) or _text(body.get("team_id"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
