"""From terms and edges to the SymPy expression that a reader would be glad to see."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import sympy
from sympy import DiracDelta, Expr, Heaviside, I, S

from faltung.symbolic import terms as algebra
from faltung.symbolic.order import ascending, compare
from faltung.symbolic.pairs import Sum
from faltung.symbolic.terms import Terms

Edges = dict[tuple[Expr, int], Terms]
# Sums of more terms are not made prettier.
_READABLE = 16


def written(total: Sum, t: Expr, by_steps: bool) -> Expr:
    """The sum as an expression.

    Parameters
    ----------
    total
        What is to be written.
    t
        The variable.
    by_steps
        With Heaviside factors; else as a Piecewise, where the order of the break points is known.
    """
    edges, everywhere = _joined({key: terms for key, terms in total.edges.items() if terms}, t)
    everywhere = algebra.added(total.whole, everywhere)
    atoms = [weight * DiracDelta(t - at, order) for (at, order), weight in total.atoms.items() if weight != 0]
    if edges and not by_steps:
        try:
            places = ascending(at for at, _ in edges)
        except ValueError:
            by_steps = True
        else:
            return sympy.Add(_piecewise(everywhere, edges, places, t), *atoms)
    steps = [_formula(terms, t, d * (t - at)) * Heaviside(d * (t - at)) for (at, d), terms in edges.items()]
    return sympy.Add(_formula(everywhere, t, t), *steps, *atoms)


def _joined(edges: Edges, t: Expr) -> tuple[Edges, Terms]:
    """Edges left and right of one place that are the same formula are no edges."""
    joined: list[Terms] = []
    for at, d in [key for key in edges if key[1] > 0 and (key[0], -1) in edges]:
        formula = algebra.moved(edges[at, d], t, -at, 1)
        if formula == algebra.moved(edges[at, -d], t, at, -1):
            del edges[at, d], edges[at, -d]
            joined.append(formula)
    return edges, algebra.added(*joined)


def _piecewise(whole: Terms, edges: Edges, places: list[Expr], t: Expr) -> Expr:
    """One formula between each two places."""
    branches: list[tuple[Expr, sympy.Basic]] = []
    for low, high in pairwise([-sympy.oo, *places, sympy.oo]):
        there = [
            (at, d, terms)
            for (at, d), terms in edges.items()
            if (compare(at, low) <= 0 if d > 0 else compare(high, at) <= 0)
        ]
        branches.append((_between(whole, there, t), t < high if high != sympy.oo else sympy.true))
    return sympy.Piecewise(*branches)


def _between(whole: Terms, edges: list[tuple[Expr, int, Terms]], t: Expr) -> Expr:
    """The sum of what is there, in powers of t or of the distances from the places, whichever is shorter."""
    merged = algebra.added(whole, *(algebra.moved(terms, t, -d * at, d) for at, d, terms in edges))
    if not merged:
        return S.Zero
    apart = sympy.Add(_formula(whole, t, t), *(_formula(terms, t, d * (t - at)) for at, d, terms in edges))
    return _shortest([_formula(merged, t, t), apart])


def _formula(terms: Terms, t: Expr, u: Expr) -> Expr:
    """Terms, written in t, for u in its place."""
    left = dict(terms)
    groups: dict[tuple[Expr, Expr], Expr] = {}
    while left:
        kind, coefficient = left.popitem()
        rate, frequency = _parts(kind.rate)
        offset, phase = _parts(kind.offset)
        twin = kind._replace(rate=algebra.tidy(rate - I * frequency), offset=algebra.tidy(offset - I * phase))
        if twin != kind and twin in left:
            factor = _wave(coefficient, left.pop(twin), frequency * t + phase)
        else:
            factor = coefficient * sympy.exp(I * (frequency * t + phase))
        key = (kind.curvature * t**2 + rate * t + offset, kind.other)
        groups[key] = groups.get(key, S.Zero) + factor * t**kind.power
    parts = [
        _shortest([factor, _gathered(factor), _factored(factor, t)]) * sympy.exp(exponent) * other
        for (exponent, other), factor in groups.items()
    ]
    total = sympy.Add(*parts)
    return _shortest([each.subs(t, u) for each in (total, _gathered(total))])


def _wave(c: Expr, d: Expr, angle: Expr) -> Expr:
    """The sum c exp(i angle) + d exp(-i angle)."""
    return algebra.tidy(c + d) * sympy.cos(angle) + algebra.tidy(I * (c - d)) * sympy.sin(angle)


def _gathered(total: Expr) -> Expr:
    """Common factors before the bracket, but no exponentials of one another; not in what nobody reads."""
    if len(total.args) > _READABLE:
        return total
    names = {each: sympy.Dummy() for each in total.atoms(sympy.exp) if each.free_symbols}
    return sympy.factor_terms(total.xreplace(names)).xreplace({name: each for each, name in names.items()})


def _parts(rate: Expr) -> tuple[Expr, Expr]:
    """Real and imaginary part as they are written: symbols count as real."""
    imaginary = sympy.Add(*(term / I for term in sympy.Add.make_args(sympy.expand(rate)) if term.has(I)))
    return sympy.expand(rate - I * imaginary), sympy.expand(imaginary)


def _factored(factor: Expr, t: Expr) -> Expr:
    """A polynomial with rational coefficients as a product."""
    rational = factor.is_polynomial(t) and all(c.is_Rational for c in sympy.Poly(factor, t).coeffs())
    return sympy.factor(factor) if rational else factor


def _shortest(forms: Iterable[Expr]) -> Expr:
    """The form with the fewest operations, the first of equals."""
    return min(forms, key=sympy.count_ops)
