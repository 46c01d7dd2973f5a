"""Operands for a Problem: made from its line alone, so that a failing case fails again.

``small``: integers in every type, so that sums are exact. ``random``: what the type holds.
``extreme``: the ends of integer types, NaN and infinities. ``strange kernel``: these in w too.
"""

from __future__ import annotations

import functools
import zlib
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from faltung import Problem
from faltung.algorithms.separable import tolerance
from faltung.meaning.numbers import real_type
from faltung.task.low_rank import terms_of
from faltung.task.operand import Weights
from faltung.task.structure import observe, with_rank

Kind = Literal["small", "random", "extreme", "strange kernel"]
Array = NDArray[Any]


@dataclass(frozen=True)
class Operands:
    """A Problem with its arrays, and what was found in its kernel."""

    problem: Problem
    x: Array
    weights: Weights
    present: NDArray[np.bool_] | None

    @property
    def w(self) -> Array:
        return self.weights.values


@functools.cache
def operands(line: str, kind: Kind) -> Operands:
    """The operands of ``kind`` for the Problem that ``line`` describes."""
    problem = Problem.parse(line)
    rng = np.random.default_rng(zlib.crc32(f"{kind} {line}".encode()))
    x = values(rng, problem.input_dtype, (problem.batch, problem.channels, *problem.input_shape), kind)
    w = _kernel(rng, problem, kind)
    present = None
    if problem.omit:
        present = ~np.isnan(x) if x.dtype.kind in "fc" and kind == "extreme" else rng.random(x.shape) < 0.7
        x = x if x.dtype.kind not in "fc" else np.where(present, x, x.dtype.type(np.nan))
    return _discovered(problem, x, w, present)


def values(rng: np.random.Generator, dtype: np.dtype[Any], shape: tuple[int, ...], kind: Kind) -> Array:
    """Random values of one type."""
    if dtype.kind == "c":
        number = np.empty(shape, dtype)
        number.real, number.imag = (values(rng, real_type(dtype), shape, kind) for _ in range(2))
        return number
    if kind == "random" and dtype.kind == "f":
        return np.asarray(rng.standard_normal(shape)).astype(dtype)
    if kind in ("extreme", "strange kernel"):
        return _extreme(rng, dtype, shape)
    if kind == "random" and dtype.kind in "iu":
        high = 2 ** min(8 * dtype.itemsize - 1, 28)  # sums of 64-bit products fit
        return np.asarray(rng.integers(0 if dtype.kind == "u" else -high, high, shape)).astype(dtype)
    low = 0 if dtype.kind in "bu" else -4
    return np.asarray(rng.integers(low, 2 if dtype.kind == "b" else 5, shape)).astype(dtype)


def _extreme(rng: np.random.Generator, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    """Mostly small integers, and the ends of the type among them."""
    if dtype.kind == "f":
        ends = [np.nan, np.inf, -np.inf]
    elif dtype.kind in "iu":
        ends = [np.iinfo(dtype).min, np.iinfo(dtype).max]
    else:
        ends = [0, 1] if dtype.kind == "b" else [-(2**80), 2**90]
    mixed = values(rng, dtype, shape, "small")
    for index in np.argwhere(rng.random(shape) < 0.15):
        mixed[tuple(index)] = ends[rng.integers(len(ends))]
    return mixed


def _kernel(rng: np.random.Generator, problem: Problem, kind: Kind) -> Array:
    shape = (problem.filters, problem.channels // problem.groups, *problem.kernel_shape)
    drawn = kind if kind in ("random", "strange kernel") else "small"
    if problem.structure.rank is not None:
        return sum(_outer_product(rng, problem.kernel_dtype, shape, drawn) for _ in range(problem.structure.rank))
    w = values(rng, problem.kernel_dtype, shape, drawn)
    if problem.renormalise:
        w = np.abs(w)
        w[:, 0, *(k // 2 for k in problem.kernel_shape)] = 1
    return w


def _outer_product(rng: np.random.Generator, dtype: np.dtype[Any], shape: tuple[int, ...], kind: Kind) -> Array:
    factors = (values(rng, dtype, (k,), kind) for k in shape)
    return reduce(np.multiply.outer, [np.where(factor == 0, dtype.type(1), factor) for factor in factors])


def _discovered(problem: Problem, x: Array, w: Array, present: NDArray[np.bool_] | None) -> Operands:
    """With the facts that `faltung.convolve` finds in a kernel; its rank where the line says one."""
    sought = problem.structure.rank is not None
    problem = problem.with_structure(observe(w))
    if not sought or not problem.structure.finite:
        return Operands(problem, x, Weights(w), present)
    terms = terms_of(w[0, 0], tolerance(problem), limit=w.size)
    assert terms is not None
    return Operands(problem.with_structure(with_rank(problem.structure, len(terms))), x, Weights(w, terms), present)
