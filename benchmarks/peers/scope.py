"""Scope: what of a Problem a peer can express, answered in words where it cannot."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from benchmarks.operands import Array
from faltung.meaning.extent import MODES, Mode, default_center
from faltung.task.problem import Problem


def unit_steps(problem: Problem) -> str | None:
    """Refuses stride, dilation and channels, and weights that are renormalised."""
    if not problem.plain:
        return "no channels, no input dilation"
    if any(step != 1 for step in problem.stride + problem.dilation):
        return "no stride, no dilation"
    return "no renormalising" if problem.renormalise else None


def zeros_outside(problem: Problem) -> str | None:
    """Refuses every boundary but zeros."""
    if set(problem.boundary) != {"constant"} or problem.fill_value != 0:
        return "zeros beyond the edges only"
    return None


def one_boundary(problem: Problem, known: Collection[str]) -> str | None:
    """Refuses a boundary that is not ``known``, or not the same along all axes."""
    if len(set(problem.boundary)) != 1 or problem.boundary[0] not in known:
        return f"no boundary {'/'.join(dict.fromkeys(problem.boundary))}"
    return None


def floats(problem: Problem) -> str | None:
    """Refuses all operands but two of the same real floating type, single or double."""
    if problem.input_dtype != problem.kernel_dtype or problem.input_dtype not in (np.float32, np.float64):
        return "float32 or float64 only, the same for both"
    return None


def mode_word(problem: Problem) -> Mode | None:
    """The mode whose box this is, at the centre that NumPy and scipy.signal use."""
    if problem.center != tuple(default_center(problem.operation, k) for k in problem.kernel_shape):
        return None
    words = dict(word.split("=", 1) for word in str(problem).split()[1:])
    return next((mode for mode in MODES if mode == words.get("mode")), None)


def inside(problem: Problem) -> tuple[slice, ...] | None:
    """Where the box lies in a result of the input's shape; None where it reaches beyond it."""
    box = list(zip(problem.low, problem.length, problem.input_shape, strict=True))
    if any(low < 0 or low + count > n for low, count, n in box):
        return None
    return tuple(slice(low, low + count) for low, count, _ in box)


def as_convolution(problem: Problem, w: Array) -> Array:
    """The kernel that, convolved, gives the Problem's sum."""
    return w if problem.operation == "convolve" else _flipped(problem, w).conj()


def as_correlation(problem: Problem, w: Array) -> Array:
    """The kernel that, slid over the input without a flip or a conjugate, gives the Problem's sum."""
    return w.conj() if problem.operation == "correlate" else _flipped(problem, w)


def _flipped(problem: Problem, w: Array) -> Array:
    axes = tuple(range(-min(problem.ndim, w.ndim), 0))  # of space; a factor has one
    return np.ascontiguousarray(np.flip(w, axes))


def correlation_center(problem: Problem) -> tuple[int, ...]:
    """The centre of that kernel."""
    if problem.operation == "correlate":
        return problem.center
    return tuple(k - 1 - m for k, m in zip(problem.kernel_shape, problem.center, strict=True))
