"""Sums of c u**n exp(q u**2 + r u + o), the functions that pieces are made of, and their algebra.

Constant exponentials stand in the exponent, so that coefficients are small and equal terms meet.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import sympy
from sympy import Expr, S


class Kind(NamedTuple):
    """``u**power * exp(curvature * u**2 + rate * u + offset) * other``; ``other`` is 1 but in results of Gaussians."""

    power: int
    rate: Expr
    offset: Expr = S.Zero
    curvature: Expr = S.Zero
    other: Expr = S.One


Terms = Mapping[Kind, Expr]
"""The coefficient of each kind; none of them is 0."""

_NOWHERE = sympy.Dummy()
# A number this small deserves a proof that it is 0.
_NEARLY = 1e-9


def read(expression: Expr, u: Expr) -> Terms:
    """The expression as terms in u; what is none of them is left in ``other``."""
    wave = (sympy.sin, sympy.cos, sympy.sinh, sympy.cosh)
    exponential = expression.replace(lambda e: isinstance(e, wave) and e.has(u), lambda e: e.rewrite(sympy.exp))
    return gathered(_monomial(term, u) for term in sympy.Add.make_args(sympy.expand(exponential)))


def _monomial(term: Expr, u: Expr) -> tuple[Kind, Expr]:
    coefficient, power, exponent, other = S.One, 0, S.Zero, S.One
    for factor in sympy.Mul.make_args(term):
        base, raised = factor.as_base_exp()
        if base == S.Exp1 or (factor.has(u) and not base.has(u)):
            exponent += raised * sympy.log(base)
        elif not factor.has(u):
            coefficient *= factor
        elif base == u and raised.is_Integer and raised > 0:
            power += int(raised)
        else:
            other *= factor
    if not exponent.is_polynomial(u) or sympy.degree(exponent, u) > 2:
        return Kind(power, S.Zero, other=other * sympy.exp(exponent)), coefficient
    parabola = sympy.Poly(exponent, u)
    offset, rate, curvature = (tidy(parabola.nth(k)) for k in range(3))
    return Kind(power, rate, offset, curvature, other), coefficient


def tidy(constant: Expr) -> Expr:
    """One form for equal constants: sums multiplied out, fractions of parameters cancelled."""
    expanded = sympy.expand(constant)
    fractions = any(power.exp.is_negative and power.base.is_Add for power in expanded.atoms(sympy.Pow))
    return sympy.cancel(expanded) if fractions and expanded.free_symbols else expanded


def is_zero(constant: Expr) -> bool:
    """Whether a tidy constant is 0; parameters are not."""
    if constant == 0 or constant.free_symbols:
        return bool(constant == 0)
    return abs(sympy.N(constant)) < _NEARLY and bool(constant.equals(0))


def gathered(summands: Iterable[tuple[Kind, Expr]]) -> Terms:
    """The terms of these kinds and coefficients, each kind once and none with 0."""
    found: defaultdict[Kind, list[Expr]] = defaultdict(list)
    for kind, coefficient in summands:
        found[kind].append(coefficient)
    sums = ((kind, tidy(sympy.Add(*coefficients))) for kind, coefficients in found.items())
    return {kind: coefficient for kind, coefficient in sums if coefficient != 0}


def added(*summands: Terms) -> Terms:
    """The sum."""
    return gathered(item for terms in summands for item in terms.items())


def scaled(terms: Terms, factor: Expr) -> Terms:
    """A multiple."""
    return gathered(item for kind, coefficient in terms.items() for item in spread(kind, coefficient * factor))


def spread(kind: Kind, coefficient: Expr) -> Iterator[tuple[Kind, Expr]]:
    """A term whose coefficient may have exponentials, as terms whose coefficients have none."""
    for summand in sympy.Add.make_args(sympy.expand(coefficient)):
        constant, value = _monomial(summand, _NOWHERE)
        yield kind._replace(offset=tidy(kind.offset + constant.offset)), value


def moved(terms: Terms, u: Expr, at: Expr, direction: int) -> Terms:
    """The terms of v in u = at + direction * v, with u as the name of v."""
    return gathered(item for term in terms.items() for item in _moved(*term, u, at, direction))


def _moved(kind: Kind, coefficient: Expr, u: Expr, at: Expr, direction: int) -> Iterator[tuple[Kind, Expr]]:
    power, rate, offset, curvature, other = kind
    slope = tidy(direction * (2 * curvature * at + rate))
    start = tidy(curvature * at**2 + rate * at + offset)
    sign, there = sympy.expand(other.subs(u, at + direction * u)).as_coeff_Mul()
    for k in range(power + 1):
        factor = sign * math.comb(power, k) * direction**k * at ** (power - k)
        yield Kind(k, slope, start, curvature, there), coefficient * factor


def derivative(terms: Terms) -> Terms:
    """The derivative; of terms without ``other``."""
    return gathered(item for term in terms.items() for item in _slope(*term))


def _slope(kind: Kind, coefficient: Expr) -> Iterator[tuple[Kind, Expr]]:
    yield kind, coefficient * kind.rate
    yield kind._replace(power=kind.power + 1), 2 * coefficient * kind.curvature
    if kind.power:
        yield kind._replace(power=kind.power - 1), coefficient * kind.power


def at_zero(terms: Terms) -> Expr:
    """The value at u = 0; of terms without ``other``."""
    return sum((c * sympy.exp(kind.offset) for kind, c in terms.items() if kind.power == 0), S.Zero)


def conjugated(terms: Terms) -> Terms:
    """The complex conjugate for real u."""
    return gathered(
        (Kind(kind.power, *map(sympy.conjugate, kind[1:])), sympy.conjugate(coefficient))
        for kind, coefficient in terms.items()
    )


def expression(terms: Terms, u: Expr) -> Expr:
    """The sum as an expression."""
    return sympy.Add(*(coefficient * _factor(kind, u) for kind, coefficient in terms.items()))


def _factor(kind: Kind, u: Expr) -> Expr:
    return u**kind.power * sympy.exp(kind.curvature * u**2 + kind.rate * u + kind.offset) * kind.other


def bent(terms: Terms) -> tuple[Terms, Terms]:
    """The terms that are Gaussians, and the others."""
    curved = {kind: coefficient for kind, coefficient in terms.items() if kind.curvature != 0}
    return curved, {kind: coefficient for kind, coefficient in terms.items() if kind.curvature == 0}
