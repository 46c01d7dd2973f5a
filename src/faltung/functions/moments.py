"""Moments: integrals of a function times a power."""

from __future__ import annotations

import math

import numpy as np

from faltung.functions import chebyshev, rules
from faltung.functions.chebyshev import Array
from faltung.functions.representation import Representation

# A cut-off end that still holds this share of the moment left more behind than can be estimated.
_SHARE = 1e-9


def moment(f: Representation, order: int) -> complex:
    """The integral of ``t**order`` times the function; NaN where its tails are too heavy for that.

    Gauss quadrature of each piece, with Jacobi's weight beside a singular end: exact for the
    polynomials.
    """
    if any(f.limits) or any(atom.order for atom in f.atoms):
        return math.nan
    terms = _terms(f, order)
    size = float(np.abs(terms).sum())
    soft = (
        [abs(term) for term, hard in zip(terms[[0, -1]], f.pieces.hard[[0, -1]], strict=True) if not hard]
        if (f.pieces.count)
        else []
    )
    if any(term > _SHARE * size for term in soft):
        return math.nan
    total: complex = terms.sum() + sum(atom.weight * atom.at**order for atom in f.atoms)
    return total


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
