"""A Problem as calls of the native core, which knows one sum: a correlation from an offset.

A convolution's kernel is a flipped view. Channels are one more axis of the sum. An input
dilation u falls apart into phases: outputs u apart see the same taps, every u-th or so, and
are an undilated correlation with these, so that absent terms never occur.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from itertools import product
from types import EllipsisType
from typing import Any, NamedTuple

import numpy as np

from faltung import settings
from faltung._native import _core
from faltung.algorithms.algorithm import Array
from faltung.meaning import numbers
from faltung.meaning.boundary import BOUNDARIES
from faltung.task.problem import Problem


def correlation_taps(problem: Problem, w: Array) -> Array:
    """The taps, (filters, channels / groups, *kernel), of the correlation without conjugation that
    the Problem is: a flipped view of a convolution's kernel, the conjugate of a correlation's.
    """
    if problem.operation == "convolve":
        return w[_flip(w.ndim - 2)]
    return np.conj(w) if w.dtype.kind == "c" else w


@functools.lru_cache(maxsize=64)
def _flip(ndim: int) -> tuple[slice, ...]:
    return (slice(None), slice(None), *(slice(None, None, -1),) * ndim)


class _AxisPhase(NamedTuple):
    """Along one axis, outputs that see the same taps; no taps at all if ``taps`` is None."""

    outputs: slice
    taps: slice | None
    offset: int
    stride: int
    dilation: int


class _Phase(NamedTuple):
    """One call of the core for each batch and filter: which outputs from which taps, and where."""

    outputs: tuple[EllipsisType | slice, ...]
    taps: tuple[EllipsisType | slice, ...] | None
    offset: list[int]
    stride: list[int]
    dilation: list[int]


class Correlation(NamedTuple):
    """The calls that a Problem is, without its values."""

    groups: int
    phases: tuple[_Phase, ...]
    spread: bool
    """Whether samples lie apart: then a phase has some of the taps, even where it has all outputs."""
    boundary: list[int]
    fill: float | complex | int | None

    def run(self, x: Array, taps: Array, out: Array, threads: int, wide: bool = False) -> bool:
        """Sum ``x``, (batch, channels, *space), with contiguous ``taps`` into ``out``, (batch,
        filters, *length). False if ``wide`` and a result does not fit.
        """
        channels, filters = taps.shape[1], out.shape[1] // self.groups
        fits = True
        for b in range(out.shape[0]):
            for o in range(out.shape[1]):
                first = o // filters * channels
                if channels == 1:
                    samples, weights, sums = x[b, first, ...], taps[o, 0, ...], out[b, o, ...]
                else:  # one more axis, summed over: its only output is the sum
                    samples, weights, sums = x[b, first : first + channels], taps[o], out[b, o, np.newaxis]
                for phase in self.phases:
                    fits &= self._run_phase(samples, weights, sums, phase, threads, wide)
        return fits

    def _run_phase(self, x: Array, taps: Array, out: Array, phase: _Phase, threads: int, wide: bool) -> bool:
        if phase.taps is None:
            out[phase.outputs] = 0
            return True
        if self.spread:
            taps, out = np.ascontiguousarray(taps[phase.taps]), out[phase.outputs]
        written = _written(taps.dtype, x.dtype, out.dtype)
        target = out if written == out.dtype and out.flags.c_contiguous else np.empty(out.shape, written)
        where = (phase.offset, phase.stride, phase.dilation, self.boundary)
        fits = _core.direct(x, taps, target, *where, self.fill, wide, settings.level(), threads)
        if target is not out:
            with np.errstate(over="ignore", invalid="ignore"):
                out[...] = target
        return fits


@functools.lru_cache(maxsize=512)
def correlation(problem: Problem) -> Correlation:
    """The Problem as a `Correlation`; 'normalize' reads nothing beyond the edges."""
    axes = zip(
        problem.low,
        problem.reach(),
        problem.stride,
        problem.dilation,
        problem.input_dilation,
        problem.kernel_shape,
        problem.length,
        strict=True,
    )
    phases = [list(_phases(low + first, *rest)) for low, (first, _), *rest in axes]
    summed = int(problem.channels > problem.groups)
    boundary = [0 if b == "normalize" else BOUNDARIES.index(b) for b in problem.boundary]
    return Correlation(
        groups=problem.groups,
        phases=tuple(_phase(axes_phases, summed) for axes_phases in product(*phases)),
        spread=any(u > 1 for u in problem.input_dilation),
        boundary=[0] * summed + boundary,
        fill=problem.fill_value if problem.fill_value != 0 else None,
    )


def _phase(axes: tuple[_AxisPhase, ...], summed: int) -> _Phase:
    chosen = tuple(axis.taps for axis in axes if axis.taps is not None)
    return _Phase(
        outputs=(..., *(axis.outputs for axis in axes)),
        taps=(..., *chosen) if len(chosen) == len(axes) else None,
        offset=[0] * summed + [axis.offset for axis in axes],
        stride=[1] * summed + [axis.stride for axis in axes],
        dilation=[1] * summed + [axis.dilation for axis in axes],
    )


def _phases(offset: int, stride: int, dilation: int, spread: int, taps: int, outputs: int) -> Iterator[_AxisPhase]:
    """Output p meets tap k at ``stride * p + offset + dilation * k`` of the spread-out input, where
    a sample lies if that is a multiple of ``spread``.
    """
    if spread == 1:
        # A single output has no next: its stride would only cost memory.
        yield _AxisPhase(slice(None), slice(None), offset, stride if outputs > 1 else 1, dilation)
        return
    apart = spread // math.gcd(stride, spread)
    every = spread // math.gcd(dilation, spread)
    for first in range(min(apart, outputs)):
        start = stride * first + offset
        tap = next((k for k in range(min(every, taps)) if (start + dilation * k) % spread == 0), None)
        yield _AxisPhase(
            outputs=slice(first, None, apart),
            taps=None if tap is None else slice(tap, None, every),
            offset=(start + dilation * (tap or 0)) // spread,
            stride=stride * apart // spread,
            dilation=dilation * every // spread,
        )


@functools.cache
def _written(taps: np.dtype[Any], x: np.dtype[Any], out: np.dtype[Any]) -> np.dtype[Any]:
    """The type that the core writes when it computes with these operands: ``out`` if it can."""
    integers = (np.dtype(np.int64), np.dtype(np.uint64))
    if out in integers and x.kind != "c" and taps.kind != "c":
        return out
    real = numbers.real_type(taps)
    if "c" in (taps.kind, x.kind):
        return np.result_type(real, np.complex64)
    return out if real == np.float32 and out == np.float16 else real
