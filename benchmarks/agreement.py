"""Agreement: whether a peer computed the same sum, before anyone asks how fast."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.operands import Array, Operands
from faltung.task.problem import Problem

SLACK = 64.0
"""Roundings, times the square root of the number of terms, by which two careful sums may differ.

Peers sum one after the other or by transforms of the whole array; a wrong boundary, centre or
flip is off by the size of the terms themselves, some 10^4 times more in float32."""


def difference(problem: Problem, operands: Operands, ours: object, theirs: object) -> str | None:
    """How the results differ; None if they agree: exactly for integers, within rounding otherwise."""
    expected, found = np.asarray(ours), np.asarray(theirs)
    if found.size != expected.size or _long_axes(found) != _long_axes(expected):
        return f"shape {found.shape} where {expected.shape} is expected"
    found = found.reshape(expected.shape)
    if problem.result_dtype.kind in "biu":
        wrong = int(np.count_nonzero(found != expected))
        return f"{wrong} of {expected.size} integers differ" if wrong else None
    apart = float(np.max(np.abs(found - expected), initial=0.0))
    allowed = tolerance(problem, operands)
    return None if apart <= allowed else f"apart by {apart:.2g} where rounding explains {allowed:.2g}"


def step_difference(problem: Problem, operands: Operands, ours: tuple[Array, ...], theirs: object) -> str | None:
    """How the parts of a training step differ, each within the rounding of its own sum."""
    x, w, gy = operands.x, operands.w, ours[0]
    parts = {
        "feature map": (problem, Operands(x, w)),
        "input gradient": (problem.input_gradient(), Operands(gy, w)),
        "kernel gradient": (problem.kernel_gradient(), Operands(x, gy)),
    }
    for (name, (sums, given)), expected, found in zip(parts.items(), ours, _parts(theirs), strict=True):
        if (differs := difference(sums, given, expected, found)) is not None:
            return f"{name} {differs}"
    return None


def _parts(step: object) -> tuple[object, ...]:
    if not isinstance(step, tuple):
        raise TypeError(f"{type(step).__name__}: a training step answers a tuple of three arrays")
    return step


def tolerance(problem: Problem, operands: Operands) -> float:
    """The largest difference that rounding explains: relative to the norms of the kernel and a typical window."""
    unit = float(np.finfo(problem.result_dtype).eps)
    return SLACK * unit * math.sqrt(problem.taps) * _root_mean_square(operands.x) * _norm(operands.w)


def _long_axes(values: Array) -> list[int]:
    """The shape without axes of length one, which batch and channel are in some peers."""
    return [n for n in values.shape if n != 1]


def _norm(values: Array) -> float:
    return float(np.sqrt(np.sum(np.abs(values.astype(np.result_type(values, np.float64))) ** 2)))


def _root_mean_square(values: Array) -> float:
    return _norm(values) / math.sqrt(max(values.size, 1))
