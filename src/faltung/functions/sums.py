"""The sum of two functions given as pieces with constants beyond their ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from faltung.functions import chebyshev
from faltung.functions.build import Skeleton, build
from faltung.functions.chebyshev import Array
from faltung.functions.merging import merged
from faltung.functions.pieces import Pieces

Limits = tuple[complex, complex]


def summed(f: Pieces, f_limits: Limits, g: Pieces, g_limits: Limits) -> tuple[Pieces, float]:
    """Pieces of f + g on the union of their intervals, and the error of rebuilding them.

    Exact but for rounding, unless one has a singular end where the other is not zero: the sum
    is then built anew, with the singularity resolved by bisection.
    """
    if f.count == 0 and not any(f_limits):
        return g, 0.0
    if g.count == 0 and not any(g_limits):
        return f, 0.0
    low, high = min(f.edges[0], g.edges[0]), max(f.edges[-1], g.edges[-1])
    f, g = _extended(f, low, high, f_limits), _extended(g, low, high, g_limits)
    one, two = f.split(g.edges), g.split(f.edges)
    hard = one.hard | two.hard
    alike = (one.left == two.left) & (one.right == two.right)
    if not (alike | (one.sizes == 0) | (two.sizes == 0)).all():
        return _rebuilt(f, g, one.edges, hard)
    silent = one.sizes == 0
    left, right = np.where(silent, two.left, one.left), np.where(silent, two.right, one.right)
    series, others = chebyshev.same_length(one.series, two.series)
    pieces = Pieces(one.edges, series + others, hard, left, right)
    return (pieces if hard.all() else merged(pieces)), 0.0


def _extended(f: Pieces, low: float, high: float, limits: Limits) -> Pieces:
    """The pieces with constant ones before and after, out to ``low`` and ``high``."""
    if low < f.edges[0]:
        f = _with_constant(f, low, limits[0])
    if high > f.edges[-1]:
        f = _with_constant(f.moved(0.0, -1.0), -high, limits[1]).moved(0.0, -1.0)
    return f


def _with_constant(f: Pieces, low: float, value: complex) -> Pieces:
    first = np.zeros((len(f.series), 1), np.result_type(f.series, type(value)))
    first[0] = value
    return Pieces(
        np.append(low, f.edges),
        np.concatenate([first, f.series], axis=1),
        np.append(value != 0, f.hard),
        np.append(0.0, f.left),
        np.append(0.0, f.right),
    )


def _rebuilt(f: Pieces, g: Pieces, edges: Array, hard: Array) -> tuple[Pieces, float]:
    powers: dict[float, tuple[float, float]] = {}
    for pieces in (f, g):
        for edge, before, after in zip(
            pieces.edges, np.append(0.0, pieces.right), np.append(pieces.left, 0.0), strict=True
        ):
            known = powers.get(float(edge), (0.0, 0.0))
            if before < 0 or after < 0:
                powers[float(edge)] = (min(known[0], before), min(known[1], after))
    return build(lambda x: f(x) + g(x), Skeleton.of(edges, hard, powers))


def conjugated(f: Pieces) -> Pieces:
    """The complex conjugate."""
    return replace(f, series=f.series.conj())
