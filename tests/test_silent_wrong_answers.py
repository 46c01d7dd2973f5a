"""Wrong answers without a word: each was given once, or is given by a peer. None may come back."""

from __future__ import annotations

import array
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import faltung as ft
from faltung.planner.choose import choose
from faltung.task.describe import Options
from faltung.task.normalise import normalise


@pytest.mark.parametrize(
    ("dtype", "fill"), [("uint8", 255), ("int8", -128), ("uint64", 2**64 - 1), ("int64", -(2**63)), ("bool", 1)]
)
def test_the_extreme_fill_value_of_each_integer_type_is_read_as_it_is(dtype: str, fill: int) -> None:
    x, w = np.zeros(2, dtype), np.array([1, 0], dtype)
    expected = ft.convolve(x, w, fill_value=fill, method="definition")
    assert expected[-1] == fill
    np.testing.assert_array_equal(ft.convolve(x, w, fill_value=fill, method="direct"), expected)


def test_factors_of_extreme_scale_neither_underflow_nor_overflow() -> None:
    x = np.full((300, 300), 1e-20, np.float32)
    factors = np.full(31, 1e30, np.float32), np.full(31, 1e-30, np.float32)
    for w in (factors, factors[::-1], ft.Kernel.from_factors(*factors)):
        y = ft.convolve(x, w, "valid", method="separable")
        np.testing.assert_allclose(y, 31 * 31 * 1e-20, rtol=1e-5)


def test_products_of_integer_factors_are_exact_or_an_error() -> None:
    with pytest.raises(OverflowError):
        ft.convolve(np.ones((1, 1), int), (np.array([2**40]), np.array([2**40])))
    y = ft.convolve(np.ones((1, 1), np.uint8), (np.array([200], np.uint8), np.array([200], np.uint8)))
    assert y.tolist() == [[40_000]]


def test_kernel_arithmetic_does_not_wrap() -> None:
    small = ft.Kernel(np.array([200], np.uint8))
    assert (small + ft.Kernel(np.array([100], np.uint8))).values.tolist() == [300]
    assert (small * 2).values.tolist() == [400]
    assert (-small).values.tolist() == [-200]
    assert (ft.Kernel([True]) + ft.Kernel([True])).values.tolist() == [2]
    assert (ft.Kernel([49]) / 49).values.tolist() == [1.0]


def test_an_unknown_truncation_error_is_not_none_at_all() -> None:
    gaussian = ft.kernels.gaussian(2)
    assert (gaussian + ft.kernels.identity()).truncation_error is None
    assert ft.convolve(gaussian, gaussian).truncation_error is None
    assert (ft.kernels.box(3) + ft.kernels.identity()).truncation_error == 0


def test_renormalising_does_not_overflow_in_a_narrow_result() -> None:
    x, w = np.array([np.nan, 2, np.nan], np.float32), np.array([1e-40, 1, 0], np.float32)
    y = ft.convolve(x, w, "full", boundary="normalize", nan_policy="omit", method="direct")
    np.testing.assert_allclose(y[1:3], [2.0, 2.0], rtol=1e-5)


def test_numpy_scalars_in_object_arrays_do_not_wrap() -> None:
    x = np.array([np.int64(2**62)] * 2, object)
    assert ft.convolve(x, np.array([np.int64(1)] * 2, object)).tolist() == [2**62, 2**63, 2**62]


def test_nan_policy_sees_nan_in_object_arrays() -> None:
    x = np.array([1.0, float("nan"), 2.0], object)
    with pytest.raises(ValueError, match="x holds NaN"):
        ft.convolve(x, [1, 1], nan_policy="raise")
    assert not any(value != value for value in ft.convolve(x, [1, 1], "same", nan_policy="omit"))


def test_array_likes_keep_their_precision() -> None:
    for likes in (array.array("d", [0.1, 0.2]), memoryview(np.array([0.1, 0.2]))):
        assert ft.convolve(np.ones(3, np.float32), likes).dtype == np.float64


@pytest.mark.parametrize("method", ["direct", "fft"])
def test_any_nonzero_byte_of_a_boolean_is_one(method: str) -> None:
    x = np.full(6000, 2, np.uint8).view(bool)
    assert ft.convolve(x, np.ones(129, np.float32), "valid", method=method).max() == pytest.approx(129, rel=1e-5)


