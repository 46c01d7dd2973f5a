"""Convolution of smooth functions by their characteristic functions, turned back by Poisson summation.

The transform of a convolution is the product of the transforms. Sampled at multiples of a step h,
the product turns back into the sum of all copies of the result that are 2 pi / h apart: where
the result is negligible beyond one period, that is the result. The transforms are Gauss sums over
the pieces, and everything is small matrix products. Sources: Feller, *An Introduction to
Probability Theory and Its Applications*, volume 2 (1971), XIX.5; Chernoff's bound (1952) for how
far the result reaches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial import chebyshev as series_of

from faltung.functions import rules
from faltung.functions.build import Skeleton
from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces

_EPS = float(np.finfo(float).eps)
# Share of the mass that may lie beyond the period, and of the transform beyond its last frequency.
_BEYOND = 2.0**-60
_TAIL = 2.0**-55
_FEWEST, _MOST = 64, 256
# A transform that has come down to no less by the first terms does not come to nothing by the last: a Gaussian
# that is at 0.1 is at 0.1**9 at three times the frequency.
_HARDLY = 0.1
# Half the phase of the fastest wave on one panel: it takes some 40 Gauss nodes.
_MOST_TURNS = 16.0
# What rounding leaves where there is nothing, in units of its bound.
_NOISE = 1 / 16
# One piece of the result for every so many frequencies: 24 coefficients then do.
_FREQUENCIES = 3
# Exponents that Chernoff's bound is sought over, in units of the inverse spread.
_TILTS = 2.0 ** np.arange(-12.0, 8.0, 0.5)


@dataclass(frozen=True)
class Factor:
    """One operand, as often as it occurs."""

    pieces: Pieces
    power: int = 1


@dataclass(frozen=True)
class Spectrum:
    """The transform of a convolution at multiples of ``step``, about ``centre``."""

    centre: float
    below: float
    above: float
    step: float
    values: Array
    error: float

    @property
    def share(self) -> float:
        """The error over the largest value that the transform admits."""
        return self.error / (float(np.abs(self.values).sum()) * self.step / np.pi)

    def skeleton(self) -> Skeleton:
        """Where to build: the period, in pieces that a few turns of the fastest wave fit on."""
        count = max(len(self.values) // _FREQUENCIES, 2)
        edges = np.linspace(self.centre - self.below, self.centre + self.above, count + 1)
        return Skeleton.of(edges, np.zeros(count + 1, bool))

    def __call__(self, t: Array) -> Array:
        """The convolution at each of ``t`` (one axis): Poisson's sum."""
        coarse, fine = _turns(self.step, len(self.values), self.centre - t)
        weights = np.zeros(len(coarse) * len(fine), complex)
        weights[: len(self.values)] = self.values
        weights[0] /= 2
        sums = (coarse * (weights.reshape(len(coarse), len(fine)) @ fine)).sum(axis=0)
        result: Array = sums.real * (self.step / np.pi)
        return result


@lru_cache(maxsize=8)
def spectrum_of(*factors: Factor) -> Spectrum | str:
    """The transform of the convolution of all factors; or why it is out of reach.

    Notes
    -----
    Cost: a product of matrices of all Gauss nodes and all frequencies.
    """
    begin = [_nodes(factor.pieces, 0.0) for factor in factors]
    if not all(weighted.any() for _, weighted in begin):
        return "an integral is too small for a number"
    centres = [_centre(*nodes) for nodes in begin]
    below, above = _reach(factors, begin, centres)
    step = 2 * math.pi / (below + above)
    count = _FEWEST
    while count <= _MOST:
        product, error = np.ones(count, complex), np.zeros(count)
        for factor, centre in zip(factors, centres, strict=True):
            nodes = _nodes(factor.pieces, step * count)
            values, rounding = _transform(*nodes, step, count, centre)
            product, error = _times(product, error, values, rounding, factor.power)
        size = np.abs(product)
        if size[-1] > _HARDLY * size[0]:
            break
        size[size < error * _NOISE] = 0
        tail = np.cumsum(size[::-1])[::-1]
        last = int(np.argmax(tail <= _TAIL * tail[0]))
        if last and last <= 3 * count // 4:
            centre = sum(factor.power * c for factor, c in zip(factors, centres, strict=True))
            lost = float(4 * tail[last] + error[:last].sum()) * step / np.pi
            return Spectrum(centre, below, above, step, product[:last], lost)
        count *= 2
    return f"its transform takes more than {_MOST} terms"


def absolute_integral(pieces: Pieces) -> float:
    """The integral of the modulus, by Gauss sums: exact where the sign does not change on a piece."""
    return float(np.abs(_nodes(pieces, 0.0)[1]).sum())


