"""Where an expression changes its formula, and the smooth formula between these places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sympy
from sympy import Basic, Expr, Heaviside, S
from sympy.core.relational import Relational

from faltung.symbolic import errors
from faltung.symbolic.order import ascending, compare, sign

_SWITCHES = (Heaviside, sympy.Abs, sympy.sign, sympy.Max, sympy.Min, Relational)


@dataclass(frozen=True)
class _Change:
    """A polynomial that changes its sign: where, and the sign beyond the last place."""

    roots: list[Expr]
    last: int

    def sign_below(self, high: Expr) -> int:
        """The sign on an interval without roots that ends at ``high``."""
        beyond = sum(compare(root, high) >= 0 for root in self.roots)
        return -self.last if beyond % 2 else self.last


def smooth_parts(
    expression: Expr, t: Expr, argument: str, low: Expr = S.NegativeInfinity, high: Expr = S.Infinity
) -> Iterator[tuple[Expr, Expr, Expr]]:
    """The intervals on which the expression is one smooth formula, with that formula.

    Raises
    ------
    ValueError
        Where a factor switches, or in which order, is not known; or a Piecewise has no value.
    """
    switches = {node for node in sympy.preorder_traversal(expression) if _is_innermost(node, t)}
    changes = {switch: [_change(quantity, t, argument) for quantity in _quantities(switch)] for switch in switches}
    roots = [root for found in changes.values() for change in found for root in change.roots]
    inside = [root for root in ascending(roots) if compare(low, root) < 0 and compare(root, high) < 0]
    for start, end in pairwise([low, *inside, high]):
        there = {switch: _branch(switch, [c.sign_below(end) for c in found]) for switch, found in changes.items()}
        part = expression.xreplace(there)
        if part is S.NaN:
            raise errors.undefined(argument, start, end)
        if switches:
            yield from smooth_parts(part, t, argument, start, end)
        elif part != 0:
            yield start, end, part


def _is_innermost(node: Basic, t: Expr) -> bool:
    if not isinstance(node, _SWITCHES) or not node.has(t):
        return False
    return not any(isinstance(inner, _SWITCHES) and inner.has(t) for inner in list(sympy.preorder_traversal(node))[1:])


def _quantities(switch: Any) -> list[Expr]:
    """Whose signs decide."""
    if isinstance(switch, Relational):
        return [] if isinstance(switch, sympy.Eq | sympy.Ne) else [switch.gts - switch.lts]
    if isinstance(switch, sympy.Max | sympy.Min):
        return [one - two for one in switch.args for two in switch.args if one != two]
    return [switch.args[0]]


def _branch(switch: Any, signs: list[int]) -> Basic:
    """What the switch is where the quantities have these signs, single points aside."""
    match switch:
        case sympy.Eq() | sympy.Ne():
            return sympy.sympify(isinstance(switch, sympy.Ne))
        case Relational():
            return sympy.sympify(signs[0] > 0)
        case sympy.Heaviside():
            return sympy.Integer((1 + signs[0]) // 2)
        case sympy.sign():
            return sympy.Integer(signs[0])
        case sympy.Abs():
            return signs[0] * switch.args[0]
    wanted, others = (1 if isinstance(switch, sympy.Max) else -1), len(switch.args) - 1
    rows = [signs[k * others : (k + 1) * others] for k in range(others + 1)]
    return next(arg for arg, row in zip(switch.args, rows, strict=True) if all(s in (wanted, 0) for s in row))


def _change(quantity: Expr, t: Expr, argument: str) -> _Change:
    if not sympy.expand(quantity).is_polynomial(t):
        raise errors.no_roots(argument, quantity, t)
    polynomial = sympy.Poly(quantity, t)
    last = sign(polynomial.LC())
    if last is None:
        raise errors.undecided_sign(polynomial.LC(), f"where {quantity} is positive")
    if polynomial.degree() == 1:
        return _Change([-polynomial.nth(0) / polynomial.nth(1)], last)
    found = sympy.roots(polynomial) if polynomial.degree() > 0 else {}
    if sum(found.values()) < polynomial.degree() or any(root.is_real is None for root in found):
        raise errors.no_roots(argument, quantity, t)
    return _Change([root for root, count in found.items() if root.is_real and count % 2], last)
