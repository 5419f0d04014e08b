"""The loopback Slack answers slack_sdk's real clients as Slack does, and sends what Slack sends."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import ClientConnectionError, ClientSession, web
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler, AsyncServerErrorRetryHandler
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.slack import loopback as lb
from tests.slack.loopback import APP_TOKEN, BOT_TOKEN, BOT_USER, METHODS, Json, LoopbackSlack

SAMPLES = Path(__file__).parents[3] / "shared" / "test-data"
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}
MODAL = {"type": "modal", "callback_id": "ask", "title": {"type": "plain_text", "text": "Ask"}, "blocks": [SECTION]}


@pytest.fixture
async def slack() -> AsyncIterator[LoopbackSlack]:
    """Yield a Slack with a channel, a private one and a direct message."""
    async with LoopbackSlack() as server:
        for channel in ("C1", "G1", "D1"):
            server.add_channel(channel, members=("U1", "U2") if channel != "D1" else ("U1",))
        yield server


@pytest.fixture
async def client(slack: LoopbackSlack) -> AsyncIterator[AsyncWebClient]:
    """Yield the real web client, without retries, over one session."""
    async with ClientSession() as session:
        yield AsyncWebClient(BOT_TOKEN, base_url=slack.url, session=session, retry_handlers=[])


async def refusal(call: Any) -> str:
    """Return the error code that a call was refused with."""
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


# Tokens, methods, arguments
async def test_auth_test_names_the_bot_and_its_scopes(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """The answer carries team, bot and, in a header, the granted scopes."""
    answer = await client.auth_test()

    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == ("T1", BOT_USER, "BBOT")
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


@pytest.mark.parametrize(("token", "error"), [(None, "not_authed"), ("xoxb-other", "invalid_auth")])
async def test_a_missing_or_unknown_token_is_refused(slack: LoopbackSlack, token: str | None, error: str) -> None:
    """Nothing is answered without a token that this Slack gave."""
    assert await refusal(AsyncWebClient(token, base_url=slack.url).auth_test()) == error


async def test_tokens_are_kept_apart(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """An app token opens sockets and does nothing else; a bot token opens none; a revoked one says so."""
    assert await refusal(client.apps_connections_open(app_token=BOT_TOKEN)) == "not_allowed_token_type"
    assert await refusal(client.chat_postMessage(channel="C1", text="x", token=APP_TOKEN)) == "not_allowed_token_type"
    await client.auth_revoke()
    assert await refusal(client.auth_test()) == "token_revoked"


async def test_a_scope_that_is_not_granted_is_named(client: AsyncWebClient) -> None:
    """A call outside the granted scopes answers which scope it needs."""
    async with LoopbackSlack(scopes=("chat:write", "im:history")) as small:
        small.add_channel("C1")
        poor = AsyncWebClient(BOT_TOKEN, base_url=small.url)
        with pytest.raises(SlackApiError) as refused:
            await poor.conversations_history(channel="C1")

    assert refused.value.response["error"] == "missing_scope"
    assert refused.value.response["needed"] == "channels:history"


async def test_an_unknown_method_is_refused(client: AsyncWebClient) -> None:
    """A method that this Slack does not have answers Slack's own word."""
    assert await refusal(client.api_call("chat.shout")) == "unknown_method"


async def test_a_body_that_is_no_json_is_refused(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """Broken JSON, and JSON that is no object, have Slack's errors."""
    assert client.session is not None
    head = {"Authorization": f"Bearer {BOT_TOKEN}", "Content-Type": "application/json"}
    errors = []
    for body in (b"{", b"[]"):
        async with client.session.post(f"{slack.url}chat.postMessage", data=body, headers=head) as answer:
            errors.append((await answer.json())["error"])

    assert errors == ["invalid_json", "json_not_object"]


def _required() -> dict[str, list[str]]:
    table = SAMPLES / "slack-web-api-arguments.csv"
    if not table.is_file():
        return {}
    needed: dict[str, list[str]] = {}
    for row in csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))):
        if row["required"] == "True" and row["argument"] != "token" and row["method"] in METHODS:
            needed.setdefault(row["method"], []).append(row["argument"])
    return needed


async def test_every_argument_that_slack_requires_is_required_here(
    slack: LoopbackSlack, client: AsyncWebClient
) -> None:
    """Each method, called without any of the arguments that Slack's list marks required, refuses."""
    required = _required()
    if not required:
        pytest.skip(f"no list of Slack's arguments in {SAMPLES}")
    assert len(required) >= 9
    for method, arguments in required.items():
        for missing in arguments:
            given = {a: "C1" if a == "channel" else "1" for a in arguments if a != missing}
            auth = {"client_id": lb.CLIENT_ID, "client_secret": lb.CLIENT_SECRET}
            error = await refusal(client.api_call(method, json=given | auth))
            own = METHODS[method].needs.get(missing)
            assert own is None or error == own, (method, missing, error)
            assert own is not None or method == "chat.unfurl", (method, missing)


