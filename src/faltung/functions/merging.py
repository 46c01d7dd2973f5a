"""Fewer pieces for the same function, so that repeated operations don't pile them up."""

from __future__ import annotations

import numpy as np

from faltung.functions import chebyshev
from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces
from faltung.functions.resolution import NODES, TOLERANCE, Measure

_EPS = float(np.finfo(float).eps)
# Pieces are joined to four times the tolerance, as what they carry already would stop it.
_JOINING = 4
_MOST_UNEQUAL = 8
# The last coefficients show whether a series is resolved; a piece of more than all but so many has no room to grow.
_LAST, _ROOM = 3, 6
# The share of the maximum and of the integral below which an end is nothing.
_SHARE = 2.0**-54


def merged(pieces: Pieces, tolerance: float = TOLERANCE) -> Pieces:
    """The same function on as few pieces as its smoothness allows, negligible ends cut off.

    Neighbours across a seam are joined where the coefficients of one piece still do. A seam is
    tried again only when one of its neighbours has grown.
    """
    pieces = trimmed(pieces, tolerance)
    measure = Measure(pieces.scale, pieces.mass)
    open_ = ~pieces.hard
    while open_.any():
        seams = _candidates(pieces, measure, np.flatnonzero(open_[1:-1]) + 1, tolerance)
        joined, series = _unions(pieces, measure, seams, tolerance)
        if joined.size == 0:
            break
        pieces = _joined(pieces, joined, series)
        open_ = np.zeros(pieces.count + 1, bool)
        # Before and after each union: an earlier union has moved it one place to the left.
        place = joined - np.arange(len(joined))
        open_[place - 1] = open_[place] = True
        open_ &= ~pieces.hard
    return _without_negligible_ends(pieces)


def trimmed(pieces: Pieces, tolerance: float = TOLERANCE) -> Pieces:
    """The same function without the coefficients that are rounding, of its values or of its points."""
    far = np.maximum(np.abs(pieces.edges[:-1]), np.abs(pieces.edges[1:]))
    noise = tolerance + 2 * _EPS * far / pieces.widths
    series = chebyshev.trim(pieces.series, tolerance / 4, noise)
    if series is pieces.series:
        return pieces
    return Pieces(pieces.edges, series, pieces.hard, pieces.left, pieces.right)


def _candidates(pieces: Pieces, measure: Measure, seams: Array, tolerance: float) -> Array:
    """Those seams around which both pieces leave room for a union, and neither might be overlooked in it."""
    one, two = pieces.widths[seams - 1], pieces.widths[seams]
    alike = np.maximum(one, two) <= _MOST_UNEQUAL * np.minimum(one, two)
    seams = seams[alike & ~(pieces.singular[seams - 1] | pieces.singular[seams])]
    if seams.size == 0:
        return seams
    room = max(NODES, pieces.degree + 1) - _ROOM
    last = np.abs(pieces.series[room:]).max(axis=0, initial=0.0)
    short = measure.resolves(last, pieces.widths, _JOINING * tolerance)
    result: Array = seams[short[seams - 1] & short[seams]]
    return result


def _unions(pieces: Pieces, measure: Measure, seams: Array, tolerance: float) -> tuple[Array, Array]:
    """The seams around which the union is resolved, no two of them neighbours, and the series of the unions."""
    if seams.size == 0:
        return seams, pieces.series[:, :0]
    low, high = pieces.edges[seams - 1], pieces.edges[seams + 1]
    u = chebyshev.points(max(NODES, pieces.degree + 1))[:, np.newaxis]
    x = low + (high - low) * ((1 + u) / 2)
    series = chebyshev.coefficients(pieces(x.ravel()).reshape(x.shape))
    good = measure.resolves(np.abs(series[-_LAST:]).max(axis=0), high - low, _JOINING * tolerance)
    if good.any():
        before = pieces.integrals[seams - 1] + pieces.integrals[seams]
        change = np.abs(chebyshev.integrals(series) * (high - low) / 2 - before)
        good &= change <= 4 * _JOINING * tolerance * measure.mass
        good = _apart(seams, good, high - low)
    return seams[good], series[:, good]


def _apart(seams: Array, good: Array, width: Array) -> Array:
    """Of the good seams those of the narrowest unions, no two of them neighbours: narrow pieces grow first."""
    kept = np.zeros(len(good), bool)
    taken: set[int] = set()
    for k in np.flatnonzero(good)[np.argsort(width[good], kind="stable")]:
        seam = int(seams[k])
        if taken.isdisjoint((seam - 1, seam + 1)):
            kept[k] = True
            taken.add(seam)
    return kept


def _joined(pieces: Pieces, gone: Array, unions: Array) -> Pieces:
    whole, unions = chebyshev.same_length(pieces.series, unions)
    whole[:, gone - 1] = unions
    kept = np.ones(pieces.count + 1, bool)
    kept[gone] = False
    there = kept[:-1]
    return Pieces(pieces.edges[kept], whole[:, there], pieces.hard[kept], pieces.left[there], pieces.right[there])


def _without_negligible_ends(pieces: Pieces) -> Pieces:
    """Cut off pieces at soft ends that hold no share of the maximum or of the integral."""
    small = (pieces.sizes <= _SHARE * pieces.scale) & ~pieces.singular
    if not small.any() or (pieces.hard[0] and pieces.hard[-1]):
        return pieces
    mass = pieces.sizes * pieces.widths
    from_left = np.cumprod(small & (np.cumsum(mass) <= _SHARE * pieces.mass)) > 0
    from_right = np.cumprod((small & (np.cumsum(mass[::-1])[::-1] <= _SHARE * pieces.mass))[::-1]) > 0
    first = int(from_left.sum()) if not pieces.hard[0] else 0
    last = pieces.count - (int(from_right.sum()) if not pieces.hard[-1] else 0)
    if pieces.count == 0 or first >= last or (first, last) == (0, pieces.count):
        return pieces
    return pieces.between(first, last)
