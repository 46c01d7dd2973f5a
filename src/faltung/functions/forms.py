"""Closed forms: functions that know their formula, and which pairs convolve in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.special import gammaln

from faltung.functions.build import Skeleton, build
from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces


@dataclass(frozen=True, slots=True)
class Gaussian:
    """``weight`` times the normal density of this mean and standard deviation."""

    mean: float
    sigma: float
    weight: complex = 1.0

    def moved(self, distance: float, factor: float) -> Gaussian:
        """The form of f((t - distance) / factor)."""
        return Gaussian(self.mean * factor + distance, self.sigma * abs(factor), self.weight * abs(factor))

    def scaled(self, factor: complex) -> Gaussian:
        """``factor`` times the form."""
        return replace(self, weight=self.weight * factor)

    def pieces(self) -> tuple[Pieces, float]:
        """The form as pieces, with an error estimate."""
        height = self.weight / self.sigma
        standard, error = _standard_gaussian()
        return standard.moved(self.mean, self.sigma).scaled(height), error * abs(height)

    def convolved(self, other: Form) -> Form | None:
        """Means and variances add."""
        if not isinstance(other, Gaussian):
            return None
        sigma = math.hypot(self.sigma, other.sigma)
        return Gaussian(self.mean + other.mean, sigma, self.weight * other.weight)


@dataclass(frozen=True, slots=True)
class Gamma:
    """``weight`` times the gamma density that starts at ``start``; a negative rate mirrors it."""

    shape: float
    rate: float
    start: float = 0.0
    weight: complex = 1.0

    def moved(self, distance: float, factor: float) -> Gamma:
        """The form of f((t - distance) / factor)."""
        start = self.start * factor + distance
        return Gamma(self.shape, self.rate / factor, start, self.weight * abs(factor))

    def scaled(self, factor: complex) -> Gamma:
        """``factor`` times the form."""
        return replace(self, weight=self.weight * factor)

    def pieces(self) -> tuple[Pieces, float]:
        """The form as pieces, with an error estimate."""
        standard, error = _standard_gamma(self.shape)
        height = self.weight * abs(self.rate)
        return standard.moved(self.start, 1 / self.rate).scaled(height), error * abs(height)

    def convolved(self, other: Form) -> Form | None:
        """Shapes and starts add where the rates agree."""
        if not isinstance(other, Gamma) or other.rate != self.rate:
            return None
        return Gamma(self.shape + other.shape, self.rate, self.start + other.start, self.weight * other.weight)


Form = Gaussian | Gamma


@lru_cache(maxsize=1)
def _standard_gaussian() -> tuple[Pieces, float]:
    edges = np.array([-9.0, -6.0, -3.0, 0.0, 3.0, 6.0, 9.0])
    skeleton = Skeleton.of(edges, np.zeros(7, bool))
    return build(lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi), skeleton)


@lru_cache(maxsize=64)
def _standard_gamma(shape: float) -> tuple[Pieces, float]:
    """The gamma density of rate 1: a power weight at 0 for the broken part of the exponent."""

    def density(x: Array) -> Array:
        result: Array = np.exp((shape - 1) * np.log(x) - x - gammaln(shape))
        return result

    spread = math.sqrt(shape)
    # Far beyond the peak the tail falls like exp(-x), near it like a Gaussian's.
    after = shape + spread * np.array([1.2, 2.4, 4.8, 9.6]) + np.array([4.0, 10.0, 20.0, 40.0])
    before = [shape - spread * step for step in (4.0, 8.0, 16.0, 32.0) if shape - spread * step > shape / 2]
    start = shape - 40 * spread if shape > 1600 else 0.0
    edges = np.concatenate([[start], before[::-1], [max(shape, 1.0)], after])
    hard = np.zeros(len(edges), bool)
    hard[0] = start == 0.0
    broken = shape - 1 if shape < 1 else (shape - 1) % 1
    return build(density, Skeleton.of(edges, hard, {0.0: (0.0, broken)}))
