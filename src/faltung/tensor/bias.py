"""The bias: one number added to every output of a channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung.meaning import numbers
from faltung.task.problem import Problem
from faltung.tensor import errors
from faltung.tensor.operands import read_operand

Array = NDArray[Any]


def read_bias(bias: object, filters: int, result: np.dtype[Any]) -> Array | None:
    """One number for each of ``filters`` output channels, or None; Python's own take the type of
    floating sums, ``result``.

    Raises
    ------
    ValueError, TypeError
        Another shape, or no numbers.
    """
    if bias is None:
        return None
    read = read_operand("bias", bias)
    values = read.values
    assert values is not None
    if values.shape != (filters,):
        raise errors.bias_mismatch(values.shape, filters)
    real = values.dtype.kind != "c"
    if read.kind.weak and result.kind in "fc":
        return values.astype(numbers.real_type(result) if real else np.result_type(result, np.complex64))
    return values


def until_bias(problem: Problem) -> Problem:
    """The same sum, in half precision not yet rounded: that is done once, with the bias."""
    return replace(problem, result_dtype=problem.compute_dtype) if problem.result_dtype == np.float16 else problem


def add_bias(y: Array, bias: Array | None, result: np.dtype[Any]) -> Array:
    """``y``, (N, O, *space), plus the bias, rounded to ``result`` once.

    Raises
    ------
    OverflowError
        An exact integer does not fit.
    """
    if bias is None:
        return y
    beside = column(bias, y)
    if numbers.is_integral(result):
        return _exact_sum(y, beside, result)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(y + beside).astype(result, copy=False)


def column(bias: Any, y: Any) -> Any:
    """The bias beside outputs (N, O, *space), arrays or tensors of any library.

    Raises
    ------
    ValueError
        It is not one number for each output channel.
    """
    if tuple(bias.shape) != (y.shape[1],):
        raise errors.bias_mismatch(tuple(bias.shape), y.shape[1])
    return bias.reshape(-1, *(1,) * (y.ndim - 2))


def _exact_sum(y: Array, column: Array, result: np.dtype[Any]) -> Array:
    low, high = numbers.integer_range(result)
    least, greatest = int(y.min(initial=0)) + int(column.min()), int(y.max(initial=0)) + int(column.max())
    if low <= least and greatest <= high:
        total: Array = y.astype(result, copy=False) + column.astype(result)
        return total
    return numbers.narrow(y.astype(object) + column.astype(object), result)


def biased(y: Any, bias: Any, may_wrap: Callable[[Any], bool]) -> Any:
    """``y``, (N, O, *space), plus the bias, in the arithmetic of another library, whose integers wrap.

    Parameters
    ----------
    y, bias
        Outputs, and one number for each of their channels.
    may_wrap
        Whether a sum is of integers whose values are there.

    Raises
    ------
    ValueError
        The bias is not one number for each output channel.
    OverflowError
        An exact integer does not fit into the type of the sum.
    """
    beside = column(bias, y)
    total = y + beside
    if may_wrap(total) and bool(((total > y) != (beside > 0)).any()):
        raise errors.beyond_operands_type(str(total.dtype).removeprefix("torch."))
    return total
