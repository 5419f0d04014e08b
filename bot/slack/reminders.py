"""What the calendar asks for: digests that are due, reviews that wait too long, permissions that lapse, old texts.

Each becomes an entry of the inbox under a key of its own, so that several processes that look remind once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bot.audit.log import EventKind, OpenReview
from bot.digest.week import local_day
from bot.policy.lapsing import Lapse, lapsing
from bot.services import Services
from bot.slack.blocks import marked
from bot.slack.conversation import team_of_asker
from bot.slack.inbox import Inbox
from bot.slack.posting import Place, Posting, place_of
from bot.slack.review_blocks import lapse_message, overdue_message
from bot.slack.reviews import case_key
from bot.slack.sending import Sending
from bot.slack.workers import Workers

log = structlog.get_logger()

_AGAIN = timedelta(days=7)
"""After as long, a review that is overdue is reminded of again."""
_MOST = 1000
_SOON = 7
"""Days before it lapses on which a permission is reminded of a second time."""

Job = dict[str, Any]


class Reminders:
    """Looks into the calendar, and reminds legal of what waits."""

    def __init__(self, services: Services, inbox: Inbox, posting: Posting, workers: Workers, sending: Sending) -> None:
        self._services = services
        self._inbox = inbox
        self._posting = posting
        self._workers = workers
        self._sending = sending
        self._team, self._place = place_of(services.settings.legal_channel)

    def due(self, now: datetime | None = None) -> list[str]:
        """Accept what the calendar asks for; return the keys of what is new, in order. Raises `StoreError`."""
        moment = now or datetime.now(UTC)
        jobs = dict(
            [*self._digests(moment), *self._reviews(moment), *self._lapses(moment), *self._old_texts(moment)]
        )  # fmt: skip
        new = self._inbox.accept(jobs) if jobs else set()
        return [key for key in jobs if key in new]

    def _digests(self, now: datetime) -> Iterator[tuple[str, Job]]:
        oldest = {due.destination: due for due in reversed(self._sending.due(now))}
        for due in oldest.values():  # the next follows when this one is there: they stand in order
            week, destination = str(due.week), due.destination.value
            job = {"task": "digest", "week": week, "destination": destination}
            yield f"digest:{week}:{destination}:{now.astimezone(UTC):%Y-%m-%dT%H}", job  # each hour until it is there

    def _reviews(self, now: datetime) -> Iterator[tuple[str, Job]]:
        if not self._place.channel:
            return
        for review in self._services.audit.open_reviews(limit=_MOST):
            late = now - review.opened_at - timedelta(days=self._services.settings.review_days)
            if late > timedelta():
                yield (
                    f"overdue:{review.decision.id}:{late // _AGAIN}",
                    {"task": "overdue", "decision": review.decision.id},
                )

    def _lapses(self, now: datetime) -> Iterator[tuple[str, Job]]:
        policy = self._services.policy
        if policy is None or not self._place.channel:
            return
        for lapse in lapsing(policy.current().policy, local_day(now, self._services.settings.zone)):
            key = f"lapse:{lapse.relief.id}:{lapse.relief.period.last}:{_stage(lapse)}"
            yield key, {"task": "lapse", "relief": lapse.relief.id}

    def _old_texts(self, now: datetime) -> Iterator[tuple[str, Job]]:
        days = self._services.settings.retention_days
        if days is not None:
            yield f"erase:{now.astimezone(UTC).date()}", {"task": "erase", "days": days}

    # -- the work ----------------------------------------------------------------------------------------------------

    async def remind_of_review(self, key: str, job: Mapping[str, Any]) -> None:
        """Say in the legal channel that a review waits, unless it was decided in the meantime."""
        review = await self._workers.run(self._still_open, job["decision"])
        if review is None:
            return
        team = self._team or team_of_asker(review.decision.asker)
        case = await self._workers.run(self._inbox.job_or_none, case_key(review.decision.id)) or {}
        link = await self._posting.permalink(team, self._place.channel, case.get("ts"))
        message = overdue_message(review, datetime.now(UTC), link=link)
        await self._posting.say_once(team, self._place, [marked(message, key, 0)], key)

    def _still_open(self, decision: str) -> OpenReview | None:
        notes = self._services.audit.notes(decision)
        if any(note.kind == EventKind.REVIEW_CLOSED for note in notes):
            return None
        found = self._services.audit.open_reviews(limit=_MOST)
        return next((review for review in found if review.decision.id == decision), None)

    async def remind_of_lapse(self, key: str, job: Mapping[str, Any]) -> None:
        """Say in the legal channel that an exception or a bought licence lapses, unless the policy was changed."""
        lapse = await self._workers.run(self._lapse, job["relief"])
        if lapse is not None:
            place = Place(self._place.channel, "")
            await self._posting.say_once(self._team, place, [marked(lapse_message(lapse), key, 0)], key)

    async def erase_old_texts(self, _key: str, job: Mapping[str, Any]) -> None:
        """Erase what people wrote longer ago than the settings want it kept."""
        before = datetime.now(UTC) - timedelta(days=job["days"])
        count = await asyncio.to_thread(self._services.erase_before, before)
        log.info("old_texts_erased", count=count, before=before.isoformat())

    def _lapse(self, relief: str) -> Lapse | None:
        policy, today = self._services.policy, local_day(datetime.now(UTC), self._services.settings.zone)
        found = lapsing(policy.current().policy, today) if policy else []
        return next((lapse for lapse in found if lapse.relief.id == relief), None)


def _stage(lapse: Lapse) -> str:
    if lapse.has_lapsed:
        return "lapsed"
    return "soon" if lapse.days_left <= _SOON else "early"
