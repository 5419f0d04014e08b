"""Answers what was asked in Slack: decides once, posts once, in the right thread. Every step may be done again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, ParamSpec, TypeVar

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.answering.question import understand
from bot.errors import QuestionError
from bot.model import Answer, Question
from bot.services import Services
from bot.slack.blocks import Message, answer_messages, error_message, plain
from bot.slack.conversation import Asked, Kind
from bot.slack.inbox import Inbox, Reply

log = structlog.get_logger()
P = ParamSpec("P")
T = TypeVar("T")

ANSWERED = "clausebot_answer"
"""Event type of the metadata of our messages: it tells a message that is there already from one that is not."""
_READING = ("Reading the licence…", "Looking for the clauses…", "Checking every quote…")


class Desk:
    """Where questions from Slack are answered."""

    def __init__(
        self, services: Services, inbox: Inbox, client: AsyncWebClient, posting: AsyncWebClient | None = None
    ) -> None:
        self._services = services
        self._inbox = inbox
        self._client = client
        self._posting = posting or client
        """Posts, and never repeats a request by itself."""
        # Answers are worked on one after the other; what Slack waits for never stands behind them.
        self._answering = ThreadPoolExecutor(1, "answering")
        self._noting = ThreadPoolExecutor(1, "noting")

    async def warm_up(self) -> None:
        """Load what the first question would wait for."""
        await self._run_on(self._answering, self._load)

    def _load(self) -> None:
        understand(Question("May we fine-tune Llama 3?"), self._services.catalog)
        self._services.search.search("fine-tune", (), limit=1)

    def close(self) -> None:
        """Let go of the threads."""
        for pool in (self._answering, self._noting):
            pool.shutdown(cancel_futures=True)

    async def takes(self, asked: Asked) -> bool:
        """Whether a message is for us: in a thread only where we answered, changed only where it was answered."""
        if asked.kind is Kind.THREAD:
            return bool(await self._run(self._inbox.in_thread, asked))
        if asked.kind is Kind.EDIT:
            return bool(await self._run(self._inbox.to_question, asked))
        return True

    async def accept(self, asked: Asked) -> bool:
        """Write a question into the inbox; return false where an earlier delivery did. Raises `StoreError`."""
        return await self._run(self._inbox.accept, asked.key, asked.to_json())

    async def unfinished(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what was accepted and not finished."""
        return await self._run(self._inbox.unfinished)

    async def finish(self, key: str) -> None:
        """Close an entry of the inbox."""
        await self._run(self._inbox.finish, key)

    async def look_up(self, work: Callable[[str, Services], tuple[Message, ...]], text: str) -> tuple[Message, ...]:
        """Return what a look-up finds, in the knowledge that is in force."""
        return await self._run(self._looked_up, work, text)

    def _looked_up(self, work: Callable[[str, Services], tuple[Message, ...]], text: str) -> tuple[Message, ...]:
        self._services.refresh()
        return work(text, self._services)

    # -- the steps ---------------------------------------------------------------------------------------------------

    async def show_status(self, raw: Mapping[str, Any], status: str = "is reading the licence…") -> None:
        """Show that a question is worked on; where Slack refuses, nothing is lost."""
        asked = Asked.from_json(raw)
        with suppress(SlackApiError, OSError, TimeoutError):
            await self._client.assistant_threads_setStatus(
                channel_id=asked.channel, thread_ts=asked.thread_ts, status=status, loading_messages=list(_READING)
            )

    async def decide(self, raw: Mapping[str, Any]) -> str:
        """Answer a question and return the decision's id; a text that is no question gets the sentence that says so."""
        asked = Asked.from_json(raw)
        try:
            answer = await self._run_on(self._answering, partial(self._answer, asked))
        except QuestionError as error:
            await self._say(asked, plain(str(error)))
            return ""
        return answer.decision_id

    async def post(self, raw: Mapping[str, Any], decision_id: str) -> None:
        """Post an answer into its thread, each part once, and mark the answers that it replaces."""
        asked = Asked.from_json(raw)
        answer = await self._run(self._services.audit.answer, decision_id)
        if answer is None:
            raise LookupError(f"There is no decision {decision_id!r}.")
        was_begun = await self._run(self._inbox.reply, asked.key) is not None
        await self._run(self._inbox.will_reply, asked, decision_id)
        there = await self._parts_there(asked, decision_id) if was_begun else {}
        for part, message in enumerate(answer_messages(answer)):
            if part not in there:
                there[part] = await self._say(asked, _marked(message, decision_id, part))
        await self._run(self._inbox.replied, asked.key, there[0])
        await self._replace_earlier(asked, decision_id)

    async def apologise(self, raw: Mapping[str, Any], reference: str) -> None:
        """Say in one sentence that a question failed, with the reference that the log has."""
        await self._say(Asked.from_json(raw), error_message(reference))

    # -- inside ------------------------------------------------------------------------------------------------------

    def _answer(self, asked: Asked) -> Answer:
        self._services.refresh()
        earlier = [r for r in self._inbox.in_thread(asked) if r.question_ts != asked.ts and not r.superseded_by]
        found = (self._services.audit.answer(r.decision_id) for r in earlier)
        context = tuple(a.question for a in found if a)
        where = f"slack:{asked.team}:{asked.channel}"
        return self._services.answerer.answer(
            Question(asked.text, f"slack:{asked.team}:{asked.user}", where, context, key=asked.key)
        )

    async def _say(self, asked: Asked, message: Message) -> str:
        posted = await self._posting.chat_postMessage(
            channel=asked.channel, thread_ts=asked.thread_ts, text=message.text, blocks=list(message.blocks),
            metadata=message.metadata, unfurl_links=False, unfurl_media=False,
        )  # fmt: skip
        return str(posted["ts"])

    async def _parts_there(self, asked: Asked, decision_id: str) -> dict[int, str]:
        """Return the parts of an answer that an earlier try posted before it broke off."""
        there: dict[int, str] = {}
        pages = await self._client.conversations_replies(
            channel=asked.channel, ts=asked.thread_ts, include_all_metadata=True, limit=200
        )
        async for page in pages:
            for message in page.get("messages", ()):
                metadata = message.get("metadata") or {}
                payload = metadata.get("event_payload") or {}
                if metadata.get("event_type") == ANSWERED and payload.get("decision_id") == decision_id:
                    there[int(payload.get("part", 0))] = message["ts"]
        return there

    async def _replace_earlier(self, asked: Asked, decision_id: str) -> None:
        if asked.kind is not Kind.EDIT:
            return
        for reply in await self._run(self._inbox.to_question, asked):
            if reply.superseded_by is None:
                await self._mark_superseded(asked, reply)
                await self._run(self._inbox.supersede, reply, decision_id)

    async def _mark_superseded(self, asked: Asked, reply: Reply) -> None:
        answer = await self._run(self._services.audit.answer, reply.decision_id)
        if answer is None or reply.reply_ts is None:
            return
        message = _superseded(answer_messages(answer)[0])
        with suppress(SlackApiError):  # somebody deleted it: then there is nothing left to mark
            await self._client.chat_update(
                channel=asked.channel, ts=reply.reply_ts, text=message.text, blocks=list(message.blocks)
            )

    async def _run(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        return await self._run_on(self._noting, partial(work, *args, **named))

    async def _run_on(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, work)


def _marked(message: Message, decision_id: str, part: int) -> Message:
    payload = {"decision_id": decision_id, "part": part}
    return replace(message, metadata={"event_type": ANSWERED, "event_payload": payload})


def _superseded(message: Message) -> Message:
    """Return an answer with the note that it is no longer the one, and without its buttons."""
    note = "This answer is superseded: the question was changed, the new answer is below."
    first = {"type": "context", "elements": [{"type": "mrkdwn", "text": f":arrows_counterclockwise: {note}"}]}
    kept = (b for b in message.blocks if b["type"] not in ("actions", "context_actions"))
    return Message(f"{note} {message.text}", (first, *kept), message.metadata)
