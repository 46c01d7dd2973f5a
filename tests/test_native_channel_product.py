"""The channel product itself: layers larger than the definition can check, beside plain matrix products.

Small integers make every sum exact, so that equality is the comparison; random numbers are
compared within the bound that the algorithm states.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

import faltung as ft
from faltung import Problem, settings
from faltung._native import _core
from faltung.algorithms.channel_product import CHANNEL_PRODUCT
from faltung.machine import current
from faltung.planner.choose import choose

Array = NDArray[Any]
pytestmark = pytest.mark.usefixtures("each_instruction_set")


class Layer(NamedTuple):
    """A two-dimensional layer, padded with zeros."""

    batch: int
    channels: int
    filters: int
    space: tuple[int, int]
    kernel: tuple[int, int]
    stride: int = 1
    padding: int = 0
    groups: int = 1


def by_matrix_product(x: Array, w: Array, layer: Layer) -> Array:
    """The layer from unfolded windows, in extended precision."""
    p, s, g = layer.padding, layer.stride, layer.groups
    padded = np.pad(x.astype(np.longdouble), ((0, 0), (0, 0), (p, p), (p, p)))
    windows = sliding_window_view(padded, layer.kernel, (2, 3))[:, :, ::s, ::s]
    windows = windows.reshape(layer.batch, g, layer.channels // g, *windows.shape[2:])
    grouped = w.astype(np.longdouble).reshape(g, layer.filters // g, *w.shape[1:])
    y = np.einsum("ngchwij,gocij->ngohw", windows, grouped, optimize=True)
    return y.reshape(layer.batch, layer.filters, *y.shape[3:])


def computed(x: Array, w: Array, layer: Layer, threads: int = 1) -> Array:
    return ft.tensor.correlate(
        x,
        w,
        stride=layer.stride,
        padding=layer.padding,
        groups=layer.groups,
        method="channel_product",
        threads=threads,
    )


def integers(layer: Layer, dtype: str, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    x = rng.integers(-4, 5, (layer.batch, layer.channels, *layer.space)).astype(dtype)
    return x, rng.integers(-4, 5, (layer.filters, layer.channels // layer.groups, *layer.kernel)).astype(dtype)


LAYERS = [
    Layer(2, 3, 20, (30, 31), (5, 4), padding=2),
    Layer(1, 40, 33, (20, 21), (3, 3), padding=1),
    Layer(5, 300, 17, (7, 7), (3, 3), padding=1),
    Layer(1, 24, 70, (40, 41), (1, 1)),
    Layer(2, 64, 40, (32, 32), (1, 1)),
    Layer(3, 20, 24, (23, 24), (1, 1), stride=2),
    Layer(2, 20, 24, (23, 24), (4, 4), stride=4),
    Layer(2, 48, 96, (9, 9), (3, 3), padding=1, groups=4),
    Layer(2, 36, 36, (40, 50), (3, 3), padding=1, groups=36),
    Layer(9, 30, 30, (7, 7), (3, 3), padding=1, groups=30),
    Layer(2, 30, 30, (29, 40), (3, 3), stride=2, padding=1, groups=30),
    Layer(1, 10, 30, (60, 61), (7, 7), padding=3, groups=10),
    Layer(1, 30, 4, (200, 210), (3, 3), padding=1),
    Layer(2, 6, 5, (400, 30), (300, 3), padding=1),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_layers_of_integers_are_exact(layer: Layer, dtype: str) -> None:
    x, w = integers(layer, dtype)
    np.testing.assert_array_equal(computed(x, w, layer), by_matrix_product(x, w, layer).astype(dtype))


@pytest.mark.parametrize("positions_in_lanes", [False, True])
@pytest.mark.parametrize("channels", [3, 150, 1100])
@pytest.mark.parametrize("space", [(), (1,), (48,), (37,), (4, 8), (3, 5, 16), (1, 32), (16, 1)], ids=str)
def test_pointwise_layers_are_matrix_products(space: tuple[int, ...], channels: int, positions_in_lanes: bool) -> None:
    rng = np.random.default_rng(channels)
    x, w = rng.integers(-4, 5, (2, channels, *space)), rng.integers(-4, 5, (21, channels))
    product = _core.ChannelProduct(
        w.reshape(21, channels, *(1 for _ in space)).astype(np.float32), 1, positions_in_lanes, settings.level(), 1
    )
    none, one = [0] * len(space), [1] * len(space)
    for apart in ((), (0,), (len(space) + 1,)):  # the axes with gaps between their samples and results
        steps = tuple(slice(None, None, 1 + (axis in apart)) for axis in range(2 + len(space)))
        room = [n * (1 + (axis in apart)) for axis, n in enumerate((2, 21, *space))]
        y, samples = np.full(room, np.nan, np.float32), np.repeat(x, 2, apart[0]) if apart else x
        product.run(samples.astype(np.float32)[steps], y[steps], none, one, one, none, 0.0, 2)
        np.testing.assert_array_equal(y[steps], np.einsum("nc...,oc->no...", x, w))
        assert np.isnan(y).sum() == y.size - y[steps].size


@pytest.mark.parametrize("boundary", ["constant", "edge", "wrap"])
@pytest.mark.parametrize("kernel", [3, 5, 7, 13])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_depthwise_layers_of_small_maps(stride: int, kernel: int, boundary: str) -> None:
    rng = np.random.default_rng(kernel)
    for size in (1, 2, 3, 7, 8, 9, 14, 17):
        x = rng.integers(-4, 5, (3, 37, size, size + 1)).astype(np.float32)
        w = rng.integers(-4, 5, (37, 1, kernel, kernel)).astype(np.float32)
        layer = Layer(3, 37, 37, (size, size + 1), (kernel, kernel), stride, 0, 37)
        low, high = kernel // 2, kernel - 1 - kernel // 2
        padded = np.pad(x, ((0, 0), (0, 0), (low, high), (low, high)), boundary)  # type: ignore[call-overload]
        options = {"stride": stride, "padding": "same", "groups": 37, "boundary": boundary}
        y = ft.tensor.correlate(x, w, method="channel_product", threads=2, **options)
        np.testing.assert_array_equal(y, by_matrix_product(padded, w, layer))


def test_rows_beyond_the_edges_are_filled_where_columns_are_continued() -> None:
    x, w = np.ones((1, 9, 4, 5)), np.ones((9, 1, 3, 3))
    options = {"padding": "same", "groups": 9, "boundary": ["constant", "edge"], "fill_value": 2.5}
    y = ft.tensor.correlate(x, w, method="channel_product", **options)
    np.testing.assert_array_equal(y, np.full((1, 9, 4, 5), 9) + 4.5 * np.array([1, 0, 0, 1])[:, np.newaxis])


@pytest.mark.parametrize("outputs", [1, 8, 9, 17, 40])
def test_interleaved_outputs_leave_no_gap_and_spoil_no_neighbour(outputs: int) -> None:
    x, w = integers(Layer(2, 5, 19, (outputs, outputs), (2, 2)), "float32")
    y = ft.tensor.convolve(x, w, padding="full", input_dilation=2, method="channel_product")
    np.testing.assert_array_equal(y, np.einsum("ncij,ocab->noiajb", x, w).reshape(y.shape))


@given(st.data())
def test_any_layer(data: st.DataObject) -> None:
    groups = data.draw(st.integers(1, 4))
    kernel = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    space = tuple(k + data.draw(st.integers(0, 30)) for k in kernel)
    layer = Layer(
        data.draw(st.integers(1, 5)),
        groups * data.draw(st.integers(1, 12)),
        groups * data.draw(st.integers(1, 20)),
        space,
        kernel,
        data.draw(st.integers(1, 3)),
        data.draw(st.integers(0, 3)),
        groups,
    )
    x, w = integers(layer, data.draw(st.sampled_from(["float32", "float64"])))
    np.testing.assert_array_equal(computed(x, w, layer), by_matrix_product(x, w, layer).astype(x.dtype))


@pytest.mark.parametrize("terms", [100, 128, 129, 1000, 1024, 1025, 20_000])
@pytest.mark.parametrize("filters", [1, 16])
def test_the_bound_holds_at_each_element_for_sums_of_any_length(terms: int, filters: int) -> None:
    rng = np.random.default_rng(terms)
    x = rng.standard_normal((1, terms, 12)).astype(np.float32) + 1  # all of one sign: errors add up
    w = rng.random((filters, terms, 1)).astype(np.float32)
    problem = Problem.parse(f"correlate x=f32[1,{terms}|12] w=f32[{filters},{terms}|1] mode=same accuracy=elementwise")
    assert CHANNEL_PRODUCT.refuse(problem) is None
    y = ft.tensor.correlate(x, w, method="channel_product", accuracy="elementwise")
    exact = np.einsum("ncp,oc->nop", x.astype(np.longdouble), w[..., 0].astype(np.longdouble))
    magnitude = np.einsum("ncp,oc->nop", abs(x).astype(np.longdouble), w[..., 0].astype(np.longdouble))
    assert np.all(abs(y - exact) <= CHANNEL_PRODUCT.cost(problem, current()).error_bound * magnitude)


@pytest.mark.parametrize("layer", LAYERS[::2], ids=str)
def test_same_bits_for_any_number_of_threads_and_any_layout(layer: Layer) -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((layer.batch, layer.channels, *layer.space)).astype(np.float32)
    w = rng.standard_normal((layer.filters, layer.channels // layer.groups, *layer.kernel)).astype(np.float32)
    expected = computed(x, w, layer)
    np.testing.assert_array_equal(computed(x, w, layer, threads=3), expected)
    flipped = x[:, :, ::-1, ::-1].copy()[:, :, ::-1, ::-1]
    np.testing.assert_array_equal(computed(flipped, np.asfortranarray(w), layer), expected)
    np.testing.assert_array_equal(computed(np.asfortranarray(x), w[..., ::-1].copy()[..., ::-1], layer), expected)


@pytest.mark.parametrize("filters", [4, 16])
def test_infinity_stays_infinite_in_long_sums(filters: int) -> None:
    x, w = np.ones((1, 5000, 9), np.float32), np.ones((filters, 5000, 1), np.float32)
    x[0, 17, 3], x[0, 4999, 5], x[0, 1500, 6] = np.inf, -np.inf, np.nan
    y = ft.tensor.correlate(x, w, method="channel_product")
    assert np.all(y[0, :, 3] == np.inf)
    assert np.all(y[0, :, 5] == -np.inf)
    assert np.all(np.isnan(y[0, :, 6]))
    assert np.all(y[0][:, [0, 1, 2, 4, 7, 8]] == 5000)


def test_a_kernel_with_infinity_spoils_only_what_it_meets() -> None:
    x, w = np.ones((1, 2, 4, 4), np.float32), np.ones((16, 2, 3, 3), np.float32)
    w[3, 0, 0, 0] = np.inf
    y = ft.tensor.correlate(x, w, padding=1, method="channel_product")
    assert np.isinf(y[0, 3]).sum() == 9  # nine positions have a sample above and to the left
    assert not np.isnan(y).any()


def test_wrong_arguments_are_errors_and_never_crash() -> None:
    w = np.ones((4, 2, 3), np.float32)
    level = settings.level()
    bank = _core.ChannelProduct(w, 1, False, level, 1)
    x, y = np.ones((1, 2, 5), np.float32), np.empty((1, 4, 3), np.float32)
    where: tuple[list[int], ...] = ([0], [1], [1], [0])
    bank.run(x, y, *where, 0.0, 1)
    np.testing.assert_array_equal(y, 6)
    for wrong in (x[:, :1], x[0], np.ones((2, 2, 5), np.float32), x[..., :0]):
        with pytest.raises(ValueError):
            bank.run(wrong, y, *where, 0.0, 1)
    with pytest.raises(TypeError):
        bank.run(x.astype(np.float64), y, *where, 0.0, 1)
    with pytest.raises(ValueError):
        bank.run(x, y[:, :3], *where, 0.0, 1)
    for strange in (([0], [0], [1], [0]), ([0], [1], [1], [9]), ([2**60], [1], [1], [0]), ([], [], [], [])):
        with pytest.raises(ValueError):
            bank.run(x, y, *strange, 0.0, 1)
    with pytest.raises(ValueError):
        _core.ChannelProduct(w, 3, False, level, 1)
    with pytest.raises(TypeError):
        _core.ChannelProduct(np.ones((4, 2, 3), np.int32), 1, False, level, 1)


def test_a_plan_holds_its_kernels_and_says_what_it_expects() -> None:
    x, w = np.ones((1, 16, 32, 32), np.float32), np.ones((64, 16, 3, 3), np.float32)
    plan = ft.tensor.plan("f32[1,16|32,32]", w, padding=1, method="channel_product")
    w[:] = 0
    out = np.empty((1, 64, 32, 32), np.float32)
    assert plan(x, out=out) is out
    assert out[0, 0, 5, 5] == 144
    assert "channel_product" in str(plan)
    assert plan.as_dict()["chosen"] == plan.algorithm == "channel_product"
    with pytest.raises(ValueError, match="the plan was made for float32"):
        plan(x.astype(np.float64))
    with pytest.raises(ValueError, match="out"):
        plan(x, out=out[..., :1])


COMPLEX_LAYERS = [LAYERS[1], LAYERS[5], LAYERS[7], LAYERS[8]]


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("layer", COMPLEX_LAYERS, ids=str)
def test_complex_layers_of_integers_are_exact(layer: Layer, operation: str) -> None:
    (xr, wr), (xi, wi) = integers(layer, "float32", 1), integers(layer, "float32", 2)
    parts = {(i, j): by_matrix_product(x, w, layer) for i, x in enumerate((xr, xi)) for j, w in enumerate((wr, wi))}
    sign = 1 if operation == "convolve" else -1
    expected = parts[0, 0] - sign * parts[1, 1] + 1j * (sign * parts[0, 1] + parts[1, 0])
    w = (wr + 1j * wi).astype(np.complex64)
    w = w[..., ::-1, ::-1] if operation == "convolve" else w
    options = {"stride": layer.stride, "padding": layer.padding, "groups": layer.groups}
    y = getattr(ft.tensor, operation)((xr + 1j * xi).astype(np.complex64), w, method="channel_product", **options)
    np.testing.assert_array_equal(y, expected.astype(np.complex64))


def test_complex_layers_that_it_is_faster_for() -> None:
    problem = Problem.parse("correlate x=c64[1,32|56,56] w=c64[32,32|3,3] mode=same")
    assert choose(problem).chosen.algorithm is CHANNEL_PRODUCT
    filled = Problem.parse("correlate x=c64[1,32|56,56] w=c64[32,32|3,3] mode=same fill_value=1")
    assert "filled with different values" in str(CHANNEL_PRODUCT.refuse(filled))


def test_strange_complex_numbers_are_the_definitions() -> None:
    rng = np.random.default_rng(1)
    x, w = (rng.standard_normal(shape) * (1 + 1j) for shape in ((1, 3, 9, 9), (5, 3, 3, 3)))
    x[0, 1, 2, 3], x[0, 0, 7, 7], w[2, 1, 0, 0] = complex(np.inf, 1), complex(0, np.nan), complex(1, -np.inf)
    y, expected = (ft.tensor.correlate(x, w, padding=1, method=m) for m in ("channel_product", "definition"))
    for ours, theirs in ((y.real, expected.real), (y.imag, expected.imag)):
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
        np.testing.assert_array_equal(ours == np.inf, theirs == np.inf)
        np.testing.assert_array_equal(ours == -np.inf, theirs == -np.inf)
