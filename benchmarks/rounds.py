"""Rounds: several calls timed side by side, so that the machine's moods hit all of them alike."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter, sleep

Call = Callable[[], object]

SHORTEST = 4e-3
"""Seconds that one sample lasts at least: the clock and the loop around the call are below 0.1 % of it."""
SLOW = 10.0
"""A call this many times slower than the first is timed once: more rounds would tell nothing new."""
REST = 0.02
"""Seconds before each sample: threads of the library before go on looking for work for a while."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds a call took: one sample for each round, each over ``repeats`` calls in a row."""

    samples: list[float]
    repeats: int

    @property
    def once(self) -> bool:
        """Whether the call was too slow for the rounds and stands here with a single sample."""
        return len(self.samples) == 1


def take(calls: Mapping[str, Call], rounds: int) -> dict[str, Timing]:
    """Time every call in every round, each round in another order; the first call is what others stand beside."""
    with _no_collections():
        first = {name: _calibrate(call) for name, call in calls.items()}
        bearable = SLOW * next(iter(first.values()))[0]
        running = [name for name in calls if first[name][0] <= bearable]
        samples: dict[str, list[float]] = {name: [] for name in running}
        for turn in range(rounds):
            for name in order(running, turn):
                sleep(REST)
                calls[name]()
                samples[name].append(_seconds(calls[name], first[name][1]))
    return {name: Timing(samples.get(name) or [first[name][0]], first[name][1]) for name in calls}


def order(names: list[str], turn: int) -> list[str]:
    """Rotated by one place each turn, and backwards every other turn: nobody always follows the same one."""
    start = turn // 2 % len(names)
    rotated = names[start:] + names[:start]
    return rotated[::-1] if turn % 2 else rotated


def _calibrate(call: Call) -> tuple[float, int]:
    """Seconds of one call after a first one has warmed it up, and how many make a sample."""
    seconds = _seconds(call, 1)
    if seconds < 1.0:
        seconds = _seconds(call, 1)
    repeats = max(1, math.ceil(SHORTEST / max(seconds, 1e-9)))
    if repeats > 1:
        seconds = _seconds(call, repeats)
        repeats = max(1, math.ceil(SHORTEST / seconds))
    return seconds, repeats


def _seconds(call: Call, repeats: int) -> float:
    start = perf_counter()
    for _ in range(repeats):
        call()
    return (perf_counter() - start) / repeats


@contextmanager
def _no_collections() -> Iterator[None]:
    """Without the garbage collector, which would otherwise stop whoever happens to be running."""
    gc.collect()
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
