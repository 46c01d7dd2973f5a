"""From what the user said to a Problem and its arrays, in numbered steps; none goes back.

1 words, 2 operands, 3 axes, 4 centre, 5 types, 6 box, 7 the Problem.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from faltung import errors
from faltung.meaning import boundary as boundaries
from faltung.meaning import extent, numbers
from faltung.meaning.boundary import Boundary
from faltung.meaning.extent import MODES, Mode, Operation
from faltung.task import structure
from faltung.task.operand import Operand, Weights, read_input, read_kernel
from faltung.task.problem import Index, Problem

NAN_POLICIES = ("propagate", "omit", "raise")
_REACH_LIMIT = 2**62
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Options:
    """The parameters of `faltung.convolve` that decide which sum, as the user gave them."""

    mode: Mode = "full"
    axes: int | Sequence[int] | None = None
    boundary: Boundary | Sequence[Boundary] = "constant"
    fill_value: complex = 0
    center: int | Sequence[int] | None = None
    stride: int | Sequence[int] = 1
    dilation: int | Sequence[int] = 1
    nan_policy: str = "propagate"
    accuracy: str | float = "norm"
    dtype: DTypeLike | None = None


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
    mode, accuracy = _words(options)  # 1
    source, kernel = read_input(x), read_kernel(w)  # 2
    axes = _axes(source, kernel, options.axes)  # 3
    boundary = _spread(_each("boundary", options.boundary, len(axes), boundaries.check), axes, source.ndim, "constant")
    stride = _spread(_each("stride", options.stride, len(axes), _step("stride")), axes, source.ndim, 1)
    dilation = _spread(_each("dilation", options.dilation, len(axes), _step("dilation")), axes, source.ndim, 1)
    center = _spread(_centers(operation, kernel, options.center), axes, source.ndim, 0)  # 4
    kernel_shape = _spread(kernel.shape, axes, source.ndim, 1)
    source, kernel, result, omit = _types(source, kernel, boundary, options)  # 5
    low, length = _box(operation, mode, source.shape, kernel_shape, axes, center, stride, dilation)  # 6
    problem = Problem(  # 7
        operation=operation,
        input_dtype=source.dtype,
        input_shape=source.shape,
        kernel_dtype=kernel.dtype,
        kernel_shape=kernel_shape,
        result_dtype=result,
        center=center,
        stride=stride,
        dilation=dilation,
        input_dilation=(1,) * source.ndim,
        low=low,
        length=length,
        boundary=boundary,
        omit=omit,
        accuracy=accuracy,
    )
    problem = _with_fill_value(problem, options.fill_value, options.boundary)
    weights = kernel.weights(kernel_shape, axes)
    if weights is not None:
        problem = problem.with_structure(structure.observe(weights.values, weights.rank))
        _check_values(problem, source, weights, options.nan_policy)
    values = None if source.values is None else source.values[np.newaxis, np.newaxis]
    return Task(problem, values, weights, _present(source, omit), source.mask is not None)


# 1 words -----------------------------------------------------------------------------------


def _words(options: Options) -> tuple[Mode, str | float]:
    if not isinstance(options.mode, str) or options.mode not in MODES:
        raise errors.unknown_word("mode", options.mode, MODES)
    if not isinstance(options.nan_policy, str) or options.nan_policy not in NAN_POLICIES:
        raise errors.unknown_word("nan_policy", options.nan_policy, NAN_POLICIES)
    return options.mode, _accuracy(options.accuracy)


def _accuracy(accuracy: object) -> str | float:
    if isinstance(accuracy, str):
        if accuracy in ("norm", "elementwise"):
            return accuracy
    elif isinstance(accuracy, int | float | np.integer | np.floating) and 0 < accuracy < 1:
        return float(accuracy)
    raise errors.bad_accuracy(accuracy)


# 3 axes ------------------------------------------------------------------------------------


def _axes(source: Operand, kernel: Operand, axes: object) -> Index:
    if axes is None:
        if source.ndim != kernel.ndim:
            raise errors.dimensions_differ(source.shape, kernel.shape)
        return tuple(range(source.ndim))
    given = tuple(axes) if isinstance(axes, Sequence | np.ndarray) else (axes,)
    named = tuple(_integer("axes", axis) for axis in given)
    for axis in named:
        if not -source.ndim <= axis < source.ndim:
            raise errors.axis_out_of_range(axis, source.ndim)
    positive = tuple(axis % source.ndim for axis in named)
    if len(set(positive)) != len(positive):
        raise errors.axis_twice(named)
    if len(positive) != kernel.ndim:
        raise errors.axes_differ(named, kernel.shape)
    return positive


def _integer(argument: str, value: object) -> int:
    if isinstance(value, bool | np.bool_):
        raise errors.not_an_integer(argument, value)
    try:
        return operator.index(value)  # type: ignore[arg-type]  # its TypeError is the check
    except TypeError:
        raise errors.not_an_integer(argument, value) from None


def _step(argument: str) -> Any:
    def check(value: object) -> int:
        step = _integer(argument, value)
        if step < 1:
            raise errors.below_one(argument, step)
        if step >= _REACH_LIMIT:
            raise errors.too_large(argument, step)
        return step

    return check


def _each(argument: str, value: Any, count: int, check: Any) -> tuple[Any, ...]:
    """One checked value for each axis of the kernel, from one for all or one for each."""
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
        return (check(value),) * count
    if len(value) != count:
        raise errors.wrong_count(argument, len(value), count)
    return tuple(check(entry) for entry in value)


def _spread(values: tuple[_T, ...], axes: Index, ndim: int, other: _T) -> tuple[_T, ...]:
    """The kernel's per-axis values at its axes of x; ``other`` at those beside it (batch axes)."""
    spread = [other] * ndim
    for axis, value in zip(axes, values, strict=True):
        spread[axis] = value
    return tuple(spread)


