"""``inner_product``: layers of few outputs and many taps, as gradients of kernels are.

Lanes are taps that lie side by side. Each vector of weights is loaded once for several outputs and each
vector of samples once for several filters, both where they lie; samples are copied where they go on
beyond the edges, or lie apart. Nothing is packed, as each weight is used for few outputs.

Lanes sum up to 96 products from zero; these are added in pairs, and such sums with compensation, in up
to 16 parts. That is no more than the bound of sums in blocks of 128.
"""

from __future__ import annotations

import math

import numpy as np

from faltung import settings
from faltung._native import _core
from faltung.algorithms.algorithm import (
    Algorithm,
    Array,
    Cost,
    Mask,
    Run,
    beyond_copying,
    beyond_native_indices,
    bytes_moved,
    of_other_types,
    summation_bound,
    too_inaccurate,
    vectors,
)
from faltung.algorithms.correlation import correlation, correlation_taps
from faltung.algorithms.direct import DIRECT
from faltung.machine import Machine
from faltung.task.operand import Weights
from faltung.task.problem import Problem

_SERVED = (np.dtype(np.float32), np.dtype(np.float64))
_MOST_OUTPUTS = 1024
"""Of an image for each filter: their sums are kept at once."""
_CALL_SECONDS = 12e-6
_ROW_SECONDS = 4.5e-9
"""What a row of taps costs a tile of sums besides its products; measured for rows of 7 to 28 taps."""
_FASTER_COPIES = 2.5
"""Than of blocks at the edges of an image: whole planes, that stay in the cache."""
_USE_IN_PLACE = 0.7
"""Of the products' rate, where operands that lie far apart are read in place: 15 of 10 ms for 256 x 64."""


def _refuse(problem: Problem) -> str | None:
    if reason := of_other_types(problem, _SERVED, "float32, or all float64"):
        return reason
    if problem.renormalise:
        return "weights are renormalised"
    if problem.ndim == 0:
        return "there is no axis whose taps lie side by side"
    if any(u > 1 for u in problem.input_dilation):
        return "the input is dilated"
    outputs = math.prod(problem.length)
    if outputs > _MOST_OUTPUTS:
        return f"an image has {outputs} outputs, more than the {_MOST_OUTPUTS} whose sums are kept at once"
    if problem.structure.finite is False:
        return "the kernel holds NaN or infinity"
    if beyond := beyond_native_indices(problem):
        return beyond
    if beyond := beyond_copying(problem):
        return beyond
    return too_inaccurate(problem, summation_bound(problem))


def _cost(problem: Problem, machine: Machine) -> Cost:
    lanes = int(vectors(problem.compute_dtype, machine))
    whole = _is_whole(problem)
    line = math.prod(problem.kernel_shape) if whole else problem.kernel_shape[-1]
    filters = min(problem.filters // problem.groups, 3)
    outputs = min(max(problem.batch * math.prod(problem.length), 1), 9 if filters == 1 else 12 // filters)
    products = problem.outputs * problem.taps
    peak = products / (lanes * machine.vector_products_per_second)
    of_lanes = line / (-(-line // lanes) * lanes)
    loads = products / of_lanes / lanes * (1 / filters + 1 / outputs)
    computing = max(peak / of_lanes, loads / machine.vector_loads_per_second) / machine.tile_efficiency
    rows = products / (filters * outputs * line)
    samples = 0 if whole else problem.batch * problem.channels * math.prod(count for _, count in problem.touched())
    copying = samples / (_FASTER_COPIES * machine.copied_elements_per_second)
    weights = problem.filters * problem.taps * problem.compute_dtype.itemsize
    moving = (bytes_moved(problem) + weights) / machine.bytes_per_second
    return Cost(
        seconds=_CALL_SECONDS
        + max(computing / (_USE_IN_PLACE if whole else 1) + rows * _ROW_SECONDS, moving)
        + copying,
        limit_seconds=max(peak, moving),
        error_bound=summation_bound(problem),
        detail=f"{problem.outputs} sums of {problem.taps} products",
    )


def _is_whole(problem: Problem) -> bool:
    """Whether each output sums all samples of the input, tap by tap."""
    return all(
        n == k and length == d == 1 and low + first == 0
        for n, k, length, d, low, (first, _) in zip(
            problem.input_shape,
            problem.kernel_shape,
            problem.length,
            problem.dilation,
            problem.low,
            problem.reach(),
            strict=True,
        )
    )


def _prepare(problem: Problem, weights: Weights) -> Run:
    calls, taps = correlation(problem), correlation_taps(problem, weights.values)
    (phase,) = calls.phases
    first = len(calls.boundary) - problem.ndim
    where = phase.offset[first:], phase.stride[first:], phase.dilation[first:], calls.boundary[first:]
    whole = _is_whole(problem)
    if whole:  # one line of samples, and one of taps
        taps, where = taps.reshape(*taps.shape[:2], -1), ([0], [1], [1], [0])
    if not taps.flags.aligned or taps.strides[-1] != taps.itemsize:
        taps = taps.copy()
    fill, level = float(problem.fill_value.real), settings.level()

    def run(x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        x = np.require(x, requirements=["A"])
        samples = x.reshape(problem.batch, problem.groups, taps.shape[1], *problem.input_shape)
        sums = out
        if whole:
            samples, sums = samples.reshape(*samples.shape[:3], -1), out.reshape(*out.shape[:2], -1)
        _core.inner_product(samples, taps, sums, problem.groups, *where, fill, level, threads)
        if not np.isfinite(out).all() and not np.isfinite(taps).all():  # absent terms are not zeros
            merged = x.reshape(problem.batch, problem.channels, *problem.input_shape)
            DIRECT.prepare(problem, weights)(merged, out, present, threads)
        return None

    return run


INNER_PRODUCT = Algorithm("inner_product", _refuse, _cost, _prepare, groups_apart=True)
