"""The convolution integral at given points, by Gauss quadrature between all break points.

For one t the integrand f(x) g(t - x) is a polynomial between the edges of f and the mirrored
edges of g: Gauss-Legendre is exact there, so the only error is rounding, a few units in the last
place of the integral of |f(x) g(t - x)|. Near the ends of pieces with power weights the panels
shrink geometrically, and Gauss-Jacobi takes the innermost one. Source: Golub & Welsch (1969); the
graded panels as in Davis & Rabinowitz, *Methods of Numerical Integration* (1984), section 2.12.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from faltung import settings
from faltung._native import _core
from faltung.functions import cost, rules
from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces

# Values of f in flight at once: fits the second-level cache with its companions.
_AT_ONCE = 1 << 13
# Graded panels shrink by four; Gauss with 20 nodes is then exact to 3**-40.
_SHRINK = 4.0
_LEAST_GRADED = 20
# Corners are graded by the next of these numbers of panels, as each number takes a call of its own.
_PANELS = np.array([0, 4, 8, 16, 32, 60])
_NEGLIGIBLE = 2.0**-64
_LEAST_EXPONENT = -1 + 2.0**-10


def convolve_at(f: Pieces, g: Pieces, t: Array) -> Array:
    """The integral of f(x) g(t - x) over x, at each of ``t`` (one axis).

    Notes
    -----
    Cost: for each t one product of values for every second degree and every piece that meets.
    """
    result = np.zeros(t.shape, np.result_type(f.series, g.series))
    if f.count == 0 or g.count == 0:
        return result
    _add_plain(f, g, np.ascontiguousarray(t), result)
    if f.singular.any() or g.singular.any():
        cells = _cells(f, g, t)
        _add_graded(f, g, cells.where(f.singular[cells.i] | g.singular[cells.j]), result)
    return result


@dataclass(frozen=True)
class _Cells:
    """Where, for the points t[row], f has piece i and g(t - x) piece j.

    Both ends are given by x in f and by y = t - x in g, each exact where it is an edge of its
    function: narrow pieces and singular ends keep their shape at points far from them.
    """

    row: Array
    x: tuple[Array, Array]
    y: tuple[Array, Array]
    width: Array
    i: Array
    j: Array

    def where(self, kept: Array) -> _Cells:
        if kept.all():
            return self
        x, y = (self.x[0][kept], self.x[1][kept]), (self.y[0][kept], self.y[1][kept])
        return _Cells(self.row[kept], x, y, self.width[kept], self.i[kept], self.j[kept])


def _cells(f: Pieces, g: Pieces, t: Array) -> _Cells:
    """All cells of all points, ordered by point and by place."""
    f_first, f_last, g_first, g_last = f.edges[0], f.edges[-1], g.edges[0], g.edges[-1]
    meets = np.flatnonzero((f_first + g_first < t) & (t < f_last + g_last))
    t = t[meets]
    by_f = f_first + g_last >= t
    x_low, y_high = np.where(by_f, f_first, t - g_last), np.where(by_f, t - f_first, g_last)
    by_f = f_last + g_first <= t
    x_high, y_low = np.where(by_f, f_last, t - g_first), np.where(by_f, t - f_last, g_first)
    rows_f, x_inner = _inside(f.edges, x_low, x_high)
    rows_g, y_inner = _inside(g.edges, y_low, y_high)
    rows = np.concatenate([np.arange(len(t)), np.arange(len(t)), rows_f, rows_g])
    x = np.concatenate([x_low, x_high, x_inner, t[rows_g] - y_inner])
    y = np.concatenate([y_high, y_low, t[rows_f] - x_inner, y_inner])
    order = np.lexsort((-y, x, rows))
    rows, x, y = rows[order], x[order], y[order]
    # Of the two coordinates the smaller one is the more accurate.
    far_x, far_y = (np.maximum(np.abs(z[1:]), np.abs(z[:-1])) for z in (x, y))
    width = np.where(far_x <= far_y, np.diff(x), -np.diff(y))
    real = (rows[1:] == rows[:-1]) & (width > 0)
    x_ends, y_ends = (x[:-1][real], x[1:][real]), (y[:-1][real], y[1:][real])
    i, j = f.locate((x_ends[0] + x_ends[1]) / 2), g.locate((y_ends[0] + y_ends[1]) / 2)
    row, width = rows[1:][real], width[real]
    cells = _Cells(meets[row], x_ends, y_ends, width, i, j)
    # What each cell can contribute, its weights aside; below rounding of the point's sum it is left out.
    most = f.sizes[i] * g.sizes[j] * width
    total = np.bincount(row, most, len(t))[row]
    return cells.where((most > _NEGLIGIBLE * total) | f.singular[i] | g.singular[j])


def _inside(edges: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Which edges lie strictly between low[k] and high[k]: the k's and the edges, in one list."""
    first = np.searchsorted(edges, low, side="right")
    count = np.maximum(np.searchsorted(edges, high, side="left") - first, 0)
    rows = np.repeat(np.arange(len(low)), count)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    return rows, edges[place]


