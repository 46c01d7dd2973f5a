"""From a SymPy expression to the segments and atoms that it is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import sympy
from sympy import DiracDelta, Expr, S

from faltung.symbolic import errors
from faltung.symbolic import terms as algebra
from faltung.symbolic.order import ascending, compare, sign
from faltung.symbolic.splitting import smooth_parts
from faltung.symbolic.terms import Terms


@dataclass(frozen=True)
class Segment:
    """Terms in t on (low, high), zero elsewhere."""

    low: Expr
    high: Expr
    terms: Terms


@dataclass(frozen=True)
class Atom:
    """``weight`` times the ``order``-th derivative of the Dirac delta at ``at``."""

    at: Expr
    order: int
    weight: Expr


@dataclass(frozen=True)
class Operand:
    """What an expression is made of."""

    segments: list[Segment]
    atoms: list[Atom]


def read(expression: Expr, t: Expr, argument: str) -> Operand:
    """Segments, disjoint where their order is known, and atoms.

    Raises
    ------
    ValueError
        A term is of another kind; the message names it.
    """
    segments, atoms = [], []
    exact = sympy.nsimplify(expression, rational=True) if expression.has(sympy.Float) else expression
    whole = exact.expand(diracdelta=True, wrt=t) if exact.has(DiracDelta) else exact
    for term in sympy.Add.make_args(sympy.expand(whole)):
        if term.has(DiracDelta):
            atoms += _atoms(term, t, argument)
            continue
        for low, high, part in smooth_parts(term, t, argument):
            segments.append(Segment(low, high, _checked(part, t, argument)))
    return Operand(disjoint(segments), atoms)


def reflected(operand: Operand, t: Expr) -> Operand:
    """The complex conjugate of the mirror image."""
    segments = [
        Segment(-each.high, -each.low, algebra.moved(algebra.conjugated(each.terms), t, S.Zero, -1))
        for each in operand.segments
    ]
    atoms = [Atom(-each.at, each.order, (-1) ** each.order * sympy.conjugate(each.weight)) for each in operand.atoms]
    return Operand(segments, atoms)


def disjoint(segments: list[Segment]) -> list[Segment]:
    """The sum of the segments as segments side by side; as they are where the order of their ends is not known."""
    try:
        ends = ascending(end for each in segments for end in (each.low, each.high))
        found: list[Segment] = []
        for low, high in pairwise(ends):
            covering = [each for each in segments if compare(each.low, low) <= 0 and compare(high, each.high) <= 0]
            terms = algebra.added(*(each.terms for each in covering))
            if found and found[-1].high == low and found[-1].terms == terms:
                found[-1] = Segment(found[-1].low, high, terms)
            elif terms:
                found.append(Segment(low, high, terms))
    except ValueError:
        return segments
    return found


def _checked(part: Expr, t: Expr, argument: str) -> Terms:
    """The terms of a smooth formula, all of a known kind."""
    terms = algebra.read(part, t)
    for kind, coefficient in terms.items():
        odd = kind.other != 1 or coefficient.has(S.ComplexInfinity, S.Infinity, S.NaN)
        if odd or (kind.curvature != 0 and sign(kind.curvature) != -1):
            term = algebra.expression({kind: coefficient}, t)
            if kind.curvature.free_symbols and sign(kind.curvature) is None:
                raise errors.undecided_sign(kind.curvature, f"the decay of {term}")
            raise errors.unsupported(argument, term, t)
    return terms


def _atoms(term: Expr, t: Expr, argument: str) -> list[Atom]:
    """The atoms that a term with one Dirac factor is."""
    factors = sympy.Mul.make_args(term)
    deltas = [factor for factor in factors if isinstance(factor, DiracDelta)]
    rest = sympy.Mul(*(factor for factor in factors if not isinstance(factor, DiracDelta)))
    if not any(isinstance(factor.as_base_exp()[0], DiracDelta) for factor in factors):
        raise errors.atom_inside(argument, term)
    if len(deltas) != 1 or rest.has(DiracDelta):
        raise errors.product_of_atoms(argument, term)
    (delta,) = deltas
    place, order = delta.args[0], int(delta.args[1]) if len(delta.args) > 1 else 0
    if not sympy.expand(place).is_polynomial(t) or sympy.Poly(place, t).degree() != 1:
        raise errors.no_roots(argument, place, t)
    offset, slope = (sympy.Poly(place, t).nth(k) for k in (0, 1))
    at, size = -offset / slope, sympy.Abs(slope) * slope**order
    values = _derivatives(rest, t, at, order, argument)
    if values is None:
        raise errors.atom_at_a_jump(argument, term, at)
    return [
        Atom(at, order - j, algebra.tidy((-1) ** j * math.comb(order, j) * value / size))
        for j, value in enumerate(values)
        if value != 0
    ]


def _derivatives(factor: Expr, t: Expr, at: Expr, order: int, argument: str) -> list[Expr] | None:
    """The value and derivatives of a delta's factor at its place; None where the two sides differ."""
    if not factor.has(t):
        return [factor] + [S.Zero] * order
    sides = []
    for low, high, part in smooth_parts(factor, t, argument):
        if compare(low, at) <= 0 and compare(at, high) <= 0:
            sides.append([sympy.diff(part, t, j).subs(t, at) for j in range(order + 1)])
            if compare(low, at) < 0 and compare(at, high) < 0:
                return sides[-1]
    # Where the factor is zero, `smooth_parts` gives no part.
    sides += [[S.Zero] * (order + 1)] * (2 - len(sides))
    same = all(sympy.simplify(one - two) == 0 for one, two in zip(*sides, strict=True))
    return sides[0] if same else None
