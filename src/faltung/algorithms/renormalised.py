"""Renormalised sums: W times the sum over the samples present, over the weights present.

Three sums of ``direct``'s kind: of the samples present, of the weights present, and of how
many of these are positive. Weights are float64 with a sum between 1 and 2, so that no product that
matters is too small for a number; where those present weigh next to nothing, the definition sums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from faltung.algorithms.algorithm import Array, Mask, Run
from faltung.meaning import numbers
from faltung.meaning.definition import feature_map
from faltung.task.operand import Weights
from faltung.task.problem import Index, Problem
from faltung.task.structure import UNKNOWN

Prepare = Callable[[Problem, Weights], Run]
# Where the weights present are below this share of all, their products may have been too small.
_NEXT_TO_NOTHING = 2.0**-100


def renormalised_sums(problem: Problem, weights: Weights, prepare: Prepare) -> Run:
    """Prepare the three sums by ``prepare``, the plain sum's."""
    w = weights.values.astype(np.float64)
    power = int(np.frexp(w.sum())[1]) - 1
    w = np.ldexp(w, -power)
    everything = float(w.sum())
    padded, widths = _constants_padded(problem)
    plain = replace(padded, omit=False, boundary=_absent_outside(padded), structure=UNKNOWN)
    wide = np.result_type(problem.result_dtype, np.float64)
    sums = prepare(replace(plain, kernel_dtype=w.dtype, result_dtype=wide), Weights(w))
    counted = replace(
        plain,
        input_dtype=np.dtype(bool),
        kernel_dtype=np.dtype(bool),
        result_dtype=np.dtype(np.int64),
        fill_value=0 if "normalize" in problem.boundary else 1,
    )
    weighed = replace(counted, kernel_dtype=np.dtype(np.float64), result_dtype=np.dtype(np.float64))
    present_weights = prepare(weighed, Weights(w))
    positive = prepare(counted, Weights(weights.values > 0))

    def run(x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        there = np.broadcast_to(np.True_, x.shape) if present is None else present
        samples = x if present is None else np.where(present, x, x.dtype.type(0))
        if widths is not None:
            samples = np.pad(samples.astype(padded.input_dtype), widths, constant_values=problem.fill_value)
            there = np.pad(there, widths, constant_values=True)
        total = np.empty(out.shape, wide)
        weight, count = np.empty(out.shape, np.float64), np.empty(out.shape, np.int64)
        sums(samples, total, None, threads)
        present_weights(there, weight, None, threads)
        positive(there, count, None, threads)
        empty: Mask = count == 0
        with np.errstate(all="ignore"):
            _scale(total, everything / np.where(empty, 1.0, weight))
            _scale(total, 2.0**power)
            out[...] = total
        out[empty] = np.nan
        for at in np.argwhere(~empty & (weight < _NEXT_TO_NOTHING)):
            _recompute(problem, weights, x, out, present, tuple(map(int, at)))
        return empty

    return run


def _scale(total: Array, ratio: Array | float) -> None:
    """Multiply in place; real and imaginary part apart, so that an infinite one leaves the other be."""
    total.real *= ratio
    if total.dtype.kind == "c":
        total.imag *= ratio


def _constants_padded(problem: Problem) -> tuple[Problem, list[tuple[int, int]] | None]:
    """With 'constant' on some axes and 'normalize' on others: the problem of an input that holds
    the constants, which count as present, and by how much it is padded with them.
    """
    if not {"constant", "normalize"} <= set(problem.boundary):
        return problem, None
    spans = zip(problem.touched(), problem.input_shape, problem.boundary, strict=True)
    widths = [
        (max(-low, 0), max(low + count - n, 0)) if boundary == "constant" else (0, 0)
        for (low, count), n, boundary in spans
    ]
    compute = problem.compute_dtype
    padded = replace(
        problem,
        input_dtype=compute if problem.input_dtype.kind == "c" else numbers.real_type(compute),
        input_shape=tuple(n + before + after for n, (before, after) in zip(problem.input_shape, widths, strict=True)),
        low=tuple(low + before for low, (before, _) in zip(problem.low, widths, strict=True)),
        fill_value=0,
    )
    return padded, [(0, 0), (0, 0), *widths]


def _absent_outside(problem: Problem) -> tuple[Any, ...]:
    return tuple("constant" if boundary == "normalize" else boundary for boundary in problem.boundary)


def _recompute(problem: Problem, weights: Weights, x: Array, out: Array, present: Mask | None, at: Index) -> None:
    """One output by the definition."""
    where = at[2:]
    low = tuple(r + s * p for r, s, p in zip(problem.low, problem.stride, where, strict=True))
    one = problem.with_box(low, (1,) * problem.ndim)
    out[at] = feature_map(x, weights.values, one.sum, out.dtype, present)[0, 0].item()
