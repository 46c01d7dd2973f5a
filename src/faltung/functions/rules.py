"""Gauss quadrature to the last digit, with power weights at either end."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import beta, roots_jacobi

from faltung.functions.chebyshev import Array

_STEPS = 2


@cache
def gauss(count: int, left: float = 0.0, right: float = 0.0) -> tuple[Array, Array]:
    """Nodes v in (0, 1) and weights for integrals of v**left (1 - v)**right times polynomials.

    The roots that NumPy and SciPy find are polished by Newton's method in extended precision:
    theirs, and their weights, are good to a few units in the last place only, and near 0 a node
    needs its relative accuracy.
    """
    start, _ = roots_jacobi(count, right, left) if left or right else leggauss(count)
    u = start.astype(np.longdouble)
    for _ in range(_STEPS):
        value, slope = _jacobi(count, np.longdouble(right), np.longdouble(left), u)
        u = u - value / slope
    _, slope = _jacobi(count, np.longdouble(right), np.longdouble(left), u)
    weights = 1 / ((1 - u) * (1 + u) * slope**2)
    weights *= beta(1 + left, 1 + right) / weights.sum()
    return ((1 + u) / 2).astype(float), weights.astype(float)


def _jacobi(n: int, a: np.longdouble, b: np.longdouble, u: Array) -> tuple[Array, Array]:
    """The Jacobi polynomial of degree n and its slope, by the three-term recurrence."""
    older, value = np.ones_like(u), (a + 1) + (a + b + 2) * (u - 1) / 2
    for k in range(2, n + 1):
        c = 2 * k + a + b
        rising = (c - 1) * (c * (c - 2) * u + a * a - b * b) * value - 2 * (k + a - 1) * (k + b - 1) * c * older
        older, value = value, rising / (2 * k * (k + a + b) * (c - 2))
    c = 2 * n + a + b
    slope = (n * (a - b - c * u) * value + 2 * (n + a) * (n + b) * older) / (c * (1 - u) * (1 + u))
    return value, slope
