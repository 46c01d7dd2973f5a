"""What is asked in the functions domain: operands, points, and the values there with 50 digits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from mpmath import mp, mpf
from scipy import stats

import faltung as ft
from benchmarks.functions import answers
from benchmarks.functions.answers import Answer, Given, Refusal, Values

INF = math.inf


@dataclass(frozen=True)
class Question:
    """One cell."""

    name: str
    points: Values
    exact: Callable[[Any], Any]
    operands: Sequence[Given] = ()
    ours: Answer | None = None
    goal: float | None = None
    """Seconds that the issue asks for, or None."""
    by_name: bool = False
    """Whether we are given closed forms, as OpenTURNS always is, and not plain callables."""
    others: dict[str, Answer | Refusal] = field(default_factory=dict)
    """Answers of peers that are asked in another way."""

    def __str__(self) -> str:
        return self.name


def _normal(x: Any) -> Any:
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


NORMAL = Given(
    _normal, (-INF, INF), law="Normal(0, 1)", formula="exp(-t**2/2)/sqrt(2*pi)", named=ft.Function.gaussian, reach=9.0
)
EXPONENTIAL = Given(lambda x: np.exp(-x), (0.0, INF), law="Exponential(1.0)", formula="exp(-t)")
SLOW = Given(lambda x: 2 * np.exp(-2 * x), (0.0, INF), law="Exponential(2.0)", formula="2*exp(-2*t)")
BOX = Given(lambda x: 1.0 + 0 * x, (0.0, 1.0), law="Uniform(0, 1)", formula="1", named=ft.Function.box)
TRIANGLE = Given(lambda x: 1 - np.abs(x), (-1.0, 1.0), (0.0,), law="Triangular(-1, 0, 1)", formula="1 - Abs(t)")
CAUCHY = Given(lambda x: 1 / (math.pi * (1 + x * x)), (-INF, INF), law="Student(1)", reach=1e4)
LOGISTIC = Given(lambda x: 1 / (4 * np.cosh(x / 2) ** 2), (-INF, INF), law="Logistic(0, 1)", reach=38.0)
WAVE = Given(np.sin, (0.0, 2 * math.pi), formula="sin(t)")
GAMMA = Given(lambda x: x**1.5 * np.exp(-x) / math.gamma(2.5), (0.0, INF), law="Gamma(2.5, 1.0)", reach=60.0)


def _wider(t: Any) -> Any:
    return mp.npdf(t, 0, mp.sqrt(2))


def _emg(t: Any) -> Any:
    return mp.exp(mpf(1) / 2 - t) * mp.erfc((1 - t) / mp.sqrt(2)) / 2


def _spline(order: int) -> Callable[[Any], Any]:
    def formula(t: Any) -> Any:
        terms = ((-1) ** k * mp.binomial(order, k) * max(t - k, mpf(0)) ** (order - 1) for k in range(order + 1))
        return mp.fsum(terms) / mp.factorial(order - 1)

    return formula


def _voigt(t: Any) -> Any:
    z = (t + 1j) / mp.sqrt(2)
    return (mp.exp(-(z**2)) * mp.erfc(-1j * z)).real / mp.sqrt(2 * mp.pi)


def _box_cauchy(t: Any) -> Any:
    return (mp.atan(t) - mp.atan(t - 1)) / mp.pi


def _decayed_wave(t: Any) -> Any:
    if t > 2 * mpf(math.pi):
        return 2 * mp.exp(-2 * t) * (1 - mp.exp(4 * mpf(math.pi))) / 5
    return (2 * (2 * mp.sin(t) - mp.cos(t)) + 2 * mp.exp(-2 * t)) / 5


def _logistics(t: Any) -> Any:
    """Density of the sum of a hundred logistic variables: the trapezoidal rule of its characteristic function."""
    step = mpf(1) / 50
    rows = range(1, 120)
    waves = (mp.cos(k * step * t) * (mp.pi * k * step / mp.sinh(mp.pi * k * step)) ** 100 for k in rows)
    return step / mp.pi * (mpf(1) / 2 + mp.fsum(waves))


def _two_rates(t: Any) -> Any:
    return 2 * (mp.exp(-t) - mp.exp(-2 * t))


class _Polynomials:
    """Fifty pieces of quadratic polynomials, with exact convolution."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.edges = np.concatenate([[0.0], np.cumsum(rng.integers(1, 9, 50) / 8)])
        self.rows = rng.integers(-8, 9, (50, 3)) / 8

    def __call__(self, x: Any) -> Any:
        k = np.clip(np.searchsorted(self.edges, x, side="right") - 1, 0, 49)
        u = x - self.edges[k]
        return self.rows[k, 0] + u * (self.rows[k, 1] + u * self.rows[k, 2])

    def given(self) -> Given:
        return Given(self, (0.0, float(self.edges[-1])), tuple(self.edges[1:-1]))

    def convolved(self, other: _Polynomials, t: Fraction) -> Fraction:
        total = Fraction(0)
        for i in range(50):
            for j in range(50):
                a, b = Fraction(self.edges[i]), Fraction(self.edges[i + 1])
                c, d = Fraction(other.edges[j]), Fraction(other.edges[j + 1])
                low, high = max(a, t - d), min(b, t - c)
                if low < high:
                    # Three Gauss nodes would do in floats; Boole's rule is exact for degree 5 in fractions.
                    places = [low + (high - low) * Fraction(k, 4) for k in range(5)]
                    weights = (7, 32, 12, 32, 7)
                    values = [self._at(i, x - a) * other._at(j, t - x - c) for x in places]
                    total += (high - low) / 90 * sum(w * v for w, v in zip(weights, values, strict=True))
        return total

    def _at(self, k: int, u: Fraction) -> Fraction:
        p, q, r = map(Fraction, self.rows[k])
        return p + u * (q + u * r)


