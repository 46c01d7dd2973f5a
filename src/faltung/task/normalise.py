"""From what the user said to a Task: the Problem, and the arrays to solve it for."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from faltung import errors
from faltung.meaning import numbers
from faltung.meaning.extent import Operation
from faltung.task import structure
from faltung.task.allocation import check_room
from faltung.task.describe import PROBLEMS_REMEMBERED, Options, describe
from faltung.task.operand import Operand, Weights, read_input, read_kernel
from faltung.task.problem import Index, Problem
from faltung.task.structure import Structure


class Task(NamedTuple):
    """A Problem with the arrays to solve it for; without values where only shapes were given."""

    problem: Problem
    x: NDArray[Any] | None
    """Input, (1, 1, *space), native byte order."""
    weights: Weights | None
    present: NDArray[np.bool_] | None
    """Which samples exist, like ``x``; None if all do."""
    masked: bool
    axes: tuple[int, ...]
    """Along which axes of x those of the kernel lie, in that order."""
    nan_policy: str


def normalise(operation: Operation, x: object, w: object, options: Options) -> Task:
    """The Task that the user's words describe.

    Raises
    ------
    TypeError, ValueError, OverflowError
        They describe none; the message says which argument, and the mend.
    """
    source, kernel = read_input(x), read_kernel(w)
    problem, axes = describe(operation, options, source.kind, kernel.kind)
    weights = samples = present = None
    if kernel.values is not None and source.values is not None:
        check_room(problem.length, problem.result_dtype)
    if kernel.values is not None:
        problem, weights = _weigh(problem, axes, options.nan_policy, kernel)
    if source.values is not None:
        samples, present = _sample(problem, options.nan_policy, source)
    return Task(problem, samples, weights, present, source.kind.masked, axes, options.nan_policy)


def with_input(task: Task, x: object) -> Task:
    """The task for another input; ValueError if it is not of the planned type and shape."""
    source, problem = read_input(x), task.problem
    kind = source.kind
    if source.values is None:
        raise errors.shape_alone("x")
    same = kind.shape == problem.input_shape and kind.masked == task.masked
    if not same or not _becomes("x", source, problem.input_dtype):
        was = f"{'masked ' * kind.masked}{kind.dtype} {kind.shape}"
        planned = f"{'masked ' * task.masked}{problem.input_dtype} {problem.input_shape}"
        raise errors.unplanned_operand("x", was, planned)
    samples, present = _sample(problem, task.nan_policy, source)
    return task._replace(x=samples, present=present)


def with_kernel(task: Task, w: object) -> Task:
    """The task for a kernel of the planned type and shape; ValueError if it is of another."""
    kernel, problem = read_kernel(w), task.problem
    kind, shape = kernel.kind, tuple(problem.kernel_shape[axis] for axis in task.axes)
    if kernel.values is None:
        raise errors.shape_alone("w")
    if kind.shape != shape or not _becomes("w", kernel, problem.kernel_dtype):
        raise errors.unplanned_operand("w", f"{kind.dtype} {kind.shape}", f"{problem.kernel_dtype} {shape}")
    center = tuple(problem.center[axis] for axis in task.axes)
    if kind.center not in (None, center):
        raise errors.unplanned_center(kind.center or (), center)
    problem, weights = _weigh(problem, task.axes, task.nan_policy, kernel)
    return task._replace(problem=problem, weights=weights)


def _becomes(argument: str, operand: Operand, dtype: np.dtype[Any]) -> bool:
    """Whether an operand has the planned type, or is weak and takes it: never cut to another kind."""
    kind = operand.kind
    if kind.dtype == dtype:
        return True
    if not kind.weak or not np.can_cast(kind.dtype, dtype, "same_kind"):
        return False
    if numbers.is_integral(dtype) and operand.values is not None and operand.values.size:
        low, high = numbers.integer_range(dtype)
        if int(operand.values.min()) < low or int(operand.values.max()) > high:
            raise errors.integers_out_of_plan(argument, str(dtype))
    return True


def _weigh(problem: Problem, axes: tuple[int, ...], nan_policy: str, kernel: Operand) -> tuple[Problem, Weights]:
    """The kernel's weights as the Problem wants them, and the Problem with what they show."""
    weights = kernel.astype(problem.kernel_dtype, "w").weights(problem.kernel_shape, axes)
    if nan_policy == "raise" and _holds_nan(weights.values, None):
        raise errors.holds_nan("w")
    if problem.renormalise:
        _check_weights(weights.values)
    rank = None if weights.terms is None else len(weights.terms)
    return with_facts(problem, structure.observe(weights.values, rank)), weights


def _sample(problem: Problem, nan_policy: str, source: Operand) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """The input's samples as the Problem wants them, and which of them exist."""
    values = source.astype(problem.input_dtype, "x").values
    assert values is not None
    if nan_policy == "raise" and _holds_nan(values, source.mask):
        raise errors.holds_nan("x")
    present = None
    if problem.omit:
        missing = source.mask if source.mask is not None else np.zeros(values.shape, bool)
        if nan_policy == "omit":
            missing = missing | is_nan(values)
        present = ~missing[np.newaxis, np.newaxis]
    return values[np.newaxis, np.newaxis], present


def with_facts(problem: Problem, facts: Structure) -> Problem:
    """The Problem with what is known of its kernel; remembered, as making one takes time."""
    return _with_facts(problem, problem.center, problem.low, type(problem.fill_value).__name__, facts)


@functools.lru_cache(maxsize=PROBLEMS_REMEMBERED)
def _with_facts(problem: Problem, _center: Index, _low: Index, _fill: str, facts: Structure) -> Problem:
    return problem.with_structure(facts)  # of equal ones the one that was said


def is_nan(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where values are NaN, in arrays of any kind."""
    if values.dtype.kind in "fc":
        nan: NDArray[np.bool_] = np.isnan(values)
        return nan
    if values.dtype.kind == "O":
        # A signalling Decimal raises when it is compared.
        each = [value.is_nan() if hasattr(value, "is_nan") else value != value for value in values.flat]
        return np.array(each, bool).reshape(values.shape)
    return np.zeros(values.shape, bool)


def _holds_nan(values: NDArray[Any], mask: NDArray[np.bool_] | None) -> bool:
    known = values if mask is None else values[~mask]
    return bool(is_nan(known).any())


def _check_weights(w: NDArray[Any]) -> None:
    if w.dtype.kind == "c":
        raise errors.weights_not_normalisable("is complex")
    if not np.all(w >= 0):
        raise errors.weights_not_normalisable("holds a negative weight or NaN")
    with np.errstate(over="ignore"):
        total = w.sum(dtype=object if w.dtype.kind != "f" else np.result_type(w, np.float64))
    if not total > 0 or total == float("inf"):
        raise errors.weights_not_normalisable(f"sums to {total}")
