"""A kernel as a sum of outer products of 1-D factors, by singular values over splits of the axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung.task.operand import Term


def terms_of(w: NDArray[Any], tolerance: float, limit: int) -> tuple[Term, ...] | None:
    """Terms whose outer products sum to ``w`` up to ``tolerance * norm(w)``, or None.

    Parameters
    ----------
    w
        Real or complex kernel of any number of dimensions, finite.
    tolerance
        Relative to the Frobenius norm, so that scaling the kernel changes nothing.
    limit
        Most terms that are worth having.

    Notes
    -----
    Splits off one axis at a time; each singular value above the tolerance is a term. Costs
    one singular value decomposition for each axis and term. One factor carries the scale, the
    others have a sum of magnitudes of at most 1.
    """
    wide = w.astype(np.result_type(w, np.float64))  # the least integer has no magnitude in its own type
    scale = float(np.max(np.abs(wide)))
    if scale == 0 or not np.isfinite(scale):
        return None
    power = 2.0 ** np.floor(np.log2(scale))
    terms = _split(wide / power, tolerance, limit)
    if terms is None:
        return None
    return tuple(balanced(term, power) for term in terms)


def _split(w: NDArray[Any], tolerance: float, limit: int) -> list[Term] | None:
    if w.ndim <= 1 or max(w.shape) == w.size:
        return [_line(w)]
    if w.shape[0] == 1:
        rest = _split(w[0], tolerance, limit)
        return None if rest is None else [(np.ones(1, w.dtype), *term) for term in rest]
    u, values, v = np.linalg.svd(w.reshape(w.shape[0], -1), full_matrices=False)
    tails = np.sqrt(np.cumsum(values[::-1] ** 2))[::-1]
    rank = int(np.sum(tails > tolerance * tails[0]))
    terms: list[Term] = []
    for i in range(rank):
        rest = _split((values[i] * v[i]).reshape(w.shape[1:]), tolerance, limit - len(terms))
        if rest is None:
            return None
        terms += [(u[:, i], *term) for term in rest]
        if len(terms) > limit:
            return None
    return terms


def _line(w: NDArray[Any]) -> Term:
    """The factors of an array with one axis longer than 1."""
    factors = [np.ones(1, w.dtype) for _ in w.shape]
    if factors:
        factors[int(np.argmax(w.shape))] = w.ravel()
    return tuple(factors)


def balanced(term: Term, power: complex = 1.0) -> Term:
    """The term times ``power``: the last factor longer than 1 carries the scale, the others are
    divided, by powers of two, to a sum of magnitudes of at most 1; single weights become 1.
    """
    scaled = max((axis for axis, factor in enumerate(term) if factor.size > 1), default=len(term) - 1)
    factors = list(term)
    for axis, factor in enumerate(term):
        if axis == scaled:
            continue
        if factor.size == 1:
            factors[axis], power = np.ones_like(factor), power * factor[0]
        elif (total := np.sum(np.abs(factor), dtype=np.float64)) > 0:
            weight = 2.0 ** np.ceil(np.log2(total))
            factors[axis], power = factor / weight, power * weight
    factors[scaled] = factors[scaled] * power
    return tuple(factors)
