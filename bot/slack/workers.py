"""Threads beside the event loop: what Slack waits for never stands behind an answer that is being made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """One thread answers, one accepts what comes in, one reads and writes the rest; each does one thing at a time."""

    def __init__(self) -> None:
        self._answering = ThreadPoolExecutor(1, "answering")
        self._accepting = ThreadPoolExecutor(1, "accepting")
        self._noting = ThreadPoolExecutor(1, "noting")

    async def answer(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Run work that may take its time; returns or raises what it does."""
        return await asyncio.get_running_loop().run_in_executor(self._answering, partial(work, *args, **named))

    async def accept(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Run what Slack waits for; returns or raises what it does."""
        return await asyncio.get_running_loop().run_in_executor(self._accepting, partial(work, *args, **named))

    async def run(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Run short work; returns or raises what it does."""
        return await asyncio.get_running_loop().run_in_executor(self._noting, partial(work, *args, **named))

    def close(self) -> None:
        """Let go of the threads; what has not begun is dropped."""
        for pool in (self._answering, self._accepting, self._noting):
            pool.shutdown(cancel_futures=True)
