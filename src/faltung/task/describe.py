"""Which Problem the user's words mean for operands of these kinds, in numbered steps.

1 words, 2 axes, 3 centre, 4 types, 5 box, 6 the Problem; none goes back. Values play no part,
so that a repeated call finds its Problem in the cache.
"""

from __future__ import annotations

import cmath
import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from faltung import errors
from faltung.meaning import boundary as boundaries
from faltung.meaning import extent, numbers
from faltung.meaning.boundary import Boundary
from faltung.meaning.extent import MODES, OPERATIONS, Mode, Operation
from faltung.task.operand import Kind
from faltung.task.per_axis import MOST_AXES, REACH_LIMIT, each, integer, step
from faltung.task.problem import Index, Problem
from faltung.task.reading import is_number

NAN_POLICIES = ("propagate", "omit", "raise")
PROBLEMS_REMEMBERED = 512
# Types of words whose values cannot change behind the cache's back.
_UNCHANGING = frozenset([str, int, float, complex, bool, type(None)])
_T = TypeVar("_T")


class Options(NamedTuple):
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
    spacing: float | None = None
    variable: Any = None


def describe(operation: Operation, options: Options, x: Kind, w: Kind) -> tuple[Problem, Index]:
    """The Problem, and along which axes of x those of w lie.

    Raises
    ------
    TypeError, ValueError, OverflowError
        The words describe none; the message says which argument, and the mend.
    """
    frozen = frozen_words(options)
    if frozen is None:
        return _describe(operation, options, x, w)
    words, types_within = frozen
    try:
        return _remembered(operation, x, w, types_within, *words)
    except (TypeError, ValueError, OverflowError):
        return _describe(operation, options, x, w)  # the same error, in the user's own words


def frozen_words(words: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[object, ...]] | None:
    """The user's words as a cache may keep them, and the types within sequences: 1, 1.0 and True
    are equal, but not all are strides. None if a word may change.
    """
    if _UNCHANGING.issuperset(map(type, words)):
        return words, ()
    words = tuple(map(_unchanging, words))
    if not all(map(_cannot_change, words)):
        return None
    return words, tuple(_types(word) for word in words if isinstance(word, tuple))


def _types(word: object) -> object:
    return tuple(map(_types, word)) if isinstance(word, tuple) else type(word)


def _unchanging(word: object) -> object:
    """Numbers as Python's, arrays and lists as tuples."""
    if isinstance(word, np.ndarray | np.generic):
        word = word.tolist()
    return tuple(word) if isinstance(word, list) else word


def _cannot_change(word: object) -> bool:
    if isinstance(word, tuple):
        return all(map(_cannot_change, word))
    return type(word) in _UNCHANGING or isinstance(word, type | np.dtype)


@functools.lru_cache(maxsize=PROBLEMS_REMEMBERED, typed=True)
def _remembered(
    operation: Operation, x: Kind, w: Kind, _types_within: tuple[object, ...], *words: Any
) -> tuple[Problem, Index]:
    return _describe(operation, Options(*words), x, w)


def _describe(operation: Operation, options: Options, x: Kind, w: Kind) -> tuple[Problem, Index]:
    x, w = _floating_beside(x, w), _floating_beside(w, x)
    mode, accuracy = _words(operation, options)  # 1
    axes = _axes(x, w, options.axes)  # 2
    rules = each("boundary", options.boundary, len(axes), boundaries.check)
    # Nothing lies beyond a batch axis that is read: any rule will do, best one that is there.
    boundary = _spread(rules, axes, x.ndim, rules[0] if rules else "constant")
    stride = _spread(each("stride", options.stride, len(axes), step("stride")), axes, x.ndim, 1)
    dilation = _spread(each("dilation", options.dilation, len(axes), step("dilation")), axes, x.ndim, 1)
    center = _spread(_centers(operation, w, options.center), axes, x.ndim, 0)  # 3
    kernel_shape = _spread(w.shape, axes, x.ndim, 1)
    omit = x.masked or (options.nan_policy == "omit" and x.dtype.kind in "fcO")
    result = _result_type(x, w, omit or "normalize" in boundary, options.dtype)  # 4
    low, length = _box(operation, mode, x.shape, kernel_shape, axes, center, stride, dilation)  # 5
    problem = Problem(  # 6
        operation=operation,
        input_dtype=x.beside(w),
        input_shape=x.shape,
        kernel_dtype=w.beside(x),
        kernel_shape=kernel_shape,
        result_dtype=result,
        center=center,
        stride=stride,
        dilation=dilation,
        input_dilation=(1,) * x.ndim,
        low=low,
        length=length,
        boundary=boundary,
        omit=omit,
        accuracy=accuracy,
    )
    return _with_fill_value(problem, options.fill_value, options.boundary), axes