# Messages
async def test_a_posted_message_is_kept_and_can_be_read_back(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """A thread's replies come back in order, with metadata when asked for, and the parent counts them."""
    parent = slack.say("C1", "May we?")
    about = {"event_type": "clausebot_answer", "event_payload": {"decision_id": "d1"}}
    first = await client.chat_postMessage(channel="C1", thread_ts=parent, text="Yes", blocks=[SECTION], metadata=about)
    second = await client.chat_postMessage(channel="C1", thread_ts=parent, text="More")

    told = await client.conversations_replies(channel="C1", ts=parent, include_all_metadata=True)
    plain = await client.conversations_replies(channel="C1", ts=parent)

    assert [m["ts"] for m in told["messages"]] == [parent, first["ts"], second["ts"]]
    assert first["ts"] < second["ts"]
    assert told["messages"][0]["reply_count"] == 2
    assert told["messages"][1]["metadata"] == about
    assert told["messages"][1]["bot_id"] == "BBOT"
    assert told["messages"][1]["blocks"] == [SECTION]
    assert all("metadata" not in m for m in plain["messages"])
    assert [m["text"] for m in slack.messages("C1", parent)] == ["Yes", "More"]


async def test_history_is_newest_first_without_replies(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """A channel's history holds what stands in the channel, and a cursor leads through all of it once."""
    stamps = [slack.say("C1", str(n)) for n in range(5)]
    await client.chat_postMessage(channel="C1", thread_ts=stamps[0], text="in the thread")
    seen, cursor = [], None
    for _ in range(5):
        page = await client.conversations_history(channel="C1", limit=2, cursor=cursor)
        seen += [m["ts"] for m in page["messages"]]
        cursor = page["response_metadata"]["next_cursor"]
        if not page["has_more"]:
            break

    assert seen == stamps[::-1]
    assert not cursor
    assert await refusal(client.conversations_history(channel="C1", cursor="nonsense")) == "invalid_cursor"
    between = await client.conversations_history(channel="C1", oldest=stamps[1], latest=stamps[3])
    assert [m["ts"] for m in between["messages"]] == [stamps[2]]


async def test_only_the_bots_own_messages_can_be_changed(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """Update and delete work on what the bot posted, keep blocks that are not given, and refuse anything else."""
    posted = await client.chat_postMessage(channel="C1", text="one", blocks=[SECTION])
    theirs = slack.say("C1", "mine")

    await client.chat_update(channel="C1", ts=posted["ts"], text="two")

    (kept,) = slack.messages("C1")
    assert (kept["text"], kept["blocks"], kept["edited"]["user"]) == ("two", [SECTION], BOT_USER)
    assert await refusal(client.chat_update(channel="C1", ts=theirs, text="x")) == "cant_update_message"
    assert await refusal(client.chat_delete(channel="C1", ts=theirs)) == "cant_delete_message"
    await client.chat_delete(channel="C1", ts=posted["ts"])
    assert await refusal(client.chat_update(channel="C1", ts=posted["ts"], text="x")) == "message_not_found"
    assert slack.messages("C1") == []


async def test_channels_refuse_strangers(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """Unknown, archived and other people's channels, and people who are not in one, have errors of their own."""
    slack.add_channel("C2", bot_in=False)
    slack.add_channel("C3", archived=True)
    errors = [await refusal(client.chat_postMessage(channel=c, text="x")) for c in ("C404", "C2", "C3")]
    stranger = await refusal(client.chat_postEphemeral(channel="C1", user="U404", text="x"))

    assert [*errors, stranger] == ["channel_not_found", "not_in_channel", "is_archived", "user_not_in_channel"]


async def test_an_ephemeral_message_is_seen_by_one_person_alone(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """It is kept apart, says to whom, and is not in the channel's history."""
    await client.chat_postEphemeral(channel="C1", user="U2", text="psst")

    assert [(m["to"], m["text"]) for m in slack.ephemerals] == [("U2", "psst")]
    assert (await client.conversations_history(channel="C1"))["messages"] == []


async def test_a_user_id_stands_for_the_direct_message(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """Posting to U1 arrives in D1."""
    answer = await client.chat_postMessage(channel="U1", text="hello")

    assert answer["channel"] == "D1"
    assert (await client.conversations_open(users="U1"))["channel"]["id"] == "D1"


async def test_links_reactions_people_and_groups(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """The smaller methods answer from what the test set up, and refuse what it did not."""
    slack.add_usergroup("S1", ("U1", "U2"))
    parent = slack.say("C1", "hi")
    reply = (await client.chat_postMessage(channel="C1", text="ho", thread_ts=parent))["ts"]
    await client.reactions_add(channel="C1", name="eyes", timestamp=parent)
    link = (await client.chat_getPermalink(channel="C1", message_ts=reply))["permalink"]

    assert link.endswith(f"/archives/C1/p{reply.replace('.', '')}?thread_ts={parent}&cid=C1")
    assert await refusal(client.reactions_add(channel="C1", name="eyes", timestamp=parent)) == "already_reacted"
    assert (await client.users_info(user="U2"))["user"]["id"] == "U2"
    assert await refusal(client.users_info(user="U404")) == "user_not_found"
    assert (await client.usergroups_users_list(usergroup="S1"))["users"] == ["U1", "U2"]
    assert await refusal(client.usergroups_users_list(usergroup="S2")) == "no_such_subteam"
    assert (await client.conversations_members(channel="C1"))["members"] == ["U1", "U2", BOT_USER]
    assert (await client.conversations_info(channel="D1"))["channel"]["is_im"] is True


# Limits
def _sections(count: int, length: int = 5) -> list[Json]:
    return [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * length}} for _ in range(count)]


def _button(**more: Any) -> Json:
    return {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Go"}} | more


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({}, "no_text"),
        ({"text": "x", "blocks": _sections(51)}, "invalid_blocks"),
        ({"text": "x", "blocks": _sections(1, 3001)}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"text": "x", "blocks": _sections(1, 0)}, "invalid_blocks"),
        ({"text": "x", "blocks": _sections(5, 2900)}, "msg_blocks_too_long"),
        ({"text": "x", "blocks": [{"type": "shout"}]}, "invalid_blocks"),
        ({"text": "x", "blocks": "[{"}, "invalid_blocks_format"),
        ({"text": "x", "blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "actions", "elements": [_button(value="v" * 2001)]}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "actions", "elements": [_button(), _button()]}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [SECTION | {"block_id": "b"}] * 2}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "context", "elements": [SECTION["text"]] * 11}]}, "invalid_blocks"),
        ({"text": "x", "metadata": {"event_payload": {}}}, "invalid_metadata_format"),
    ],
)
async def test_slacks_limits_hold(slack: LoopbackSlack, client: AsyncWebClient, content: Json, error: str) -> None:
    """A message beyond Slack's limits is refused with Slack's word, and not kept."""
    assert await refusal(client.api_call("chat.postMessage", json={"channel": "C1"} | content)) == error
    assert slack.messages("C1") == []


async def test_what_is_just_within_the_limits_passes(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """Fifty blocks, a section of 3,000 and a text of 40,000 characters are kept; `blocks.validate` agrees."""
    blocks = [*_sections(49, 100), {"type": "actions", "elements": [_button(value="v" * 2000)]}]
    await client.chat_postMessage(channel="C1", text="x" * 40_000, blocks=blocks)
    await client.chat_postMessage(channel="C1", text="x", blocks=_sections(1, 3000))

    assert len(slack.messages("C1")) == 2
    assert (await client.blocks_validate(blocks=blocks))["ok"]
    assert await refusal(client.blocks_validate(blocks=_sections(51))) == "invalid_blocks"
    assert await refusal(client.blocks_validate(message={"text": ""})) == "no_text"


def test_a_refused_block_is_pointed_at() -> None:
    """Each problem names its place as a JSON pointer."""
    options = [{"text": {"type": "plain_text", "text": "x" * 76}, "value": "v"}]
    element = {"type": "static_select", "action_id": "a", "options": options}
    asked = {"type": "input", "label": {"type": "plain_text", "text": "Which"}, "element": element}

    (problem,) = lb.block_problems([SECTION, asked])

    assert problem == "must be less than 76 characters [json-pointer:/blocks/1/element/options/0/text/text]"


def test_a_bare_string_is_no_text_object() -> None:
    """A section's text must be an object, a markdown block's a string."""
    bare, wrapped = {"type": "section", "text": "hello"}, {"type": "markdown", "text": {"type": "mrkdwn", "text": "x"}}

    assert lb.block_problems([bare]) == ["must be a text object [json-pointer:/blocks/0/text]"]
    assert lb.block_problems([wrapped]) == ["must be a string [json-pointer:/blocks/0/text]"]
    assert lb.block_problems([SECTION, {"type": "markdown", "text": "hello"}]) == []


NAMES = st.sampled_from(["type", "text", "elements", "fields", "options", "action_id", "block_id", "title", "confirm"])
VALUES = st.sampled_from(["section", "actions", "plain_text", "button", "x", "", "modal", 7, None, True])
ANYTHING = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5))


@given(ANYTHING, st.sampled_from(["section", "actions", "header", "input"]))
def test_any_json_is_judged_without_an_exception(value: Any, kind: str) -> None:
    """Whatever stands in a block or a view, the answer is a list of sentences that point into it."""
    blocks = [value | {"type": kind}] if isinstance(value, dict) else [value]
    found = [*lb.block_problems(blocks), *lb.view_problems({"type": "modal", "blocks": blocks, "title": value})]

    assert found
    assert all("[json-pointer:/" in problem for problem in found)


# Views, unfurls, agents, files, OAuth
async def test_a_trigger_opens_one_view_within_three_seconds(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """A trigger id is refused when it is used again, old, or none."""
    trigger = lb.new_trigger()
    view = (await client.views_open(trigger_id=trigger, view=MODAL))["view"]
    old = lb.new_trigger(at=time.time() - 4)

    assert slack.views[view["id"]]["callback_id"] == "ask"
    assert await refusal(client.views_open(trigger_id=trigger, view=MODAL)) == "exchanged_trigger_id"
    assert await refusal(client.views_open(trigger_id=old, view=MODAL)) == "expired_trigger_id"
    assert await refusal(client.views_open(trigger_id="made up", view=MODAL)) == "invalid_trigger_id"


async def test_views_are_pushed_updated_and_published(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """A pushed view knows the one below; an update with a stale hash is refused; a Home tab is kept per person."""
    below = (await client.views_open(trigger_id=lb.new_trigger(), view=MODAL))["view"]
    above = (await client.views_push(trigger_id=lb.new_trigger(), view=MODAL))["view"]
    renamed = MODAL | {"callback_id": "changed"}
    await client.views_update(view_id=above["id"], hash=above["hash"], view=renamed)
    home = {"type": "home", "blocks": [SECTION]}
    await client.views_publish(user_id="U1", view=home)

    assert (above["previous_view_id"], above["root_view_id"]) == (below["id"], below["id"])
    assert slack.views[above["id"]]["callback_id"] == "changed"
    assert await refusal(client.views_update(view_id=above["id"], hash=above["hash"], view=MODAL)) == "hash_conflict"
    assert await refusal(client.views_update(view_id="V404", view=MODAL)) == "not_found"
    assert slack.homes["U1"]["blocks"] == [SECTION]
    assert await refusal(client.views_publish(user_id="U404", view=home)) == "invalid_arguments"


@pytest.mark.parametrize(
    "change",
    [
        {"title": {"type": "plain_text", "text": "x" * 25}},
        {"blocks": _sections(101)},
        {"private_metadata": "x" * 3001},
        {"type": "page"},
        {"title": None},
    ],
)
async def test_a_view_beyond_the_limits_is_refused(client: AsyncWebClient, change: Json) -> None:
    """A modal's title, blocks and private metadata have limits."""
    assert await refusal(client.views_open(trigger_id=lb.new_trigger(), view=MODAL | change)) == "invalid_arguments"


async def test_a_modal_that_asks_needs_a_submit_button(client: AsyncWebClient) -> None:
    """An input block without a submit button is refused, with one it opens."""
    field = {"type": "plain_text_input", "action_id": "a"}
    asks = {"type": "input", "label": {"type": "plain_text", "text": "Why"}, "element": field}
    view = MODAL | {"blocks": [asks]}

    assert await refusal(client.views_open(trigger_id=lb.new_trigger(), view=view)) == "invalid_arguments"
    ready = view | {"submit": {"type": "plain_text", "text": "Send"}}
    assert (await client.views_open(trigger_id=lb.new_trigger(), view=ready))["view"]["id"]


async def test_only_a_link_that_was_posted_unfurls(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """An unfurl is kept for its message; one for another link, another message or none is refused."""
    url = "https://models.example/a?b=1&c=2"
    ts = slack.say("C1", "see <https://models.example/a?b=1&amp;c=2>")
    await client.chat_unfurl(channel="C1", ts=ts, unfurls={url: {"blocks": [SECTION]}})

    assert slack.unfurls["C1", ts] == {url: {"blocks": [SECTION]}}
    other = {"https://models.example/other": {"blocks": [SECTION]}}
    assert await refusal(client.chat_unfurl(channel="C1", ts=ts, unfurls=other)) == "cannot_unfurl_url"
    assert await refusal(client.chat_unfurl(channel="C1", ts="1.0", unfurls=other)) == "cannot_find_message"
    assert await refusal(client.chat_unfurl(channel="C1", ts=ts, unfurls={})) == "missing_unfurls"


async def test_an_agents_status_title_and_prompts_are_kept(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """A status shows until the bot posts in the thread; sessions know four states; four prompts are the most."""
    ts = slack.say("D1", "May we?")
    prompts = [{"title": "One", "message": "May we?"}]
    await client.assistant_threads_setStatus(channel_id="D1", thread_ts=ts, status="reading")
    shown = dict(slack.statuses)
    await client.assistant_threads_setTitle(channel_id="D1", thread_ts=ts, title="Llama")
    await client.assistant_threads_setSuggestedPrompts(channel_id="D1", thread_ts=ts, prompts=prompts)
    await client.agents_sessions_setStatus(channel_id="D1", thread_ts=ts, status="processing")
    await client.agents_sessions_rename(channel_id="D1", thread_ts=ts, title="Llama 3")
    await client.chat_postMessage(channel="D1", thread_ts=ts, text="Yes")

    assert shown == {("D1", ts): "reading"}
    assert slack.statuses == {}
    assert (slack.titles["D1", ts], slack.sessions["D1", ts]) == ("Llama 3", "processing")
    assert slack.prompts["D1"] == prompts
    five = client.assistant_threads_setSuggestedPrompts(channel_id="D1", prompts=prompts * 5)
    assert await refusal(five) == "invalid_arguments"
    wrong = client.agents_sessions_setStatus(channel_id="D1", status="busy")
    assert await refusal(wrong) == "invalid_arguments"


async def test_a_file_goes_through_its_three_steps(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """The SDK's own upload ends in a file with its content and a message that shows it."""
    await client.files_upload_v2(channel="C1", filename="a.csv", content="1,2", title="Table", initial_comment="here")

    (file,) = slack.files.values()
    (message,) = slack.messages("C1")
    assert (file.name, file.content, file.title, file.channel) == ("a.csv", b"1,2", "Table", "C1")
    assert (message["text"], message["files"][0]["id"]) == ("here", file.id)
    lost = client.files_completeUploadExternal(files=[{"id": "F404", "title": "x"}])
    assert await refusal(lost) == "file_not_found"


async def test_a_file_stands_in_the_thread_that_it_was_put_into(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """Whoever reads the thread sees name and uploader; another workspace cannot show the file."""
    ts = (await client.chat_postMessage(channel="C1", text="Digest"))["ts"]
    await client.files_upload_v2(channel="C1", thread_ts=ts, filename="page.html", content=b"<p>")
    _, reply = (await client.conversations_replies(channel="C1", ts=ts))["messages"]
    slack.install("T2", "xoxb-two")
    other = AsyncWebClient("xoxb-two", base_url=slack.url, session=client.session, retry_handlers=[])

    (file,) = reply["files"]
    assert (file["name"], file["user"], file["size"], reply["thread_ts"]) == ("page.html", BOT_USER, 3, ts)
    assert slack.files[file["id"]].content == b"<p>"
    assert await refusal(other.files_completeUploadExternal(files=[{"id": file["id"]}])) == "file_not_found"
    assert [m["text"] for m in (await client.conversations_history(channel="C1"))["messages"]] == ["Digest"]


async def test_an_upload_address_can_fail(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """The SDK says so, and nothing is shown."""
    slack.fail("upload", status=503)
    with pytest.raises(SlackRequestError, match="status: 503"):
        await client.files_upload_v2(channel="C1", filename="a.csv", content="1,2")

    assert slack.messages("C1") == []


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")  # slack_sdk still uses it
async def test_an_oauth_code_installs_once(slack: LoopbackSlack) -> None:
    """A code is exchanged for the token of another workspace, which sees none of the first one's channels."""
    slack.offer("code", "T2", "xoxb-two")
    client = AsyncWebClient(base_url=slack.url)
    given = await client.oauth_v2_access(client_id=lb.CLIENT_ID, client_secret=lb.CLIENT_SECRET, code="code")
    two = AsyncWebClient(given["access_token"], base_url=slack.url)

    assert (await two.auth_test())["team_id"] == "T2"
    assert await refusal(two.chat_postMessage(channel="C1", text="x")) == "channel_not_found"
    again = client.oauth_v2_access(client_id=lb.CLIENT_ID, client_secret=lb.CLIENT_SECRET, code="code")
    assert await refusal(again) == "invalid_code"
    assert await refusal(client.oauth_v2_access(client_id="1", client_secret="2", code="c")) == "invalid_client_id"  # noqa: S106


# Faults and the record of calls
async def test_calls_are_recorded_with_decoded_arguments(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """Method, arguments, token and time are kept, JSON in a form's fields decoded; refused calls too."""
    await client.blocks_validate(blocks=[SECTION])
    await refusal(client.chat_postMessage(channel="C404", text="x"))

    first, second = slack.calls
    assert (first.method, first.arguments, first.token) == ("blocks.validate", {"blocks": [SECTION]}, BOT_TOKEN)
    assert (second.arguments["channel"], second.at > first.at) == ("C404", True)
    assert slack.called("chat.postMessage") == [second]


async def test_a_test_can_wait_for_a_call(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """Waiting ends with the call, and says what was called when none came."""
    late = asyncio.get_running_loop().create_task(slack.wait_for("chat.postMessage", count=2, timeout=5))
    for text in ("one", "two"):
        await client.chat_postMessage(channel="C1", text=text)

    assert [c.arguments["text"] for c in await late] == ["one", "two"]
    with pytest.raises(TimeoutError, match=r"no 1 x chat\.update within 0\.05 s; called: \['chat\.postMessage', "):
        await slack.wait_for("chat.update", timeout=0.05)


async def test_an_error_on_demand_comes_as_often_as_asked(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """Two calls fail, the third works; what failed was not posted."""
    slack.fail("chat.postMessage", error="channel_not_found", times=2)
    errors = [await refusal(client.chat_postMessage(channel="C1", text="x")) for _ in range(2)]
    await client.chat_postMessage(channel="C1", text="third")

    assert errors == ["channel_not_found"] * 2
    assert [m["text"] for m in slack.messages("C1")] == ["third"]
    with pytest.raises(ValueError, match="go wrong"):
        slack.fail("chat.postMessage")


async def test_the_sdks_handlers_get_over_429_and_500(slack: LoopbackSlack) -> None:
    """With the SDK's retry handlers, which count together, one call goes through both and waits for Retry-After."""
    slack.fail("chat.postMessage", status=429, retry_after=1)
    slack.fail("chat.postMessage", status=500)
    handlers = [AsyncRateLimitErrorRetryHandler(max_retry_count=2), AsyncServerErrorRetryHandler(max_retry_count=2)]
    client = AsyncWebClient(BOT_TOKEN, base_url=slack.url, retry_handlers=list(handlers))
    await client.chat_postMessage(channel="C1", text="at last")

    first, second, third = slack.called("chat.postMessage")
    assert second.at - first.at >= 1.0
    assert third.at > second.at
    assert [m["text"] for m in slack.messages("C1")] == ["at last"]


async def test_without_handlers_429_and_500_reach_the_caller(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """The status and Retry-After are on the error."""
    slack.fail("*", status=429, retry_after=7)
    slack.fail("*", status=500)
    with pytest.raises(SlackApiError) as limited:
        await client.auth_test()
    with pytest.raises(SlackApiError) as broken:
        await client.auth_test()

    assert (limited.value.response.status_code, limited.value.response.headers["Retry-After"]) == (429, "7")
    assert limited.value.response["error"] == "ratelimited"
    assert broken.value.response.status_code == 500


async def test_a_hanging_answer_times_out_though_the_work_is_done(slack: LoopbackSlack) -> None:
    """The client gives up before the answer; the message is there."""
    slack.fail("chat.postMessage", hang=30)
    hasty = AsyncWebClient(BOT_TOKEN, base_url=slack.url, timeout=1, retry_handlers=[])
    with pytest.raises(TimeoutError):
        await hasty.chat_postMessage(channel="C1", text="slow")

    assert [m["text"] for m in slack.messages("C1")] == ["slow"]


async def test_a_lost_answer_makes_a_retrying_client_post_twice(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """`drop` does the work and breaks the connection: no retry, one message; the SDK's default retry, two."""
    slack.fail("chat.postMessage", drop=True, times=2)
    with pytest.raises(ClientConnectionError):
        await client.chat_postMessage(channel="C1", text="once")
    await AsyncWebClient(BOT_TOKEN, base_url=slack.url).chat_postMessage(channel="C1", text="twice")

    assert [m["text"] for m in slack.messages("C1")] == ["once", "twice", "twice"]


async def test_rate_limits_hold_per_channel() -> None:
    """After the burst a channel takes one post a second; another channel is free."""
    async with LoopbackSlack(rate_limited=True, burst=2) as slack:
        slack.add_channel("C1")
        slack.add_channel("C2")
        client = AsyncWebClient(BOT_TOKEN, base_url=slack.url)
        for channel in ("C1", "C1", "C2"):
            await client.chat_postMessage(channel=channel, text="x")
        with pytest.raises(SlackApiError) as limited:
            await client.chat_postMessage(channel="C1", text="too soon")
        patient = AsyncWebClient(BOT_TOKEN, base_url=slack.url, retry_handlers=[AsyncRateLimitErrorRetryHandler()])
        await patient.chat_postMessage(channel="C1", text="later")

        assert (limited.value.response.status_code, limited.value.response.headers["Retry-After"]) == (429, "1")
        assert [m["text"] for m in slack.messages("C1")] == ["x", "x", "later"]


# Response addresses
async def test_a_response_address_works_five_times(slack: LoopbackSlack) -> None:
    """Five responses are kept, in the channel or for one person; the sixth is refused; a fault uses none."""
    url = slack.response_url("C1", "U2")
    slack.fail("response_url", status=500)
    hook = AsyncWebhookClient(url, retry_handlers=[])
    bodies: list[Json] = [{"text": "all", "response_type": "in_channel"}, *[{"text": "you"}] * 6]
    answers = [await hook.send_dict(body) for body in [{"text": "lost"}, *bodies]]

    assert [a.status_code for a in answers] == [500, 200, 200, 200, 200, 200, 404, 404]
    assert json.loads(answers[-1].body)["error"] == "used_url"
    assert [m["text"] for m in slack.messages("C1")] == ["all"]
    assert [m["to"] for m in slack.ephemerals] == ["U2"] * 4
    assert [r.body["text"] for r in slack.responses] == ["lost", "all", *["you"] * 6]
    assert {r.url for r in slack.responses} == {url}


async def test_a_response_address_refuses_strangers_and_nonsense(slack: LoopbackSlack) -> None:
    """An address that was never given is expired; a body that is no message, or no JSON, is refused."""
    good = slack.response_url()
    async with ClientSession() as session:
        found = []
        for url, body in [(f"{slack.origin}/respond/none", b'{"text": "x"}'), (good, b"{}"), (good, b"{")]:
            async with session.post(url, data=body) as answer:
                found.append((answer.status, (await answer.json())["error"]))

    assert found == [(404, "expired_url"), (400, "no_text"), (400, "invalid_json")]


# Socket Mode
@pytest.fixture
async def socket(slack: LoopbackSlack) -> AsyncIterator[SocketModeClient]:
    """Yield the real Socket Mode client, not yet connected, which acknowledges with what it got."""

    async def acknowledge(client: Any, request: SocketModeRequest) -> None:
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload={"got": request.type}))

    web_client = AsyncWebClient(base_url=slack.url)
    client = SocketModeClient(APP_TOKEN, web_client=web_client, ping_interval=0.1)
    client.socket_mode_request_listeners.append(acknowledge)
    yield client
    await client.close()  # type: ignore[no-untyped-call]
    await asyncio.gather(*(t for t in (client.message_receiver, client.message_processor) if t), return_exceptions=True)


async def test_an_envelope_is_acknowledged_with_its_payload(slack: LoopbackSlack, socket: SocketModeClient) -> None:
    """What is sent reaches the listener, and its answer comes back."""
    await socket.connect()  # type: ignore[no-untyped-call]
    ack = await slack.send_envelope("slash_commands", lb.slash_command("/license", "mit"), envelope_id="e1")

    assert ack == {"envelope_id": "e1", "payload": {"got": "slash_commands"}}
    assert slack.acks == [ack]


async def test_an_envelope_without_an_ack_times_out(slack: LoopbackSlack, socket: SocketModeClient) -> None:
    """A client that says nothing, and no client at all, end in TimeoutError; a retry carries its number."""
    with pytest.raises(TimeoutError):
        await slack.send_envelope("events_api", lb.event_payload(lb.mention("hi")), timeout=0.1)
    seen: list[SocketModeRequest] = []

    async def keep(_: Any, request: SocketModeRequest) -> None:
        seen.append(request)

    socket.socket_mode_request_listeners[:] = [keep]
    await socket.connect()  # type: ignore[no-untyped-call]
    with pytest.raises(TimeoutError):
        await slack.send_envelope("events_api", lb.event_payload(lb.mention("hi")), retry_attempt=1, timeout=0.3)

    assert [(r.type, r.retry_attempt, r.accepts_response_payload) for r in seen] == [("events_api", 1, False)]


@pytest.mark.parametrize("end", ["disconnect", "cut"])
async def test_a_client_reconnects_with_a_new_ticket(slack: LoopbackSlack, socket: SocketModeClient, end: str) -> None:
    """After Slack's goodbye, and after a broken connection, the client asks for a new address and goes on."""
    await socket.connect()  # type: ignore[no-untyped-call]
    await (slack.disconnect() if end == "disconnect" else slack.cut())
    await slack.wait_for("apps.connections.open", count=2)
    await slack.wait_connected()
    ack = await slack.send_envelope("interactive", lb.shortcut("ask"))

    assert ack["payload"] == {"got": "interactive"}


async def test_a_warning_closes_nothing(slack: LoopbackSlack, socket: SocketModeClient) -> None:
    """Slack warns some seconds ahead and leaves the closing to the client."""
    received: list[str] = []

    async def note(message: Any) -> None:
        received.append(json.loads(message.data)["type"])

    socket.on_message_listeners.append(note)
    socket.auto_reconnect_enabled = socket.default_auto_reconnect_enabled = False
    await socket.connect()  # type: ignore[no-untyped-call]
    await slack.disconnect("warning")
    await slack.send_envelope("interactive", lb.shortcut("ask"))

    assert (received[:2], slack.connected) == (["hello", "disconnect"], 1)


async def test_a_ticket_is_used_up_by_a_refused_handshake(slack: LoopbackSlack, client: AsyncWebClient) -> None:
    """A refused handshake spends its ticket, a used one opens no second socket, and a new one works."""
    assert client.session is not None

    async def handshake(url: str) -> int:
        async with client.session.get(url.replace("ws", "http", 1), headers=upgrade) as answer:  # type: ignore[union-attr]
            return answer.status

    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade["Sec-WebSocket-Key"] = "AAAAAAAAAAAAAAAAAAAAAA=="
    refused, fresh = [(await client.apps_connections_open(app_token=APP_TOKEN))["url"] for _ in range(2)]
    slack.refuse_next_handshake()

    assert [await handshake(refused), await handshake(refused)] == [503, 403]
    async with client.session.ws_connect(fresh) as socket:
        hello = await socket.receive_json()
    assert (hello["type"], hello["num_connections"]) == ("hello", 1)
    assert await handshake(fresh) == 403


async def test_a_client_that_keeps_its_address_stays_out(slack: LoopbackSlack, socket: SocketModeClient) -> None:
    """The SDK's client tries the spent ticket over and over until its address is taken away; then it comes in."""
    slack.refuse_next_handshake()
    joining = asyncio.get_running_loop().create_task(socket.connect())  # type: ignore[no-untyped-call]
    await slack.wait_until(lambda: len(slack.handshakes) >= 3, "third handshake")
    opened = len(slack.called("apps.connections.open"))
    socket.wss_uri = None
    await joining
    await slack.wait_connected()

    assert (slack.handshakes[:3], slack.handshakes[-1], opened) == ([503, 403, 403], 101, 1)
    assert len(slack.called("apps.connections.open")) == 2


# Deliveries
@pytest.fixture
async def bot() -> AsyncIterator[tuple[str, list[tuple[web.Request, bytes]]]]:
    """Yield the address of a server that answers 200 with a header, and what it got."""
    got: list[tuple[web.Request, bytes]] = []

    async def take(request: web.Request) -> web.Response:
        got.append((request, await request.read()))
        return web.json_response({"seen": len(got)}, headers={"X-Slack-No-Retry": "1"})

    app = web.Application()
    app.router.add_post("/slack/events", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events", got
    await runner.cleanup()


async def test_deliveries_are_signed_as_slack_signs(bot: Any) -> None:
    """The SDK's verifier accepts every kind of delivery; headers, body and time of the answer come back."""
    url, got = bot
    answers = [
        await lb.deliver_event(url, lb.mention("hi"), event_id="Ev1", retry_num=1, retry_reason="http_timeout"),
        await lb.deliver_command(url, "/license", "a payload & more", user="U2"),
        await lb.deliver_interaction(url, lb.shortcut("ask")),
    ]
    verifier = SignatureVerifier(lb.SIGNING_SECRET)

    assert [a.json["seen"] for a in answers] == [1, 2, 3]
    assert all((a.status, a.headers["x-slack-no-retry"]) == (200, "1") and a.seconds > 0 for a in answers)
    assert all(verifier.is_valid_request(body, dict(request.headers)) for request, body in got)
    event, command, interaction = (body for _, body in got)
    assert (json.loads(event)["event_id"], got[0][0].headers["X-Slack-Retry-Num"]) == ("Ev1", "1")
    assert got[0][0].headers["X-Slack-Retry-Reason"] == "http_timeout"
    assert parse_qs(command.decode())["text"] == ["a payload & more"]
    assert json.loads(parse_qs(interaction.decode())["payload"][0])["callback_id"] == "ask"


async def test_a_wrong_secret_and_an_old_stamp_do_not_verify(bot: Any) -> None:
    """Deliveries can be made that a bot must refuse."""
    url, got = bot
    stale = lb.signed(b"{}", at=time.time() - 301)
    await lb.deliver(url, b"{}", "application/json", secret="other")  # noqa: S106
    await lb.deliver(url, b"{}", "application/json", headers=stale)
    verifier = SignatureVerifier(lb.SIGNING_SECRET)

    assert [verifier.is_valid_request(body, dict(request.headers)) for request, body in got] == [False, False]


# Payloads against real samples
MESSAGE = {"type": "message", "ts": "1.000001", "text": "hi", "user": "UBOT", "bot_id": "BBOT"}
VIEW = MODAL | dict.fromkeys(
    (
        "app_id",
        "app_installed_team_id",
        "bot_id",
        "clear_on_close",
        "close",
        "external_id",
        "hash",
        "id",
        "notify_on_close",
        "previous_view_id",
        "private_metadata",
        "root_view_id",
        "state",
        "submit",
        "team_id",
    )
)
BUILT: dict[str, tuple[Callable[[], Json], ...]] = {
    "app_mention": (
        lambda: lb.event_payload(lb.mention("hi")),
        lambda: lb.event_payload(lb.mention("hi", thread_ts="1")),
    ),
    "message": (
        lambda: lb.event_payload(lb.direct_message("hi")),
        lambda: lb.event_payload(lb.channel_message("hi")),
        lambda: lb.event_payload(lb.bot_message("hi")),
    ),
    "message.message_changed": (lambda: lb.event_payload(lb.edited("a", "b", "1.0")),),
    "message.message_deleted": (lambda: lb.event_payload(lb.deleted("1.0")),),
    "app_home_opened": (lambda: lb.event_payload(lb.app_home_opened("home", view=VIEW)),),
    "link_shared": (lambda: lb.event_payload(lb.link_shared(["https://models.example/a"])),),
    "block_actions": (
        lambda: lb.block_action(lb.button("a", "v"), message=MESSAGE),
        lambda: lb.block_action(lb.button("a", "v"), message=MESSAGE, ephemeral=True),
    ),
    "block_suggestion": (lambda: lb.suggestion("subject", "lla", VIEW),),
    "view_submission": (lambda: lb.view_submission(VIEW, {}),),
    "view_closed": (lambda: lb.view_closed(VIEW),),
    "shortcut": (lambda: lb.shortcut("ask"),),
    "message_action": (lambda: lb.message_shortcut("check_message", {"ts": "1.000001", "text": "May we?"}),),
    "url_verification": (lb.url_verification,),
}
NEWER = {"enterprise", "event_ts", "is_enterprise_install", "parent_user_id", "thread_ts"}
"""Keys that Slack's present documentation has and the older samples lack."""
OF_AN_ORGANIZATION = {"enterprise_id", "enterprise_name"}
"""Keys of workspaces that belong to an organization; the loopback one does not."""


def _samples() -> list[Json]:
    file = SAMPLES / "slack-inbound.jsonl"
    if not file.is_file():
        pytest.skip(f"no samples of Slack's payloads in {SAMPLES}")
    rows = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    return [r for r in rows if r["realistic"] and "workflow_step" not in r["payload"]]


def _real_shapes(kind: str) -> dict[str, list[frozenset[str]]]:
    """Return the key sets of real objects by place: those of the kind, and every outer event for an outer event."""
    rows = _samples()
    found: dict[str, list[frozenset[str]]] = {}
    for shapes in (_shapes(r["payload"]) for r in rows if r["type"] == kind):
        for place, keys in shapes.items():
            found.setdefault(place, []).append(keys)
    if "event" in found:
        found[""] = [_shapes(r["payload"])[""] for r in rows if "event" in r["payload"]]
    return found


def _shapes(payload: Json) -> dict[str, frozenset[str]]:
    """Return the keys of each object that a bot looks into, by its place."""
    parts = {"": payload, "event": payload.get("event"), "user": payload.get("user"), "team": payload.get("team")}
    parts |= {"container": payload.get("container"), "channel": payload.get("channel"), "view": payload.get("view")}
    parts |= {"action": (payload.get("actions") or [None])[0], "message": payload.get("message")}
    return {place: frozenset(part) for place, part in parts.items() if isinstance(part, dict)}


@pytest.mark.parametrize("kind", BUILT)
def test_built_payloads_have_the_keys_of_real_ones(kind: str) -> None:
    """A payload has the keys that all real samples of its kind share, and none but those that some of them have."""
    real = _real_shapes(kind)
    assert "" in real
    for build in BUILT[kind]:
        for place, keys in _shapes(build()).items():
            shared, known = frozenset.intersection(*real.get(place, [keys])), frozenset.union(*real.get(place, [keys]))
            assert keys >= shared - OF_AN_ORGANIZATION, (place, shared - keys)
            assert keys <= known | NEWER, (place, keys - known)


def test_each_built_event_and_trigger_is_new() -> None:
    """Event ids, timestamps and triggers do not repeat; a given event id stays."""
    events = [lb.event_payload(lb.mention("hi")) for _ in range(50)]
    commands = [lb.slash_command("/license", "mit") for _ in range(50)]

    assert len({e["event_id"] for e in events}) == len({e["event"]["ts"] for e in events}) == 50
    assert len({c["trigger_id"] for c in commands}) == 50
    assert lb.event_payload({}, event_id="Ev7")["event_id"] == "Ev7"
    assert lb.mention("hi")["text"] == f"<@{BOT_USER}> hi"
