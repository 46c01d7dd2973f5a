"""Cumulative functions of laws with a density, atoms, or both, and their inverse."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from faltung.functions.calculus import Running
from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces

# Bisection alone, from 1 down to the smallest quantile a gamma law of shape 0.1 has, takes so many.
_STEPS = 400


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
    def _steps(self) -> Array:
        return np.concatenate([[0.0], np.cumsum(self.weights)])

    def __call__(self, x: Array) -> Array:
        """Probability of at most x, atoms at x included."""
        return self._running(x) + self._steps[np.searchsorted(self.places, x, side="right")]

    def before(self, x: Array) -> Array:
        """Probability of less than x."""
        return self._running(x) + self._steps[np.searchsorted(self.places, x, side="left")]

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
        for _ in range(_STEPS):
            excess = self.before(x) - q
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