ONE, TWO = _Polynomials(1), _Polynomials(2)


def _fifty(t: Any) -> Any:
    exact = ONE.convolved(TWO, Fraction(float(t)))
    return mpf(exact.numerator) / exact.denominator


def _points(low: float, high: float) -> Values:
    """As many as a plot has."""
    return np.random.default_rng(11).uniform(low, high, 1000)


def _openturns_hundred(points: Values) -> Answer | Refusal:
    return answers.openturns([LOGISTIC] * 100, points)


def _grid_hundred(points: Values) -> Answer:
    """What many do by hand: samples on a grid, the hundredth power of their transform, a cubic spline.

    The grid is the smallest power of two, on the shortest period, that reaches the accuracy: found by
    trying against the exact values, which is not timed. Nobody who has no exact values knows it.
    """
    from scipy.interpolate import CubicSpline

    def answer() -> Values:
        n, reach = 1 << 13, 200.0
        x = np.linspace(-reach, reach, n, endpoint=False)
        spectrum = np.fft.rfft(np.fft.ifftshift(LOGISTIC.function(x))) * (x[1] - x[0])
        values = np.fft.fftshift(np.fft.irfft(spectrum**100, n)) / (x[1] - x[0])
        return np.asarray(CubicSpline(x, values)(points))

    return answer


def _rate() -> Question:
    """Values alone, of a convolution that is built."""
    points = np.random.default_rng(3).uniform(-5, 20, 100_000)
    built = ft.convolve(ft.Function(NORMAL.function, (-INF, INF)), ft.Function(EXPONENTIAL.function, (0.0, INF)))
    law = stats.exponnorm(1.0)
    others: dict[str, Answer | Refusal] = {"scipy.stats.exponnorm (formula)": lambda: np.asarray(law.pdf(points))}
    try:
        import openturns as ot
    except ModuleNotFoundError:
        others["openturns"] = "not installed"
    else:
        total, sample = ot.Normal(0, 1) + ot.Exponential(1.0), ot.Sample(points[:2000, np.newaxis])
        total.computePDF(sample[:1])
        others["openturns, 2,000 points only"] = lambda: np.asarray(total.computePDF(sample)).ravel()
    return Question(
        "normal * exponential: 100,000 values", points, _emg, (), lambda: np.asarray(built(points)), 5e-3, others=others
    )


def questions() -> list[Question]:
    """The cells of the domain."""
    hundred = _points(-60, 60)
    law = stats.logistic()
    return [
        Question("normal * exponential", _points(-5, 15), _emg, (NORMAL, EXPONENTIAL), goal=10e-3),
        _rate(),
        Question("box, 6-fold, by name", _points(0, 6), _spline(6), [BOX] * 6, goal=5e-3, by_name=True),
        Question("box, 12-fold, by name", _points(0, 12), _spline(12), [BOX] * 12, by_name=True),
        Question("50 pieces * 50 pieces", _points(0, 50), _fifty, (ONE.given(), TWO.given()), goal=100e-3),
        Question(
            "logistic, 100-fold sum", hundred, _logistics, (), lambda: ft.Density(law).sum_of(100).pdf(hundred), 50e-3,
            others={"openturns": _openturns_hundred(hundred), "numpy.fft on a grid": _grid_hundred(hundred)},
        ),
        Question("normal * normal, by name", _points(-8, 8), _wider, (NORMAL, NORMAL), by_name=True),
        Question("triangle 5-fold", _points(-5, 5), lambda t: _spline(10)(t + 5), [TRIANGLE] * 5),
        Question("normal * Cauchy (Voigt)", _points(-20, 20), _voigt, (NORMAL, CAUCHY)),
        Question("box * Cauchy", _points(-50, 50), _box_cauchy, (BOX, CAUCHY)),
        Question("exponential * exponential(2)", _points(0, 20), _two_rates, (EXPONENTIAL, SLOW)),
        Question("exponential(2) * sine period", _points(0, 9), _decayed_wave, (WAVE, SLOW)),
        Question("triangle * triangle", _points(-2, 2), lambda t: _spline(4)(t + 2), (TRIANGLE, TRIANGLE)),
        Question("box * logistic", _points(-20, 20), _box_logistic, (BOX, LOGISTIC)),
        Question("box * gamma(2.5)", _points(0, 20), _box_gamma, (BOX, GAMMA)),
    ]  # fmt: skip


def _box_logistic(t: Any) -> Any:
    return 1 / (1 + mp.exp(-t)) - 1 / (1 + mp.exp(1 - t))


def _box_gamma(t: Any) -> Any:
    return mp.gammainc(2.5, max(t - 1, mpf(0)), t, regularized=True)
