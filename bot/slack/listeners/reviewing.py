"""Legal's buttons: approve, override, ask the asker. Only members of `CLAUSEBOT_LEGAL_GROUP` may use them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.model import Verdict
from bot.slack.blocks import plain
from bot.slack.form_parts import FormError
from bot.slack.parts import Parts, kept_in, saying_faults, send, team_of, text_of
from bot.slack.review_blocks import Outcome, override_form, question_form, read_override_form, read_question_form

_NOT_LEGAL = plain("Only the legal group may decide this. If you belong to it, ask whoever runs me to add you.")
_DECIDED = "This was decided already; the outcome stands above."


class Reviewing:
    """Takes what legal decides."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def register(self, app: AsyncApp) -> None:
        """Tell Bolt which listener takes what."""
        app.action("review_approve")(self.handle_approve)
        app.action("review_override")(self.handle_open_override)
        app.action("review_ask")(self.handle_open_question)
        app.view("review_override")(self.handle_override)
        app.view("review_ask")(self.handle_question)

    async def handle_approve(
        self, ack: AsyncAck, action: Mapping[str, Any], body: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Let an answer stand as it is; where it leaves the verdict to legal, ask for one."""
        if not await self._may(body):
            await ack()
            self._parts.afterwards.do(send(respond, [_NOT_LEGAL]))
            return
        decision = text_of(action, "value")
        answer = await self._parts.workers.run(self._parts.services.audit.answer, decision)
        if answer is not None and answer.verdict is Verdict.NEEDS_REVIEW:  # there is no verdict that could stand
            self._parts.afterwards.do(self._parts.open_view(body, override_form(decision), respond))
        elif answer is not None:
            keys = await self._close(body, decision, Outcome(answer.verdict, True, "", ""))
            said = [plain(_DECIDED)] if keys is None else []
            self._parts.afterwards.do(self._parts.start(keys or []), send(respond, said))
        await ack()

    async def handle_open_override(
        self, ack: AsyncAck, action: Mapping[str, Any], body: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Ask what counts instead, and why."""
        await ack()
        await self._open(body, override_form(text_of(action, "value")), respond)

    async def handle_open_question(
        self, ack: AsyncAck, action: Mapping[str, Any], body: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Ask what the asker shall be asked."""
        await ack()
        await self._open(body, question_form(text_of(action, "value")), respond)

    async def _open(self, body: Mapping[str, Any], form: dict[str, Any], respond: AsyncRespond) -> None:
        if await self._may(body):
            self._parts.afterwards.do(self._parts.open_view(body, form, respond))
        else:
            self._parts.afterwards.do(send(respond, [_NOT_LEGAL]))

    async def handle_override(self, ack: AsyncAck, body: Mapping[str, Any], view: Mapping[str, Any]) -> None:
        """Put another verdict in the place of an answer's."""
        async with saying_faults(ack):
            outcome = read_override_form(view["state"]["values"], datetime.now(UTC).date())
            if not await self._may(body):
                raise FormError("verdict", "Only the legal group may decide this.")
            keys = await self._close(body, text_of(kept_in(view), "decision"), outcome)
            if keys is None:
                raise FormError("verdict", "This was decided already.")
            self._parts.afterwards.do(self._parts.start(keys))
            await ack()

    async def handle_question(self, ack: AsyncAck, body: Mapping[str, Any], view: Mapping[str, Any]) -> None:
        """Ask the asker in their thread."""
        async with saying_faults(ack):
            text = read_question_form(view["state"]["values"])
            if not await self._may(body):
                raise FormError("text", "Only the legal group may ask here.")
            decision, user = text_of(kept_in(view), "decision"), text_of(body, "user", "id")
            if not await self._parts.reviews.ask(team_of(body), decision, user, text):
                raise FormError("text", "The asker's thread cannot be reached; write to them yourself.")
            await ack()

    async def _may(self, body: Mapping[str, Any]) -> bool:
        return await self._parts.legal.has(team_of(body), text_of(body, "user", "id"))

    async def _close(self, body: Mapping[str, Any], decision: str, outcome: Outcome) -> list[str] | None:
        return await self._parts.reviews.close(team_of(body), decision, text_of(body, "user", "id"), outcome)
