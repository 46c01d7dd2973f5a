"""Options that are one value for all axes or one for each: read, and checked entry by entry."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from faltung import errors

REACH_LIMIT = 2**62
MOST_AXES = 62  # NumPy's 64 but for batch and channels
_T = TypeVar("_T")


def each(argument: str, value: Any, count: int, check: Callable[[Any], _T]) -> tuple[_T, ...]:
    """One checked value for each of the kernel's ``count`` axes.

    Raises
    ------
    ValueError
        There are more or fewer; or what ``check`` raises.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, str | bytes) or not isinstance(value, Sequence | np.ndarray):
        return (check(value),) * count
    if len(value) != count:
        raise errors.wrong_count(argument, len(value), count)
    return tuple(check(entry) for entry in value)


def integer(argument: str, value: object) -> int:
    """``value`` as an integer; TypeError for booleans, floats and the like."""
    if isinstance(value, bool | np.bool_):
        raise errors.not_an_integer(argument, value)
    try:
        return operator.index(value)  # type: ignore[arg-type]  # its TypeError is the check
    except TypeError:
        raise errors.not_an_integer(argument, value) from None


def step(argument: str) -> Callable[[object], int]:
    """A check of strides and dilations: integers from 1 to what an array index can reach."""

    def check(value: object) -> int:
        number = integer(argument, value)
        if number < 1:
            raise errors.below_one(argument, number)
        if number >= REACH_LIMIT:
            raise errors.too_large(argument, number)
        return number

    return check
