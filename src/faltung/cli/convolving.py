"""One call of the library for a command: planned, timed, and told in a line."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from faltung import operations
from faltung.cli.command_error import told_by_the_library
from faltung.cli.patience import expect
from faltung.meaning.boundary import Boundary
from faltung.meaning.extent import Mode, Operation


@dataclass(frozen=True)
class Way:
    """How to convolve, as the user said it; the library checks the words."""

    operation: Operation
    mode: str
    boundary: str

    @property
    def boundaries(self) -> str | tuple[str, ...]:
        """One for all axes, or those between commas."""
        words = tuple(word.strip() for word in self.boundary.split(","))
        return words if len(words) > 1 else words[0]

    def __str__(self) -> str:
        return f"{self.operation}, mode {self.mode}, boundary {self.boundary}"


@dataclass(frozen=True)
class Outcome:
    """The result, the algorithm that the planner chose, and how long it took."""

    values: NDArray[Any]
    algorithm: str
    detail: str
    seconds: float

    @property
    def description(self) -> str:
        """Algorithm and time, in words."""
        return f"{self.algorithm} {self.detail}".rstrip() + f" in {duration(self.seconds)}"


def convolve(x: NDArray[Any], w: Any, way: Way, axes: Sequence[int] | None = None) -> Outcome:
    """Plan and solve, on the clock."""
    with told_by_the_library():
        plan = operations.plan(
            x, w, cast("Mode", way.mode), operation=way.operation, axes=axes,
            boundary=cast("Boundary | tuple[Boundary, ...]", way.boundaries),
        )  # fmt: skip
        predicted = plan.as_dict()
        expect(predicted["seconds"])
        start = time.perf_counter()
        values = plan(x)
    return Outcome(values, plan.algorithm, predicted["detail"], time.perf_counter() - start)


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """The channels of a sound as one outcome."""
    first = outcomes[0]
    rows = np.stack([outcome.values for outcome in outcomes])
    return Outcome(rows, first.algorithm, first.detail, sum(outcome.seconds for outcome in outcomes))


def duration(seconds: float) -> str:
    """``seconds`` to two digits, in the unit that suits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"
