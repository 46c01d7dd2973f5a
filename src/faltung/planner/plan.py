"""The plan: a ranking that can be printed, kept and called again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung import errors, settings
from faltung.algorithms.algorithm import Run
from faltung.planner.choose import Candidate, choose
from faltung.task import structure
from faltung.task.operand import Weights
from faltung.task.problem import Problem

Solve = Callable[[Problem, Run, Any, NDArray[Any] | None, int | None], NDArray[Any]]


class Plan:
    """How a Problem will be solved, made by `faltung.plan`.

    Print it to see the chosen algorithm, its rivals and the reasons of those that refuse;
    call it to solve the Problem. A plan with a kernel holds a copy of it and all that was
    prepared from it. It is safe to share between threads: buffers belong to a call.

    Attributes
    ----------
    problem
        Which sum; prints as one line.
    algorithm
        Name of the chosen algorithm.
    """

    def __init__(
        self, problem: Problem, weights: Weights | None, method: str, threads: int | None, solve: Solve
    ) -> None:
        self._choice = choose(problem, method)
        self.problem = problem
        self.algorithm = self._choice.chosen.algorithm.name
        self._method, self._threads, self._solve = method, threads, solve
        self._run: Run | None = None
        if weights is not None:
            own = Weights(weights.values.copy(), weights.terms)
            self._run = self._choice.chosen.algorithm.prepare(problem, own)

    def __call__(self, x: object, w: object = None, *, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """The feature map of ``x``; of ``x`` and ``w`` for a plan made from shapes alone.

        Raises
        ------
        ValueError
            Shape or type are not those the plan was made for.
        TypeError
            A kernel is missing, or one too many.
        """
        if (w is None) != (self._run is not None):
            raise errors.plan_wants_kernel(self._run is not None)
        if self._run is not None:
            return self._solve(self.problem, self._run, x, out, self._threads)
        problem, weights = self._with_kernel(w)
        run = choose(problem, self._method).chosen.algorithm.prepare(problem, weights)
        return self._solve(problem, run, x, out, self._threads)

    def _with_kernel(self, w: object) -> tuple[Problem, Weights]:
        values = np.asarray(w)
        if values.shape != self.problem.kernel_shape or values.dtype != self.problem.kernel_dtype:
            planned = f"{self.problem.kernel_dtype} {self.problem.kernel_shape}"
            raise errors.unplanned_operand("w", f"{values.dtype} {values.shape}", planned)
        weights = Weights(values[np.newaxis, np.newaxis])
        return self.problem.with_structure(structure.observe(values)), weights

    def __repr__(self) -> str:
        return f"Plan({str(self.problem)!r}, algorithm={self.algorithm!r})"

    def __str__(self) -> str:
        return self.explain()

    def explain(self) -> str:
        """The explanation as text: chosen, slower, refused."""
        chosen = self._choice.chosen
        share = min(chosen.cost.limit_seconds / chosen.cost.seconds, 1.0)
        name = f"{chosen.algorithm.name}  {chosen.cost.detail}"
        lines = [f"{name:<32}{_time(chosen.cost.seconds):>9}   {_error(chosen)}   {share:.0%} of the machine's limit"]
        if self._choice.slower:
            slower = " · ".join(f"{c.algorithm.name} {_time(c.cost.seconds)}" for c in self._choice.slower)
            label = "slower" if all(c.cost.seconds >= chosen.cost.seconds for c in self._choice.slower) else "others"
            lines.append(f"  {label}:   {slower}")
        if self._choice.refused:
            refused = " · ".join(f"{name} ({reason})" for name, reason in self._choice.refused)
            lines.append(f"  refused:  {refused}")
        lines.append(f"  problem:  {self.problem}")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The explanation as plain values: seconds on one core, relative error bounds."""
        chosen = self._choice.chosen
        return {
            "problem": str(self.problem),
            "instruction_set": settings.get_instruction_set(),
            "chosen": chosen.algorithm.name,
            **_values(chosen),
            "slower": [{"algorithm": c.algorithm.name, **_values(c)} for c in self._choice.slower],
            "refused": dict(self._choice.refused),
        }


def _values(candidate: Candidate) -> dict[str, Any]:
    cost = candidate.cost
    return {
        "detail": cost.detail,
        "seconds": cost.seconds,
        "limit_seconds": cost.limit_seconds,
        "error_bound": cost.error_bound,
        "workspace": cost.workspace,
    }


def _error(candidate: Candidate) -> str:
    bound = candidate.cost.error_bound
    return "exact" if bound == 0 else f"error ≤ {bound:.0e}"


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            value = seconds / size
            return f"{value:.2g} {unit}" if value < 100 else f"{value:,.0f} {unit}"
    return f"{seconds / 1e-9:.2g} ns"
