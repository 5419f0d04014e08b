"""Answers what was asked in Slack: decides once, posts once, in the right place. Every step may be done again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from bot.answering.question import understand
from bot.audit.log import EventKind
from bot.errors import QuestionError
from bot.model import Answer, Named, Question, Use
from bot.services import Services
from bot.slack import metrics
from bot.slack.acceptance import Acceptance
from bot.slack.blocks import Message, answer_messages, error_message, in_channel, marked, plain, superseded
from bot.slack.clients import Clients
from bot.slack.conversation import Asked, Kind, asker_of
from bot.slack.forms import FORM_FACTS
from bot.slack.inbox import Inbox, Mode, Reply
from bot.slack.posting import Place, Posting
from bot.slack.refusals import is_of_the_place
from bot.slack.reviews import Reviews
from bot.slack.text import one_line, shortened
from bot.slack.workers import Workers
from knowledge.errors import ClausebotError

log = structlog.get_logger()

_READING = ("Reading the licence…", "Looking for the clauses…", "Checking every quote…")
_STATUS_S = 3
"""How long the status may keep an answer waiting."""
_LONGEST_TITLE = 80
_LONGEST_ECHO = 500


class ChannelOffError(ClausebotError):
    """Somebody asked where the channel has switched us off."""


class Desk:
    """Where questions from Slack are answered."""

    def __init__(
        self, services: Services, inbox: Inbox, clients: Clients, workers: Workers, posting: Posting, reviews: Reviews
    ) -> None:
        self._services = services
        self._inbox = inbox
        self._clients = clients
        self._workers = workers
        self._acceptance = Acceptance(inbox, workers)
        self._posting = posting
        self._reviews = reviews

    async def warm_up(self) -> None:
        """Load what the first question would wait for."""
        await self._workers.answer(self._load)

    def _load(self) -> None:
        understand(Question("May we fine-tune Llama 3?"), self._services.catalog)
        self._services.search.search("fine-tune", (), limit=1)

    async def admitted(self, asked: Asked) -> Asked | None:
        """Return a question as its channel wants it, or none where it is not for us.

        In a thread we answer only where we did before, a changed message only where we answered it. Raises
        `ChannelOffError` where somebody calls us and the channel does not want us.
        """
        return await self._workers.accept(self._admitted, asked)

    def _admitted(self, asked: Asked) -> Asked | None:
        if asked.kind is Kind.DIRECT or not asked.channel:
            return asked
        earlier = self._inbox.to_question(asked) if asked.kind is Kind.EDIT else []
        if (asked.kind is Kind.EDIT and not earlier) or (
            asked.kind is Kind.THREAD and not self._inbox.in_thread(asked)
        ):
            return None
        mode = self._inbox.mode(asked.team, asked.channel)
        if asked.kind is Kind.THREAD:
            return asked if mode is Mode.OPEN else None
        if mode is Mode.OFF and asked.kind is Kind.MENTION:
            raise ChannelOffError("I am switched off in this channel. Write to me directly, or see `/license channel`.")
        elsewhere = any(reply.reply_channel != asked.channel for reply in earlier)
        return replace(asked, private=elsewhere or mode in (Mode.PRIVATE, Mode.OFF))

    async def accept(self, asked: Asked) -> bool:
        """Write a question into the inbox; return false where an earlier delivery did. Raises `StoreError`."""
        return await self._acceptance.accept(asked.key, asked.to_json())

    # -- the steps ---------------------------------------------------------------------------------------------------

    async def answer(self, _key: str, job: Mapping[str, Any]) -> list[str]:
        """Decide a question and post the answer; return the keys of the work that follows from it.

        Done again after a breakdown, it says nothing twice.
        """
        asked = Asked.from_json(job)
        decision, _ = await asyncio.gather(self._decided(asked), self._show_status(asked))
        if not decision:
            return []
        answer = await self._post(asked, decision)
        return await self._reviews.open_if_weak(asked.team, answer, asker_of(asked.team, asked.user))

    async def _decided(self, asked: Asked) -> str:
        """Return the decision's id; a text that is no question gets the sentence that says so."""
        try:
            answer = await self._workers.answer(self._answer, asked)
        except QuestionError as error:
            await self._tell(asked, plain(str(error)))
            return ""
        metrics.DECISIONS.labels(answer.verdict.value).inc()
        return answer.decision_id

    async def _post(self, asked: Asked, decision_id: str) -> Answer:
        """Post an answer into its place, each part once, and mark the answers that it replaces.

        Where Slack does not let us write there, the asker gets the answer directly. Raises what else Slack refuses.
        """
        answer = await self._workers.run(self._services.audit.answer, decision_id)
        if answer is None:
            raise LookupError(f"There is no decision {decision_id!r}.")
        place = await self._place(asked)
        is_new = await self._workers.run(self._inbox.will_reply, asked, decision_id, place.channel)

        async def post(where: Place) -> tuple[Place, str]:
            lead = _lead(asked, refused=where != place)
            shown = answer_messages(answer, lead, share=_share(asked, decision_id))
            return where, await self._post_parts(asked.team, where, shown, decision_id, is_new=is_new)

        where, posted = await self._posting.there_or_directly(asked.team, place, asked.user, post)
        await self._workers.run(self._inbox.replied, asked.key, where.channel, where.thread_ts or posted, posted)
        await self._replace_earlier(asked, decision_id)
        await self._end_session(asked)
        return answer

    async def share(self, key: str, job: Mapping[str, Any]) -> None:
        """Show an answer that somebody got directly to the channel where they asked, and write that down."""
        team, decision, user = job["team"], job["decision"], job["by"]
        answer = await self._workers.run(self._services.audit.answer, decision)
        if answer is None:
            raise LookupError(f"There is no decision {decision!r}.")
        asked = shortened(one_line(answer.question), _LONGEST_ECHO)
        shown = answer_messages(answer, f"Shared by <@{user}>, who asked: {asked}")
        try:
            await self._post_parts(team, Place(job["channel"], job["thread"]), shown, key)
        except SlackApiError as error:
            if not is_of_the_place(error):
                raise
            refused = plain(f"I may not write in {in_channel(job['channel'])}, so the answer is not shared.")
            await self._posting.say(team, await self._posting.direct_place(team, user), refused)
            return
        actor, body = asker_of(team, user), {"channel": job["channel"]}
        await self._workers.run(self._services.audit.note, decision, EventKind.SHARED, actor, body, key=key)

    async def apologise(self, job: Mapping[str, Any], reference: str) -> None:
        """Say in one sentence that a question failed, with the reference that the log has."""
        await self._tell(Asked.from_json(job), error_message(reference))

    # -- deciding ----------------------------------------------------------------------------------------------------

    def _answer(self, asked: Asked) -> Answer:
        self._services.refresh()
        earlier = [r for r in self._inbox.in_thread(asked) if r.question_ts != asked.ts and not r.superseded_by]
        found = (self._services.audit.answer(r.decision_id) for r in earlier)
        context = tuple(a.question for a in found if a)
        asker, where = asker_of(asked.team, asked.user), f"slack:{asked.team}:{asked.channel or 'direct'}"
        question = Question(asked.text, asker, where, context, key=asked.key)
        return self._services.answerer.answer(self._filled(question, asked))

    def _filled(self, question: Question, asked: Asked) -> Question:
        """Return a question with what a form says of its subjects and its use."""
        known = self._services.audit.answer(asked.about) if asked.about else None
        question = replace(question, subjects=_subjects(asked, known))
        if asked.use is None:
            return question
        return replace(question, use=_use(asked.use, understand(question, self._services.catalog).use, known))

    async def _show_status(self, asked: Asked) -> None:
        """Show that a question is worked on; where Slack refuses or is slow, nothing is lost."""
        if asked.private or not asked.thread_ts:
            return
        try:
            client = await self._clients.calling(asked.team)
            where = {"channel_id": asked.channel, "thread_ts": asked.thread_ts}
            showing = [
                client.assistant_threads_setStatus(
                    **where, status="is reading the licence…", loading_messages=list(_READING)
                )
            ]
            if asked.kind is Kind.DIRECT:
                title = {"title": _title(asked.text)} if asked.ts == asked.thread_ts else {}
                showing.append(client.agents_sessions_setStatus(**where, status="processing", **title))
            async with asyncio.timeout(_STATUS_S):
                await asyncio.gather(*showing)
        except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.info("status_not_shown", error=repr(error))

    async def _end_session(self, asked: Asked) -> None:
        if asked.kind is not Kind.DIRECT:
            return
        client = await self._clients.calling(asked.team)
        with suppress(SlackApiError, aiohttp.ClientError, OSError, TimeoutError):
            await client.agents_sessions_setStatus(channel_id=asked.channel, thread_ts=asked.thread_ts, status="active")

    # -- posting -----------------------------------------------------------------------------------------------------

    async def _place(self, asked: Asked) -> Place:
        if asked.private:
            return await self._posting.direct_place(asked.team, asked.user)
        return Place(asked.channel, asked.thread_ts)

    async def _tell(self, asked: Asked, message: Message) -> None:
        """Say something where a question was asked, or to its asker directly where we may not write there."""
        place, say = await self._place(asked), self._posting.say
        await self._posting.there_or_directly(
            asked.team, place, asked.user, lambda where: say(asked.team, where, message)
        )

    async def _post_parts(
        self, team: str, place: Place, shown: Sequence[Message], mark: str, *, is_new: bool = False
    ) -> str:
        """Post messages under a mark, each once, and return the `ts` of the first."""
        messages = [marked(message, mark, part) for part, message in enumerate(shown)]
        return await self._posting.say_once(team, place, messages, mark, is_new=is_new)

    async def _replace_earlier(self, asked: Asked, decision_id: str) -> None:
        if asked.kind is not Kind.EDIT:
            return
        for reply in await self._workers.run(self._inbox.to_question, asked):
            if reply.superseded_by is None:
                await self._mark_superseded(asked.team, reply)
                await self._workers.run(self._note_superseded, asked, reply, decision_id)

    def _note_superseded(self, asked: Asked, reply: Reply, decision_id: str) -> None:
        old, actor = reply.decision_id, asker_of(asked.team, asked.user)
        self._services.audit.note(old, EventKind.SUPERSEDED, actor, {"by": decision_id}, key=f"superseded:{old}")
        self._inbox.supersede(reply, decision_id)

    async def _mark_superseded(self, team: str, reply: Reply) -> None:
        answer = await self._workers.run(self._services.audit.answer, reply.decision_id)
        if answer is None or reply.reply_ts is None:
            return
        message = superseded(answer_messages(answer)[0])
        await self._posting.change(team, reply.reply_channel, reply.reply_ts, message)


