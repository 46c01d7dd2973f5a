"""Exact integer sums on whatever arithmetic is provably exact for them, the fastest first.

On the floating units while every partial sum is an integer that these hold, then modulo 2**64
while the result fits, then in a 192-bit accumulator that tells whether it does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from faltung import errors
from faltung.algorithms.algorithm import Array, Mask, Run
from faltung.algorithms.correlation import correlation, correlation_taps
from faltung.meaning import numbers
from faltung.task.problem import Problem

# Largest integers up to which every integer is a floating number of the type.
_EXACT_IN = ((np.float32, 2**24), (np.float64, 2**53))


def exact_sums(problem: Problem, w: Array) -> Run:
    """Prepare the sums of integers; OverflowError when a result does not fit its type."""
    taps, calls = correlation_taps(problem, w), correlation(problem)
    weight = max(sum(abs(int(tap)) for tap in filter_taps.flat) for filter_taps in taps)
    natural = numbers.result_type(problem.input_dtype, problem.kernel_dtype)

    def run(x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        bound = max(_largest(x), abs(int(problem.fill_value.real))) * weight
        wide = bound > np.iinfo(natural).max
        # Beyond the natural type, what counts is whether the type that was asked for holds the result.
        summed = out.dtype if wide and out.dtype in (np.int64, np.uint64) else natural
        target = out if out.dtype == summed else np.empty(out.shape, summed)
        computed = np.array(taps, _exact_type(bound, taps, wide), order="C")
        if not calls.run(x, computed, target, threads, wide):
            raise errors.integer_overflow(str(summed))
        if target is not out:
            out[...] = _checked(target, out.dtype)
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
