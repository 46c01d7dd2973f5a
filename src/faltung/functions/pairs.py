"""The convolution of piecewise polynomials, pair of pieces by pair of pieces.

Two polynomial pieces convolve to three polynomials: while they slide into each other, while the
narrower lies within the wider, and while they slide apart. Each is sampled by Gauss quadrature,
exact for it, and its values are added to every interval of the result that it covers. Source:
the decomposition of Hale & Townsend, *An algorithm for the convolution of Legendre series*
(2014), section 4, with quadrature in place of their recurrence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import leggauss

from faltung.functions import chebyshev
from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces

# Values in flight at once: the arrays of one step fit the second-level cache.
_AT_ONCE = 1 << 16


def convolve_pairs(f: Pieces, g: Pieces, edges: Array) -> Array:
    """Chebyshev coefficients of the result between ``edges``, which hold all pairwise sums.

    Notes
    -----
    Cost: (m + n + 2)**2 / 2 products of values for each pair of pieces of degrees m and n, and
    (m + n + 2)**2 operations for each interval that a pair covers.
    """
    count = f.degree + g.degree + 2
    u = chebyshev.points(count)[:, np.newaxis]
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    total = np.zeros((count, len(middle)), np.result_type(f.series, g.series))
    for parts in _parts(f, g, count):
        first = np.searchsorted(middle, parts.low)
        spans = np.searchsorted(middle, parts.high) - first
        for some in _blocks(spans, count):
            part = np.repeat(np.arange(some.start, some.stop), spans[some])
            place = np.arange(len(part)) - np.repeat(np.cumsum(spans[some]) - spans[some], spans[some])
            place += np.repeat(first[some], spans[some])
            low, high = parts.low[part], parts.high[part]
            t = middle[place] + half[place] * u
            values = chebyshev.evaluate(parts.series[:, part], ((t - low) - (high - t)) / (high - low))
            _accumulate(total, place, values)
    return chebyshev.coefficients(total)


@dataclass(frozen=True)
class _Parts:
    """Polynomials on intervals [low, high], which add up where they overlap."""

    low: Array
    high: Array
    series: Array


def _parts(f: Pieces, g: Pieces, count: int) -> Iterator[_Parts]:
    """The three polynomials of each pair, many pairs at a time, those of no width left out."""
    nodes = leggauss((count + 1) // 2)
    pairs = np.arange(f.count * g.count)
    step = max(_AT_ONCE // (count * len(nodes[0])), 1)
    for start in range(0, len(pairs), step):
        i, j = np.divmod(pairs[start : start + step], g.count)
        a, b, c, d = f.edges[i], f.edges[i + 1], g.edges[j], g.edges[j + 1]
        inner, outer = np.minimum(a + d, b + c), np.maximum(a + d, b + c)
        low, high = np.concatenate([a + c, inner, outer]), np.concatenate([inner, outer, b + d])
        real = high > low
        i, j = np.tile(i, 3)[real], np.tile(j, 3)[real]
        yield _sampled(f, g, i, j, low[real], high[real], nodes, count)


def _sampled(
    f: Pieces, g: Pieces, i: Array, j: Array, start: Array, end: Array, rule: tuple[Array, Array], count: int
) -> _Parts:
    nodes, weights = rule
    t = (start + end) / 2 + (end - start) / 2 * chebyshev.points(count)[:, np.newaxis]
    low = np.maximum(f.edges[i], t - g.edges[j + 1])
    high = np.minimum(f.edges[i + 1], t - g.edges[j])
    x = (low + high) / 2 + (high - low) / 2 * nodes[:, np.newaxis, np.newaxis]
    y = t - x
    values = f.at(i, x - f.edges[i], f.edges[i + 1] - x) * g.at(j, y - g.edges[j], g.edges[j + 1] - y)
    integrals = np.tensordot(weights, values, 1) * np.maximum(high - low, 0) / 2
    return _Parts(start, end, chebyshev.coefficients(integrals))


def _blocks(spans: Array, count: int) -> Iterator[slice]:
    """Consecutive parts that cover so many intervals that their values fit the cache."""
    ends = np.cumsum(spans) * count
    start = 0
    while start < len(spans):
        before = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, before + _AT_ONCE, side="right")), start + 1)
        yield slice(start, stop)
        start = stop


def _accumulate(total: Array, place: Array, values: Array) -> None:
    """total[:, place] += values, repeated places added up."""
    for row, added in zip(total, values, strict=True):
        if total.dtype.kind == "c":
            row += np.bincount(place, added.real, len(row)) + 1j * np.bincount(place, added.imag, len(row))
        else:
            row += np.bincount(place, added, len(row))
