"""Where faltung.convolve, faltung.correlate and faltung.plan arrive when an operand is a SymPy expression."""

from __future__ import annotations

import numbers
from typing import Any

import sympy
from sympy import Expr

from faltung.symbolic import errors, pairs
from faltung.symbolic.reading import read, reflected
from faltung.symbolic.writing import written


def operate(
    x: Any, w: Any, *, operation: str, options: Any, method: str = "auto", out: Any = None, threads: int | None = None
) -> Expr:
    """The exact convolution or correlation of two expressions, in the same variable.

    Raises
    ------
    TypeError
        An operand is neither an expression nor a number, or options were given that only arrays have.
    ValueError
        A term is of another kind, the integral does not exist, or the variable is not known.
    """
    del threads
    _check_options(options, method, out)
    expressions = _expression("x", x), _expression("w", w)
    variable = _variable(options.variable, expressions)
    t = _on_the_line(variable, expressions)
    one, two = (
        read(each.xreplace({variable: t}), t, argument) for argument, each in zip(("x", "w"), expressions, strict=True)
    )
    if operation == "correlate":
        two = reflected(two, t)
    by_steps = not any(each.has(sympy.Piecewise, sympy.Abs, sympy.sign, sympy.Max, sympy.Min) for each in expressions)
    return written(pairs.convolve(one, two, t), t, by_steps).xreplace({t: variable})


def plan_operands(x: Any, w: Any, **said: Any) -> Any:
    """Refuse: there is one algorithm."""
    del x, w, said
    raise errors.nothing_to_plan()


def _expression(argument: str, value: Any) -> Expr:
    if isinstance(value, numbers.Number):
        value = sympy.sympify(value)
    if not isinstance(value, Expr) or not value.is_commutative:
        raise errors.not_an_expression(argument, value)
    return value


def _variable(said: Any, expressions: tuple[Expr, Expr]) -> sympy.Symbol:
    if said is None:
        free = expressions[0].free_symbols | expressions[1].free_symbols
        if len(free) != 1:
            raise errors.which_variable(free)
        (said,) = free
    if not isinstance(said, sympy.Symbol):
        raise errors.not_a_variable(said)
    for assumption in ("positive", "negative", "nonnegative", "nonpositive", "integer", "imaginary"):
        if getattr(said, f"is_{assumption}"):
            raise errors.narrow_variable(said, assumption)
    return said


def _on_the_line(variable: sympy.Symbol, expressions: tuple[Expr, Expr]) -> sympy.Symbol:
    """A real variable of that name, which is no parameter of the expressions."""
    t = sympy.Symbol(variable.name, real=True)
    taken = t != variable and any(t in each.free_symbols for each in expressions)
    return sympy.Dummy(variable.name, real=True) if taken else t


def _check_options(options: Any, method: str, out: Any) -> None:
    defaults = options._field_defaults.items()
    said = [name for name, value in defaults if name != "variable" and getattr(options, name) is not value]
    said += ["method"] * (method != "auto") + ["out"] * (out is not None)
    if said:
        raise errors.array_options(said)
