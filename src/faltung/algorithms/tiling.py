"""Which tiles ``fft`` cuts a Problem into: the cheapest lengths by the machine's constants."""

from __future__ import annotations

import functools
import math
from enum import IntEnum
from itertools import product
from typing import NamedTuple

import numpy as np

from faltung.algorithms.algorithm import vectors
from faltung.machine import Machine
from faltung.meaning import numbers
from faltung.task.problem import Index, Problem

MOST_POINTS = 2**24
_ROW, _ROW_OF_PART = 8, 32
"""Samples of a tile's row, or a part's, come in multiples of this; complex ones of half as many."""
_LONGEST_OF_AXES = {1: (16, 1024), 2: (8, 128)}
"""How many times the kernel's reach a tile may be along each of 1, 2, … axes, and at least."""
_LONGEST_OF_MORE = (4, 64)
_COMPLEX = 2.0
"""Tiles of complex samples, whose parts are taken apart and put together, relative to real ones."""
_LEAST_OF_TABLE = 16
"""Points of the first entry of the machine's table."""
_KERNEL = 0.5
"""A kernel's spectrum, in tiles: there, not back."""


class Hold(IntEnum):
    """What the lanes of a vector hold."""

    TILES = 0
    KERNELS = 1
    PARTS = 2


class Tiling(NamedTuple):
    """Tiles of one Problem, and what they cost."""

    samples: Index
    """Of a tile along each axis; 1 where the kernel has one tap."""
    origin: Index
    """Which output's sample each tile begins with, along each axis."""
    outputs: Index
    """Of a tile along each axis."""
    tiles: Index
    """How many there are along each axis, for each batch and filter."""
    points: int
    """Complex points of the transform."""
    hold: Hold
    """Tiles of one kernel, tiles of several kernels, or parts of one tile."""
    seconds: float

    def __str__(self) -> str:
        return "x".join(str(n) for n in self.samples if n > 1)


def reach(problem: Problem) -> Index:
    """Samples that the kernel spans along each axis, gaps of its dilation included."""
    return tuple((k - 1) * d + 1 for k, d in zip(problem.kernel_shape, problem.dilation, strict=True))


class Whole(NamedTuple):
    """The shortest tile that yields all outputs along an axis."""

    samples: int
    origin: int
    """Outputs before the one at which the tile begins."""


def whole(problem: Problem, axis: int) -> Whole:
    """What a single tile needs along an axis.

    A tile is cyclic: what lies before it is read at its end. Zeros on both sides of the input can
    so be the same samples of a tile that begins with the input; and any constant, but in the rows of
    real tiles, which come back with the other sign.
    """
    (first, last), n, outputs = problem.reach()[axis], problem.input_shape[axis], max(problem.length[axis], 1)
    samples, before = outputs + last - first, -(problem.low[axis] + first)
    negated = axis == _row_axis(problem) and problem.compute_dtype.kind != "c"
    if problem.boundary[axis] == "constant" and not (negated and problem.fill_value) and n > 0 and before >= 0:
        shared = max(samples - before, before + n, outputs, last - first + 1)
        if shared <= samples:
            return Whole(shared, before)
    return Whole(samples, 0)


def smallest_points(problem: Problem) -> int:
    """Points of the smallest transform that holds the kernel."""
    return _points(problem, tuple(lengths[0] for lengths in _candidates(problem)))


@functools.lru_cache(maxsize=512)
def tiling(problem: Problem, machine: Machine) -> Tiling:
    """The cheapest tiles for a Problem without strides.

    The optimum is flat: half or twice the length along an axis costs some 10 % more.
    """
    able = [_tiling(problem, samples, machine) for samples in product(*_candidates(problem))]
    return min((t for t in able if t.points <= MOST_POINTS), key=lambda t: t.seconds, default=able[0])


def _candidates(problem: Problem) -> list[list[int]]:
    """Lengths of a tile along each axis, from the kernel's own reach on."""
    spans, row_axis = reach(problem), _row_axis(problem)
    times, least = _LONGEST_OF_AXES.get(sum(span > 1 for span in spans), _LONGEST_OF_MORE)
    row = _ROW // 2 if problem.compute_dtype.kind == "c" else _ROW
    found = []
    for axis, span in enumerate(spans):
        if span == 1:
            found.append([1])
            continue
        unit = row if axis == row_axis else 1
        found.append(_lengths(span, min(whole(problem, axis).samples, max(times * span, least)), unit))
    return found


def _lengths(least: int, enough: int, unit: int) -> list[int]:
    """Multiples of ``unit`` by 2^a or 3·2^a from ``least`` on, to the first, 9·2^a and 27·2^a among them,
    that is ``enough``.
    """
    lengths = sorted(unit * m << a for a in range(24) for m in (1, 3, 9, 27))
    last = next(n for n in lengths if n >= max(enough, least))
    few = {unit * m << a for a in range(24) for m in (1, 3)}
    return [n for n in lengths if least <= n < last and n in few] + [last]


def _points(problem: Problem, samples: Index) -> int:
    return math.prod(samples) // (1 if problem.compute_dtype.kind == "c" else 2)


def _row_points(problem: Problem, samples: Index) -> int:
    return _row(samples) // (1 if problem.compute_dtype.kind == "c" else 2)


def _tiling(problem: Problem, samples: Index, machine: Machine) -> Tiling:
    lanes = int(vectors(problem.compute_dtype, machine))
    origin, outputs = zip(*(_place(problem, axis, n) for axis, n in enumerate(samples)), strict=True)
    tiles = tuple(-(-count // n) for count, n in zip(problem.length, outputs, strict=True))
    instances = problem.batch * math.prod(tiles)
    points, kernels = _points(problem, samples), -(-problem.filters // lanes)
    ways = [
        (Hold.TILES, points, problem.filters * -(-instances // lanes) + _KERNEL * kernels),
        (Hold.KERNELS, points, kernels * instances + _KERNEL * kernels),
    ]
    if _row_points(problem, samples) % (lanes * _ROW_OF_PART // 2) == 0:
        split = machine.split_tile * problem.filters * (instances + _KERNEL)
        ways.append((Hold.PARTS, points // lanes, split))
    costs = [(groups * _group_seconds(problem, samples, each, machine), hold) for hold, each, groups in ways]
    seconds, hold = min(costs)
    return Tiling(samples, origin, outputs, tiles, points, hold, seconds)


def _place(problem: Problem, axis: int, samples: int) -> tuple[int, int]:
    """Origin and outputs of the tiles along an axis."""
    span, one = reach(problem)[axis], whole(problem, axis)
    if span > 1 and samples >= one.samples:
        return one.origin, max(problem.length[axis], 1)
    return 0, samples - span + 1


def _group_seconds(problem: Problem, samples: Index, points: int, machine: Machine) -> float:
    """Seconds for one group of tiles: points at the table's rate, and the rows that they lie in."""
    double = numbers.real_type(problem.compute_dtype) == np.float64
    table = machine.point_seconds[double]
    level = min(max(math.log2(points / _LEAST_OF_TABLE), 0), len(table) - 1)
    below = min(int(level), len(table) - 2)
    rate = table[below] + (level - below) * (table[below + 1] - table[below])
    rate *= _COMPLEX if problem.compute_dtype.kind == "c" else 1
    return points * rate + math.prod(samples) // _row(samples) * machine.tile_row_seconds


def _row_axis(problem: Problem) -> int:
    return max(axis for axis, span in enumerate(reach(problem)) if span > 1)


def _row(samples: Index) -> int:
    return next(n for n in reversed(samples) if n > 1)
