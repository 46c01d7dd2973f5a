"""The convolution of piecewise polynomials, pair of pieces by pair of pieces.

Two polynomial pieces convolve to three polynomials: while they slide into each other, while the
narrower lies within the wider, and while they slide apart. Their coefficients come from
recurrences of Legendre series, and at each point all that lie over it are added; the native core
does both. Source: Hale & Townsend, *An algorithm for the convolution of Legendre series* (2014).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.polynomial import legendre

from faltung import settings
from faltung._native import _core
from faltung.functions import chebyshev, cost, rules
from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces

# Coefficients that are kept at once: 128 MiB of them.
MOST_COEFFICIENTS = 1 << 24


def convolve_pairs(f: Pieces, g: Pieces, edges: Array) -> Array:
    """Chebyshev coefficients of the result between ``edges``, which hold all pairwise sums.

    Notes
    -----
    Cost: O(m n) for each pair of pieces of degrees m and n, and (m + n + 2)**2 steps for each
    interval that a pair covers.
    """
    u = chebyshev.points(f.degree + g.degree + 2)[:, np.newaxis]
    t = (edges[1:] + edges[:-1]) / 2 + np.diff(edges) / 2 * u
    step = max(MOST_COEFFICIENTS * f.count // coefficients_of(f, g), 1)
    total = np.zeros(t.shape, np.result_type(f.series, g.series))
    for first in range(0, f.count, step):
        total += PairPolynomials.of(f.between(first, min(first + step, f.count)), g)(t.ravel()).reshape(t.shape)
    return chebyshev.coefficients(total)


def coefficients_of(f: Pieces, g: Pieces) -> int:
    """How many coefficients the polynomials of all pairs have."""
    return 6 * f.count * g.count * _terms(f, g) * len(f.planes) * len(g.planes)


@dataclass(frozen=True)
class PairPolynomials:
    """Polynomials on intervals of their own, whose sum is a convolution.

    Attributes
    ----------
    low, high
        The ends of the intervals.
    planes
        Chebyshev coefficients in rows, times 1 or 1j.
    seconds
        What the sum at a point costs.
    """

    low: Array
    high: Array
    planes: list[tuple[complex, Array]]
    seconds: float

    @classmethod
    def of(cls, f: Pieces, g: Pieces) -> PairPolynomials:
        """Those of two functions without singular ends."""
        count, terms = 3 * f.count * g.count, _terms(f, g)
        low, high = np.empty(count), np.empty(count)
        planes = []
        for factor, f_series, g_series in _products(f, g, terms):
            series = np.empty((count, 2 * terms))
            _core.pair_polynomials(
                f.edges,
                f_series,
                g.edges,
                g_series,
                *_tables(terms),
                low,
                high,
                series,
                settings.level(),
                cost.threads_for(cost.pair_polynomials(f, g)),
            )
            planes.append((factor, series))
        return cls(low, high, planes, cost.sums_of_polynomials(f, g, 1.0))

    def __call__(self, t: Array) -> Array:
        """The sum at each of ``t`` (one axis)."""
        order = np.argsort(t, kind="stable")
        points = t[order]
        total = np.zeros(t.shape, complex if len(self.planes) > 1 else float)
        for factor, series in self.planes:
            values = np.zeros(t.shape)
            threads = cost.threads_for(self.seconds * t.size)
            _core.add_polynomials(self.low, self.high, series, points, values, settings.level(), threads)
            total[order] += values if factor == 1 else factor * values
        return total


def _terms(f: Pieces, g: Pieces) -> int:
    return max(f.degree, g.degree) + 1


def _products(f: Pieces, g: Pieces, terms: int) -> Iterator[tuple[complex, Array, Array]]:
    """The real products that the product of two complex functions consists of."""
    for one, f_series in f.planes:
        for two, g_series in g.planes:
            yield one * two, _widened(f_series, terms), _widened(g_series, terms)


def _widened(series: Array, terms: int) -> Array:
    if series.shape[1] == terms:
        return series
    wide = np.zeros((len(series), terms))
    wide[:, : series.shape[1]] = series
    return wide


@cache
def _tables(terms: int) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Gauss-Legendre nodes and weights, values there to Legendre coefficients, Chebyshev points,
    values there to Chebyshev coefficients, and the change of basis for twice as many terms; all
    matrices by columns.
    """
    v, half = rules.gauss(terms)
    nodes, weights = 2 * v - 1, 2 * half
    norms = np.arange(terms) + 0.5
    projection = np.ascontiguousarray(norms * legendre.legvander(nodes, terms - 1) * weights[:, np.newaxis])
    at = chebyshev.points(2 * terms)
    conversion = chebyshev.coefficients(legendre.legvander(at, 2 * terms - 1)).T.copy()
    analysis = chebyshev.coefficients(np.eye(terms)).T.copy()
    return nodes, weights, projection, chebyshev.points(terms), analysis, conversion
