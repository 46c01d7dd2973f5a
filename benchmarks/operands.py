"""Operands: the arrays that a Problem is measured on, the same in every run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung.task.problem import Problem

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Operands:
    """Input and kernel, with batch, channels and filters where the Problem has them; the kernel's factors,
    one for each axis, where it says rank 1.
    """

    x: Array
    w: Array
    factors: tuple[Array, ...] | None = None


def draw(problem: Problem, seed: int = 0) -> Operands:
    """Noise for the input, noise or a Gaussian for the kernel, of the Problem's shapes and types."""
    random = np.random.default_rng(seed)
    if not problem.plain:
        x = _noise(random, (problem.batch, problem.channels, *problem.input_shape), problem.input_dtype)
        shape = (problem.filters, problem.channels // problem.groups, *problem.kernel_shape)
        return Operands(x, _noise(random, shape, problem.kernel_dtype))
    x = _noise(random, problem.input_shape, problem.input_dtype)
    if problem.structure.rank == 1:
        factors = tuple(_gaussian(length, problem.kernel_dtype) for length in problem.kernel_shape)
        return Operands(x, reduce(np.multiply.outer, factors), factors)
    return Operands(x, _noise(random, problem.kernel_shape, problem.kernel_dtype))


def _noise(random: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Normal numbers, both parts of complex ones; integers so small that no sum of ours overflows."""
    if dtype.kind in "iu":
        return random.integers(-100 if dtype.kind == "i" else 0, 100, shape).astype(dtype)
    values = random.standard_normal(shape)
    return (values + 1j * random.standard_normal(shape) if dtype.kind == "c" else values).astype(dtype)


def _gaussian(length: int, dtype: np.dtype[Any]) -> Array:
    """Weights out to four standard deviations, summing to 1."""
    at = np.linspace(-4.0, 4.0, length) if length > 1 else np.zeros(1)
    weights = np.exp(-at * at / 2)
    normalized: Array = (weights / weights.sum()).astype(dtype)
    return normalized
