"""Regret: the time of the algorithm that the planner chose over that of the best one it could have chosen."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks import operands, ours
from benchmarks.bands import Band, band, ratio
from benchmarks.cells import Cell
from benchmarks.measure import Setting
from benchmarks.rounds import Call, Timing, take

PATIENCE = 0.5
"""Predicted seconds a call beyond which an algorithm is not tried, but named."""


@dataclass(frozen=True, slots=True)
class Regret:
    """Samples of every algorithm that accepted one cell, what the plan chose and predicted."""

    cell: Cell
    chosen: str = ""
    predicted: dict[str, float] = field(default_factory=dict)
    timings: dict[str, Timing] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    failed: str | None = None

    @property
    def best(self) -> str:
        """The algorithm with the smallest median."""
        return min(self.timings, key=lambda name: band(self.timings[name].samples).middle)

    @property
    def band(self) -> Band:
        """Chosen over best, round by round; 1 where the choice was the best."""
        return ratio(self.timings[self.chosen].samples, self.timings[self.best].samples)


def regret(cell: Cell, setting: Setting) -> Regret:
    """Time every algorithm that accepts the cell's Problem."""
    if cell.training:
        return Regret(cell, failed="a training step is three Problems, each with a plan of its own")
    problem = cell.problem
    given = operands.draw(problem)
    try:
        plan = ours.plan(problem, given, setting.threads)
        predicted = {plan["chosen"]: plan["seconds"]} | {row["algorithm"]: row["seconds"] for row in plan["slower"]}
        tried = [name for name, seconds in predicted.items() if seconds <= PATIENCE or name == plan["chosen"]]
        calls: dict[str, Call] = {name: ours.call(problem, given, setting.threads, name) for name in tried}
        timings = take(calls, setting.rounds)
    except (ValueError, TypeError, NotImplementedError, OverflowError) as error:
        return Regret(cell, failed=f"{type(error).__name__}: {error}")
    return Regret(cell, plan["chosen"], predicted, timings, [name for name in predicted if name not in tried])
