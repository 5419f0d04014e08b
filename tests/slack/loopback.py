"""Slack for tests, on 127.0.0.1: Web API, Socket Mode, response addresses, files, and signed deliveries to a bot.

`LoopbackSlack` answers the unmodified clients of slack_sdk; the functions at the end build and send what Slack sends
to a bot. Times are seconds, a `ts` is Slack's decimal string of seconds and microseconds.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import html
import itertools
import json
import math
import secrets
import time
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from aiohttp import ClientSession, ClientTimeout, WSMsgType, web

Json = dict[str, Any]

BOT_TOKEN = "xoxb-loopback"  # noqa: S105 - good on this server alone, as the next two
APP_TOKEN = "xapp-loopback"  # noqa: S105
SIGNING_SECRET = "loopback-signing-secret"  # noqa: S105
CLIENT_ID, CLIENT_SECRET = "1.1", "loopback-client-secret"
TEAM, APP, BOT_USER, BOT = "T1", "A1", "UBOT", "BBOT"
SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "links:read",
    "links:write",
    "mpim:history",
    "mpim:read",
    "reactions:write",
    "usergroups:read",
    "users:read",
    "users:read.email",
)
TRIGGER_LIVES = 3.0
RESPONSE_USES = 5
RESPONSE_LIVES = 1800.0
MOST_BLOCKS = 50
MOST_VIEW_BLOCKS = 100
MOST_TEXT = 40_000
MOST_ADDRESS = 1024 * 1024
"""Bytes of a request's address: slack_sdk sends blocks to `blocks.validate` in it."""
MOST_BLOCK_TEXT = 13_200
"""Characters over all blocks of one message; Slack documents none, its client's issues report this one."""
_JSON_FIELDS = frozenset({"blocks", "attachments", "metadata", "view", "unfurls", "files", "prompts", "message"})


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a Web API method; `at` is monotonic seconds."""

    method: str
    arguments: Json
    token: str | None
    at: float


@dataclass(frozen=True, slots=True)
class Response:
    """One use of a response address, refused ones too."""

    url: str
    body: Json
    status: int
    at: float


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one call."""

    error: str | None = None
    status: int | None = None
    retry_after: int | None = None
    hang: float | None = None
    drop: bool = False


@dataclass(frozen=True, slots=True)
class Installation:
    """The app in one workspace."""

    team_id: str
    token: str
    bot_user_id: str
    bot_id: str
    scopes: tuple[str, ...]


@dataclass(slots=True)
class Channel:
    """A conversation and what was posted in it, oldest first."""

    id: str
    team_id: str
    members: set[str]
    bot_in: bool = True
    archived: bool = False
    messages: list[Json] = field(default_factory=list)

    def find(self, ts: str) -> Json | None:
        """Return the message of that `ts`."""
        return next((m for m in reversed(self.messages) if m["ts"] == ts), None)

    def replies(self, ts: str) -> list[Json]:
        """Return what was posted in the thread under `ts`, oldest first, without its parent."""
        return [m for m in self.messages if m.get("thread_ts") == ts and m["ts"] != ts]


@dataclass(slots=True)
class File:
    """A file on its way through the upload of three steps."""

    id: str
    name: str
    length: int
    user: str
    team_id: str
    created: float = field(default_factory=time.time)
    content: bytes | None = None
    title: str | None = None
    channel: str | None = None

    def shown(self) -> Json:
        """Return it as a message has it; Slack finds out its type only later."""
        names = {"id": self.id, "name": self.name, "title": self.title or self.name}
        whose = {"user": self.user, "user_team": self.team_id, "created": int(self.created)}
        kind = {"mimetype": "", "filetype": "", "mode": "hosted", "is_external": False}
        where = f"https://files.loopback.slack.test/{self.team_id}-{self.id}/{self.name}"
        return names | whose | kind | {"size": self.length, "url_private": where, "permalink": where}


@dataclass(slots=True)
class _ResponseAddress:
    channel: str
    user: str
    made: float
    used: int = 0


class Refusal(Exception):  # noqa: N818 - it is an answer, not a fault of the program
    """Slack's answer `{"ok": false, "error": ...}`."""

    def __init__(self, error: str, *messages: str, **more: Any) -> None:
        super().__init__(error)
        metadata = {"response_metadata": {"messages": [f"[ERROR] {m}" for m in messages]}} if messages else {}
        self.body: Json = {"ok": False, "error": error} | metadata | more


class _Clock:
    """Gives out timestamps that are unique and increasing within the process."""

    def __init__(self) -> None:
        self._last = 0

    def ts(self) -> str:
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"


_CLOCK = _Clock()
_NUMBERS = itertools.count(1)


def new_ts() -> str:
    """Return a message timestamp later than every one before."""
    return _CLOCK.ts()


def new_trigger(at: float | None = None) -> str:
    """Return a trigger id, good for one view within three seconds of `at` (seconds since 1970; now if None)."""
    milliseconds = int((time.time() if at is None else at) * 1000)
    return f"{milliseconds}.{next(_NUMBERS)}.{secrets.token_hex(16)}"


# ---------------------------------------------------------------------------------------------- blocks and views
_TEXT_LIMITS: dict[tuple[str, str], int] = {
    ("section", "text"): 3000,
    ("header", "text"): 150,
    ("markdown", "text"): 12_000,
    ("input", "label"): 2000,
    ("input", "hint"): 2000,
    ("image", "alt_text"): 2000,
    ("image", "image_url"): 3000,
    ("button", "text"): 75,
    ("button", "value"): 2000,
    ("button", "url"): 3000,
    ("fields", "text"): 2000,
    ("options", "text"): 75,
    ("options", "value"): 150,
    ("options", "description"): 75,
    ("positive_button", "text"): 75,
    ("negative_button", "text"): 75,
    ("positive_button", "value"): 2000,
    ("negative_button", "value"): 2000,
    ("confirm", "title"): 100,
    ("confirm", "text"): 300,
    ("confirm", "confirm"): 30,
    ("confirm", "deny"): 30,
    ("*", "placeholder"): 150,
    ("*", "action_id"): 255,
    ("*", "block_id"): 255,
    ("modal", "title"): 24,
    ("modal", "submit"): 24,
    ("modal", "close"): 24,
    ("modal", "callback_id"): 255,
    ("modal", "private_metadata"): 3000,
    ("home", "callback_id"): 255,
    ("home", "private_metadata"): 3000,
}
_COUNTS: dict[tuple[str, str], int] = {
    ("section", "fields"): 10,
    ("context", "elements"): 10,
    ("actions", "elements"): 25,
    ("context_actions", "elements"): 5,
    ("static_select", "options"): 100,
    ("multi_static_select", "options"): 100,
    ("radio_buttons", "options"): 10,
    ("checkboxes", "options"): 10,
    ("overflow", "options"): 5,
    ("table", "rows"): 100,
}
_NEEDED: dict[str, tuple[str, ...]] = {
    "header": ("text",),
    "markdown": ("text",),
    "actions": ("elements",),
    "context": ("elements",),
    "context_actions": ("elements",),
    "input": ("label", "element"),
    "image": ("alt_text",),
    "button": ("text",),
    "modal": ("title", "blocks"),
    "home": ("blocks",),
}
_PLAIN = frozenset(
    {("header", "text"), ("button", "text"), ("input", "label"), ("modal", "title"), ("modal", "submit")}
)
_STRINGS = frozenset(
    {"alt_text", "image_url", "value", "url", "action_id", "block_id", "callback_id", "private_metadata"}
)
_MAY_BE_EMPTY = frozenset({"private_metadata", "callback_id", "value", "alt_text"})
_BLOCK_TYPES = frozenset(
    {
        "actions",
        "alert",
        "card",
        "carousel",
        "container",
        "context",
        "context_actions",
        "data_table",
        "divider",
        "file",
        "header",
        "image",
        "input",
        "markdown",
        "plan",
        "rich_text",
        "section",
        "table",
        "task_card",
        "video",
    }
)


def block_problems(blocks: Any, most: int = MOST_BLOCKS, where: str = "/blocks") -> list[str]:
    """Return what Slack would refuse in these blocks, in its wording, with JSON pointers; nothing if all is well."""
    if not isinstance(blocks, list):
        return [f"must be an array [json-pointer:{where}]"]
    found = [f"no more than {most} items allowed [json-pointer:{where}]"] if len(blocks) > most else []
    for n, block in enumerate(blocks):
        found += _of_block(block, f"{where}/{n}")
    found += _repeated((b.get("block_id") for b in blocks if isinstance(b, dict)), "block_id", where)
    return found


