"""Winograd's tiles beside sums in extended precision, each output within the bound of its own tile."""

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
from faltung.algorithms.winograd import FORMS, WINOGRAD, Form
from faltung.machine import shipped
from faltung.planner.choose import choose, rank

Array = NDArray[Any]
pytestmark = pytest.mark.usefixtures("each_instruction_set")
LOOSE = 1e-2
KERNEL = (3, 3)


class Layer(NamedTuple):
    """A two-dimensional layer of 3 x 3 kernels, padded with zeros."""

    batch: int
    channels: int
    filters: int
    space: tuple[int, int]
    padding: int = 1
    groups: int = 1

    def draw(self, seed: int = 0) -> tuple[Array, Array]:
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((self.batch, self.channels, *self.space)).astype(np.float32)
        return x, rng.standard_normal((self.filters, self.channels // self.groups, *KERNEL)).astype(np.float32)

    def windows(self, x: Array, size: int, step: int) -> Array:
        """Windows of the padded input, (batch, groups, channels of a group, *positions, size, size)."""
        p = self.padding
        beyond = (0 if step == 1 else size,) * 2
        padded = np.pad(x.astype(np.longdouble), ((0, 0), (0, 0), *((p, p + more) for more in beyond)))
        windows = sliding_window_view(padded, (size, size), (2, 3))[:, :, ::step, ::step]
        return windows.reshape(self.batch, self.groups, -1, *windows.shape[2:])

    def exact(self, x: Array, w: Array) -> Array:
        grouped = w.astype(np.longdouble).reshape(self.groups, -1, *w.shape[1:])
        y = np.einsum("ngchwij,gocij->ngohw", self.windows(x, 3, 1), grouped, optimize=True)
        return y.reshape(self.batch, self.filters, *y.shape[3:])

    def tile_norms(self, x: Array, form: Form, shape: tuple[int, ...]) -> Array:
        """For each output of each group, the norm of the tile that it was computed from."""
        norms = np.sqrt((self.windows(x, form.points, form.outputs) ** 2).sum((2, 5, 6)))
        return norms.repeat(form.outputs, 2).repeat(form.outputs, 3)[:, :, : shape[2], : shape[3]]


def computed(x: Array, w: Array, layer: Layer, form: Form, threads: int = 1) -> Array:
    """By one form, whatever the planner would choose."""
    bank = _core.Winograd(np.ascontiguousarray(w), layer.groups, form.outputs, form.block, settings.level(), threads)
    p = layer.padding
    y = np.empty((layer.batch, layer.filters, *(n + 2 * p - 2 for n in layer.space)), np.float32)
    assert bank.run(x, y, [-p, -p], [0, 0], 0.0, threads) == []
    return y


def check(layer: Layer, form: Form, seed: int = 0) -> None:
    x, w = layer.draw(seed)
    y, exact = computed(x, w, layer, form), layer.exact(x, w)
    problem = Problem.parse(
        f"correlate x=f32[{layer.batch},{layer.channels}|9,9] "
        f"w=f32[{layer.filters},{layer.channels // layer.groups}|3,3] groups={layer.groups}"
    )
    norms = layer.tile_norms(x, form, y.shape).repeat(layer.filters // layer.groups, 1)
    kernels = np.linalg.norm(w.astype(np.longdouble).reshape(layer.filters, -1), axis=1)
    assert np.all(abs(y - exact) <= form.error_bound(problem) * norms * kernels[:, np.newaxis, np.newaxis])


LAYERS = [
    Layer(1, 64, 64, (28, 28)),
    Layer(2, 3, 20, (30, 31)),
    Layer(5, 300, 17, (7, 7)),
    Layer(1, 16, 9, (5, 300), padding=0),
    Layer(2, 48, 96, (9, 10), groups=4),
    Layer(9, 8, 8, (7, 5), padding=2, groups=8),
    Layer(1, 65, 33, (1, 1)),
]


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_layers_keep_the_bound_of_each_tile(layer: Layer, form: Form) -> None:
    check(layer, form)


@given(st.data())
def test_any_layer(data: st.DataObject) -> None:
    groups, padding = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 3))
    side = st.integers(max(3 - 2 * padding, 1), 24)
    layer = Layer(
        data.draw(st.integers(1, 4)),
        groups * data.draw(st.integers(1, 90)),
        groups * data.draw(st.integers(1, 20)),
        (data.draw(side), data.draw(side)),
        padding,
        groups,
    )
    check(layer, data.draw(st.sampled_from(FORMS)), data.draw(st.integers(0, 99)))


def test_the_default_accuracy_takes_layers_of_any_channels() -> None:
    for channels in range(3, 600):
        assert reason(f"correlate x=f32[1,{channels}|9,9] w=f32[8,{channels}|3,3] mode=same") is None


def matrices(form: Form) -> tuple[Array, Array, Array]:
    """A', G and B' from the form's points, by polynomials: evaluated, and interpolated."""
    points = {2: (0, 1, -1), 4: (0, 21 / 32, -21 / 32, 49 / 32, -49 / 32)}[form.outputs]

    def evaluated(coefficients: int) -> Array:
        infinity = np.eye(1, coefficients, coefficients - 1)
        return np.vstack([np.vander(points, coefficients, increasing=True), infinity])

    return evaluated(form.outputs).T, evaluated(3), np.linalg.inv(evaluated(form.points)).T


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_the_amplification_is_that_of_the_points(form: Form) -> None:
    a, g, b = matrices(form)
    taps, samples = np.array([0.5, -2.0, 3.0]), np.arange(form.points) ** 2.0
    np.testing.assert_allclose(a @ ((g @ taps) * (b @ samples)), np.correlate(samples, taps))
    absolute = [np.einsum("p,pi,pj->ij", *map(np.abs, (row, b, g))) for row in a]
    largest = max(np.linalg.norm(matrix, 2) for matrix in absolute)
    assert largest <= form.amplification <= 1.001 * largest


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("layer", LAYERS[::2], ids=str)
def test_same_bits_for_any_number_of_threads_and_any_layout(layer: Layer, form: Form) -> None:
    x, w = layer.draw(3)
    expected = computed(x, w, layer, form)
    np.testing.assert_array_equal(computed(x, w, layer, form, threads=3), expected)
    for other in (np.asfortranarray(x), x[:, :, ::-1, ::-1].copy()[:, :, ::-1, ::-1]):
        np.testing.assert_array_equal(computed(other, w, layer, form), expected)
    strided = np.zeros((*x.shape[:3], 2 * x.shape[3]), np.float32)[..., ::2]
    strided[...] = x
    np.testing.assert_array_equal(computed(strided, w, layer, form), expected)


def solved(x: Array, w: Array, accuracy: float = LOOSE) -> Array:
    return ft.tensor.correlate(x, w, padding=1, method="winograd", accuracy=accuracy)


@pytest.mark.parametrize("accuracy", [3e-5, LOOSE])
@pytest.mark.parametrize(("of_x", "of_w"), [(-120, 0), (-60, 57), (70, -57), (-30, -50), (60, 20)])
def test_powers_of_two_scale_the_result_exactly(accuracy: float, of_x: int, of_w: int) -> None:
    x, w = Layer(1, 20, 9, (11, 10)).draw(4)
    x = np.round(x * 256) / 256  # those that become subnormal lose no digits
    y = solved(np.ldexp(x, of_x), np.ldexp(w, of_w), accuracy)
    np.testing.assert_array_equal(y, np.ldexp(solved(x, w, accuracy), of_x + of_w))


@pytest.mark.parametrize("accuracy", [3e-5, LOOSE])
def test_the_smallest_numbers_keep_their_digits(accuracy: float) -> None:
    layer = Layer(1, 6, 9, (11, 10))
    digits = np.random.default_rng(0).integers(-9, 10, (1, 6, 11, 10)).astype(np.float32)
    w = layer.draw(4)[1]
    y = solved(np.ldexp(digits, -149), np.ldexp(w, 57), accuracy)
    expected = np.ldexp(solved(digits, w, accuracy), 57 - 149)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-7 * abs(expected).max())


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
def test_a_strange_sample_spoils_only_what_it_touches(strange: float) -> None:
    x, w = Layer(2, 5, 9, (14, 13)).draw(1)
    w[3] = 0  # 0 times infinity is a term, too
    expected = solved(x, w)
    x[1, 2, 6, 7] = x[1, 2, 13, 0] = strange
    y = solved(x, w)
    touched = np.zeros(y.shape, bool)
    touched[1, :, 5:8, 6:9] = touched[1, :, 12:, :2] = True
    plain = ft.tensor.correlate(x, w, padding=1, method="direct")
    np.testing.assert_array_equal(~np.isfinite(y), touched)
    np.testing.assert_array_equal(y[touched], plain[touched])
    far = ~touched.repeat(1, 0)
    far[1, :, 4:8, 4:12] = far[1, :, 12:, :4] = False
    np.testing.assert_array_equal(y[far], expected[far])
    np.testing.assert_allclose(y[~touched], expected[~touched], rtol=0, atol=1e-4)


