"""Jumps that nobody named: where adaptive construction ended in narrow pieces, or met a jump by chance."""

from __future__ import annotations

import numpy as np

from faltung.functions.build import Evaluate, Skeleton
from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces

# Steps of a value that are no rounding, as a share of the function's size.
_JUMP = 2.0**-40
# Pieces of this share of where bisection began lie around something that it did not resolve.
_NARROW = 2.0**-20
# So near to a jump a place may lie on either side of it.
_NEAR = 2.0**-50
# What has been lost is larger than what rounding of the places does on a steep wall.
_LOST = 2.0**-30
# Bisection between two numbers comes to neighbours.
_HALVINGS = 1100
# Between jumps that are closer there are too few numbers for a piece: they are one.
_CLOSEST = 2.0**-42
# So often jumps are looked for on both sides of those found.
_BESIDE = 6


def unnamed_jumps(evaluate: Evaluate, pieces: Pieces, skeleton: Skeleton, noise: float) -> Array:
    """Places inside where the function jumps, and which are not hard edges; ascending.

    Bisection between neighbouring numbers tells a jump from a steep wall.

    Parameters
    ----------
    evaluate, skeleton
        What the pieces were built from.
    noise
        What values carry, relative to the largest.
    """
    if pieces.hard.all() and skeleton.edges.size == pieces.edges.size:
        return pieces.edges[:0]
    least = max(_JUMP, 4 * noise) * pieces.scale
    low, high = (
        np.concatenate(ends) for ends in zip(_narrow_runs(pieces, skeleton), _broken_seams(pieces, least), strict=True)
    )
    if low.size == 0:
        return low
    found = _jumps_between(evaluate, low, high, least)
    inside: Array = found[(found >= skeleton.edges[0]) & (found <= skeleton.edges[-1])]
    return inside


def follows(evaluate: Evaluate, other: Pieces, pieces: Pieces, noise: float) -> bool:
    """Whether other pieces follow the function also in the middle of all pieces that bisection came to before."""
    x = (pieces.edges[:-1] + pieces.widths / 2)[~pieces.singular]
    k = np.searchsorted(other.edges, x)
    nearest = np.minimum(
        np.abs(x - other.edges[np.minimum(k, other.count)]), np.abs(x - other.edges[np.maximum(k - 1, 0)])
    )
    x = x[nearest > _NEAR * np.abs(x)]
    if x.size == 0:
        return True
    return bool((np.abs(evaluate(x) - other(x)) <= max(_LOST, 4 * noise) * other.scale).all())


def _narrow_runs(pieces: Pieces, skeleton: Skeleton) -> tuple[Array, Array]:
    """The ends of each run of narrow pieces, but of those at a hard edge: what is there is named."""
    if pieces.widths.min() > _NARROW * np.diff(skeleton.edges).max():
        return pieces.edges[:0], pieces.edges[:0]
    middle = (pieces.edges[1:] + pieces.edges[:-1]) / 2
    began = np.diff(skeleton.edges)[np.clip(np.searchsorted(skeleton.edges, middle) - 1, 0, len(skeleton.edges) - 2)]
    narrow = np.concatenate([[False], pieces.widths <= _NARROW * began, [False]])
    ends = np.flatnonzero(narrow[1:] != narrow[:-1])
    first, last = ends[::2], ends[1::2]
    named = np.cumsum(np.append(0, pieces.hard))
    free = named[last + 1] == named[first]
    return pieces.edges[first[free]], pieces.edges[last[free]]


def _broken_seams(pieces: Pieces, least: float) -> tuple[Array, Array]:
    """A little before and after each seam at which the values on both sides differ: an edge has met a jump."""
    plain = np.concatenate([[True], ~pieces.singular, [True]])
    widths = np.concatenate([[np.inf], pieces.widths, [np.inf]])
    ends = np.append(0, pieces.series.sum(axis=0))
    starts = np.append((-1.0) ** np.arange(len(pieces.series)) @ pieces.series, 0)
    k = np.flatnonzero(~pieces.hard & plain[1:] & plain[:-1] & (np.abs(ends - starts) > least))
    edges, around = pieces.edges[k], _NARROW * np.minimum(widths[k], widths[k + 1])
    return edges - around, edges + around


def _jumps_between(evaluate: Evaluate, low: Array, high: Array, least: float) -> Array:
    """Where between each low and high the function jumps by more than ``least``, ascending; several may lie there."""
    found: list[float] = []
    for _ in range(_BESIDE):
        before, after, steps = _steepest(evaluate, low, high)
        jump = steps > least
        if not jump.any():
            break
        low, before, after, high = low[jump], before[jump], after[jump], high[jump]
        found += [simplest(float(a), float(b)) for a, b in zip(before, after, strict=True)]
        # Others hide on both sides of the steepest.
        low, high = np.concatenate([low, after]), np.concatenate([before, high])
        rest = np.abs(evaluate(high) - evaluate(low)) > least
        low, high = low[rest], high[rest]
    places = np.unique(np.array(found))
    apart = np.diff(places, prepend=-np.inf) > _CLOSEST * np.abs(places)
    result: Array = places[apart]
    return result


def _steepest(evaluate: Evaluate, low: Array, high: Array) -> tuple[Array, Array, Array]:
    """Between which neighbouring numbers, from each low to high, the function steps, and by how much.

    Of a wall it is 0, which has more of its height elsewhere.
    """
    at_low, at_high = evaluate(low), evaluate(high)
    height = np.abs(at_high - at_low)
    for _ in range(_HALVINGS):
        middle = low + (high - low) / 2
        if ((middle <= low) | (middle >= high)).all():
            break
        value = evaluate(middle)
        upper = np.abs(at_high - value) >= np.abs(value - at_low)
        low, at_low = np.where(upper, middle, low), np.where(upper, value, at_low)
        high, at_high = np.where(upper, high, middle), np.where(upper, at_high, value)
    step = np.abs(at_high - at_low)
    return low, high, np.where(step >= height / 2, step, 0.0)


def simplest(low: float, high: float) -> float:
    """The number of the fewest digits in an interval."""
    middle = (low + high) / 2
    rounded = (0.0, *(float(f"{middle:.{digits}g}") for digits in range(1, 18)))
    return next((number for number in rounded if low <= number <= high), middle)
