"""From a callable and its support to pieces: break points, singular ends, infinite sides."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from faltung.functions import errors
from faltung.functions.breaks import follows, unnamed_jumps
from faltung.functions.build import MOST_PIECES, Evaluate, Skeleton, TooRough, UnresolvedError, build
from faltung.functions.chebyshev import Array
from faltung.functions.cutoff import Reach, reach
from faltung.functions.pieces import Pieces
from faltung.functions.singularity import Powers, poles, refusal

Exponents = Mapping[float, float | tuple[float, float]]
Support = tuple[float, float]
Make = Callable[[Skeleton], tuple[Pieces, float]]
# So often jumps are looked for: others may hide beside the first.
_ROUNDS = 3


@dataclass(frozen=True)
class Constructed:
    """What came of a callable."""

    pieces: Pieces
    limits: tuple[complex, complex]
    error: float
    tail: float


def construct(
    function: Callable[[Any], ArrayLike],
    support: Support,
    breakpoints: Iterable[float],
    singular: Exponents,
    tolerance: float,
    seams: Sequence[float] = (),
    noise: float = 0.0,
    most: int = MOST_PIECES,
    too_rough: TooRough | None = None,
) -> Constructed:
    """Pieces of ``function`` on ``support``.

    ``seams`` are smooth points around which its bulk lies, ``noise`` is what its values may carry,
    ``most`` the number of pieces, and ``too_rough`` what is said if more are needed.

    Raises
    ------
    ValueError
        As `faltung.Function` says.
    """
    low, high = support
    powers = _exponents(singular, support)
    breaks = _breaks(breakpoints, powers, support)

    def evaluate(x: Array) -> Array:
        with np.errstate(all="ignore"):
            return _checked_values(function, x)

    inner = np.union1d(breaks, np.asarray(seams, float)) if len(seams) else breaks
    inner = inner if len(inner) else np.array([0.0])
    unit = float(inner[-1] - inner[0]) / 2 if len(inner) > 1 else 1.0
    nothing = Reach(np.empty(0), 0.0, 0.0)
    before = reach(evaluate, float(inner[0]), -1, unit, len(seams) > 0) if math.isinf(low) else nothing
    after = reach(evaluate, float(inner[-1]), 1, unit, len(seams) > 0) if math.isinf(high) else nothing
    edges = np.unique(np.concatenate([inner[0] - before.seams[::-1], inner, inner[-1] + after.seams]))
    hard = np.isin(edges, breaks)
    if before.limit != after.limit or before.limit != 0:
        hard[0] |= before.limit != 0
        hard[-1] |= after.limit != 0
    make = partial(build, evaluate, tolerance=tolerance, strict=True, noise=noise, most=most, too_rough=too_rough)
    pieces, error = _built(make, evaluate, edges, hard, powers, noise)
    if pieces.scale == 0 and not (before.limit or after.limit):
        raise errors.nothing_found()
    return Constructed(pieces, (_plain(before.limit), _plain(after.limit)), error, before.tail + after.tail)


def _built(
    make: Make, evaluate: Evaluate, edges: Array, hard: Array, powers: Powers, noise: float
) -> tuple[Pieces, float]:
    """Pieces; where bisection does not get through, with the power laws that are found at hard edges."""
    try:
        return _with_jumps(make, evaluate, edges, hard, powers, noise)
    except UnresolvedError as trouble:
        found = poles(evaluate, edges, hard) | powers
        if found == powers:
            raise refusal(evaluate, trouble, edges, hard) from None
    try:
        return _with_jumps(make, evaluate, edges, hard, found, noise)
    except UnresolvedError as trouble:
        raise refusal(evaluate, trouble, edges, hard) from None


def _with_jumps(
    make: Make, evaluate: Evaluate, edges: Array, hard: Array, powers: Powers, noise: float
) -> tuple[Pieces, float]:
    """Pieces; built again with the jumps that show in them as hard edges."""
    skeleton = Skeleton.of(edges, hard, powers)
    made = make(skeleton)
    for _ in range(_ROUNDS):
        jumps = unnamed_jumps(evaluate, made[0], skeleton, noise)
        if jumps.size == 0:
            break
        named = np.union1d(edges[hard], jumps)
        edges = np.union1d(edges, jumps)
        hard = np.isin(edges, named)
        skeleton = Skeleton.of(edges, hard, powers)
        again = make(skeleton)
        # Bisection that began elsewhere may have missed what is narrow.
        if again[0].count > made[0].count or not follows(evaluate, again[0], made[0], noise):
            break
        made = again
    return made


def read_support(support: Any) -> Support:
    """The two ends of an interval.

    Raises
    ------
    ValueError
        It is none.
    """
    try:
        low, high = (float(end) for end in support)
    except (TypeError, ValueError):
        raise errors.bad_support(support) from None
    if not low < high:
        raise errors.bad_support(support)
    return low, high


def _checked_values(function: Callable[[Any], ArrayLike], x: Array) -> Array:
    """The values at ``x``; a callable that ignores its argument is a constant."""
    try:
        values = np.asarray(function(x))
    except Exception as cause:
        if isinstance(cause, TypeError) or _takes_numbers(function, float(x[0])):
            raise errors.not_vectorised(str(cause)) from cause
        cause.add_note(f"raised by the function, called with {len(x)} points from {x.min():.6g} to {x.max():.6g}")
        raise
    if values.shape not in ((), x.shape):
        raise errors.not_vectorised(f"for {x.shape} points it returned shape {values.shape}")
    if values.dtype.kind not in "biufc":
        raise errors.not_vectorised(f"it returned {values.dtype} values")
    return np.broadcast_to(values, x.shape)


def _takes_numbers(function: Callable[[Any], Any], x: float) -> bool:
    """Whether a callable that failed on an array does not on a number."""
    try:
        function(x)
    except Exception:
        return False
    return True


def _breaks(breakpoints: Iterable[float], powers: Mapping[float, Any], support: Support) -> Array:
    """All hard edges: the finite ends, the break points, the singular points."""
    points = [float(point) for point in breakpoints]
    for point in (*points, *powers):
        if not support[0] <= point <= support[1]:
            raise errors.breakpoint_outside(point, support)
    ends = [end for end in support if math.isfinite(end)]
    return np.array(sorted({*ends, *points, *powers}), dtype=float)


def _exponents(singular: Exponents, support: Support) -> Powers:
    """The exponents before and after each singular point; one number means the sides inside the support."""
    powers: Powers = {}
    for point, given in singular.items():
        before, after = given if isinstance(given, tuple) else (given, given)
        for exponent in (before, after):
            if not exponent > -1:
                raise errors.exponent_too_low(point, exponent)
        before = 0.0 if point <= support[0] else before
        after = 0.0 if point >= support[1] else after
        powers[float(point)] = (float(before), float(after))
    return powers


def _plain(value: complex) -> complex:
    return value.real if isinstance(value, complex) and value.imag == 0 else value
