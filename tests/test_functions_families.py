"""SciPy's families of distributions as laws: each its own density, and the convolution of a sum with a normal one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

import faltung as ft

D = ft.Density

# What has a shape of its own: ends where the density jumps, rises like a root or is infinite, kinks
# inside, tails of every weight, no end at all, values of few digits, a law on the circle.
CONTINUOUS = [
    ("alpha", (3.57,)), ("anglit", ()), ("arcsine", ()), ("argus", (1.0,)), ("beta", (2.31, 0.63)),
    ("betaprime", (5, 6)),
    ("bradford", (0.3,)), ("burr", (10.5, 4.3)), ("cauchy", ()), ("chi", (78,)), ("cosine", ()),
    ("crystalball", (2.0, 3.0)),
    ("dgamma", (1.1,)), ("dweibull", (2.07,)), ("exponpow", (2.7,)), ("f", (29, 18)), ("fatiguelife", (29,)),
    ("fisk", (3.09,)), ("genextreme", (-0.1,)), ("gennorm", (1.3,)), ("genpareto", (0.1,)), ("gompertz", (0.95,)),
    ("halfcauchy", ()), ("invgauss", (0.15,)), ("irwinhall", (10,)), ("johnsonsu", (2.55, 2.25)),
    ("kappa4", (-0.1, 0.1)),
    ("ksone", (10,)), ("kstwobign", ()), ("landau", ()), ("levy", ()), ("loggamma", (0.41,)), ("loglaplace", (3.25,)),
    ("lomax", (1.88,)), ("moyal", ()), ("ncx2", (21, 1.06)), ("pareto", (2.62,)), ("pearson3", (-2,)),
    ("powerlaw", (0.66,)), ("semicircular", ()), ("skewnorm", (4.0,)), ("t", (2.74,)),
    ("trapezoid", (0.2, 0.8)), ("truncpareto", (-2, 5)), ("tukeylambda", (3.13,)), ("uniform", ()),
    ("weibull_max", (2.87,)), ("weibull_min", (0.5,)), ("wrapcauchy", (0.03,)),
]  # fmt: skip
# SciPy's own cumulative function or density has so few digits, or the density is infinite at
# an end, moved to 0.5: beside it numbers are 1e-16 apart.
ROUGH = {"gennorm": 1e-9, "kstwobign": 2e-9, "beta": 1e-11, "powerlaw": 1e-11, "arcsine": 1e-11, "weibull_min": 1e-10}
DISCRETE = [
    ("betanbinom", (5, 9.3, 1)), ("binom", (5, 0.4)), ("dlaplace", (0.8,)), ("geom", (0.5,)),
    ("hypergeom", (30, 12, 6)),
    ("nbinom", (0.4, 0.4)), ("nchypergeom_wallenius", (140, 80, 60, 0.5)), ("poisson", (0.6,)), ("randint", (7, 31)),
    ("skellam", (15, 8)), ("yulesimon", (11.0,)), ("zipf", (6.6,)), ("zipfian", (0.75, 15)),
]  # fmt: skip


def smoothed(law: Any, at: float) -> float:
    """P(X + Z <= at), Z normal: the mean of the normal's cumulative function at ``at`` minus the quantiles of X."""

    def integrand(q: float) -> float:
        return float(stats.norm.cdf(at - law.ppf(q)))

    return float(integrate.quad(integrand, 0, 1, epsabs=1e-9, limit=200, points=[1e-3, 0.5, 1 - 1e-3])[0])


@pytest.mark.parametrize(("name", "shapes"), CONTINUOUS, ids=[name for name, _ in CONTINUOUS])
def test_continuous_family(name: str, shapes: tuple[float, ...]) -> None:
    law = getattr(stats, name)(*shapes, loc=0.5, scale=1.5)
    d = D(law)
    # A law of a Function has no formulas of SciPy's to answer with.
    read = D(d.density)
    x = law.ppf(np.linspace(0.001, 0.999, 60))
    exact = law.pdf(x)
    share = ROUGH.get(name, 1e-12)
    for law_read in (d, read):
        np.testing.assert_allclose(law_read.pdf(x), exact, rtol=0, atol=share * exact.max())
        np.testing.assert_allclose(law_read.cdf(x), law.cdf(x), rtol=0, atol=share)
    assert d.density.integral() == pytest.approx(1, abs=share)
    with np.errstate(all="ignore"):
        mean, var = law.stats("mv")
    assert (d + D(stats.norm())).mean() == pytest.approx(float(mean), rel=1e-8, abs=1e-8, nan_ok=True)
    assert d.var() == pytest.approx(float(var), rel=1e-7, nan_ok=True)


