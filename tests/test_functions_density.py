"""Laws of sums of independent variables, against SciPy's distributions and closed formulas."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from scipy import integrate, special, stats

import faltung as ft

D = ft.Density
F = ft.Function
Q = np.concatenate([[1e-6, 1e-3], np.linspace(0.01, 0.99, 99), [1 - 1e-3, 1 - 1e-6]])


def assert_law(d: ft.Density, reference, share: float = 1e-12, quantiles: bool = True) -> None:
    x = reference.ppf(np.linspace(0.001, 0.999, 200))
    height = np.abs(reference.pdf(x)).max()
    np.testing.assert_allclose(d.pdf(x), reference.pdf(x), rtol=0, atol=share * height)
    np.testing.assert_allclose(d.cdf(x), reference.cdf(x), rtol=0, atol=1e-12)
    np.testing.assert_allclose(d.sf(x), reference.sf(x), rtol=0, atol=1e-12)
    if quantiles:
        np.testing.assert_allclose(reference.cdf(d.ppf(Q)), Q, rtol=0, atol=1e-10)
        np.testing.assert_allclose(reference.sf(d.isf(Q)), Q, rtol=0, atol=1e-10)


# SciPy's exponnorm subtracts in its tails: 1e-13 of the height is what it keeps.
@pytest.mark.parametrize(("mean", "sigma", "scale"), [(0, 1, 1), (2, 0.5, 3), (-1, 2, 0.25)])
def test_normal_plus_exponential(mean: float, sigma: float, scale: float) -> None:
    d = D(stats.norm(mean, sigma)) + D(stats.expon(scale=scale))
    assert_law(d, stats.exponnorm(scale / sigma, loc=mean, scale=sigma))
    assert d.mean() == pytest.approx(mean + scale)
    assert d.var() == pytest.approx(sigma**2 + scale**2)


@pytest.mark.parametrize(("sigma", "width"), [(1.0, 1.0), (0.3, 2.0), (2.0, 0.1)])
def test_normal_plus_cauchy_is_voigt(sigma: float, width: float) -> None:
    d = D(stats.norm(0, sigma)) + D(stats.cauchy(0, width))
    x = np.linspace(-30, 30, 200)
    exact = special.voigt_profile(x, sigma, width)
    np.testing.assert_allclose(d.pdf(x), exact, rtol=0, atol=1e-12 * exact.max())


def irwin_hall(n: int, x):
    k = np.arange(n + 1)[:, np.newaxis]
    terms = (-1.0) ** k * special.binom(n, k) * np.maximum(x - k, 0) ** (n - 1)
    return terms.sum(axis=0) / math.factorial(n - 1)


@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_sums_of_uniforms(n: int) -> None:
    d = D(stats.uniform()).sum_of(n)
    x = np.random.default_rng(2).uniform(0, n, 200)
    # The formula's alternating sum, in double precision, is good to about 1e-11 at n = 8.
    np.testing.assert_allclose(d.pdf(x), irwin_hall(n, x), rtol=0, atol=1e-11)
    assert d.support() == (0, n)
    assert d.var() == pytest.approx(n / 12)


def test_cauchy_plus_uniform() -> None:
    d = D(stats.cauchy()) + D(stats.uniform())
    x = np.concatenate([np.linspace(-40, 40, 200), [-1e5, 1e7]])
    exact = (np.arctan(x) - np.arctan(x - 1)) / np.pi
    np.testing.assert_allclose(d.pdf(x[:200]), exact[:200], rtol=0, atol=1e-14)

    def antiderivative(t):
        return t * np.arctan(t) - np.log1p(t * t) / 2

    cdf = 0.5 + (antiderivative(x[:200]) - antiderivative(x[:200] - 1)) / np.pi
    np.testing.assert_allclose(d.cdf(x[:200]), cdf, rtol=0, atol=1e-13)
    # Far out the law is the Cauchy law moved by one half, to second order.
    for far in (1e5, 1e8, 1e12):
        assert abs(d.sf(far) - stats.cauchy.sf(far - 0.5)) < 1e-16
    # The cut-off leaves out a mass of 6e-17: so much of 1e-12.
    assert d.isf(1e-12) == pytest.approx(stats.cauchy.isf(1e-12), rel=1e-4)
    assert math.isnan(d.mean())


@pytest.mark.parametrize("law", [stats.t(3), stats.t(1.5), stats.pareto(1.5), stats.lomax(0.7)])
def test_heavy_tails_plus_uniform(law) -> None:
    d = D(law) + D(stats.uniform())
    nodes, weights = np.polynomial.legendre.leggauss(40)
    for x in (5.0, 1e2, 1e4, 1e7):
        # P(X + U > x) is the mean of P(X > x - u).
        exact = weights / 2 @ law.sf(x - (1 + nodes) / 2)
        assert d.sf(x) == pytest.approx(exact, rel=1e-9, abs=1e-14)
        assert d.cdf(x) == pytest.approx(1 - exact, abs=1e-12)
        assert d.cdf(d.ppf(1 - exact)) == pytest.approx(1 - exact, abs=1e-10)
    assert d.density.tail_mass < 1e-15
    assert d.density.integral() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("law", [stats.cauchy(), stats.t(3), stats.pareto(1.5)])
def test_hundredfold_sums_of_heavy_tails(law) -> None:
    d = D(law).sum_of(100)
    assert d.density.integral() == pytest.approx(1, abs=1e-11)
    if law.dist.name == "cauchy":
        x = np.array([-300.0, 0.0, 50.0, 1e4])
        np.testing.assert_allclose(d.pdf(x), stats.cauchy(0, 100).pdf(x), rtol=0, atol=1e-12 / 314)
    # One large jump: far out the tail is a hundred times that of one.
    assert d.sf(1e9) == pytest.approx(100 * law.sf(1e9), rel=2e-2, abs=1e-15)


@pytest.mark.parametrize(("one", "two"), [(0.5, 0.5), (2.5, 0.3), (1.0, 4.0), (0.1, 0.2), (30.0, 12.5)])
def test_sums_of_gammas(one: float, two: float) -> None:
    d = D(stats.gamma(one, scale=2.0)) + D(stats.gamma(two, scale=2.0))
    assert_law(d, stats.gamma(one + two, scale=2.0), 1e-10, quantiles=one + two > 0.5)


def test_sum_of_gammas_of_two_rates_by_quadrature() -> None:
    d = D(stats.gamma(0.7)) + D(stats.gamma(1.9, scale=0.5))
    for x in (0.05, 0.8, 3.0):
        # x v**k clears the singular end: the integrand is smooth in v.
        def integrand(v, x=x):
            y = x * v ** (1 / 0.7)
            return stats.gamma.pdf(y, 0.7) * stats.gamma.pdf(x - y, 1.9, scale=0.5) * x / 0.7 * v ** (1 / 0.7 - 1)

        exact = integrate.quad(integrand, 0, 1, epsabs=0, epsrel=1e-12, limit=200)[0]
        assert d.pdf(x) == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("norm", ()), ("uniform", ()), ("expon", ()), ("beta", (2.3, 3.7)), ("beta", (0.5, 0.5)), ("laplace", ()),
        ("logistic", ()), ("weibull_min", (1.5,)), ("lognorm", (0.8,)), ("t", (3,)), ("pareto", (1.5,)),
        ("gumbel_r", ()), ("rayleigh", ()), ("triang", (0.3,)), ("invgauss", (0.5,)), ("chi2", (3,)), ("f", (5, 7)),
        ("halfnorm", ()), ("truncnorm", (-1, 2)), ("cauchy", ()), ("arcsine", ()), ("gamma", (0.2,)),
    ],
)  # fmt: skip
def test_every_family_is_itself(name: str, shapes: tuple[float, ...]) -> None:
    reference = getattr(stats, name)(*shapes, loc=1.5, scale=2.0)
    # From the pieces: SciPy's own formulas would answer for the law itself.
    d = D(D(reference).density)
    singular = name in ("beta", "arcsine", "gamma")
    x = reference.ppf(np.linspace(0.01, 0.99, 200))
    np.testing.assert_allclose(d.pdf(x), reference.pdf(x), rtol=1e-9 if singular else 1e-12)
    np.testing.assert_allclose(d.cdf(x), reference.cdf(x), rtol=0, atol=1e-12)
    # Beside a singular end the quantile itself, 1.5 + 1e-31, is what cannot be told from 1.5.
    q = Q[reference.ppf(Q) - 1.5 > 1e-9] if name == "gamma" else Q
    np.testing.assert_allclose(reference.cdf(d.ppf(q)), q, rtol=0, atol=1e-10)
    assert d.density.integral() == pytest.approx(1, abs=1e-12)
    assert d.entropy() == pytest.approx(float(reference.entropy()), abs=1e-10)


def test_new_infrastructure() -> None:
    d = D(stats.Normal(mu=1.0, sigma=2.0)) + D(stats.Uniform(a=0.0, b=3.0))
    e = D(stats.norm(1, 2)) + D(stats.uniform(0, 3))
    x = np.linspace(-6, 10, 50)
    np.testing.assert_allclose(d.pdf(x), e.pdf(x), rtol=0, atol=1e-14)


# Algebra -----------------------------------------------------------------------------------------


def test_twice_is_not_the_sum_of_two() -> None:
    d = D(stats.expon())
    np.testing.assert_allclose((d + d).pdf([0.5, 2.0]), stats.gamma(2).pdf([0.5, 2.0]), rtol=1e-13)
    np.testing.assert_allclose((2 * d).pdf([0.5, 2.0]), stats.expon(scale=2).pdf([0.5, 2.0]), rtol=1e-13)
    assert ((2 * d).var(), (d + d).var()) == (4.0, 2.0)


def test_affine_laws_and_differences() -> None:
    d = 3 - 2 * D(stats.expon())
    reference = stats.expon(scale=2)
    np.testing.assert_allclose(d.cdf([1.0, 2.5]), reference.sf([2.0, 0.5]), rtol=1e-13)
    e = D(stats.expon()) - D(stats.expon())
    x = np.linspace(-10, 10, 101)
    np.testing.assert_allclose(e.pdf(x), stats.laplace.pdf(x), rtol=0, atol=1e-14)
    assert (d.mean(), d.var()) == (1.0, 4.0)


def test_hundredfold_sum_has_the_moments_of_one() -> None:
    d = D(stats.logistic()).sum_of(100)
    t = np.linspace(-60, 60, 200)
    assert d.density.integral() == pytest.approx(1, abs=1e-11)
    # The trapezoidal rule converges exponentially for what is smooth and decays.
    x, w = np.linspace(-250, 250, 1001), np.full(1001, 0.5)
    assert w @ (x**2 * d.pdf(x)) == pytest.approx(100 * np.pi**2 / 3, rel=1e-10)
    np.testing.assert_allclose(d.pdf(t), d.pdf(-t), rtol=0, atol=1e-14)
    # Kurtosis falls as 1 / n: so much is left of the fourth moment's excess.
    fourth = w @ (x**4 * d.pdf(x)) / d.var() ** 2 - 3
    assert fourth == pytest.approx(1.2 / 100, abs=1e-9)


def test_sum_of_is_repeated_addition() -> None:
    d = D(stats.triang(0.3))
    x = np.linspace(0, 5, 60)
    np.testing.assert_allclose(d.sum_of(5).pdf(x), (d + d + d + d + d).pdf(x), rtol=0, atol=1e-13)


# Discrete and mixed --------------------------------------------------------------------------------


def test_discrete_sums_are_exact_convolutions() -> None:
    d = D(stats.poisson(3.5)) + D(stats.poisson(4.5))
    k = np.arange(40)
    reference = stats.poisson(8)
    np.testing.assert_allclose(d.pmf(k), reference.pmf(k), rtol=1e-12)
    np.testing.assert_allclose(d.cdf(k), reference.cdf(k), rtol=1e-12)
    np.testing.assert_array_equal(d.ppf([0.1, 0.5, 0.99]), reference.ppf([0.1, 0.5, 0.99]))
    np.testing.assert_allclose(d.sf([10, 25]), reference.sf([10, 25]), rtol=1e-9)


def test_quantiles_of_masses_are_scipys() -> None:
    for law in (stats.randint(1, 7), stats.binom(10, 0.5), stats.randint(0, 10)):
        d = D(law)
        k = np.arange(*law.support())
        q = np.concatenate([law.cdf(k), np.linspace(0.05, 0.95, 19), [1 / 6, 1 / 3, 2 / 3, 5 / 6]])
        np.testing.assert_array_equal(d.ppf(q[q < 1]), law.ppf(q[q < 1]))
        np.testing.assert_array_equal(d.isf(law.sf(k)), k)


def test_dice() -> None:
    d = D(stats.randint(1, 7)).sum_of(10)
    counts = np.array([1])
    for _ in range(10):
        counts = np.convolve(counts, np.ones(6, int))
    np.testing.assert_allclose(d.pmf(np.arange(10, 61)) * 6**10, counts, rtol=1e-13)
    assert d.pmf(9.5) == 0
    assert d.entropy() == pytest.approx(-(counts / 6**10 * np.log(counts / 6**10)).sum(), rel=1e-12)
    with pytest.raises(ValueError, match="atoms only: expected pmf"):
        d.pdf(3)


def test_tables_of_masses_keep_them_all() -> None:
    d = D(stats.rv_discrete(values=([1, 2.5], [0.5, 0.5]))())
    np.testing.assert_allclose(d.cdf([1, 2, 2.5]), [0.5, 0.5, 1])
    assert (d + d).pmf(3.5) == 0.5
    e = D(stats.rv_discrete(values=([3, 1], [0.25, 0.75]))(loc=1))
    np.testing.assert_allclose((e + e).pmf([4, 5, 6, 7, 8]), [0.5625, 0, 0.375, 0, 0.0625])
    assert (e.mean(), e.var()) == (2.5, 0.75)


def test_discrete_plus_continuous_is_a_mixture() -> None:
    d = D(stats.binom(10, 0.3)) + D(stats.norm(0, 0.2))
    x = np.linspace(-1, 11, 200)
    weights = stats.binom(10, 0.3).pmf(np.arange(11))
    exact = sum(w * stats.norm(k, 0.2).pdf(x) for k, w in enumerate(weights))
    np.testing.assert_allclose(d.pdf(x), exact, rtol=0, atol=1e-13)


def test_mixed_law_with_an_atom() -> None:
    waiting = D(0.25 * F.delta() + 0.75 * F.exponential(2.0))
    np.testing.assert_allclose(waiting.cdf([-1, 0, 1]), [0, 0.25, 1 - 0.75 * np.exp(-2)], atol=1e-14)
    np.testing.assert_allclose(waiting.ppf([0.1, 0.25, 0.5]), [0, 0, -np.log(0.5 / 0.75) / 2], atol=1e-13)
    assert waiting.mean() == pytest.approx(0.375)
    assert waiting.var() == pytest.approx(0.375 - 0.375**2)
    twice = waiting + waiting
    assert twice.pmf(0.0) == pytest.approx(0.0625)
    t = 0.7
    exact = 2 * 0.25 * 0.75 * 2 * np.exp(-2 * t) + 0.75**2 * 4 * t * np.exp(-2 * t)
    assert twice.pdf(t) == pytest.approx(exact, rel=1e-13)


# Use as a frozen distribution -----------------------------------------------------------------------


def test_draws_follow_the_law() -> None:
    d = D(stats.norm()) + D(stats.expon())
    draws = d.rvs((40, 50), random_state=0)
    assert draws.shape == (40, 50)
    assert stats.kstest(draws.ravel(), stats.exponnorm(1).cdf).pvalue > 1e-3
    np.testing.assert_array_equal(draws, d.rvs((40, 50), random_state=0))


def test_interval_median_and_ends() -> None:
    d = D(stats.norm(1, 2)) + D(stats.norm(0, 1.5))
    np.testing.assert_allclose(d.interval(0.95), stats.norm(1, 2.5).interval(0.95), rtol=1e-12)
    assert d.median() == pytest.approx(1, abs=1e-13)
    np.testing.assert_array_equal(d.ppf([0, 1, -0.1, np.nan]), [-np.inf, np.inf, np.nan, np.nan])
    assert d.logcdf(1.0) == pytest.approx(math.log(0.5))
    assert d.logsf(12.0) == pytest.approx(stats.norm(1, 2.5).logsf(12.0), rel=1e-9)
    assert d.logpdf(1.0) == pytest.approx(stats.norm(1, 2.5).logpdf(1.0))
    assert d.sf(12.0) == pytest.approx(stats.norm(1, 2.5).sf(12.0), rel=1e-9)


@pytest.mark.parametrize(
    ("f", "mean", "var"),
    [
        (F.gaussian(2.0, 3.0), 2.0, 9.0),
        (F.gamma(2.5, 0.5), 5.0, 10.0),
        (F(lambda x: 1 / (np.pi * (1 + x * x)), (-np.inf, np.inf)), math.nan, math.nan),
    ],
)
def test_moments_of_functions(f: ft.Function, mean: float, var: float) -> None:
    d = D(f)
    assert (d.mean(), d.var()) == pytest.approx((mean, var), rel=1e-12, nan_ok=True)


def test_weighted_average() -> None:
    m = F.from_samples([0.0, 1.0, 2.5, 3.0], [0.0, 2.0, -1.0, 1.0])
    w = F.exponential(3.0)
    t = np.linspace(-1, 5, 50)
    np.testing.assert_array_equal(ft.weighted_average(m, w)(t), ft.convolve(m, w)(t))
    np.testing.assert_allclose(ft.weighted_average(m, 5 * w, normalize=True)(t), ft.convolve(m, w)(t), atol=1e-14)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ft.weighted_average(F.box(), 2 * F.box()), ValueError, "its integral is 2 and its minimum 0"),
        (lambda: ft.weighted_average(F.box(), 2 * F.box() - F.box(1, 2)), ValueError, "minimum -1"),
        (lambda: ft.weighted_average(F.box(), F.step()), ValueError, "its integral is inf"),
        (lambda: ft.weighted_average(F.box(), np.ones(3)), TypeError, "w is a ndarray"),
        (lambda: D(stats.norm()) + np.ones(3), TypeError, "does not support ufuncs"),
        (lambda: D(stats.norm()) + 1e300, ValueError, "distance=1e.300: expected a place where numbers are closer"),
        (lambda: D(stats.poisson(3)) + 1e300, ValueError, "masses would lie near 1e.300"),
        (lambda: D(stats.norm(4e9, 1e-3)).sum_of(10000), ValueError, "the result would lie near 4e.13"),
        (lambda: D(stats.logistic(4e9, 1e-3)).sum_of(10000), ValueError, "the result would lie near 4e.13"),
        (lambda: D(F.box(0, 3)), ValueError, "its integral is 3"),
        (lambda: D(stats.norm), TypeError, "expected a frozen scipy.stats distribution"),
        (lambda: D(3), TypeError, "distribution is a int"),
        (lambda: D(stats.norm()).sum_of(0), ValueError, "n=0: expected how many"),
        (lambda: D(stats.norm()).sum_of(1.5), ValueError, "n=1.5: expected how many"),
        (lambda: D(stats.norm()) * np.inf, ValueError, "factor=inf"),
        (lambda: D(stats.norm()).interval(2), ValueError, "confidence=2"),
    ],
)
def test_what_is_no_law_says_why(make, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_many_small_shifts_are_one_large_one() -> None:
    f = F.gaussian().shift(1e14)
    with pytest.raises(ValueError, match="expected a place where numbers are closer"):
        f.shift(1e14)


def test_frozen_laws_are_operands() -> None:
    x = np.linspace(-3, 8, 50)
    exact = (D(stats.norm()) + D(stats.expon())).pdf(x)
    for d in (D(stats.norm()) + stats.expon(), stats.expon() + D(stats.norm()), D(stats.expon()) + stats.Normal()):
        np.testing.assert_allclose(d.pdf(x), exact, rtol=0, atol=1e-15)
    np.testing.assert_allclose((stats.norm() - D(stats.expon())).pdf(-x), exact, rtol=0, atol=1e-15)
    np.testing.assert_allclose((D(stats.expon()) - stats.norm()).pdf(x), exact, rtol=0, atol=1e-15)
    m = F.from_samples([0.0, 1.0, 2.5], [0.0, 2.0, -1.0])
    np.testing.assert_array_equal(ft.weighted_average(m, D(stats.norm()))(x), ft.convolve(m, F.gaussian())(x))


@pytest.mark.parametrize("factor", [1e-13, 0.1, 1.0, 1e13])
def test_masses_agree_with_the_cumulative_function(factor: float) -> None:
    law = stats.binom(10, 0.3)
    d = factor * D(law)
    for k in range(11):
        x = k * float(f"{factor:g}") if factor != 0.1 else k / 10
        assert d.pmf(x) == pytest.approx(law.pmf(k), rel=1e-14)
        assert d.cdf(x) == pytest.approx(law.cdf(k), rel=1e-14)
        assert d.sf(x) == pytest.approx(law.sf(k), rel=1e-13, abs=1e-16)
        assert d.pmf((k + 0.3) * factor) == 0
        assert d.ppf(law.cdf(k) * (1 - 1e-12)) == pytest.approx(x, rel=1e-15)


def test_a_law_survives_pickling() -> None:
    for d in (D(stats.norm(1, 2)) + D(stats.expon()), D(stats.binom(5, 0.3)), D(F.box()), D(stats.loggamma(2.0))):
        again = pickle.loads(pickle.dumps(d))
        assert (again.mean(), again.var(), again.cdf(1.5)) == (d.mean(), d.var(), d.cdf(1.5))


def test_long_lattices_add_up_by_transforms() -> None:
    """Within the noise of a transform of the sum of products, and nothing below it at the ends."""
    one = D(stats.poisson(1e6))
    masses = one._lattice.masses
    assert len(masses) ** 2 > 2**28
    d = one.sum_of(2)
    start = 2 * int(one.support()[0])
    exact = ft.convolve(masses, masses, accuracy="elementwise")
    found = d.pmf(start + np.arange(len(exact)))
    np.testing.assert_allclose(found, exact, rtol=0, atol=1.25 * 2.0**-50 * (masses @ masses))
    assert found.min() >= 0
    assert found.sum() == pytest.approx(exact.sum(), abs=1e-14)
    assert 0 < d.support()[0] - start < len(exact) / 2


def test_far_lattices() -> None:
    d = D(stats.poisson(5e6)).sum_of(2)
    assert d.cdf(1e7) == pytest.approx(stats.poisson(1e7).cdf(1e7), abs=1e-8)
    assert D(stats.poisson(100)).support()[0] == 0
    with pytest.raises(ValueError, match=r"rv_discrete\(values=\(places, masses\)\)"):
        D(stats.zipf(2))
    places = np.arange(1, 1000)
    masses = stats.zipf(2).pmf(places) / stats.zipf(2).cdf(999)
    assert D(stats.rv_discrete(values=(places, masses))()).pmf(3) == pytest.approx(masses[2], rel=1e-15)


def test_a_tail_is_no_singularity() -> None:
    """Sixty decades hold its bulk: too many for pieces, but it has no exponent at 1."""
    with pytest.raises(ValueError, match="256 polynomial pieces"):
        D(stats.pareto(0.05))


def test_intervals_of_arrays() -> None:
    low, high = D(stats.norm()).interval([0.5, 0.9])
    np.testing.assert_allclose([low, high], stats.norm.interval([0.5, 0.9]), rtol=1e-12)
