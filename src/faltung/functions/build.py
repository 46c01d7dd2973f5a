"""Adaptive construction: pieces from values at chosen points, to a tolerance, with an honest estimate.

Bisection with a fixed number of Chebyshev points a piece. A piece is done when its last
coefficients no longer matter, in the maximum and in the integral. Source: the idea of Chebfun
(Battles & Trefethen 2004; Pachón, Platte & Trefethen 2010), the stopping rule is our own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from faltung.functions import chebyshev, errors
from faltung.functions.chebyshev import Array
from faltung.functions.merging import merged
from faltung.functions.pieces import Pieces
from faltung.functions.resolution import NODES, TOLERANCE, Measure

Evaluate = Callable[[Array], Array]
TooRough = Callable[[float, float, int], ValueError]

_EPS = float(np.finfo(float).eps)
# Below this, a tail that bisection no longer shrinks is the rounding of the values themselves.
_NOISE = 1e-11
DEEPEST = 48
# Halved so often, a piece is narrower than a billionth of where bisection began.
_DEEP = 30
# What is left out of a series, over its last coefficients: where they fall, and where they do not, as those
# of rounding and of a kink.
_FALLING, _STAYING = 4, NODES
# What is given up is a singularity, and no rounding, if so much of it is unresolved; it may hold this
# share of the integral.
_BENT, _SHARE = 2.0**-8, 1e-12
MOST_PIECES = 20_000
_TINY = 8 * _EPS
# The points of a piece's first half, as shares of its width; those of the other half mirror them.
_NEAR = (1 + chebyshev.points(NODES)[: NODES // 2, np.newaxis]) / 2


class UnresolvedError(Exception):
    """Bisection has come to its end between ``low`` and ``high``, with a share of the integral left there."""

    def __init__(self, low: float, high: float, share: float) -> None:
        super().__init__(low, high, share)
        self.low, self.high, self.share = low, high, share


@dataclass(frozen=True)
class Skeleton:
    """Where to build: edges (n + 1,), which of them are hard, and the power weights of the n intervals."""

    edges: Array
    hard: Array
    left: Array
    right: Array

    @classmethod
    def of(cls, edges: Array, hard: Array, powers: dict[float, tuple[float, float]] | None = None) -> Skeleton:
        """A skeleton with power weights by edge: the exponents before and after it.

        An interval with a weight at either end is halved, so that a piece carries one at most.
        """
        before, after = np.zeros(len(edges)), np.zeros(len(edges))
        for edge, exponents in (powers or {}).items():
            before[edges == edge], after[edges == edge] = exponents
        both = np.flatnonzero((after[:-1] != 0) & (before[1:] != 0))
        if both.size == 0:
            return cls(edges, hard, after[:-1], before[1:])
        middle = (edges[both] + edges[both + 1]) / 2
        where = both + 1
        edges, hard = np.insert(edges, where, middle), np.insert(hard, where, False)
        return cls(edges, hard, np.insert(after, where, 0.0)[:-1], np.insert(before, where, 0.0)[1:])

    def is_hard(self, edges: Array) -> Array:
        """Which of the given edges, all of which lie within, are hard here."""
        k = np.searchsorted(self.edges, edges)
        result: Array = self.hard[k] & (self.edges[k] == edges)
        return result


def build(
    evaluate: Evaluate,
    skeleton: Skeleton,
    tolerance: float = TOLERANCE,
    strict: bool = False,
    noise: float = 0.0,
    most: int = MOST_PIECES,
    too_rough: TooRough | None = None,
) -> tuple[Pieces, float]:
    """Pieces that follow ``evaluate`` on the skeleton, and an estimate of their largest error.

    The estimate leaves out the neighbourhoods of undeclared jumps and singularities, narrower
    than a billionth of where bisection began, that it could not resolve. Values may carry ``noise``,
    relative to the largest of them: what stays in both halves of a piece, and is no more than that.

    Raises
    ------
    ValueError
        A value is not finite, or the function is too rough for ``most`` pieces.
    UnresolvedError
        With ``strict``: what bisection gave up holds a noticeable share of the integral.

    Notes
    -----
    Cost: 24 values a piece, twice as many in all where nothing is known of where to look.
    """
    open_ = _Level(skeleton.edges[:-1], skeleton.edges[1:], skeleton.left, skeleton.right)
    done: list[tuple[_Level, Array]] = []
    scale = done_mass = error = 0.0
    for depth in range(DEEPEST + 1):
        values = open_.sample(evaluate)
        series = chebyshev.coefficients(values)
        tail = np.abs(series[-3:]).max(axis=0)
        sizes = np.abs(values)
        size = sizes.max(axis=0)
        weight = open_.width / (1 + open_.left + open_.right)
        mass = sizes.sum(axis=0) * (weight / NODES)
        scale = max(scale, float(size.max(initial=0.0)))
        measure = Measure(scale, done_mass + float(mass.sum()))
        resolved = measure.resolves(tail, weight, tolerance) | (tail <= tolerance * size)
        doubt = np.where(resolved, _FALLING, _STAYING) * tail
        stays = tail > open_.tail / 4
        good = resolved | ((tail <= _NOISE * size) & stays)
        if noise:
            good |= (tail <= noise * scale) & _in_both_halves(stays)
        if not good.all():
            given_up = ~good & _exhausted(open_, values, tail, depth)
            if strict:
                _check_given_up(open_, given_up & (tail > _BENT * size), mass / (measure.mass or 1.0))
            good |= given_up
            doubt[given_up & ((open_.width <= open_.spacing) | (depth >= _DEEP))] = 0
        error = max(error, float(doubt[good].max(initial=0.0)))
        if good.all():
            done.append((open_, series))
            break
        done_mass += float(mass[good].sum())
        done.append((open_.where(good), series[:, good]))
        open_ = replace(open_, tail=tail).where(~good).halved()
        if open_.low.size + sum(level.low.size for level, _ in done) > most:
            raise (too_rough or errors.unresolved)(float(open_.low[0]), float(open_.high[-1]), most)
    pieces = _assembled(done, skeleton)
    return merged(pieces, tolerance), error + tolerance * pieces.scale


def _check_given_up(level: _Level, bent: Array, share: Array) -> None:
    """Refuse what is given up, if it matters to the integral."""
    heavy = np.flatnonzero(bent & (share > _SHARE))
    if heavy.size:
        k = heavy[np.argmin(level.low[heavy])]
        raise UnresolvedError(float(level.low[k]), float(level.high[k]), float(share[k]))


def _in_both_halves(stays: Array) -> Array:
    """Whether it is so in a piece and in the other half of what it was halved from."""
    low, high = np.split(stays, 2) if stays.size % 2 == 0 else (stays, ~stays)
    both: Array = np.tile(low & high, 2)
    return both[: stays.size]


def _exhausted(level: _Level, values: Array, tail: Array, depth: int) -> Array:
    """Where bisection ends: at its last depth, where numbers end, and where rounding of the points explains it all.

    That does to the coefficients what a unit of the point times the slope is.
    """
    if depth == DEEPEST:
        return np.ones(tail.shape, bool)
    slope = np.ptp(np.abs(values), axis=0) / level.width
    result: Array = (tail <= 2 * level.spacing * slope) | (level.width <= level.spacing)
    return result


@dataclass(frozen=True)
class _Level:
    """Intervals of one depth of the bisection, with the tails that their parents had."""

    low: Array
    high: Array
    left: Array
    right: Array
    tail: Array | float = np.inf

    @property
    def width(self) -> Array:
        result: Array = self.high - self.low
        return result

    @property
    def spacing(self) -> Array:
        """A few times the distance of the numbers there: no piece can be narrower."""
        result: Array = _TINY * np.maximum(np.abs(self.low), np.abs(self.high))
        return result

    def sample(self, evaluate: Evaluate) -> Array:
        """Values at the Chebyshev points of each interval, divided by the power weights."""
        width = self.width
        # From the nearer end, so that a weight's argument keeps its relative accuracy.
        x = np.empty((NODES, width.size))
        np.add(self.low, width * _NEAR, out=x[: NODES // 2])
        np.subtract(self.high, width * _NEAR[::-1], out=x[NODES // 2 :])
        values = np.asarray(evaluate(x.ravel())).reshape(x.shape)
        if not np.isfinite(values).all():
            bad = np.flatnonzero(~np.isfinite(values.ravel()))[0]
            raise errors.not_finite(float(x.ravel()[bad]), values.ravel()[bad])
        if self.left.any() or self.right.any():
            u = chebyshev.points(NODES)[:, np.newaxis]
            values = values * (((1 + u) / 2) ** -self.left * ((1 - u) / 2) ** -self.right)
        return values if values.dtype.kind in "fc" else values.astype(float)

    def where(self, kept: Array) -> _Level:
        tail = self.tail[kept] if isinstance(self.tail, np.ndarray) else self.tail
        return _Level(self.low[kept], self.high[kept], self.left[kept], self.right[kept], tail)

    def halved(self) -> _Level:
        middle = (self.low + self.high) / 2
        none = np.zeros(self.low.size)
        return _Level(
            np.concatenate([self.low, middle]),
            np.concatenate([middle, self.high]),
            np.concatenate([self.left, none]),
            np.concatenate([none, self.right]),
            np.concatenate([self.tail, self.tail]) if isinstance(self.tail, np.ndarray) else self.tail,
        )


def _assembled(done: list[tuple[_Level, Array]], skeleton: Skeleton) -> Pieces:
    levels, all_series = zip(*done, strict=True)
    if len(done) == 1:
        # Nothing was halved: in order already.
        (level,), (series,) = levels, all_series
        return Pieces(skeleton.edges, series, skeleton.hard, level.left, level.right)
    low = np.concatenate([level.low for level in levels])
    order = np.argsort(low, kind="stable")
    edges = np.append(low[order], skeleton.edges[-1])
    series = np.concatenate(all_series, axis=1)[:, order]
    left = np.concatenate([level.left for level in levels])[order]
    right = np.concatenate([level.right for level in levels])[order]
    return Pieces(edges, series, skeleton.is_hard(edges), left, right)
