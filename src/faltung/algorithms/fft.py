"""``fft``: overlap-save along any number of axes, by native transforms of short tiles.

The output is cut into tiles; each is one cyclic convolution of as many samples along every axis
as ``tiling`` chooses, of which the outputs that nothing wraps into are kept. Tiles that hold NaN
or infinity are summed by ``direct``: see ``src/native/overlap_save.hpp`` and docs/accuracy-fft.md.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from faltung import settings
from faltung._native import _core
from faltung.algorithms.algorithm import (
    Algorithm,
    Array,
    Cost,
    Mask,
    Run,
    beyond_native_indices,
    bytes_moved,
    too_inaccurate,
    vectors,
)
from faltung.algorithms.correlation import correlation_taps
from faltung.algorithms.repair import Region, recompute
from faltung.algorithms.tiling import MOST_POINTS, Hold, Tiling, reach, smallest_points, tiling
from faltung.machine import Machine, current, shipped
from faltung.meaning import numbers
from faltung.meaning.boundary import BOUNDARIES
from faltung.meaning.rounding import unit_roundoff
from faltung.task.operand import Weights
from faltung.task.problem import Index, Problem

_TRANSFORMED = frozenset(map(np.dtype, "fdFD"))
_MOST_SPECTRA, _MOST_SPECTRA_OF_OPERANDS = 2**30, 8
"""Bytes of spectra however small the operands are, and for each of theirs."""


def _refuse(problem: Problem) -> str | None:
    if all(k == 1 for k in problem.kernel_shape):
        return "the kernel is a single tap"
    if problem.compute_dtype not in _TRANSFORMED:
        return f"{problem.compute_dtype} is not transformed yet"
    if any(u > 1 for u in problem.input_dilation):
        return "most samples of a spread-out input would be absent"
    if numbers.is_integral(numbers.result_type(problem.input_dtype, problem.kernel_dtype)):
        return "integers are summed exactly"
    if problem.structure.finite is False:
        return "the kernel holds NaN or infinity"
    if problem.renormalise:
        return "weights are renormalised"
    if problem.accuracy == "elementwise":
        return "a transform's error is relative to the norm, not to each element"
    if beyond := beyond_native_indices(problem):
        return beyond
    if math.prod(reach(problem)) > MOST_POINTS or smallest_points(problem) > MOST_POINTS:
        return (
            f"the kernel reaches over more samples than a transform of 2**{MOST_POINTS.bit_length() - 1} points serves"
        )
    points = tiling(undecimated(problem), current()).points
    spectra = _summed(problem) * problem.filters * _spectrum_bytes(problem, points)
    if spectra > max(_MOST_SPECTRA, _MOST_SPECTRA_OF_OPERANDS * bytes_moved(problem)):
        return f"the spectra of all kernels would take {spectra / 2**30:.1f} GiB"
    return too_inaccurate(problem, error_bound(problem, points))


def _spectrum_bytes(problem: Problem, points: int) -> int:
    return points * 2 * numbers.real_type(problem.compute_dtype).itemsize


def undecimated(problem: Problem) -> Problem:
    """The Problem without its stride, which throws away what this computes."""
    if all(s == 1 for s in problem.stride):
        return problem
    length = tuple(s * (n - 1) + 1 if n else 0 for s, n in zip(problem.stride, problem.length, strict=True))
    return replace(problem, stride=(1,) * problem.ndim, length=length)


def error_bound(problem: Problem, points: int) -> float:
    """24 u (1 + log2 points) relative to the norms, one u for each channel that is added to the first,
    and the final rounding.
    """
    transformed = 24 * (1 + math.log2(points)) + _summed(problem) - 1
    return transformed * unit_roundoff(problem.compute_dtype) + unit_roundoff(problem.result_dtype)


def _summed(problem: Problem) -> int:
    """Channels that each filter sums over."""
    return problem.channels // problem.groups


def _cost(problem: Problem, machine: Machine) -> Cost:
    dense = undecimated(problem)
    tiles = tiling(dense, machine)
    lanes = vectors(problem.compute_dtype, machine)
    summed = _summed(problem)
    count = summed * problem.filters * problem.batch * math.prod(tiles.tiles)
    # Real operations of two complex radix-4 transforms, and the product.
    operations = count * (2 * 4.25 * tiles.points * math.log2(tiles.points) + 6 * tiles.points)
    moving = bytes_moved(dense) / machine.bytes_per_second
    adding = 3 * (summed - 1) * dense.outputs * problem.compute_dtype.itemsize / machine.bytes_per_second
    return Cost(
        seconds=summed * machine.transform_call_seconds + max(summed * tiles.seconds, moving) + adding,
        limit_seconds=max(operations / (2 * lanes * machine.vector_products_per_second), moving),
        error_bound=error_bound(problem, tiles.points),
        workspace=int(lanes + summed * problem.filters) * _spectrum_bytes(problem, tiles.points),
        detail=f"overlap-save, tiles of {tiles}",
    )


# prepare -----------------------------------------------------------------------------------


class _Layout(NamedTuple):
    """What follows from the Problem alone."""

    dense: Problem
    tiles: Tiling
    transform: Any
    kernels: Index
    """Shape of the kernels of one channel, gaps of the dilation included."""
    apart: tuple[slice, ...]
    """Where the taps lie in them."""
    offset: list[int]
    boundary: list[int]
    kept: tuple[slice, ...]
    """The outputs that a stride keeps."""


@functools.lru_cache(maxsize=512)
def _layout(problem: Problem, instruction_set: str) -> _Layout:
    dense, compute, machine = undecimated(problem), problem.compute_dtype, shipped(instruction_set)
    tiles = tiling(dense, machine)
    parts = int(vectors(compute, machine)) if tiles.hold == Hold.PARTS else 1
    return _Layout(
        dense=dense,
        tiles=tiles,
        transform=_transform(tiles.samples, compute.kind != "c", numbers.real_type(compute) == np.float64, parts),
        kernels=(problem.filters, *reach(problem)),
        apart=(slice(None), *(slice(None, None, d) for d in problem.dilation)),
        offset=[low + first + at for low, (first, _), at in zip(dense.low, dense.reach(), tiles.origin, strict=True)],
        boundary=[BOUNDARIES.index(b) for b in dense.boundary],
        kept=(*(slice(None),) * 2, *(slice(None, None, s) for s in problem.stride)),
    )


def _prepare(problem: Problem, weights: Weights) -> Run:
    layout, compute = _layout(problem, settings.get_instruction_set()), problem.compute_dtype
    dense = layout.dense
    kernels = _kernels(problem, correlation_taps(problem, weights.values), layout)

    def run(x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        computed = dense is problem and out.dtype == compute
        target = out if computed else np.empty((*out.shape[:2], *dense.length), compute)
        samples = x.astype(compute) if compute.kind == "c" and x.dtype != compute else x
        for region in _regions(dense, layout.tiles, _correlate(layout, kernels, samples, target, threads)):
            recompute(dense, weights, x, target, region, threads)
        if not computed:
            with np.errstate(over="ignore", invalid="ignore"):
                out[...] = target[layout.kept]
        return None

    return run


def _kernels(problem: Problem, w: Array, layout: _Layout) -> list[Any]:
    """The kernels of the first, second, … channel of each group, with the gaps of their dilation."""
    kernels = []
    for channel in range(_summed(problem)):
        taps = np.zeros(layout.kernels, problem.compute_dtype)
        taps[layout.apart] = w[:, channel]
        kernels.append(
            _core.OverlapSave(layout.transform, taps, layout.tiles.origin, layout.tiles.hold, settings.level())
        )
    return kernels


def _correlate(layout: _Layout, kernels: list[Any], x: Array, out: Array, threads: int) -> list[int]:
    """Sum over the channels of each group; the tiles that are left out."""
    where = layout.offset, layout.boundary, complex(layout.dense.fill_value), layout.tiles.outputs
    left: set[int] = set()
    part = out
    for channel, kernel in enumerate(kernels):
        part = out if channel == 0 else np.empty_like(out) if channel == 1 else part
        samples = x[:, channel :: len(kernels)]
        left.update(kernel.run(samples, part, *where, threads))
        if part is not out:
            with np.errstate(all="ignore"):
                out += part
    return sorted(left)


@functools.lru_cache(maxsize=32)
def _transform(samples: Index, is_real: bool, is_double: bool, parts: int) -> Any:
    """The roots of unity take longer than a short transform."""
    return _core.TileTransform(list(samples), is_real, is_double, parts)


def _regions(problem: Problem, tiles: Tiling, left: list[int]) -> Iterator[Region]:
    """The outputs of tiles that were left out, neighbours along the last axis together."""
    if not left:
        return
    steps = tiles.outputs
    shape = (problem.filters, problem.batch, *tiles.tiles)
    breaks = np.flatnonzero((np.diff(left) != 1) | (np.asarray(left[1:]) % shape[-1] == 0)) + 1
    for run in np.split(np.asarray(left), breaks):
        f, b, *first = (int(i) for i in np.unravel_index(run[0], shape))
        low = tuple(i * step for i, step in zip(first, steps, strict=True))
        count = (*steps[:-1], steps[-1] * len(run))
        length = tuple(min(n, end - at) for n, end, at in zip(count, problem.length, low, strict=True))
        yield Region(b, f, low, length)


FFT = Algorithm("fft", _refuse, _cost, _prepare)
