"""Moments: integrals of a function times a power."""

from __future__ import annotations

import math

import numpy as np

from faltung.functions import chebyshev, rules
from faltung.functions.chebyshev import Array
from faltung.functions.representation import Representation

# If so much of the moment lies beyond a cut-off end, it is unknown.
_SHARE = 1e-9


def moment(f: Representation, order: int) -> complex:
    """The integral of ``t**order`` times the function; NaN where its tails are too heavy for that.

    Gauss quadrature of each piece, with Jacobi's weight beside a singular end: exact for the
    polynomials.
    """
    if any(f.limits) or any(atom.order for atom in f.atoms):
        return math.nan
    terms = _terms(f, order)
    if _cut_off(f, order) > _SHARE * float(np.abs(terms).sum()):
        return math.nan
    total: complex = terms.sum() + sum(atom.weight * atom.at**order for atom in f.atoms)
    return total


def _cut_off(f: Representation, order: int) -> float:
    """About what lies beyond the cut-off ends: the integrand there, times the distance."""
    if f.pieces.count == 0:
        return 0.0
    ends = f.pieces.edges[[0, -1]]
    soft = ~f.pieces.hard[[0, -1]]
    values = np.abs(np.asarray(f(ends[soft])) * ends[soft] ** (order + 1))
    return float(values.max(initial=0.0))


def _terms(f: Representation, order: int) -> Array:
    """The moment of each piece."""
    pieces = f.pieces
    terms = np.zeros(pieces.count, pieces.series.dtype)
    count = (pieces.degree + order) // 2 + 1
    for i in range(pieces.count):
        left, right = pieces.left[i], pieces.right[i]
        v, weights = rules.gauss(count, float(left), float(right))
        x = pieces.edges[i] + pieces.widths[i] * v
        terms[i] = pieces.widths[i] * (weights @ (chebyshev.evaluate(pieces.series[:, i], 2 * v - 1) * x**order))
    return terms
