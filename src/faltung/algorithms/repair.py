"""Recomputing what NaN and infinity touched, after an algorithm that spreads or cancels them."""

from __future__ import annotations

import numpy as np

from faltung.algorithms.algorithm import Array
from faltung.algorithms.direct import DIRECT
from faltung.task.operand import Weights
from faltung.task.problem import Problem

_ROWS = 64


def finite(out: Array) -> bool:
    """Whether no element is NaN or infinite; False also where only their sum is."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(out.sum()))


def repair(problem: Problem, weights: Weights, x: Array, out: Array, threads: int) -> None:
    """Recompute by ``direct`` the tiles of ``out`` that hold a NaN or an infinity."""
    strange = ~np.isfinite(out[0, 0])
    for start in range(0, problem.length[0], _ROWS):
        rows = strange[start : start + _ROWS]
        touched = np.nonzero(rows)
        if touched[0].size == 0:
            continue
        first = [int(t.min()) for t in touched]
        length = tuple(int(np.ptp(t)) + 1 for t in touched)
        first[0] += start
        low = tuple(r + s * f for r, s, f in zip(problem.low, problem.stride, first, strict=True))
        part = np.empty((1, 1, *length), out.dtype)
        DIRECT.prepare(problem.with_box(low, length), weights)(x, part, None, threads)
        region: tuple[slice, ...] = tuple(slice(f, f + n) for f, n in zip(first, length, strict=True))
        out[0, 0][region] = part[0, 0]
