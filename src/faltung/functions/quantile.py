"""Cumulative functions of laws with a density, atoms, or both, and their inverse."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from faltung.functions import chebyshev
from faltung.functions.calculus import Running
from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces

_EPS = float(np.finfo(float).eps)
# Bisection alone, from 1 down to the smallest quantile a gamma law of shape 0.1 has, takes so many.
_STEPS = 400
# A number within this share of the distance between two atoms is at one of them.
_NEAR = 1e-12
# Points of a piece: to see whether the density is negative somewhere, and to begin the search for a quantile at.
_LOOKS = 33
# Quantiles that are sought together: they fit the cache with what belongs to them.
_TOGETHER = 1 << 14


@dataclass(frozen=True)
class Cumulative:
    """The probability up to x, exact at its own end: for upper tails take that of the mirrored law.

    Where rounding has left a density below 0 it stays at the highest value it had, so that it never falls.

    Attributes
    ----------
    pieces
        The density.
    places, weights
        Atoms, by ascending place.
    """

    pieces: Pieces
    places: Array
    weights: Array

    @cached_property
    def total(self) -> float:
        """The probability of everything: 1, but for rounding and what was cut off."""
        last = self.pieces.edges[-1:]
        return float(self._rise(last)[0] + self._steps[-1])

    @cached_property
    def _running(self) -> Running:
        return Running(self.pieces)

    @cached_property
    def _turns(self) -> Array:
        """Where the running integral may begin to fall: the zeros of the density, on pieces where it is negative."""
        pieces = self.pieces
        v = (1 + chebyshev.points(_LOOKS)[:, np.newaxis]) / 2
        looks = pieces((pieces.edges[:-1] + pieces.widths * v).ravel()).reshape(_LOOKS, -1)
        low = np.flatnonzero(looks.min(axis=0, initial=0.0) < 0)
        zeros = [pieces.edges[i] + pieces.widths[i] * chebyshev.zeros(pieces.series[:, i]) for i in low]
        return np.unique(np.concatenate([*zeros, pieces.edges])) if zeros else np.empty(0)

    @cached_property
    def _heights(self) -> Array:
        """The highest value of the running integral up to each of the turns, 0 before them."""
        return np.maximum.accumulate(np.append(0.0, self._running(self._turns)))

    def _rise(self, x: Array) -> Array:
        """The integral of the density up to x, or what it came to anywhere before."""
        reached = self._running(x)
        if len(self._turns):
            reached = np.maximum(reached, self._heights[np.searchsorted(self._turns, x, side="right")])
        return np.where(x <= self.pieces.edges[0], 0.0, reached)

    @cached_property
    def _nearness(self) -> Array:
        """How near to each atom is at it: what rounding does to the places, and a share of their distances."""
        gaps = np.pad(np.diff(self.places), 1, constant_values=np.inf)
        gap = np.minimum(gaps[:-1], gaps[1:])
        near = 4 * np.spacing(np.abs(self.places).max(initial=0.0)) + _NEAR * np.where(np.isfinite(gap), gap, 0.0)
        result: Array = np.minimum(near, gap / 4)
        return result

    def _nearest(self, x: Array) -> tuple[Array, Array]:
        """The atom nearest to each x, and whether x is at it."""
        after = np.clip(np.searchsorted(self.places, x), 0, len(self.places) - 1)
        before = np.maximum(after - 1, 0)
        k = np.where(np.abs(self.places[before] - x) < np.abs(self.places[after] - x), before, after)
        return k, np.abs(self.places[k] - x) <= self._nearness[k]

    def _upto(self, x: Array, side: Literal["left", "right"]) -> Array:
        if len(self.places) == 0:
            return self._rise(x)
        k, at = self._nearest(x)
        places = np.where(at, self.places[k], x)
        return self._rise(x) + self._steps[np.searchsorted(self.places, places, side=side)]

    def mass(self, x: Array) -> Array:
        """Probability of exactly x."""
        if len(self.places) == 0:
            return np.zeros(x.shape)
        k, at = self._nearest(x)
        return np.where(at, self.weights[k], 0.0)

    @cached_property
    def _steps(self) -> Array:
        return np.concatenate([[0.0], np.cumsum(self.weights)])

    def __call__(self, x: Array) -> Array:
        """Probability of at most x, atoms at x included."""
        return self._upto(x, "right")

    def before(self, x: Array) -> Array:
        """Probability of less than x."""
        return self._upto(x, "left")

    @cached_property
    def _table(self) -> tuple[Array, Array, Array]:
        """Points among which quantiles are sought, the probabilities up to each, and of less than each."""
        pieces = self.pieces
        points = self.places
        if pieces.count:
            inner = pieces.edges[:-1] + pieces.widths * np.linspace(0, 1, _LOOKS)[:-1, np.newaxis]
            points = np.unique(np.concatenate([points, inner.ravel(), pieces.edges[-1:]]))
        upto = np.maximum.accumulate(self(points))
        return points, upto, self.before(points)

    def inverse(self, q: Array, side: Literal["left", "right"] = "left") -> Array:
        """The least x with at least the probability q (0 < q < total) up to it; with more than q for ``"right"``.

        Between two points of a table the cumulative function is smooth: Newton's step where it stays in
        the bracket, bisection where not; the bracket ends at two neighbouring numbers.
        """
        points, upto, below = self._table
        k = np.minimum(np.searchsorted(upto, q, side=side), len(points) - 1)
        result = points[k].astype(float)
        inside = np.flatnonzero((q < below[k]) & (k > 0))
        for first in range(0, len(inside), _TOGETHER):
            there = inside[first : first + _TOGETHER]
            result[there] = self._solved(q[there], k[there])
        return result

    def _solved(self, q: Array, k: Array) -> Array:
        """The quantiles between the points k - 1 and k of the table."""
        points, upto, below = self._table
        low, high = points[k - 1], points[k]
        steps = self._steps[np.searchsorted(self.places, high, side="left")] if len(self.places) else np.zeros(len(q))
        x = low + (high - low) * ((q - upto[k - 1]) / (below[k] - upto[k - 1]))
        # The integral knows no more of itself.
        doubt = 2 * _EPS * below[k]
        result, open_ = np.empty(len(q)), np.arange(len(q))
        for _ in range(_STEPS):
            excess = self._rise(x) + steps - q
            low, high = np.where(excess < 0, x, low), np.where(excess < 0, high, x)
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                newton = x - excess / self.pieces(x)
            fresh = np.where((newton > low) & (newton < high), newton, (low + high) / 2)
            fresh = np.where(np.abs(excess) <= doubt, x, fresh)
            result[open_] = fresh
            # A step that no longer moves, or a closed bracket, is the end.
            going = fresh != x
            if not going.any():
                break
            open_, x, low, high = open_[going], fresh[going], low[going], high[going]
            q, steps, doubt = q[going], steps[going], doubt[going]
        return result
