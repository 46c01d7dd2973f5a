"""Functions through samples, and sampled signals with continuous kernels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

import faltung as ft

F = ft.Function
TIMES = np.array([0.0, 0.3, 1.0, 1.1, 2.7, 4.0])
VALUES = np.array([1.0, -0.5, 2.0, 0.0, 1.5, -1.0])


def test_linear_constant_and_cubic() -> None:
    t = np.random.default_rng(0).uniform(0, 4, 200)
    linear = F.from_samples(TIMES, VALUES)
    np.testing.assert_allclose(linear(t), np.interp(t, TIMES, VALUES), atol=1e-14)
    constant = F.from_samples(TIMES, VALUES, kind="constant")
    np.testing.assert_array_equal(constant(t), VALUES[np.searchsorted(TIMES, t, side="right") - 1])
    cubic = F.from_samples(TIMES, VALUES, kind="cubic")
    np.testing.assert_allclose(cubic(t), CubicSpline(TIMES, VALUES)(t), atol=1e-13)
    np.testing.assert_array_equal(linear([-0.1, 4.1]), 0)


@pytest.mark.parametrize("count", [8, 9, 40])
def test_bandlimited_period(count: int) -> None:
    def wave(t):
        return 1 + np.cos(2 * np.pi * t / 3 + 0.4) - 0.5 * np.sin(2 * np.pi * 3 * t / 3)

    times = 2.0 + 3.0 * np.arange(count) / count
    f = F.from_samples(times, wave(times), kind="bandlimited")
    t = np.random.default_rng(0).uniform(2, 5, 100)
    np.testing.assert_allclose(f(t), wave(t), atol=1e-13)


def test_thousands_of_measurements() -> None:
    rng = np.random.default_rng(4)
    t = np.cumsum(rng.uniform(0.5, 1.5, 5000))
    m = F.from_samples(t, rng.standard_normal(5000))
    s = ft.convolve(m, F.box(-2, 2, 0.25))
    running = m.antiderivative()
    at = rng.uniform(100, 4000, 200)
    np.testing.assert_allclose(s(at), (running(at + 2) - running(at - 2)) / 4, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("t", "values", "kind", "message"),
    [
        ([0, 1, 1], [1, 2, 3], "linear", "t: 1, then 1: expected ascending"),
        ([0, 1], [1, 2, 3], "linear", "values: an array of shape"),
        ([0, 1], [1, np.nan], "linear", r"values: nan at index 1: .* leave missing samples out"),
        ([0, 1], [1, 2], "quintic", "kind='quintic'"),
        ([0, 1, 3], [1, 2, 3], "bandlimited", "equidistant"),
        ([0, 1], [1, 2], "cubic", "at least 3"),
    ],
)
def test_samples_that_make_no_function_say_why(t, values, kind: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        F.from_samples(t, values, kind=kind)


def smooth(t):
    return np.sin(3 * t) + 0.5 * np.cos(t)


@pytest.mark.parametrize("kernel", [F.exponential(2.0), F.gaussian(0.1, 0.3), F.box(-0.35, 0.41)])
def test_discretised_kernel_converges_at_second_order(kernel: ft.Function) -> None:
    x = F(smooth, (0, 20))
    exact = ft.convolve(x, kernel)
    errors = []
    for spacing in (0.04, 0.02, 0.01):
        t = np.arange(0, 20 + spacing / 2, spacing)
        y = ft.convolve(smooth(t), kernel, "same", spacing=spacing)
        inner = (t > 14) & (t < 18) & (t == t)
        errors.append(np.abs(y - exact(t))[inner].max())
        bound = spacing**2 / 8 * 9.6 * kernel.integral()
        assert errors[-1] <= bound
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.1)


def test_discretised_kernel_is_exact_for_linear_interpolation() -> None:
    rng = np.random.default_rng(1)
    samples, spacing = rng.standard_normal(60), 0.25
    t = spacing * np.arange(60)
    padded = F.from_samples(np.r_[-spacing, t, t[-1] + spacing], np.r_[0, samples, 0])
    kernel = F.triangle(-0.6, 0.2, 1.3)
    y = ft.convolve(samples, kernel, "same", spacing=spacing)
    np.testing.assert_allclose(y, ft.convolve(padded, kernel)(t), atol=1e-13)


def test_correlation_with_a_discretised_kernel() -> None:
    samples, spacing = np.random.default_rng(1).standard_normal(40), 0.5
    w = F.exponential(1.0)
    y = ft.correlate(samples, w, "same", spacing=spacing)
    mirrored = ft.convolve(samples, w.reflect(), "same", spacing=spacing)
    np.testing.assert_allclose(y, mirrored, atol=1e-14)


def test_delta_is_no_change() -> None:
    samples = np.arange(5.0)
    np.testing.assert_allclose(ft.convolve(samples, F.delta(), "same", spacing=0.1), samples, atol=1e-14)
    shifted = ft.convolve(samples, F.delta(0.2), "same", spacing=0.1)
    np.testing.assert_allclose(shifted, [0, 0, 0, 1, 2], atol=1e-12)


def test_a_discretised_kernel_has_a_plan() -> None:
    samples, w = np.arange(50.0), F.exponential(2.0)
    plan = ft.plan(samples, w, "same", spacing=0.1)
    np.testing.assert_array_equal(plan(samples), ft.convolve(samples, w, "same", spacing=0.1))
    assert ft.convolve([1.0, 2.0, 3.0], F.box(), spacing=1.0).shape == (4,)


def test_spacing_is_checked() -> None:
    with pytest.raises(ValueError, match="spacing=0: expected a finite number above 0"):
        ft.convolve(np.ones(3), F.box(), spacing=0)
    with pytest.raises(ValueError, match="expected a spacing that gives fewer than"):
        ft.convolve(np.ones(3), F.box(), spacing=1e-12)
    with pytest.raises(ValueError, match="vanishes far out"):
        ft.convolve(np.ones(3), F.step(), spacing=0.1)


def sampled_error(x: ft.Function, w: ft.Function, reach: float, spacing: float) -> float:
    """Largest difference between samples of the convolution and the convolution of samples times the spacing."""
    t = spacing * np.arange(-round(reach / spacing), round(reach / spacing) + 1)
    samples = spacing * ft.convolve(x(t), w(t))
    places = spacing * np.arange(len(samples)) + 2 * t[0]
    return float(np.abs(samples - ft.convolve(x, w)(places)).max())


# Sums of products at equidistant points: of first order where an operand jumps, of second where a
# slope does, and where nothing does better than of any order.
@pytest.mark.parametrize(
    ("x", "w", "order"),
    [
        (F.box(0, 2), F.triangle(0, 1, 2), 1),
        (F.box(0, 2), F.box(0, 1), 1),
        (F.triangle(-1, 0, 2), F.triangle(-2, 1, 2), 2),
        (F.exponential(2.0), F.gaussian(0, 0.5), 1),
        (F.polynomial([-1, 1], [[0, 2, -1]]), F.triangle(), 2),
    ],
)
def test_samples_converge_at_the_order_of_the_rule(x: ft.Function, w: ft.Function, order: int) -> None:
    errors = [sampled_error(x, w, 24.0, spacing) for spacing in (2.0**-4, 2.0**-5, 2.0**-6)]
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(2**order, rel=0.1)


def test_samples_of_smooth_functions_converge_faster_than_any_order() -> None:
    errors = [sampled_error(F.gaussian(), F.gaussian(0.5, 1.5), 16.0, spacing) for spacing in (2.0, 1.0, 0.5)]
    assert errors[0] > 1e-4
    assert errors[1] < 1e-6
    assert errors[2] < 1e-14