def test_what_overflows_on_the_way_is_computed_otherwise() -> None:
    x = np.zeros((1, 2, 9, 9), np.float32)
    x[0, 0, 4, 4] = 3e38
    w = np.ones((9, 2, 3, 3), np.float32)
    np.testing.assert_array_equal(solved(x, w), ft.tensor.correlate(x, w, padding=1, method="direct"))


@pytest.mark.parametrize("weight", [np.inf, np.nan, 1e30, 1e-30])
def test_kernels_that_cannot_be_transformed_are_summed(weight: float) -> None:
    x, w = Layer(1, 5, 9, (7, 8)).draw(2)
    w[4] = 0
    w[4, 2, 1, 1] = weight
    plain = ft.tensor.correlate(x, w, padding=1, method="channel_product")
    np.testing.assert_array_equal(solved(x, w), plain)


@pytest.mark.parametrize("boundary", ["constant", "wrap", "reflect"])
def test_the_input_gradient_is_such_a_layer(boundary: Any) -> None:
    rng = np.random.default_rng(7)
    w = rng.standard_normal((20, 12, 3, 3)).astype(np.float32)
    gy = rng.standard_normal((2, 20, 10, 9)).astype(np.float32)
    shape = (2, 12, 10, 9)
    how: dict[str, Any] = {"padding": 1, "boundary": boundary}
    g = ft.tensor.input_gradient(gy, w, shape, method="winograd", accuracy=LOOSE, **how)
    exact = ft.tensor.input_gradient(gy.astype(float), w.astype(float), shape, **how)
    np.testing.assert_allclose(g, exact, rtol=0, atol=2e-3)


