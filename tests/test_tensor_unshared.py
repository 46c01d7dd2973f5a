"""Unshared layers, and layers of quantised integers: against shared ones, position by position."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import faltung as ft

OPTIONS: list[dict[str, Any]] = [
    {},
    {"padding": 2, "boundary": "reflect", "stride": 2},
    {"padding": "causal", "fill_value": 2, "dilation": 2},
    {"padding": ((-1, 2), (3, 0)), "boundary": ("edge", "wrap")},
    {"padding": "same", "boundary": "symmetric", "stride": (1, 2)},
]


def whole(*shape: int, seed: int = 0, complex_: bool = False) -> Any:
    rng = np.random.default_rng(seed + sum(shape))
    values = rng.integers(-4, 5, shape)
    return values + 1j * rng.integers(-4, 5, shape) if complex_ else values


def layer(operation: str, **options: Any) -> tuple[Any, Any, Any]:
    """The unshared operation, x, and kernels that fit."""
    x = whole(2, 3, 6, 5)
    shape = getattr(ft.tensor, operation)(x, whole(4, 3, 3, 2), **options).shape
    return getattr(ft.tensor, f"{operation}_unshared"), x, whole(4, 3, 3, 2, *shape[2:])


# sums --------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("complex_", [False, True])
def test_each_output_is_that_of_a_shared_layer(operation: str, options: dict[str, Any], complex_: bool) -> None:
    unshared, x, w = layer(operation, **options)
    x, w = (x + 1j * x[::-1], w - 1j * w[::-1]) if complex_ else (x, w)
    options = {**options, "method": "direct"} if complex_ else options
    y, bias = unshared(x, w, **options), whole(4)
    assert_array_equal(unshared(x, w, bias=bias, **options), y + bias[:, None, None])
    assert_array_equal(unshared(x[1], w, **options), y[1])
    for at in np.ndindex(*y.shape[2:]):
        # Many small complex layers are transformed, which rounds; the sum itself is exact here.
        shared = getattr(ft.tensor, operation)(x, w[(..., *at)], **{**options, "method": "direct"})
        assert_array_equal(y[(..., *at)], shared[(..., *at)])


def test_other_numbers_of_axes() -> None:
    x, w = whole(2, 3, 8), whole(4, 3, 3, 6)
    y = ft.tensor.convolve_unshared(x, w)
    assert_array_equal(y[..., 2], ft.tensor.convolve(x, w[..., 2])[..., 2])
    assert_array_equal(ft.tensor.convolve_unshared(x[..., 0], w[:, :, 0, 0]), x[..., 0] @ w[:, :, 0, 0].T)


# gradients ---------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("options", OPTIONS)
def test_gradients_are_adjoints(operation: Any, options: dict[str, Any]) -> None:
    unshared, x, w = layer(operation, **options)
    linear = {name: word for name, word in options.items() if name != "fill_value"}
    assert ft.laws.adjoint_pair(
        lambda x: unshared(x, w, **linear),
        lambda gy: ft.tensor.unshared_input_gradient(gy, w, x.shape, operation=operation, **options),
        x,
    )
    assert ft.laws.adjoint_pair(
        lambda w: unshared(x, w, **options),
        lambda gy: ft.tensor.unshared_kernel_gradient(x, gy, w.shape, operation=operation, **options),
        w,
    )
    without = ft.tensor.unshared_input_gradient(
        unshared(x[0], w, **linear), w, x[0].shape, operation=operation, **linear
    )
    assert without.shape == x[0].shape
    single = (
        ft.tensor.unshared_kernel_gradient(x[0], unshared(x[0], w), w.shape, operation=operation) if not options else w
    )
    assert single.shape == w.shape


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
def test_complex_gradients_are_adjoints(operation: Any) -> None:
    x, w = whole(1, 2, 6, complex_=True), whole(3, 2, 2, 5, complex_=True)
    unshared = getattr(ft.tensor, f"{operation}_unshared")
    gradient = ft.tensor.unshared_input_gradient
    assert ft.laws.adjoint_pair(lambda x: unshared(x, w), lambda gy: gradient(gy, w, x.shape, operation=operation), x)


# quantised integers ------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize(("x_type", "w_type"), [(np.uint8, np.int8), (np.uint8, np.uint8), (np.int32, np.int16)])
def test_zero_points_are_subtracted(operation: str, x_type: Any, w_type: Any) -> None:
    rng = np.random.default_rng(0)
    x, w = (rng.integers(np.iinfo(t).min, np.iinfo(t).max, shape, t, endpoint=True) for t, shape in
            ((x_type, (2, 4, 6, 5)), (w_type, (6, 2, 3, 3))))  # fmt: skip
    zeros = rng.integers(0, 100, 6).astype(w_type)
    words = {"padding": 1, "groups": 2, "stride": 2, "bias": np.arange(6)}
    found = getattr(ft.tensor, f"{operation}_integer")(x, w, x_zero_point=x_type(77), w_zero_point=zeros, **words)
    plain = getattr(ft.tensor, operation)(x.astype(int) - 77, w - zeros.astype(int)[:, None, None, None], **words)
    assert found.dtype == np.int64
    assert_array_equal(found, plain)


def test_extreme_integers_do_not_wrap() -> None:
    low, high = np.iinfo(np.int32).min, np.iinfo(np.int32).max
    x, w = np.array([[low, high]], np.int32), np.array([[[low]]], np.int32)
    found = ft.tensor.correlate_integer(x, w, x_zero_point=high)
    assert found.tolist() == [[(low - high) * low, 0]]
    with pytest.raises(OverflowError, match="int64"):
        ft.tensor.correlate_integer(x, w, x_zero_point=high, w_zero_point=np.int32(high))
    assert ft.tensor.convolve_integer([[200]], [[[1]]], x_zero_point=70000).item() == -69800


def test_half_precision_is_rounded_once() -> None:
    gy, w = np.ones((1, 4100), np.float16), np.ones((1, 1, 1, 4100), np.float16)
    gx = ft.tensor.unshared_input_gradient(gy, w, (1, 1), padding=((4099, 0),), boundary="edge")
    assert (gx.dtype, gx.item()) == (np.float16, 4100)  # a sum of halves stops at 2048
    x, kernels = np.float16([[2048], [1]]), np.ones((1, 2, 1, 1), np.float16)
    y = ft.tensor.correlate_unshared(x, kernels, bias=np.float16([1]))
    assert (y.dtype, y.item()) == (np.float16, 2050)  # 2049 has no half of its own
