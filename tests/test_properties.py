"""Laws of convolution on the public functions: they need no second opinion.

Integers obey them exactly; floats too where the same products are added in the same order, or
where small integers make every sum exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal

import faltung as ft

CONTINUED = ("edge", "reflect", "symmetric", "wrap")
FLOATS = ("float32", "float64", "complex64", "complex128")


def integers(ndim: int = 1, longest: int = 12) -> st.SearchStrategy[Any]:
    shapes = st.tuples(*[st.integers(1, longest)] * ndim)
    return arrays(np.int64, shapes, elements=st.integers(-1000, 1000))


def floats(dtype: str, shape: tuple[int, ...], seed: int = 0) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape)
    return (values + 1j * rng.standard_normal(shape) if dtype.startswith("complex") else values).astype(dtype)


def whole(dtype: str, shape: tuple[int, ...], seed: int = 0) -> np.ndarray[Any, Any]:
    """Small integers in a floating type: their sums are exact in any order."""
    rng = np.random.default_rng(seed)
    values = rng.integers(-30, 30, shape)
    return (values + 1j * rng.integers(-30, 30, shape) if dtype.startswith("complex") else values).astype(dtype)


# the algebra -------------------------------------------------------------------------------


@given(integers(), integers())
def test_commutativity(a: Any, b: Any) -> None:
    assert_array_equal(ft.convolve(a, b), ft.convolve(b, a))


@given(integers(2, 5), integers(2, 5))
def test_commutativity_in_two_dimensions(a: Any, b: Any) -> None:
    assert_array_equal(ft.convolve(a, b), ft.convolve(b, a))


@given(integers(), integers(), integers())
def test_associativity(a: Any, b: Any, c: Any) -> None:
    assert_array_equal(ft.convolve(ft.convolve(a, b), c), ft.convolve(a, ft.convolve(b, c)))


@given(st.integers(1, 12).flatmap(lambda n: arrays(np.int64, (2, n), elements=st.integers(-999, 999))), integers())
def test_linearity(both: Any, w: Any) -> None:
    a, b = both
    assert_array_equal(ft.convolve(3 * a - 5 * b, w), 3 * ft.convolve(a, w) - 5 * ft.convolve(b, w))


@given(integers(2, 5), integers(2, 5))
def test_the_sum_of_a_full_convolution_is_the_product_of_the_sums(a: Any, b: Any) -> None:
    assert ft.convolve(a, b).sum() == a.sum() * b.sum()


@given(integers(), integers(), st.integers(0, 5))
def test_a_shifted_input_shifts_the_result(x: Any, w: Any, by: int) -> None:
    shifted = np.concatenate([np.zeros(by, np.int64), x])
    assert_array_equal(ft.convolve(shifted, w)[by:], ft.convolve(x, w))


@given(integers(), integers())
def test_reversing_both_reverses_the_result(x: Any, w: Any) -> None:
    assert_array_equal(ft.convolve(x[::-1], w[::-1]), ft.convolve(x, w)[::-1])


# impulses ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("length", [1, 2, 5, 33, 200])
def test_an_impulse_gives_the_kernel(dtype: str, length: int) -> None:
    w = floats(dtype, (length,))
    assert_array_equal(ft.convolve(np.ones(1, dtype), w, method="direct"), w)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(1,), (77,), (9, 13), (4, 5, 6)])
@pytest.mark.parametrize("method", ["auto", "direct", "definition"])
def test_a_delta_gives_the_input_bit_for_bit(dtype: str, shape: tuple[int, ...], method: str) -> None:
    x = floats(dtype, shape)
    delta = np.zeros((3,) * x.ndim, dtype)
    delta[(1,) * x.ndim] = 1
    for operation in (ft.convolve, ft.correlate):
        assert operation(x, delta, "same", method=method).tobytes() == x.tobytes()


# modes, strides, gaps ----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int32", *FLOATS])
@pytest.mark.parametrize(("n", "k"), [(1, 1), (9, 4), (9, 9), (70, 33), (300, 130)])
def test_valid_and_same_are_slices_of_full(dtype: str, n: int, k: int) -> None:
    x, w = whole(dtype, (n,)), whole(dtype, (k,), 1)
    full = ft.convolve(x, w, method="direct")
    assert_array_equal(ft.convolve(x, w, "valid", method="direct"), full[k - 1 : n])
    assert_array_equal(ft.convolve(x, w, "same", method="direct"), full[(k - 1) // 2 :][:n])


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("stride", [1, 2, 3, 50])
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_stride_keeps_every_such_output(mode: Any, stride: int, dtype: str) -> None:
    x, w = whole(dtype, (40, 30)), whole(dtype, (5, 4), 1)
    strided = ft.convolve(x, w, mode, stride=stride, method="direct")
    assert_array_equal(strided, ft.convolve(x, w, mode, method="direct")[::stride, ::stride])


@given(integers(), integers(longest=4), st.integers(1, 4), st.data())
def test_dilation_is_a_kernel_with_zeros_between(x: Any, w: Any, dilation: int, data: st.DataObject) -> None:
    center = data.draw(st.integers(0, len(w) - 1))
    stuffed = np.zeros(dilation * (len(w) - 1) + 1, np.int64)
    stuffed[::dilation] = w
    for operation in (ft.convolve, ft.correlate):
        assert_array_equal(
            operation(x, w, "same", center=center, dilation=dilation),
            operation(x, stuffed, "same", center=dilation * center),
        )


# convolution and correlation ---------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("boundary", ["constant", *CONTINUED])
def test_correlation_is_convolution_with_the_kernel_conjugate_and_flipped(dtype: str, mode: Any, boundary: Any) -> None:
    for x_shape, w_shape in [((50,), (7,)), ((50,), (8,)), ((12, 17), (3, 4))]:
        x, w = floats(dtype, x_shape), floats(dtype, w_shape, 1)
        center = tuple(k // 3 for k in w_shape)
        other = tuple(k - 1 - m for k, m in zip(w_shape, center, strict=True))
        ours = ft.convolve(x, w, mode, boundary=boundary, center=center)
        theirs = ft.correlate(x, np.conj(np.flip(w)), mode, boundary=boundary, center=other)
        assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("boundary", [*CONTINUED, "normalize"])
@pytest.mark.parametrize("kernel", [[1.0], [1.0, 2.0, 1.0], [4.0, 2.0, 1.0, 1.0]])
def test_a_constant_stays_constant(boundary: Any, kernel: list[float]) -> None:
    total = sum(kernel)
    for mode in ("full", "same", "valid"):
        y = ft.convolve(np.full(9, 3.0), kernel, mode, boundary=boundary)
        assert_array_equal(y, 3 * total)


@pytest.mark.parametrize("boundary", CONTINUED)
def test_a_factored_kernel_is_its_product(boundary: Any) -> None:
    x, wy, wx = whole("float64", (9, 8)), np.array([1.0, 2.0, 1.0]), np.array([1.0, -1.0])
    y = ft.convolve(x, (wy, wx), "same", boundary=boundary)
    assert_array_equal(y, ft.convolve(x, np.outer(wy, wx), "same", boundary=boundary))


@given(integers(2, 6), integers(1, 4))
def test_a_batch_axis_is_a_loop(x: Any, w: Any) -> None:
    assert_array_equal(ft.convolve(x, w, axes=1), [ft.convolve(row, w) for row in x])
    assert_array_equal(ft.convolve(x, w, axes=0), ft.convolve(x.T, w, axes=1).T)


# operands ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "int64", *FLOATS])
@pytest.mark.parametrize("method", ["auto", "direct", "definition"])
def test_operands_are_not_changed(dtype: str, method: str) -> None:
    x, w = (np.abs(9 * floats("float64", shape)).astype(dtype) for shape in [(8, 7), (3, 2)])
    before = x.tobytes(), w.tobytes()
    ft.convolve(x, w, "same", boundary="reflect", method=method)
    assert (x.tobytes(), w.tobytes()) == before


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("method", ["direct", "definition", "separable"])
def test_out_may_be_the_input(dtype: str, method: str) -> None:
    x, w = floats(dtype, (20, 15)), np.outer(*floats(dtype, (2, 3), 1))
    expected = ft.convolve(x, w, "same", method=method)
    y = ft.convolve(x, w, "same", method=method, out=x)
    assert y is x
    assert y.tobytes() == expected.tobytes()


def test_out_may_overlap_input_and_kernel() -> None:
    memory = floats("float64", (200,))
    expected = ft.convolve(memory[10:60], memory[100:103], "same")
    for start in (0, 5, 10, 35, 90, 101, 120):
        own = memory.copy()
        y = ft.convolve(own[10:60], own[100:103], "same", out=own[start : start + 50])
        assert y.tobytes() == expected.tobytes()


@pytest.mark.parametrize("step", [1, 2, -1])
def test_out_may_have_gaps_or_run_backwards(step: int) -> None:
    x, w = floats("float64", (30,)), floats("float64", (4,), 1)
    out = np.zeros(60)[::step][:30] if step > 0 else np.zeros(30)[::-1]
    assert_array_equal(ft.convolve(x, w, "same", out=out), ft.convolve(x, w, "same"))
