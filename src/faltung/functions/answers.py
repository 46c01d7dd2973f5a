"""What a law answers: by SciPy's formulas where it is one of SciPy's laws, from its pieces where it is not."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces
from faltung.functions.quantile import Cumulative

# Sums of masses that differ by this share are one.
_ROUNDING = 2.0**-48
# The same question to the mirrored law.
_MIRRORED = {"cdf": "sf", "sf": "cdf", "logcdf": "logsf", "logsf": "logcdf", "ppf": "isf", "isf": "ppf"}


@dataclass(frozen=True)
class Formulas:
    """What SciPy answers for ``factor * X + distance``, by formulas of its own.

    Attributes
    ----------
    law
        The law of X, continuous.
    names
        Which method of it answers what: ``pdf``, ``logpdf``, ``cdf``, ``logcdf``, ``sf``, ``logsf``,
        ``ppf``, ``isf``, those of them that have a formula.
    """

    law: Any
    names: dict[str, str]
    factor: float = 1.0
    distance: float = 0.0

    def moved(self, distance: float, factor: float) -> Formulas:
        """The same for ``factor`` times the variable, plus ``distance``."""
        return replace(self, factor=self.factor * factor, distance=self.distance * factor + distance)

    def answer(self, question: str) -> Callable[[Array], Array] | None:
        """The function that answers, if there is a formula."""
        asked = _MIRRORED.get(question, question) if self.factor < 0 else question
        if asked not in self.names:
            return None
        method = getattr(self.law, self.names[asked])

        def formula(x: Array) -> Array:
            with np.errstate(all="ignore"):
                if question in ("ppf", "isf"):
                    return np.asarray(method(x) * self.factor + self.distance)
                values = method((x - self.distance) / self.factor)
                if question == "pdf":
                    values = values / abs(self.factor)
                return np.asarray(values - math.log(abs(self.factor)) if question == "logpdf" else values)

        return formula


@dataclass(frozen=True)
class Numbers:
    """What the pieces and the atoms of a law answer: each probability is summed up from the nearer end."""

    pieces: Pieces
    places: Array
    weights: Array
    support: tuple[float, float]

    @cached_property
    def _lower(self) -> Cumulative:
        return Cumulative(self.pieces, self.places, self.weights)

    @cached_property
    def _upper(self) -> Cumulative:
        return Cumulative(self.pieces.moved(0.0, -1.0), -self.places[::-1], self.weights[::-1])

    @cached_property
    def _middle(self) -> tuple[float, float]:
        """The median, and the probability up to it."""
        at = self._lower.inverse(np.array([self._lower.total / 2]))
        return float(at[0]), float(self._lower(at)[0]) / self._lower.total

    def pdf(self, x: Array) -> Array:
        """The density, nowhere below 0."""
        result: Array = np.maximum(self.pieces(x), 0.0)
        return result

    def pmf(self, x: Array) -> Array:
        """The probability of exactly x."""
        return self._lower.mass(x)

    def cdf(self, x: Array) -> Array:
        """The probability of at most x: above the median 1 minus that of more."""
        return self._share(x, -1.0)

    def sf(self, x: Array) -> Array:
        """The probability of more than x: below the median 1 minus that of at most x."""
        return self._share(x, 1.0)

    def _share(self, x: Array, side: float) -> Array:
        at, half = self._middle
        below, above = x <= at, x > at
        result = np.full(x.shape, np.nan)
        lower = np.minimum(self._lower(x[below]) / self._lower.total, half)
        upper = np.minimum(self._upper.before(-x[above]) / self._upper.total, 1 - half)
        result[below], result[above] = (lower, 1 - upper) if side < 0 else (1 - lower, upper)
        clipped: Array = np.clip(result, 0.0, 1.0)
        return clipped

    def ppf(self, q: Array) -> Array:
        """The least x with a probability of at least q up to it."""
        least = self._lower.total * (1 - self._doubt)
        return _quantiles(lambda p: self._lower.inverse(p * least), q, self.support)

    def isf(self, q: Array) -> Array:
        """The least x with a probability of at most q of more."""
        most = self._upper.total * (1 + self._doubt)
        return _quantiles(lambda p: -self._upper.inverse(p * most, "right"), q, self.support[::-1])

    @property
    def _doubt(self) -> float:
        """What rounding does to the sum of masses: q may be meant to be one."""
        return _ROUNDING if len(self.places) else 0.0


def _quantiles(inverse: Callable[[Array], Array], q: Array, ends: tuple[float, float]) -> Array:
    result = np.full(q.shape, np.nan)
    result[q == 0], result[q == 1] = ends
    inside = (q > 0) & (q < 1)
    if inside.any():
        result[inside] = inverse(q[inside])
    return result
