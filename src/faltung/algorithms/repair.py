"""Recomputing what NaN and infinity touched, after an algorithm that spreads or cancels them."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from faltung.algorithms.algorithm import Array
from faltung.algorithms.direct import DIRECT
from faltung.task.operand import Weights
from faltung.task.problem import Index, Problem

_ROWS = 64


class Region(NamedTuple):
    """A box of outputs of one batch and filter."""

    batch: int
    filter: int
    first: Index
    length: Index


def finite(out: Array) -> bool:
    """Whether no element is NaN or infinite; False also where only their sum is."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(out.sum()))


def repair(problem: Problem, weights: Weights, x: Array, out: Array, threads: int) -> None:
    """Recompute by ``direct`` the tiles of ``out``, of one batch and filter, that hold a NaN or an
    infinity.
    """
    strange = ~np.isfinite(out[0, 0])
    for start in range(0, problem.length[0], _ROWS):
        rows = strange[start : start + _ROWS]
        touched = np.nonzero(rows)
        if touched[0].size == 0:
            continue
        first = [int(t.min()) for t in touched]
        length = tuple(int(np.ptp(t)) + 1 for t in touched)
        first[0] += start
        recompute(problem, weights, x, out, Region(0, 0, tuple(first), length), threads)


def recompute(problem: Problem, weights: Weights, x: Array, out: Array, region: Region, threads: int) -> None:
    """Compute a region of ``out`` by ``direct``."""
    b, f, first, length = region
    group = f // (problem.filters // problem.groups)
    channels = problem.channels // problem.groups
    low = tuple(r + s * at for r, s, at in zip(problem.low, problem.stride, first, strict=True))
    part = replace(problem.with_box(low, length), batch=1, channels=channels, filters=1, groups=1)
    samples = x[b : b + 1, group * channels : (group + 1) * channels]
    values = np.empty((1, 1, *length), out.dtype)
    DIRECT.prepare(part, Weights(weights.values[f : f + 1]))(samples, values, None, threads)
    box: tuple[slice, ...] = tuple(slice(at, at + n) for at, n in zip(first, length, strict=True))
    out[b, f][box] = values[0, 0]
