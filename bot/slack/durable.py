"""Carries answering over crashes: DBOS runs each accepted question as a workflow whose finished steps stay finished.

The one home of DBOS. A workflow is named by the key of its inbox entry, so that one question runs once however often it
is delivered or started; after a restart it goes on behind its last finished step.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog
from dbos import DBOS, DBOSConfig, SetWorkflowID, StepOptions
from slack_sdk.errors import SlackApiError

from bot.slack.desk import Desk

log = structlog.get_logger()

_EXECUTOR = "clausebot"
"""One executor: a process that starts takes up what the one before it left."""
_POSTING = StepOptions(name="post", retries_allowed=True, max_attempts=6, interval_seconds=1.0, backoff_rate=2.0)


_at_work: list[Desk] = []
"""The desk of this process. DBOS finds a workflow again by its function, which therefore cannot hold the desk."""


@DBOS.workflow(name="answer")
async def _answer(key: str, job: dict[str, Any]) -> None:
    """Decide, post, close the entry; where that fails, say so in the thread."""
    desk = _at_work[-1]
    try:
        decision = await DBOS.run_step_async({"name": "decide"}, _decide, desk, job)
        if decision:
            await DBOS.run_step_async(_POSTING, desk.post, job, decision)
    except Exception:  # nobody is left in silence, whatever it was
        reference = hashlib.sha256(key.encode()).hexdigest()[:8]
        log.exception("question_failed", key=key, reference=reference)
        await DBOS.run_step_async({"name": "apologise"}, _apologise, desk, job, reference)
    await DBOS.run_step_async({"name": "finish"}, desk.finish, key)


async def _decide(desk: Desk, job: dict[str, Any]) -> str:
    await desk.show_status(job)
    return await desk.decide(job)


async def _apologise(desk: Desk, job: dict[str, Any], reference: str) -> None:
    try:
        await desk.apologise(job, reference)
    except SlackApiError as error:
        log.warning("apology_not_posted", reference=reference, error=error.response.get("error"))


class Jobs:
    """The durable work on accepted questions."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._under_way: set[asyncio.Task[None]] = set()

    async def start(self, key: str, job: dict[str, Any]) -> None:
        """Begin the work on an accepted question, or do nothing where it has begun before."""
        with SetWorkflowID(key):
            handle = await DBOS.start_workflow_async(_answer, key, job)
        task = asyncio.create_task(handle.get_result())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def drain(self, seconds: float) -> None:
        """Wait for what is under way, but no longer; the rest goes on at the next start."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)

    async def take_up(self) -> int:
        """Start what was accepted before the process ended and never begun; return how much there was."""
        left = await self._desk.unfinished()
        for key, job in left:
            await self.start(key, job)
        return len(left)


def launch(desk: Desk, home: Path, database_url: str) -> None:
    """Open the workflows' own database (beside ours in the data folder, or in the same PostgreSQL) and recover."""
    url = database_url if database_url.startswith("postgresql") else _sqlite(home / "jobs.db")
    config: DBOSConfig = {
        "name": "clausebot",
        "system_database_url": url,
        "application_version": version("clausebot"),
        "executor_id": _EXECUTOR,
        "log_level": "ERROR",
    }
    _at_work.append(desk)
    DBOS(config=config)
    DBOS.launch()


def close() -> None:
    """Stop the workflows; what is under way goes on at the next start."""
    DBOS.destroy()
    _at_work.pop()


def _sqlite(path: Path) -> str:
    """Return the address of a SQLite file in WAL mode: readers and the writer do not wait for each other."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    return f"sqlite:///{path}"
