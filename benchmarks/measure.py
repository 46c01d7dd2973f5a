"""One cell, measured: faltung and whoever does the same, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import agreement, operands, ours, work
from benchmarks.bands import Band, band, ratio
from benchmarks.cells import Cell
from benchmarks.limits import Limits, Probe
from benchmarks.peers import Peer
from benchmarks.rounds import Call, Timing, take
from faltung.task.problem import Problem

OURS = "faltung"
EVERY_CORE = "faltung, default threads"
COPY = "copy"
COPY_FROM = 1 << 20
"""Bytes from which a copy runs in the same rounds; below, the rate within the cache serves."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A cell's samples by name, and who refused, disagreed or failed, with the reason."""

    cell: Cell
    plan: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, Timing] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    failed: str | None = None

    def rival(self) -> str | None:
        """The fastest peer, by its median."""
        others = {name for name in self.timings if name not in (OURS, EVERY_CORE, COPY)}
        return min(others, key=lambda name: self.seconds(name), default=None)

    def lead(self) -> Band | None:
        """The best peer's time over ours: above 1 we are faster."""
        rival = self.rival()
        return None if rival is None else self.over(rival)

    def over(self, name: str) -> Band:
        """That one's time over ours, round by round."""
        return ratio(self.timings[name].samples, self.timings[OURS].samples)

    def seconds(self, name: str) -> float:
        """The median of one's samples."""
        return band(self.timings[name].samples).middle


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same for every cell of a run."""

    peers: Sequence[Peer]
    rounds: int
    threads: int
    probe: Probe | None = None


def measure(cell: Cell, setting: Setting) -> Measured:
    """Check every peer against faltung, then time those that agree."""
    problem = cell.problem
    given = operands.draw(problem)
    try:
        mine = _ours(cell, given, setting.threads)
        expected = mine()
        plan = ours.plan(problem, given, setting.threads)
    except (ValueError, TypeError, NotImplementedError, OverflowError) as error:
        return Measured(cell, failed=f"{type(error).__name__}: {error}")
    measured = Measured(cell, plan)
    calls: dict[str, Call] = {OURS: mine, EVERY_CORE: _ours(cell, given, None)}
    if setting.probe is not None and work.size(problem) >= COPY_FROM:
        calls[COPY] = setting.probe.copier(work.size(problem) // 2)
    for peer in setting.peers:
        _admit(peer, measured, given, expected, calls)
    measured.timings.update(take(calls, setting.rounds))
    return measured


def _ours(cell: Cell, given: operands.Operands, threads: int | None) -> Call:
    asked = ours.training_step if cell.training else ours.call
    return asked(cell.problem, given, threads)


def _admit(peer: Peer, measured: Measured, given: operands.Operands, expected: Any, calls: dict[str, Call]) -> None:
    """Among the calls if it does this and agrees; else the reason is noted."""
    problem = measured.cell.problem
    prepare = peer.train if measured.cell.training else peer.prepare
    prepared = "no gradients" if prepare is None else prepare(problem, given)
    if isinstance(prepared, str):
        measured.refused[peer.name] = prepared
        return
    compare = agreement.step_difference if measured.cell.training else agreement.difference
    try:
        differs = compare(problem, given, expected, prepared())
    except Exception as error:  # a peer's own failure, of whatever kind, is its result
        differs = f"{type(error).__name__}: {error}"
    if differs is None:
        calls[peer.name] = prepared
    else:
        measured.wrong[peer.name] = differs


def limit(measured: Measured, algorithm: str, limits: Limits, threads: int) -> float | None:
    """Seconds below which this algorithm cannot come here: its operations at the peak, or the bytes' copy."""
    problem = Problem.parse(measured.plan["problem"])  # with what the planner found out about the kernel
    count = work.operations(algorithm, problem)
    if count is None:
        return None
    passes = 3 if measured.cell.training else 1  # each gradient has the forward pass's products
    copied = measured.timings.get(COPY)
    moving = band(copied.samples).middle if copied else work.size(problem) / limits.copy_cache
    return max(passes * count / (work.peak(problem, limits) * threads), moving)


def null_run(cell: Cell, setting: Setting) -> Band:
    """Faltung beside itself: how far from 1 a ratio comes when nothing differs."""
    given = operands.draw(cell.problem)
    calls = {name: _ours(cell, given, setting.threads) for name in ("A", "A again")}
    timings = take(calls, setting.rounds)
    return ratio(timings["A again"].samples, timings["A"].samples)