def _subjects(asked: Asked, known: Answer | None) -> tuple[Named, ...] | None:
    """Return what a form is about: what was chosen, with the others that its decision was about as well."""
    if not asked.subject:
        return None
    others = [s.name for s in known.subjects] if known else []
    return tuple(Named(name) for name in (others if asked.subject in others else [asked.subject]))


def _use(filled: Use, read: Use, known: Answer | None) -> Use:
    """Return the use of a form: what was filled in, where it was not, what the text says, and what the decision that
    the form was opened from knew beyond the form's fields."""
    kept = {name: fact for name, fact in known.use.facts.items() if name not in FORM_FACTS} if known else {}
    return Use(
        actions=filled.actions or read.actions,
        commercial=read.commercial if filled.commercial is None else filled.commercial,
        domain=filled.domain or read.domain,
        facts={**kept, **read.facts, **filled.facts},
    )


def _title(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST_TITLE else words[: _LONGEST_TITLE - 1].rstrip() + "…"


def _share(asked: Asked, decision: str) -> str:
    """Return the value of the button that shares a private answer; an empty text where there is nowhere to share it."""
    if not (asked.private and asked.channel):
        return ""
    return json.dumps({"decision": decision, "channel": asked.channel, "thread": asked.thread_ts})


def _lead(asked: Asked, *, refused: bool = False) -> str:
    """Return the line above an answer that does not stand under its question, in mrkdwn."""
    echo = shortened(one_line(asked.text), _LONGEST_ECHO)
    channel = in_channel(asked.channel)
    if refused:
        return f"I may not write in {channel}, so the answer comes here. You asked: {echo}"
    if asked.private:
        return f"You asked in {channel}: {echo}" if asked.channel else f"You asked: {echo}"
    return f"Asked in a form: {echo}" if asked.kind is Kind.FORM else ""
