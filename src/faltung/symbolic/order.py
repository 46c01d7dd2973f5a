"""Order on the line of numbers with parameters: by SymPy's assumptions, or not at all."""

from __future__ import annotations

from collections.abc import Iterable

import sympy
from sympy import Expr

from faltung.symbolic import errors


def sign(value: Expr) -> int | None:
    """1, 0 or -1; None where the assumptions do not decide."""
    for form in (sympy.sympify, sympy.factor, sympy.simplify):
        shown = form(value)
        if shown.is_zero:
            return 0
        if shown.is_extended_positive:
            return 1
        if shown.is_extended_negative:
            return -1
    return None


def compare(one: Expr, two: Expr) -> int:
    """The sign of one - two.

    Raises
    ------
    ValueError
        The assumptions do not decide it.
    """
    if one == two:
        return 0
    if two in (sympy.oo, -sympy.oo):
        return -1 if two == sympy.oo else 1
    result = sign(one - two)
    if result is None:
        raise errors.undecided_sign(one - two, f"the order of {one} and {two}")
    return result


def ascending(points: Iterable[Expr]) -> list[Expr]:
    """The points in order, each once.

    Raises
    ------
    ValueError
        The assumptions do not decide the order.
    """
    result: list[Expr] = []
    for point in sorted(points, key=sympy.default_sort_key):
        place = 0
        while place < len(result) and (difference := compare(point, result[place])) >= 0:
            if difference == 0:
                break
            place += 1
        else:
            result.insert(place, point)
    return result
