"""The layers against a definition of their own, written out from the help: exact in integers."""

from __future__ import annotations

import itertools
import pickle
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

import faltung as ft

Array = NDArray[Any]
BOUNDARIES = ["constant", "edge", "reflect", "symmetric", "wrap"]


def padded(x: Array, sides: list[tuple[int, int]], boundary: list[str], fill_value: int, spread: list[int]) -> Array:
    """x continued beyond its edges by numpy.pad, spread out and cropped to ``sides``."""
    widths = [(-(-max(low, 0) // u), -(-max(high, 0) // u)) for (low, high), u in zip(sides, spread, strict=True)]
    for axis, (width, rule) in enumerate(zip(widths, boundary, strict=True), start=2):
        more: Any = {"constant_values": fill_value} if rule == "constant" else {}
        x = np.pad(x, [width if i == axis else (0, 0) for i in range(x.ndim)], mode=cast("Any", rule), **more)
    gaps = np.zeros((*x.shape[:2], *(n * u for n, u in zip(x.shape[2:], spread, strict=True))), x.dtype)
    gaps[(..., *(slice(None, None, u) for u in spread))] = x
    axes = zip(widths, sides, spread, gaps.shape[2:], strict=True)
    kept = (slice(b * u - low, n - (u - 1) - (a * u - high)) for (b, a), (low, high), u, n in axes)
    return gaps[(..., *kept)]


def layer(operation: str, x: Array, w: Array, stride: list[int], dilation: list[int], groups: int) -> Array:
    """The sum over an input that is already padded."""
    if operation == "convolve":
        w = np.flip(w, axis=tuple(range(2, w.ndim)))
    filters, per_group, *kernel = w.shape
    space = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation, strict=True)]
    y = np.zeros((x.shape[0], filters, *space), np.result_type(x, w))
    for o, c, k in itertools.product(range(filters), range(per_group), np.ndindex(*kernel)):
        first = o // (filters // groups) * per_group
        reading = tuple(
            slice(d * j, d * j + s * (n - 1) + 1, s) for d, j, s, n in zip(dilation, k, stride, space, strict=True)
        )
        y[:, o] += w[(o, c, *k)] * x[(slice(None), first + c, *reading)]
    return y


def sides_of(word: str, n: int, k: int, s: int, d: int, operation: str) -> tuple[int, int]:
    """The padding that a word means on an axis, from its sentence in the help."""
    reach = d * (k - 1)
    needed = max((-(-n // s) - 1) * s + reach + 1 - n, 0)
    center = (k - 1) // 2 if operation == "convolve" else k // 2
    before = d * (k - 1 - center) if operation == "convolve" else d * center
    words = {
        "valid": (0, 0),
        "full": (reach, reach),
        "causal": (reach, 0),
        "same": (before, reach - before),
        "same_upper": (needed // 2, needed - needed // 2),
        "same_lower": (needed - needed // 2, needed // 2),
    }
    return words[word]


def integers(rng: np.random.Generator, *shape: int) -> Array:
    return rng.integers(-9, 10, shape)


@st.composite
def calls(draw: st.DrawFn) -> dict[str, Any]:
    ndim = draw(st.integers(0, 3))

    def each(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=ndim, max_size=ndim))

    sides = draw(st.sampled_from(["valid", "full", "causal", "same", "same_upper", "same_lower", None]))
    boundary = each(st.sampled_from(BOUNDARIES))
    return {
        "space": each(st.integers(3, 6)),
        "kernel": each(st.integers(1, 3)),
        "stride": each(st.integers(1, 3)),
        "dilation": each(st.integers(1, 2)),
        "input_dilation": each(st.integers(1, 2)),
        "padding": sides or [(draw(st.integers(-1, 4)), draw(st.integers(2, 4))) for _ in range(ndim)],
        "boundary": boundary,
        "fill_value": draw(st.integers(-3, 3)) if "constant" in boundary else 0,
        "groups": draw(st.integers(1, 3)),
        "channels": draw(st.integers(1, 2)),
        "filters": draw(st.integers(1, 2)),
        "batch": draw(st.integers(1, 2)),
        "seed": draw(st.integers(0, 9)),
    }


@given(calls(), st.sampled_from(["convolve", "correlate"]))
@settings(max_examples=400)
def test_layers_are_their_definition(call: dict[str, Any], operation: str) -> None:
    rng, groups, padding = np.random.default_rng(call["seed"]), call["groups"], call["padding"]
    stride, dilation, spread = call["stride"], call["dilation"], call["input_dilation"]
    x = integers(rng, call["batch"], groups * call["channels"], *call["space"])
    w = integers(rng, groups * call["filters"], call["channels"], *call["kernel"])
    bias = integers(rng, len(w))
    if isinstance(padding, str):
        lengths = [(n - 1) * u + 1 for n, u in zip(call["space"], spread, strict=True)]
        axes = zip(lengths, call["kernel"], stride, dilation, strict=True)
        sides = [sides_of(padding, *axis, operation) for axis in axes]
    else:
        sides = padding
    names = ("stride", "padding", "dilation", "groups", "input_dilation", "boundary", "fill_value")
    options = {name: call[name] for name in names}
    reach = [d * (k - 1) for d, k in zip(dilation, call["kernel"], strict=True)]
    continued = padded(x, sides, call["boundary"], call["fill_value"], spread)
    if any(n <= r for n, r in zip(continued.shape[2:], reach, strict=True)):
        with pytest.raises(ValueError, match="no output"):
            getattr(ft.tensor, operation)(x, w, **options)
        return
    expected = layer(operation, continued, w, stride, dilation, groups)
    if isinstance(padding, str) and padding.startswith("same"):
        ceil = [-(-n // s) for n, s in zip(lengths, stride, strict=True)]
        expected = expected[(..., *(slice(n) for n in ceil))]
        assert expected.shape[2:] == tuple(ceil)
    y = getattr(ft.tensor, operation)(x, w, **options)
    assert y.dtype == np.int64
    assert_array_equal(y, expected)
    with_bias = getattr(ft.tensor, operation)(x, w, bias=bias, **options)
    assert_array_equal(with_bias, expected + bias.reshape(-1, *(1,) * (x.ndim - 2)))
    assert_array_equal(getattr(ft.tensor, operation)(x[0], w, **options), expected[0])


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_a_bias_does_not_wrap(dtype: str) -> None:
    high = np.iinfo(dtype).max
    x, w = np.array([[high]], dtype), np.ones((1, 1, 1), dtype)
    with pytest.raises(OverflowError, match=dtype):
        ft.tensor.correlate(x, w, bias=np.array([1], dtype))
    assert ft.tensor.correlate(x - x, w, bias=np.array([high], dtype)) == high
    below = ft.tensor.correlate(np.array([[2**62, 3]]), w.astype(int), bias=[-(2**62)])
    assert_array_equal(below, [[0, 3 - 2**62]])


@pytest.mark.parametrize(
    ("x", "w", "bias", "expected"),
    [
        ("float32", "float32", None, "float32"),
        ("float32", "float64", None, "float64"),
        ("int8", "uint8", None, "int64"),
        ("bool", "uint64", None, "uint64"),
        ("uint64", "uint64", "int8", "int64"),
        ("int32", "float32", None, "float64"),
        ("int32", "int32", "float32", "float64"),
        ("float16", "float16", "float32", "float32"),
        ("complex64", "float32", "float32", "complex64"),
        ("object", "int64", None, "object"),
    ],
)
def test_types_follow_from_types(x: str, w: str, bias: str | None, expected: str) -> None:
    offsets = None if bias is None else np.ones(2, bias)
    y = ft.tensor.correlate(np.ones((1, 1, 3), x), np.ones((2, 1, 2), w), bias=offsets)
    assert y.dtype == expected
    assert_array_equal(y, np.full((1, 2, 2), 2 if bias is None else 3))


def test_numbers_in_lists_take_the_type_of_the_array() -> None:
    assert ft.tensor.correlate(np.ones((1, 4), np.float32), [[[0.5, 2]]]).dtype == np.float32


@pytest.mark.parametrize("method", ["direct", "definition"])
def test_methods_agree(method: str) -> None:
    rng = np.random.default_rng(0)
    x, w = integers(rng, 2, 4, 5, 4), integers(rng, 4, 2, 2, 3)
    options: Any = {"groups": 2, "padding": "same", "boundary": "wrap"}
    assert_array_equal(ft.tensor.convolve(x, w, method=method, **options), ft.tensor.convolve(x, w, **options))


@pytest.mark.parametrize("stride", [1, 2, 3, 5])
@pytest.mark.parametrize("input_dilation", [1, 2, 3, 4])
def test_steps_that_share_no_factor(stride: int, input_dilation: int) -> None:
    """Phases then have steps of their own, and often a single output or none."""
    x, w = (np.arange(2.0 * n * m, dtype="float32").reshape(n, 2, m) % 5 - 2 for n, m in ((2, 8), (3, 5)))
    for dilation, taps, samples in itertools.product((1, 2, 3), (1, 2, 5), (1, 2, 8)):
        steps = {"stride": stride, "dilation": dilation, "input_dilation": input_dilation, "padding": "full"}
        few = x[..., :samples], w[..., :taps]
        exact = ft.tensor.correlate(*few, **steps, method="definition")
        assert_array_equal(ft.tensor.correlate(*few, **steps), exact)
        gradients = [
            (
                ft.tensor.input_gradient(exact, few[1], few[0].shape, **steps, method=method),
                ft.tensor.kernel_gradient(few[0], exact, few[1].shape, **steps, method=method),
            )
            for method in ("auto", "definition")
        ]
        for found, expected in zip(*gradients, strict=True):
            assert_array_equal(found, expected)


def test_any_memory_layout_gives_the_same() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 4, 9, 8)), rng.standard_normal((3, 4, 3, 3))
    y = ft.tensor.correlate(x, w, padding=1)
    for layout in (
        np.asfortranarray(x),
        x[..., ::-1].copy()[..., ::-1],
        np.moveaxis(np.moveaxis(x, 1, -1).copy(), -1, 1),
    ):
        assert_array_equal(ft.tensor.correlate(layout, np.asfortranarray(w), padding=1, threads=2), y)
    assert_array_equal(ft.tensor.correlate(x.astype(">f8"), w, padding=1), y)


def test_one_image_and_one_kernel_are_an_array_operation() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((200, 100)), np.outer(rng.standard_normal(31), rng.standard_normal(31))
    y = ft.tensor.convolve(x[None, None], w[None, None], padding="same", boundary="reflect")
    assert_array_equal(y[0, 0], ft.convolve(x, w, "same", boundary="reflect"))


def test_options_may_be_arrays() -> None:
    x, w = np.arange(12).reshape(1, 3, 4), np.ones((1, 1, 2, 2), int)
    expected = ft.tensor.correlate(x, w, padding=((1, 2), (0, 1)), stride=(1, 2))
    given = {"padding": np.array([[1, 2], [0, 1]]), "stride": np.array([1, 2]), "dilation": np.array(1)}
    assert_array_equal(ft.tensor.correlate(x, w, **given), expected)
    assert_array_equal(ft.tensor.correlate(x, w, padding=np.array(1)), ft.tensor.correlate(x, w, padding=1))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_errors_are_within_the_bound(dtype: str) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 64, 9, 9)).astype(dtype), rng.standard_normal((4, 64, 3, 3)).astype(dtype)
    y = ft.tensor.correlate(x, w, padding=1)
    wide = [operand.astype(np.longdouble) for operand in (x, w)]
    exact, size = (layer("correlate", *operands, [1, 1], [1, 1], 1) for operands in _padded_and_sizes(*wide))
    computed, rounded = np.finfo(np.result_type(dtype, np.float32)).eps / 2, np.finfo(dtype).eps / 2
    terms = 64 * 9
    assert (np.abs(y - exact) <= (128 + np.log2(terms)) * computed * size + rounded * np.abs(exact)).all()


def _padded_and_sizes(x: Array, w: Array) -> list[tuple[Array, Array]]:
    """Operands of the sum, and of the sum of magnitudes that its error is relative to."""
    x = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
    return [(x, w), (np.abs(x), np.abs(w))]


def test_bfloat16_arrays_are_summed_in_single_precision_and_rounded_once() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed, and no dependency")
    half = ml_dtypes.bfloat16
    rng = np.random.default_rng(0)
    x, w, bias = (rng.standard_normal(shape).astype(half) for shape in ((2, 4, 9), (6, 2, 3), (6,)))
    wide = [each.astype(np.float32) for each in (x, w, bias)]
    words: dict[str, Any] = {"groups": 2, "padding": 1, "boundary": "reflect"}
    y = ft.tensor.correlate(x, w, bias=bias, **words)
    assert y.dtype == half
    assert_array_equal(y, ft.tensor.correlate(wide[0], wide[1], bias=wide[2], **words).astype(half))
    for found, expected in [
        (ft.tensor.convolve(x[0], w, **words), ft.tensor.convolve(wide[0][0], wide[1], **words)),
        (ft.tensor.input_gradient(y, w, x.shape, **words),
         ft.tensor.input_gradient(y.astype(np.float32), wide[1], x.shape, **words)),
        (ft.tensor.kernel_gradient(x, y, w.shape, **words),
         ft.tensor.kernel_gradient(wide[0], y.astype(np.float32), w.shape, **words)),
        (ft.tensor.correlate_transposed(x, w[:4]), ft.tensor.correlate_transposed(wide[0], wide[1][:4])),
        (ft.tensor.depthwise(x, w[:4, 0]), ft.tensor.depthwise(wide[0], wide[1][:4, 0])),
    ]:  # fmt: skip
        assert found.dtype == half
        assert_array_equal(found, expected.astype(half))
    assert ft.tensor.correlate(x, wide[1], groups=2).dtype == np.float32
    assert ft.tensor.correlate(x, np.ones((6, 2, 3), np.int8), groups=2).dtype == half
    assert ft.tensor.correlate(x, wide[1].tolist(), groups=2).dtype == half


def test_plans_and_patches_of_bfloat16() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed, and no dependency")
    half = ml_dtypes.bfloat16
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(shape).astype(half) for shape in ((2, 4, 9), (6, 4, 3)))
    expected = ft.tensor.correlate(x, w)
    for plan in (
        ft.tensor.plan(x, w),
        ft.tensor.plan("f32[2,4|9]", w),
        pickle.loads(pickle.dumps(ft.tensor.plan(x, w))),
    ):
        out = np.empty(expected.shape, half)
        assert plan(x, out=out) is out
        for found in (plan(x), out):
            assert found.dtype == half
            assert_array_equal(found, expected)
        assert plan(x.astype(np.float32)).dtype == np.float32
        with pytest.raises(TypeError, match="out has dtype float32"):
            plan(x, out=np.empty(expected.shape, np.float32))
    assert ft.tensor.plan(x, w.astype(np.float32))(x).dtype == np.float32
    patches = ft.tensor.patches(x, (3,))
    assert patches.dtype == ft.tensor.patches_adjoint(patches, x.shape, (3,)).dtype == half
    assert_array_equal(patches[..., 0], x[..., :3])


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_pythons_numbers_take_the_type_of_the_array_beside_them(dtype: Any) -> None:
    x, taps = np.ones((1, 1, 5), dtype), [[[0.5, 2.0, 1.0]]]
    assert ft.tensor.correlate(x, taps).dtype == ft.correlate(x[0, 0], taps[0][0]).dtype == dtype
    assert_array_equal(ft.tensor.correlate(x, taps), np.full((1, 1, 3), 3.5, dtype))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64"])
def test_a_bias_of_pythons_numbers_takes_the_sums_type(dtype: str) -> None:
    x, w = np.ones((1, 3, 5), dtype), np.ones((2, 3, 2), dtype)
    for operation in (ft.tensor.correlate, ft.tensor.convolve):
        assert operation(x, w, bias=[0.5, 1]).dtype == dtype
    assert ft.tensor.correlate_transposed(x, np.ones((3, 2, 2), dtype), bias=[0.5, 1]).dtype == dtype
