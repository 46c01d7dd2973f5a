"""Pairs of segments of which one at least is a Gaussian: error functions.

The integrand is a polynomial in a times exp(A a**2 + B a + C) with B and C polynomials in t; its
antiderivative follows from that of exp(A a**2 + B a) by parts, and the limits of integration are
those of either segment.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Expr, S

from faltung.symbolic import terms as algebra
from faltung.symbolic.reading import Segment
from faltung.symbolic.terms import Kind, Terms

Part = tuple[Expr, int, Terms]
"""Place, direction (0 for the whole line) and terms in u = direction * (t - place)."""


def convolve(f: Segment, g: Segment, t: Expr) -> Iterator[Part]:
    """The convolution of two segments, as parts that add up."""
    for kind_f, c in f.terms.items():
        for kind_g, d in g.terms.items():
            for at, direction, value in _pair(f, kind_f, g, kind_g, t):
                terms = algebra.read(sympy.expand(c * d * value), t)
                yield at, direction, algebra.moved(terms, t, at, direction) if direction else terms


def _pair(f: Segment, kind_f: Kind, g: Segment, kind_g: Kind, t: Expr) -> Iterator[tuple[Expr, int, Expr]]:
    """The convolution of one term of either, as expressions in t beyond places."""
    over_f = _Integral(kind_f, kind_g, t)
    if g.low == -sympy.oo and g.high == sympy.oo:
        yield S.Zero, 0, over_f.upto(f.high) - over_f.upto(f.low)
    elif f.low == -sympy.oo and f.high == sympy.oo:
        over_g = _Integral(kind_g, kind_f, t)
        yield S.Zero, 0, over_g.upto(g.high) - over_g.upto(g.low)
    elif f.low != -sympy.oo and g.low != -sympy.oo:
        yield from _corners(over_f, _ends(f.low, f.high), _ends(g.low, g.high), 1, t)
    elif f.high != sympy.oo and g.high != sympy.oo:
        yield from _corners(over_f, _ends(f.high, f.low), _ends(g.high, g.low), -1, t)
    else:
        begins, ends = (f, g) if f.low != -sympy.oo else (g, f)
        kinds = (kind_f, kind_g) if begins is f else (kind_g, kind_f)
        over = _Integral(*kinds, t)
        whole, at = over.upto(S.Infinity), begins.low + ends.high
        yield at, -1, whole - over.upto(begins.low)
        yield at, 1, whole - over.upto(t - ends.high)


def _ends(near: Expr, far: Expr) -> list[tuple[Expr, int]]:
    return [(end, weight) for end, weight in ((near, 1), (far, -1)) if end not in (sympy.oo, -sympy.oo)]


def _corners(
    over: _Integral, ends_f: list[tuple[Expr, int]], ends_g: list[tuple[Expr, int]], direction: int, t: Expr
) -> Iterator[tuple[Expr, int, Expr]]:
    for p, one in ends_f:
        for q, two in ends_g:
            yield p + q, direction, one * two * direction * (over.upto(t - q) - over.upto(p))


class _Integral:
    """The integral of f(a) g(t - a) over a, f and g one term each, as a function of its upper limit."""

    def __init__(self, f: Kind, g: Kind, t: Expr) -> None:
        self._curve = sympy.factor(algebra.tidy(-f.curvature - g.curvature))
        self._rate = f.rate - g.rate - 2 * g.curvature * t
        self._constant = g.curvature * t**2 + g.rate * t + f.offset + g.offset
        a = sympy.Dummy("a", real=True)
        self._powers = sympy.Poly(sympy.expand(a**f.power * (t - a) ** g.power), a).all_coeffs()[::-1]

    def upto(self, a: Expr) -> Expr:
        """The antiderivative at ``a``, which may be infinite."""
        terms = [coefficient * self._power(n, a) for n, coefficient in enumerate(self._powers)]
        return sympy.Add(*terms)

    def _power(self, n: int, a: Expr) -> Expr:
        """The antiderivative of a**n exp(-curve a**2 + rate a + constant), by parts."""
        curve, rate = self._curve, self._rate
        if n == 0:
            root = sympy.sqrt(curve)
            exponent = sympy.expand(self._constant + rate**2 / (4 * curve))
            limit = S(1 if a == sympy.oo else -1) if a in (sympy.oo, -sympy.oo) else None
            error = sympy.erf(sympy.expand(root * a - rate / (2 * root))) if limit is None else limit
            return sympy.sqrt(sympy.pi) / (2 * root) * sympy.exp(exponent) * error
        lower = (n - 1) * self._power(n - 2, a) if n > 1 else S.Zero
        ends = S.Zero
        if a not in (sympy.oo, -sympy.oo):
            ends = a ** (n - 1) * sympy.exp(sympy.expand(self._constant - curve * a**2 + rate * a))
        return (lower + rate * self._power(n - 1, a) - ends) / (2 * curve)
