"""Integrals and derivatives of pieces: running integral at any point, jumps, slopes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from faltung.functions import chebyshev, errors, rules
from faltung.functions.atoms import Atom, Atoms
from faltung.functions.build import Skeleton, build
from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces
from faltung.functions.resolution import NODES

# Steps below this share of the function's size are rounding, not jumps.
_JUMP = 2.0**-40
# Derivatives: points on a window, as twice as wide as a piece; how small its last coefficients must
# be, so that it is resolved; and what is rounding among the others.
_WINDOW, _LAST = 2 * NODES, 4
_RESOLVED, _ROUNDING = 2.0**-46, 2.0**-53


@dataclass(frozen=True)
class Running:
    """The integral of pieces from the left end up to x, for arrays of x.

    On a piece without weight it is the series' own integral. Beside a singular end it is a power
    of the distance to that end times a smooth factor, so that it keeps its relative accuracy.
    """

    pieces: Pieces

    @cached_property
    def starts(self) -> Array:
        """The integral up to each edge."""
        return np.concatenate([[0], np.cumsum(self.pieces.integrals)])

    @property
    def total(self) -> complex:
        """The integral of it all."""
        return complex(self.starts[-1]) if self.starts.dtype.kind == "c" else float(self.starts[-1])

    @cached_property
    def series(self) -> Array:
        """Chebyshev coefficients of the smooth factor of each piece."""
        pieces = self.pieces
        plain = chebyshev.antiderivative(pieces.series) / 2
        if not pieces.singular.any():
            return plain
        factor = {int(i): _smooth_factor(pieces, int(i)) for i in np.flatnonzero(pieces.singular)}
        longest = max(len(plain), *map(len, factor.values()))
        whole = np.pad(plain, ((0, longest - len(plain)), (0, 0)))
        for i, series in factor.items():
            whole[:, i] = np.pad(series, (0, longest - len(series)))
        return whole

    @cached_property
    def _polynomials(self) -> Pieces:
        """The running integral where no piece is singular."""
        series = self.series * self.pieces.widths
        series[0] = series[0] + self.starts[:-1]
        return replace(self.pieces, series=series)

    def __call__(self, x: Array) -> Array:
        """The integral up to each of ``x``: 0 before the first edge, the total after the last."""
        pieces = self.pieces
        if pieces.count == 0:
            return np.zeros(x.shape)
        x = np.clip(x, pieces.edges[0], pieces.edges[-1])
        if not pieces.singular.any():
            return self._polynomials(x)
        i = pieces.locate(x)
        width = pieces.widths[i]
        low, high = (x - pieces.edges[i]) / width, (pieces.edges[i + 1] - x) / width
        factor = width * chebyshev.evaluate(self.series[:, i], low - high)
        left, right = pieces.left[i], pieces.right[i]
        from_left = self.starts[i] + factor * np.where(left != 0, low ** (left + 1), 1)
        from_right = self.starts[i + 1] - factor * high ** (right + 1)
        result: Array = np.where(right != 0, from_right, from_left)
        return result

    def function(self) -> tuple[Pieces, float]:
        """The running integral as pieces, with an error estimate."""
        pieces = self.pieces
        if not pieces.singular.any():
            return self._polynomials, 0.0
        powers: dict[float, tuple[float, float]] = {}
        if pieces.left[0]:
            exponent = pieces.left[0] + 1
            powers[float(pieces.edges[0])] = (0.0, exponent if exponent < 1 else exponent - 1)
        return build(self, Skeleton.of(pieces.edges, pieces.hard, powers))


def _smooth_factor(pieces: Pieces, i: int) -> Array:
    """The q with: integral of s**e p(s) from 0 to v = v**(e + 1) q(v), v from the singular end."""
    at_left = pieces.left[i] != 0
    exponent = pieces.left[i] if at_left else pieces.right[i]
    count = pieces.degree + 1
    share, weights = rules.gauss(count // 2 + 1, float(exponent))
    u = chebyshev.points(count)
    v = (1 + u) / 2 if at_left else (1 - u) / 2
    inner = 2 * v[:, np.newaxis] * share - 1
    values = chebyshev.evaluate(pieces.series[:, i], inner if at_left else -inner) @ weights
    return chebyshev.coefficients(values)


def jumps(pieces: Pieces, limits: tuple[complex, complex]) -> Atoms:
    """The derivative's atoms: the steps of the function at its hard edges and ends."""
    if pieces.count == 0:
        return ()
    signs = (-1.0) ** np.arange(len(pieces.series))
    starts, ends = signs @ pieces.series, pieces.series.sum(axis=0)
    starts, ends = np.where(pieces.left > 0, 0, starts), np.where(pieces.right > 0, 0, ends)
    step = np.append(starts, limits[1]) - np.concatenate([[limits[0]], ends])
    size = max(pieces.scale, abs(limits[0]), abs(limits[1]))
    real = pieces.hard & (np.abs(step) > _JUMP * size)
    return tuple(Atom(float(pieces.edges[k]), 0, step[k].item()) for k in np.flatnonzero(real))


