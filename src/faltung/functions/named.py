"""Pieces of the functions that have a name, from checked parameters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev as series_of
from numpy.polynomial import polynomial as powers
from numpy.typing import ArrayLike

from faltung.functions import errors
from faltung.functions.pieces import Pieces

# What is narrower than so many neighbouring numbers loses its shape to their rounding.
_FEWEST_NUMBERS = 1024


def finite(argument: str, value: Any) -> float:
    """A finite number."""
    return float(_checked(argument, value, "a finite number", math.isfinite(_float(value))))


def positive(argument: str, value: Any) -> float:
    """A finite number above 0."""
    return float(_checked(argument, value, "a finite number above 0", 0 < _float(value) < math.inf))


def near_enough(argument: str, value: float, width: float, at: float | None = None) -> float:
    """A place, or a value that leads to one, where numbers are close enough together for a function so wide."""
    apart = math.ulp(value if at is None else at)
    expected = (
        f"a place where numbers are closer: there they are {apart:.2g} apart, and the function is {width:.2g} wide"
    )
    return float(_checked(argument, value, expected, apart * _FEWEST_NUMBERS <= width))


def check_place(pieces: Pieces) -> None:
    """Refuse a result that lies where numbers are too far apart for its shape.

    Raises
    ------
    ValueError
        It does not.
    """
    if pieces.count:
        low, high = float(pieces.edges[0]), float(pieces.edges[-1])
        far, needed = max(abs(low), abs(high)), (high - low) / _FEWEST_NUMBERS
        if math.ulp(far) > needed:
            raise errors.too_far("the result", far, math.ulp(far), needed)


def scalar(argument: str, value: Any) -> complex:
    """A finite real or complex number."""
    if isinstance(value, complex | np.complexfloating):
        return complex(_checked(argument, value, "a finite number", bool(np.isfinite(value))))
    return finite(argument, value)


def linear(ends: Sequence[float], values: Sequence[Sequence[complex]], names: Sequence[str]) -> Pieces:
    """Linear pieces: ``values[i]`` are those at the two ends of piece i, or one value, twice, of a box."""
    edges = np.array([finite(name, end) for name, end in zip(names, ends, strict=True)])
    for (low, high), (name, next_name) in zip(itertools.pairwise(edges), itertools.pairwise(names), strict=True):
        if not low < high:
            raise errors.parameter(next_name, float(high), f"a number above {name}={low:g}")
    if len(edges) == 2:
        return Pieces.of(edges, np.array([[values[0][0]]]) * 1.0)
    start, end = np.array(values).T
    return Pieces.of(edges, np.array([(start + end) / 2, (end - start) / 2]))


def polynomial(edges: ArrayLike, coefficients: ArrayLike) -> Pieces:
    """Pieces from power series about their left ends."""
    places, given = np.asarray(edges, dtype=float), np.asarray(coefficients)
    if places.ndim != 1 or len(places) < 2 or not (np.diff(places) > 0).all() or not np.isfinite(places).all():
        raise errors.parameter("edges", edges, "two or more finite ascending numbers")
    if given.ndim != 2 or len(given) != len(places) - 1 or given.shape[1] == 0:
        expected = f"one row for each of the {len(places) - 1} pieces, the lowest power first"
        raise errors.described("coefficients", f"an array of shape {given.shape}", expected)
    columns = [series_of.poly2cheb(_recentred(row, width)) for row, width in zip(given, np.diff(places), strict=True)]
    longest = max(map(len, columns))
    series = np.stack([np.pad(column, (0, longest - len(column))) for column in columns], axis=1)
    return Pieces.of(places, series * 1.0)


def _recentred(row: Any, width: float) -> Any:
    """Coefficients in u = 2 s / width - 1 of a polynomial in s."""
    result = np.array([row[-1]]) * 1.0
    for coefficient in row[-2::-1]:
        result = powers.polyadd(powers.polymul(result, [width / 2, width / 2]), [coefficient])
    return result


def _float(value: Any) -> float:
    try:
        return math.nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        return math.nan


def _checked(argument: str, value: Any, expected: str, accepted: bool) -> Any:
    if not accepted:
        raise errors.parameter(argument, value, expected)
    return value
