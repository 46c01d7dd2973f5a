"""Chebyshev series of many pieces at once: points, coefficients, values, calculus.

Coefficients lie in columns: row k holds the k-th coefficient of every piece, so that one step
of a recurrence serves them all. Sources: Trefethen, *Approximation Theory and Approximation
Practice* (2013), chapters 3, 18 and 19; Clenshaw (1955).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

Array = NDArray[Any]

# So many coefficients tell rounding from what falls, and rounding falls by less than this.
_LONG, _FLAT = 6, 4.0
# What a last coefficient is below when it is none.
_NOTHING = 2.0**-64


@cache
def points(count: int) -> Array:
    """Chebyshev points of the first kind in (-1, 1), ascending: no end point is among them."""
    angles = (2 * np.arange(count) + 1 - count) * (np.pi / (2 * count))
    result: Array = np.sin(angles)
    return result


@cache
def analysis(count: int) -> Array:
    """The matrix from values at ``points(count)`` to coefficients: a discrete cosine transform."""
    # The angle is reduced in integers: the three-term recurrence would lose a dozen units.
    turns = np.outer(np.arange(count), 2 * np.arange(count)[::-1] + 1) % (4 * count)
    transform: Array = np.cos(turns * (np.pi / (2 * count))) * (2 / count)
    transform[0] /= 2
    return transform


def coefficients(values: Array) -> Array:
    """Coefficients of the polynomials through ``values`` (points, pieces), column by column."""
    result: Array = analysis(len(values)) @ values
    return result


def evaluate(series: Array, u: Array) -> Array:
    """Values at ``u`` of the series whose coefficients are ``series[k]``, broadcast against u.

    Clenshaw's recurrence, three array operations a coefficient, in place. Its rounding error is
    a small multiple of the unit roundoff times the sum of the coefficients' moduli.
    """
    shape = np.broadcast_shapes(series.shape[1:], u.shape)
    kind = np.result_type(series, u)
    count = len(series)
    if count == 1:
        return np.broadcast_to(series[0], shape).astype(kind)
    twice = 2 * u
    newer, older, spare = (np.zeros(shape, kind) for _ in range(3))
    newer += series[count - 1]
    for k in range(count - 2, 0, -1):
        np.multiply(twice, newer, out=spare)
        spare -= older
        spare += series[k]
        newer, older, spare = spare, newer, older
    np.multiply(u, newer, out=spare)
    spare -= older
    spare += series[0]
    return spare


def antiderivative(series: Array) -> Array:
    """Coefficients of the integrals from -1, in the variable u."""
    result: Array = chebyshev.chebint(series, lbnd=-1, axis=0)
    return result


def derivative(series: Array) -> Array:
    """Coefficients of the derivatives with respect to u."""
    result: Array = chebyshev.chebder(series, axis=0)
    return result


def zeros(series: Array) -> Array:
    """Where, as shares of the way from -1 to 1, one series may be zero: real parts of roots, others among them."""
    roots = chebyshev.chebroots(chebyshev.chebtrim(series, _NOTHING * np.abs(series).max(initial=0.0)))
    inside: Array = roots.real[np.abs(roots.real) <= 1]
    return (1 + inside) / 2


def integrals(series: Array) -> Array:
    """The integral over [-1, 1] of each column."""
    result: Array = _integrals_of_even(len(series)) @ series[::2]
    return result


@cache
def _integrals_of_even(count: int) -> Array:
    result: Array = 2 / (1 - np.arange(0.0, count, 2.0) ** 2)
    return result


def trim(series: Array, relative: float, noise: Array | None = None) -> Array:
    """Drop what rounding left behind the last coefficient that matters.

    That is what lies below ``relative`` times the column's largest, and what lies below ``noise``,
    one number for each column, times it and no longer falls: coefficients of a smooth function do.
    """
    beyond = np.maximum.accumulate(np.abs(series)[::-1], axis=0)[::-1]
    count = len(series)
    last = (beyond > relative * beyond[0]).sum(axis=0)
    if noise is not None and count >= _LONG:
        loud = (beyond > noise * beyond[0]).sum(axis=0)
        if loud.min(initial=count) <= count - _LONG:
            middle = np.minimum((loud + count) // 2, count - 1)
            columns = np.arange(series.shape[1])
            level, later = beyond[np.minimum(loud, count - 1), columns], beyond[middle, columns]
            flat = (count - loud >= _LONG) & (level <= _FLAT * later)
            last = np.where(flat, np.minimum(loud, last), last)
    longest = max(int(last.max(initial=1)), 1)
    if longest == count and last.min(initial=count) == count:
        return series
    # The first coefficient stays, be it 0.
    kept = np.arange(longest)[:, np.newaxis] < np.maximum(last, 1)
    return np.where(kept, series[:longest], 0)


def same_length(*all_series: Array) -> list[Array]:
    """Copies of the series with zero coefficients up to the length of the longest."""
    count = max(len(series) for series in all_series)
    padded = [np.zeros((count, series.shape[1]), series.dtype) for series in all_series]
    for long, series in zip(padded, all_series, strict=True):
        long[: len(series)] = series
    return padded
