"""Convolutions of functions against their formulas, evaluated with 50 digits at 200 points each.

Operands are plain callables wherever the library might know a shorter way, so that the numbers
say what the quadrature and the representation do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import special

import faltung as ft

F = ft.Function
INF = math.inf
Formula = Callable[[Any], Any]
SMOOTH, SINGULAR = 1e-12, 1e-10


@dataclass(frozen=True)
class Pair:
    """Two operands, the formula of what they become, and where to look."""

    name: str
    make: Callable[[], ft.Function]
    formula: Formula
    low: float
    high: float
    share: float = SMOOTH


PAIRS: list[Pair] = []


def pair(name: str, make: Callable[[], ft.Function], formula: Formula, low: float, high: float, share: float = SMOOTH):
    PAIRS.append(Pair(name, make, formula, low, high, share))


def both(f: Callable[[], ft.Function], g: Callable[[], ft.Function]) -> Callable[[], ft.Function]:
    return lambda: ft.convolve(f(), g())


# Operands as callables -----------------------------------------------------------------------


def normal(mean: float = 0.0, sigma: float = 1.0) -> ft.Function:
    def density(x):
        return np.exp(-(((x - mean) / sigma) ** 2) / 2) / (sigma * math.sqrt(2 * math.pi))

    return F(density, (-INF, INF))


def exponential(rate: float) -> ft.Function:
    return F(lambda x: rate * np.exp(-rate * x), (0, INF))


def gamma(shape: float, rate: float = 1.0) -> ft.Function:
    def density(x):
        return np.exp(special.xlogy(shape - 1, rate * x) - rate * x - special.gammaln(shape)) * rate

    exponent = shape - 1 if shape < 1 else (shape - 1) % 1
    return F(density, (0, INF), singular={0: exponent})


def cauchy(width: float = 1.0) -> ft.Function:
    return F(lambda x: width / (math.pi * (width**2 + x**2)), (-INF, INF))


def laplace(scale: float = 1.0) -> ft.Function:
    return F(lambda x: np.exp(-np.abs(x) / scale) / (2 * scale), (-INF, INF), breakpoints=[0])


def logistic() -> ft.Function:
    return F(lambda x: np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))) ** 2, (-INF, INF))


def beta(a: float, b: float) -> ft.Function:
    def density(x):
        return x ** (a - 1) * (1 - x) ** (b - 1) / special.beta(a, b)

    return F(density, (0, 1), singular={0: a - 1 if a < 1 else (a - 1) % 1, 1: b - 1 if b < 1 else (b - 1) % 1})


# Formulas ------------------------------------------------------------------------------------


def difference(cumulative: Formula, width: float) -> Formula:
    """What a box of this width from 0, height 1, makes of a density."""
    return lambda t: cumulative(t) - cumulative(t - mpf(width))


def from_zero(formula: Formula) -> Formula:
    return lambda t: formula(t) if t > 0 else mpf(0)


def ncdf(t):
    return mp.erfc(-t / mp.sqrt(2)) / 2


def gcdf(shape: float) -> Formula:
    return from_zero(lambda t: mp.gammainc(mpf(shape), 0, t, regularized=True))


def bcdf(a: float, b: float) -> Formula:
    def cumulative(t):
        return mpf(0) if t <= 0 else mpf(1) if t >= 1 else mp.betainc(mpf(a), mpf(b), 0, t, regularized=True)

    return cumulative


def lcdf(t):
    return mp.exp(t) / 2 if t < 0 else 1 - mp.exp(-t) / 2


def bspline(order: int) -> Formula:
    def formula(t):
        terms = ((-1) ** k * mp.binomial(order, k) * max(t - k, mpf(0)) ** (order - 1) for k in range(order + 1))
        return mp.fsum(terms) / mp.factorial(order - 1)

    return formula


def emg(mean: float, sigma: float, rate: float) -> Formula:
    m, s, r = mpf(mean), mpf(sigma), mpf(rate)

    def formula(t):
        return r / 2 * mp.exp(r / 2 * (2 * m + r * s**2 - 2 * t)) * mp.erfc((m + r * s**2 - t) / (mp.sqrt(2) * s))

    return formula


def npdf(mean: float, var: Any) -> Formula:
    return lambda t: mp.exp(-((t - mpf(mean)) ** 2) / (2 * mpf(var))) / mp.sqrt(2 * mp.pi * mpf(var))


def voigt(sigma: float, width: float) -> Formula:
    s, w = mpf(sigma), mpf(width)

    def formula(t):
        z = (t + 1j * w) / (s * mp.sqrt(2))
        return (mp.exp(-(z**2)) * mp.erfc(-1j * z)).real / (s * mp.sqrt(2 * mp.pi))

    return formula


def hypoexponential(one: float, two: float) -> Formula:
    a, b = mpf(one), mpf(two)
    return from_zero(lambda t: a * b / (b - a) * (mp.exp(-a * t) - mp.exp(-b * t)))


def gamma_sum(a1: float, b1: float, a2: float, b2: float) -> Formula:
    a1, b1, a2, b2 = map(mpf, (a1, b1, a2, b2))

    def formula(t):
        kummer = mp.hyp1f1(a2, a1 + a2, (b1 - b2) * t)
        return b1**a1 * b2**a2 / mp.gamma(a1 + a2) * mp.exp(-b1 * t) * t ** (a1 + a2 - 1) * kummer

    return from_zero(formula)


def logistic_sum(t):
    e = mp.exp(t)
    return e * ((t - 2) * e + t + 2) / (e - 1) ** 3


def spline(order: int) -> ft.Function:
    box = F.box(0, 1)
    result = box
    for _ in range(order - 1):
        result = ft.convolve(result, box)
    return result


# Pieces of polynomials
for order in range(2, 13):
    pair(f"B-spline of order {order}", lambda n=order: spline(n), bspline(order), 0, order)
for width in (0.3, 2.5, 40.0):
    ramp = difference(lambda t: max(t, mpf(0)) - max(t - 1, mpf(0)), width)
    pair(f"box * box of width {width}", lambda w=width: ft.convolve(F.box(0, 1), F.box(0, w)), ramp, 0, 1 + width)
pair(
    "triangle * triangle",
    lambda: ft.convolve(F.triangle(), F.triangle()),
    lambda t: bspline(4)(t + 2),
    -2,
    2,
)
pair(
    "steps * triangle",
    lambda: ft.convolve(F.polynomial([0, 1, 4], [[2.0], [-1.0]]), F.triangle(0, 1, 2)),
    lambda t: 2 * bspline(3)(t) - sum(bspline(3)(t - k) for k in (1, 2, 3)),
    0,
    6,
)
# Boxes make differences of cumulative functions
for rate in (0.1, 2.0, 30.0):
    cumulative = from_zero(lambda t, r=rate: 1 - mp.exp(-mpf(r) * t))
    made = both(lambda: F.box(0, 1), lambda r=rate: exponential(r))
    pair(f"box * exponential({rate})", made, difference(cumulative, 1), 0, 3 + 3 / rate)
for width in (0.1, 1.0, 10.0):
    pair(f"box({width}) * normal", both(lambda w=width: F.box(0, w), normal), difference(ncdf, width), -6, width + 6)
narrow = difference(lambda t: ncdf(1000 * t), 1)
pair("box * normal of width 1e-3", both(lambda: F.box(0, 1), lambda: normal(0, 1e-3)), narrow, -0.01, 1.01)
for width in (0.5, 20.0):
    arctan = difference(lambda t: mp.atan(t) / mp.pi, width)
    pair(f"box({width}) * Cauchy", both(lambda w=width: F.box(0, w), cauchy), arctan, -50, 50)
pair("box * logistic", both(F.box, logistic), difference(lambda t: 1 / (1 + mp.exp(-t)), 1), -20, 20)
pair("box * Laplace", both(F.box, laplace), difference(lcdf, 1), -20, 20)
for shape in (0.5, 1.3, 2.5, 7.0):
    made = both(F.box, lambda k=shape: gamma(k))
    pair(f"box * gamma({shape})", made, difference(gcdf(shape), 1), 0, 20, SMOOTH if shape == 7 else SINGULAR)
for a, b in ((2.0, 3.0), (2.5, 1.7), (0.5, 0.5), (0.3, 0.8)):
    made = both(F.box, lambda a=a, b=b: beta(a, b))
    pair(f"box * beta({a}, {b})", made, difference(bcdf(a, b), 1), 0, 2, SMOOTH if a == 2 else SINGULAR)
pareto = from_zero(lambda t: 1 - (1 + t) ** mpf(-1.5))
made = both(F.box, lambda: F(lambda x: 1.5 * (1 + x) ** -2.5, (0, INF)))
pair("box * Pareto(1.5)", made, difference(pareto, 1), 0, 100)
student = difference(lambda t: mpf(1) / 2 + (t / (mp.sqrt(3) * (1 + t**2 / 3)) + mp.atan(t / mp.sqrt(3))) / mp.pi, 1)
made = both(F.box, lambda: F(lambda x: 2 / (math.pi * math.sqrt(3) * (1 + x * x / 3) ** 2), (-INF, INF)))
pair("box * Student(3)", made, student, -40, 40)
rayleigh = difference(from_zero(lambda t: 1 - mp.exp(-(t**2) / 2)), 1)
pair("box * Rayleigh", both(F.box, lambda: F(lambda x: x * np.exp(-x * x / 2), (0, INF))), rayleigh, 0, 8)
lognormal = difference(from_zero(lambda t: ncdf(mp.log(t))), 1)


def lognormal_density(x):
    return np.exp(-(np.log(x) ** 2) / 2) / (x * math.sqrt(2 * math.pi))


pair("box * lognormal", both(F.box, lambda: F(lognormal_density, (0, INF))), lognormal, 0.01, 20)
erlang = difference(from_zero(lambda t: 1 - (1 + t) * mp.exp(-t)), 1)
pair("box * t exp(-t)", both(F.box, lambda: F(lambda x: x * np.exp(-x), (0, INF))), erlang, 0, 20)
# Exponentials and gammas
for one, two in ((1.0, 2.0), (0.5, 10.0), (3.0, 3.001)):
    made = both(lambda r=one: exponential(r), lambda r=two: exponential(r))
    pair(f"exponential({one}) * exponential({two})", made, hypoexponential(one, two), 0, 12 / one)
same = from_zero(lambda t: 4 * t * mp.exp(-2 * t))
pair("exponential(2) * exponential(2)", both(lambda: exponential(2), lambda: exponential(2)), same, 0, 10)


def hyperexponential():
    return exponential(1.0) * 0.3 + exponential(5.0) * 0.7


mixed = from_zero(lambda t: mpf(0.3) * hypoexponential(1, 2)(t) + mpf(0.7) * hypoexponential(5, 2)(t))
pair("hyperexponential * exponential(2)", both(hyperexponential, lambda: exponential(2.0)), mixed, 0, 12)
for a, b in ((0.5, 0.5), (2.5, 0.5), (1.3, 0.9), (3.0, 4.7), (0.1, 0.2), (12.25, 30.5)):
    made = both(lambda k=a: gamma(k), lambda k=b: gamma(k))
    density = from_zero(lambda t, k=a + b: t ** (mpf(k) - 1) * mp.exp(-t) / mp.gamma(mpf(k)))
    pair(f"gamma({a}) * gamma({b})", made, density, 0.01, 8 + 2 * (a + b), SINGULAR)
for a1, b1, a2, b2 in ((2.0, 1.0, 3.0, 2.0), (0.5, 1.0, 1.5, 3.0), (4.0, 0.5, 0.7, 1.0)):
    made = both(lambda a=a1, b=b1: gamma(a, b), lambda a=a2, b=b2: gamma(a, b))
    share = SMOOTH if a2 == 3 else SINGULAR
    pair(f"gamma({a1}, {b1}) * gamma({a2}, {b2})", made, gamma_sum(a1, b1, a2, b2), 0.01, 20, share)
# Normal, Cauchy, Laplace, logistic
for one, two in ((1.0, 1.0), (1.0, 0.1), (0.7, 3.0)):
    made = both(lambda s=one: normal(1, s), lambda s=two: normal(-3, s))
    pair(f"normal({one}) * normal({two})", made, npdf(-2, mpf(one) ** 2 + mpf(two) ** 2), -14, 10)
for mean, sigma, rate in ((0.0, 1.0, 1.0), (1.0, 0.2, 0.5), (0.0, 1.0, 6.0), (-2.0, 3.0, 1.0)):
    made = both(lambda m=mean, s=sigma: normal(m, s), lambda r=rate: exponential(r))
    name = f"normal({mean}, {sigma}) * exponential({rate})"
    pair(name, made, emg(mean, sigma, rate), mean - 6 * sigma, mean + 6 * sigma + 8 / rate)
for sigma, width in ((1.0, 1.0), (0.1, 1.0), (2.0, 0.05)):
    made = both(lambda s=sigma: normal(0, s), lambda w=width: cauchy(w))
    pair(f"Voigt({sigma}, {width})", made, voigt(sigma, width), -20, 20)
for one, two in ((1.0, 1.0), (0.2, 3.0)):
    total = mpf(one) + mpf(two)
    made = both(lambda w=one: cauchy(w), lambda w=two: cauchy(w))
    pair(f"Cauchy({one}) * Cauchy({two})", made, lambda t, w=total: w / (mp.pi * (w**2 + t**2)), -60, 60)
twice = lambda t: (1 + abs(t)) * mp.exp(-abs(t)) / 4  # noqa: E731
pair("Laplace * Laplace", both(laplace, laplace), twice, -20, 20)
uneven = lambda t: (2 * mp.exp(-abs(t) / 2) - mp.exp(-abs(t))) / 6  # noqa: E731
pair("Laplace(1) * Laplace(2)", both(laplace, lambda: laplace(2.0)), uneven, -30, 30)


def smoothed_laplace(t):
    return (emg(0, 1, 1)(t) + emg(0, 1, 1)(-t)) / 2


pair("normal * Laplace", both(normal, laplace), smoothed_laplace, -20, 20)
pair("logistic * logistic", both(logistic, logistic), logistic_sum, -30, 30)
# Waves
decayed = from_zero(
    lambda t: (
        (2 * (2 * mp.sin(t) - mp.cos(t)) + 2 * mp.exp(-2 * t)) / 5
        if t < 2 * mpf(math.tau) / 2
        else 2 * mp.exp(-2 * t) * (1 - mp.exp(2 * mpf(math.tau))) / 5
    )
)
pair("sin * exponential(2)", both(lambda: F(np.sin, (0, math.tau)), lambda: exponential(2.0)), decayed, 0, 9)


def half_waves(t):
    p = mpf(math.pi)
    low, high = max(mpf(0), t - p), min(p, t)
    return ((high - low) * -mp.cos(t) + (mp.sin(2 * high - t) - mp.sin(2 * low - t)) / 2) / 2


half = lambda: F(np.sin, (0, math.pi))  # noqa: E731
pair("half wave * half wave", both(half, half), half_waves, 0, math.tau)


def fast_wave(t):
    low, high = max(mpf(0), t - 1), min(mpf(2), t)
    return (mp.sin(50 * high) - mp.sin(50 * low)) / 50


pair("cos(50 t) * box", both(lambda: F(lambda x: np.cos(50 * x), (0, 2)), F.box), fast_wave, 0, 3)


def turning(t):
    low, high = max(mpf(0), t - 1), min(mpf(1), t)
    return mp.exp(-2j * t) * (mp.exp(5j * high) - mp.exp(5j * low)) / 5j


made = both(lambda: F(lambda x: np.exp(3j * x), (0, 1)), lambda: F(lambda x: np.exp(-2j * x), (0, 1)))
pair("complex waves", made, turning, 0, 2)
# Correlation
made = lambda: ft.correlate(exponential(1.0), exponential(2.0))  # noqa: E731
both_sides = lambda t: 2 * mp.exp(-t) / 3 if t > 0 else 2 * mp.exp(2 * t) / 3  # noqa: E731
pair("exponential(1) correlated with exponential(2)", made, both_sides, -8, 12)
made = lambda: ft.correlate(F(lambda x: np.exp(3j * x), (0, 1)), F.box() * 1j)  # noqa: E731


def correlated_wave(t):
    low, high = max(mpf(0), t), min(mpf(1), t + 1)
    return -1j * (mp.exp(3j * high) - mp.exp(3j * low)) / 3j


pair("complex wave correlated with i box", made, correlated_wave, -1, 1)
# Atoms and steps
pair("delta(2, 3) * normal", both(lambda: F.delta(2.0, 3.0), normal), lambda t: 3 * npdf(2, 1)(t), -4, 8)
slope = lambda t: -t * npdf(0, 1)(t)  # noqa: E731
pair("delta' * normal", both(lambda: F.delta(order=1), normal), slope, -6, 6)
bend = lambda t: (t**2 - 1) * npdf(0, 1)(t)  # noqa: E731
pair("delta'' * normal", both(lambda: F.delta(order=2), normal), bend, -6, 6)
pair("delta'' * normal, a closed form", both(lambda: F.delta(order=2), F.gaussian), bend, -6, 6)
comb = lambda: F.delta(0.0) - F.delta(1.0) + F.delta(2.5, 2.0)  # noqa: E731
combed = lambda t: npdf(0, 1)(t) - npdf(1, 1)(t) + 2 * npdf(2.5, 1)(t)  # noqa: E731
pair("three deltas * normal", both(comb, normal), combed, -6, 9)
pair("step * normal", both(F.step, normal), ncdf, -8, 8)
pair("step * gamma(0.5)", both(F.step, lambda: gamma(0.5)), gcdf(0.5), 0.01, 20, SINGULAR)
rising = lambda t: 1 - ncdf(t)  # noqa: E731
pair("mirrored step * normal", both(lambda: F.step().reflect(), normal), rising, -8, 8)
# Singular ends
root = lambda: F(lambda x: x**-0.5, (0, 1), singular={0: -0.5})  # noqa: E731
roots = difference(lambda t: 2 * mp.sqrt(min(max(t, mpf(0)), mpf(1))), 1)
pair("1/sqrt * box", both(root, F.box), roots, 0, 2, SINGULAR)


def two_roots(t):
    return mp.pi if t <= 1 else 2 * (mp.asin(1 / mp.sqrt(t)) - mp.asin(mp.sqrt((t - 1) / t)))


pair("1/sqrt * 1/sqrt", both(root, root), two_roots, 0, 2, SINGULAR)


def arcsine_sum(t):
    return 2 / mp.pi**2 * mp.ellipk(1 - (1 - t) ** 2)


pair("arcsine * arcsine", both(lambda: beta(0.5, 0.5), lambda: beta(0.5, 0.5)), arcsine_sum, 0.001, 1.999, SINGULAR)


def worst_error(case: Pair) -> float:
    """The largest error at 200 points over the result's scale."""
    result = case.make()
    t = np.random.default_rng(7).uniform(case.low, case.high, 200)
    with mp.workdps(50):
        exact = [case.formula(mpf(float(point))) for point in t]
        errors = [abs(mp.mpmathify(complex(v)) - e) for v, e in zip(result(t), exact, strict=True)]
        return float(max(errors) / max(abs(value) for value in exact))


@pytest.mark.parametrize("case", PAIRS, ids=[case.name for case in PAIRS])
def test_agrees_with_its_formula(case: Pair) -> None:
    worst = worst_error(case)
    assert worst <= case.share, f"{worst:.2e} of the scale"


def test_there_are_enough_pairs() -> None:
    assert len({case.name for case in PAIRS}) == len(PAIRS) >= 60
