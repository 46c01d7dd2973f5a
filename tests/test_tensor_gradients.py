"""The adjoint law for every option of the layers, exact in integers, and differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

import faltung as ft

Array = NDArray[Any]
OPERATIONS = ["convolve", "correlate"]
BOUNDARIES = ["constant", "edge", "reflect", "symmetric", "wrap"]
WORDS = ["valid", "full", "causal", "same", "same_upper", "same_lower"]


def integers(rng: np.random.Generator, dtype: str, *shape: int) -> Array:
    values = rng.integers(-4, 5, shape).astype(dtype)
    return values + 1j * rng.integers(-4, 5, shape) if np.dtype(dtype).kind == "c" else values


@st.composite
def calls(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]:
    """Shapes of input and kernels, and options: all of them."""
    ndim, groups = draw(st.integers(0, 3)), draw(st.integers(1, 2))

    def each(values: st.SearchStrategy[Any]) -> tuple[Any, ...]:
        return draw(st.tuples(*[values] * ndim))

    sides = each(st.tuples(st.integers(-1, 5), st.integers(3, 5)))
    options = {
        "stride": each(st.integers(1, 3)),
        "padding": draw(st.sampled_from([*WORDS[1:], sides])),
        "dilation": each(st.integers(1, 2)),
        "groups": groups,
        "input_dilation": each(st.integers(1, 2)),
        "boundary": each(st.sampled_from(BOUNDARIES)),
    }
    batch, channels, filters = (draw(st.integers(1, 2)) for _ in range(3))
    x_shape = (batch, channels * groups, *each(st.integers(1, 5)))
    return x_shape, (filters * groups, channels, *each(st.integers(1, 3))), options


@given(calls(), st.sampled_from(OPERATIONS), st.sampled_from(["int32", "float64", "complex128"]))
@settings(max_examples=300)
def test_adjoint_law(call: tuple[Any, ...], operation: Any, dtype: str) -> None:
    x_shape, w_shape, options = call
    if dtype == "complex128":
        options = {**options, "method": "direct"}  # many small complex layers are transformed, which rounds
    rng = np.random.default_rng(len(str(call)))
    x, w = integers(rng, dtype, *x_shape), integers(rng, dtype, *w_shape)
    y = getattr(ft.tensor, operation)(x, w, **options)
    gy = integers(rng, dtype, *y.shape)
    gx = ft.tensor.input_gradient(gy, w, x.shape, operation=operation, **options)
    gw = ft.tensor.kernel_gradient(x, gy, w.shape, operation=operation, **options)
    assert (gx.shape, gw.shape, gx.dtype, gw.dtype) == (x.shape, w.shape, y.dtype, y.dtype)
    product = np.vdot(gy, y)
    assert np.vdot(gx, x) == product
    assert (np.vdot(gw, w) if operation == "convolve" else np.vdot(w, gw)) == product


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("padding", [0, 2, ((1, 2), (0, 3)), *WORDS])
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(("stride", "dilation", "groups"), [(1, 1, 1), (2, 1, 2), (3, 2, 1)])
def test_transposed_layers_are_adjoints(
    operation: str, padding: Any, boundary: str, stride: int, dilation: int, groups: int
) -> None:
    rng = np.random.default_rng(1)
    options = {"padding": padding, "boundary": boundary, "stride": stride, "dilation": dilation, "groups": groups}
    y, w = integers(rng, "int64", 2, 4, 5, 4), integers(rng, "int64", 4, 3, 2, 3)
    for added in range(max(stride, dilation)):
        back = getattr(ft.tensor, f"{operation}_transposed")(y, w, output_padding=added, **options)
        x = integers(rng, "int64", *back.shape)
        assert x.shape[1] == 3 * groups
        again = getattr(ft.tensor, operation)(x, w, **options)
        assert added >= stride or again.shape == y.shape
        assert np.vdot(back, x) == np.vdot(y, again[..., :5, :4])


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "options",
    [
        {"padding": 1, "boundary": "reflect", "groups": 2},
        {"padding": "full", "stride": 2, "fill_value": 3},
        {"padding": "causal", "dilation": 2, "boundary": ("edge", "wrap")},
        {"padding": ((2, -1), (-1, 2)), "boundary": "symmetric"},
    ],
)
def test_gradients_are_difference_quotients(operation: Any, options: dict[str, Any]) -> None:
    rng, operate = np.random.default_rng(2), getattr(ft.tensor, operation)
    x = integers(rng, "int64", 2, 2, 4, 3)
    w = integers(rng, "int64", 2, 2 // options.get("groups", 1), 2, 2)
    gy = integers(rng, "int64", *operate(x, w, **options).shape)

    def differences(function: Any, at: Array) -> Array:
        """How <gy, function> changes when one entry grows by 1: exact, as it is affine in each."""
        found = np.empty_like(at)
        for index in np.ndindex(*at.shape):
            step = np.zeros_like(at)
            step[index] = 1
            found[index] = np.vdot(gy, function(at + step) - function(at))
        return found

    gx = ft.tensor.input_gradient(gy, w, x.shape, operation=operation, **options)
    assert_array_equal(gx, differences(lambda x: operate(x, w, **options), x))
    gw = ft.tensor.kernel_gradient(x, gy, w.shape, operation=operation, **options)
    assert_array_equal(gw, differences(lambda w: operate(x, w, **options), w))


def test_without_a_batch_axis() -> None:
    rng = np.random.default_rng(3)
    x, w, gy = integers(rng, "int64", 1, 2, 6), integers(rng, "int64", 3, 2, 2), integers(rng, "int64", 1, 3, 5)
    assert_array_equal(ft.tensor.input_gradient(gy[0], w, (2, 6)), ft.tensor.input_gradient(gy, w, (1, 2, 6))[0])
    assert_array_equal(ft.tensor.kernel_gradient(x[0], gy[0], w.shape), ft.tensor.kernel_gradient(x, gy, w.shape))
    assert_array_equal(ft.tensor.correlate_transposed(gy[0], w), ft.tensor.correlate_transposed(gy, w)[0])


def test_an_empty_batch_has_no_gradient() -> None:
    x, w, gy = np.ones((0, 2, 6)), np.ones((3, 2, 2)), np.ones((0, 3, 5))
    assert ft.tensor.correlate(x, w).shape == (0, 3, 5)
    assert ft.tensor.input_gradient(gy, w, x.shape).shape == (0, 2, 6)
    assert_array_equal(ft.tensor.kernel_gradient(x, gy, w.shape), np.zeros(w.shape))


def test_folded_integers_do_not_wrap() -> None:
    large, w = np.full((1, 1, 3), 2**62), np.ones((1, 1, 1), int)
    with pytest.raises(OverflowError, match="int64"):
        ft.tensor.input_gradient(large, w, (1, 1, 1), padding=1, boundary="edge")
    mixed = large * [1, -1, 1]
    assert ft.tensor.input_gradient(mixed, w, (1, 1, 1), padding=1, boundary="edge") == 2**62


def test_half_precision_is_rounded_once() -> None:
    gy, w = np.ones((1, 1, 2052), np.float16), np.ones((1, 1, 1), np.float16)
    gx = ft.tensor.input_gradient(gy, w, (1, 1, 2), padding=((2049, 1),), boundary="edge")
    assert gx.dtype == np.float16
    assert_array_equal(gx, [[[2050, 2]]])
    x, w = np.float16([[[2048], [1]]]), np.ones((1, 2, 1), np.float16)
    y = ft.tensor.correlate(x, w, bias=np.float16([1]))
    assert (y.dtype, y.item()) == (np.float16, 2050)  # 2049 has no half of its own