def _add_plain(f: Pieces, g: Pieces, t: Array, result: Array) -> None:
    """Add the integrals over all cells in which neither is singular, by the native core."""
    v, weights = rules.gauss((f.degree + g.degree) // 2 + 1)
    threads = cost.threads_for(cost.quadrature(f, g, t.size))
    for one, f_series in f.planes:
        for two, g_series in g.planes:
            part = np.empty(t.shape)
            _core.convolution_values(
                f.edges,
                f_series * ~f.singular[:, np.newaxis],
                g.edges,
                g_series * ~g.singular[:, np.newaxis],
                2 * v - 1,
                2 * weights,
                t,
                part,
                settings.level(),
                threads,
            )
            result += one * two * part


def _accumulate(result: Array, row: Array, terms: Array) -> None:
    """result[row] += terms, repeated rows added up."""
    if result.dtype.kind == "c":
        terms = terms.astype(complex)
        result.real += np.bincount(row, terms.real, len(result))
        result.imag += np.bincount(row, terms.imag, len(result))
    elif len(row):
        result += np.bincount(row, terms, len(result))


def _add_graded(f: Pieces, g: Pieces, cells: _Cells, result: Array) -> None:
    """Each cell in two halves, either graded towards its end."""
    for end in (0, 1):
        corner = _corners(f, g, cells, end)
        for exponent in np.unique(corner.exponent):
            same = corner.exponent == exponent
            for panels in np.unique(corner.panels[same]):
                _add_corner(f, g, corner.where(same & (corner.panels == panels)), result)


@dataclass(frozen=True)
class _Corners:
    """One end of each cell: the distances from it to the edges of both pieces, and how to grade."""

    cell: Array
    cells: _Cells
    inwards: float
    distances: tuple[Array, Array, Array, Array]
    exponent: Array
    panels: Array

    def where(self, kept: Array) -> _Corners:
        a, b, c, d = (distance[kept] for distance in self.distances)
        return _Corners(self.cell[kept], self.cells, self.inwards, (a, b, c, d), self.exponent[kept], self.panels[kept])


def _corners(f: Pieces, g: Pieces, cells: _Cells, end: int) -> _Corners:
    i, j, x, y = cells.i, cells.j, cells.x[end], cells.y[end]
    from_a, to_b, from_c, to_d = (
        np.maximum(distance, 0) for distance in (x - f.edges[i], f.edges[i + 1] - x, y - g.edges[j], g.edges[j + 1] - y)
    )
    powers = ((f.left[i], from_a), (f.right[i], to_b), (g.left[j], from_c), (g.right[j], to_d))
    exponent = sum((np.where(distance == 0, power, 0.0) for power, distance in powers), np.zeros(len(i)))
    # Two singularities on one spot may make the value infinite; a large finite one stands for it.
    exponent = np.maximum(exponent, _LEAST_EXPONENT)
    half = cells.width / 2
    outside = np.full(len(i), np.inf)
    for power, distance in powers:
        near = np.where((power != 0) & (distance > 0), distance, np.inf)
        outside = np.minimum(outside, near)
    with np.errstate(divide="ignore"):
        wanted = np.ceil(np.log(half / outside) / np.log(_SHRINK)) + 1
    panels = _PANELS[np.searchsorted(_PANELS, np.clip(wanted, 0, _PANELS[-1]))]
    inwards = 1.0 if end == 0 else -1.0
    return _Corners(np.arange(len(i)), cells, inwards, (from_a, to_b, from_c, to_d), exponent, panels)


def _add_corner(f: Pieces, g: Pieces, corner: _Corners, result: Array) -> None:
    """Add the integrals over half cells that are graded alike."""
    depth, weights, exponent = _graded(f, g, float(corner.exponent[0]), int(corner.panels[0]))
    block = max(_AT_ONCE // len(depth), 1)
    for start in range(0, len(corner.cell), block):
        there = slice(start, start + block)
        cell = corner.cell[there]
        i, j, row, half = (
            corner.cells.i[cell],
            corner.cells.j[cell],
            corner.cells.row[cell],
            corner.cells.width[cell] / 2,
        )
        from_a, to_b, from_c, to_d = (distance[there] for distance in corner.distances)
        step = corner.inwards * half * depth[:, np.newaxis]
        values = f.at(i, from_a + step, to_b - step) * g.at(j, from_c - step, to_d + step)
        _accumulate(result, row, ((weights / depth**exponent) @ values) * half)


@cache
def _graded_rule(count: int, exponent: float, panels: int) -> tuple[Array, Array, Array]:
    """Nodes in (0, 1), weights, and the exponent that each weight has taken out of the integrand."""
    nodes, weights = rules.gauss(count)
    ends = _SHRINK ** -np.arange(panels + 1.0)
    low, width = ends[1:, np.newaxis], -np.diff(ends)[:, np.newaxis]
    inner, inner_weights = rules.gauss(count, exponent)
    depth = np.concatenate([inner * ends[-1], (low + width * nodes).ravel()])
    weight = np.concatenate([inner_weights * ends[-1] ** (exponent + 1), (width * weights).ravel()])
    removed = np.concatenate([np.full(count, exponent), np.zeros(panels * count)])
    return depth, weight, removed


def _graded(f: Pieces, g: Pieces, exponent: float, panels: int) -> tuple[Array, Array, Array]:
    count = max((f.degree + g.degree) // 2 + 1, _LEAST_GRADED)
    return _graded_rule(count, exponent, panels)
