"""Whether a payload has the shape that Slack gives it, as far as routing relies on it. Pure.

Bolt and the SDK take identifiers for texts and objects for objects; a payload that breaks this would fail somewhere
inside them, so it is refused before.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from itertools import dropwhile
from typing import Any

_TEXTS = frozenset(
    {
        "team_id", "enterprise_id", "user_id", "app_id", "api_app_id", "bot_id", "channel_id", "event_id", "ts",
        "thread_ts", "event_ts", "message_ts", "trigger_id", "response_url", "callback_id", "action_id", "block_id",
        "type", "subtype", "command", "token", "bot_user_id", "tab", "hash", "enterprise_user_id", "user_team",
        "domain", "url", "private_metadata", "external_id", "view_id", "root_view_id",
    }
)  # fmt: skip
_PLACES = frozenset({"channel_id", "ts", "thread_ts"})
_LONGEST_PLACE = 255
"""Characters; Slack's have less than 20. Forms carry them along, in metadata that has a limit."""
_OBJECTS = frozenset(
    {"event", "view", "message", "previous_message", "container", "state", "action", "selected_option"}
)
_OBJECTS_OR_TEXTS = frozenset({"user", "channel", "team", "enterprise", "item"})
_LISTS_OF_OBJECTS = frozenset(["actions", "authorizations", "links", "response_urls"])
_NAMED_BY_US = frozenset({"state"})
"""Hold what was filled into a form under the names of our own fields, which `forms.py` reads with care."""
_DEEPEST = 60
"""Levels; Slack's payloads have a dozen."""


def fault(payload: Any, depth: int = 0) -> str:
    """Return the first part of a payload that is not what Slack sends, or an empty text."""
    if depth > _DEEPEST:
        return "nesting"
    if isinstance(payload, list):
        return next(filter(None, (fault(part, depth + 1) for part in payload)), "")
    if not isinstance(payload, Mapping):
        return ""
    wrong = next((name for name, value in payload.items() if not _fits(name, value)), "")
    inside = (part for name, part in payload.items() if name not in _NAMED_BY_US)
    return wrong or next(filter(None, (fault(part, depth + 1) for part in inside)), "")


def _fits(name: str, value: Any) -> bool:
    if value is None:
        return name not in {"event", "view", "actions", "action"}
    if name in _TEXTS:
        return isinstance(value, str) and (name not in _PLACES or len(value) <= _LONGEST_PLACE)
    if name in _OBJECTS:
        return isinstance(value, Mapping)
    if name in _OBJECTS_OR_TEXTS:
        return isinstance(value, (Mapping, str))
    if name in _LISTS_OF_OBJECTS:
        return isinstance(value, list) and all(isinstance(part, Mapping) for part in value)
    return True


_CONVERSATIONS = {"im": "message.im", "channel": "message.channels", "group": "message.groups"}


def kind_of(payload: Mapping[str, Any]) -> str:
    """Return what Slack's settings call a payload: an event, a command, `interactivity` or `options`."""
    event = payload.get("event")
    if isinstance(event, Mapping):
        kind = str(event.get("type", ""))
        return _CONVERSATIONS.get(str(event.get("channel_type", "")), kind) if kind == "message" else kind
    if payload.get("command"):
        return str(payload["command"])
    return "options" if payload.get("type") == "block_suggestion" else "interactivity"


def breaks_routing(error: Exception) -> bool:
    """Whether an error arose in Bolt, outside our own code, because a payload lacks what Slack always sends."""
    if not isinstance(error, KeyError | IndexError | TypeError | AttributeError | ValueError):
        return False
    modules = (str(frame.f_globals.get("__name__")) for frame, _ in traceback.walk_tb(error.__traceback__))
    inside = list(dropwhile(lambda module: not module.startswith("slack_bolt."), modules))
    return bool(inside) and not any(module.startswith(("bot.", "knowledge.")) for module in inside)
