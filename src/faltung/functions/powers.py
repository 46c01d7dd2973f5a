"""A function convolved with itself, again and again: the table of ways, and the choice among them."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from faltung.functions import cost, errors
from faltung.functions.build import build
from faltung.functions.characteristic import Factor, Spectrum, absolute_integral, spectrum_of
from faltung.functions.named import check_place
from faltung.functions.plan import ContinuousPlan
from faltung.functions.representation import Representation
from faltung.functions.resolution import NODES, TOLERANCE
from faltung.functions.table import TABLE, WORTH_ASKING, Algorithm, Cost, check_existence, fastest, of_spectrum, solve

# Seconds that it takes to add parameters.
_FORMULA = 5e-5
# The binary logarithm of what the integral of the modulus may come to.
_LARGEST = 1000.0


def _refuse_form(f: Representation, n: int) -> str | None:
    if f.form is None:
        return "no formula known"
    return None if f.form.power(n) is not None else "no formula for so many"


def _cost_form(_f: Representation, _n: int) -> Cost:
    return Cost(_FORMULA, TOLERANCE, "parameters add", guaranteed=True)


def _by_form(f: Representation, n: int) -> Representation:
    form = None if f.form is None else f.form.power(n)
    assert form is not None
    pieces, error = form.pieces()
    return f.assembled(pieces, form=form, error=error, tail=f.tail * n, support=_support(f, n))


def _cost_squaring(f: Representation, n: int) -> Cost:
    """As many convolutions, each at the price of the first; but hard edges add up."""
    steps = n.bit_length() - 1 + n.bit_count() - 1
    algorithm, first = fastest(TABLE, (f, f))
    seconds = steps * first.seconds
    if algorithm.name == "polynomials":
        sizes = [_Size(k * f.pieces.count, min(k * (f.pieces.degree + 1), NODES) - 1) for k in _doubled(n)]
        values = [size.count * (2 * size.degree + 2) for size in sizes]
        seconds += sum(map(cost.pair_polynomials, sizes, sizes)) + sum(
            map(cost.sums_of_polynomials, sizes, sizes, values)
        )
    return Cost(seconds, n * first.error_bound, f"{steps} convolutions", first.guaranteed)


@dataclass(frozen=True, slots=True)
class _Size:
    """How large a function of pieces is, so far as costs depend on it."""

    count: int
    degree: int


def _doubled(n: int) -> list[int]:
    return [1 << k for k in range(n.bit_length() - 1)]


def by_squaring(f: Any, n: int, add: Callable[[Any, Any], Any]) -> Any:
    """Add up n copies of anything that ``add`` adds: f, 2 f, 4 f, and those that make n."""
    total, power = None, f
    while n:
        if n & 1:
            total = power if total is None else add(total, power)
        n >>= 1
        if n:
            power = add(power, power)
    return total


def _refuse_characteristic(f: Representation, n: int) -> str | None:
    if f.atoms:
        return "atoms beside pieces"
    if any(f.limits):
        return "constant beyond the ends"
    if f.iscomplex:
        return "complex values"
    spectrum = spectrum_of(Factor(f.pieces, n))
    return spectrum if isinstance(spectrum, str) else None


def _cost_characteristic(f: Representation, n: int) -> Cost:
    return of_spectrum(_spectrum(f, n))


def _by_characteristic(f: Representation, n: int) -> Representation:
    spectrum = _spectrum(f, n)
    pieces, error = build(spectrum, spectrum.skeleton())
    # Each copy's error, averaged with the others as weights (Young's inequality).
    others = n * absolute_integral(f.pieces) ** (n - 1)
    error += spectrum.error + others * f.error
    return f.assembled(pieces, error=error, tail=others * f.tail, support=_support(f, n))


def _support(f: Representation, n: int) -> tuple[float, float]:
    return f.support[0] * n, f.support[1] * n


def _spectrum(f: Representation, n: int) -> Spectrum:
    spectrum = spectrum_of(Factor(f.pieces, n))
    assert isinstance(spectrum, Spectrum)
    return spectrum


POWERS = (
    Algorithm("closed_form", _refuse_form, _cost_form, _by_form),
    # By formula where there is one: no faster than the formula of the power.
    Algorithm(
        "squaring", lambda _f, _n: None, _cost_squaring, lambda f, n: by_squaring(f, n, solve), least=2 * _FORMULA
    ),
    Algorithm(
        "characteristic_functions", _refuse_characteristic, _cost_characteristic, _by_characteristic, WORTH_ASKING
    ),
)


def plan_power(f: Representation, n: int, method: str = "auto") -> ContinuousPlan:
    """How n copies of a function will be convolved with each other: print it, or call it.

    Raises
    ------
    ValueError
        ``n`` is no integer of at least 1, the integral does not exist, ``method`` refuses or is none.

    Examples
    --------
    >>> import faltung as ft
    >>> ft.functions.plan_power(ft.Function.gaussian(), 100).algorithm
    'closed_form'
    """
    return ContinuousPlan(POWERS, (f, _checked(f, n)), method)


def _checked(f: Representation, n: Any) -> int:
    """The number of copies, if their convolution exists and does not overflow."""
    count = copies(n)
    if count > 1:
        check_existence(f, f)
        # The bound first: the integral itself takes longer.
        bound = f.pieces.mass
        if bound > 1 and (count - 1) * math.log2(bound) > _LARGEST:
            bound = absolute_integral(f.pieces)
        if bound > 1 and (count - 1) * math.log2(bound) > _LARGEST:
            raise errors.overflows("convolution_power")
    return count


def convolution_power(f: Representation, n: int, *, method: str = "auto") -> Any:
    """Convolve n copies of a function: a B-spline from a box, the law of a sum from a density.

    Parameters
    ----------
    f
        A Function.
    n
        How many copies, at least 1.
    method
        ``"closed_form"``, ``"characteristic_functions"``, ``"squaring"``, or ``"auto"``: the fastest.

    Raises
    ------
    ValueError
        As `plan_power` says.

    Notes
    -----
    Squaring takes about ``2 log2(n)`` convolutions at most. Characteristic functions cost as much
    for any n; their error is relative to the largest value, so far out on a tail digits are lost
    that squaring keeps.

    Examples
    --------
    >>> import faltung as ft
    >>> spline = ft.functions.convolution_power(ft.Function.box(), 6)
    >>> float(round(spline(3.0), 12))
    0.55
    """
    operands = (f, _checked(f, n))
    result = fastest(POWERS, operands, method)[0].run(*operands)
    check_place(result.pieces)
    return result


def copies(n: Any) -> int:
    """``n`` as an integer of at least 1."""
    try:
        count = operator.index(n)
    except TypeError:
        raise errors.independent_copies(n) from None
    if count < 1:
        raise errors.independent_copies(n)
    return count
