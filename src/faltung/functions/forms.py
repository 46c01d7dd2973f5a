"""Closed forms: functions that know their formula, and which pairs convolve in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.polynomial import hermite_e
from scipy.special import gammaln

from faltung.functions import chebyshev
from faltung.functions.build import Skeleton, build
from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces
from faltung.functions.resolution import NODES

# Gamma densities from this shape on are a Gaussian's with a correction: powers and factorials would cancel.
_LARGE = 64.0
# Splines of more than so many uniform variables are built as smooth functions.
_HIGHEST_ORDER = NODES
_EPS = float(np.finfo(float).eps)
# Terms of the series of artanh up to 1/3 that are not rounding.
_ARTANH = 16


@dataclass(frozen=True, slots=True)
class Gaussian:
    """``weight`` times the derivative of this order of the normal density of this mean and standard deviation."""

    mean: float
    sigma: float
    weight: complex = 1.0
    order: int = 0

    def moved(self, distance: float, factor: float) -> Gaussian:
        """The form of f((t - distance) / factor)."""
        weight = self.weight * abs(factor) * factor**self.order
        return Gaussian(self.mean * factor + distance, self.sigma * abs(factor), weight, self.order)

    def scaled(self, factor: complex) -> Gaussian:
        """``factor`` times the form."""
        return replace(self, weight=self.weight * factor)

    def pieces(self) -> tuple[Pieces, float]:
        """The form as pieces, with an error estimate."""
        height = self.weight / self.sigma ** (1 + self.order)
        standard, error = _standard_gaussian(self.order)
        return standard.moved(self.mean, self.sigma).scaled(height), error * abs(height)

    def convolved(self, other: Form) -> Form | None:
        """Means, variances and orders add."""
        if not isinstance(other, Gaussian):
            return None
        sigma = math.hypot(self.sigma, other.sigma)
        return Gaussian(self.mean + other.mean, sigma, self.weight * other.weight, self.order + other.order)

    def power(self, n: int) -> Gaussian:
        """Convolve n copies with each other."""
        return Gaussian(n * self.mean, math.sqrt(n) * self.sigma, self.weight**n, n * self.order)

    def derivative(self) -> Gaussian:
        """The derivative."""
        return replace(self, order=self.order + 1)


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

    def power(self, n: int) -> Gamma:
        """Convolve n copies with each other."""
        return Gamma(n * self.shape, self.rate, n * self.start, self.weight**n)

    def derivative(self) -> Gamma | None:
        """The derivative beyond the start, where it is a gamma density again: that of an exponential."""
        return self.scaled(-self.rate) if self.shape == 1 else None


@dataclass(frozen=True, slots=True)
class Spline:
    """``weight`` times the density of ``start`` plus ``order`` uniform variables on [0, width]: a B-spline."""

    order: int
    width: float
    start: float = 0.0
    weight: complex = 1.0

    def moved(self, distance: float, factor: float) -> Spline:
        """The form of f((t - distance) / factor)."""
        first = self.start if factor > 0 else self.start + self.order * self.width
        return Spline(self.order, self.width * abs(factor), first * factor + distance, self.weight * abs(factor))

    def scaled(self, factor: complex) -> Spline:
        """``factor`` times the form."""
        return replace(self, weight=self.weight * factor)

    def pieces(self) -> tuple[Pieces, float]:
        """The form as pieces, with an error estimate."""
        standard, error = _standard_spline(self.order)
        height = self.weight / self.width
        return standard.moved(self.start, self.width).scaled(height), error * abs(height)

    def convolved(self, other: Form) -> Form | None:
        """Orders and starts add where the widths agree, up to the highest order."""
        if not isinstance(other, Spline) or other.width != self.width or self.order + other.order > _HIGHEST_ORDER:
            return None
        return Spline(self.order + other.order, self.width, self.start + other.start, self.weight * other.weight)

    def power(self, n: int) -> Spline | None:
        """Convolve n copies with each other, up to the highest order."""
        if n * self.order > _HIGHEST_ORDER:
            return None
        return Spline(n * self.order, self.width, n * self.start, self.weight**n)

    def derivative(self) -> None:
        """None: the difference of two splines is no spline."""
        return


Form = Gaussian | Gamma | Spline


@lru_cache(maxsize=16)
def _standard_gaussian(order: int) -> tuple[Pieces, float]:
    """The derivative of this order of the standard normal density: a Hermite polynomial times it."""
    hermite = hermite_e.HermiteE.basis(order) * (-1) ** order
    edges = np.linspace(-9.0, 9.0, 7) * (1 + math.sqrt(order) / 4)
    skeleton = Skeleton.of(edges, np.zeros(7, bool))
    return build(lambda x: hermite(x) * np.exp(-x * x / 2) / math.sqrt(2 * math.pi), skeleton)


def _log1p_minus(z: Array) -> Array:
    """log(1 + z) - z, to the last digits also where z is small.

    With r = z / (2 + z) it is 2 artanh r - z, in which the first terms of both leave -r z.
    """
    r = z / (2 + z)
    series = np.polynomial.polynomial.polyval(r * r, 2 / (2 * np.arange(_ARTANH) + 3.0))
    return np.where(np.abs(z) < 0.5, r**3 * series - r * z, np.log1p(z) - z)


@lru_cache(maxsize=_HIGHEST_ORDER)
def _standard_spline(order: int) -> tuple[Pieces, float]:
    """The density of so many uniform variables, by de Boor's recurrence, all of whose terms are positive."""
    v = (1 + chebyshev.points(order)[:, np.newaxis]) / 2
    values = np.ones((order, 1))
    for n in range(2, order + 1):
        x = v + np.arange(n)
        wider = np.zeros((order, n))
        wider[:, :-1] += x[:, :-1] * values
        wider[:, 1:] += (n - x[:, 1:]) * values
        values = wider / (n - 1)
    return Pieces.of(np.arange(order + 1.0), chebyshev.coefficients(values)), order * _EPS * float(values.max())


@lru_cache(maxsize=64)
def _standard_gamma(shape: float) -> tuple[Pieces, float]:
    """The gamma density of rate 1: a power weight at 0 for the broken part of the exponent."""

    def density(x: Array) -> Array:
        if shape < _LARGE:
            return np.asarray(np.exp((shape - 1) * np.log(x) - x - gammaln(shape)))
        return np.exp(shape * _log1p_minus((x - shape) / shape)) * math.sqrt(shape / (2 * math.pi)) / (x * stirling)

    # Gamma(shape) over Stirling's formula for it.
    stirling = math.exp((1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * shape**2)) / shape**2) / shape**2) / shape)
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
