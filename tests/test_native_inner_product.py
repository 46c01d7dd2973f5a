"""The inner product itself: few outputs of many taps, beside sums by indices in extended precision.

Small integers make every sum exact, so that equality is the comparison; random numbers are
compared within the bound that the algorithm states.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import faltung as ft
from faltung import Problem, settings
from faltung._native import _core
from faltung.algorithms.inner_product import INNER_PRODUCT
from faltung.machine import current
from faltung.meaning.definition import feature_map
from faltung.planner.choose import choose
from faltung.tensor.layer import Options, read_layer

Array = NDArray[Any]
pytestmark = pytest.mark.usefixtures("each_instruction_set")


def digits(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    return rng.integers(-4, 5, shape).astype(dtype)


@given(st.data())
def test_any_layer_of_integers_is_the_definition(data: st.DataObject) -> None:
    groups, ndim = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    lengths = st.integers(1, {1: 40, 2: 13, 3: 4}[ndim])
    space, kernel = (tuple(data.draw(lengths) for _ in range(ndim)) for _ in range(2))
    options = Options(
        stride=data.draw(st.integers(1, 3)),
        dilation=data.draw(st.integers(1, 3)),
        groups=groups,
        padding="same",
        boundary=data.draw(st.sampled_from(["constant", "edge", "wrap", "reflect", "symmetric"])),
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    x = digits(rng, (data.draw(st.integers(1, 3)), groups * data.draw(st.integers(1, 4)), *space), dtype)
    w = digits(rng, (groups * data.draw(st.integers(1, 7)), x.shape[1] // groups, *kernel), dtype)
    operation = data.draw(st.sampled_from(["convolve", "correlate"]))
    problem = read_layer(operation, ndim, options).problem(x.dtype, x.shape, w.dtype, w.shape)
    words = {name: value for name, value in options._asdict().items() if name != "accuracy"}
    layer = getattr(ft.tensor, operation)
    y = layer(x, w, method="inner_product", threads=data.draw(st.integers(1, 3)), **words)
    np.testing.assert_array_equal(y, feature_map(x, w, problem.sum, y.dtype))


KERNEL_GRADIENTS = [
    # batch, channels, space, filters, kernel, stride, padding, groups
    (3, 70, (9, 10), 65, (3, 3), 1, 1, 1),  # several blocks of filters and of images
    (8, 16, (40, 41), 24, (1, 1), 1, 0, 1),  # read in place, as one line
    (8, 6, (60, 70), 5, (1, 1), 2, 0, 1),
    (20, 3, (50, 50), 7, (3, 3), 2, 1, 1),  # parts of the sum
    (5, 12, (28, 29), 12, (3, 3), 1, 1, 12),
    (5, 12, (29, 28), 12, (5, 5), 2, 2, 12),
    (9, 8, (7, 7), 16, (3, 3), 1, 1, 4),  # channels that share a span
    (1, 4, (2000,), 6, (5,), 1, 2, 1),  # rows of several spans
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", KERNEL_GRADIENTS, ids=str)
def test_kernel_gradients_of_integers_are_exact(layer: Any, dtype: str) -> None:
    batch, channels, space, filters, kernel, stride, padding, groups = layer
    rng = np.random.default_rng(batch)
    x = digits(rng, (batch, channels, *space), dtype)
    outputs = tuple((n + 2 * padding - k) // stride + 1 for n, k in zip(space, kernel, strict=True))
    gy = digits(rng, (batch, filters, *outputs), dtype)
    padded = np.pad(x, ((0, 0), (0, 0), *((padding, padding),) * len(space)))
    expected = np.zeros((filters, channels // groups, *kernel))
    v = gy.reshape(batch, groups, filters // groups, -1).astype(np.float64)
    for tap in np.ndindex(*kernel):
        seen = tuple(slice(k, k + stride * n, stride) for k, n in zip(tap, outputs, strict=True))
        u = padded[:, :, *seen].reshape(batch, groups, channels // groups, -1).astype(np.float64)
        expected[:, :, *tap] = np.einsum("bgcp,bgop->goc", u, v, optimize=True).reshape(filters, -1)
    asked = {"stride": stride, "padding": padding, "groups": groups, "method": "inner_product"}
    for threads in (1, 3):
        gw = ft.tensor.kernel_gradient(x, gy, (filters, channels // groups, *kernel), threads=threads, **asked)
        np.testing.assert_array_equal(gw, expected.astype(dtype))


@pytest.mark.parametrize("channels", [1, 7, 200])
@pytest.mark.parametrize("taps", [3, 95, 96 * 8, 96 * 8 + 1, 5000])
def test_the_bound_holds_at_each_element_for_sums_of_any_length(taps: int, channels: int) -> None:
    rng = np.random.default_rng(taps)
    x = rng.standard_normal((2, channels, taps + 2)).astype(np.float32) + 1  # all of one sign: errors add up
    w = rng.random((5, channels, taps)).astype(np.float32)
    line = f"correlate x=f32[2,{channels}|{taps + 2}] w=f32[5,{channels}|{taps}] mode=valid accuracy=elementwise"
    problem = Problem.parse(line)
    y = ft.tensor.correlate(x, w, method="inner_product", accuracy="elementwise")
    windows = np.stack([x[..., i : i + taps] for i in range(3)]).astype(np.longdouble)
    exact, magnitude = (np.einsum("pnct,oct->nop", one, other) for one, other in ((windows, w), (abs(windows), abs(w))))
    assert np.all(abs(y - exact) <= INNER_PRODUCT.cost(problem, current()).error_bound * magnitude)


@pytest.mark.parametrize("layer", KERNEL_GRADIENTS, ids=str)
def test_same_bits_for_any_number_of_threads_and_any_layout(layer: Any) -> None:
    batch, channels, space, filters, kernel, stride, padding, groups = layer
    rng = np.random.default_rng(3)
    x = rng.standard_normal((batch, channels, *space)).astype(np.float32)
    outputs = tuple((n + 2 * padding - k) // stride + 1 for n, k in zip(space, kernel, strict=True))
    gy = rng.standard_normal((batch, filters, *outputs)).astype(np.float32)
    asked = {"stride": stride, "padding": padding, "groups": groups, "method": "inner_product"}
    shape = (filters, channels // groups, *kernel)
    expected = ft.tensor.kernel_gradient(x, gy, shape, threads=1, **asked)
    for one, other in ((np.asfortranarray(x), gy), (x[::-1].copy()[::-1], gy[..., ::-1].copy()[..., ::-1])):
        for threads in (1, 2, 3):
            np.testing.assert_array_equal(
                ft.tensor.kernel_gradient(one, other, shape, threads=threads, **asked), expected
            )


def test_what_lies_behind_a_row_is_not_read_as_a_sample() -> None:
    x = np.full((1, 1, 4, 12), np.inf, np.float32)
    x[..., :3] = 1  # rows of three wanted samples, before others
    y = ft.tensor.correlate(x, np.ones((1, 1, 4, 3), np.float32), method="inner_product")
    assert y[0, 0, 0, 0] == 12
    assert np.all(np.isinf(y[0, 0, 0, 1:]))


def test_a_kernel_with_infinity_spoils_only_what_it_meets() -> None:
    x, w = np.ones((1, 2, 4, 4), np.float32), np.ones((16, 2, 3, 3), np.float32)
    w[3, 0, 0, 0], w[5, 1, 2, 2] = np.inf, np.nan
    y = ft.tensor.correlate(x, w, padding=1, method="inner_product")
    assert np.isinf(y[0, 3]).sum() == np.isnan(y[0, 5]).sum() == 9
    assert np.isfinite(y).sum() == 16 * 16 - 18


def test_infinity_stays_infinite_in_long_sums() -> None:
    x, w = np.ones((1, 3, 5000), np.float32), np.ones((2, 3, 4998), np.float32)
    x[0, 1, 0], x[0, 2, 4999] = np.inf, np.nan
    y = ft.tensor.correlate(x, w, method="inner_product")
    assert np.all(y[0, :, 0] == np.inf)
    assert np.all(y[0, :, 1] == 3 * 4998)
    assert np.all(np.isnan(y[0, :, 2]))


def test_kernel_gradients_of_depthwise_layers_are_inner_products() -> None:
    forward = Problem.parse("correlate x=f32[8,144|56,56] w=f32[144,1|3,3] mode=same groups=144")
    assert choose(forward.kernel_gradient()).chosen.algorithm is INNER_PRODUCT


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("correlate x=f32[1,2|2000] w=f32[3,2|5] mode=same", "more than the 1024 whose sums are kept at once"),
        ("correlate x=f32[1,2|20] w=f32[3,2|5] mode=full input_dilation=2", "the input is dilated"),
        ("correlate x=f32[1,2|20] w=f64[3,2|5] mode=same", "not all float32"),
    ],
)
def test_refusals_say_why(line: str, reason: str) -> None:
    assert reason in str(INNER_PRODUCT.refuse(Problem.parse(line)))


def test_wrong_arguments_are_errors_and_never_crash() -> None:
    w, x, y = np.ones((4, 2, 3), np.float32), np.ones((1, 1, 2, 5), np.float32), np.empty((1, 4, 3), np.float32)
    where: tuple[list[int], ...] = ([0], [1], [1], [0])
    rest = (0.0, settings.level(), 1)
    _core.inner_product(x, w, y, 1, *where, *rest)
    np.testing.assert_array_equal(y, 6)
    for wrong in (x[:, :, :1], x[0], np.ones((2, 1, 2, 5), np.float32), x[..., :0]):
        with pytest.raises(ValueError):
            _core.inner_product(wrong, w, y, 1, *where, *rest)
    with pytest.raises(TypeError):
        _core.inner_product(x.astype(np.float64), w, y, 1, *where, *rest)
    for kernel, groups in ((w[..., ::-1], 1), (w[:, :, :0], 1), (w, 3), (w[:3], 1)):
        with pytest.raises(ValueError):
            _core.inner_product(x, kernel, y, groups, *where, *rest)
    for strange in (([0], [0], [1], [0]), ([0], [1], [1], [9]), ([2**60], [1], [1], [0]), ([], [], [], [])):
        with pytest.raises(ValueError):
            _core.inner_product(x, w, y, 1, *strange, *rest)
