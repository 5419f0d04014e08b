"""Carries answering over crashes: DBOS runs each accepted question as a workflow whose finished steps stay finished.

The one home of DBOS. A workflow is named by the key of its inbox entry, so that one question runs once however often it
is delivered or started; after a restart it goes on behind its last finished step.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import structlog
from dbos import DBOS, DBOSConfig, SetWorkflowID, StepOptions, WorkflowHandleAsync

from bot.slack import metrics
from bot.slack.refusals import is_passing, plainly
from bot.slack.work import Work

log = structlog.get_logger()
P = ParamSpec("P")
T = TypeVar("T")

_SHAPE = "5"
"""Changes when the steps of the workflow do. What a program with other steps began is then begun anew: decisions and
posts are looked up before they are made, so that nothing is said twice."""
_EXECUTOR = "clausebot"
"""One executor: a process that starts takes up what the one before it left."""
_DRAIN_S = 10
"""How long a process that is told to stop goes on with what it has begun."""
_TRYING: StepOptions = {
    "retries_allowed": True,
    "max_attempts": 11,
    "interval_seconds": 1.0,
    "backoff_rate": 2.0,
    "should_retry": is_passing,
}
"""Eleven tries are 17 minutes: longer than most outages of Slack."""

_CALENDAR = "calendar"
_HOURLY = "7 * * * *"
"""When the calendar is looked into: whatever failed is tried again then, too."""

_at_work: list[Work] = []
"""The work of this process. DBOS finds a workflow again by its function, which therefore cannot hold it."""
_serving: list[tuple[Jobs, asyncio.AbstractEventLoop]] = []
"""Who begins jobs in this process, and the loop that they run in."""


@DBOS.workflow(name="do")
async def _do(key: str) -> None:
    """Do what an entry of the inbox holds, then what follows from it; where that fails for good, tell the asker.

    The entry itself stays in the inbox: what people wrote is not kept a second time.
    Deciding and posting are one step: both look first whether they are done, and each step costs two commits.
    """
    work = _at_work[-1]
    try:
        following = await DBOS.run_step_async({"name": "do", **_TRYING}, _plainly, work.do, key)
    except Exception:  # nobody is left in silence, whatever it was
        metrics.FAILED.inc()
        reference = hashlib.sha256(key.encode()).hexdigest()[:8]
        log.exception("question_failed", key=key, reference=reference)
        await _give_up(work, key, reference)
        return
    for entry in following:
        with SetWorkflowID(f"{_SHAPE}:{entry}"):
            await DBOS.start_workflow_async(_do, entry)


async def _give_up(work: Work, key: str, reference: str) -> None:
    try:
        await DBOS.run_step_async({"name": "give up", **_TRYING}, _plainly, work.give_up, key, reference)
    except Exception:  # Slack lets us say nothing, neither there nor to the asker
        log.exception("apology_not_posted", reference=reference)
        await work.finish(key)


async def _plainly(work: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **named: P.kwargs) -> T:
    """Do a step so that what goes wrong in it can be written down."""
    return await plainly(work(*args, **named))


class Jobs:
    """The durable work on accepted questions."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()

    async def start(self, key: str) -> None:
        """Begin the work on an accepted question, or do nothing where it has begun before."""
        with SetWorkflowID(f"{_SHAPE}:{key}"):
            handle = await DBOS.start_workflow_async(_do, key)
        task = asyncio.create_task(self._finished(handle))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _finished(self, handle: WorkflowHandleAsync[None]) -> None:
        with metrics.UNDER_WAY.track_inprogress(), metrics.ANSWERED.time():
            await handle.get_result()

    async def drain(self) -> None:
        """Wait a while for what is under way; the rest goes on at the next start."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_DRAIN_S)


@DBOS.workflow(name="look into the calendar")
def _look(_at: datetime, _context: Any) -> None:
    """Begin what is due by now. Several processes look once, and what one has accepted none accepts again."""
    keys = DBOS.run_step({"name": "due"}, _at_work[-1].due)
    _begin(keys)


def _begin(keys: Sequence[str]) -> None:
    """Begin entries from a thread of DBOS: the clients of Slack live in the loop that opened them."""
    jobs, loop = _serving[-1]
    for key in keys:
        asyncio.run_coroutine_threadsafe(jobs.start(key), loop).result(_DRAIN_S)


@asynccontextmanager
async def durable_jobs(work: Work, home: Path, database_url: str, *, calendar: bool) -> AsyncIterator[Jobs]:
    """Open the workflows' own database (beside ours in the data folder, or in the same PostgreSQL), take up what an
    earlier process left, and close it all in order on the way out. With `calendar`, look now and each hour what is due.
    """
    url = database_url if database_url.startswith("postgresql") else _sqlite(home / "jobs.db")
    config: DBOSConfig = {
        "name": "clausebot",
        "system_database_url": url,
        "application_version": _SHAPE,
        "executor_id": _EXECUTOR,
        "log_level": "ERROR",
        "notification_listener_polling_interval_sec": 0.25,  # closing waits for one poll
    }
    jobs = Jobs()
    _at_work.append(work)
    _serving.append((jobs, asyncio.get_running_loop()))
    try:
        DBOS(config=config)
        DBOS.launch()
        for key in await work.unfinished():
            log.info("taken_up", key=key)
            await jobs.start(key)
        if calendar:
            await asyncio.to_thread(_schedule)
        yield jobs
    finally:
        await jobs.drain()
        DBOS.destroy()
        _at_work.pop()
        _serving.pop()


def _schedule() -> None:
    """Have DBOS look into the calendar every hour, and once now: the process may have been away."""
    DBOS.apply_schedules([{"schedule_name": _CALENDAR, "workflow_fn": _look, "schedule": _HOURLY}])
    DBOS.trigger_schedule(_CALENDAR)


def _sqlite(path: Path) -> str:
    """Return the address of a SQLite file in WAL mode: readers and the writer do not wait for each other."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    return f"sqlite:///{path}"
