"""From what the user said to a Task: the Problem, and the arrays to solve it for."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung import errors
from faltung.meaning.extent import Operation
from faltung.task import structure
from faltung.task.describe import PROBLEMS_REMEMBERED, Options, describe
from faltung.task.operand import Operand, Weights, read_input, read_kernel
from faltung.task.problem import Problem
from faltung.task.structure import Structure


@dataclass(frozen=True, slots=True)
class Task:
    """A Problem with the arrays to solve it for; without values where only shapes were given."""

    problem: Problem
    x: NDArray[Any] | None
    """Input, (1, 1, *space), native byte order."""
    weights: Weights | None
    present: NDArray[np.bool_] | None
    """Which samples exist, like ``x``; None if all do."""
    masked: bool


def normalise(operation: Operation, x: object, w: object, options: Options) -> Task:
    """The Task that the user's words describe.

    Raises
    ------
    TypeError, ValueError, OverflowError
        They describe none; the message says which argument, and the mend.
    """
    source, kernel = read_input(x), read_kernel(w)
    problem, axes = describe(operation, options, source.kind, kernel.kind)
    source, kernel = source.astype(problem.input_dtype), kernel.astype(problem.kernel_dtype)
    weights = kernel.weights(problem.kernel_shape, axes)
    if weights is not None:
        problem = _with_facts(problem, structure.observe(weights.values, weights.rank))
        _check_values(problem, source, weights, options.nan_policy)
    values = None if source.values is None else source.values[np.newaxis, np.newaxis]
    return Task(problem, values, weights, present_samples(source, problem), source.mask is not None)


@functools.lru_cache(maxsize=PROBLEMS_REMEMBERED)
def _with_facts(problem: Problem, facts: Structure) -> Problem:
    return problem.with_structure(facts)


def present_samples(source: Operand, problem: Problem) -> NDArray[np.bool_] | None:
    """Which samples exist, (1, 1, *space); None if all do."""
    if source.values is None or not problem.omit:
        return None
    missing = np.isnan(source.values) if source.mask is None else source.mask
    present: NDArray[np.bool_] = ~missing
    return present[np.newaxis, np.newaxis]


def _check_values(problem: Problem, source: Operand, weights: Weights, nan_policy: str) -> None:
    if nan_policy == "raise":
        if source.values is not None and _holds_nan(source.values, source.mask):
            raise errors.holds_nan("x")
        if _holds_nan(weights.values, None):
            raise errors.holds_nan("w")
    if problem.renormalise:
        _check_weights(weights.values)


def _holds_nan(values: NDArray[Any], mask: NDArray[np.bool_] | None) -> bool:
    known = values if mask is None else values[~mask]
    return values.dtype.kind in "fc" and bool(np.isnan(known).any())


def _check_weights(w: NDArray[Any]) -> None:
    if w.dtype.kind == "c":
        raise errors.weights_not_normalisable("is complex")
    if not np.all(w >= 0):
        raise errors.weights_not_normalisable("holds a negative weight or NaN")
    total = w.sum(dtype=object if w.dtype.kind != "f" else None)
    if not total > 0 or total == float("inf"):
        raise errors.weights_not_normalisable(f"sums to {total}")