# 4 centre ----------------------------------------------------------------------------------


def _centers(operation: Operation, kernel: Operand, center: object) -> Index:
    if 0 in kernel.shape:
        raise errors.empty_kernel(kernel.shape)
    if center is None:
        return kernel.center or tuple(extent.default_center(operation, k) for k in kernel.shape)
    given = _each("center", center, kernel.ndim, lambda value: _integer("center", value))
    for axis, (m, k) in enumerate(zip(given, kernel.shape, strict=True)):
        if not 0 <= m < k:
            raise errors.center_outside(m, k, axis)
    return given


# 5 types -----------------------------------------------------------------------------------


def _types(
    source: Operand, kernel: Operand, boundary: tuple[Boundary, ...], options: Options
) -> tuple[Operand, Operand, np.dtype[Any], bool]:
    """Operands with weak ones cast, the result's type, and whether samples may be missing."""
    natural = numbers.result_type(source.dtype, kernel.dtype, x_weak=source.weak, w_weak=kernel.weak)
    exact_kinds(source, kernel)
    omit = source.mask is not None or (options.nan_policy == "omit" and source.dtype.kind in "fc")
    if (omit or "normalize" in boundary) and numbers.is_integral(natural):
        natural = np.dtype(np.float64)
    result = numbers.chosen_result_type(natural, _dtype(options.dtype))
    if source.weak != kernel.weak:
        if source.weak:
            source = source.beside(kernel)
        else:
            kernel = kernel.beside(source)
    return source, kernel, result, omit


def _dtype(dtype: DTypeLike | None) -> np.dtype[Any] | None:
    if dtype is None:
        return None
    try:
        return np.dtype(dtype).newbyteorder("=")
    except TypeError as reason:
        raise errors.result_dtype_refused(str(dtype), "a number", f"name a numeric type ({reason})") from None


def exact_kinds(source: Operand, kernel: Operand) -> None:
    """Refuse Fractions beside Decimals, which Python's own sums refuse half-way."""
    kinds = [operand.exact_kind() for operand in (source, kernel)]
    if None not in kinds and "Decimal" in kinds and {"Fraction", "float"} & set(kinds):
        raise errors.mixed_exact(*(str(kind) for kind in kinds))


# 6 box -------------------------------------------------------------------------------------


def _box(
    operation: Operation,
    mode: Mode,
    shape: Index,
    kernel_shape: Index,
    axes: Index,
    center: Index,
    stride: Index,
    dilation: Index,
) -> tuple[Index, Index]:
    boxes = []
    for axis, (n, k, m, s, d) in enumerate(zip(shape, kernel_shape, center, stride, dilation, strict=True)):
        if axis not in axes:
            boxes.append((0, n))
            continue
        if n == 0 and mode != "same":
            raise errors.empty_input(shape, mode)
        first, last = extent.reach(operation, k, d, m)
        if last - first >= _REACH_LIMIT:
            raise errors.too_large("dilation", d)
        low, length = extent.box(mode, n, first, last, s)
        if length < 1 and n > 0:
            raise errors.kernel_does_not_fit(last - first + 1, n, axis)
        boxes.append((low, length))
    return tuple(low for low, _ in boxes), tuple(length for _, length in boxes)


# 7 the Problem -----------------------------------------------------------------------------


def _with_fill_value(problem: Problem, value: object, said: object) -> Problem:
    fill = fill_value_as(value, problem)
    if fill != 0 and "constant" not in problem.boundary:
        raise errors.fill_value_without_constant(value, said)
    return problem.with_fill_value(fill)


def fill_value_as(value: object, problem: Problem) -> int | float | complex:
    """The fill value as a Python number that the computation's type holds."""
    computed = problem.compute_dtype if problem.result_dtype.kind in "biuO" else problem.result_dtype
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, int | float | complex):
        if problem.input_dtype.kind == "c":
            return number
        if not isinstance(number, complex):
            if not numbers.is_integral(computed):
                return _NAN if math.isnan(number) else number
            if math.isfinite(number) and number == int(number) and -(2**63) <= number < 2**64:
                return int(number)
    raise errors.fill_value_does_not_fit(value, str(computed))


_NAN = float("nan")  # one object, so that Problems which fill with NaN compare equal


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


def _present(source: Operand, omit: bool) -> NDArray[np.bool_] | None:
    if source.values is None or not omit:
        return None
    missing = np.isnan(source.values) if source.mask is None else source.mask
    present: NDArray[np.bool_] = ~missing
    return present[np.newaxis, np.newaxis]
