"""Integrals and derivatives of pieces: running integral at any point, jumps, slopes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import roots_jacobi

from faltung.functions import chebyshev, errors
from faltung.functions.atoms import Atom, Atoms
from faltung.functions.build import Skeleton, build
from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces

# Steps below this share of the function's size are rounding, not jumps.
_JUMP = 2.0**-40


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

    def __call__(self, x: Array) -> Array:
        """The integral up to each of ``x``: 0 before the first edge, the total after the last."""
        pieces = self.pieces
        if pieces.count == 0:
            return np.zeros(x.shape)
        x = np.clip(x, pieces.edges[0], pieces.edges[-1])
        i = pieces.locate(x)
        width = pieces.widths[i]
        low, high = (x - pieces.edges[i]) / width, (pieces.edges[i + 1] - x) / width
        factor = width * chebyshev.evaluate(self.series[:, i], low - high)
        if not pieces.singular.any():
            plain: Array = self.starts[i] + factor
            return plain
        left, right = pieces.left[i], pieces.right[i]
        from_left = self.starts[i] + factor * np.where(left != 0, low ** (left + 1), 1)
        from_right = self.starts[i + 1] - factor * high ** (right + 1)
        result: Array = np.where(right != 0, from_right, from_left)
        return result

    def function(self) -> tuple[Pieces, float]:
        """The running integral as pieces, with an error estimate."""
        pieces = self.pieces
        if not pieces.singular.any():
            series = self.series * pieces.widths
            series[0] = series[0] + self.starts[:-1]
            return replace(pieces, series=series), 0.0
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
    nodes, weights = roots_jacobi(count // 2 + 1, 0.0, exponent)
    share, weights = (1 + nodes) / 2, weights / 2 ** (exponent + 1)
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
    inner = chebyshev.derivative(pieces.series)
    if not pieces.singular.any():
        return replace(pieces, series=inner * (2 / pieces.widths))
    # (v**l p)' = v**(l - 1) (l p + v p'), with the sign turned at a right end.
    u = chebyshev.points(pieces.degree + 1)[:, np.newaxis]
    values, change = chebyshev.evaluate(pieces.series, u), 2 * chebyshev.evaluate(inner, u)
    at_left = pieces.left * values + (1 + u) / 2 * change
    at_right = -pieces.right * values + (1 - u) / 2 * change
    chosen = np.where(pieces.left != 0, at_left, np.where(pieces.right != 0, at_right, change))
    left = np.where(pieces.left != 0, pieces.left - 1, 0.0)
    right = np.where(pieces.right != 0, pieces.right - 1, 0.0)
    return Pieces(pieces.edges, chebyshev.coefficients(chosen / pieces.widths), pieces.hard, left, right)
