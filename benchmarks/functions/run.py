"""The functions domain measured: who reaches the accuracy, in which time, losing cells first."""

from __future__ import annotations

import json
import math
import resource
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from mpmath import mp, mpf

from benchmarks.bands import band, ratio
from benchmarks.functions import answers
from benchmarks.functions.answers import Answer, Values
from benchmarks.functions.questions import Question, questions
from benchmarks.report import duration, marked
from benchmarks.rounds import Timing, take
from benchmarks.tables import Table, show

OURS = "faltung"
ACCURATE = 1e-12
"""A peer counts if its largest error, over the result's scale, is at most this, what is asked of us, or ours."""
PATIENCE = 20
"""Seconds that a peer's first answer may take."""
ROOM = 4 << 30
"""Bytes that the process may hold meanwhile; a peer that wants more runs out of memory."""
EXACT_AT = 100
"""Points at which errors are measured, the first ones."""


@dataclass(frozen=True)
class Measured:
    """A cell: samples and errors by name, and who refused or was left out, with the reason."""

    question: Question
    timings: dict[str, Timing]
    errors: dict[str, float]
    left_out: dict[str, str] = field(default_factory=dict)

    def accurate(self) -> list[str]:
        """Peers that reach the accuracy, fastest first."""
        enough = max(ACCURATE, self.errors[OURS])
        able = [name for name in self.timings if name != OURS and self.errors[name] <= enough]
        return sorted(able, key=self.seconds)

    def seconds(self, name: str) -> float:
        """The median for as many values as we compute."""
        return band(self.timings[name].samples).middle

    def lead(self) -> float:
        """The best accurate peer's time over ours; infinite without one."""
        able = self.accurate()
        return self.seconds(able[0]) / self.seconds(OURS) if able else math.inf


class TooSlowError(Exception):
    """A first answer that is not waited for."""


def main(rounds: int, record: Path | None = None) -> list[Measured]:
    """Measure all cells and print them."""
    results: list[Measured] = []
    try:
        results.extend(measure(question, rounds) for question in questions())
    except KeyboardInterrupt:
        print(f"interrupted after {len(results)} cells")
    show(report(results))
    print("\n".join(remarks(results)))
    if record is not None:
        entries = [_entry(result) for result in results]
        record.write_text(json.dumps({"rounds": rounds, "cells": entries}, indent=1) + "\n")
    return results


def measure(question: Question, rounds: int) -> Measured:
    """One cell: first answers, errors, then rounds of those that are accurate or nearly."""
    exact = reference(question)
    mine = question.ours or answers.ours(question.operands, question.points, question.by_name)
    measured = Measured(question, {}, {OURS: error(mine(), exact)})
    calls: dict[str, Answer] = {OURS: mine}
    asked = dict(question.others)
    if question.operands:
        asked |= {name: peer(question.operands, question.points) for name, peer in answers.PEERS.items()}
    for name, answer in asked.items():
        if isinstance(answer, str):
            measured.left_out[name] = answer
            continue
        try:
            with warnings.catch_warnings(), patience():
                warnings.simplefilter("ignore")
                measured.errors[name] = error(answer(), exact)
            calls[name] = _quiet(answer)
        except TooSlowError:
            measured.left_out[name] = f"more than {PATIENCE} s"
        except Exception as problem:  # a peer's own failure, of whatever kind, is its result
            measured.left_out[name] = f"{type(problem).__name__}: {str(problem).splitlines()[0][:100]}"
    measured.timings.update(take(calls, rounds))
    return measured


def reference(question: Question) -> list[Any]:
    """The values at the first points, with 50 digits."""
    with mp.workdps(50):
        return [question.exact(mpf(float(point))) for point in question.points[:EXACT_AT]]


def error(values: Values, exact: list[Any]) -> float:
    """The largest error over the largest value."""
    with mp.workdps(50):
        scale = max(abs(value) for value in exact)
        worst = max(abs(mpf(float(v)) - e) for v, e in zip(np.asarray(values), exact, strict=False))
        return float(worst / scale)


@contextmanager
def patience() -> Iterator[None]:
    """Raise TooSlowError when it runs out, MemoryError when the room does."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlowError

    before, (room, most) = signal.signal(signal.SIGALRM, give_up), resource.getrlimit(resource.RLIMIT_DATA)
    signal.alarm(PATIENCE)
    resource.setrlimit(resource.RLIMIT_DATA, (ROOM, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (room, most))
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def report(results: list[Measured]) -> Table:
    """One row for each cell, those that we lose first."""
    ordered = sorted(results, key=Measured.lead)
    leads = [result.lead() for result in ordered if math.isfinite(result.lead())]
    mean = math.exp(sum(map(math.log, leads)) / len(leads)) if leads else math.nan
    title = (
        f"{len(results)} cells, losing first; geometric mean of the best accurate peer's time over ours: "
        f"{mean:.3g} over {len(leads)} cells, {len(results) - len(leads)} without an accurate peer"
    )
    heads = ("cell", "time", "goal", "error", "best accurate peer", "its error", "its time / ours")
    styles = ["" if math.isinf(result.lead()) else "green" if result.lead() > 1 else "red" for result in ordered]
    return Table(title, heads, [_row(result) for result in ordered], styles)


def _row(result: Measured) -> list[str]:
    able = result.accurate()
    goal = result.question.goal
    peer = ["none", "", ""]
    if able:
        over = ratio(result.timings[able[0]].samples, result.timings[OURS].samples)
        peer = [able[0], f"{result.errors[able[0]]:.0e}", marked(over)]
    seconds = duration(result.seconds(OURS))
    return [str(result.question), seconds, "" if goal is None else duration(goal), f"{result.errors[OURS]:.0e}", *peer]


def remarks(results: list[Measured]) -> list[str]:
    """The peers that do not count, and why."""
    lines = []
    for result in results:
        able = result.accurate()
        for name, what in result.left_out.items():
            lines.append(f"not timed     {result.question}: {name}: {what}")
        for name in result.timings:
            if name not in (OURS, *able):
                told = f"error {result.errors[name]:.0e}, {duration(result.seconds(name))}"
                lines.append(f"inaccurate    {result.question}: {name}: {told}")
        for name in able[1:]:
            lines.append(f"slower        {result.question}: {name}: {duration(result.seconds(name))}")
    return lines


def _quiet(answer: Answer) -> Answer:
    def quiet() -> Values:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return answer()

    return quiet


def _entry(result: Measured) -> dict[str, Any]:
    timings = {name: asdict(timing) for name, timing in result.timings.items()}
    return {
        "cell": str(result.question), "goal": result.question.goal, "timings": timings, "errors": result.errors,
        "left_out": result.left_out,
    }  # fmt: skip
