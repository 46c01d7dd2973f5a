"""``direct``: the sum itself, in native code: register tiles over one to any number of axes.

Floating sums run in blocks of 128 products whose sums are added pairwise. Integers run on
the floating units while every partial sum is provably an integer that these hold exactly,
then modulo 2**64 while the result provably fits, then in a 192-bit accumulator that tells
whether it does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from faltung import errors, settings
from faltung._native import _core
from faltung.algorithms.algorithm import (
    Algorithm,
    Array,
    Cost,
    Mask,
    Run,
    bytes_moved,
    real_products,
    summation_bound,
    too_inaccurate,
    vectors,
)
from faltung.machine import Machine
from faltung.meaning import numbers
from faltung.meaning.boundary import BOUNDARIES
from faltung.task.operand import Weights
from faltung.task.problem import Index, Problem
from faltung.task.structure import UNKNOWN

_SUPPORTED = frozenset(map(np.dtype, "?bBhHiIlLqQefdFD"))
_TILE_ROWS = 4
_TAPS_PER_STEP = 4
# Largest integers up to which every integer is a floating number of the type.
_EXACT_IN = ((np.float32, 2**24), (np.float64, 2**53))


def _refuse(problem: Problem) -> str | None:
    for argument, dtype in (("x", problem.input_dtype), ("w", problem.kernel_dtype), ("result", problem.result_dtype)):
        if dtype not in _SUPPORTED:
            return f"{argument} is {dtype}: it has no native arithmetic"
    if not problem.plain:
        return "batch, channels and input dilation are not native yet"
    if problem.renormalise and {"normalize", "constant"} <= set(problem.boundary):
        return "'normalize' on one axis and 'constant' on another cannot share one continuation"
    return too_inaccurate(problem, summation_bound(problem))


# cost --------------------------------------------------------------------------------------


def _cost(problem: Problem, machine: Machine) -> Cost:
    terms = problem.outputs * problem.taps * real_products(problem)
    sums = 3 if problem.renormalise else 1
    if numbers.is_integral(problem.compute_dtype):
        peak = computing = terms / machine.integer_products_per_second
    else:
        lanes = vectors(problem.compute_dtype, machine)
        peak = terms / (lanes * machine.vector_products_per_second)
        loading = terms * loads_per_product(problem, int(lanes)) / (lanes * machine.vector_loads_per_second)
        computing = max(peak, loading)
    moving = bytes_moved(problem) / machine.bytes_per_second
    copied = copied_elements(problem) / machine.copied_elements_per_second
    seconds = machine.call_seconds + sums * (max(computing, moving) + copied)
    return Cost(seconds, sums * max(peak, moving), summation_bound(problem), detail=f"{problem.taps} taps")


def loads_per_product(problem: Problem, lanes: int) -> float:
    """Vectors that the register tile loads for one vector of products: rows shared by taps."""
    if problem.ndim == 0:
        return 1.0
    rows = problem.kernel_shape[-2] if problem.ndim > 1 else 1
    if rows > 1 and problem.stride[-2] != problem.dilation[-2]:
        rows = 1
    elif rows == 1 and problem.stride[-1] == problem.dilation[-1] == 1:
        rows = max(1, problem.kernel_shape[-1] // lanes)  # taps a vector apart share loads
    shared = min(rows, _TAPS_PER_STEP)
    return (_TILE_ROWS + shared - 1) / (_TILE_ROWS * shared)


def copied_elements(problem: Problem) -> int:
    """Elements that are copied to scratch before they are summed: all of a foreign type or a
    strided last axis, else those of the edges.
    """
    samples = math.prod(problem.input_shape)
    if problem.input_dtype != problem.compute_dtype or (problem.ndim and problem.stride[-1] > 1):
        return samples
    reach = [last - first for first, last in problem.reach()]
    inside = math.prod(max(n - r, 0) for n, r in zip(problem.input_shape, reach, strict=True))
    return samples - inside


# prepare -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Geometry:
    """The sum as the native core sees it: always a correlation, from an offset."""

    offset: Index
    stride: Index
    dilation: Index
    boundary: tuple[int, ...]
    fill: float | complex | int | None


def _prepare(problem: Problem, weights: Weights) -> Run:
    if problem.renormalise:
        return _renormalised(problem, weights)
    taps = correlation_taps(problem, weights.values[0, 0])
    geometry = _geometry(problem)
    if numbers.is_integral(problem.compute_dtype):
        return _exact(problem, taps, geometry)
    taps = _as_computed(taps, problem.compute_dtype)

    def run(x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        _call(_as_input(x[0, 0], problem.compute_dtype), taps, out[0, 0], geometry, threads)
        return None

    return run


def correlation_taps(problem: Problem, w: Array) -> Array:
    """The taps of the correlation without conjugation that the Problem is: a flipped view of
    a convolution's kernel, the conjugate of a correlation's.
    """
    if problem.operation == "convolve":
        return w[(slice(None, None, -1),) * w.ndim]
    return np.conj(w)


def _geometry(problem: Problem) -> _Geometry:
    return _Geometry(
        offset=tuple(r + first for r, (first, _) in zip(problem.low, problem.reach(), strict=True)),
        stride=problem.stride,
        dilation=problem.dilation,
        boundary=tuple(0 if b == "normalize" else BOUNDARIES.index(b) for b in problem.boundary),
        fill=problem.fill_value if problem.fill_value != 0 else None,
    )


def _as_computed(values: Array, compute: np.dtype[Any]) -> Array:
    """C-contiguous in the computation's precision; a real array stays real."""
    dtype = compute if values.dtype.kind == "c" else numbers.real_type(compute)
    return np.require(values, dtype, ["C", "A"])


