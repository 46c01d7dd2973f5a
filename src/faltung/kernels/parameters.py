"""Reading the parameters of a named kernel: checked, and spread over its axes."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from faltung import errors
from faltung.task.per_axis import MOST_AXES

# A kernel of more samples than this along one axis is a slip of the pen, not a wish.
LONGEST = 2**27


def positive(argument: str, value: Any) -> float:
    """A finite number above 0."""
    expected = "a finite number above 0"
    return _number(argument, value, expected, lambda number: 0 < number < math.inf)


def at_least_one(argument: str, value: Any) -> float:
    """A finite number of at least 1."""
    return _number(argument, value, "a finite number of at least 1", lambda number: 1 <= number < math.inf)


def finite(argument: str, value: Any) -> float:
    """A finite number."""
    return _number(argument, value, "a finite number", math.isfinite)


def count(argument: str, value: Any, least: int = 1) -> int:
    """An integer from ``least`` to the longest kernel."""
    try:
        number = operator.index(_no_bool(value))
    except TypeError:
        raise errors.kernel_parameter(argument, value, f"an integer of at least {least}") from None
    if not least <= number < LONGEST:
        raise errors.kernel_parameter(argument, value, f"an integer from {least} to {LONGEST - 1}")
    return number


def dimensions(value: Any) -> int:
    """A number of axes that an array can have."""
    number = count("ndim", value)
    if number > MOST_AXES:
        raise errors.kernel_parameter("ndim", value, f"1 to {MOST_AXES}, the axes that an input may have")
    return number


def axis(value: Any, ndim: int) -> int:
    """The index of an axis of ``ndim``; negative ones count from the last."""
    expected = f"an integer from {-ndim} to {ndim - 1}, an axis of ndim={ndim}"
    try:
        index = operator.index(_no_bool(value))
    except TypeError:
        raise errors.kernel_parameter("axis", value, expected) from None
    if not -ndim <= index < ndim:
        raise errors.kernel_parameter("axis", value, expected)
    return index % ndim


def below_longest(argument: str, value: float, reach: float) -> float:
    """``reach``, that ``value`` makes, if an array could be as long."""
    if not reach < LONGEST:
        expected = f"a kernel of fewer than {LONGEST} samples, this reaches {reach:g}"
        raise errors.kernel_parameter(argument, value, expected)
    return reach


def per_axis(argument: str, value: Any, ndim: int | None) -> tuple[Any, ...]:
    """``value`` for each axis: one for all of ``ndim`` (1 by default), or a sequence with one each."""
    if isinstance(value, str) or (not isinstance(value, list | tuple) and np.ndim(value) == 0):
        return (value,) * (1 if ndim is None else dimensions(ndim))
    if len(value) == 0 or (ndim is not None and len(value) != dimensions(ndim)):
        raise errors.kernel_parameter(argument, value, f"one value, or one for each of the ndim={ndim or 1} axes")
    return tuple(value)


def _no_bool(value: Any) -> Any:
    """``value``; TypeError for True and False, which count nothing."""
    if isinstance(value, bool):
        raise TypeError
    return value


def _number(argument: str, value: Any, expected: str, accepts: Callable[[float], bool]) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise errors.kernel_parameter(argument, value, expected) from None
    if isinstance(value, str | bool) or not accepts(number):
        raise errors.kernel_parameter(argument, value, expected)
    return number