# 1 words -----------------------------------------------------------------------------------


def _words(operation: object, options: Options) -> tuple[Mode, str | float]:
    if not isinstance(operation, str) or operation not in OPERATIONS:
        raise errors.unknown_word("operation", operation, OPERATIONS)
    if options.spacing is not None:
        raise errors.spacing_without_function(options.spacing)
    if options.variable is not None:
        raise errors.variable_without_expression(options.variable)
    if not isinstance(options.mode, str) or options.mode not in MODES:
        raise errors.unknown_word("mode", options.mode, MODES)
    if not isinstance(options.nan_policy, str) or options.nan_policy not in NAN_POLICIES:
        raise errors.unknown_word("nan_policy", options.nan_policy, NAN_POLICIES)
    return options.mode, accuracy_of(options.accuracy)


def accuracy_of(accuracy: object) -> str | float:
    """``accuracy`` if it is a word or a relative tolerance; ValueError otherwise."""
    if isinstance(accuracy, str):
        if accuracy in ("norm", "elementwise"):
            return accuracy
    elif isinstance(accuracy, int | float | np.integer | np.floating) and 0 < accuracy < 1:
        return float(accuracy)
    raise errors.bad_accuracy(accuracy)


# 2 axes ------------------------------------------------------------------------------------


def _axes(x: Kind, w: Kind, axes: object) -> Index:
    if x.ndim > MOST_AXES:
        raise errors.too_many_axes(x.ndim, MOST_AXES)
    if axes is None:
        if x.ndim != w.ndim:
            raise errors.dimensions_differ(x.shape, w.shape)
        return tuple(range(x.ndim))
    given = tuple(np.ravel(axes)) if isinstance(axes, np.ndarray) else axes if isinstance(axes, Sequence) else (axes,)
    named = tuple(integer("axes", axis) for axis in given)
    for axis in named:
        if not -x.ndim <= axis < x.ndim:
            raise errors.axis_out_of_range(axis, x.ndim)
    positive = tuple(axis % x.ndim for axis in named)
    if len(set(positive)) != len(positive):
        raise errors.axis_twice(named)
    if len(positive) != w.ndim:
        raise errors.axes_differ(named, w.shape)
    return positive


def _spread(values: tuple[_T, ...], axes: Index, ndim: int, other: _T) -> tuple[_T, ...]:
    """The kernel's per-axis values at its axes of x; ``other`` at those beside it (batch axes)."""
    spread = [other] * ndim
    for axis, value in zip(axes, values, strict=True):
        spread[axis] = value
    return tuple(spread)


# 3 centre ----------------------------------------------------------------------------------


def _centers(operation: Operation, w: Kind, center: object) -> Index:
    if 0 in w.shape:
        raise errors.empty_kernel(w.shape)
    center = w.center if center is None else center
    if center is None:
        return tuple(extent.default_center(operation, k) for k in w.shape)
    given = each("center", center, w.ndim, lambda value: integer("center", value))
    for axis, (m, k) in enumerate(zip(given, w.shape, strict=True)):
        if not 0 <= m < k:
            raise errors.center_outside(m, k, axis)
    return given


# 4 types -----------------------------------------------------------------------------------


def _floating_beside(kind: Kind, other: Kind) -> Kind:
    """Python's integers of any length are floating numbers beside an array of such."""
    exact = kind.weak and kind.exact == "int" and not other.weak and other.dtype.kind in "fc"
    return kind._replace(dtype=np.dtype(np.int64), exact=None) if exact else kind


