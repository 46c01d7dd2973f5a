"""What users of symbolic expressions are told: every message of this wing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

_NUMERIC = "Function(sympy.lambdify({0}, {1}, 'scipy'), support=(low, high)) takes any function, numerically"


def not_an_expression(argument: str, value: Any) -> TypeError:
    """An operand that cannot stand beside a SymPy expression."""
    return TypeError(
        f"{argument} is a {type(value).__name__}: expected a SymPy expression or a number beside a SymPy expression; "
        "Function(sympy.lambdify(t, expression, 'scipy'), support=(low, high)) makes a Function of one"
    )


def array_options(names: Sequence[str]) -> TypeError:
    """Options of arrays beside expressions."""
    return TypeError(
        f"{', '.join(names)}: SymPy expressions do not have that; expected convolve(x, w, variable=t) and "
        "correlate(x, w, variable=t) without"
    )


def nothing_to_plan() -> TypeError:
    """A plan of expressions."""
    return TypeError(
        "plan: SymPy expressions have one algorithm, exact closed forms, and nothing to choose from; expected arrays "
        "or Functions; convolve(x, w, variable=t) gives the expression"
    )


def which_variable(symbols: Iterable[Any]) -> ValueError:
    """Several symbols, or none, and no word about which one is integrated over."""
    names = sorted(map(str, symbols))
    found = f"the operands have {len(names)} free symbols ({', '.join(names)})" if names else "there is no free symbol"
    example = "t" if "t" in names or not names else names[0]
    return ValueError(f"variable: {found}; expected the one that is convolved over, such as variable={example}")


def not_a_variable(value: Any) -> TypeError:
    """variable= is no symbol."""
    return TypeError(f"variable={value!r} is a {type(value).__name__}: expected a sympy.Symbol")


def narrow_variable(name: Any, assumption: str) -> ValueError:
    """A variable declared to lie on a part of the line."""
    return ValueError(
        f"variable={name}: it is declared {assumption}, so SymPy has dropped what lies elsewhere (Heaviside({name}) "
        f"is 1); expected a variable on the whole line, sympy.Symbol('{name}', real=True)"
    )


def unsupported(argument: str, term: Any, variable: Any) -> ValueError:
    """A term that has no closed form here."""
    return ValueError(
        f"{argument}: the term {term} is no product of polynomials, exponentials, sines, cosines, Gaussians, "
        f"Heaviside and Dirac factors in {variable}, which expressions are expected to be sums of; "
        + _NUMERIC.format(variable, argument)
    )


def no_roots(argument: str, switch: Any, variable: Any) -> ValueError:
    """A Heaviside, an Abs or a condition whose change of sign is not known."""
    return ValueError(
        f"{argument}: where {switch} changes sign is not known; expected a polynomial in {variable} with real roots "
        f"in closed form, linear if it has parameters; " + _NUMERIC.format(variable, argument)
    )


def undefined(argument: str, low: Any, high: Any) -> ValueError:
    """A Piecewise that says nothing about a part of the line."""
    return ValueError(
        f"{argument}: its Piecewise has no value between {low} and {high}; expected one for the whole line: "
        "end it with (0, True)"
    )


def atom_at_a_jump(argument: str, atom: Any, at: Any) -> ValueError:
    """A Dirac delta where its factor jumps."""
    return ValueError(
        f"{argument}: in the term {atom} the factor jumps at {at}, where the Dirac delta stands, which has no meaning; "
        "expected a factor that is continuous there"
    )


def atom_inside(argument: str, term: Any) -> ValueError:
    """A Dirac delta inside another function."""
    return ValueError(
        f"{argument}: {term} has a Dirac delta inside; expected it as a factor or a term of its own, beside a Piecewise"
    )


def product_of_atoms(argument: str, term: Any) -> ValueError:
    """Two Dirac deltas multiplied."""
    return ValueError(
        f"{argument}: the term {term} multiplies Dirac deltas, which has no meaning; expected one in each term"
    )


def undecided_sign(quantity: Any, purpose: str) -> ValueError:
    """A parameter of unknown sign on which the result depends."""
    names = ", ".join(sorted(map(str, quantity.free_symbols)))
    return ValueError(
        f"{purpose} hangs on the sign of {quantity}, which is not known; expected assumptions that decide it, such as "
        f"sympy.symbols('{names}', positive=True)"
    )


def diverges(growth: Any, side: str) -> ValueError:
    """An integral that does not converge."""
    return ValueError(
        f"convolve: the integral of x(a) w(t - a) does not converge: towards a = {side} the product goes like "
        f"{growth}; expected at least one operand with compact or decaying support; a factor "
        "Heaviside(t) - Heaviside(t - 1) cuts one off"
    )
