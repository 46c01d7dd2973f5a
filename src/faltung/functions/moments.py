"""Moments: integrals of a function times a power; mean and variance of sums of independent variables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from faltung.functions import chebyshev, rules
from faltung.functions.chebyshev import Array
from faltung.functions.representation import Representation

# If so much of the moment lies beyond a cut-off end, it is unknown.
_SHARE = 1e-9


def moments_of(f: Representation) -> tuple[float, float]:
    """Mean and variance of a density."""
    first = moment(f, 1).real
    return first, moment(f, 2).real - first**2


class Source:
    """Mean and variance of one variable, asked for when they are wanted: SciPy may take seconds."""

    def __init__(self, ask: Callable[[], tuple[float, float]]) -> None:
        self._ask = ask

    @cached_property
    def values(self) -> tuple[float, float]:
        """Mean and variance."""
        return self._ask()


@dataclass(frozen=True)
class Moments:
    """Mean and variance of a sum: of each variable, by which factors its mean and its variance count."""

    factors: Mapping[Source, tuple[float, float]]
    constant: float = 0.0

    @classmethod
    def of(cls, ask: Callable[[], tuple[float, float]]) -> Moments:
        """Those of one variable."""
        return cls({Source(ask): (1.0, 1.0)})

    def plus(self, other: Moments) -> Moments:
        """The sum with an independent variable."""
        factors = dict(self.factors)
        for source, (a, b) in other.factors.items():
            one, two = factors.get(source, (0.0, 0.0))
            factors[source] = (one + a, two + b)
        return Moments(factors, self.constant + other.constant)

    def copies(self, n: int) -> Moments:
        """The sum of n independent copies."""
        return Moments({source: (n * a, n * b) for source, (a, b) in self.factors.items()}, n * self.constant)

    def affine(self, factor: float, distance: float) -> Moments:
        """The variable times a factor, plus a distance."""
        factors = {source: (factor * a, factor**2 * b) for source, (a, b) in self.factors.items()}
        return Moments(factors, factor * self.constant + distance)

    @cached_property
    def mean(self) -> float:
        """The mean."""
        return self.constant + sum(a * source.values[0] for source, (a, _) in self.factors.items() if a)

    @cached_property
    def var(self) -> float:
        """The variance."""
        return float(sum(b * source.values[1] for source, (_, b) in self.factors.items()))


def moment(f: Representation, order: int) -> complex:
    """The integral of ``t**order`` times the function; NaN where its tails are too heavy for that.

    Gauss quadrature of each piece, with Jacobi's weight beside a singular end: exact for the
    polynomials.
    """
    if any(f.limits) or any(atom.order for atom in f.atoms):
        return math.nan
    terms = _terms(f, order)
    if _cut_off(f, order) > _SHARE * float(np.abs(terms).sum()):
        return math.nan
    total: complex = terms.sum() + sum(atom.weight * atom.at**order for atom in f.atoms)
    return total


def _cut_off(f: Representation, order: int) -> float:
    """About what lies beyond the cut-off ends: the integrand there, times the distance."""
    if f.pieces.count == 0:
        return 0.0
    ends = f.pieces.edges[[0, -1]]
    soft = ~f.pieces.hard[[0, -1]]
    values = np.abs(np.asarray(f(ends[soft])) * ends[soft] ** (order + 1))
    return float(values.max(initial=0.0))


def _terms(f: Representation, order: int) -> Array:
    """The moment of each piece."""
    pieces = f.pieces
    terms = np.zeros(pieces.count, pieces.series.dtype)
    count = (pieces.degree + order) // 2 + 1
    for i in range(pieces.count):
        left, right = pieces.left[i], pieces.right[i]
        v, weights = rules.gauss(count, float(left), float(right))
        x = pieces.edges[i] + pieces.widths[i] * v
        terms[i] = pieces.widths[i] * (weights @ (chebyshev.evaluate(pieces.series[:, i], 2 * v - 1) * x**order))
    return terms
