"""The plan: a choice that can be printed, kept and called again and again."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from faltung import errors
from faltung.algorithms.algorithm import Run
from faltung.planner import explanation
from faltung.planner.choose import choose
from faltung.planner.discover import discover
from faltung.planner.solve import solve
from faltung.task.normalise import Task, with_input, with_kernel
from faltung.task.operand import Weights
from faltung.task.problem import Problem


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

    def __init__(self, task: Task, method: str, threads: int | None) -> None:
        self.problem: Problem = task.problem
        self._choice = choose(task.problem, method, held=task.weights is not None)
        self.algorithm: str = self._choice.chosen.algorithm.name
        self._method, self._threads = method, threads
        self._run: Run | None = None
        self._weights: Weights | None = None
        if task.weights is not None:
            self._weights = Weights(task.weights.values.copy(), task.weights.terms)
            self._run = self._choice.chosen.algorithm.prepare(task.problem, self._weights)
        self._task = task._replace(x=None, weights=None, present=None)

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
        task, run, chosen = with_input(self._task, x), self._run, self._choice.chosen
        if run is None:
            task = discover(with_kernel(task, w), self._method)
            chosen = choose(task.problem, self._method).chosen
            assert task.weights is not None
            run = chosen.algorithm.prepare(task.problem, task.weights)
        return solve(task, run, out, chosen.useful_threads(self._threads))

    def __reduce__(self) -> tuple[Any, ...]:
        """What another process makes its own plan from: the kernel is prepared there anew."""
        return type(self), (self._task._replace(weights=self._weights), self._method, self._threads)

    def __repr__(self) -> str:
        return f"Plan({str(self.problem)!r}, algorithm={self.algorithm!r})"

    def __str__(self) -> str:
        return self.explain()

    def explain(self) -> str:
        """The explanation as text: the chosen algorithm, the slower, the refused."""
        return explanation.as_text(self.problem, self._choice)

    def as_dict(self) -> dict[str, Any]:
        """The explanation as plain values: seconds on one core, relative error bounds, bytes."""
        return explanation.as_values(self.problem, self._choice)