@pytest.mark.parametrize(
    ("name", "shapes"),
    [(n, s) for n, s in CONTINUOUS if n in ("alpha", "dgamma", "levy", "weibull_min", "t")],
)
def test_continuous_family_beside_a_normal_law(name: str, shapes: tuple[float, ...]) -> None:
    law = getattr(stats, name)(*shapes)
    d = D(law) + D(stats.norm())
    for at in law.ppf([0.3, 0.9]):
        assert d.cdf(at) == pytest.approx(smoothed(law, float(at)), abs=1e-8)


@pytest.mark.parametrize(("name", "shapes"), DISCRETE, ids=[name for name, _ in DISCRETE])
def test_discrete_family(name: str, shapes: tuple[float, ...]) -> None:
    law = getattr(stats, name)(*shapes)
    d = D(law)
    k = np.unique(law.ppf(np.linspace(0.001, 0.999, 40)))
    np.testing.assert_allclose(d.pmf(k), law.pmf(k), rtol=1e-14)
    # SciPy's masses of the Wallenius law are good to ten digits.
    np.testing.assert_allclose(d.cdf(k), law.cdf(k), rtol=0, atol=1e-10 if "wallenius" in name else 1e-14)
    both = d + D(stats.norm())
    places = np.arange(k[0] - 40, k[-1] + 400)
    masses = law.pmf(places)
    for at in (k[0] - 0.5, k[-1] + 0.25):
        exact = float(masses @ stats.norm.pdf(at - places))
        assert both.pdf(at) == pytest.approx(exact, abs=1e-10 if "wallenius" in name else 1e-13)
    assert both.var() == pytest.approx(float(law.var()) + 1, rel=1e-12)


def test_a_law_on_the_circle_is_a_density_on_one_turn() -> None:
    law = stats.vonmises(3.99, loc=0.5)
    d = D(law)
    assert d.support() == (0.5 - math.pi, 0.5 + math.pi)
    x = np.linspace(0.5 - math.pi, 0.5 + math.pi, 101)
    np.testing.assert_allclose(d.pdf(x), law.pdf(x), rtol=0, atol=1e-14)
    assert d.mean() == pytest.approx(0.5, abs=1e-12)


def test_densities_of_few_digits_say_so() -> None:
    class Rough(stats.rv_continuous):
        def _pdf(self, x: Any) -> Any:
            return np.exp(-x) * (1 + 1e-9 * np.sin(1e9 * x))

        def _ppf(self, q: Any) -> Any:
            return -np.log1p(-q)

    d = D(Rough(a=0, name="rough")())
    assert 1e-10 < d.density.error_estimate < 1e-8
    assert d.cdf(0.4) == pytest.approx(-math.expm1(-0.4), abs=1e-9)


def test_histograms_keep_their_steps() -> None:
    counts, edges = np.array([3.0, 1.0, 4.0]), np.array([0.0, 1.0, 1.5, 4.0])
    law = stats.rv_histogram((counts, edges), density=False)
    d = D(law())
    np.testing.assert_allclose(d.pdf([0.5, 1.25, 3.0]), law.pdf([0.5, 1.25, 3.0]), rtol=1e-14)
    assert d.density.breakpoints.tolist() == [0, 1, 1.5, 4]


def test_families_of_users_are_not_taken_for_those_of_scipy() -> None:
    class Ramp(stats.rv_continuous):
        def _pdf(self, x: Any) -> Any:
            return 2 * x

    class Steep(stats.rv_continuous):
        def _pdf(self, x: Any) -> Any:
            return 3 * x

    assert D(Ramp(a=0, b=1, name="norm")()).pdf(0.5) == pytest.approx(1.0)
    with pytest.raises(ValueError, match=r"no density: the integral of its pdf is 1\.5"):
        D(Steep(a=0, b=1, name="norm")())


def test_a_density_that_is_noise_is_refused_soon() -> None:
    points: list[int] = []

    class Noise(stats.rv_continuous):
        def _pdf(self, x: Any) -> Any:
            points.append(np.size(x))
            return np.exp(-x) * (1 + 1e-6 * np.sin(1e9 * x))

        def _ppf(self, q: Any) -> Any:
            return -np.log1p(-q)

    with pytest.raises(ValueError, match="256 polynomial pieces do not follow it"):
        D(Noise(a=0, name="noise")())
    assert sum(points) < 20_000


def test_moments_are_asked_for_when_they_are_wanted() -> None:
    class Slow(stats.rv_continuous):
        def _pdf(self, x: Any) -> Any:
            return np.exp(-x)

        def _stats(self) -> Any:
            raise AssertionError("asked")

    d = D(Slow(a=0, name="slow")()) + D(stats.norm())
    assert d.cdf(0.0) < 0.5
    with pytest.raises(AssertionError, match="asked"):
        d.mean()


def test_moments_of_long_sums_do_not_pile_up() -> None:
    d = D(stats.bernoulli(0.5))
    for _ in range(1200):
        d = d + D(stats.bernoulli(0.5)) if d.support()[1] < 3 else d + 1.0
    assert d.mean() == pytest.approx(1.5 + 1198)
    assert d.var() == pytest.approx(0.75)
