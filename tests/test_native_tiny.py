"""The native call for tiny problems: the bits of ``direct``, or None."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faltung._native import _core

WIDEST = len(_core.instruction_sets()) - 1
CONSTANT = 0
MODES = ("full", "same", "valid")


def tiny(x, w, mode="full", correlate=False, said=(None, 0)):
    return _core.tiny(x, w, mode, said, (None, 0), correlate, WIDEST)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@settings(max_examples=150, deadline=None)
@given(n=st.integers(1, 700), taps=st.integers(1, 90), mode=st.sampled_from(MODES), correlate=st.booleans())
@example(n=100, taps=5, mode="full", correlate=False)
def test_tiny_has_the_bits_of_direct(dtype, n, taps, mode, correlate):
    rng = np.random.default_rng(n)
    x, w = (rng.standard_normal(length).astype(dtype) for length in (n, taps))
    y = tiny(x, w, mode, correlate)
    if taps > n or n * taps > 8192:
        assert y is None
        return
    length, offset = [(n + taps - 1, 1 - taps), (n, -(taps // 2)), (n - taps + 1, 0)][MODES.index(mode)]
    flipped = np.ascontiguousarray(w if correlate else w[::-1])
    out = np.zeros(length, dtype)
    assert _core.direct(x, flipped, out, [offset], [1], [1], [CONSTANT], None, False, WIDEST, 1)
    assert y.tobytes() == out.tobytes()
    expected = (np.correlate if correlate else np.convolve)(x, w, mode)
    np.testing.assert_allclose(y, expected, atol=1e-4 if dtype == "float32" else 1e-12)


def test_tiny_declines_what_it_does_not_know():
    x, w = np.ones(9), np.ones(3)

    class Subclass(np.ndarray):
        pass

    declined = [
        (x[::2], w),
        (x, w.astype("float32")),
        (x.astype(">f8"), w),
        (x.view(Subclass), w),
        ([1.0], w),
        (x, np.ones(0)),
        (x.reshape(3, 3), w),
        (x.astype(complex), w),
        (x, np.array([1, np.nan])),
        (x, np.array([1, np.inf])),
        (w, x),
        (x.astype(int), w.astype(int)),
        (np.ones(8193), np.ones(1)),
    ]
    assert all(tiny(a, b) is None for a, b in declined)
    assert all(tiny(x, w, mode) is None for mode in ("whole", "", None, 0))
    assert all(tiny(x, w, said=said) is None for said in [(x, 0), (None, 1), (None,), (None, 0, 0), None])
    assert tiny(x, w) is not None
