"""How a function grows towards a point: the exponent of the power law that it follows there."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from faltung.functions import errors
from faltung.functions.breaks import simplest
from faltung.functions.build import Evaluate, UnresolvedError
from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces

Powers = dict[float, tuple[float, float]]

# How well an exponent can be told where the slope is a power series of the distance; where it is not, so
# many decimals are taken: what they miss is a singularity so weak that bisection resolves it.
_MEANT = 1e-11
_DECIMALS = 3
# Slopes this much alike are one.
_STABLE, _SETTLED = 1e-6, 2e-3
# The nearest distances, over the point's own magnitude: nearer, the distance has lost its digits.
_NEAREST = 2.0**-38
_OCTAVES = 200.0
# A pole, to the accuracy of its exponent: from here down nothing is integrable.
_POLE = -1 + 1e-9
# Pieces that bisection narrowed so far, over the support, had no end in sight.
_NARROWEST = 2.0**-41


def exponent_at(function: Callable[[Any], Any], point: float, direction: float, unit: float) -> float | None:
    """The exponent of the power of the distance to ``point`` that ``function`` follows; None if it follows none.

    The slope of log f over log distance is the exponent plus a power series of the distance:
    Richardson extrapolation over halved distances removes the series. Where other terms are added
    to the power, the slope right beside the point is taken, to three decimals.

    Parameters
    ----------
    direction
        The side of the point: 1 above it, -1 below.
    unit
        A distance over which the function changes.
    """
    distance = unit * 2.0 ** -np.arange(4.0, 16.0)
    if distance[-1] == 0:
        return None
    slopes = _slopes(function, point + direction * distance, 1.0)
    if slopes is None:
        return None
    for order in range(1, 6):
        slopes = slopes[1:] + (slopes[1:] - slopes[:-1]) / (2.0**order - 1)
    if np.ptp(slopes[-3:]) <= _STABLE:
        exponent = float(slopes[-2])
        # Few digits are what is meant: an error of the exponent would be a singularity of its own.
        doubt = max(_MEANT, 16 * float(np.spacing(abs(point)) / distance[-1]))
        return round(exponent, 8) if abs(exponent - round(exponent, 8)) < doubt else exponent
    return _nearby(function, point, direction, unit)


def _nearby(function: Callable[[Any], Any], point: float, direction: float, unit: float) -> float | None:
    nearest, farthest = max(unit * 2.0**-_OCTAVES, abs(point) * _NEAREST), unit * 2.0**-16
    if not nearest < farthest:
        return None
    octaves = math.log2(farthest / nearest) / 8
    slopes = _slopes(function, point + direction * nearest * 2.0 ** (octaves * np.arange(8.0, -1.0, -1.0)), octaves)
    # A logarithm beside the power shows as a slope that does not settle.
    if slopes is None or np.ptp(slopes[-4:]) > _SETTLED:
        return None
    return round(float(slopes[-1]), _DECIMALS)


def _slopes(function: Callable[[Any], Any], x: Array, octaves: float) -> Array | None:
    """The slope of log |f| over log distance, between points that come nearer by so many octaves."""
    with np.errstate(all="ignore"):
        heights = np.log2(np.abs(np.asarray(function(x))).astype(float))
    return -np.diff(heights) / octaves if np.isfinite(heights).all() else None


def poles(evaluate: Evaluate, edges: Array, hard: Array) -> Powers:
    """The hard edges beside which a function grows like a power, with the exponents before and after.

    Raises
    ------
    ValueError
        One of them is not integrable.
    """
    found: Powers = {}
    for k in np.flatnonzero(hard):
        point = float(edges[k])
        exponents = _both_sides(evaluate, point, edges)
        if min(exponents) <= _POLE:
            raise errors.diverges_at(point, min(exponents))
        if min(exponents) < 0:
            found[point] = exponents
    return found


def check_slope(pieces: Pieces) -> None:
    """Refuse a slope whose pieces narrow down towards a hard edge, and grow there like a power without an integral.

    Raises
    ------
    ValueError
        They do.
    """
    narrow = np.zeros(pieces.count + 2, bool)
    narrow[1:-1] = pieces.widths <= _NARROWEST * (pieces.edges[-1] - pieces.edges[0])
    beside = pieces.hard & (narrow[:-1] | narrow[1:])
    for point in map(float, pieces.edges[beside]):
        if min(_both_sides(pieces, point, pieces.edges[pieces.hard])) <= _POLE:
            raise errors.not_differentiable(point)


def refusal(evaluate: Evaluate, trouble: UnresolvedError, edges: Array, hard: Array) -> ValueError:
    """What to say of a function that bisection does not resolve: where it is singular, and how."""
    touched = edges[hard & (edges >= trouble.low) & (edges <= trouble.high)]
    point = float(touched[0]) if touched.size else simplest(trouble.low, trouble.high)
    before, after = _both_sides(evaluate, point, edges)
    if min(before, after) <= _POLE:
        return errors.diverges_at(point, min(before, after))
    if min(before, after) < 0:
        return errors.undeclared_power(point, before, after)
    return errors.undeclared_singularity(point, trouble.share)


def _both_sides(evaluate: Evaluate, point: float, edges: Array) -> tuple[float, float]:
    """The negative exponents before and after a point, 0 where the function does not grow or does not exist."""
    result = []
    for direction in (-1.0, 1.0):
        distances = (edges - point) * direction
        beyond = distances[distances > 0]
        found = exponent_at(evaluate, point, direction, float(beyond.min())) if beyond.size else None
        result.append(min(found or 0.0, 0.0))
    return result[0], result[1]