def view_problems(view: Any) -> list[str]:
    """Return what Slack would refuse in a modal or a Home tab; nothing if all is well."""
    if not isinstance(view, dict) or view.get("type") not in {"modal", "home"}:
        return ["unsupported view type [json-pointer:/view/type]"]
    blocks = view.get("blocks", [])
    found = _of_node({k: v for k, v in view.items() if k != "blocks"} | {"blocks": "given"}, str(view["type"]), "/view")
    found += block_problems(blocks, MOST_VIEW_BLOCKS, "/view/blocks")
    asks = isinstance(blocks, list) and any(isinstance(b, dict) and b.get("type") == "input" for b in blocks)
    if view["type"] == "modal" and asks and "submit" not in view:
        found.append("missing required field: submit [json-pointer:/view]")
    return found


def _of_block(block: Any, where: str) -> list[str]:
    if not isinstance(block, dict) or str(block.get("type")) not in _BLOCK_TYPES:
        kind = block.get("type") if isinstance(block, dict) else block
        return [f"unsupported type: {kind} [json-pointer:{where}/type]"]
    bare = block["type"] == "section" and not (block.get("text") or block.get("fields"))
    found = [f"missing required field: text or fields [json-pointer:{where}]"] if bare else []
    found += _of_node(block, block["type"], where)
    actions = (n.get("action_id") for n in _nodes(block))
    return found + _repeated(actions, "action_id", where)


def _of_node(node: Json, kind: str, where: str) -> list[str]:
    """Check one object of kind `kind` and what it holds."""
    needed = (f for f in _NEEDED.get(kind, ()) if not node.get(f))
    found = [f"missing required field: {name} [json-pointer:{where}]" for name in needed]
    for name, value in node.items():
        found += _of_field(kind, name, value, f"{where}/{name}")
        for child, at in _children(value, f"{where}/{name}"):
            found += _of_node(child, name if name in {"options", "fields"} else str(child.get("type", name)), at)
    return found


def _children(value: Any, where: str) -> Iterator[tuple[Json, str]]:
    if isinstance(value, dict):
        yield value, where
    elif isinstance(value, list):
        yield from ((v, f"{where}/{n}") for n, v in enumerate(value) if isinstance(v, dict))


def _of_field(kind: str, name: str, value: Any, where: str) -> list[str]:
    found = []
    most = _COUNTS.get((kind, name))
    if most and isinstance(value, list) and len(value) > most:
        found.append(f"no more than {most} items allowed [json-pointer:{where}]")
    if (kind, name) in _PLAIN and isinstance(value, dict) and value.get("type") != "plain_text":
        found.append(f"must be plain_text [json-pointer:{where}/type]")
    limit = _TEXT_LIMITS.get((kind, name)) or _TEXT_LIMITS.get(("*", name))
    if limit and value is not None:
        found += (
            _of_text(value, limit, name, where) if _is_string(kind, name) else _of_object(value, limit, name, where)
        )
    return found


def _is_string(kind: str, name: str) -> bool:
    """Whether Slack wants a bare string there rather than a text object."""
    return name in _STRINGS or (kind, name) in {("markdown", "text"), ("fields", "text")}


def _of_object(value: Any, limit: int, name: str, where: str) -> list[str]:
    if not isinstance(value, dict) or value.get("type") not in ("plain_text", "mrkdwn"):
        return [f"must be a text object [json-pointer:{where}]"]
    return _of_text(value.get("text"), limit, name, f"{where}/text")


def _of_text(text: Any, limit: int, name: str, where: str) -> list[str]:
    if not isinstance(text, str):
        return [f"must be a string [json-pointer:{where}]"]
    if len(text) > limit:
        return [f"must be less than {limit + 1} characters [json-pointer:{where}]"]
    if not text and name not in _MAY_BE_EMPTY:
        return [f"must be more than 0 characters [json-pointer:{where}]"]
    return []


