"""Cumulative functions and quantiles of laws: monotone, between 0 and 1, in the tails, by SciPy's formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mpmath import mp
from scipy import stats

import faltung as ft

D = ft.Density
F = ft.Function

SUMS = {
    "normal + exponential": lambda: D(stats.norm()) + D(stats.expon()),
    "twelve uniforms": lambda: D(stats.uniform()).sum_of(12),
    "a hundred logistics": lambda: D(stats.logistic()).sum_of(100),
    "binomial + normal": lambda: D(stats.binom(10, 0.3)) + D(stats.norm(0, 0.2)),
    "Cauchy + uniform": lambda: D(stats.cauchy()) + D(stats.uniform()),
    "two singular gammas": lambda: D(stats.gamma(0.3)) + D(stats.gamma(0.4, scale=3)),
    "three dice": lambda: D(stats.randint(1, 7)).sum_of(3),
    "an atom and an exponential": lambda: D(0.25 * F.delta() + 0.75 * F.exponential(2.0)),
}


@pytest.mark.parametrize("name", SUMS)
def test_cumulative_functions_are_monotone(name: str) -> None:
    d = SUMS[name]()
    for width in (1.0, 20.0, 300.0, 1e6):
        x = np.linspace(-width, width, 5001)
        cdf, sf = d.cdf(x), d.sf(x)
        # Within a piece to its own rounding: 2e-16 of what it holds, 2e-9 in the last one of twelve uniforms.
        assert (np.diff(cdf) >= -1e-24).all()
        assert (np.diff(sf) <= 1e-24).all()
        assert min(cdf.min(), sf.min()) >= 0
        assert max(cdf.max(), sf.max()) <= 1
        np.testing.assert_allclose(cdf + sf, 1, rtol=0, atol=1e-15)
    np.testing.assert_array_equal([d.cdf([-np.inf, np.inf]), d.sf([np.inf, -np.inf])], [[0, 1], [0, 1]])
    if name != "three dice":
        assert d.pdf(np.linspace(-300, 300, 5001)).min() >= 0


@pytest.mark.parametrize("name", [name for name in SUMS if name not in ("three dice", "an atom and an exponential")])
def test_quantiles_invert_the_cumulative_functions(name: str) -> None:
    d = SUMS[name]()
    q = np.concatenate([10.0 ** -np.arange(1, 13), np.linspace(0.01, 0.99, 99)])
    np.testing.assert_allclose(d.sf(d.isf(q)), q, rtol=0, atol=1e-14)
    np.testing.assert_allclose(d.cdf(d.ppf(q)), q, rtol=0, atol=1e-14)
    assert (np.diff(d.isf(10.0 ** -np.arange(0, 17.0))) >= 0).all()


def test_probabilities_are_within_1e_14_of_the_exact_ones() -> None:
    """The absolute accuracy that the help of `Density` states, against formulas without subtraction."""
    x = np.linspace(-5, 200, 401)
    cases = (
        (D(stats.norm()) + D(stats.expon()), stats.norm.sf(x) + np.exp(0.5 - x + stats.norm.logcdf(x - 1))),
        (D(D(stats.gamma(2.5)).density) + D(D(stats.gamma(4.5)).density), stats.gamma(7).sf(x)),
        (D(D(stats.norm(2, 3)).density) + D(D(stats.norm(1, 4)).density), stats.norm(3, 5).sf(x)),
    )
    for d, exact in cases:
        d = D(F.assembled(d.density.pieces))
        np.testing.assert_allclose(d.sf(x), exact, rtol=0, atol=1e-14)
        np.testing.assert_allclose(d.cdf(x), 1 - exact, rtol=0, atol=1e-14)
        # While the density keeps its digits, so does the probability of more.
        tail = (x > 10) & (exact > 1e-9)
        np.testing.assert_allclose(d.sf(x[tail]), exact[tail], rtol=1e-5)


@pytest.mark.parametrize(
    ("d", "law"),
    [
        (lambda: D(stats.norm()), stats.norm()),
        (lambda: 2 * D(stats.norm()) + 1, stats.norm(1, 2)),
        (lambda: 1 - 2 * D(stats.norm()), stats.norm(1, 2)),
        (lambda: D(stats.norm(1, 3)) + D(stats.norm(0, 4)), stats.norm(1, 5)),
        (lambda: D(stats.expon()).sum_of(5), stats.gamma(5)),
        (lambda: D(stats.gamma(2, scale=2, loc=1)) + D(stats.expon(scale=2)), stats.gamma(3, scale=2, loc=1)),
        (lambda: D(stats.Normal(mu=1.0, sigma=2.0)), stats.norm(1, 2)),
    ],
)
def test_laws_of_scipy_answer_by_its_formulas(d, law) -> None:
    x, q = np.array([-40.0, 0.5, 10.0, 90.0]), np.array([1e-100, 1e-20, 0.3])
    made = d()
    for name in ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf"):
        np.testing.assert_allclose(getattr(made, name)(x), getattr(law, name)(x), rtol=1e-12)
    for name in ("ppf", "isf"):
        np.testing.assert_allclose(getattr(made, name)(q), getattr(law, name)(q), rtol=1e-12)


def test_a_mirrored_law_answers_from_its_other_end() -> None:
    d = -D(stats.expon())
    assert d.cdf(-100.0) == pytest.approx(math.exp(-100), rel=1e-13)
    assert d.logcdf(-1000.0) == pytest.approx(-1000)
    assert d.ppf(1e-100) == pytest.approx(-stats.expon.isf(1e-100), rel=1e-13)
    assert (D(stats.expon()) - D(stats.expon())).cdf(-20.0) == pytest.approx(math.exp(-20) / 2, rel=1e-6)


def test_a_million_draws() -> None:
    d = D(stats.norm()) + D(stats.expon())
    draws = d.rvs(10**6, random_state=1)
    assert stats.kstest(draws, stats.exponnorm(1).cdf).pvalue > 1e-3
    generator = np.random.default_rng(1)
    np.testing.assert_array_equal(draws, d.ppf(generator.random(10**6)))


@pytest.mark.parametrize("shape", [64.0, 1e3, 1e5, 1e8])
def test_gammas_of_large_shape(shape: float) -> None:
    x = shape + math.sqrt(shape) * np.linspace(-8, 8, 41)
    with mp.workdps(40):
        exact = [mp.exp((shape - 1) * mp.log(t) - t - mp.loggamma(shape)) for t in map(mp.mpf, x.tolist())]
    # A place of so many digits is known to so many only.
    share = 2e-15 + 8 * np.spacing(shape) / math.sqrt(shape)
    scale = float(max(exact))
    np.testing.assert_allclose(F.gamma(shape)(x), np.array(exact, float), rtol=0, atol=share * scale)
    assert D(stats.gamma(shape)).density.integral() == pytest.approx(1, abs=1e-13)
