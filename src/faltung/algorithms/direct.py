"""``direct``: the sum itself, in native code: register tiles over one to any number of axes.

Floating sums run in blocks of 128 products whose sums are added pairwise; integers are exact.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from faltung.algorithms.algorithm import (
    Algorithm,
    Array,
    Cost,
    Mask,
    Run,
    beyond_native_indices,
    bytes_moved,
    real_products,
    summation_bound,
    too_inaccurate,
    vectors,
)
from faltung.algorithms.correlation import correlation, correlation_taps
from faltung.algorithms.exact_sums import exact_sums
from faltung.algorithms.renormalised import renormalised_sums
from faltung.machine import Machine
from faltung.meaning import numbers
from faltung.task.operand import Weights
from faltung.task.problem import Problem

_SUPPORTED = frozenset(map(np.dtype, "?bBhHiIlLqQefdFD"))
_TILE_ROWS = 4
_TAPS_PER_STEP = 4
# Elements that a thread may copy for one block however small the input: half a gigabyte of float64.
_MOST_GATHERED = 2**26
# Of Python, from one filter's call to the next one's.
_LOOP_SECONDS = 3e-6


def _refuse(problem: Problem) -> str | None:
    for argument, dtype in (("x", problem.input_dtype), ("w", problem.kernel_dtype), ("result", problem.result_dtype)):
        if dtype not in _SUPPORTED:
            return f"{argument} is {dtype}: it has no native arithmetic"
    if beyond := beyond_native_indices(problem):
        return beyond
    if (gathered := _gathered_elements(problem)) > max(_MOST_GATHERED, 4 * math.prod(problem.input_shape)):
        return f"the kernel reaches over {gathered} elements, far more than the input has, all of which it would copy"
    if problem.renormalise and not problem.plain:
        return "weights are renormalised for one channel only"
    return too_inaccurate(problem, summation_bound(problem))


def _gathered_elements(problem: Problem) -> int:
    """What a block at the edge copies at least: the kernel's reach along the last two axes."""
    return math.prod(last - first + 1 for first, last in problem.reach()[-2:])


# cost --------------------------------------------------------------------------------------


def _cost(problem: Problem, machine: Machine) -> Cost:
    sums = 3 if problem.renormalise else 1
    peak, computing = computing_seconds(problem, machine)
    moving = bytes_moved(problem) / machine.bytes_per_second
    calls = problem.batch * problem.filters
    reading = problem.filters // problem.groups * moving  # each filter reads its channels again
    copied = calls * problem.channels // problem.groups * copied_elements(problem) / machine.copied_elements_per_second
    calling = calls * machine.call_seconds + max(calls - 1, 0) * _LOOP_SECONDS
    seconds = calling + sums * (max(computing, reading) + copied)
    return Cost(seconds, sums * max(peak, moving), summation_bound(problem), detail=f"{problem.taps} taps")


def computing_seconds(problem: Problem, machine: Machine) -> tuple[float, float]:
    """Seconds of the products alone: at the units' peak, and as the tile's loads allow."""
    terms = problem.outputs * problem.taps * real_products(problem) / math.prod(problem.input_dilation)
    if numbers.is_integral(problem.compute_dtype):
        return (terms / machine.integer_products_per_second,) * 2
    lanes = vectors(problem.compute_dtype, machine)
    peak = terms / (lanes * machine.vector_products_per_second)
    axes = _walked(problem, int(lanes))
    loading = terms * _loads_per_product(axes, int(lanes)) / (lanes * machine.vector_loads_per_second)
    filled = min(max(axes[-1].outputs, 1) / (2 * lanes), 1) if axes else 1.0  # of a tile's columns
    return peak, max(peak / machine.tile_efficiency, loading) / filled


class _Axis(NamedTuple):
    outputs: int
    taps: int
    stride: int
    dilation: int


def _walked(problem: Problem, lanes: int) -> list[_Axis]:
    """The axes as the core walks through them: a narrow last batch axis, as that of colours, makes one
    with the axis before it (``src/native/direct_geometry.cpp``).
    """
    axes = list(map(_Axis, problem.length, problem.kernel_shape, problem.stride, problem.dilation))
    if len(axes) < 2:
        return axes
    *leading, before, last = axes
    batch = last.taps == last.stride == 1 and problem.low[-1] == 0 and last.outputs == problem.input_shape[-1]
    if batch and before.stride == 1 and (last.outputs < 2 * lanes or before.taps == 1):
        n = last.outputs
        return [*leading, before._replace(outputs=before.outputs * n, dilation=before.dilation * n)]
    return axes


def _loads_per_product(axes: list[_Axis], lanes: int) -> float:
    """Vectors that the register tile loads for one vector of products: rows shared by taps."""
    if not axes:
        return 1.0
    *leading, column = axes
    rows = leading[-1].taps if leading else 1
    if rows > 1 and leading[-1].stride != leading[-1].dilation:
        rows = 1
    elif rows == 1 and column.stride == column.dilation == 1:
        rows = max(1, column.taps // lanes)  # taps a vector apart share loads
    shared = min(rows, _TAPS_PER_STEP)
    return (_TILE_ROWS + shared - 1) / (_TILE_ROWS * shared)


def copied_elements(problem: Problem) -> int:
    """Elements that are copied to scratch before they are summed: all of a foreign type, both parts of
    complex ones, those that a tap meets on a strided last axis, else those of the edges.
    """
    samples = math.prod(problem.input_shape)
    if problem.input_dtype.kind == "c":
        return 2 * samples
    if problem.ndim and problem.stride[-1] > 1:
        phases = min(problem.stride[-1], problem.kernel_shape[-1])
        return min(samples, samples // problem.input_shape[-1] * problem.length[-1] * phases if samples else 0)
    if problem.input_dtype != problem.compute_dtype:
        return samples
    reach = [last - first for first, last in problem.reach()]
    inside = math.prod(max(n - r, 0) for n, r in zip(problem.input_shape, reach, strict=True))
    return samples - inside


# prepare -----------------------------------------------------------------------------------


def _prepare(problem: Problem, weights: Weights) -> Run:
    if problem.renormalise:
        return renormalised_sums(problem, weights, _prepare)
    if numbers.is_integral(problem.compute_dtype):
        return exact_sums(problem, weights.values)
    compute, calls = problem.compute_dtype, correlation(problem)
    # The core converts an input itself unless it is complex of another precision.
    converted = problem.input_dtype.kind == "c" and problem.input_dtype != compute
    taps = _as_computed(correlation_taps(problem, weights.values), compute)

    def run(x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        calls.run(x.astype(compute) if converted else x, taps, out, threads)
        return None

    return run


def _as_computed(values: Array, compute: np.dtype[Any]) -> Array:
    """A C-contiguous, aligned copy in the computation's precision; a real array stays real."""
    return np.array(values, compute if values.dtype.kind == "c" else numbers.real_type(compute), order="C")


DIRECT = Algorithm("direct", _refuse, _cost, _prepare)
