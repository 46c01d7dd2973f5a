"""The input as a layer reads it: continued beyond its edges, spread out by the input dilation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung import errors
from faltung.meaning.boundary import index_map
from faltung.task.describe import number_in
from faltung.task.problem import Problem

FILL, GAP = -1, -2
Take = Callable[[Any, NDArray[np.intp], int], Any]
Put = Callable[[Any, NDArray[np.bool_], Any], Any]


def sources(problem: Problem) -> list[NDArray[np.intp]]:
    """Which sample is read at each position from the first to the last, per spatial axis.

    Positions count in steps of the spread-out input. ``FILL`` is the fill value, ``GAP`` the
    absent terms between samples.
    """
    return [_source(problem, axis) for axis in range(problem.ndim)]


def _source(problem: Problem, axis: int) -> NDArray[np.intp]:
    u, (first, last) = problem.input_dilation[axis], problem.reach()[axis]
    low = problem.low[axis] + first
    count = problem.stride[axis] * (problem.length[axis] - 1) + last - first + 1
    at = np.arange(low, low + count)
    rule, n = problem.boundary[axis], problem.input_shape[axis]
    samples = index_map(rule, n, low // u, int(at[-1] // u - low // u + 1))
    return np.where(at % u == 0, samples[at // u - low // u], GAP)


def _put(x: Any, where: NDArray[np.bool_], value: Any) -> Any:
    """In place: what has absent samples was taken, so it is fresh."""
    check_fill_value(value, x.dtype)
    np.copyto(x, value, where=where)
    return x


def check_fill_value(value: complex, dtype: np.dtype[Any]) -> None:
    """ValueError unless samples of that type hold ``value``: sums may have been in a wider one."""
    if number_in(value, dtype) is None:
        raise errors.fill_value_does_not_fit(value, str(dtype))


def continued(x: Any, problem: Problem, take: Take = np.take, put: Put = _put) -> Any:
    """``x``, (N, C, *space), at all positions that are read: a view if none lies outside.

    First the boundary continues it along all axes, then it is spread out: between samples lies 0,
    beyond the edges, too. ``take(x, index, axis)`` and ``put(x, where, value)`` are the library's.
    """
    axes = list(enumerate(sources(problem), start=2))
    for axis, source in axes:
        if source[0] >= 0 and np.array_equal(source, np.arange(source[0], source[0] + len(source))):
            x = x[(*(slice(None),) * axis, slice(source[0], source[0] + len(source)))]
        else:
            x = take(x, source.clip(0), axis)
    for absent, value in ((FILL, problem.fill_value), (GAP, 0)):
        for axis, source in axes:
            if (source == absent).any():
                x = put(x, (source == absent).reshape(-1, *(1,) * (x.ndim - axis - 1)), value)
    return x
