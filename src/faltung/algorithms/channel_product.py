"""``channel_product``: layers of many filters, as a matrix product whose samples are read in place.

A register tile is two vectors of filters by six positions (fourteen with 32 registers), or four
filters by three vectors of positions (eight by three). Each term, a tap of a channel, loads its
packed weights and its samples once. Nothing is unfolded: a block of outputs reads a copy of the input
that goes on beyond the edges. In depthwise layers a tile is up to eight rows of positions (fourteen),
and each row of samples is loaded once for all the taps of a column.

Blocks of 128 products are summed from zero, up to eight block sums are added one after another,
and these with compensation, so that the bound holds for sums of any length.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from faltung import settings
from faltung._native import _core
from faltung.algorithms import complex_layer
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
from faltung.algorithms.correlation import Correlation, correlation, correlation_taps
from faltung.algorithms.direct import DIRECT
from faltung.machine import Machine, shipped
from faltung.task.operand import Weights
from faltung.task.problem import Index, Problem

_SERVED = tuple(map(np.dtype, (np.float32, np.float64, np.complex64, np.complex128)))
# Arrays might do without a plan, and what it costs; layers have one whatever the algorithm.
_CALL_SECONDS_OF_ARRAYS, _CALL_SECONDS_OF_LAYERS = 15e-6, 6e-6
# Weights whose packing several threads share.
_WORTH_SHARING = 2**16
# Of depthwise layers, whose copies lie in the first-level cache and are padded once: measured 4 to 6
# times as many elements a second as of blocks at the edges.
_FASTER_COPIES = 4
# Samples that are copied while one tap is laid beside those of other phases: 2 of 0.5 ns.
_SAMPLES_FOR_A_TAP = 4
# Where lanes are filters, results are turned into lines of positions: as long as so many products take.
_TERMS_OF_TURNING = 32
# Beyond 128 products sums are added in parts: 32 of 52 Gproducts/s for 13 x 13 to 27 x 27, where 7 x 7 has 42.
_LONG_SUMS, _USE_OF_LONG_SUMS = 128, 0.8


def _refuse(problem: Problem) -> str | None:
    if reason := of_other_types(problem, _SERVED, "float32, all float64, or all complex of one precision"):
        return reason
    if problem.input_dtype.kind == "c" and problem.fill_value != 0:
        return "parts of complex samples would be filled with different values"
    if problem.renormalise:
        return "weights are renormalised"
    if problem.structure.finite is False:
        return "the kernel holds NaN or infinity"
    if beyond := beyond_native_indices(problem):
        return beyond
    if beyond := beyond_copying(problem):
        return beyond
    return too_inaccurate(problem, summation_bound(problem))


def _cost(problem: Problem, machine: Machine) -> Cost:
    if problem.input_dtype.kind == "c":
        return _cost_of_parts(problem, machine)
    lanes = int(vectors(problem.compute_dtype, machine))
    products = problem.outputs * problem.taps / math.prod(problem.input_dilation)
    peak = products / (lanes * machine.vector_products_per_second)
    computing = peak / max(_use_of_lanes(problem, lanes)) / machine.layer_efficiency
    weights = problem.filters * problem.taps
    samples = problem.batch * problem.channels * math.prod(count for _, count in problem.touched())
    faster = _FASTER_COPIES if _shares_rows(problem) else 1
    packing, copying = (count / machine.copied_elements_per_second for count in (weights, samples / faster))
    moving = bytes_moved(problem) / machine.bytes_per_second
    return Cost(
        seconds=_call_seconds(problem) + max(computing, moving) + copying + packing,
        limit_seconds=max(peak, moving),
        error_bound=summation_bound(problem),
        workspace=weights * problem.compute_dtype.itemsize,
        detail=f"{problem.filters} filters of {problem.taps} taps",
        preparing=packing,
    )


def _call_seconds(problem: Problem) -> float:
    return _CALL_SECONDS_OF_ARRAYS if problem.plain else _CALL_SECONDS_OF_LAYERS


def _cost_of_parts(problem: Problem, machine: Machine) -> Cost:
    """As a real layer, and two passes that take samples and results apart and together."""
    cost = _cost(complex_layer.real_layer(problem), machine)
    parts = 2 * (problem.batch * problem.channels * math.prod(problem.input_shape) + problem.outputs)
    return cost._replace(
        seconds=cost.seconds + _call_seconds(problem) + parts / machine.copied_elements_per_second,
        error_bound=summation_bound(problem),
        detail=f"{problem.filters} filters of {problem.taps} taps, as real ones",
    )


def _use_of_lanes(problem: Problem, lanes: int) -> tuple[float, float]:
    """Shares of the tiles' work that is wanted, with filters in lanes and with positions."""
    filters, line = max(problem.filters // problem.groups, 1), _positions_in_line(problem)
    turning = problem.taps / (problem.taps + _TERMS_OF_TURNING)
    if _shares_rows(problem):
        loading = _USE_OF_LONG_SUMS if problem.taps > _LONG_SUMS else 1.0
    else:  # where one filter is summed, every product loads its samples
        loading = min(0.4 + 0.2 * filters, 1)
    return filters / (-(-filters // lanes) * lanes) * turning, line / (-(-line // lanes) * lanes) * loading


def _positions_in_line(problem: Problem) -> int:
    """Outputs that lie side by side: all of an image, where every one reads its own place alone."""
    pointwise = math.prod(problem.kernel_shape) == 1 and problem.length == problem.input_shape
    if pointwise and not any(problem.low) and set(problem.stride) | set(problem.input_dilation) <= {1}:
        return max(math.prod(problem.length), 1)
    return max((1, *problem.length)[-1], 1)


def _shares_rows(problem: Problem) -> bool:
    """Whether groups are single filters, and taps of a column read the samples of neighbouring outputs."""
    if problem.filters != problem.groups or problem.ndim < 2:
        return False
    stride, dilation = problem.stride[-2], problem.dilation[-2]
    return stride % dilation == 0 and stride // dilation < problem.kernel_shape[-2]


@functools.lru_cache(maxsize=512)
def _positions_in_lanes(problem: Problem, instruction_set: str) -> bool:
    lanes = int(vectors(problem.compute_dtype, shipped(instruction_set)))
    for_filters, for_positions = _use_of_lanes(problem, lanes)
    return for_positions >= for_filters


def _aligned(values: Array) -> Array:
    return values if values.flags.aligned else values.copy()


def _prepare(problem: Problem, weights: Weights) -> Run:
    if problem.input_dtype.kind == "c":
        return _prepare_parts(problem, weights)
    calls, taps = correlation(problem), correlation_taps(problem, weights.values)
    in_lanes = _positions_in_lanes(problem, settings.get_instruction_set())
    threads = settings.get_threads() if taps.size > _WORTH_SHARING else 1
    how = (problem.groups, in_lanes, settings.level(), threads)
    chosen = [None if phase.taps is None else taps[phase.taps] for phase in calls.phases]
    apart = _phases_that_read_the_same(problem, calls, chosen)
    chosen = chosen if apart is None else [_side_by_side(chosen)]
    banks = [None if each is None else _core.ChannelProduct(_aligned(each), *how) for each in chosen]
    if not all(bank is None or bank.finite for bank in banks):
        return DIRECT.prepare(problem, weights)  # absent terms are not zeros, which infinity would meet
    first = len(calls.boundary) - problem.ndim
    fill = float(problem.fill_value.real)

    def run(x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        x = _aligned(x)
        for phase, bank in zip(calls.phases, banks, strict=apart is None):
            target = out[phase.outputs] if apart is None else _by_phase(out, apart)
            if bank is None:
                target[...] = 0
            else:
                where = (phase.offset[first:], phase.stride[first:], phase.dilation[first:], calls.boundary[first:])
                bank.run(x, target, *where, fill, threads)
        return None

    return run


def _phases_that_read_the_same(problem: Problem, calls: Correlation, taps: list[Array | None]) -> Index | None:
    """How many phases each axis has, if there are several and all meet the same samples, as where a kernel is no
    longer than its input is spread: they are more filters of one layer.
    """
    reading = {(*phase.offset, *phase.stride, *phase.dilation) for phase in calls.phases}
    shapes = {None if each is None else each.shape for each in taps}
    if len(taps) == 1 or len(reading) > 1 or len(shapes) > 1 or None in shapes:
        return None
    samples = problem.batch * problem.channels * math.prod(problem.input_shape)
    if _SAMPLES_FOR_A_TAP * problem.filters * problem.taps > (len(taps) - 1) * samples:
        return None  # to lay taps side by side takes longer than to copy the samples once for each phase
    apart = tuple(u // math.gcd(s, u) for s, u in zip(problem.stride, problem.input_dilation, strict=True))
    return apart if all(n % count == 0 for n, count in zip(problem.length, apart, strict=True)) else None


def _side_by_side(taps: list[Any]) -> Array:
    """The phases' taps as those of as many filters, one after another."""
    stacked = np.stack(taps, 1)
    return stacked.reshape(-1, *stacked.shape[2:])


def _by_phase(out: Array, apart: Index) -> Array:
    """(batch, filters, *phases, *positions)."""
    ndim = len(apart)
    pairs = [length for n, count in zip(out.shape[2:], apart, strict=True) for length in (n // count, count)]
    phases, positions = range(3, 2 * ndim + 2, 2), range(2, 2 * ndim + 2, 2)
    return out.reshape(*out.shape[:2], *pairs).transpose(0, 1, *phases, *positions)


def _prepare_parts(problem: Problem, weights: Weights) -> Run:
    if not np.isfinite(weights.values).all():
        return DIRECT.prepare(problem, weights)
    real = complex_layer.real_layer(problem)
    run_parts = _prepare(real, Weights(complex_layer.real_kernel(problem, weights.values)))

    def run(x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        parts = np.empty((real.batch, real.filters, *real.length), real.result_dtype)
        run_parts(complex_layer.real_samples(x), parts, None, threads)
        complex_layer.write_complex(parts, out)
        return None

    return run


CHANNEL_PRODUCT = Algorithm("channel_product", _refuse, _cost, _prepare)
