"""The parts that a convolution of two functions falls into, each with an algorithm of its own.

A function is pieces, plus constants beyond its ends, plus atoms. Convolution is bilinear, so
that the algorithms need to know only one kind each.
"""

from __future__ import annotations

import numpy as np

from faltung.functions.atoms import convolved
from faltung.functions.build import Skeleton, build
from faltung.functions.characteristic import Factor, Spectrum, spectrum_of
from faltung.functions.chebyshev import Array
from faltung.functions.gauss import convolve_at
from faltung.functions.merging import trimmed
from faltung.functions.pairs import PairPolynomials, convolve_pairs
from faltung.functions.pieces import Pieces
from faltung.functions.representation import Representation
from faltung.functions.resolution import TOLERANCE

# Edges nearer than this many roundings of the sums that made them are one edge.
_EPS = float(np.finfo(float).eps)
_SAME = 32 * _EPS
# Bisection finds by itself what fills more than this share of an interval.
_LAYER = 1 / 32


def by_atoms(f: Representation, g: Representation) -> Representation:
    """Convolve with atoms alone: shifted, differentiated, weighted copies."""
    if not only_atoms(g):
        f, g = g, f
    if only_atoms(f):
        return _atoms_alone(f, g)
    copies = []
    slopes = [f]
    for atom in g.atoms:
        while len(slopes) <= atom.order:
            slopes.append(slopes[-1].derivative())
        copies.append(slopes[atom.order].shift(atom.at) * atom.weight)
    return _added(copies) if copies else f * 0


