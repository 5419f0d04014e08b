"""What people say of an answer: thumbs, what is wrong with it, and that legal shall look at it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.audit.log import EventKind
from bot.slack.blocks import plain
from bot.slack.conversation import asker_of
from bot.slack.forms import read_reason_form, reason_form
from bot.slack.parts import Parts, kept_in, saying_faults, send, team_of, text_of

_THANKS = plain("Thank you; it is noted with the decision.")


class Feedback:
    """Writes down what people say of an answer, with the decision."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def register(self, app: AsyncApp) -> None:
        """Tell Bolt which listener takes what."""
        app.action("feedback")(self.handle_thumb)
        app.view("feedback_reason")(self.handle_reason)
        app.action("ask_legal")(self.handle_ask_legal)
        app.action("share_answer")(self.handle_share)

    async def handle_thumb(
        self, ack: AsyncAck, action: Mapping[str, Any], body: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Note a thumb; a thumb down opens the form that asks what is wrong."""
        rating, _, decision = text_of(action, "value").partition(":")
        await self._note(body, decision, EventKind.FEEDBACK, {"rating": rating}, text_of(action, "action_ts"))
        await ack()
        if rating == "down":
            _, keys = await self._open_review(body, decision, "feedback")
            form = self._parts.open_view(body, reason_form(decision), respond)
            self._parts.afterwards.do(self._parts.start(keys), form)
        else:
            self._parts.afterwards.do(send(respond, [_THANKS]))

    async def handle_reason(self, ack: AsyncAck, body: Mapping[str, Any], view: Mapping[str, Any]) -> None:
        """Note what is wrong with an answer."""
        async with saying_faults(ack):
            said = read_reason_form(view["state"]["values"])
            what = {"rating": "down", "reasons": list(said.reasons), "text": said.text}
            decision = text_of(kept_in(view), "decision")
            await self._note(body, decision, EventKind.FEEDBACK, what, text_of(view, "id"))
            await ack()

    async def handle_ask_legal(
        self, ack: AsyncAck, action: Mapping[str, Any], body: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Put an answer on legal's list, once."""
        decision = text_of(action, "value")
        is_new, keys = await self._open_review(body, decision, "asked")
        await ack()
        said = "is on legal's list now; my Home tab shows it until they have decided" if is_new else "is there already"
        self._parts.afterwards.do(self._parts.start(keys), send(respond, [plain(f"Decision {decision} {said}.")]))

    async def handle_share(
        self, ack: AsyncAck, action: Mapping[str, Any], body: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Show a private answer to the channel where it was asked, once."""
        about = json.loads(text_of(action, "value"))
        key = f"shared:{text_of(about, 'decision')}"
        job = {"task": "share", "team": team_of(body), "by": text_of(body, "user", "id")}
        job |= {name: text_of(about, name) for name in ("decision", "channel", "thread")}
        new = await self._parts.workers.accept(self._parts.inbox.accept, {key: job})
        await ack()
        said = [] if new else [plain("It was shared already.")]
        self._parts.afterwards.do(self._parts.start(list(new)), send(respond, said))

    async def _open_review(self, body: Mapping[str, Any], decision: str, why: str) -> tuple[bool, list[str]]:
        team = team_of(body)
        return await self._parts.reviews.open(team, decision, asker_of(team, text_of(body, "user", "id")), why)

    async def _note(
        self, body: Mapping[str, Any], decision: str, kind: EventKind, what: Mapping[str, Any], occasion: str
    ) -> bool:
        """Write down what somebody said; false where this very thing is written down."""
        user = text_of(body, "user", "id")
        by_whom = f":{user}:{occasion}" if occasion else ""
        actor, key = asker_of(team_of(body), user), f"{kind.value}:{decision}{by_whom}"
        return await self._parts.workers.run(self._parts.services.audit.note, decision, kind, actor, what, key=key)