def _result_type(x: Kind, w: Kind, renormalised: bool, wanted: DTypeLike | None) -> np.dtype[Any]:
    exact = {x.exact, w.exact}
    if "Decimal" in exact and exact & {"Fraction", "float", "complex"}:
        raise errors.mixed_exact(str(x.exact), str(w.exact))  # Python's own sums refuse these half-way
    natural = numbers.result_type(x.dtype, w.dtype, x_weak=x.weak, w_weak=w.weak, renormalised=renormalised)
    return numbers.chosen_result_type(natural, _dtype(wanted))


def _dtype(dtype: DTypeLike | None) -> np.dtype[Any] | None:
    if dtype is None:
        return None
    try:
        return np.dtype(dtype).newbyteorder("=")
    except TypeError as reason:
        raise errors.not_a_dtype(dtype, str(reason)) from None


# 5 box -------------------------------------------------------------------------------------


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
        first, last = extent.reach(operation, k, d, m)
        if last - first >= REACH_LIMIT:
            raise errors.too_large("dilation", d)
        boxes.append(axis_box(mode, shape, axis, n, first, last, s))
    return tuple(low for low, _ in boxes), tuple(length for _, length in boxes)


def axis_box(mode: Mode, shape: Index, axis: int, n: int, first: int, last: int, stride: int) -> tuple[int, int]:
    """The box of ``mode`` on an axis of ``n`` samples; ValueError if no output is in it."""
    if n == 0 and mode != "same":
        raise errors.empty_input(shape, mode)
    low, length = extent.box(mode, n, first, last, stride)
    if length < 1 and n > 0:
        raise errors.kernel_does_not_fit(last - first + 1, n, axis)
    return low, length


# 6 the Problem -----------------------------------------------------------------------------


def _with_fill_value(problem: Problem, value: object, said: object) -> Problem:
    fill = fill_value_as(value, problem)
    if fill != 0 and "constant" not in problem.boundary:
        raise errors.fill_value_without_constant(value, said)
    return problem.with_fill_value(fill)


def fill_value_as(value: Any, problem: Problem) -> Any:
    """The fill value as what it is, a sample of the input: of the input's integer type or, where
    sums are floating, of the precision in which they are computed.
    """
    number = value.item() if isinstance(value, np.generic) else value
    compute = problem.compute_dtype
    if compute.kind == "O" and is_number(number):
        return _the_nan(repr(number)) if isinstance(number, float) and number != number else number
    sample = problem.input_dtype if numbers.is_integral(compute) else _sample_type(problem.input_dtype, compute)
    if is_number(number) and not isinstance(number, int | float | complex):
        number = float(number)  # a Fraction or Decimal beside floating samples
    fill = number_in(number, sample) if isinstance(number, int | float | complex) else None
    if fill is None:
        raise errors.fill_value_does_not_fit(value, str(sample))
    return fill


def _sample_type(dtype: np.dtype[Any], compute: np.dtype[Any]) -> np.dtype[Any]:
    return compute if dtype.kind == "c" else numbers.real_type(compute)


def number_in(number: Any, dtype: np.dtype[Any]) -> int | float | complex | None:
    """``number`` as a Python number that ``dtype`` holds, None if it holds none such."""
    if isinstance(number, complex) and dtype.kind != "c":
        return None
    if numbers.is_integral(dtype):
        low, high = numbers.integer_range(dtype)
        real = number.real
        return int(real) if math.isfinite(real) and real == int(real) and low <= real <= high else None
    try:
        with np.errstate(over="ignore"):
            cast = dtype.type(number)
    except OverflowError:  # Python's own integers have no end
        return None
    if np.isinf(cast) and not cmath.isinf(number):
        return None
    plain = complex(cast) if dtype.kind == "c" else float(cast)
    return _the_nan(repr(plain)) if plain != plain else plain


@functools.lru_cache(maxsize=64)
def _the_nan(text: str) -> complex:
    """One and the same object for each NaN, so that Problems compare equal."""
    number = complex(text)
    return number if "j" in text else number.real
