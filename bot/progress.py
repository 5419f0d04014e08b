"""A progress bar that shows itself only when a step lasts."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class LateBar:
    """Shows the running step on stderr once `after_s` seconds have passed."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._started = time.monotonic()
        self._bar: Progress | None = None
        self._task: tuple[str, int] | None = None

    def __enter__(self) -> LateBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def tell(self, step: str, done: int, total: int) -> None:
        """Report how far a step is; `total` 0 means that nobody knows."""
        slow = total == 1 and done == 0  # a step announced ahead because it lasts
        if self._bar is None:
            if not slow and time.monotonic() - self._started < self._after_s:
                return
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
        if self._task is None or self._task[0] != step:
            if self._task is not None:
                self._bar.remove_task(self._bar.task_ids[0])
            self._task = step, self._bar.add_task(step, total=total or None)
        self._bar.update(self._bar.task_ids[0], completed=done, total=total or None)