def _as_input(x: Array, compute: np.dtype[Any]) -> Array:
    """The input, which the core converts itself unless it is complex of another precision."""
    return x.astype(compute) if x.dtype.kind == "c" and x.dtype != compute else x


def _call(x: Array, taps: Array, out: Array, geometry: _Geometry, threads: int, wide: bool = False) -> bool:
    """Run the core into ``out``, through an array of the type it writes if that is another."""
    target = out if _writes(taps.dtype, x.dtype, out.dtype) else np.empty(out.shape, np.result_type(x, taps))
    fits: bool = _core.direct(
        x,
        taps,
        target,
        list(geometry.offset),
        list(geometry.stride),
        list(geometry.dilation),
        list(geometry.boundary),
        geometry.fill,
        wide,
        settings.level(),
        threads,
    )
    if target is not out:
        with np.errstate(over="ignore", invalid="ignore"):
            out[...] = target
    return fits


def _writes(taps: np.dtype[Any], x: np.dtype[Any], out: np.dtype[Any]) -> bool:
    """Whether the core writes ``out``'s type when it computes with these operands."""
    if taps.kind in "iu":
        return out in (np.int64, np.uint64)
    real = numbers.real_type(taps)
    if taps.kind == "c" or x.kind == "c":
        return out == np.result_type(real, np.complex64)
    return out in (real, np.int64, np.uint64) or (real == np.float32 and out == np.float16)


# integers ----------------------------------------------------------------------------------


def _exact(problem: Problem, taps: Array, geometry: _Geometry) -> Run:
    weight = sum(abs(int(tap)) for tap in taps.flat)
    natural = numbers.result_type(problem.input_dtype, problem.kernel_dtype)

    def run(x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        bound = max(_largest(x[0, 0]), abs(int(problem.fill_value.real))) * weight
        wide = bound > np.iinfo(natural).max
        target = out[0, 0] if out.dtype == natural else np.empty(out.shape[2:], natural)
        computed = np.require(taps, _exact_type(bound, taps, wide), ["C", "A"])
        if not _call(x[0, 0], computed, target, geometry, threads, wide):
            raise errors.integer_overflow(str(natural))
        if target.dtype != out.dtype:
            out[0, 0] = _checked(target, out.dtype)
        return None

    return run


def _largest(x: Array) -> int:
    return max(abs(int(x.max())), abs(int(x.min()))) if x.size else 0


def _exact_type(bound: int, taps: Array, wide: bool) -> np.dtype[Any]:
    """The type in which every partial sum of magnitude up to ``bound`` is exact: taps given in
    it make the core compute in it.
    """
    for floating, limit in _EXACT_IN:
        if bound <= limit:
            return np.dtype(floating)
    return np.dtype(np.int64 if wide and taps.dtype != np.uint64 else np.uint64)


def _checked(values: Array, dtype: np.dtype[Any]) -> Array:
    """Exact integers in another type, OverflowError where one does not fit an integer type."""
    if numbers.is_integral(dtype) and values.size:
        low, high = numbers.integer_range(dtype)
        if int(values.min()) < low or int(values.max()) > high:
            raise errors.integer_overflow(str(dtype))
    return values.astype(dtype)


# renormalised sums -------------------------------------------------------------------------


def _renormalised(problem: Problem, weights: Weights) -> Run:
    """Three sums: of the samples present, of the weights present, and of how many are positive."""
    w = weights.values
    everything = float(w.sum(dtype=np.float64))
    plain = replace(problem, omit=False, boundary=_absent_outside(problem), structure=UNKNOWN)
    sums = _prepare(_floating(plain), weights)
    counted = replace(
        plain,
        input_dtype=np.dtype(bool),
        kernel_dtype=np.dtype(bool),
        result_dtype=np.dtype(np.int64),
        fill_value=0 if "normalize" in problem.boundary else 1,
    )
    weighed = replace(counted, kernel_dtype=np.dtype(np.float64), result_dtype=np.dtype(np.float64))
    present_weights = _prepare(weighed, Weights(w.astype(np.float64)))
    positive = _prepare(counted, Weights(w > 0))

    def run(x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        there = np.broadcast_to(np.True_, x.shape) if present is None else present
        samples = x if present is None else np.where(present, x, x.dtype.type(0))
        weight, count = np.empty(out.shape, np.float64), np.empty(out.shape, np.int64)
        sums(samples, out, None, threads)
        present_weights(there, weight, None, threads)
        positive(there, count, None, threads)
        empty: Mask = count == 0
        with np.errstate(all="ignore"):
            _scale(out, everything / np.where(empty, 1.0, weight))
        out[empty] = np.nan
        return empty

    return run


def _scale(out: Array, ratio: Array) -> None:
    """Multiply in place; real and imaginary part apart, so that an infinite one leaves the other be."""
    factor = ratio.astype(numbers.real_type(out.dtype))
    out.real *= factor
    if out.dtype.kind == "c":
        out.imag *= factor


def _absent_outside(problem: Problem) -> tuple[Any, ...]:
    return tuple("constant" if boundary == "normalize" else boundary for boundary in problem.boundary)


def _floating(problem: Problem) -> Problem:
    """The same sum with at least one floating operand, so that it is not taken for an exact one."""
    if not numbers.is_integral(numbers.result_type(problem.input_dtype, problem.kernel_dtype)):
        return problem
    return replace(problem, kernel_dtype=np.dtype(np.float64))


DIRECT = Algorithm("direct", _refuse, _cost, _prepare)
