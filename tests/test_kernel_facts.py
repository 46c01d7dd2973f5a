"""The look at a kernel's values: what the native core sees is what NumPy's words mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from faltung.task.structure import UNKNOWN, Structure, observe

TYPES = [np.dtype(code) for code in "?bBhHiIqQefdFD"]


def _by_numpy(w: np.ndarray[Any, Any]) -> Structure:
    symmetric = bool((w == np.flip(w, tuple(range(2, w.ndim)))).all())
    finite = bool(np.isfinite(w).all())
    real = w.dtype.kind != "c"
    nonnegative = finite and real and bool((w >= 0).all())
    constant = finite and real and bool((w == w.flat[0]).all())
    return Structure(finite, nonnegative, constant, symmetric, 1 if max(w.shape) == w.size else None)


@st.composite
def _kernels(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    """Few different values, so that symmetric and constant kernels occur; any layout."""
    dtype = draw(st.sampled_from(TYPES))
    shape = draw(arrays.array_shapes(min_dims=2, max_dims=4, max_side=4))
    special = [0, 1, 1, 1] if dtype.kind in "bu" else [0, 1, 1, 1, -1]
    special += [] if dtype.kind in "biu" else [-0.0, np.nan, np.inf]
    w = draw(arrays.arrays(dtype, shape, elements=st.sampled_from(special).map(dtype.type)))
    if draw(st.booleans()):
        w = np.where(draw(st.booleans()), w, w.flat[0]).astype(dtype)
    if draw(st.booleans()):
        backwards = np.flip(w, tuple(range(2, w.ndim)))
        w = np.concatenate([w, backwards], axis=-1) if w.ndim > 2 else w
    if draw(st.booleans()):
        w = w[..., ::-1] if draw(st.booleans()) else np.asfortranarray(w)
    if draw(st.booleans()):  # at an odd address
        bytes_ = np.empty(w.nbytes + 1, np.uint8)[1:]
        odd = bytes_.view(dtype).reshape(w.shape) if w.nbytes else w
        odd[...] = w
        w = odd
    return w


@given(_kernels())
def test_facts_are_what_numpy_says(w: np.ndarray[Any, Any]) -> None:
    assert observe(w) == _by_numpy(w)


@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_each_fact_is_seen_in_long_kernels(dtype: np.dtype[Any]) -> None:
    w = np.ones((1, 1, 1001), dtype)
    assert observe(w) == Structure(True, dtype.kind != "c", dtype.kind != "c", True, 1)
    for at in (0, 500, 777, 1000):  # anywhere in the vectors and in their tail
        other = w.copy()
        other[..., at] = 0
        assert observe(other) == _by_numpy(other)
        assert observe(other).symmetric == (at == 500)


def test_types_without_native_arithmetic_are_not_looked_at() -> None:
    assert observe(np.ones((1, 1, 3), np.longdouble)) == observe(np.ones((1, 1, 3), object)) == UNKNOWN