def slopes(pieces: Pieces) -> Pieces:
    """The derivative between the edges.

    Raises
    ------
    ValueError
        Beside a singular end that is not integrable.
    """
    for exponents, ends in ((pieces.left, pieces.edges[:-1]), (pieces.right, pieces.edges[1:])):
        if (exponents < 0).any():
            raise errors.not_differentiable(float(ends[np.argmax(exponents < 0)]))
    inner = chebyshev.derivative(chebyshev.trim(pieces.series, _ROUNDING))
    if not pieces.singular.any():
        series = inner * (2 / pieces.widths)
        return replace(pieces, series=_from_windows(pieces, series))
    # (v**l p)' = v**(l - 1) (l p + v p'), with the sign turned at a right end.
    u = chebyshev.points(pieces.degree + 1)[:, np.newaxis]
    values, change = chebyshev.evaluate(pieces.series, u), 2 * chebyshev.evaluate(inner, u)
    at_left = pieces.left * values + (1 + u) / 2 * change
    at_right = -pieces.right * values + (1 - u) / 2 * change
    chosen = np.where(pieces.left != 0, at_left, np.where(pieces.right != 0, at_right, change))
    left = np.where(pieces.left != 0, pieces.left - 1, 0.0)
    right = np.where(pieces.right != 0, pieces.right - 1, 0.0)
    return Pieces(pieces.edges, chebyshev.coefficients(chosen / pieces.widths), pieces.hard, left, right)


def slope_growth(pieces: Pieces) -> float:
    """By how much, at most, `slopes` magnifies an error of the values: Bernstein's and Markov's inequalities."""
    before, after = _smooth_beyond(pieces)
    wider = (before > 0) & (after > 0)
    degree = np.where(wider, _WINDOW, max(pieces.degree, 1))
    width = pieces.widths + np.where(wider, before + after, 0)
    margin = np.where(wider, np.minimum(before, after), 0)
    with np.errstate(divide="ignore"):
        inside = width / (2 * np.sqrt(margin * (width - margin)))
    growth = degree * np.minimum(degree, inside) * 2 / width
    return float(growth.max(initial=0.0))


def _from_windows(pieces: Pieces, slopes: Array) -> Array:
    """The slopes, taken on wider windows where the function goes on smoothly beyond a piece.

    At the ends of an interval the derivative of a polynomial of degree n magnifies errors n**2 times
    2 / width, inside n times: a window reaches half a piece further, so that no end of it is used.
    """
    before, after = _smooth_beyond(pieces)
    wider = np.flatnonzero((before > 0) & (after > 0))
    if wider.size == 0:
        return slopes
    low, high = pieces.edges[wider] - before[wider], pieces.edges[wider + 1] + after[wider]
    u = chebyshev.points(_WINDOW)[:, np.newaxis]
    x = np.clip((low + high) / 2 + (high - low) / 2 * u, pieces.edges[0], pieces.edges[-1])
    series = chebyshev.coefficients(pieces(x.ravel()).reshape(x.shape))
    resolved = np.abs(series[-_LAST:]).max(axis=0) <= _RESOLVED * np.abs(series).max(axis=0)
    inner = chebyshev.derivative(chebyshev.trim(series, _ROUNDING)) * (2 / (high - low))
    count = max(len(slopes), NODES)
    place = pieces.edges[wider] + pieces.widths[wider] * ((1 + chebyshev.points(count)[:, np.newaxis]) / 2)
    values = chebyshev.evaluate(inner[:, np.newaxis], ((place - low) - (high - place)) / (high - low))
    better = chebyshev.coefficients(values)
    (result,) = chebyshev.same_length(np.zeros((count, 0)), slopes)[1:]
    result[:, wider[resolved]] = better[:, resolved]
    return result


def _smooth_beyond(pieces: Pieces) -> tuple[Array, Array]:
    """How far beyond each piece's low and high end a window may reach: half of either piece there."""
    open_ = ~pieces.hard[1:-1] & ~pieces.singular[1:] & ~pieces.singular[:-1]
    half = np.where(open_, np.minimum(pieces.widths[1:], pieces.widths[:-1]) / 2, 0)
    return np.append(0, half), np.append(half, 0)
