"""Reviews: opened by askers and by weak answers, shown in the legal channel, decided there, told to the asker.

The record holds what was opened and decided; posting is work of the inbox, so that it survives a crash as answers do.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.audit.log import EventKind
from bot.audit.precedents import key_of
from bot.model import LOW_CONFIDENCE, Answer, Verdict
from bot.services import Services
from bot.slack.blocks import Message, marked, plain
from bot.slack.conversation import asker_of, team_of_asker
from bot.slack.inbox import Inbox, Reply
from bot.slack.posting import Place, Posting, place_of
from bot.slack.review_blocks import Outcome, case_messages, decided_case, outcome_message
from bot.slack.workers import Workers


def case_key(decision: str) -> str:
    """Return the key under which a review is opened, in the record and in the inbox."""
    return f"review_opened:{decision}"


class Reviews:
    """The reviews of all workspaces."""

    def __init__(
        self, services: Services, inbox: Inbox, posting: Posting, workers: Workers, legal_channel: str | None
    ) -> None:
        self._services = services
        self._inbox = inbox
        self._posting = posting
        self._workers = workers
        self._team, self._place = place_of(legal_channel)

    async def open(self, team: str, decision_id: str, actor: str, why: str) -> tuple[bool, list[str]]:
        """Open a review; return whether it is new, and the keys of the work that follows. Raises `StoreError`."""
        return await self._workers.run(self._open, team, decision_id, actor, why)

    def _open(self, team: str, decision_id: str, actor: str, why: str) -> tuple[bool, list[str]]:
        key = case_key(decision_id)
        if not self._services.audit.note(decision_id, EventKind.REVIEW_OPENED, actor, {"why": why}, key=key):
            return False, []
        if not self._place.channel:
            return True, []
        job = {"task": "review", "team": team, "decision": decision_id, "why": why}
        self._inbox.accept({key: job})
        return True, [key]

    async def open_if_weak(self, team: str, answer: Answer, actor: str) -> list[str]:
        """Open a review for an answer that asks for one by itself; return the keys of the work that follows."""
        if answer.precedent is not None:
            return []
        why = (
            "needs_review" if answer.verdict is Verdict.NEEDS_REVIEW
            else "low_confidence" if answer.verdict is not Verdict.UNKNOWN and answer.confidence < LOW_CONFIDENCE
            else ""
        )  # fmt: skip
        return (await self.open(team, answer.decision_id, actor, why))[1] if why else []

    async def close(self, team: str, decision_id: str, user: str, outcome: Outcome) -> list[str] | None:
        """Record what legal decided; return the keys of the work that follows, or none where it was decided before."""
        return await self._workers.run(self._close, team, decision_id, user, outcome)

    def _close(self, team: str, decision_id: str, user: str, outcome: Outcome) -> list[str] | None:
        key, today = f"review_closed:{decision_id}", datetime.now(UTC).date().isoformat()
        body, audit = outcome.to_json(), self._services.audit
        answer = audit.answer(decision_id)
        about = key_of(answer) if answer else ""
        if not audit.note(decision_id, EventKind.REVIEW_CLOSED, asker_of(team, user), body, key=key, about=about):
            return None
        asker = (audit.show(decision_id) or {}).get("asker", "")
        job = {
            "task": "outcome", "team": team_of_asker(asker) or team, "decision": decision_id, "by": user, "on": today,
            "outcome": body,
        }  # fmt: skip
        self._inbox.accept({key: job})
        return [key]

    # -- the work ----------------------------------------------------------------------------------------------------

    async def show(self, key: str, job: Mapping[str, Any]) -> None:
        """Show a case in the legal channel, once."""
        reply = await self._workers.run(self._inbox.reply_to, job["decision"])
        link = await self._posting.permalink(job["team"], reply.reply_channel, reply.reply_ts) if reply else ""
        messages = await self._case(job["decision"], reply, job["why"], link)
        shown = [marked(message, key, part) for part, message in enumerate(messages)]
        ts = await self._posting.say_once(self._team or job["team"], self._place, shown, key)
        await self._workers.run(self._inbox.remember, key, ts=ts)

    async def tell(self, _key: str, job: Mapping[str, Any]) -> None:
        """Tell the asker what legal decided, and mark the case in the legal channel."""
        decision, team = job["decision"], job["team"]
        outcome, on = Outcome.from_json(job["outcome"]), date.fromisoformat(job["on"])
        message = outcome_message(outcome, by=job["by"], on=on, decision_id=decision)
        reply = await self._workers.run(self._inbox.reply_to, decision)
        if reply is not None:
            mark, place = f"outcome:{decision}", Place(reply.reply_channel, reply.thread_ts)
            said, say_once = [marked(message, mark, 0)], self._posting.say_once
            await self._posting.there_or_directly(
                team, place, reply.asker, lambda where: say_once(team, where, said, mark)
            )
        await self._mark_case(team, decision, reply, outcome, by=job["by"], on=on)

    async def _mark_case(
        self, team: str, decision: str, reply: Reply | None, outcome: Outcome, *, by: str, on: date
    ) -> None:
        if not self._place.channel:
            return
        key, team = case_key(decision), self._team or team
        opened = await self._workers.run(self._inbox.job_or_none, key)
        # Who is quick decides before we have noted where the case stands.
        ts = opened and (opened.get("ts") or (await self._posting.parts_there(team, self._place, key)).get(0))
        if not opened or not ts:
            return
        case, *_ = await self._case(decision, reply, opened["why"])
        await self._posting.change(team, self._place.channel, ts, decided_case(case, outcome, by=by, on=on))

    async def ask(self, team: str, decision_id: str, user: str, text: str) -> bool:
        """Ask the asker something in their thread; return false where there is no thread."""
        reply = await self._workers.run(self._inbox.reply_to, decision_id)
        if reply is None:
            return False
        said = plain(f"Legal asks: {text}")
        message = Message(f"<@{reply.asker}> {said.text}", said.blocks)
        try:
            await self._posting.say(team, Place(reply.reply_channel, reply.thread_ts), message)
        except SlackApiError:
            return False
        actor, key = asker_of(team, user), f"review_asked:{decision_id}:{datetime.now(UTC).timestamp()}"
        await self._workers.run(
            self._services.audit.note, decision_id, EventKind.REVIEW_ASKED, actor, {"text": text}, key=key
        )
        return True

    async def _case(self, decision: str, reply: Reply | None, why: str, link: str = "") -> tuple[Message, ...]:
        asker = reply.asker if reply else ""
        return case_messages(await self._answer(decision), asker=asker, why=why, link=link)

    async def _answer(self, decision_id: str) -> Answer:
        answer = await self._workers.run(self._services.audit.answer, decision_id)
        if answer is None:
            raise LookupError(f"There is no decision {decision_id!r}.")
        return answer
