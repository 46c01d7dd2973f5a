"""Many copies convolved with each other: three ways that agree, and characteristic functions of pairs."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import special, stats

import faltung as ft
from faltung.functions.characteristic import Factor, Spectrum, _nodes, spectrum_of

F, D = ft.Function, ft.Density
power = ft.functions.convolution_power
INF = math.inf


def normal() -> ft.Function:
    return F(lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi), (-INF, INF))


def exponential() -> ft.Function:
    return F(lambda x: np.exp(-x), (0, INF))


def root_gamma() -> ft.Function:
    """The gamma density of shape one half, infinite at 0."""
    return F(lambda x: np.exp(-x) / np.sqrt(math.pi * x), (0, INF), singular={0: -0.5})


def gamma_density(shape: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.exp(special.xlogy(shape - 1, x) - x - special.gammaln(shape))


def irwin_hall(n: int) -> Callable[[np.ndarray], np.ndarray]:
    """The density of the sum of n uniforms: an alternating sum, so in 60 digits."""

    def density(x: np.ndarray) -> np.ndarray:
        with mp.workdps(60):
            terms = [(-1) ** k * mp.binomial(n, k) for k in range(n + 1)]
            values = [
                mp.fsum(c * (mpf(t) - k) ** (n - 1) for k, c in enumerate(terms) if t > k) / mp.factorial(n - 1)
                for t in map(float, x)
            ]
        return np.array([float(value) for value in values])

    return density


KNOWN = {
    "normal": (normal, 100, stats.norm(0, 10).pdf, -60, 60),
    "exponential": (exponential, 100, gamma_density(100.0), 40, 180),
    "gamma(0.5)": (root_gamma, 60, gamma_density(30.0), 5, 70),
    "box": (F.box, 30, irwin_hall(30), 6, 24),
}


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("method", ["characteristic_functions", "squaring"])
def test_many_copies_by_their_formula(name: str, method: str) -> None:
    make, n, formula, low, high = KNOWN[name]
    result = power(make(), n, method=method)
    t = np.random.default_rng(5).uniform(low, high, 200)
    exact = formula(t)
    error, scale = np.abs(result(t) - exact).max(), exact.max()
    assert error <= 1e-12 * scale
    # The formulas above are good to some 1e-13 themselves.
    assert error <= result.error_estimate + 3e-13 * scale
    assert abs(result.integral() - 1) < 1e-12


@pytest.mark.parametrize(
    ("law", "share"),
    [
        (stats.logistic(), 1e-12),
        (stats.gumbel_r(), 1e-12),
        (stats.lognorm(0.5), 1e-12),
        # The square of this one has a logarithmic pole, which squaring follows to 1e-10 only.
        (stats.beta(0.5, 0.5), 1e-10),
    ],
)
def test_characteristic_functions_agree_with_squaring(law: stats.rv_continuous, share: float) -> None:
    d = D(law)
    one, two = (d.sum_of(40, method=method) for method in ("characteristic_functions", "squaring"))
    x = np.linspace(*two.interval(1 - 1e-9), 100)
    np.testing.assert_allclose(one.pdf(x), two.pdf(x), rtol=0, atol=share * two.pdf(x).max())
    np.testing.assert_allclose(one.cdf(x), two.cdf(x), rtol=0, atol=share)
    q = np.linspace(0.001, 0.999, 50)
    np.testing.assert_allclose(two.cdf(one.ppf(q)), q, rtol=0, atol=1e-10)
    assert one.support() == two.support()


def test_signed_functions_have_powers_too() -> None:
    wave = F(lambda x: np.cos(2 * x) * np.exp(-x * x / 2), (-INF, INF))
    spectrum = spectrum_of(Factor(wave.pieces, 9))
    assert isinstance(spectrum, Spectrum)
    t = np.linspace(-8, 8, 50)
    np.testing.assert_allclose(spectrum(t), power(wave, 9, method="squaring")(t), rtol=0, atol=1e-12)


def test_the_planner_takes_the_cheapest_and_says_why() -> None:
    few, many = (ft.functions.plan_power(D(stats.logistic()).density, n) for n in (3, 100))
    assert (few.algorithm, many.algorithm) == ("squaring", "characteristic_functions")
    assert "characteristic_functions (squaring is done before that is known)" in few.explain()
    assert "slower:   squaring" in many.explain()
    assert "frequencies" in many.explain()
    cauchy = ft.functions.plan_power(D(stats.cauchy()).density, 8)
    assert cauchy.as_dict()["refused"]["characteristic_functions"] == "its transform takes more than 256 terms"
    assert ft.functions.plan_power(F.gamma(2.5), 7).algorithm == "closed_form"


def test_closed_forms_of_powers() -> None:
    t = np.linspace(-5, 30, 100)
    np.testing.assert_allclose(power(F.gaussian(1, 2), 9)(t), stats.norm(9, 6).pdf(t), rtol=0, atol=1e-16)
    np.testing.assert_allclose(power(F.gamma(0.5, 2.0) * 3, 4)(t), 81 * stats.gamma(2, scale=0.5).pdf(t), atol=1e-13)
    slope = F.gaussian().derivative()
    np.testing.assert_allclose(power(slope, 2)(t), power(F.gaussian(), 2).derivative().derivative()(t), atol=1e-15)


def test_pairs_by_characteristic_functions() -> None:
    t = np.linspace(-6, 30, 200)
    for f, g in ((normal(), exponential()), (normal(), root_gamma()), (normal(), F.box(0, 2)), (normal(), normal())):
        expected = ft.convolve(f, g)
        found = ft.convolve(f, g, method="characteristic_functions")
        np.testing.assert_allclose(found(t), expected(t), rtol=0, atol=1e-14)
        assert np.abs(found(t) - expected(t)).max() <= found.error_estimate < 1e-13
    with pytest.raises(ValueError, match="refuses: its transform takes more than 256 terms"):
        ft.convolve(F.box(), F.box(), method="characteristic_functions")
    with pytest.raises(ValueError, match="refuses: complex values"):
        ft.convolve(F.box() * 1j, F.gaussian(), method="characteristic_functions")


@pytest.mark.parametrize("order", [2, 3, 6, 12, 24])
def test_splines_keep_their_digits_also_at_their_ends(order: int) -> None:
    spline = power(F.box(0, 0.5, 2.0), order)
    assert ft.functions.plan_power(F.box(), order).algorithm == "closed_form"
    for first in (0, order // 2, order - 1):
        t = first + np.linspace(0, 1, 21)[1:-1]
        with mp.workdps(60):
            exact = np.array([float(irwin_hall(order, mpf(float(x)))) for x in t])
        # To a share of the largest value of the piece, and what a rounded place does.
        share = 4e-16 * order
        np.testing.assert_allclose(spline(t / 2) / 2, exact, rtol=0, atol=share * exact.max())


def irwin_hall(order: int, x: mpf) -> mpf:
    terms = ((-1) ** k * mp.binomial(order, k) * max(x - k, mpf(0)) ** (order - 1) for k in range(order + 1))
    return mp.fsum(terms) / mp.factorial(order - 1)


def test_closed_splines_are_those_of_pairs_of_pieces() -> None:
    t = np.linspace(-5, 5, 201)
    box, triangle = F.box(-1, 1, 3.0), F.triangle(-2, 0, 2, 0.5)
    cases = ((box, box), (box, triangle), (triangle.shift(0.25), box * 2j), (box.stretch(-1), triangle.reflect()))
    for f, g in cases:
        assert ft.plan(f, g).algorithm == "closed_form"
        found, expected = ft.convolve(f, g), ft.convolve(f, g, method="polynomials")
        np.testing.assert_allclose(found(t), expected(t), rtol=1e-15, atol=4e-15)
        assert found.support == pytest.approx(expected.support, rel=1e-15)
        slope = ft.convolve(f.derivative(), g)
        np.testing.assert_allclose(found.derivative()(t), slope(t), rtol=0, atol=1e-13)
    assert ft.plan(F.box(0, 1), F.box(0, 2)).algorithm == "polynomials"
    assert F.triangle(0, 1, 3).form is None


def test_one_copy_is_the_function() -> None:
    f = F.box(0, 2) + F.delta(1.0)
    t = np.linspace(-1, 3, 20)
    np.testing.assert_array_equal(power(f, 1)(t), f(t))
    assert power(f, 2).atoms[0].at == 2.0


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: power(F.box(), 0), ValueError, "n=0: expected how many"),
        (lambda: power(F.box(), 2.5), ValueError, "n=2.5: expected how many"),
        (lambda: power(F.box(), 3, method="magic"), ValueError, "method='magic': expected"),
        (lambda: power(F.box(), 25, method="closed_form"), ValueError, "refuses: no formula for so many"),
        (lambda: power(normal(), 3, method="closed_form"), ValueError, "refuses: no formula known"),
        (lambda: power(F.step(), 2), ValueError, "grows like t"),
        (lambda: power(F.box(0, 2), 10_000), OverflowError, "convolution_power: values may exceed"),
    ],
)
def test_what_has_no_power_says_why(make: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_heavy_tails_are_known_at_once_to_need_too_many_frequencies() -> None:
    f = ft.Density(stats.cauchy()).density
    nodes = _nodes.cache_info().misses
    reason = spectrum_of(Factor(f.pieces, 4))
    assert isinstance(reason, str)
    assert "256 terms" in reason
    # One for where the law lies, one for the first frequencies.
    assert _nodes.cache_info().misses - nodes == 2
