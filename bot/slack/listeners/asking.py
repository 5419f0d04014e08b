"""Questions: mentions, direct messages, follow-ups, edits, forms and shortcuts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext, AsyncRespond

from bot.services import Services
from bot.slack.blocks import plain
from bot.slack.conversation import Asked, Kind, read_event, read_shortcut
from bot.slack.desk import ChannelOffError
from bot.slack.form_parts import FormError, View, option
from bot.slack.forms import ask_form, read_ask_form
from bot.slack.parts import Parts, saying_faults, send, team_of, text_of
from knowledge.database import StoreError

log = structlog.get_logger()


class Asking:
    """Takes questions, however they come: each is in the inbox before Slack hears that we have it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def register(self, app: AsyncApp) -> None:
        """Tell Bolt which listener takes what."""
        app.event("app_mention")(self.handle_question)
        app.event("message")(self.handle_question)
        app.message_shortcut("check_message")(self.handle_message_shortcut)
        app.global_shortcut("ask")(self.handle_open_form)
        app.action("ask_form")(self.handle_open_form)
        app.options("subject")(self.handle_subject_options)
        app.view("ask")(self.handle_filled_form)

    async def handle_question(self, body: Mapping[str, Any], context: AsyncBoltContext) -> None:
        """Take a question from a conversation."""
        asked = read_event(body, context.bot_user_id or "")
        if asked is None:
            return
        try:
            await self._take(asked)
        except ChannelOffError as error:
            self._parts.afterwards.do(self._whisper(asked, str(error)))

    async def _take(self, asked: Asked) -> None:
        admitted = await self._parts.desk.admitted(asked)
        if admitted and await self._parts.desk.accept(admitted):
            self._parts.afterwards.do(self._parts.jobs.start(admitted.key))

    async def _whisper(self, asked: Asked, text: str) -> None:
        client, message = await self._parts.clients.calling(asked.team), plain(text)
        await client.chat_postEphemeral(
            channel=asked.channel, user=asked.user, text=message.text, blocks=list(message.blocks)
        )

    async def handle_message_shortcut(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Take somebody's message as a question; the answer goes into its thread."""
        asked = read_shortcut(body)
        if asked is None:
            said = plain("There is no text in this message that I could read as a question.")
        else:
            await self._take(asked)
            said = plain("I am reading it; the answer comes in the message's thread, or directly to you.")
        await ack()
        self._parts.afterwards.do(send(respond, [said]))

    async def handle_open_form(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Open the form: empty, for a name, or with what a decision knows."""
        await ack()
        actions = body.get("actions") or [{}]
        about = _object(text_of(actions[0], "value"))
        where = {"channel": text_of(body, "container", "channel_id"), "thread_ts": _thread(body)}
        if not where["thread_ts"]:  # a private message or none at all: the answer goes to the asker alone
            where = {}
        view = await self._parts.look_up(_form, text_of(about, "decision"), about, where)
        self._parts.afterwards.do(self._parts.open_view(body, view, respond if body.get("response_url") else None))

    async def handle_subject_options(self, ack: AsyncAck, payload: Mapping[str, Any]) -> None:
        """Offer names while somebody types."""
        names = await self._parts.look_up(_names, text_of(payload, "value"))
        await ack(options=[option(name, name) for name in names])

    async def handle_filled_form(self, ack: AsyncAck, body: Mapping[str, Any], view: Mapping[str, Any]) -> None:
        """Take the question of a filled form, or say under the field what cannot be read."""
        async with saying_faults(ack):
            filled = read_ask_form(view["state"]["values"])
            about = _object(text_of(view, "private_metadata"))
            asked = Asked(
                key=f"form:{view['id']}", kind=Kind.FORM, team=team_of(body), channel=text_of(about, "channel"),
                user=text_of(body, "user", "id"), text=filled.text, ts="", thread_ts=text_of(about, "thread_ts"),
                private=not text_of(about, "thread_ts"), subject=filled.subject, use=filled.use,
                about=text_of(about, "decision"),
            )  # fmt: skip
            try:
                await self._take(asked)
            except StoreError as error:
                log.exception("form_not_taken")
                raise FormError("question", "I could not take this just now; send it again.") from error
            await ack()


def _form(decision_id: str, services: Services, about: Mapping[str, Any], where: Mapping[str, str]) -> View:
    known = services.audit.answer(decision_id) if decision_id else None
    if known is None:
        return ask_form(subject=text_of(about, "subject") or None, use=None, private_metadata=json.dumps(where))
    number = about.get("question")
    still_open = known.open_questions[number] if isinstance(number, int) and number < len(known.open_questions) else ""
    return ask_form(
        text=known.question,
        subject=known.subjects[0].name if known.subjects else None,
        use=known.use,
        still_open=still_open,
        private_metadata=json.dumps({**where, "decision": decision_id}),
    )


def _names(typed: str, services: Services) -> tuple[str, ...]:
    return services.catalog.suggest(typed)


def _thread(body: Mapping[str, Any]) -> str:
    """Return the thread that a click stands in; an empty text where only one person sees it."""
    container = body.get("container") or {}
    if container.get("is_ephemeral") or not text_of(body, "message", "ts"):
        return ""
    return text_of(container, "thread_ts") or text_of(body, "message", "thread_ts") or text_of(body, "message", "ts")


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