def reason(line: str) -> str | None:
    return WINOGRAD.refuse(Problem.parse(line))


def test_what_it_takes_and_refuses() -> None:
    layer = "correlate x=f32[1,64|56,56] w=f32[64,64|3,3] mode=same"
    assert reason(layer) is None
    assert reason(f"{layer} accuracy=0.001") is None
    assert "exceeds 1.0e-05, which accuracy=1e-05 allows" in str(reason(f"{layer} accuracy=1e-05"))
    assert reason(f"{layer} accuracy=1e-06") == "accuracy=1e-06 wants sums in float64"
    assert "not to each element" in str(reason(f"{layer} accuracy=elementwise"))
    assert "stride" in str(reason(f"{layer} stride=2"))
    assert "5 x 3" in str(reason("correlate x=f32[1,64|56,56] w=f32[64,64|5,3] mode=same"))
    assert "float32" in str(reason("correlate x=f64[1,64|56,56] w=f64[64,64|3,3] mode=same"))


def test_the_tolerance_decides_between_tiles() -> None:
    w = np.ones((64, 64, 3, 3), np.float32)

    def planned(accuracy: float | str) -> str:
        return str(ft.tensor.plan("f32[1,64|56,56]", w, padding=1, accuracy=accuracy))

    assert planned("norm").startswith("winograd  F(2, 3)")
    assert planned(1e-3).startswith("winograd  F(4, 3)")
    assert planned(9e-6).startswith("channel_product")


def test_a_plan_has_paid_for_its_kernels() -> None:
    problem = Problem.parse("correlate x=f32[1,256|8,8] w=f32[256,256|3,3] mode=same")
    machine = shipped("x86-64-v3")
    once, held = (rank(problem, machine, held)[0][0] for held in (False, True))
    assert once.algorithm is CHANNEL_PRODUCT
    assert held.algorithm is WINOGRAD
    assert held.cost == WINOGRAD.cost(problem, machine).prepared
    plan = ft.tensor.plan("f32[1,256|8,8]", np.ones((256, 256, 3, 3), np.float32), padding=1)
    assert plan.as_dict()["seconds"] == choose(problem, held=True).chosen.cost.seconds


def test_wrong_arguments_are_errors_and_never_crash() -> None:
    w, level = np.ones((4, 2, 3, 3), np.float32), settings.level()
    bank = _core.Winograd(w, 1, 2, 16, level, 1)
    x, y = np.ones((1, 2, 5, 6), np.float32), np.empty((1, 4, 3, 4), np.float32)
    bank.run(x, y, [0, 0], [0, 0], 0.0, 1)
    np.testing.assert_allclose(y, 18, rtol=1e-6)
    for wrong in (x[:, :1], x[0], np.ones((2, 2, 5, 6), np.float32), x[..., :0]):
        with pytest.raises(ValueError):
            bank.run(wrong, y, [0, 0], [0, 0], 0.0, 1)
    with pytest.raises(TypeError):
        bank.run(x.astype(np.float64), y, [0, 0], [0, 0], 0.0, 1)
    with pytest.raises(ValueError):
        bank.run(x, y[:, :3], [0, 0], [0, 0], 0.0, 1)
    for offset, boundary in (([0], [0, 0]), ([0, 0], [0, 9]), ([0, 2**60], [0, 0]), ([], [])):
        with pytest.raises(ValueError):
            bank.run(x, y, offset, boundary, 0.0, 1)
    for kernel in (w[..., :2], w[..., ::-1], w[0], w[:0]):
        with pytest.raises(ValueError):
            _core.Winograd(kernel, 1, 2, 16, level, 1)
    for groups, outputs, block in ((3, 2, 16), (0, 2, 16), (1, 3, 16), (1, 2, 0)):
        with pytest.raises(ValueError):
            _core.Winograd(w, groups, outputs, block, level, 1)
    with pytest.raises(TypeError):
        _core.Winograd(w.astype(np.float64), 1, 2, 16, level, 1)