def test_the_definition_sums_exactly() -> None:
    u = np.finfo(np.longdouble).eps / 2
    x = np.array([1] + [u] * 999, np.longdouble)
    y = ft.convolve(x, np.ones(1000, np.longdouble), "valid", method="definition")[0]
    assert y == np.longdouble(1) + 999 * u


def test_batch_axes_never_fall_through_to_the_definition() -> None:
    photo = np.random.default_rng(0).random((20, 30, 3), np.float32)
    for boundary in ("constant", "edge", "reflect", "symmetric", "wrap", "normalize"):
        task = normalise("convolve", photo, np.ones((3, 3)), Options("same", (0, 1), boundary))  # type: ignore[arg-type]
        assert choose(task.problem).chosen.algorithm.name != "definition"
    mixed: Any = ("normalize", "constant")
    y = ft.convolve(photo[..., 0], np.ones((3, 3)), "same", boundary=mixed, fill_value=1)
    expected = ft.convolve(photo[..., 0], np.ones((3, 3)), "same", boundary=mixed, fill_value=1, method="definition")
    np.testing.assert_allclose(y, expected, rtol=1e-5)


def test_a_reach_far_beyond_the_input_is_not_copied() -> None:
    x = np.arange(5.0)
    options: dict[str, Any] = {"mode": "same", "boundary": "symmetric", "stride": 3, "dilation": 2**30 - 1}
    with pytest.raises(ValueError, match="method='direct' refuses: the kernel reaches over"):
        ft.convolve(x, np.ones(3), method="direct", **options)
    expected = ft.convolve(x, np.ones(3), method="definition", **options)
    np.testing.assert_array_equal(ft.convolve(x, np.ones(3), **options), expected)


def test_a_stride_beyond_the_input_costs_nothing() -> None:
    assert ft.convolve(np.ones(5), np.ones(3), stride=10**8).tolist() == [1.0]


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
def test_a_kernel_of_the_least_integer_has_a_rank(dtype: str) -> None:
    x, w = np.ones((40, 40), np.float32), np.full((5, 5), np.iinfo(dtype).min, dtype)
    np.testing.assert_allclose(ft.convolve(x, w, "valid", method="separable"), 25.0 * np.iinfo(dtype).min, rtol=1e-6)


@pytest.mark.parametrize(
    ("x", "w", "dtype"),
    [
        ([1e-30, 1e-30], [1e-30, 1e30], "float32"),
        ([1.0, 1.0], [1e-300, 1e300], "float64"),
        ([1e-200, 1e-200], [1e-200, 1e200], "float64"),
        ([1e200, 1e200], [1e-200, 1e-200], "float64"),
    ],
)
def test_weights_of_many_decades_are_averages_still(x: list[float], w: list[float], dtype: str) -> None:
    options = {"mode": "same", "boundary": "normalize", "center": 0}
    given = np.array(x, dtype), np.array(w, dtype)
    exact = ft.convolve(*given, method="definition", **options)
    np.testing.assert_allclose(ft.convolve(*given, **options), exact, rtol=4 * np.finfo(dtype).eps)


def test_factors_too_large_for_their_type_are_not_used() -> None:
    rng = np.random.default_rng(0)
    w = (np.outer(rng.random(25), rng.random(25)) * 2e38).astype(np.float32)
    x = (rng.standard_normal((60, 60)) * 1e-37).astype(np.float32)
    y = ft.convolve(x, w, "same", method="separable")
    np.testing.assert_array_equal(y, ft.convolve(x, w, "same", method="direct"))


def test_equal_fill_values_of_different_types_are_told_apart() -> None:
    x, w = np.array([3], object), np.array([1, 1], object)
    for fill in (Fraction(2), 2.0, 2, Fraction(2)):
        assert type(ft.convolve(x, w, fill_value=fill)[0]) is type(fill + 3)


def test_integers_stay_exact_in_a_floating_result() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.integers(0, 100, 5000), rng.integers(0, 100, 300)
    np.testing.assert_array_equal(ft.convolve(x, w, dtype=float), ft.convolve(x, w))


def test_sums_are_computed_in_the_type_asked_for() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.random(1000, np.float32), rng.random(50, np.float32)
    wide = np.convolve(x.astype(float), w.astype(float))
    np.testing.assert_allclose(ft.convolve(x, w, dtype=float), wide, rtol=1e-14)
    assert ft.convolve(np.arange(5.0), [1.0, 2, 3], dtype=object).tolist() == [0, 1, 4, 10, 16, 17, 12]
