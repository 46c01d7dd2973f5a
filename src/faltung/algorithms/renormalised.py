"""Renormalised sums: W times the sum over the samples present, over the weights present.

Three sums of ``direct``'s kind: of the samples present, of the weights present, and of how
many of these are positive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from faltung.algorithms.algorithm import Array, Mask, Run
from faltung.meaning import numbers
from faltung.task.operand import Weights
from faltung.task.problem import Problem
from faltung.task.structure import UNKNOWN

Prepare = Callable[[Problem, Weights], Run]


def renormalised_sums(problem: Problem, weights: Weights, prepare: Prepare) -> Run:
    """Prepare the three sums by ``prepare``, the plain sum's."""
    w = weights.values
    everything = float(w.sum(dtype=np.float64))
    plain = replace(problem, omit=False, boundary=_absent_outside(problem), structure=UNKNOWN)
    sums = prepare(_floating(plain), weights)
    counted = replace(
        plain,
        input_dtype=np.dtype(bool),
        kernel_dtype=np.dtype(bool),
        result_dtype=np.dtype(np.int64),
        fill_value=0 if "normalize" in problem.boundary else 1,
    )
    weighed = replace(counted, kernel_dtype=np.dtype(np.float64), result_dtype=np.dtype(np.float64))
    present_weights = prepare(weighed, Weights(w.astype(np.float64)))
    positive = prepare(counted, Weights(w > 0))

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
