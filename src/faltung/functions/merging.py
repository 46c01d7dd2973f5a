"""Fewer pieces for the same function, so that repeated operations don't pile them up."""

from __future__ import annotations

import numpy as np

from faltung import settings
from faltung._native import _core
from faltung.functions import chebyshev
from faltung.functions.pieces import Pieces
from faltung.functions.resolution import NODES, TOLERANCE

_EPS = float(np.finfo(float).eps)
# Pieces are joined to four times the tolerance, as what they carry already would stop it.
_JOINING = 4
# The share of the maximum and of the integral below which an end is nothing.
_SHARE = 2.0**-54


def merged(pieces: Pieces, tolerance: float = TOLERANCE) -> Pieces:
    """The same function on as few pieces as its smoothness allows, negligible ends cut off.

    Neighbours across a seam are joined where the coefficients of one piece still do, the narrowest
    first. A seam is tried again only when one of its neighbours has grown (``src/native/merging.hpp``).
    """
    return _without_negligible_ends(_joined(trimmed(pieces, tolerance), _JOINING * tolerance))


def trimmed(pieces: Pieces, tolerance: float = TOLERANCE) -> Pieces:
    """The same function without the coefficients that are rounding, of its values or of its points."""
    far = np.maximum(np.abs(pieces.edges[:-1]), np.abs(pieces.edges[1:]))
    noise = tolerance + 2 * _EPS * far / pieces.widths
    series = chebyshev.trim(pieces.series, tolerance / 4, noise)
    if series is pieces.series:
        return pieces
    return Pieces(pieces.edges, series, pieces.hard, pieces.left, pieces.right)


def _joined(pieces: Pieces, tolerance: float) -> Pieces:
    seams = ~pieces.hard
    if not seams[1:-1].any():
        return pieces
    terms = max(NODES, pieces.degree + 1)
    series = np.zeros((len(pieces.planes), pieces.count, terms))
    for plane, (_, rows) in zip(series, pieces.planes, strict=True):
        plane[:, : rows.shape[1]] = rows
    kept = np.empty(pieces.count + 1, bool)
    points, analysis = chebyshev.points(terms), chebyshev.analysis(terms)
    size, mass = tolerance * pieces.scale, tolerance * pieces.mass
    _core.merge_pieces(
        pieces.edges, series, seams, pieces.singular, points, analysis, size, mass, kept, settings.level()
    )
    if kept.all():
        return pieces
    there = kept[:-1]
    joined = series[0] if len(series) == 1 else series[0] + 1j * series[1]
    return Pieces(pieces.edges[kept], joined[there].T, pieces.hard[kept], pieces.left[there], pieces.right[there])


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
