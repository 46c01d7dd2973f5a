"""Callables that are not functions to compute with: a clear error after bounded work, never a hang."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import faltung as ft
from faltung.functions.characteristic import Factor, spectrum_of
from faltung.functions.pieces import Pieces

F = ft.Function
INF = math.inf


class Counted:
    """A callable that counts the points it was asked for."""

    def __init__(self, function: Callable[[np.ndarray], object]) -> None:
        self.function, self.points = function, 0

    def __call__(self, x: np.ndarray) -> object:
        self.points += x.size
        return self.function(x)


def noise(size: float) -> Callable[[np.ndarray], np.ndarray]:
    generator = np.random.default_rng(0)
    return lambda x: np.sin(x) + size * generator.normal(size=x.shape)


def weierstrass(x: np.ndarray) -> np.ndarray:
    return sum(0.5**n * np.cos(7.0**n * np.pi * x) for n in range(20))


ROUGH = {
    "noise": noise(1.0),
    "little noise": noise(1e-6),
    "single precision": lambda x: np.sin(x.astype(np.float32)),
    "nowhere smooth": weierstrass,
    "oscillates without end": lambda x: np.sin(1 / x),
    "oscillates too fast": lambda x: np.sin(1e6 * x),
    "a thousand steps": lambda x: np.floor(1000 * x),
}


@pytest.mark.parametrize("name", ROUGH)
def test_too_rough(name: str) -> None:
    function = Counted(ROUGH[name])
    with pytest.raises(ValueError, match=r"20,000 polynomial pieces do not follow it.*breakpoints=.*tolerance="):
        F(function, (0, 1))
    assert function.points < 3e6


def test_rounding_is_no_noise() -> None:
    f = F(noise(1e-14), (0, 1))
    assert f.pieces.count < 20
    assert 1e-15 < f.error_estimate < 1e-12


@pytest.mark.parametrize(
    ("function", "support", "error", "message"),
    [
        (lambda x: x * np.nan, (0, 1), ValueError, "is nan: expected finite values"),
        (lambda x: np.where(x > 0.5, np.nan, 1.0), (0, 1), ValueError, "is nan: expected finite values"),
        (np.log, (-1, 1), ValueError, "is nan: expected finite values"),
        (lambda x: x * np.inf, (0, 1), ValueError, "is inf: expected finite values"),
        (lambda x: np.ones((3, 3)), (0, 1), TypeError, "returned shape .3, 3."),
        (lambda x: x[:, np.newaxis], (0, 1), TypeError, "returned shape .24, 1."),
        (lambda x: None, (0, 1), TypeError, "returned object values"),
        (lambda x: x.astype(object), (0, 1), TypeError, "returned object values"),
        (lambda x: 1 / 0, (0, 1), ZeroDivisionError, "division by zero"),
        (lambda x: np.sin(x * x), (-INF, INF), ValueError, "does not converge"),
        (np.sinc, (-INF, INF), ValueError, "it oscillates, at 5.02e-308"),
        (np.sqrt, (0, INF), ValueError, "it grows, to 3.35e"),
        (np.log1p, (0, INF), ValueError, "it goes on, at 707"),
        (lambda x: x, (0, INF), ValueError, "it grows, to 1.12e"),
        # t**p overflows while some of the integral is left: 1e-3 and 2e-6 of it.
        (lambda x: 1 / (1 + x) ** 1.01, (0, INF), ValueError, "decays like t to the power -1.01,"),
        (lambda x: 1 / (1 + x * x) ** 0.52, (0, INF), ValueError, "decays like t to the power -1.0"),
        (lambda x: np.sin(x) / (1 + x * x), (-INF, INF), ValueError, "20,000 polynomial pieces"),
        (lambda x: np.exp(-((x - 1e6) ** 2)), (-INF, INF), ValueError, "0 at every point .* breakpoints="),
        (lambda x: np.exp(-(((x - 0.3) * 1e5) ** 2)), (0, 1), ValueError, "0 at every point .* breakpoints="),
    ],
)
def test_no_function(function, support: tuple[float, float], error: type[Exception], message: str) -> None:
    counted = Counted(function)
    with pytest.raises(error, match=message):
        F(counted, support)
    assert counted.points < 3e6


def test_what_was_missed_is_found_by_a_break_point() -> None:
    f = F(lambda x: np.exp(-((x - 1e6) ** 2)), (-INF, INF), breakpoints=[1e6])
    # Points near 1e6 are 1e-10 apart.
    assert abs(f.integral() - math.sqrt(math.pi)) < 1e-10


def test_sizes_at_the_ends_of_the_range() -> None:
    huge, tiny = (F(lambda x, s=s: s * np.exp(-x * x), (-INF, INF)) for s in (1e300, 1e-300))
    t = np.linspace(-3, 3, 20)
    exact = math.sqrt(math.pi / 2) * np.exp(-t * t / 2)
    np.testing.assert_allclose(ft.convolve(huge, tiny)(t), exact, rtol=1e-12)
    with pytest.raises(OverflowError, match="convolve: values may exceed"):
        ft.convolve(huge, huge)


def test_far_apart_scales_keep_the_integral() -> None:
    s = ft.convolve(F.box(0, 1e12), F.box(0, 1e-12))
    assert s.integral() == pytest.approx(1.0, rel=1e-9)
    assert s(5e11) == pytest.approx(1e-12, rel=1e-9)


def test_the_mend_of_an_unnamed_power_works() -> None:
    f = ft.Function(lambda x: abs(x - 0.3) ** -0.5, (0, 1), breakpoints=[0.3])
    assert abs(f.integral() - 2 * (0.3**0.5 + 0.7**0.5)) < 1e-12


def test_what_has_no_mass_in_numbers_has_no_transform() -> None:
    pieces = Pieces.of(np.array([4.0, 4.0001]), np.full((1, 1), 5e-322))
    assert spectrum_of(Factor(pieces, 1), Factor(pieces, 1)) == "an integral is too small for a number"
