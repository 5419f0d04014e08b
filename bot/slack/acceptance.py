"""Writes what came in into the inbox before Slack hears that we have it; all that wait for it share one commit."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.slack.inbox import Inbox
from bot.slack.workers import Workers
from knowledge.database import StoreError

_Waiting = tuple[str, dict[str, Any], "asyncio.Future[bool]"]


class Acceptance:
    """The way into the inbox."""

    def __init__(self, inbox: Inbox, workers: Workers) -> None:
        self._inbox = inbox
        self._workers = workers
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def accept(self, key: str, job: dict[str, Any]) -> bool:
        """Write something down; return false where an earlier delivery did. Raises `StoreError`."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, job, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await done

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                new = await self._workers.accept(self._inbox.accept, {key: job for key, job, _ in batch})
            except StoreError as error:
                for _, _, done in batch:
                    if not done.done():
                        done.set_exception(error)
                continue
            for key, _, done in batch:
                if not done.done():
                    done.set_result(key in new)
                new.discard(key)  # the same thing delivered twice at once is new once
