"""Where another library defines the same thing, it gives the same result.

Integers and small-integer floats make every sum exact, so equality is the comparison.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st

import faltung as ft

MODES = st.sampled_from(["full", "same", "valid"])
NDIMAGE = {"symmetric": "reflect", "reflect": "mirror", "edge": "nearest", "constant": "constant", "wrap": "wrap"}
OPENCV = {
    "symmetric": cv2.BORDER_REFLECT,
    "reflect": cv2.BORDER_REFLECT_101,
    "edge": cv2.BORDER_REPLICATE,
    "constant": cv2.BORDER_CONSTANT,
}


def _integers(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray[Any, Any]:
    values = rng.integers(-9, 10, shape).astype(dtype)
    return values + 1j * rng.integers(-9, 10, shape) if values.dtype.kind == "c" else values


@given(n=st.integers(1, 60), k=st.integers(1, 60), mode=MODES, seed=st.integers(0, 99), complex_kernel=st.booleans())
def test_numpy(n: int, k: int, mode: str, seed: int, complex_kernel: bool) -> None:
    rng = np.random.default_rng(seed)
    x, w = _integers(rng, (max(n, k),), "float64"), _integers(rng, (min(n, k),), "float64")
    if complex_kernel:
        w = w + 1j * w[::-1]
    np.testing.assert_array_equal(ft.convolve(x, w, mode), np.convolve(x, w, mode))
    np.testing.assert_array_equal(ft.correlate(x, w, mode), np.correlate(x, w, mode))


@given(
    shape=st.lists(st.integers(3, 9), min_size=1, max_size=3),
    k=st.integers(1, 3),
    mode=MODES,
    seed=st.integers(0, 99),
    dtype=st.sampled_from(["float32", "float64", "complex128", "int64"]),
)
def test_scipy_signal(shape: list[int], k: int, mode: str, seed: int, dtype: str) -> None:
    rng = np.random.default_rng(seed)
    x, w = _integers(rng, tuple(shape), dtype), _integers(rng, (k,) * len(shape), dtype)
    for ours, theirs in ((ft.convolve, scipy.signal.convolve), (ft.correlate, scipy.signal.correlate)):
        expected = theirs(x, w, mode, method="direct")
        result = ours(x, w, mode)
        np.testing.assert_array_equal(result, expected)
        assert result.dtype == expected.dtype


@pytest.mark.parametrize("boundary", list(NDIMAGE))
@given(
    shape=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    kernel=st.lists(st.integers(1, 5), min_size=3, max_size=3),
    seed=st.integers(0, 99),
)
def test_scipy_ndimage(boundary: str, shape: list[int], kernel: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, w = _integers(rng, tuple(shape), "float64"), _integers(rng, tuple(kernel[: len(shape)]), "float64")
    center = [k // 2 for k in w.shape]
    mode = NDIMAGE[boundary]
    np.testing.assert_array_equal(
        ft.convolve(x, w, "same", boundary=boundary, center=center),  # type: ignore[arg-type]
        scipy.ndimage.convolve(x, w, mode=mode),
    )
    np.testing.assert_array_equal(
        ft.correlate(x, w, "same", boundary=boundary),  # type: ignore[arg-type]
        scipy.ndimage.correlate(x, w, mode=mode),
    )


@pytest.mark.parametrize("boundary", list(OPENCV))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(rows=st.integers(5, 30), columns=st.integers(5, 30), k=st.integers(1, 5), seed=st.integers(0, 99))
def test_opencv(boundary: str, dtype: str, rows: int, columns: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, w = _integers(rng, (rows, columns), dtype), _integers(rng, (k, k), dtype)
    expected = cv2.filter2D(x, -1, w, borderType=OPENCV[boundary])
    result = ft.correlate(x, w, "same", boundary=boundary)  # type: ignore[arg-type]
    np.testing.assert_array_equal(result, expected)
    assert result.dtype == dtype


@given(n=st.integers(1, 40), k=st.integers(1, 9), up=st.just(1), down=st.integers(1, 4), seed=st.integers(0, 99))
def test_decimation_is_upfirdn(n: int, k: int, up: int, down: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, w = _integers(rng, (n,), "float64"), _integers(rng, (k,), "float64")
    np.testing.assert_array_equal(ft.convolve(x, w, "full", stride=down), scipy.signal.upfirdn(w, x, up, down))
