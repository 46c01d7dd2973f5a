"""The convolution of two operands, term by term in closed form.

An edge is a function that begins at a point and goes one way from it. A segment is the difference
of two edges; two edges that go the same way convolve to one at the sum of their places, two that
go opposite ways to one either way. The formulas are those of Laplace transforms: the convolution
of u**m/m! exp(r u) with u**n/n! exp(s u) has the transform 1/((z - r)**(m + 1) (z - s)**(n + 1)),
and its partial fractions are the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from math import comb, factorial

import sympy
from sympy import Expr, S

from faltung.symbolic import errors, gaussians
from faltung.symbolic import terms as algebra
from faltung.symbolic.order import sign
from faltung.symbolic.reading import Atom, Operand, Segment
from faltung.symbolic.terms import Kind, Terms

Places = dict[tuple[Expr, int], Expr]


@dataclass(frozen=True)
class Edge:
    """Terms in u = direction * (t - at) where u is above 0."""

    at: Expr
    direction: int
    terms: Terms


@dataclass
class Sum:
    """Terms on the whole line, edges by place and direction, atoms by place and order."""

    whole: Terms = field(default_factory=dict)
    edges: dict[tuple[Expr, int], Terms] = field(default_factory=dict)
    atoms: Places = field(default_factory=dict)

    def add_edge(self, edge: Edge) -> None:
        """Add an edge to those of its place."""
        key = (sympy.expand(edge.at), edge.direction)
        self.edges[key] = algebra.added(self.edges.get(key, {}), edge.terms)

    def add_atom(self, at: Expr, order: int, weight: Expr) -> None:
        """Add an atom to that of its place."""
        key = (sympy.expand(at), order)
        self.atoms[key] = algebra.tidy(self.atoms.get(key, S.Zero) + weight)


def convolve(f: Operand, g: Operand, t: Expr) -> Sum:
    """The convolution of two operands.

    Raises
    ------
    ValueError
        It does not exist, or whether it does hangs on an unknown sign.

    Notes
    -----
    Cost: one closed form for each pair of terms at each pair of ends.
    """
    total = Sum()
    plain_f, curved_f = _by_curvature(f.segments)
    plain_g, curved_g = _by_curvature(g.segments)
    _add_plain(total, plain_f, plain_g, t)
    for one, two in (*product(curved_f, plain_g + curved_g), *product(plain_f, curved_g)):
        for at, direction, terms in gaussians.convolve(one, two, t):
            if direction:
                total.add_edge(Edge(at, direction, terms))
            else:
                total.whole = algebra.added(total.whole, terms)
    for one_atom, other in product(f.atoms, g.atoms):
        total.add_atom(one_atom.at + other.at, one_atom.order + other.order, one_atom.weight * other.weight)
    for atoms, segments in ((f.atoms, g.segments), (g.atoms, f.segments)):
        for atom, segment in product(atoms, segments):
            _add_copy(total, segment, atom, t)
    return total


def _by_curvature(segments: list[Segment]) -> tuple[list[Segment], list[Segment]]:
    plain, curved = [], []
    for each in segments:
        bent, straight = algebra.bent(each.terms)
        curved += [Segment(each.low, each.high, bent)] if bent else []
        plain += [Segment(each.low, each.high, straight)] if straight else []
    return plain, curved


def _add_plain(total: Sum, f: list[Segment], g: list[Segment], t: Expr) -> None:
    """Add what segments of polynomials times exponentials convolve to."""
    for one, two in product(f, g):
        if _is_whole(one) or _is_whole(two):
            whole, part = (one, two) if _is_whole(one) else (two, one)
            total.whole = algebra.added(total.whole, _by_moments(whole.terms, part))
    f, g = ([each for each in segments if not _is_whole(each)] for segments in (f, g))
    right_f, left_f = _edges_by_side(f, t)
    right_g, left_g = _edges_by_side(g, t)
    for ours, theirs in ((right_f, right_g), (left_f, left_g)):
        for one_edge, other in product(ours, theirs):
            total.add_edge(_same_way(one_edge, other))
    for segments, others in ((f, g), (g, f)):
        _add_opposite(total, [each for each in segments if each.low == -sympy.oo], others, t)


def _is_whole(segment: Segment) -> bool:
    return bool(segment.low == -sympy.oo and segment.high == sympy.oo)


def _edges(segment: Segment, t: Expr, direction: int) -> Iterator[Edge]:
    """The segment as edges of this direction."""
    near, far = (segment.low, segment.high) if direction > 0 else (segment.high, segment.low)
    yield Edge(near, direction, algebra.moved(segment.terms, t, near, direction))
    if far.is_finite is not False:
        yield Edge(far, direction, algebra.scaled(algebra.moved(segment.terms, t, far, direction), S.NegativeOne))


def _edges_by_side(segments: list[Segment], t: Expr) -> tuple[list[Edge], list[Edge]]:
    """Edges to the right of all segments that begin somewhere; to the left of those that never do."""
    right, left = Sum(), Sum()
    for segment in segments:
        side, direction = (left, -1) if segment.low == -sympy.oo else (right, 1)
        for edge in _edges(segment, t, direction):
            side.add_edge(edge)
    edges = ([Edge(*key, terms) for key, terms in side.edges.items() if terms] for side in (right, left))
    return next(edges), next(edges)


def _add_opposite(total: Sum, endless: list[Segment], others: list[Segment], t: Expr) -> None:
    """Add what segments from minus infinity make of those that begin somewhere."""
    for one in endless:
        (left,) = _edges(one, t, -1)
        for two in others:
            if two.low == -sympy.oo:
                continue
            if two.high != sympy.oo:
                for edge in _edges(two, t, -1):
                    total.add_edge(_same_way(left, edge))
                continue
            (right,) = _edges(two, t, 1)
            for edge in _opposite_ways(right, left):
                total.add_edge(edge)


def _same_way(one: Edge, two: Edge) -> Edge:
    """Two edges of one direction."""
    found = (
        (kind._replace(offset=algebra.tidy(f.offset + g.offset)), c * d * weight)
        for f, c in one.terms.items()
        for g, d in two.terms.items()
        for kind, weight in _laplace(f.rate, f.power, g.rate, g.power).items()
    )
    return Edge(one.at + two.at, one.direction, algebra.gathered(found))


@lru_cache(maxsize=1024)
def _laplace(r: Expr, m: int, s: Expr, n: int) -> Terms:
    """The integral of a**m exp(r a) (u - a)**n exp(s (u - a)) over a from 0 to u."""
    difference = algebra.tidy(r - s)
    if algebra.is_zero(difference):
        return {Kind(m + n + 1, r): sympy.Rational(factorial(m) * factorial(n), factorial(m + n + 1))}
    found = []
    for rate, power, other, gap in ((r, m, n, difference), (s, n, m, -difference)):
        inverse = _inverse(gap)
        for j in range(power + 1):
            weight = sympy.Rational((-1) ** j * factorial(m) * factorial(n) * comb(other + j, j), factorial(power - j))
            found.append((Kind(power - j, rate), weight * inverse ** (other + 1 + j)))
    return algebra.gathered(found)


def _opposite_ways(right: Edge, left: Edge) -> list[Edge]:
    """An edge to the right and one to the left: where both go on, the integral must converge."""
    sides: dict[int, list[tuple[Kind, Expr]]] = {1: [], -1: []}
    for f, c in right.terms.items():
        for g, d in left.terms.items():
            inverse = _inverse(_decay(f.rate + g.rate, "inf"))
            offset = algebra.tidy(f.offset + g.offset)
            for direction, kept, other in ((1, f, g.power), (-1, g, f.power)):
                for k in range(kept.power + 1):
                    moment = comb(kept.power, k) * factorial(other + k) * inverse ** (other + k + 1)
                    sides[direction].append((Kind(kept.power - k, kept.rate, offset), c * d * moment))
    at = right.at + left.at
    return [Edge(at, direction, algebra.gathered(found)) for direction, found in sides.items()]


def _by_moments(whole: Terms, part: Segment) -> Terms:
    """Terms on the whole line and a segment: expanded in t, the integrals left over are its moments."""
    found: list[tuple[Kind, Expr]] = []
    for f, c in whole.items():
        for g, d in part.terms.items():
            rate, offset = algebra.tidy(g.rate - f.rate), algebra.tidy(f.offset + g.offset)
            for k in range(f.power + 1):
                factor = c * d * comb(f.power, k) * (-1) ** k
                moment = _moment(part.low, part.high, g.power + k, rate)
                found += algebra.spread(Kind(f.power - k, f.rate, offset), factor * moment)
    return algebra.gathered(found)


def _moment(low: Expr, high: Expr, power: int, rate: Expr) -> Expr:
    """The integral of a**power exp(rate a) from low to high."""
    for end, outwards, side in ((low, -rate, "-inf"), (high, rate, "inf")):
        if end in (sympy.oo, -sympy.oo):
            _decay(outwards, side)

    def upto(a: Expr) -> Expr:
        if a in (sympy.oo, -sympy.oo):
            return S.Zero
        if rate == 0:
            return a ** (power + 1) / (power + 1)
        inverse = _inverse(rate)
        falling = ((-1) ** j * factorial(power) // factorial(power - j) for j in range(power + 1))
        return sympy.exp(rate * a) * sum(f * a ** (power - j) * inverse ** (j + 1) for j, f in enumerate(falling))

    return sympy.expand(upto(high) - upto(low))


def _decay(rate: Expr, side: str) -> Expr:
    """Minus the rate, if exp(rate a) decays."""
    real = sympy.re(algebra.tidy(rate))
    known = sign(real)
    if known is None:
        raise errors.undecided_sign(real, "the convergence of the integral")
    if known >= 0:
        a = sympy.Symbol("a")
        growth = sympy.exp(algebra.tidy(rate) * a)
        raise errors.diverges(growth if known else "a constant" if rate == 0 else growth, side)
    return algebra.tidy(-rate)


def _inverse(value: Expr) -> Expr:
    """1 / value, complex numbers with a real denominator."""
    if value.free_symbols or value.is_real:
        return 1 / value
    return sympy.expand(sympy.conjugate(value) / sympy.expand(value * sympy.conjugate(value)))


def _add_copy(total: Sum, segment: Segment, atom: Atom, t: Expr) -> None:
    """Add what an atom makes of a segment: its derivative of that order, moved; jumps become atoms."""
    if _is_whole(segment):
        terms = algebra.scaled(segment.terms, atom.weight)
        for _ in range(atom.order):
            terms = algebra.derivative(terms)
        total.whole = algebra.added(total.whole, algebra.moved(terms, t, -atom.at, 1))
        return
    for edge in _edges(segment, t, -1 if segment.low == -sympy.oo else 1):
        terms = algebra.scaled(edge.terms, atom.weight)
        for k in range(atom.order):
            total.add_atom(edge.at + atom.at, atom.order - 1 - k, edge.direction * algebra.at_zero(terms))
            terms = algebra.scaled(algebra.derivative(terms), S(edge.direction))
        total.add_edge(Edge(edge.at + atom.at, edge.direction, terms))
