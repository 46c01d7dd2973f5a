"""Showing that work goes on, and how far, once it has taken longer than a second."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar

# A prediction is none to the last percent: the bar is full when the work is done.
_FULLEST = 0.98

_shown: ContextVar[Progress | None] = ContextVar("shown", default=None)


class _PredictedBar(BarColumn):
    """A bar that fills as the predicted time goes by; it only pulses until there is a prediction."""

    def render(self, task: Task) -> ProgressBar:
        if task.total is not None:
            task.completed = min(task.elapsed or 0.0, _FULLEST * task.total)
        return super().render(task)


@contextmanager
def patience(doing: str, after: float = 1.0) -> Iterator[None]:
    """A progress bar with the time elapsed, on the terminal's error stream, beyond ``after`` seconds.

    It fills as what `expect` told goes by. The work stays in the main thread, where Ctrl-C
    reaches it; the bar has its own.
    """
    progress = Progress(
        SpinnerColumn(), TextColumn("{task.description}", markup=False), _PredictedBar(), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    progress.add_task(doing, total=None)
    lock, over = threading.Lock(), False

    def show() -> None:
        with lock:
            if not over:
                progress.start()

    timer = threading.Timer(after, show)
    timer.daemon = True
    timer.start()
    outer = _shown.set(progress)
    try:
        yield
    finally:
        _shown.reset(outer)
        timer.cancel()
        with lock:
            over = True
        if progress.live.is_started:
            progress.stop()


def expect(seconds: float) -> None:
    """Tell the bar that is shown, if any, how long the work that now begins will take."""
    progress = _shown.get()
    if progress is not None:
        task = progress.tasks[0]
        progress.update(task.id, total=(task.elapsed or 0.0) + seconds)
