"""How each library answers a question: a call that builds the convolution and gives its values at the points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad

import faltung as ft

Values = NDArray[np.float64]
Answer = Callable[[], Values]
Refusal = str


@dataclass(frozen=True)
class Given:
    """One operand, as every library can be told it."""

    function: Callable[[Any], Any]
    support: tuple[float, float]
    breakpoints: Sequence[float] = ()
    law: str | None = None
    """Constructor in OpenTURNS."""
    formula: str | None = None
    """The function of t in SymPy on its support."""
    named: Callable[[], ft.Function] | None = None
    """Our closed form, for questions in which the others are told names too."""
    reach: float = 40.0
    """Where a library that wants finite supports may cut it off."""


def ours(operands: Sequence[Given], points: Values, by_name: bool) -> Answer:
    """Faltung, given plain callables, or its own closed forms."""

    def made(given: Given) -> ft.Function:
        if by_name and given.named is not None:
            return given.named()
        return ft.Function(given.function, given.support, given.breakpoints)

    def answer() -> Values:
        if len(operands) > 2 and all(each is operands[0] for each in operands):
            return np.asarray(ft.functions.convolution_power(made(operands[0]), len(operands))(points))
        return np.asarray(reduce(lambda f, g: ft.convolve(f, g), map(made, operands))(points))

    return answer


def chebpy(operands: Sequence[Given], points: Values) -> Answer | Refusal:
    """The PyPI distribution `chebfun`, whose module is chebpy; infinite supports cut off where the values vanish."""
    if find_spec("chebpy") is None:
        return "not installed"
    from chebpy import chebfun

    def answer() -> Values:
        functions = [chebfun(each.function, _finite(each)) for each in operands]
        return np.asarray(reduce(lambda f, g: f.conv(g), functions)(points))

    return answer


def openturns(operands: Sequence[Given], points: Values) -> Answer | Refusal:
    """Sums of distributions."""
    if any(each.law is None for each in operands):
        return "not a sum of its distributions"
    if find_spec("openturns") is None:
        return "not installed"
    import openturns as ot

    ot.Log.Show(ot.Log.NONE)
    sample = ot.Sample(points[:, np.newaxis])

    def answer() -> Values:
        laws = [eval(f"ot.{each.law}", {"ot": ot}) for each in operands]
        return np.asarray(reduce(lambda x, y: x + y, laws).computePDF(sample)).ravel()

    return answer


def pointwise(operands: Sequence[Given], points: Values) -> Answer | Refusal:
    """`scipy.integrate.quad` for each point, told the break points."""
    if len(operands) != 2:
        return "one integral for two functions"
    f, g = operands

    def value(t: float) -> float:
        low, high = max(f.support[0], t - g.support[1]), min(f.support[1], t - g.support[0])
        if low >= high:
            return 0.0
        knots = sorted({*f.breakpoints, *(t - b for b in g.breakpoints)})
        inside = [knot for knot in knots if low < knot < high]
        if math.isinf(low) or math.isinf(high):
            low, high = max(low, -f.reach, t - g.reach), min(high, f.reach, t + g.reach)
        result = quad(_product(f, g, t), low, high, points=inside or None, epsabs=0, epsrel=1e-13, limit=500)
        return float(result[0])

    return lambda: np.array([value(float(t)) for t in points])


def sympy(operands: Sequence[Given], points: Values) -> Answer | Refusal:
    """`sympy.integrate` of the product with Heaviside factors, then its value at each point."""
    if len(operands) != 2 or any(each.formula is None for each in operands):
        return "no formula, or more than two"
    if find_spec("sympy") is None:
        return "not installed"
    import sympy

    t, a = sympy.symbols("t a", real=True)

    def on_support(given: Given) -> Any:
        inside = sympy.And(*_bounds(given, t))
        return sympy.Piecewise((sympy.sympify(given.formula, locals={"t": t}), inside), (0, True))

    def answer() -> Values:
        f, g = map(on_support, operands)
        integral = sympy.integrate(f.subs(t, a) * g.subs(t, t - a), (a, -sympy.oo, sympy.oo))
        return np.asarray(np.vectorize(sympy.lambdify(t, integral, "scipy"), otypes=[float])(points))

    return answer


PEERS: dict[str, Callable[[Sequence[Given], Values], Answer | Refusal]] = {
    "chebpy": chebpy,
    "openturns": openturns,
    "quad at each point": pointwise,
    "sympy": sympy,
}


def _product(f: Given, g: Given, t: float) -> Callable[[float], float]:
    return lambda a: float(f.function(np.float64(a)) * g.function(np.float64(t - a)))


def _finite(given: Given) -> list[float]:
    low, high = given.support
    inner: Iterable[float] = given.breakpoints
    return [max(low, -given.reach), *inner, min(high, given.reach)]


def _bounds(given: Given, t: Any) -> Iterable[Any]:
    import sympy

    low, high = given.support
    if math.isfinite(low):
        yield t >= sympy.nsimplify(low)
    if math.isfinite(high):
        yield t <= sympy.nsimplify(high)
    if math.isinf(low) and math.isinf(high):
        yield sympy.true
