"""Pieces: a function on an interval as polynomials between edges, with power weights at singular ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from faltung import settings
from faltung._native import _core
from faltung.functions import chebyshev, rules
from faltung.functions.chebyshev import Array

# Fewer values than this are not worth the start of a thread.
_SPLIT = 1 << 14


@dataclass(frozen=True, eq=False)
class Pieces:
    """A function on [edges[0], edges[-1]], zero beyond.

    On piece i, with w its width, v = (x - edges[i]) / w and u = 2 v - 1::

        f(x) = v**left[i] * (1 - v)**right[i] * sum over k of series[k, i] T_k(u)

    Attributes
    ----------
    edges
        Ascending, (n + 1,).
    series
        Chebyshev coefficients, (count, n), real or complex.
    hard
        (n + 1,): at which edges the function, or a derivative of it, may jump. The others are
        seams: the function goes on smoothly, or ends where it is negligible.
    left, right
        (n,): exponents of the power weights; at most one of the two differs from zero.
    """

    edges: Array
    series: Array
    hard: Array
    left: Array
    right: Array

    @classmethod
    def of(cls, edges: Array, series: Array, hard: Array | None = None) -> Pieces:
        """Pieces without singular ends; every edge hard by default."""
        flat = np.zeros(len(edges) - 1)
        return cls(edges, series, np.ones(len(edges), bool) if hard is None else hard, flat, flat)

    @classmethod
    def nothing(cls) -> Pieces:
        """The zero function: no piece."""
        return cls.of(np.zeros(1), np.zeros((1, 0)), np.zeros(1, bool))

    @property
    def count(self) -> int:
        """Number of pieces."""
        return len(self.edges) - 1

    @property
    def degree(self) -> int:
        """Highest degree of a polynomial."""
        return len(self.series) - 1

    @cached_property
    def widths(self) -> Array:
        """Width of each piece."""
        result: Array = self.edges[1:] - self.edges[:-1]
        return result

    @cached_property
    def singular(self) -> Array:
        """Which pieces carry a power weight."""
        result: Array = (self.left != 0) | (self.right != 0)
        return result

    @cached_property
    def integrals(self) -> Array:
        """The integral of each piece."""
        plain: Array = chebyshev.integrals(self.series) * self.widths / 2
        for i in np.flatnonzero(self.singular):
            v, weights = rules.gauss(len(self.series) // 2 + 1, float(self.left[i]), float(self.right[i]))
            plain[i] = self.widths[i] * (weights @ chebyshev.evaluate(self.series[:, i], 2 * v - 1))
        return plain

    @cached_property
    def sizes(self) -> Array:
        """A bound of the modulus of each piece's polynomial: the sum of the coefficients' moduli."""
        result: Array = np.abs(self.series).sum(axis=0)
        return result

    @cached_property
    def scale(self) -> float:
        """A bound of the function's modulus, power weights aside."""
        return float(self.sizes.max(initial=0.0))

    @cached_property
    def mass(self) -> float:
        """A bound, never far, of the integral of the modulus."""
        weight = 1 / (1 + self.left + self.right)
        return float((self.sizes * self.widths * weight).sum())

    @cached_property
    def planes(self) -> list[tuple[complex, Array]]:
        """The series piece by piece, (n, count), as the native core takes them: real ones times 1 and 1j."""
        rows = self.series.T
        if not np.iscomplexobj(rows):
            return [(1, np.ascontiguousarray(rows, dtype=float))]
        return [(1, np.ascontiguousarray(rows.real)), (1j, np.ascontiguousarray(rows.imag))]

    def __call__(self, x: Array) -> Array:
        """Values at ``x`` (one axis): the right-hand limit at an edge, the left-hand one at the last."""
        if self.count == 0:
            return np.zeros(x.shape, self.series.dtype)
        values = self._polynomials(np.ascontiguousarray(x))
        if self.singular.any():
            i = self.locate(x)
            outside = (x < self.edges[0]) | (x > self.edges[-1])
            values = np.where(outside, 0, self._weighted(values, i, x - self.edges[i], self.edges[i + 1] - x))
        return values

    def _polynomials(self, x: Array) -> Array:
        """Values without the power weights."""
        terms = []
        for factor, rows in self.planes:
            values = np.empty(x.shape)
            threads = settings.get_threads() if x.size > _SPLIT else 1
            _core.piece_values(self.edges, rows, x, values, settings.level(), threads)
            terms.append(values if factor == 1 else factor * values)
        return terms[0] if len(terms) == 1 else terms[0] + terms[1]

    def locate(self, x: Array) -> Array:
        """The piece at each of ``x``; the nearest for those beyond."""
        if self.count == 1:
            return np.zeros(x.shape, np.intp)
        return np.searchsorted(self.edges[1:-1], x, side="right")

    def _weighted(self, values: Array, i: Array, low: Array, high: Array) -> Array:
        """``values``, changed in place, times the power weights; pieces along the last axis."""
        width = self.widths[i]
        with np.errstate(divide="ignore", invalid="ignore"):
            for exponents, distance in ((self.left[i], low), (self.right[i], high)):
                bent = np.flatnonzero(exponents)
                if bent.size:
                    values[..., bent] *= (distance[..., bent] / width[bent]) ** exponents[bent]
        return values

    def at(self, i: Array, low: Array, high: Array) -> Array:
        """Values on the pieces ``i`` at points given by their distances to the two edges, (points, pieces).

        The distances keep their relative accuracy where the points themselves could not.
        """
        places = np.ascontiguousarray(((low - high) / self.widths[i]).T)
        rows = np.ascontiguousarray(i, dtype=np.int64)
        terms = []
        for factor, series in self.planes:
            values = np.empty(places.shape)
            _core.series_values(series, rows, places, values, settings.level())
            terms.append(values.T if factor == 1 else factor * values.T)
        found = terms[0] if len(terms) == 1 else terms[0] + terms[1]
        return self._weighted(found, i, low, high) if self.singular.any() else found

    def moved(self, distance: float, factor: float) -> Pieces:
        """The function of x whose graph is stretched by ``factor`` and then moved by ``distance``."""
        if factor == 1 and distance == 0:
            return self
        edges = self.edges * factor + distance
        if factor > 0:
            return Pieces(edges, self.series, self.hard, self.left, self.right)._without_empty()
        signs = (-1.0) ** np.arange(len(self.series))[:, np.newaxis]
        mirrored = np.ascontiguousarray((self.series * signs)[:, ::-1])
        moved = Pieces(edges[::-1].copy(), mirrored, self.hard[::-1], self.right[::-1], self.left[::-1])
        return moved._without_empty()

    def _without_empty(self) -> Pieces:
        """Without the pieces that rounding of the edges has left without width."""
        kept = self.widths > 0
        if kept.all():
            return self
        # An edge that stands for several is hard if one of them was.
        group = np.cumsum(np.append(True, kept)) - 1
        hard = np.zeros(group[-1] + 1, bool)
        np.logical_or.at(hard, group, self.hard)
        edges = self.edges[np.append(True, kept)]
        return Pieces(edges, self.series[:, kept], hard, self.left[kept], self.right[kept])

    def scaled(self, factor: complex) -> Pieces:
        """``factor`` times the function; a complex factor makes it complex, be it 1."""
        if factor == 1 and not np.iscomplexobj(factor):
            return self
        return Pieces(self.edges, self.series * factor, self.hard, self.left, self.right)

    def between(self, first: int, last: int) -> Pieces:
        """The pieces ``first`` to ``last - 1``, for ends where what is cut off is negligible: seams stay seams."""
        there, edges = slice(first, last), slice(first, last + 1)
        return Pieces(self.edges[edges], self.series[:, there], self.hard[edges], self.left[there], self.right[there])

    def split(self, edges: Array) -> Pieces:
        """The same function with more edges, all seams.

        A power weight stays on the piece at its end; on the others it becomes part of the
        polynomial, so new edges must not fall close to a singular end.
        """
        fresh = edges[(edges > self.edges[0]) & (edges < self.edges[-1])]
        joined = np.union1d(self.edges, fresh)
        if len(joined) == len(self.edges):
            return self
        middle = (joined[1:] + joined[:-1]) / 2
        i = self.locate(middle)
        left = np.where(joined[:-1] == self.edges[i], self.left[i], 0.0)
        right = np.where(joined[1:] == self.edges[i + 1], self.right[i], 0.0)
        degree = max(self.degree, 23) if self.singular.any() else self.degree
        u = chebyshev.points(degree + 1)[:, np.newaxis]
        v, width = (1 + u) / 2, np.diff(joined)
        x = joined[:-1] + width * v
        values = self.at(i, x - self.edges[i], self.edges[i + 1] - x) / (v**left * (1 - v) ** right)
        hard = np.isin(joined, self.edges[self.hard])
        return Pieces(joined, chebyshev.coefficients(values), hard, left, right)
