"""Showing that work goes on, once it has taken longer than a second."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@contextmanager
def patience(doing: str, after: float = 1.0) -> Iterator[None]:
    """A spinner with the time elapsed, on the terminal's error stream, beyond ``after`` seconds.

    The work stays in the main thread, where Ctrl-C reaches it; the spinner has its own.
    """
    progress = Progress(
        SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn(),
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
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            over = True
        if progress.live.is_started:
            progress.stop()