def _nodes(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _nodes(child)


def _repeated(names: Iterable[Any], what: str, where: str) -> list[str]:
    given = [n for n in names if n]
    return [f"{what} must be unique [json-pointer:{where}]"] if len(set(map(str, given))) < len(given) else []


def _characters(blocks: Sequence[Json]) -> int:
    return sum(len(n["text"]) for b in blocks for n in _nodes(b) if isinstance(n.get("text"), str))


# ------------------------------------------------------------------------------------------------- the Web API
Handler = Callable[["LoopbackSlack", Json, Installation], Json]


@dataclass(frozen=True, slots=True)
class Method:
    """How a Web API method is answered; `needs` maps each required argument to the error when it is missing."""

    handler: Handler
    scope: str | None
    needs: Mapping[str, str]


METHODS: dict[str, Method] = {}
_OPEN = frozenset({"oauth.v2.access", "apps.connections.open"})
"""Methods that take something else than a bot token."""


def _answers(method: str, /, *needs: str, scope: str | None = None, **own: str) -> Callable[[Handler], Handler]:
    """Register a handler with the arguments it needs; `own` names the error of an argument that has its own."""

    def register(handler: Handler) -> Handler:
        METHODS[method] = Method(handler, scope, dict.fromkeys(needs, "invalid_arguments") | own)
        return handler

    return register


@_answers("api.test")
def _api_test(_: LoopbackSlack, arguments: Json, __: Installation) -> Json:
    if "error" in arguments:
        raise Refusal(arguments["error"], args=arguments)
    return {"args": arguments}


@_answers("auth.test")
def _auth_test(slack: LoopbackSlack, _: Json, who: Installation) -> Json:
    team = {"team": f"Team {who.team_id}", "team_id": who.team_id, "url": slack.team_url}
    bot = {"user": "clausebot", "user_id": who.bot_user_id, "bot_id": who.bot_id, "is_enterprise_install": False}
    return team | bot


@_answers("auth.revoke")
def _auth_revoke(slack: LoopbackSlack, _: Json, who: Installation) -> Json:
    slack.revoke(who.token)
    return {"revoked": True}


@_answers("oauth.v2.access", "code")
def _oauth_access(slack: LoopbackSlack, arguments: Json, _: Installation) -> Json:
    if arguments.get("client_id") != CLIENT_ID:
        raise Refusal("invalid_client_id")
    if arguments.get("client_secret") != CLIENT_SECRET:
        raise Refusal("bad_client_secret")
    who = slack.exchange(arguments["code"])
    token = {"access_token": who.token, "token_type": "bot", "scope": ",".join(who.scopes)}
    team = {"id": who.team_id, "name": f"Team {who.team_id}"}
    more = {"team": team, "enterprise": None, "is_enterprise_install": False, "authed_user": {"id": "U1"}}
    return token | more | {"bot_user_id": who.bot_user_id, "app_id": APP}


@_answers("apps.connections.open")
def _connections_open(slack: LoopbackSlack, _: Json, __: Installation) -> Json:
    return {"url": slack.new_ticket()}


@_answers("chat.postMessage", "channel", scope="chat:write")
def _post_message(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    channel = slack.writable(arguments["channel"], who)
    _check_content(arguments)
    slack.spend(channel)
    message = slack.keep(channel, _of_bot(arguments, who))
    slack.statuses.pop((channel.id, message.get("thread_ts", "")), None)
    return {"channel": channel.id, "ts": message["ts"], "message": message}


@_answers("chat.update", "channel", "ts", scope="chat:write")
def _update(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    channel = slack.writable(arguments["channel"], who)
    message = _own(channel, arguments["ts"], who, "cant_update_message")
    _check_content(arguments)
    content: Json = {k: arguments[k] for k in ("text", "blocks", "attachments", "metadata") if k in arguments}
    message.update(content, edited={"user": who.bot_user_id, "ts": new_ts()})
    return {"channel": channel.id, "ts": message["ts"], "text": message["text"], "message": message}


@_answers("chat.delete", scope="chat:write", channel="channel_not_found", ts="message_not_found")
def _delete(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    channel = slack.readable(arguments["channel"], who)
    channel.messages.remove(_own(channel, arguments["ts"], who, "cant_delete_message"))
    return {"channel": channel.id, "ts": arguments["ts"]}


@_answers("chat.postEphemeral", "channel", "user", scope="chat:write")
def _post_ephemeral(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    channel = slack.writable(arguments["channel"], who)
    _check_content(arguments)
    if arguments["user"] not in channel.members:
        raise Refusal("user_not_in_channel")
    message = _of_bot(arguments, who) | {"ts": new_ts(), "channel": channel.id, "to": arguments["user"]}
    slack.ephemerals.append(message)
    return {"message_ts": message["ts"]}


@_answers("chat.getPermalink", "channel", "message_ts")
def _permalink(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    channel = slack.readable(arguments["channel"], who)
    message = _found(channel, arguments["message_ts"])
    thread = message.get("thread_ts")
    query = f"?thread_ts={thread}&cid={channel.id}" if thread and thread != message["ts"] else ""
    link = f"{slack.team_url}archives/{channel.id}/p{message['ts'].replace('.', '')}{query}"
    return {"channel": channel.id, "permalink": link}


@_answers("chat.unfurl", scope="links:write")
def _unfurl(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    key = (arguments.get("channel") or arguments.get("source"), arguments.get("ts") or arguments.get("unfurl_id"))
    if not all(key):
        raise Refusal("invalid_arguments", "missing required field: channel and ts, or source and unfurl_id")
    shown = arguments.get("unfurls") or {}
    if not shown and not any(k.startswith(("user_auth", "metadata")) for k in arguments):
        raise Refusal("missing_unfurls")
    if "channel" in arguments and arguments["channel"] != "COMPOSER":
        _check_links(slack.readable(arguments["channel"], who), arguments["ts"], shown)
    for url, card in shown.items():
        _refuse_if(block_problems(card.get("blocks", []), where=f"/unfurls/{url}/blocks"), "invalid_blocks")
    slack.unfurls[str(key[0]), str(key[1])] = arguments.get("unfurls") or arguments.get("metadata") or {}
    return {}


def _check_links(channel: Channel, ts: str, shown: Json) -> None:
    message = channel.find(ts)
    if message is None:
        raise Refusal("cannot_find_message")
    if any(url not in html.unescape(message["text"]) for url in shown):
        raise Refusal("cannot_unfurl_url")


@_answers("conversations.replies", "channel", "ts", scope="history")
def _replies(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    channel = slack.readable(arguments["channel"], who)
    root = (channel.find(arguments["ts"]) or {}).get("thread_ts") or arguments["ts"]
    parent, replies = channel.find(root), channel.replies(root)
    if parent is None and not replies:
        raise Refusal("thread_not_found")
    thread = [m for m in (parent, *replies) if m is not None]
    return _page(channel, _within(thread, arguments, keep=parent), arguments, default=1000)


@_answers("conversations.history", "channel", scope="history")
def _history(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    channel = slack.readable(arguments["channel"], who)
    top = [m for m in channel.messages if m.get("thread_ts") in {None, m["ts"]} or m.get("subtype")]
    return _page(channel, _within(top, arguments)[::-1], arguments, default=100) | {"pin_count": 0}


@_answers("conversations.info", scope="read", channel="channel_not_found")
def _conversation_info(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    channel = slack.readable(arguments["channel"], who)
    kind = {"is_channel": channel.id[0] == "C", "is_group": channel.id[0] == "G", "is_im": channel.id[0] == "D"}
    direct = {"user": min(channel.members, default="U1")} if kind["is_im"] else {"name": channel.id.lower()}
    state = {"is_member": channel.bot_in, "is_archived": channel.archived, "is_private": channel.id[0] == "G"}
    return {"channel": {"id": channel.id, "created": 1, "context_team_id": channel.team_id} | kind | direct | state}


@_answers("conversations.members", scope="read", channel="channel_not_found")
def _conversation_members(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    channel = slack.readable(arguments["channel"], who)
    bot = [who.bot_user_id] if channel.bot_in else []
    return {"members": sorted(channel.members) + bot, "response_metadata": {"next_cursor": ""}}


@_answers("conversations.open", scope="im:write", users="invalid_arguments")
def _conversation_open(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    user = str(arguments["users"])
    if user not in slack.users:
        raise Refusal("user_not_found")
    direct = next((c for c in slack.channels.values() if c.id[0] == "D" and c.members == {user}), None)
    channel = direct or slack.add_channel(f"D{user}", members=(user,), team_id=who.team_id)
    return {"channel": {"id": channel.id}}


@_answers(
    "reactions.add",
    scope="reactions:write",
    channel="channel_not_found",
    name="invalid_name",
    timestamp="no_item_specified",
)
def _react(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    message = _found(slack.readable(arguments["channel"], who), arguments["timestamp"])
    reactions: list[Json] = message.setdefault("reactions", [])
    mine = [r for r in reactions if r["name"] == arguments["name"] and who.bot_user_id in r["users"]]
    if mine:
        raise Refusal("already_reacted")
    reactions.append({"name": arguments["name"], "users": [who.bot_user_id], "count": 1})
    return {}


@_answers("users.info", scope="users:read", user="user_not_found")
def _user_info(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    user = slack.users.get(arguments["user"])
    if user is None:
        raise Refusal("user_not_found")
    return {"user": user | {"team_id": who.team_id}}


@_answers("usergroups.users.list", "usergroup", scope="usergroups:read")
def _usergroup(slack: LoopbackSlack, arguments: Json, _: Installation) -> Json:
    users = slack.usergroups.get(arguments["usergroup"])
    if users is None:
        raise Refusal("no_such_subteam")
    return {"users": list(users)}


@_answers("views.open", "trigger_id", "view")
def _view_open(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    slack.exchange_trigger(arguments["trigger_id"])
    return {"view": slack.keep_view(arguments["view"], who)}


@_answers("views.push", "trigger_id", "view")
def _view_push(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    slack.exchange_trigger(arguments["trigger_id"])
    below = next(reversed(slack.views.values()), None)
    if below is None:
        raise Refusal("not_found")
    stacked = {"previous_view_id": below["id"], "root_view_id": below["root_view_id"]}
    return {"view": slack.keep_view(arguments["view"], who, **stacked)}


@_answers("views.update", "view")
def _view_update(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    named = (arguments.get("view_id"), arguments.get("external_id"))
    old = next(
        (v for v in slack.views.values() if v["id"] == named[0] or (named[1] and v["external_id"] == named[1])), None
    )
    if old is None:
        raise Refusal("not_found")
    if arguments.get("hash", old["hash"]) != old["hash"]:
        raise Refusal("hash_conflict")
    same = {k: old[k] for k in ("id", "root_view_id", "previous_view_id", "external_id")}
    return {"view": slack.keep_view(arguments["view"], who, **same)}


@_answers("views.publish", "user_id", "view")
def _view_publish(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    user, old = arguments["user_id"], slack.homes.get(arguments["user_id"])
    if user not in slack.users:
        raise Refusal("invalid_arguments", "invalid `user_id`")
    if old and arguments.get("hash", old["hash"]) != old["hash"]:
        raise Refusal("hash_conflict")
    view = slack.keep_view(arguments["view"], who, **({"id": old["id"], "root_view_id": old["id"]} if old else {}))
    slack.homes[user] = view
    return {"view": view}


@_answers("assistant.threads.setStatus", "channel_id", "thread_ts", scope="assistant:write")
def _set_status(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    key = (slack.writable(arguments["channel_id"], who).id, arguments["thread_ts"])
    if arguments.get("status"):
        slack.statuses[key] = arguments["status"]
    else:
        slack.statuses.pop(key, None)
    return {}


@_answers("assistant.threads.setTitle", "channel_id", "thread_ts", "title", scope="assistant:write")
@_answers("agents.sessions.rename", "channel_id", "title", scope="assistant:write")
def _set_title(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    channel = slack.writable(arguments["channel_id"], who)
    _refuse_if(_of_text(arguments["title"], 200, "title", "/title"), "invalid_arguments")
    slack.titles[channel.id, arguments.get("thread_ts", "")] = arguments["title"]
    return {}


@_answers("assistant.threads.setSuggestedPrompts", "channel_id", "prompts", scope="assistant:write")
def _set_prompts(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    channel, prompts = slack.writable(arguments["channel_id"], who), arguments["prompts"]
    good = isinstance(prompts, list) and all(
        isinstance(p, dict) and p.get("title") and p.get("message") for p in prompts
    )
    if not good or len(prompts) > 4:
        raise Refusal("invalid_arguments", "prompts: one to four, each with title and message")
    slack.prompts[channel.id] = prompts
    return {}


@_answers("agents.sessions.setStatus", "channel_id", "status", scope="assistant:write")
def _set_session(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    key = (slack.writable(arguments["channel_id"], who).id, arguments.get("thread_ts", ""))
    if arguments["status"] not in {"processing", "active", "suspended", "closed"}:
        raise Refusal("invalid_arguments", "invalid `status`")
    if "title" in arguments:
        _set_title(slack, arguments, who)
    slack.sessions[key] = arguments["status"]
    return {}


@_answers("files.getUploadURLExternal", "filename", "length", scope="files:write")
def _upload_url(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    new = File(f"F{next(_NUMBERS)}", arguments["filename"], int(arguments["length"]), who.bot_user_id, who.team_id)
    slack.files[new.id] = new
    return {"upload_url": f"{slack.origin}/upload/{new.id}", "file_id": new.id}


@_answers("files.completeUploadExternal", "files", scope="files:write")
def _complete_upload(slack: LoopbackSlack, arguments: Json, who: Installation) -> Json:
    given = [(slack.files.get(f["id"]), f.get("title")) for f in arguments["files"]]
    done = [(f, title) for f, title in given if f and f.content is not None and f.team_id == who.team_id]
    if len(done) < len(given):
        raise Refusal("file_not_found")
    channel = slack.writable(arguments["channel_id"], who) if arguments.get("channel_id") else None
    for each, title in done:
        each.title, each.channel = title or each.name, channel.id if channel else None
    shown = [f.shown() for f, _ in done]
    if channel:
        words = {"text": arguments.get("initial_comment", ""), "thread_ts": arguments.get("thread_ts")}
        slack.keep(channel, _of_bot({k: v for k, v in words.items() if v}, who) | {"files": shown})
    return {"files": shown}


@_answers("blocks.validate")
def _validate(_: LoopbackSlack, arguments: Json, __: Installation) -> Json:
    given = [k for k in ("blocks", "message", "view") if k in arguments]
    if len(given) != 1:
        raise Refusal("invalid_arguments", "exactly one of blocks, message and view")
    if given == ["view"]:
        _refuse_if(view_problems(arguments["view"]), "invalid_blocks")
    else:
        _check_content(arguments["message"] if given == ["message"] else arguments | {"text": "blocks alone"})
    return {}


def _refuse_if(problems: Sequence[str], error: str) -> None:
    if problems:
        raise Refusal(error, *problems, errors=list(problems))


def _check_content(arguments: Json) -> None:
    """Refuse what Slack refuses in a message."""
    text, blocks = arguments.get("text") or arguments.get("markdown_text") or "", arguments.get("blocks")
    if isinstance(blocks, str):
        raise Refusal("invalid_blocks_format")
    if not text and not blocks and not arguments.get("attachments"):
        raise Refusal("no_text")
    if not isinstance(text, str) or len(text) > MOST_TEXT:
        raise Refusal("msg_too_long")
    _refuse_if(block_problems(blocks or []), "invalid_blocks")
    if _characters(blocks or []) > MOST_BLOCK_TEXT:
        raise Refusal("msg_blocks_too_long")
    _check_metadata(arguments.get("metadata"))


def _check_metadata(metadata: Any) -> None:
    good = metadata is None or (
        isinstance(metadata, dict)
        and (isinstance(metadata.get("event_type"), str) or "entities" in metadata)
        and isinstance(metadata.get("event_payload", {}), dict)
    )
    if not good:
        raise Refusal("invalid_metadata_format")


def _of_bot(arguments: Json, who: Installation) -> Json:
    """Return the message that these arguments make, without its `ts`."""
    kept = ("blocks", "attachments", "metadata", "thread_ts")
    content = {k: arguments[k] for k in kept if arguments.get(k)}
    text = arguments.get("text") or arguments.get("markdown_text") or ""
    broadcast = {"subtype": "thread_broadcast"} if arguments.get("reply_broadcast") in {True, "1", "true"} else {}
    who_says = {"user": who.bot_user_id, "bot_id": who.bot_id, "app_id": APP, "team": who.team_id}
    return {"type": "message", "text": text} | who_says | content | broadcast


def _found(channel: Channel, ts: str) -> Json:
    message = channel.find(ts)
    if message is None:
        raise Refusal("message_not_found")
    return message


def _own(channel: Channel, ts: str, who: Installation, error: str) -> Json:
    message = _found(channel, ts)
    if message.get("bot_id") != who.bot_id:
        raise Refusal(error)
    return message


def _microseconds(ts: str) -> int:
    try:
        seconds, _, rest = str(ts).partition(".")
        return int(seconds) * 1_000_000 + int(rest[:6].ljust(6, "0"))
    except ValueError:
        raise Refusal("invalid_ts_latest") from None


def _within(messages: Sequence[Json], arguments: Json, keep: Json | None = None) -> list[Json]:
    """Return the messages between `oldest` and `latest`, and `keep` always."""
    edge = 1 if str(arguments.get("inclusive", "")).lower() in {"1", "true"} else 0
    low = _microseconds(arguments["oldest"]) - edge if arguments.get("oldest") else -1
    high = _microseconds(arguments["latest"]) + edge if arguments.get("latest") else math.inf
    return [m for m in messages if m is keep or low < _microseconds(m["ts"]) < high]


def _page(channel: Channel, messages: list[Json], arguments: Json, default: int) -> Json:
    limit = int(arguments.get("limit") or default)
    if not 1 <= limit <= 1000:
        raise Refusal("invalid_limit")
    start = _start(messages, arguments.get("cursor"))
    after = messages[start + limit : start + limit + 1]
    cursor = base64.b64encode(f"next_ts:{after[0]['ts']}".encode()).decode() if after else ""
    with_metadata = str(arguments.get("include_all_metadata", "")).lower() in {"1", "true"}
    shown = [_shown(channel, m, with_metadata) for m in messages[start : start + limit]]
    return {"messages": shown, "has_more": bool(after), "response_metadata": {"next_cursor": cursor}}


def _start(messages: Sequence[Json], cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        ts = base64.b64decode(cursor, validate=True).decode().removeprefix("next_ts:")
        return [m["ts"] for m in messages].index(ts)
    except (binascii.Error, ValueError):
        raise Refusal("invalid_cursor") from None


def _shown(channel: Channel, message: Json, with_metadata: bool) -> Json:
    """Return a message as a reader gets it, a parent with the numbers of its thread."""
    shown = {k: v for k, v in message.items() if with_metadata or k != "metadata"}
    replies = channel.replies(message["ts"])
    if not replies:
        return shown
    users = list(dict.fromkeys(m["user"] for m in replies))
    counts = {"reply_count": len(replies), "reply_users_count": len(users), "reply_users": users}
    return shown | counts | {"thread_ts": message["ts"], "latest_reply": replies[-1]["ts"]}


# --------------------------------------------------------------------------------------------------- the server
class _Bucket:
    """Lets `burst` through at once and one a second after that."""

    def __init__(self, burst: int) -> None:
        self._burst, self._left, self._at = float(burst), float(burst), time.monotonic()

    def wait(self) -> float:
        """Take one; return 0, or take none and return the seconds until there is one."""
        now = time.monotonic()
        self._left, self._at = min(self._burst, self._left + now - self._at), now
        if self._left < 1:
            return 1 - self._left
        self._left -= 1
        return 0.0


class LoopbackSlack:
    """One Slack with one workspace (more by `install`), as an async context manager.

    What the bot did is in `calls`, `messages()`, `ephemerals`, `views`, `homes`, `unfurls`, `statuses`, `titles`,
    `prompts`, `sessions`, `files`, `responses`, `acks` and `handshakes` (101, 403 for a used ticket, 503 refused).
    """

    def __init__(self, *, scopes: Sequence[str] = SCOPES, rate_limited: bool = False, burst: int = 5) -> None:
        self.team_url = "https://loopback.slack.test/"
        self.origin = ""
        self.calls: list[Call] = []
        self.acks: list[Json] = []
        self.handshakes: list[int] = []
        self.ephemerals: list[Json] = []
        self.responses: list[Response] = []
        self.channels: dict[str, Channel] = {}
        self.users: dict[str, Json] = {}
        self.usergroups: dict[str, tuple[str, ...]] = {}
        self.views: dict[str, Json] = {}
        self.homes: dict[str, Json] = {}
        self.files: dict[str, File] = {}
        self.unfurls: dict[tuple[str, str], Json] = {}
        self.statuses: dict[tuple[str, str], str] = {}
        self.titles: dict[tuple[str, str], str] = {}
        self.sessions: dict[tuple[str, str], str] = {}
        self.prompts: dict[str, list[Json]] = {}
        self._installations: dict[str, Installation] = {}
        self._codes: dict[str, Installation] = {}
        self._revoked: set[str] = set()
        self._triggers: set[str] = set()
        self._addresses: dict[str, _ResponseAddress] = {}
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._buckets: defaultdict[str, _Bucket] = defaultdict(lambda: _Bucket(burst))
        self._rate_limited = rate_limited
        self._tickets: set[str] = set()
        self._refused_handshakes = 0
        self._sockets: list[web.WebSocketResponse] = []
        self._next_socket = 0
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._changed = asyncio.Condition()
        self._closing = asyncio.Event()
        self.install(TEAM, BOT_TOKEN, scopes=scopes)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/upload/{file}", self._upload)
        app.router.add_post("/respond/{address}", self._respond)
        app.router.add_get("/link", self._link)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, max_line_size=MOST_ADDRESS)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await asyncio.gather(*(s.close() for s in list(self._sockets)))
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The address that takes the place of Slack's Web API."""
        return f"{self.origin}/api/"

    # What there is
    def install(self, team_id: str, token: str, *, scopes: Sequence[str] = SCOPES) -> Installation:
        """Put the app into a workspace; the first one's bot is UBOT, another's carries the team's id."""
        suffix = "" if team_id == TEAM else team_id
        new = Installation(team_id, token, BOT_USER + suffix, BOT + suffix, tuple(scopes))
        self._installations[token] = new
        self.users[new.bot_user_id] = {"id": new.bot_user_id, "name": "clausebot", "is_bot": True, "deleted": False}
        return new

    def revoke(self, token: str) -> None:
        """Make a token answer `token_revoked` from now on."""
        self._revoked.add(token)

    def offer(self, code: str, team_id: str, token: str, *, scopes: Sequence[str] = SCOPES) -> None:
        """Let the OAuth exchange of `code`, once, install the app into `team_id`."""
        self._codes[code] = Installation(team_id, token, BOT_USER + team_id, BOT + team_id, tuple(scopes))

    def exchange(self, code: str) -> Installation:
        """Install what was offered under a code; raises Refusal("invalid_code")."""
        offered = self._codes.pop(code, None)
        if offered is None:
            raise Refusal("invalid_code")
        return self.install(offered.team_id, offered.token, scopes=offered.scopes)

    def add_channel(
        self,
        channel: str,
        members: Iterable[str] = ("U1",),
        *,
        team_id: str = TEAM,
        bot_in: bool = True,
        archived: bool = False,
    ) -> Channel:
        """Create a channel (C…), a private one (G…) or a direct message (D…); its members become known users."""
        people = set(members)
        for user in people - self.users.keys():
            self.add_user(user)
        self.channels[channel] = Channel(channel, team_id, people, bot_in, archived)
        return self.channels[channel]

    def add_user(self, user: str, **more: Any) -> Json:
        """Create a person; `more` is laid over what users.info answers of her."""
        profile = {"real_name": f"Person {user}", "display_name": user.lower(), "email": f"{user.lower()}@example.test"}
        facts = {"id": user, "name": user.lower(), "real_name": f"Person {user}", "deleted": False, "is_bot": False}
        flags = {"is_admin": False, "is_restricted": False, "is_ultra_restricted": False, "is_app_user": False}
        self.users[user] = facts | flags | {"tz": "Europe/London", "tz_offset": 0, "profile": profile} | more
        return self.users[user]

    def add_usergroup(self, group: str, users: Iterable[str]) -> None:
        """Create a user group (S…)."""
        self.usergroups[group] = tuple(users)

    def say(self, channel: str, text: str, *, user: str = "U1", thread_ts: str | None = None) -> str:
        """Let a person post; return the message's `ts`. No event is sent."""
        message = {"type": "message", "user": user, "text": text, "team": self.channels[channel].team_id}
        return str(self.keep(self.channels[channel], message | ({"thread_ts": thread_ts} if thread_ts else {}))["ts"])

    def messages(self, channel: str, thread_ts: str | None = None, *, by_bot: bool = True) -> list[Json]:
        """Return what was posted, oldest first: by the bot alone or by all, in a thread or anywhere in the channel."""
        where = self.channels[channel]
        chosen = where.messages if thread_ts is None else where.replies(thread_ts)
        return [m for m in chosen if not by_bot or "bot_id" in m]

    # What handlers use
    def readable(self, channel: Any, who: Installation) -> Channel:
        """Return a channel of the installation's workspace; raises Refusal("channel_not_found")."""
        found = self.channels.get(str(channel))
        if found is None or found.team_id != who.team_id:
            raise Refusal("channel_not_found")
        return found

    def writable(self, channel: Any, who: Installation) -> Channel:
        """Return a channel that the bot may write to; raises Refusal. A user's id stands for her direct message."""
        direct = (c for c in self.channels.values() if c.id[0] == "D" and c.members == {str(channel)})
        found = self.readable(getattr(next(direct, None), "id", channel), who)
        if found.archived:
            raise Refusal("is_archived")
        if not found.bot_in:
            raise Refusal("not_in_channel")
        return found

    def keep(self, channel: Channel, message: Json) -> Json:
        """Store a message under a new `ts` and return it."""
        kept = message | {"ts": new_ts()}
        parent = channel.find(kept.get("thread_ts", ""))
        if parent is not None:
            kept["parent_user_id"] = parent["user"]
        channel.messages.append(kept)
        return kept

    def spend(self, channel: Channel) -> None:
        """Count a post against the channel's rate limit; raises Refusal("ratelimited") with the seconds to wait."""
        wait = self._buckets[channel.id].wait() if self._rate_limited else 0.0
        if wait:
            raise Refusal("ratelimited", retry_after=math.ceil(wait))

    def exchange_trigger(self, trigger: str) -> None:
        """Use up a trigger id; raises Refusal for one that is malformed, older than three seconds or used."""
        made = str(trigger).partition(".")[0]
        if not made.isdecimal():
            raise Refusal("invalid_trigger_id")
        if time.time() - int(made) / 1000 > TRIGGER_LIVES:
            raise Refusal("expired_trigger_id")
        if trigger in self._triggers:
            raise Refusal("exchanged_trigger_id")
        self._triggers.add(trigger)

    def keep_view(self, view: Any, who: Installation, **same: Any) -> Json:
        """Store a view as Slack returns it; `same` is what an older version hands on."""
        _refuse_if(view_problems(view), "invalid_arguments")
        new = f"V{next(_NUMBERS)}"
        given = {"private_metadata": "", "callback_id": "", "external_id": "", "close": None, "submit": None} | view
        flags = {"clear_on_close": False, "notify_on_close": False, "previous_view_id": None} | given
        ids = {"id": new, "root_view_id": new, "team_id": who.team_id, "app_id": APP, "bot_id": who.bot_id}
        made = {
            "hash": f"{new_ts()}.{secrets.token_hex(4)}",
            "state": {"values": {}},
            "app_installed_team_id": who.team_id,
        }
        kept: Json = flags | ids | made | same
        self.views[kept["id"]] = kept
        return kept

    # Looking and waiting
    def called(self, method: str) -> list[Call]:
        """Return the calls of a method so far, refused ones too."""
        return [c for c in self.calls if c.method == method]

    async def wait_for(self, method: str, count: int = 1, timeout: float = 10.0) -> list[Call]:  # noqa: ASYNC109
        """Wait until a method was called `count` times and return its calls; raises TimeoutError."""
        await self.wait_until(lambda: len(self.called(method)) >= count, f"{count} x {method}", timeout)
        return self.called(method)

    async def wait_until(self, met: Callable[[], bool], what: str, timeout: float = 10.0) -> None:  # noqa: ASYNC109
        """Wait until a condition on what this Slack saw is met; raises TimeoutError saying what was called."""
        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(met)
        except TimeoutError:
            raise TimeoutError(f"no {what} within {timeout} s; called: {[c.method for c in self.calls]}") from None

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # Faults
    def fail(
        self,
        method: str,
        *,
        error: str | None = None,
        status: int | None = None,
        retry_after: int | None = None,
        hang: float | None = None,
        drop: bool = False,
        times: int = 1,
    ) -> None:
        """Let the next `times` calls of a method go wrong.

        `*` is any method, `response_url` a response address, `upload` the address that a file is uploaded to.

        `error` and `status` (with `retry_after`) refuse the work; `hang` does it and answers that many seconds later;
        `drop` does it and closes the connection without an answer. Raises ValueError if nothing is to go wrong.
        """
        fault = Fault(error, status, retry_after, hang, drop)
        if fault == Fault():
            raise ValueError("say what is to go wrong")
        self._faults[method].extend([fault] * times)

    def heal(self) -> None:
        """Forget the faults that did not happen yet."""
        self._faults.clear()

    def _fault(self, method: str) -> Fault:
        waiting = self._faults[method] or self._faults["*"]
        return waiting.popleft() if waiting else Fault()

    async def _spoiled(self, fault: Fault, request: web.Request, answer: web.Response) -> web.Response:
        """Hand an answer over late, or not at all."""
        if fault.hang is not None:
            await self._pause(fault.hang)
        if fault.drop and request.transport is not None:
            request.transport.abort()
        return answer

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return

    # Web API
    async def _api(self, request: web.Request) -> web.Response:
        method, fault = request.match_info["method"], Fault()
        try:
            arguments, token = await _read(request)
            self.calls.append(Call(method, arguments, token, time.monotonic()))
            fault = self._fault(method)
            answer = _refused(fault) or self._answer(method, arguments, token)
        except Refusal as refusal:
            answer = _json(refusal.body)
        await self._tell()
        return await self._spoiled(fault, request, answer)

    def _answer(self, method: str, arguments: Json, token: str | None) -> web.Response:
        how = METHODS.get(method)
        if how is None:
            raise Refusal("unknown_method", req_method=method)
        who = self._caller(method, token)
        self._check_scope(how.scope, arguments, who)
        for name, error in how.needs.items():
            if arguments.get(name) is None or arguments[name] == "":
                raise Refusal(error, f"missing required field: {name}")
        body = {"ok": True} | how.handler(self, arguments, who)
        return _json(body, {"x-oauth-scopes": ",".join(who.scopes), "x-accepted-oauth-scopes": how.scope or ""})

    def _caller(self, method: str, token: str | None) -> Installation:
        first = next(iter(self._installations.values()))
        if method == "oauth.v2.access":
            return first
        if not token:
            raise Refusal("not_authed")
        if token in self._revoked:
            raise Refusal("token_revoked")
        if token != APP_TOKEN and token not in self._installations:
            raise Refusal("invalid_auth")
        if (token == APP_TOKEN) != (method in _OPEN) and method != "auth.test":
            raise Refusal("not_allowed_token_type")
        return self._installations.get(token, first)

    def _check_scope(self, scope: str | None, arguments: Json, who: Installation) -> None:
        if scope in {"history", "read"}:
            kind = {"D": "im", "G": "groups"}.get(str(arguments.get("channel"))[:1], "channels")
            scope = f"{kind}:{scope}"
        if scope and scope not in who.scopes:
            raise Refusal("missing_scope", needed=scope, provided=",".join(who.scopes))

    # Files and response addresses
    async def _upload(self, request: web.Request) -> web.Response:
        fault = self._fault("upload")
        file, content = self.files.get(request.match_info["file"]), await request.read()
        if (refused := _refused(fault)) is not None:
            return refused
        if file is None or len(content) != file.length:
            return web.Response(status=400, text="length mismatch or no such file")
        file.content = content
        return await self._spoiled(fault, request, web.Response(text=f"OK - {len(content)}"))

    def response_url(self, channel: str = "C1", user: str = "U1") -> str:
        """Return a new response address, good for five uses within half an hour."""
        address = f"{next(_NUMBERS)}-{secrets.token_hex(8)}"
        self._addresses[address] = _ResponseAddress(channel, user, time.monotonic())
        return f"{self.origin}/respond/{address}"

    async def _respond(self, request: web.Request) -> web.Response:
        body: Json = {}
        fault = self._fault("response_url")
        try:
            body = await _object(request)
            answer = _refused(fault) or self._use(request.match_info["address"], body)
        except Refusal as refusal:
            answer = _json(refusal.body, status=404 if str(refusal).endswith("_url") else 400)
        self.responses.append(Response(str(request.url), body, answer.status, time.monotonic()))
        await self._tell()
        return await self._spoiled(fault, request, answer)

    def _use(self, name: str, body: Json) -> web.Response:
        """Use a response address once; raises Refusal."""
        address = self._addresses.get(name)
        if address is None or time.monotonic() - address.made > RESPONSE_LIVES:
            raise Refusal("expired_url")
        if address.used >= RESPONSE_USES:
            raise Refusal("used_url")
        if not body.get("delete_original"):
            _check_content(body)
        address.used += 1
        self._keep_response(address, body)
        return web.Response(text="ok")

    def _keep_response(self, address: _ResponseAddress, body: Json) -> None:
        if body.get("replace_original") or body.get("delete_original"):
            return
        message = _of_bot(body, next(iter(self._installations.values())))
        if body.get("response_type") == "in_channel" and address.channel in self.channels:
            self.keep(self.channels[address.channel], message)
        else:
            self.ephemerals.append(message | {"ts": new_ts(), "channel": address.channel, "to": address.user})

    # Socket Mode
    def new_ticket(self) -> str:
        """Return an address for one WebSocket handshake."""
        ticket = secrets.token_hex(16)
        self._tickets.add(ticket)
        return f"{self.origin.replace('http', 'ws', 1)}/link?ticket={ticket}&app_id={APP}"

    def refuse_next_handshake(self, times: int = 1) -> None:
        """Refuse the next handshakes; their tickets are used up all the same."""
        self._refused_handshakes += times

    @property
    def connected(self) -> int:
        """How many sockets are open."""
        return len(self._sockets)

    async def wait_connected(self, count: int = 1, timeout: float = 10.0) -> None:  # noqa: ASYNC109
        """Wait until `count` sockets or more are open; raises TimeoutError."""
        await self.wait_until(lambda: self.connected >= count, f"{count} sockets", timeout)

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        status = 101 if ticket in self._tickets else 403
        self._tickets.discard(ticket)
        if self._refused_handshakes:
            self._refused_handshakes, status = self._refused_handshakes - 1, 503
        self.handshakes.append(status)
        await self._tell()
        return await self._serve(request) if status == 101 else web.Response(status=status)

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        await socket.send_json(_hello(self.connected + 1))
        self._sockets.append(socket)
        await self._tell()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._acknowledged(message.data)
        finally:
            self._sockets.remove(socket)
            await self._tell()
        return socket

    def _acknowledged(self, data: str) -> None:
        ack: Json = json.loads(data)
        self.acks.append(ack)
        waiting = self._waiting.pop(ack.get("envelope_id", ""), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(ack)

    async def send_envelope(
        self,
        kind: str,
        payload: Json,
        *,
        envelope_id: str | None = None,
        retry_attempt: int = 0,
        retry_reason: str = "",
        timeout: float = 3.0,  # noqa: ASYNC109 - the time that Slack gives
    ) -> Json:
        """Send `events_api`, `slash_commands` or `interactive` to one of the open sockets, in turn; return its ack.

        Waits for a socket if there is none. Raises TimeoutError if no ack comes within `timeout` seconds.
        """
        key = envelope_id or f"env-{next(_NUMBERS)}"
        retry = {"retry_attempt": retry_attempt, "retry_reason": retry_reason} if kind == "events_api" else {}
        envelope = {
            "envelope_id": key,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        await self.wait_connected(timeout=timeout)
        self._waiting[key] = asyncio.get_running_loop().create_future()
        self._next_socket += 1
        await self._sockets[self._next_socket % self.connected].send_json(envelope | retry)
        return await asyncio.wait_for(self._waiting[key], timeout)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Say goodbye to every socket as Slack does, and close it; `warning` comes ahead of time and closes nothing."""
        for socket in list(self._sockets):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-loopback"}})
            if reason != "warning":
                await socket.close()

    async def cut(self) -> None:
        """Break every socket's connection without a word."""
        for socket in list(self._sockets):
            if socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()
        await self.wait_until(lambda: not self._sockets, "end of the sockets")


def _hello(connections: int) -> Json:
    debug = {"host": "applink-loopback", "build_number": 1, "approximate_connection_time": 18060}
    return {"type": "hello", "num_connections": connections, "debug_info": debug, "connection_info": {"app_id": APP}}


def _json(body: Json, headers: Mapping[str, str] | None = None, status: int = 200) -> web.Response:
    if body.get("error") == "ratelimited":
        return _too_many(int(body.get("retry_after", 1)))
    return web.json_response(body, headers=headers, status=status)


def _too_many(retry_after: int) -> web.Response:
    return web.json_response(
        {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(retry_after)}
    )


def _refused(fault: Fault) -> web.Response | None:
    """Return the answer of a fault that keeps the work from being done."""
    if fault.status == 429:
        return _too_many(fault.retry_after or 1)
    if fault.status is not None:  # Slack's front servers answer pages, not JSON, when something behind them is down
        return web.Response(status=fault.status, text="<html>Server Error</html>", content_type="text/html")
    if fault.error is not None:
        return _json({"ok": False, "error": fault.error})
    return None


async def _read(request: web.Request) -> tuple[Json, str | None]:
    """Return a call's arguments, JSON fields decoded, and its token; raises Refusal for a body Slack cannot read."""
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        arguments |= await _object(request)
    elif request.content_type in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        arguments |= await request.post()
    elif await request.read():
        raise Refusal("invalid_post_type")
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind == "Basic":
        login, _, password = base64.b64decode(secret).decode().partition(":")
        arguments |= {"client_id": login, "client_secret": password}
    in_body = arguments.pop("token", None)
    return {k: _decoded(k, v) for k, v in arguments.items()}, secret if kind == "Bearer" else in_body


async def _object(request: web.Request) -> Json:
    try:
        body = json.loads(await request.read())
    except ValueError:
        raise Refusal("invalid_json") from None
    if not isinstance(body, dict):
        raise Refusal("json_not_object")
    return body


def _decoded(name: str, value: Any) -> Any:
    if name not in _JSON_FIELDS or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


# ------------------------------------------------------------------------------------- what Slack sends to a bot
def event_payload(event: Json, team_id: str = TEAM, event_id: str | None = None) -> Json:
    """Return the outer event around an inner one, under a new event id if none is given."""
    bot = BOT_USER if team_id == TEAM else BOT_USER + team_id
    may = {"enterprise_id": None, "team_id": team_id, "user_id": bot, "is_bot": True, "is_enterprise_install": False}
    what = {"token": "verification-token", "team_id": team_id, "api_app_id": APP, "event": event}
    when = {"event_id": event_id or f"Ev{next(_NUMBERS):09d}", "event_time": int(time.time())}
    context = f"1-{event.get('type')}-{team_id}-{event.get('channel')}"
    about = {"authorizations": [may], "is_ext_shared_channel": False, "event_context": context}
    return what | {"type": "event_callback"} | when | about


def url_verification(challenge: str = "challenge") -> Json:
    """Return what Slack sends when a request address is entered."""
    return {"token": "verification-token", "challenge": challenge, "type": "url_verification"}


def mention(
    text: str, channel: str = "C1", user: str = "U1", ts: str | None = None, thread_ts: str | None = None
) -> Json:
    """Return an `app_mention`; the bot's mention is put before a text that has none."""
    words = text if f"<@{BOT_USER}>" in text else f"<@{BOT_USER}> {text}"
    return _message("app_mention", words, channel, user, ts, thread_ts)


def channel_message(
    text: str, channel: str = "C1", user: str = "U1", ts: str | None = None, thread_ts: str | None = None
) -> Json:
    """Return a `message` in a channel (C…: `channel`, G…: `group`)."""
    kind = "group" if channel[0] == "G" else "channel"
    return _message("message", text, channel, user, ts, thread_ts) | {"channel_type": kind}


def direct_message(
    text: str, user: str = "U1", channel: str = "D1", ts: str | None = None, thread_ts: str | None = None
) -> Json:
    """Return a `message` in a direct message."""
    return _message("message", text, channel, user, ts, thread_ts) | {"channel_type": "im"}


def bot_message(text: str, channel: str = "C1", bot_id: str = "BOTHER", thread_ts: str | None = None) -> Json:
    """Return a `message` that a bot posted."""
    message = _message("message", text, channel, "UOTHERBOT", None, thread_ts)
    profile = {"id": bot_id, "app_id": "AOTHER", "name": "other", "deleted": False, "team_id": TEAM}
    return message | {"channel_type": "channel", "bot_id": bot_id, "bot_profile": profile}


def edited(
    before: str, after: str, ts: str, channel: str = "C1", user: str = "U1", thread_ts: str | None = None
) -> Json:
    """Return the `message_changed` of the message `ts`."""
    old, new = (_message("message", t, channel, user, ts, thread_ts) for t in (before, after))
    inner = [{k: v for k, v in m.items() if k not in {"channel", "event_ts"}} for m in (old, new)]
    now = new_ts()
    changed = {"message": inner[1] | {"edited": {"user": user, "ts": now}}, "previous_message": inner[0]}
    where = {"channel": channel, "hidden": True, "ts": now, "event_ts": now, "channel_type": _channel_type(channel)}
    return {"type": "message", "subtype": "message_changed"} | changed | where


def deleted(ts: str, text: str = "", channel: str = "C1", user: str = "U1") -> Json:
    """Return the `message_deleted` of the message `ts`."""
    now = new_ts()
    old = {"type": "message", "user": user, "text": text, "ts": ts, "team": TEAM}
    gone = {"type": "message", "subtype": "message_deleted", "previous_message": old, "deleted_ts": ts, "hidden": True}
    return gone | {"channel": channel, "ts": now, "event_ts": now, "channel_type": _channel_type(channel)}


def app_home_opened(tab: str = "home", user: str = "U1", channel: str = "D1", view: Json | None = None) -> Json:
    """Return the opening of the app's `home` or `messages` tab; `view` is what the Home tab showed."""
    shown = {"view": view} if view else {}
    return {"type": "app_home_opened", "user": user, "channel": channel, "tab": tab, "event_ts": new_ts()} | shown


def app_context_changed(user: str = "U1", channel: str = "D1", looks_at: Sequence[str] = ("C1",)) -> Json:
    """Return what a person looks at beside the open agent: channels, nearest first."""
    entities = [{"type": "slack#/types/channel_id", "value": c, "team_id": TEAM} for c in looks_at]
    context = {"entities": entities} if entities else {}
    return {"type": "app_context_changed", "user": user, "channel": channel, "context": context, "event_ts": new_ts()}


def agent_session_stopped(thread_ts: str, user: str = "U1", channel: str = "D1") -> Json:
    """Return a click on the stop button that shows while a session is `processing`."""
    where = {"channel": channel, "thread_ts": thread_ts, "user": user}
    return {"type": "agent_session_stopped", "streaming_message_ts": [], "event_ts": new_ts()} | where


def link_shared(
    urls: Sequence[str],
    channel: str = "C1",
    user: str = "U1",
    message_ts: str | None = None,
    thread_ts: str | None = None,
) -> Json:
    """Return a `link_shared` for a message that is posted; a composer's is one with the channel COMPOSER."""
    links = [{"domain": urlsplit(u).hostname, "url": u} for u in urls]
    ts = message_ts or new_ts()
    source = "composer" if channel == "COMPOSER" else "conversations_history"
    ids = {"message_ts": ts, "unfurl_id": f"{channel}.{ts}.{secrets.token_hex(8)}", "source": source}
    shared = {"type": "link_shared", "channel": channel, "is_bot_user_member": True, "user": user, "links": links}
    return shared | ids | {"event_ts": ts} | ({"thread_ts": thread_ts} if thread_ts else {})


def block_action(
    action: Json,
    *,
    user: str = "U1",
    channel: str = "C1",
    message: Json | None = None,
    view: Json | None = None,
    response_url: str | None = None,
    ephemeral: bool = False,
) -> Json:
    """Return a click or choice in a message (as the bot posted it) or in a view (as Slack returned it).

    `action` holds at least type and action_id; block_id and action_ts are added.
    """
    full = {"block_id": "block", "action_ts": new_ts()} | action
    who = {"type": "block_actions", "user": _person(user), "api_app_id": APP, "token": "verification-token"}
    asked = {"trigger_id": new_trigger(), "team": _team(), "actions": [full], "is_enterprise_install": False}
    if view is not None:
        seen = {"container": {"type": "view", "view_id": view["id"]}, "view": view}
    else:
        seen = _in_message(message or {"ts": new_ts(), "text": ""}, channel, response_url, ephemeral)
    return who | asked | {"enterprise": None, "state": {"values": {}}} | seen


def _in_message(message: Json, channel: str, response_url: str | None, ephemeral: bool) -> Json:
    thread = {"thread_ts": message["thread_ts"]} if "thread_ts" in message else {}
    container = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel,
        "is_ephemeral": ephemeral,
    } | thread
    answer = response_url or "http://127.0.0.1:9/respond/none"
    shown = {} if ephemeral else {"message": message}
    return {"container": container, "channel": {"id": channel, "name": channel.lower()}, "response_url": answer} | shown


def button(action_id: str, value: str = "", block_id: str = "block") -> Json:
    """Return the action of a click on a button."""
    text = {"type": "plain_text", "text": "Button", "emoji": True}
    return {"type": "button", "action_id": action_id, "block_id": block_id, "text": text, "value": value}


def feedback(action_id: str, value: str, block_id: str = "block") -> Json:
    """Return the action of a click on one of two `feedback_buttons`."""
    return {"type": "feedback_buttons", "action_id": action_id, "block_id": block_id, "value": value}


def view_submission(view: Json, values: Json, user: str = "U1") -> Json:
    """Return the submission of a view (as Slack returned it) with `values` by block id and action id."""
    who = {"type": "view_submission", "team": _team(), "user": _person(user), "api_app_id": APP}
    filled = {"view": view | {"state": {"values": values}}, "response_urls": [], "is_enterprise_install": False}
    return who | {"token": "verification-token", "trigger_id": new_trigger(), "enterprise": None} | filled


def view_closed(view: Json, user: str = "U1") -> Json:
    """Return the closing of a view that asked for notice."""
    who = {"type": "view_closed", "team": _team(), "user": _person(user), "api_app_id": APP}
    return who | {"token": "verification-token", "view": view, "is_cleared": False, "is_enterprise_install": False}


def shortcut(callback_id: str, user: str = "U1") -> Json:
    """Return the use of a global shortcut."""
    person = {k: v for k, v in _person(user).items() if k != "name"}
    who = {"type": "shortcut", "token": "verification-token", "action_ts": new_ts(), "team": _team(), "user": person}
    rest = {"is_enterprise_install": False, "enterprise": None, "callback_id": callback_id}
    return who | rest | {"trigger_id": new_trigger()}


def message_shortcut(
    callback_id: str, message: Json, channel: str = "C1", user: str = "U1", response_url: str | None = None
) -> Json:
    """Return the use of a shortcut in a message's menu; `message` holds at least text and ts."""
    said = {"type": "message", "user": "U2", "team": TEAM, "client_msg_id": secrets.token_hex(16)}
    full = said | {"blocks": [_rich(message["text"])]} | message
    who = {"type": "message_action", "token": "verification-token", "action_ts": new_ts(), "team": _team()}
    person = {k: _person(user)[k] for k in ("id", "name")}
    where = {"channel": {"id": channel, "name": channel.lower()}, "message_ts": full["ts"], "message": full}
    answer = {"response_url": response_url or "http://127.0.0.1:9/respond/none", "trigger_id": new_trigger()}
    about = {"user": person, "callback_id": callback_id, "is_enterprise_install": False, "enterprise": None}
    return who | where | about | answer


def slash_command(
    command: str, text: str = "", *, channel: str = "C1", user: str = "U1", response_url: str | None = None
) -> dict[str, str]:
    """Return the form fields of a slash command."""
    where = {"token": "verification-token", "team_id": TEAM, "team_domain": "loopback", "channel_id": channel}
    names = {"channel_name": "directmessage" if channel[0] == "D" else channel.lower(), "user_id": user}
    said = {"user_name": user.lower(), "command": command, "text": text, "api_app_id": APP}
    answer = {"response_url": response_url or "http://127.0.0.1:9/respond/none", "trigger_id": new_trigger()}
    return where | names | said | {"is_enterprise_install": "false"} | answer


def suggestion(action_id: str, value: str, view: Json, block_id: str = "block", user: str = "U1") -> Json:
    """Return the question for options while a person types `value` into an external select of a view."""
    who = {"type": "block_suggestion", "user": _person(user), "api_app_id": APP, "token": "verification-token"}
    asked = {"action_id": action_id, "block_id": block_id, "value": value, "team": _team(), "enterprise": None}
    seen = {"container": {"type": "view", "view_id": view["id"]}, "view": view, "is_enterprise_install": False}
    return who | asked | seen


def _message(kind: str, text: str, channel: str, user: str, ts: str | None, thread_ts: str | None) -> Json:
    at = ts or new_ts()
    said = {"type": kind, "user": user, "text": text, "ts": at, "client_msg_id": secrets.token_hex(16), "team": TEAM}
    where = {"blocks": [_rich(text)], "channel": channel, "event_ts": at}
    return said | where | ({"thread_ts": thread_ts, "parent_user_id": user} if thread_ts else {})


def _rich(text: str) -> Json:
    """Return the text as a person's client sends it: a block of rich text."""
    called, plain = f"<@{BOT_USER}>", text.replace(f"<@{BOT_USER}>", "", 1)
    head = [{"type": "user", "user_id": BOT_USER}] if text.startswith(called) else []
    section = {"type": "rich_text_section", "elements": [*head, {"type": "text", "text": html.unescape(plain)}]}
    return {"type": "rich_text", "block_id": secrets.token_hex(3), "elements": [section]}


def _channel_type(channel: str) -> str:
    return {"D": "im", "G": "group"}.get(channel[0], "channel")


def _person(user: str) -> Json:
    return {"id": user, "username": user.lower(), "name": user.lower(), "team_id": TEAM}


def _team() -> Json:
    return {"id": TEAM, "domain": "loopback"}


# ------------------------------------------------------------------------------------------------ signed deliveries
@dataclass(frozen=True, slots=True)
class Delivery:
    """What a bot answered to one delivery; header names are in lower case, `seconds` is the time it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        """The body as JSON; raises ValueError."""
        return json.loads(self.body)


def signed(body: bytes, secret: str = SIGNING_SECRET, *, at: float | None = None) -> dict[str, str]:
    """Return the headers that prove a body to come from Slack, signed at `at` (seconds since 1970; now if None)."""
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


async def deliver(
    url: str,
    body: bytes,
    content_type: str,
    *,
    secret: str = SIGNING_SECRET,
    headers: Mapping[str, str] | None = None,
    timeout: float = 3.0,  # noqa: ASYNC109 - the time that Slack gives
    session: ClientSession | None = None,
) -> Delivery:
    """Post a signed body; `headers` are laid over the signature's. Raises TimeoutError after `timeout` seconds."""
    sent = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0"} | signed(body, secret) | dict(headers or {})
    begun = time.perf_counter()
    async with nullcontext(session) if session else ClientSession() as client:
        asked = client.post(url, data=body, headers=sent, timeout=ClientTimeout(total=timeout), allow_redirects=False)
        async with asked as answer:
            content = await answer.read()
    names = {name.lower(): value for name, value in answer.headers.items()}
    return Delivery(answer.status, names, content, time.perf_counter() - begun)


def deliver_event(
    url: str,
    event: Json,
    *,
    event_id: str | None = None,
    retry_num: int | None = None,
    retry_reason: str | None = None,
    **more: Any,
) -> Coroutine[Any, Any, Delivery]:
    """Send an inner event, or an outer one as it is; a retry has its number and reason. `more` goes to `deliver`."""
    whole = event.get("type") in {"event_callback", "url_verification"}
    payload = event if whole else event_payload(event, event_id=event_id)
    retry = {} if retry_num is None else {"X-Slack-Retry-Num": str(retry_num)}
    reason = {} if retry_reason is None else {"X-Slack-Retry-Reason": retry_reason}
    headers = retry | reason | dict(more.pop("headers", None) or {})
    return deliver(url, json.dumps(payload).encode(), "application/json", headers=headers, **more)


def deliver_command(
    url: str,
    command: str,
    text: str = "",
    *,
    channel: str = "C1",
    user: str = "U1",
    response_url: str | None = None,
    **more: Any,
) -> Coroutine[Any, Any, Delivery]:
    """Send a slash command. `more` goes to `deliver`."""
    fields = slash_command(command, text, channel=channel, user=user, response_url=response_url)
    return deliver(url, urlencode(fields).encode(), "application/x-www-form-urlencoded", **more)


def deliver_interaction(url: str, payload: Json, **more: Any) -> Coroutine[Any, Any, Delivery]:
    """Send a click, a submission, a shortcut or a question for options. `more` goes to `deliver`."""
    body = urlencode({"payload": json.dumps(payload)}).encode()
    return deliver(url, body, "application/x-www-form-urlencoded", **more)
