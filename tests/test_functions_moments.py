"""Moments of densities beside SciPy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import faltung as ft

LAWS = [
    stats.norm(0.5, 2.0),
    stats.gamma(2.5),
    stats.beta(0.5, 0.5),
    stats.expon(1.0),
    stats.uniform(-1, 3),
    stats.poisson(3.5),
    stats.binom(7, 0.3),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.dist.name)
@pytest.mark.parametrize("order", [1, 2, 3, 4, 6])
def test_moments_are_those_of_scipy(law, order: int) -> None:
    np.testing.assert_allclose(ft.Density(law).moment(order), law.moment(order), rtol=1e-9)  # as much may be cut off


def test_a_moment_that_does_not_exist_is_no_number() -> None:
    for law, order in ((stats.cauchy(), 4), (stats.t(3.5), 4), (stats.pareto(2.5), 3)):
        assert not math.isfinite(ft.Density(law).moment(order))


def test_a_mixed_law_has_moments() -> None:
    half = ft.Density(ft.Function.delta(2.0, 0.5) + ft.Function.box(0, 1, 0.5))
    np.testing.assert_allclose(half.moment(3), 0.5 * 8 + 0.5 / 4, rtol=1e-14)


def test_no_times_a_variable_is_zero() -> None:
    for law in (stats.norm(), stats.cauchy(), stats.poisson(2)):
        nothing = ft.Density(law) * 0
        assert (nothing.pmf(0.0), nothing.mean(), nothing.var(), nothing.cdf(-1e-9)) == (1, 0, 0, 0)


def test_continuous_laws_with_a_pole_at_the_median_are_no_lattice() -> None:
    class Pole:
        """A law of SciPy's new infrastructure in its looks, with density ``|x|**-0.5 / 4`` on (-1, 1)."""

        def pdf(self, x):
            with np.errstate(divide="ignore"):
                return np.where(np.abs(x) <= 1, np.abs(np.asarray(x, dtype=float)) ** -0.5 / 4, 0.0)

        def pmf(self, x):
            return np.zeros(np.shape(x))

        def icdf(self, q):
            u = 2 * np.asarray(q, dtype=float) - 1
            return np.sign(u) * u**2

        def median(self):
            return 0.0

        def support(self):
            return -1.0, 1.0

        def mean(self):
            return 0.0

        def variance(self):
            return 0.2

    with pytest.raises(ValueError, match="breakpoints"):  # a continuous law's message, not masses
        ft.Density(Pole())
