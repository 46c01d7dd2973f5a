"""Cumulative functions of laws with a density, atoms, or both, and their inverse."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from faltung.functions.calculus import Running
from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces

# Bisection alone, from 1 down to the smallest quantile a gamma law of shape 0.1 has, takes so many.
_STEPS = 400
# A number within this share of the distance between two atoms is at one of them.
_NEAR = 1e-12


@dataclass(frozen=True)
class Cumulative:
    """The probability up to x, exact at its own end: for upper tails take that of the mirrored law.

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
    def _running(self) -> Running:
        return Running(self.pieces)

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
            return self._running(x)
        k, at = self._nearest(x)
        places = np.where(at, self.places[k], x)
        return self._running(x) + self._steps[np.searchsorted(self.places, places, side=side)]

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
    def _knots(self) -> Array:
        edges = self.pieces.edges if self.pieces.count else np.empty(0)
        return np.union1d(edges, self.places)

    def inverse(self, q: Array) -> Array:
        """The least x with at least the probability q (0 < q < 1) up to it.

        Between two knots the cumulative function is smooth: Newton's step where it stays in the
        bracket, bisection where not; the bracket ends at two neighbouring numbers.
        """
        knots = self._knots
        upto, below = self(knots), self.before(knots)
        k = np.minimum(np.searchsorted(np.maximum.accumulate(upto), q), len(knots) - 1)
        inside = (q < below[k]) & (k > 0)
        result = knots[k].astype(float)
        if inside.any():
            result[inside] = self._solved(q[inside], knots[k[inside] - 1], knots[k[inside]])
        return result

    def _solved(self, q: Array, low: Array, high: Array) -> Array:
        x = (low + high) / 2
        steps = self._steps[np.searchsorted(self.places, x, side="left")]
        for _ in range(_STEPS):
            excess = self._running(x) + steps - q
            low, high = np.where(excess < 0, x, low), np.where(excess < 0, high, x)
            with np.errstate(divide="ignore", invalid="ignore"):
                newton = x - excess / self.pieces(x)
            middle = (low + high) / 2
            good = (newton > low) & (newton < high)
            fresh = np.where(good, newton, middle)
            # A Newton step that no longer moves, or a closed bracket, is the end.
            if (np.abs(fresh - x) <= 2 * np.spacing(np.abs(x))).all():
                return np.asarray(fresh)
            x = fresh
        return np.asarray(x)
