"""Functions written as text: ``"exp(-t) on 0..inf"``, ``"box(0, 1)"``, ``"2 * gaussian(0, 3) - delta(1)"``.

The text is read with Python's parser and interpreted node by node: what the grammar does not
name is an error, so nothing in the text can run. Grammar::

    function  = formula " on " number ".." number [" breaks " number {"," number}]
              | term {("+" | "-") term}         each a multiple of a named function
    formula   = numbers, t, pi, e, + - * / **, and the functions of FORMULAS
    named     = NAMED "(" numbers or parameter=number ")"
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from faltung.functions import errors
from faltung.functions.function import Function

FORMULAS: dict[str, Callable[..., Any]] = {
    "abs": np.abs, "acos": np.arccos, "asin": np.arcsin, "atan": np.arctan, "cos": np.cos, "cosh": np.cosh,
    "erf": special.erf, "exp": np.exp, "gammaln": special.gammaln, "log": np.log, "sign": np.sign, "sin": np.sin,
    "sinc": np.sinc, "sinh": np.sinh, "sqrt": np.sqrt, "tan": np.tan, "tanh": np.tanh,
}  # fmt: skip
NAMED: dict[str, Callable[..., Function]] = {
    "box": Function.box,
    "delta": Function.delta,
    "exponential": Function.exponential,
    "gamma": Function.gamma,
    "gaussian": Function.gaussian,
    "step": Function.step,
    "triangle": Function.triangle,
}
CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf}
_LONGEST = 2000
_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}


def parse(text: str) -> Function:
    """The Function that the text describes.

    Raises
    ------
    ValueError
        The text is no such expression; the message says which part, and what is expected.

    Examples
    --------
    >>> from faltung.functions.expression import parse
    >>> float(round(parse("exp(-t) on 0..inf").integral(), 12))
    1.0
    >>> parse("2 * box(0, 3) - delta(1)").integral()
    np.float64(5.0)
    """
    formula, on, where = text.partition(" on ")
    if not on:
        value = _value(_tree(text, text), text, None)
        if not isinstance(value, Function):
            raise errors.expression(text, text, "a named function, or a formula in t with 'on LOW..HIGH'")
        return value
    interval, _, listed = where.partition(" breaks ")
    low, dots, high = interval.partition("..")
    if not dots:
        raise errors.expression(text, interval, "an interval such as 0..inf")
    tree = _tree(formula, text)
    breaks = [_number(part, text) for part in listed.split(",")] if listed else []
    # A first value finds what is wrong with the formula, in its own words.
    _value(tree, text, np.ones(1))
    return Function(lambda t: _value(tree, text, t), (_number(low, text), _number(high, text)), breaks)


def _tree(part: str, text: str) -> ast.expr:
    if len(text) > _LONGEST:
        raise errors.expression(text[:40] + "…", f"{len(text)} characters", f"at most {_LONGEST}")
    try:
        return ast.parse(part.strip().replace("^", "**"), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise errors.expression(
            text, part.strip(), "a formula such as 2*exp(-t), or a function such as box(0, 1)"
        ) from None


def _number(part: str, text: str) -> float:
    value = _value(_tree(part, text), text, None)
    if not isinstance(value, int | float | np.floating):
        raise errors.expression(text, part.strip(), "a number")
    return float(value)


def _value(node: ast.expr, text: str, t: Any) -> Any:
    """The value of a node: a number, an array where t is given, a Function where a named one occurs."""
    match node:
        case ast.Constant(value=value) if isinstance(value, int | float | complex) and not isinstance(value, bool):
            # As a float: no integer power can grow without end.
            return complex(value) if isinstance(value, complex) else float(value)
        case ast.Name(id="t") if t is not None:
            return t
        case ast.Name(id=name) if name in CONSTANTS:
            return CONSTANTS[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, text, t)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, text, t)
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(op, _value(left, text, t), _value(right, text, t), node, text)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
            return _called(name, args, keywords, node, text, t)
    raise errors.expression(text, ast.unparse(node), _expected(t))


def _combined(op: ast.operator, left: Any, right: Any, node: ast.expr, text: str) -> Any:
    try:
        if isinstance(op, ast.Pow) and not isinstance(left, Function) and not isinstance(right, Function):
            return np.power(left, right)
        if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](left, right)
    except (TypeError, ZeroDivisionError, OverflowError):
        pass
    raise errors.expression(text, ast.unparse(node), "numbers, or sums and multiples of functions")


def _called(name: str, args: list[ast.expr], keywords: list[ast.keyword], node: ast.expr, text: str, t: Any) -> Any:
    table: dict[str, Callable[..., Any]] = {**NAMED} if t is None else {**FORMULAS}
    if name not in table and not (t is None and name in FORMULAS):
        raise errors.expression(text, ast.unparse(node), _expected(t))
    values = [_value(argument, text, t) for argument in args]
    named = {keyword.arg: _value(keyword.value, text, t) for keyword in keywords if keyword.arg is not None}
    if len(named) != len(keywords) or any(isinstance(value, Function) for value in (*values, *named.values())):
        raise errors.expression(text, ast.unparse(node), "numbers between the brackets")
    try:
        return (table.get(name) or FORMULAS[name])(*values, **named)
    except TypeError:
        raise errors.expression(text, ast.unparse(node), f"the parameters of {name}") from None


def _expected(t: Any) -> str:
    if t is None:
        return f"numbers and {', '.join(NAMED)}; a formula in t needs 'on LOW..HIGH'"
    return f"t, pi, e, numbers, + - * / ** and {', '.join(FORMULAS)}"
