"""Look-ups: `/license`, the buttons of cards, comparing, sharing, and cards under pasted addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.slack.blocks import Message, as_view
from bot.slack.channel import channel_setting
from bot.slack.forms import compare_form, read_compare_form
from bot.slack.inbox import Mode
from bot.slack.lookup import clauses_of, compared, look_up, shared, unfurled
from bot.slack.parts import Parts, kept_in, saying_faults, send, team_of, text_of

_CHANNEL = re.compile(r"channel(?:\s+(\w+))?\s*", re.IGNORECASE)


class LookingUp:
    """Shows what governs a name: to the one who asked alone, and to the channel where somebody wants that."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def register(self, app: AsyncApp) -> None:
        """Tell Bolt which listener takes what."""
        app.command("/license")(self.handle_license)
        app.action(re.compile(r"pick_name_\d"))(self.handle_picked_name)
        app.action("card_clauses")(self.handle_clauses)
        app.action("card_compare")(self.handle_open_compare)
        app.view("compare")(self.handle_compare)
        app.action("share")(self.handle_share)
        app.event("link_shared")(self.handle_links)

    async def handle_license(self, ack: AsyncAck, command: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Look a name up, for the one who asked alone; the first message is the acknowledgement itself."""
        text = text_of(command, "text")
        if found := _CHANNEL.fullmatch(text.strip()):
            await self._set_channel(ack, command, found[1] or "")
            return
        first, *more = await self._parts.look_up(look_up, text)
        await _ack_with(ack, first)
        self._parts.afterwards.do(send(respond, more))

    async def _set_channel(self, ack: AsyncAck, command: Mapping[str, Any], wanted: str) -> None:
        """Show or set what a channel wants of us; a change is told to the channel."""
        team, channel, user = (text_of(command, name) for name in ("team_id", "channel_id", "user_id"))
        message, changed = await self._parts.workers.run(
            channel_setting, self._parts.inbox, team=team, channel=channel, user=user, wanted=wanted
        )
        await _ack_with(ack, message, response_type="in_channel" if changed else "ephemeral")

    async def handle_picked_name(self, ack: AsyncAck, action: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Show the card of the name that was chosen in place of the choice."""
        await ack()
        first, *more = await self._parts.look_up(look_up, text_of(action, "value"))
        self._parts.afterwards.do(send(respond, [first], replace_original=True), send(respond, more))

    async def handle_clauses(self, ack: AsyncAck, action: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Show the clauses behind a card."""
        await ack()
        self._parts.afterwards.do(send(respond, await self._parts.look_up(clauses_of, text_of(action, "value"))))

    async def handle_open_compare(
        self, ack: AsyncAck, action: Mapping[str, Any], body: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Ask what a card shall be compared with."""
        await ack()
        self._parts.afterwards.do(self._parts.open_view(body, compare_form(text_of(action, "value")), respond))

    async def handle_compare(self, ack: AsyncAck, view: Mapping[str, Any]) -> None:
        """Show where two names differ, in place of the form."""
        async with saying_faults(ack):
            other = read_compare_form(view["state"]["values"])
            messages = await self._parts.look_up(compared, text_of(kept_in(view), "name"), other)
            await ack(response_action="update", view=as_view("Where they differ", messages))

    async def handle_share(self, ack: AsyncAck, action: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Show a card to the whole channel."""
        await ack()
        messages = await self._parts.look_up(shared, text_of(action, "value"))
        self._parts.afterwards.do(send(respond, messages, response_type="in_channel"))

    async def handle_links(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Show a card under each address of a model or a dataset that somebody pasted."""
        self._parts.afterwards.do(self._unfurl(team_of(body), event))

    async def _unfurl(self, team: str, event: Mapping[str, Any]) -> None:
        channel = text_of(event, "channel")
        if await self._parts.workers.run(self._parts.inbox.mode, team, channel) is Mode.OFF:
            return
        links = [text_of(link, "url") for link in event.get("links", ())]
        cards = {url: await self._parts.look_up(unfurled, url) for url in dict.fromkeys(links)}
        shown = {url: {"blocks": list(card.blocks)} for url, card in cards.items() if card}
        if not shown:
            return
        source, unfurl_id = text_of(event, "source"), text_of(event, "unfurl_id")
        where: dict[str, Any] = (
            {"source": source, "unfurl_id": unfurl_id}
            if source and unfurl_id
            else {"channel": channel, "ts": text_of(event, "message_ts")}
        )
        await (await self._parts.clients.calling(team)).chat_unfurl(**where, unfurls=shown)


async def _ack_with(ack: AsyncAck, message: Message, response_type: str = "ephemeral") -> None:
    await ack(text=message.text, blocks=list(message.blocks), response_type=response_type)
