"""Poles are refused with their place and power; what is integrable is integrated."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import special

import faltung as ft

F = ft.Function
INF = math.inf
Support = tuple[float, float]


@pytest.mark.parametrize(
    ("function", "support", "breakpoints", "where"),
    [
        (lambda x: 1 / (x - 0.3), (0, 1), [], "near 0.3 it grows like the distance to the power -1:"),
        (lambda x: 1 / (x - 0.5), (0, 1), [], "near 0.5 .* power -1:"),
        (lambda x: 1 / abs(x - 0.3), (0, 1), [], "near 0.3 .* power -1:"),
        (lambda x: 1 / (x - 0.3) ** 2, (0, 1), [], "near 0.3 .* power -2:"),
        (lambda x: 1 / (x - 3e5) ** 2, (0, 1e6), [], "near 300000.0 .* power -2:"),
        (lambda x: 1 / (x - 0.3), (0, 1), [0.3], "near 0.3 .* power -1:"),
        (lambda x: 1 / (x - 0.3) ** 2, (0, 1), [0.3], "near 0.3 .* power -2:"),
        (lambda x: 1 / (x - 0.3) + 5, (0, 1), [0.3], "near 0.3 .* power -1:"),
        (lambda x: np.where(x < 0.3, 1.0, 1 / (x - 0.3)), (0, 1), [0.3], "near 0.3 .* power -1:"),
        (lambda x: 1 / (x - 0.3) + 1j, (0, 1), [], "near 0.3 .* power -1:"),
        (lambda x: 1 / x, (0, 1), [], "near 0.0 .* power -1:"),
        (lambda x: 1 / x + x**-0.5, (0, 1), [], "near 0.0 .* power -1:"),
        (lambda x: 1 / (1 - x), (0, 1), [], "near 1.0 .* power -1:"),
        (lambda x: x**-1.01, (0, 1), [], "near 0.0 .* power -1.01:"),
        (np.tan, (0, 3), [], "near 1.570796326.* power -1:"),
        (np.tan, (0, 100), [], "near .* power -1:"),
        (special.gamma, (-1.5, 1.5), [], "near -1.0 .* power -1:"),
        (lambda x: np.exp(-x * x) / (x - 0.3), (-INF, INF), [], "near 0.3 .* power -1:"),
        (lambda x: x**-2, (-INF, INF), [], "near 0.0 .* power -2:"),
        (lambda x: 1 / (x * abs(np.log(x))), (0, 0.5), [], "near 0.0 it is singular, and like no power"),
        (lambda x: x**-1, (1, INF), [], "towards inf does not converge .it decays like t to the power -1,"),
        (lambda x: abs(x - 0.3) ** -0.5, (0, 1), [], r"or the exponent, singular=.0.3: -0.5."),
    ],
)
def test_poles_are_refused(
    function: Callable[[np.ndarray], np.ndarray], support: Support, breakpoints: list[float], where: str
) -> None:
    with pytest.raises(ValueError, match=where):
        F(function, support, breakpoints)


def test_a_pole_is_no_weaker_singularity_whatever_is_said() -> None:
    with pytest.raises(ValueError, match=r"near 0.0 .* power -1:"):
        F(lambda x: 1 / x, (0, 1), singular={0: -0.5})


@pytest.mark.parametrize(
    ("function", "support", "breakpoints", "integral"),
    [
        (lambda x: x**-0.5, (0, 1), [], 2),
        (lambda x: x**-0.999, (0, 1), [], 1000),
        (lambda x: x**-0.5 + np.cos(x), (0, 1), [], 2 + math.sin(1)),
        (np.log, (0, 1), [], -1),
        (lambda x: 1 / (math.pi * np.sqrt(x * (1 - x))), (0, 1), [], 1),
        (lambda x: np.exp(-x) / np.sqrt(math.pi * x), (0, INF), [], 1),
        (lambda x: abs(x - 0.3) ** -0.5, (0, 1), [0.3], 2 * (math.sqrt(0.3) + math.sqrt(0.7))),
        (lambda x: np.where(x > 0.3, abs(x - 0.3) ** -0.5, 2.0), (0, 1), [0.3], 0.6 + 2 * math.sqrt(0.7)),
        (lambda x: np.log(abs(x - 0.3)), (0, 1), [0.3], 0.3 * math.log(0.3) + 0.7 * math.log(0.7) - 1),
    ],
)
def test_integrable_singularities_at_ends_and_break_points(
    function: Callable[[np.ndarray], np.ndarray], support: Support, breakpoints: list[float], integral: float
) -> None:
    f = F(function, support, breakpoints)
    assert f.integral() == pytest.approx(integral, rel=1e-12)
    # Convolution with a box is the difference of two running integrals.
    assert ft.convolve(f, F.box(0, 1)).integral() == pytest.approx(integral, rel=1e-10)


@pytest.mark.parametrize("width", [1e-3, 1e-6, 1e-10])
def test_steep_is_not_singular(width: float) -> None:
    peak = F(lambda x: 1 / (width**2 + (x - 0.3) ** 2), (0, 1))
    exact = (math.atan(0.7 / width) + math.atan(0.3 / width)) / width
    # Beside 0.3 numbers are 6e-17 apart: so little of the width.
    assert peak.integral() == pytest.approx(exact, rel=1e-13 + 1e-16 / width)
    wall = F(lambda x: np.tanh((x - 0.3) / width), (0, 1))
    assert wall.integral() == pytest.approx(0.4, abs=1e-13)
    assert wall(0.3 + width) == pytest.approx(math.tanh(1), abs=1e-12 + 1e-16 / width)


def test_what_a_callable_raises_says_where_it_was_called() -> None:
    def broken(x: np.ndarray) -> np.ndarray:
        raise LookupError("no table")

    with pytest.raises(LookupError, match="no table") as caught:
        F(broken, (0, 1))
    assert caught.value.__notes__[0].startswith("raised by the function, called with 24 points from 0.00")


def test_a_callable_of_numbers_is_told_from_a_broken_one() -> None:
    with pytest.raises(TypeError, match=r"takes no array of points .*truth value.*numpy.vectorize"):
        F(lambda x: 1.0 if x > 0 else 0.0, (-1, 1))


@pytest.mark.parametrize(
    ("function", "support", "jumps"),
    [
        (np.floor, (0, 10), dict.fromkeys(range(1, 10), 1.0) | {10: -9.0}),
        (np.floor, (0, 8), dict.fromkeys(range(1, 8), 1.0) | {8: -7.0}),
        (lambda t: np.sign(t - 0.3) * np.exp(t), (0, 1), {0: -1, 0.3: 2 * math.exp(0.3), 1: -math.e}),
        (lambda t: np.where(t >= 0.7, np.exp(-t), 0), (0, np.inf), {0.7: math.exp(-0.7)}),
        (lambda t: np.where(t <= 1, np.exp(t), 0), (-np.inf, np.inf), {1: -math.e}),
        (lambda t: np.exp(1j * t) * (t >= 1), (0, 3), {1: np.exp(1j), 3: -np.exp(3j)}),
    ],
)
def test_jumps_that_nobody_named_are_break_points(function, support, jumps: dict[float, complex]) -> None:
    f = F(function, support)
    slope = f.derivative()
    assert {atom.at: pytest.approx(atom.weight, rel=1e-13) for atom in slope.atoms} == jumps
    assert set(jumps) <= set(f.breakpoints)
    assert slope.integral() == pytest.approx(0, abs=1e-13)
    at = np.array([*jumps])
    beside = np.concatenate([at * (1 - 1e-15), at * (1 + 1e-15)])
    beside = beside[(beside > support[0]) & (beside < support[1])]
    np.testing.assert_allclose(f(beside), function(beside), rtol=1e-14, atol=1e-15)
    w = F.box(0, 0.25)
    np.testing.assert_allclose(ft.convolve(slope, w)(0.6), ft.convolve(f, w).derivative()(0.6), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-8, 1e-10, 1e-11, 1e-12, 1e-13])
def test_jumps_close_together_are_told_apart(gap: float) -> None:
    low, high = 0.3, 0.3 + gap

    def function(t: np.ndarray) -> np.ndarray:
        return np.sin(t) + (t >= low) + 2.0 * (t >= high)

    f = F(function, (-1, 1))
    np.testing.assert_allclose(f.breakpoints, [-1, low, high, 1], rtol=4e-16)  # neighbouring numbers
    away = np.geomspace(1e-15, 0.6, 200)
    t = np.concatenate([low - away, low + gap * np.array([0.1, 0.5, 0.9]), high + away])
    assert np.abs(f(t) - function(t)).max() <= f.error_estimate < 1e-14
    assert [atom.weight for atom in f.derivative().atoms][1:3] == pytest.approx([1, 2], rel=1e-14)


def test_jumps_between_almost_neighbouring_numbers_are_one() -> None:
    f = F(lambda t: 1.0 * (t >= 0.3) + (t >= 0.3 + 1e-15), (-1, 1))
    assert [(atom.at, atom.weight) for atom in f.derivative().atoms] == [(0.3, 2.0), (1.0, -2.0)]


def test_a_step_of_a_callable_is_convolved_exactly() -> None:
    s = ft.convolve(F(np.floor, (0, 10)), F.box())
    t = np.linspace(0, 10, 1001)
    exact = np.where(t < 1, 0, (np.floor(t) - 1) + (t - np.floor(t)))
    np.testing.assert_allclose(s(t), exact, rtol=2e-15, atol=1e-15)


def test_a_steep_wall_is_no_jump() -> None:
    f = F(lambda t: np.tanh(1e6 * (t - 0.3)), (0, 1))
    np.testing.assert_array_equal(f.breakpoints, [0, 1])
    t = 0.3 + 1e-6 * np.linspace(-3, 3, 31)
    # The places themselves are rounded: 1e-16 of 1e-6.
    np.testing.assert_allclose(f(t), np.tanh(1e6 * (t - 0.3)), rtol=0, atol=1e-9)


def test_a_wall_is_not_lost_beside_a_jump() -> None:
    def function(t):
        return np.tanh(1e6 * (t - 0.3)) + (t >= 0.7)

    f = F(function, (0, 1))
    np.testing.assert_array_equal(f.breakpoints, [0, 0.7, 1])
    t = np.concatenate([0.3 + 1e-6 * np.linspace(-3, 3, 31), np.linspace(0.01, 0.99, 50)])
    np.testing.assert_allclose(f(t), function(t), rtol=0, atol=1e-9)


@pytest.mark.parametrize("gap", [1e-6, 1e-9, 1e-12])
def test_a_logarithm_of_a_small_number_has_a_slope(gap: float) -> None:
    slope = F(lambda t: np.log(t + gap), (0, 1)).derivative()
    t = np.linspace(0.01, 0.99, 7)
    np.testing.assert_allclose(slope(t), 1 / (t + gap), rtol=1e-9)
