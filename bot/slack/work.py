"""What is done with entries of the inbox, by their task; the durable workflow calls nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from bot.slack.desk import Desk
from bot.slack.inbox import Inbox
from bot.slack.reminders import Reminders
from bot.slack.reviews import Reviews
from bot.slack.sending import Sending
from bot.slack.workers import Workers

log = structlog.get_logger()

_Task = Callable[[str, Mapping[str, Any]], Awaitable[list[str] | None]]


class Work:
    """Does what was accepted, closes its entry, and says where that fails for good."""

    def __init__(
        self, inbox: Inbox, workers: Workers, desk: Desk, reviews: Reviews, reminders: Reminders, sending: Sending
    ) -> None:
        self._inbox = inbox
        self._workers = workers
        self._desk = desk
        self._reminders = reminders
        self._sending = sending
        self._tasks: dict[str, _Task] = {
            "answer": desk.answer,
            "share": desk.share,
            "review": reviews.show,
            "outcome": reviews.tell,
            "overdue": reminders.remind_of_review,
            "lapse": reminders.remind_of_lapse,
            "digest": self._send_digest,
            "erase": reminders.erase_old_texts,
        }

    def due(self) -> list[str]:
        """Accept what the calendar asks for; return the keys of what is new. Raises `StoreError`."""
        return self._reminders.due()

    async def do(self, key: str) -> list[str]:
        """Do what an entry holds and close it; return the keys of the entries that follow from it."""
        job = await self._workers.run(self._inbox.job, key)
        follow = await self._tasks[job.get("task", "answer")](key, job)
        await self.finish(key)
        return follow or []

    async def _send_digest(self, key: str, job: Mapping[str, Any]) -> list[str]:
        await self._sending.send_job(key, job)
        return await self._workers.run(self.due)

    async def give_up(self, key: str, reference: str) -> None:
        """Tell an asker that a question failed, and close the entry; what else fails is in the log alone."""
        job = await self._workers.run(self._inbox.job, key)
        if job.get("task", "answer") == "answer":
            await self._desk.apologise(job, reference)
        await self.finish(key)

    async def finish(self, key: str) -> None:
        """Close an entry."""
        await self._workers.run(self._inbox.finish, key)

    async def unfinished(self) -> list[str]:
        """Return the keys of what was accepted and not finished, oldest first."""
        return await self._workers.run(self._inbox.unfinished)
