"""Fitting a kernel: the kernel that was applied comes back, and what is not known is said."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import faltung as ft
from tests.rounding_bounds import of_sums


def rounding(k: Any, x: Any, w: Any) -> float:
    """What the weights may be off by: what sums of x and w are rounded by, over the least singular value of what
    the outputs read, whose largest is no less than the root of their number (samples of unit variance).
    """
    return float(k.condition) * of_sums(x, w)


def random(*shape: int, seed: int = 0, complex_: bool = False) -> Any:
    rng = np.random.default_rng(seed + sum(shape))
    return rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if complex_ else 0)


# what was applied comes back ---------------------------------------------------------------


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("boundary", ["constant", "edge", "reflect", "symmetric", "wrap"])
@pytest.mark.parametrize("shape", [(5,), (4,), (3, 4), (2, 1, 3)])
def test_a_kernel_is_recovered(operation: Any, boundary: Any, shape: tuple[int, ...]) -> None:
    x, w = random(*(9 for _ in shape)) + 3, random(*shape, seed=1)
    y = getattr(ft, operation)(x, w, "same", boundary=boundary)
    k = ft.fit_kernel(x, y, shape, operation=operation, boundary=boundary)
    off = rounding(k, x, w)
    assert_allclose(k.values, w, rtol=0, atol=off)
    assert_allclose(
        getattr(ft, operation)(x, k, "same", boundary=boundary), y, rtol=0, atol=off * w.size * abs(x).max()
    )
    assert k.residual < off
    assert (k.standard_errors < off).all()


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("complex_", [False, True])
def test_channels_and_batches(operation: Any, complex_: bool) -> None:
    x, w = random(3, 2, 8, 7, complex_=complex_), random(4, 2, 3, 2, seed=1, complex_=complex_)
    y = getattr(ft.tensor, operation)(x, w, padding="same", boundary="edge")
    for inputs, targets in ((x, y), (list(x), list(y)), ([x[:1], x[1:]], (y[:1], y[1:]))):
        k = ft.fit_kernel(inputs, targets, (3, 2), operation=operation, boundary="edge")
        assert_allclose(k.values, w, rtol=0, atol=rounding(k, x, w))
    assert k.center[:2] == (0, 0)


def test_pairs_may_differ_in_size() -> None:
    w = random(3, 3)
    xs = [random(6, 9), random(12, 5)]
    ys = [ft.convolve(x, w, "same") for x in xs]
    k = ft.fit_kernel(xs, ys, (3, 3))
    assert_allclose(k.values, w, rtol=0, atol=rounding(k, xs[1], w))


def test_a_fill_value_is_read_beyond_the_edges() -> None:
    x, w = random(20), random(5)
    y = ft.convolve(x, w, "same", fill_value=3)
    k = ft.fit_kernel(x, y, 5, fill_value=3)
    assert_allclose(k.values, w, rtol=0, atol=rounding(k, np.append(x, 3), w))
    assert ft.fit_kernel(x, y, 5).residual > 0.1


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_the_unit_does_not_matter(unit: float) -> None:
    x, w = random(30), random(3)
    y = ft.convolve(x, w, "same")
    off = rounding(ft.fit_kernel(x, y, 3), x, w) / abs(w).min()
    assert_allclose(ft.fit_kernel(x * unit, y, 3).values, w / unit, rtol=off)
    assert_allclose(ft.fit_kernel(x, y * unit, 3).values, w * unit, rtol=off)


def test_an_ill_conditioned_kernel_is_still_recovered() -> None:
    smooth = ft.convolve(random(400), ft.kernels.gaussian(2.5), "same", boundary="wrap")
    w = random(9)
    k = ft.fit_kernel(smooth, ft.convolve(smooth, w, "same", boundary="wrap"), 9, boundary="wrap")
    assert k.condition > 1e4
    assert_allclose(k.values, w, rtol=0, atol=rounding(k, smooth, w) / smooth.std())


# least squares -----------------------------------------------------------------------------


def design(x: Any, shape: tuple[int, ...], boundary: Any) -> Any:
    """What each output of a correlation reads, one row each."""
    patches = ft.tensor.patches(x[np.newaxis], shape, padding="same", boundary=boundary)
    return patches.reshape(int(np.prod(shape)), -1).T


@pytest.mark.parametrize("shape", [(3, 4), (8, 9)])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_the_fit_is_numpys_least_squares(shape: tuple[int, ...], missing: float) -> None:
    x, y = random(11, 12), random(11, 12, seed=5)
    hidden = np.random.default_rng(1).random(y.shape) < missing
    k = ft.fit_kernel(x, np.ma.masked_array(y, hidden), shape, operation="correlate", boundary="reflect")
    X, targets = design(x, shape, "reflect")[~hidden.ravel()], y[~hidden]
    w, squares, _, singular = np.linalg.lstsq(X, targets)
    off = k.condition * rounding(k, x, y)  # where something is left unexplained, the condition counts twice
    assert_allclose(k.values.ravel(), w, rtol=0, atol=off)
    assert_allclose(k.residual, np.sqrt(squares[0] / len(targets)), rtol=off)
    assert_allclose(k.condition, singular[0] / singular[-1], rtol=off)
    covariance = np.linalg.inv(X.T @ X) * squares[0] / (len(targets) - len(w))
    assert_allclose(k.standard_errors.ravel(), np.sqrt(np.diag(covariance)), rtol=off)


def test_a_ridge_shrinks_as_it_says() -> None:
    x, y = random(40), random(40, seed=1)
    X = design(x, (5,), "wrap")
    k = ft.fit_kernel(x, y, 5, operation="correlate", boundary="wrap", ridge=0.1)
    damping = 0.1 * np.trace(X.T @ X) / 5
    off = k.condition * rounding(k, x, y)
    assert_allclose(k.values, np.linalg.solve(X.T @ X + damping * np.eye(5), X.T @ y), rtol=0, atol=off)
    sevenfold = ft.fit_kernel(x * 7, y, 5, operation="correlate", boundary="wrap", ridge=0.1)
    assert_allclose(sevenfold.values, k.values / 7, rtol=0, atol=off)


def test_standard_errors_are_those_of_noise() -> None:
    x, w = random(60, 60), random(3, 3)
    y, rng = ft.convolve(x, w, "same"), np.random.default_rng(2)
    fits = [ft.fit_kernel(x, y + 0.5 * rng.standard_normal(y.shape), (3, 3)) for _ in range(40)]
    scores = np.array([(k.values - w) / k.standard_errors for k in fits])
    assert abs(scores.std() - 1) < 0.15  # three standard deviations of the estimate from 360 of them
    assert_allclose([k.residual for k in fits], 0.5, rtol=0.06)


# what is missing ---------------------------------------------------------------------------


def test_missing_samples_of_either_do_not_count() -> None:
    x, w = random(2, 1, 20, 20), random(3, 1, 3, 3)
    y = ft.tensor.convolve(x, w, padding="same", boundary="reflect")
    rng = np.random.default_rng(0)
    inputs, targets = (
        np.ma.masked_array(x, rng.random(x.shape) < 0.03),
        np.ma.masked_array(y, rng.random(y.shape) < 0.3),
    )
    inputs.data[inputs.mask], targets.data[targets.mask] = np.nan, np.inf
    k = ft.fit_kernel(inputs, targets, (3, 3), boundary="reflect")
    off = rounding(k, np.nan_to_num(x), w)
    assert_allclose(k.values, w, rtol=0, atol=off)
    assert k.residual < off
    assert np.isnan(inputs.data[inputs.mask]).all()  # operands are left as they were


def test_equations_that_are_too_few_are_refused() -> None:
    x = random(10)
    hidden = np.ma.masked_array(x, np.arange(10) > 3)
    with pytest.raises(ValueError, match="determine 4 of the 5 weights"):
        ft.fit_kernel(x, hidden, 5)
    exact = ft.fit_kernel(x, hidden, 4)
    assert exact.residual < rounding(exact, x, exact.values)
    assert np.isnan(exact.standard_errors).all()


@pytest.mark.parametrize(
    ("x", "rank"),
    [(np.full((9, 9), 0.1), 1), (np.zeros((9, 9)), 0), (np.add.outer(np.arange(9.0), np.zeros(9)), 3)],
)
def test_inputs_that_tell_no_weights_apart_are_refused(x: Any, rank: int) -> None:
    with pytest.raises(ValueError, match=f"determine {rank} of the 9 weights"):
        ft.fit_kernel(x, x, (3, 3), boundary="edge")


def test_a_ridge_decides_what_the_inputs_do_not() -> None:
    k = ft.fit_kernel(np.ones((9, 9)), np.ones((9, 9)), (3, 3), boundary="edge", ridge=1e-6)
    assert_allclose(k.values, 1 / 9, rtol=1e-5)


# the kernel --------------------------------------------------------------------------------


def test_a_fitted_kernel_is_a_kernel() -> None:
    k = ft.fit_kernel(random(20), random(20, seed=1), 3)
    assert isinstance(k, ft.Kernel)
    again = pickle.loads(pickle.dumps(k))
    assert_array_equal(again.values, k.values)
    assert_array_equal(again.standard_errors, k.standard_errors)
    assert (again.residual, again.condition, again.center) == (k.residual, k.condition, k.center)
    assert "residual" in repr(k)
    assert type(2 * k) is ft.Kernel
    with pytest.raises(AttributeError, match="does not change"):
        k.residual = 0  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        k.standard_errors[0] = 0


def test_a_large_mean_that_hides_the_weights_is_named() -> None:
    x, w = random(32, 32) / 4, random(3, 4)
    y = ft.convolve(x + 1e6, w, "same", boundary="reflect")
    with pytest.raises(ValueError, match=r"the inputs' mean is 4e\+06 times their variation and hides it: subtract it"):
        ft.fit_kernel(x + 1e6, y, (3, 4), boundary="reflect")
    mended = ft.fit_kernel(x, y - 1e6 * w.sum(), (3, 4), boundary="reflect")
    assert_allclose(mended.values, w, atol=1e-8)  # the targets hold nine digits of what varies