def _added(terms: list[Representation]) -> Representation:
    """The sum of neighbours first, so that each of the terms is touched only about log n times."""
    while len(terms) > 1:
        pairs = zip(terms[::2], terms[1::2], strict=False)
        terms = [one + two for one, two in pairs] + terms[len(terms) // 2 * 2 :]
    return terms[0]


def by_form(f: Representation, g: Representation) -> Representation:
    """Convolve two closed forms: the parameters of the result, and its pieces from them."""
    form = None if f.form is None or g.form is None else f.form.convolved(g.form)
    assert form is not None
    pieces, error = form.pieces()
    return f.assembled(pieces, form=form, error=error, tail=_tail(f, g), support=_support(f, g))


def by_running_integral(f: Representation, g: Representation) -> Representation:
    """Convolve pieces with a function that is constant beyond its ends.

    Each constant is a step; the convolution with a step is a running integral.
    """
    if not any(f.limits):
        f, g = g, f
    before, after = f.limits
    first, last = (float(edge) for edge in f.pieces.edges[[0, -1]])
    running = g.antiderivative()
    total = f.assembled(Pieces.nothing())
    if f.pieces.count:
        total = total + by_quadrature(f.assembled(f.pieces, error=f.error), g)
    if after != 0:
        total = total + running.shift(last) * after
    if before != 0:
        mirrored = g.reflect().antiderivative().reflect()
        total = total + mirrored.shift(first) * before
    return total


def by_polynomials(f: Representation, g: Representation) -> Representation:
    """Convolve piecewise polynomials of low degree: between pairwise sums of edges, one polynomial each."""
    edges, _ = _pairwise(f.pieces, g.pieces)
    pieces = trimmed(Pieces.of(edges, convolve_pairs(f.pieces, g.pieces, edges)))
    return _finished(f, g, pieces, 8 * TOLERANCE * pieces.scale)


def by_legendre(f: Representation, g: Representation) -> Representation:
    """Convolve functions without singular ends: built adaptively from the polynomials of pairs of pieces."""
    pieces, error = build(PairPolynomials.of(f.pieces, g.pieces), _skeleton(f.pieces, g.pieces))
    return _finished(f, g, pieces, error)


def by_characteristic_functions(f: Representation, g: Representation) -> Representation:
    """Convolve smooth functions: built adaptively from the product of their transforms."""
    spectrum = spectrum_of(Factor(f.pieces), Factor(g.pieces))
    assert isinstance(spectrum, Spectrum)
    pieces, error = build(spectrum, spectrum.skeleton())
    return _finished(f, g, pieces, error + spectrum.error)


def by_quadrature(f: Representation, g: Representation) -> Representation:
    """Convolve any two functions made of pieces: built adaptively from values of the integral."""
    skeleton = _skeleton(f.pieces, g.pieces)
    pieces, error = build(lambda t: convolve_at(f.pieces, g.pieces, t), skeleton)
    return _finished(f, g, pieces, error)


def only_atoms(f: Representation) -> bool:
    """Whether a function consists of atoms and nothing else."""
    return f.pieces.count == 0 and not any(f.limits)


def parts(f: Representation) -> list[Representation]:
    """Pieces with their constants, and atoms, as two functions."""
    smooth = f.assembled(f.pieces, limits=f.limits, error=f.error, tail=f.tail, support=f._support)
    return [smooth, f.assembled(Pieces.nothing(), atoms=f.atoms)]


def _atoms_alone(f: Representation, g: Representation) -> Representation:
    return f.assembled(Pieces.nothing(), atoms=convolved(f.atoms, g.atoms))


def _finished(f: Representation, g: Representation, pieces: Pieces, error: float) -> Representation:
    """The result with what its operands' errors become in it (Young's inequality)."""
    carried = f.error * g.pieces.mass + g.error * f.pieces.mass + _misplacement(f.pieces, g.pieces)
    lost = f.tail * g.pieces.scale + g.tail * f.pieces.scale
    return f.assembled(pieces, error=error + carried + lost, tail=_tail(f, g), support=_support(f, g))


def _misplacement(f: Pieces, g: Pieces) -> float:
    """What rounding of t minus an edge does: the result's slope is at most about the product of the maxima."""
    far = max(float((np.abs(h.edges[1:]) * h.sizes).max(initial=0.0)) / max(h.scale, 1e-300) for h in (f, g))
    return 2 * _EPS * far * f.scale * g.scale


def _tail(f: Representation, g: Representation) -> float:
    return f.tail * g.pieces.mass + g.tail * f.pieces.mass


def _support(f: Representation, g: Representation) -> tuple[float, float] | None:
    if f._support is None and g._support is None:
        return None
    return f.support[0] + g.support[0], f.support[1] + g.support[1]


def _skeleton(f: Pieces, g: Pieces) -> Skeleton:
    """Break points of the result, seams to begin with, and the powers at its two ends."""
    edges, hard = _pairwise(f, g)
    powers: dict[float, tuple[float, float]] = {}
    powers[float(edges[0])] = (0.0, _broken(f.left[0], g.left[0]))
    powers[float(edges[-1])] = (_broken(f.right[-1], g.right[-1]), 0.0)
    return Skeleton.of(edges, hard, powers)


def _broken(one: float, two: float) -> float:
    """The exponent at the end of a result whose operands begin with these, its integer part dropped.

    x**a convolved with x**b is a constant times x**(a + b + 1); integer powers are smooth.
    """
    exponent = one + two + 1
    if abs(exponent - round(exponent)) < 1e-12:
        return 0.0
    return exponent if exponent < 0 else exponent % 1


def _pairwise(f: Pieces, g: Pieces) -> tuple[Array, Array]:
    """Edges of the result and which are hard: sums of hard edges, ends, and seams where the operands have some."""
    sums, size = _sums(f.edges[f.hard], g.edges[g.hard])
    if f.hard.all() and g.hard.all():
        edges, size, hard = _distinct(sums, size, np.ones(len(sums), bool))
        return edges, hard
    edges, size, hard = _distinct(*_beside(sums, size, np.ones(len(sums), bool), *_seams(f.edges, g.edges)))
    layers = [_layers(edges, f, g), _layers(edges, g, f)]
    for seams, seams_size in layers:
        if seams.size:
            edges, size, hard = _distinct(*_beside(edges, size, hard, seams, seams_size))
    return edges, hard


def _beside(edges: Array, size: Array, hard: Array, seams: Array, seams_size: Array) -> tuple[Array, Array, Array]:
    """Edges, the magnitudes that their rounding is relative to, and which are hard, seams among them."""
    soft = np.zeros(len(seams), bool)
    return np.concatenate([edges, seams]), np.concatenate([size, seams_size]), np.concatenate([hard, soft])


def _distinct(edges: Array, size: Array, hard: Array) -> tuple[Array, Array, Array]:
    """In ascending order, those that rounding has set apart as one, hard if one of them is."""
    order = np.lexsort((~hard, edges))
    edges, hard, size = edges[order], hard[order], size[order]
    fresh = np.ones(len(edges), bool)
    np.greater(edges[1:] - edges[:-1], _SAME * size[1:], out=fresh[1:])
    return edges[fresh], size[fresh], np.logical_or.reduceat(hard, np.flatnonzero(fresh))


def _layers(edges: Array, f: Pieces, g: Pieces) -> tuple[Array, Array]:
    """The seams of g beside each hard edge of f, where they are much closer than ``edges``.

    There the result goes through the integral of g, in a layer that samples between ``edges`` may not meet.
    """
    soft = np.flatnonzero(~g.hard)
    if soft.size == 0 or not f.hard.any():
        return np.empty(0), np.empty(0)
    seams, size = _sums(f.edges[f.hard], g.edges[soft])
    gaps = np.concatenate([[np.inf], g.widths, [np.inf]])
    near = np.tile(np.minimum(gaps[soft], gaps[soft + 1]), int(f.hard.sum()))
    k = np.searchsorted(edges[1:-1], seams, side="right") + 1
    kept = near < _LAYER * (edges[k] - edges[k - 1])
    return seams[kept], size[kept]


def _sums(f: Array, g: Array) -> tuple[Array, Array]:
    """All sums of two, and the magnitude that their rounding is relative to."""
    return np.add.outer(f, g).ravel(), np.maximum.outer(np.abs(f), np.abs(g)).ravel()


def _seams(f: Array, g: Array) -> tuple[Array, Array]:
    """Both ends of the result, and the inner edges of either operand moved by the middle of the other.

    They only say where to look first. Of the two, the wider operand shapes the result more.
    """
    ends = np.array([f[0] + g[0], f[-1] + g[-1]])
    wide, narrow = (f, g) if f[-1] - f[0] >= g[-1] - g[0] else (g, f)
    middle = narrow[len(narrow) // 2]
    inner = wide[1:-1] + middle
    inner = inner[(inner > ends[0]) & (inner < ends[1])]
    seams = np.concatenate([ends, inner])
    return seams, np.maximum(np.abs(seams), abs(middle))