def _times(product: Array, error: Array, values: Array, rounding: float, power: int) -> tuple[Array, Array]:
    """Multiply by a power of ``values``, by repeated squaring, with bounds of the errors."""
    size = np.abs(values)
    grown = size**power
    slope = power * size ** (power - 1)
    raised, square, left = np.ones_like(values), values, power
    while left:
        if left & 1:
            raised = raised * square
        left >>= 1
        square = square * square if left else square
    return product * raised, error * grown + np.abs(product) * (slope * rounding + 2 * power * _EPS * grown)


@lru_cache(maxsize=8)
def _nodes(pieces: Pieces, frequency: float) -> tuple[Array, Array]:
    """Points and weighted values whose sums integrate the function times waves up to ``frequency``."""
    panels = _in_panels(pieces, frequency)
    turns = frequency * float(panels.widths.max()) / 2
    # Waves of a turns are polynomials of degree a and a little, in double precision.
    count = int((panels.degree + turns + 6 * turns ** (1 / 3)) / 2) + 9
    count = -(-count // 8) * 8  # few different rules, which are remembered
    x, values = [], []
    for left, right in sorted({(float(a), float(b)) for a, b in zip(panels.left, panels.right, strict=True)}):
        i = np.flatnonzero((panels.left == left) & (panels.right == right))
        v, weights = rules.gauss(count, left, right)
        polynomials = _chebyshev_at(count, left, right, panels.degree) @ panels.series[:, i]
        x.append((panels.edges[i] + panels.widths[i] * v[:, np.newaxis]).ravel())
        values.append((polynomials * weights[:, np.newaxis] * panels.widths[i]).ravel())
    return np.concatenate(x), np.concatenate(values)


@lru_cache(maxsize=64)
def _chebyshev_at(count: int, left: float, right: float, degree: int) -> Array:
    """Values of the Chebyshev polynomials at the nodes of a rule."""
    result: Array = series_of.chebvander(2 * rules.gauss(count, left, right)[0] - 1, degree)
    return result


def _in_panels(pieces: Pieces, frequency: float) -> Pieces:
    """The same pieces, those that meet too many waves cut up."""
    shares = np.ceil(pieces.widths * (frequency / (2 * _MOST_TURNS))).astype(int)
    cut = np.flatnonzero(shares > 1)
    if cut.size == 0:
        return pieces
    fresh = [np.linspace(pieces.edges[i], pieces.edges[i + 1], shares[i] + 1)[1:-1] for i in cut]
    return pieces.split(np.concatenate(fresh))


def _centre(x: Array, values: Array) -> float:
    size = np.abs(values)
    return float((x @ size) / size.sum())


def _reach(
    factors: Sequence[Factor], nodes: Sequence[tuple[Array, Array]], centres: Sequence[float]
) -> tuple[float, float]:
    """How far the convolution reaches below and above the sum of the centres, by Chernoff's bound."""
    spreads = [
        (np.abs(values) @ (x - centre) ** 2) / np.abs(values).sum()
        for (x, values), centre in zip(nodes, centres, strict=True)
    ]
    spread = math.sqrt(sum(factor.power * s for factor, s in zip(factors, spreads, strict=True)))
    ends = []
    for side in (-1.0, 1.0):
        logarithm = np.full(len(_TILTS), -math.log(_BEYOND))
        farthest = 0.0
        for factor, (x, values), centre in zip(factors, nodes, centres, strict=True):
            distance = side * (x - centre)
            tilted = np.multiply.outer(_TILTS / spread, distance)
            most = tilted.max(axis=1)
            share = np.abs(values) / np.abs(values).sum()
            logarithm += factor.power * (most + np.log(np.exp(tilted - most[:, np.newaxis]) @ share))
            end = factor.pieces.edges[-1] - centre if side > 0 else centre - factor.pieces.edges[0]
            farthest += factor.power * float(end)
        ends.append(min(float((logarithm / (_TILTS / spread)).min()), farthest))
    return ends[0], ends[1]


def _transform(x: Array, values: Array, step: float, count: int, centre: float) -> tuple[Array, float]:
    """The sums of values times exp(-i k step (x - centre)) for k below ``count``, and a bound of their rounding."""
    coarse, fine = _turns(step, count, x - centre)
    sums = ((coarse * values) @ fine.T).ravel()[:count]
    size = np.abs(values)
    rounding = _EPS * float(size @ (8 + step * count * np.abs(x - centre)))
    return sums, rounding


def _turns(step: float, count: int, distance: Array) -> tuple[Array, Array]:
    """exp(-i k step distance) for k below ``count`` and a little more, as products of two tables."""
    inner = math.ceil(math.sqrt(count))
    outer = -(-count // inner)
    turns = -1j * step * distance
    fine = np.exp(np.multiply.outer(np.arange(inner), turns))
    coarse = np.exp(np.multiply.outer(np.arange(outer) * inner, turns))
    return coarse, fine
