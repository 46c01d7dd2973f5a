"""The input as a layer reads it: continued beyond its edges, spread out by the input dilation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung.meaning.boundary import index_map
from faltung.task.problem import Problem

Array = NDArray[Any]

FILL, GAP = -1, -2


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


def continued(x: Array, problem: Problem) -> Array:
    """``x``, (N, C, *space), at all positions that are read: a view if none lies outside."""
    for axis, source in enumerate(sources(problem), start=2):
        at: tuple[Any, ...] = (slice(None),) * axis
        if source[0] >= 0 and np.array_equal(source, np.arange(source[0], source[0] + len(source))):
            x = x[(*at, slice(source[0], source[0] + len(source)))]
            continue
        x = np.take(x, source.clip(0), axis)
        x[(*at, source == FILL)] = problem.fill_value
        x[(*at, source == GAP)] = 0
    return x
