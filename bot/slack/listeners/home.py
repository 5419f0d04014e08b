"""The app's own tabs: Home, with what somebody asked and what waits for legal, and the start of a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.services import Services
from bot.slack.blocks import Message, answer_messages, as_view, plain, without_buttons
from bot.slack.conversation import asker_of
from bot.slack.home import Home, home_view
from bot.slack.parts import Parts, team_of, text_of

PROMPTS = (
    ("Check a use", "Can we fine-tune Llama 3 for a health app?"),
    ("Before you ship", "What do we have to ship with Mixtral 8x7B in a closed-source desktop app?"),
    ("Outputs", "May we train our own model on GPT-4 answers?"),
)
"""Title and question of what the Messages tab suggests."""
_RECENT = 8
_QUEUE = 20


class OwnTabs:
    """Shows what belongs to whoever opens the app."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def register(self, app: AsyncApp) -> None:
        """Tell Bolt which listener takes what."""
        app.event("app_home_opened")(self.handle_opened)
        app.action("show_decision")(self.handle_show)

    async def handle_opened(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Show the Home tab, or suggest questions where the Messages tab was opened."""
        team, user = team_of(body), text_of(event, "user")
        if event.get("tab") == "messages":
            self._parts.afterwards.do(self._suggest(team, text_of(event, "channel")))
        elif event.get("tab") == "home":
            self._parts.afterwards.do(self._publish(team, user))

    async def _suggest(self, team: str, channel: str) -> None:
        client = await self._parts.clients.calling(team)
        prompts = [{"title": title, "message": question} for title, question in PROMPTS]
        await client.assistant_threads_setSuggestedPrompts(channel_id=channel, prompts=prompts)

    async def _publish(self, team: str, user: str) -> None:
        is_legal = await self._parts.legal.has(team, user)
        home = await self._parts.look_up(_home, asker_of(team, user), is_legal=is_legal)
        client = await self._parts.clients.calling(team)
        await client.views_publish(user_id=user, view=home_view(home))

    async def handle_show(
        self, ack: AsyncAck, action: Mapping[str, Any], body: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Show a decision as it was given."""
        await ack()
        messages = await self._parts.look_up(_decision, text_of(action, "value"))
        response = respond if body.get("response_url") else None
        self._parts.afterwards.do(self._parts.open_view(body, as_view("Decision", messages), response))


def _home(asker: str, services: Services, *, is_legal: bool) -> Home:
    audit = services.audit
    recent = tuple(audit.list(asker=asker, limit=_RECENT))
    return Home(
        recent=recent,
        outcomes=audit.outcomes([line.id for line in recent]),
        waiting=tuple(audit.open_reviews(asker=asker, limit=_QUEUE)),
        queue=tuple(audit.open_reviews(limit=_QUEUE)) if is_legal else None,
    )


def _decision(decision_id: str, services: Services) -> tuple[Message, ...]:
    answer = services.audit.answer(decision_id)
    if answer is None:
        return (plain(f"There is no decision {decision_id!r}."),)
    return tuple(without_buttons(message) for message in answer_messages(answer))
