"""Depthwise layers and patches against the layers that they stand for, exact in integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import faltung as ft
from faltung import laws

BOUNDARIES = ["constant", "edge", "reflect", "symmetric", "wrap"]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"stride": 2, "dilation": (1, 2)},
    {"padding": 2, "stride": (1, 2)},
    {"padding": "same", "dilation": 2},
    {"padding": "causal", "stride": 3},
    {"padding": ((-1, 4), (5, -2))},
]
X, W = (np.random.default_rng(5).integers(-9, 10, shape) for shape in ((2, 3, 6, 7), (4, 3, 2, 3)))


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("options", OPTIONS)
def test_a_layer_is_a_product_with_patches(options: dict[str, Any], boundary: str) -> None:
    fill = {"fill_value": 5} if boundary == "constant" else {}
    seen = ft.tensor.patches(X, (2, 3), boundary=boundary, **fill, **options)
    y = ft.tensor.correlate(X, W, boundary=boundary, **fill, **options)
    assert_array_equal(np.einsum("ncijhw,ocij->nohw", seen, W), y)
    assert_array_equal(ft.tensor.patches(X[1], (2, 3), boundary=boundary, **fill, **options), seen[1])


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("options", OPTIONS)
def test_the_way_back_is_the_adjoint(options: dict[str, Any], boundary: str) -> None:
    for x in (X, X[0], X.astype(np.float32), X * (1 + 2j)):
        A = lambda x: ft.tensor.patches(x, (2, 3), boundary=boundary, **options)  # noqa: E731
        At = lambda p, s=x.shape: ft.tensor.patches_adjoint(p, s, (2, 3), boundary=boundary, **options)  # noqa: E731
        assert laws.adjoint_pair(A, At, x)


def test_patches_inside_are_a_view() -> None:
    for options in ({"stride": 2}, {"padding": -1}, {"dilation": 2}):
        seen = ft.tensor.patches(X, (2, 3), **options)
        assert np.may_share_memory(seen, X)
        assert not seen.flags.writeable
    assert not np.may_share_memory(ft.tensor.patches(X, (2, 3), padding=1), X)


def test_sums_of_patches_do_not_wrap_and_are_rounded_once() -> None:
    with pytest.raises(OverflowError, match="int64"):
        ft.tensor.patches_adjoint(np.full((1, 2, 1), 2**62), (1, 1), (2,), padding="causal", boundary="edge")
    spread = np.array([[[2**62], [-(2**62)]]])
    assert ft.tensor.patches_adjoint(spread, (1, 1), (2,), padding="causal", boundary="edge") == 0
    halves = np.float16([[[2048], [1], [1]]])
    back = ft.tensor.patches_adjoint(halves, (1, 1), (3,), padding="causal", boundary="edge")
    assert (back.dtype, back.item()) == (np.float16, 2050)
    unsigned = ft.tensor.patches_adjoint(np.full((1, 2, 1), 200, np.uint8), (1, 2), (2,))
    assert_array_equal(unsigned, [[200, 200]])


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
def test_depthwise_is_one_channel_after_the_other(operation: Any) -> None:
    options: Any = {"padding": "same", "stride": (2, 1), "boundary": "reflect"}
    y = ft.tensor.depthwise(X, W[0], operation=operation, bias=[1, 2, 3], **options)
    single = getattr(ft.tensor, operation)
    for c in range(3):
        assert_array_equal(y[:, [c]], single(X[:, [c]], W[:1, [c]], bias=[c + 1], **options))


def test_depthwise_weights_in_lists_take_the_type_of_the_array() -> None:
    assert ft.tensor.depthwise(np.ones((2, 4), np.float32), [[0.5], [1.5]]).dtype == np.float32


def test_one_axis_takes_one_number() -> None:
    x = np.arange(10).reshape(1, 2, 5)
    found = ft.tensor.patches(x, 2)
    assert_array_equal(found, ft.tensor.patches(x, (2,)))
    assert_array_equal(ft.tensor.patches_adjoint(found, x.shape, 2), ft.tensor.patches_adjoint(found, x.shape, (2,)))
