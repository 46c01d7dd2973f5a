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
@given(n=st.integers(1, 1700), taps=st.integers(1, 75), mode=st.sampled_from(MODES), correlate=st.booleans())
@example(n=100, taps=5, mode="full", correlate=False)
def test_tiny_has_the_bits_of_direct(dtype, n, taps, mode, correlate):
    rng = np.random.default_rng(n)
    x, w = (rng.standard_normal(length).astype(dtype) for length in (n, taps))
    y = tiny(x, w, mode, correlate)
    if taps > min(n, 65) or n * taps > 2**17:
        assert y is None
        return
    length, offset = [(n + taps - 1, 1 - taps), (n, -(taps // 2)), (n - taps + 1, 0)][MODES.index(mode)]
    flipped = np.ascontiguousarray(w if correlate else w[::-1])
    out = np.zeros(length, dtype)
    assert _core.direct(x, flipped, out, [offset], [1], [1], [CONSTANT], None, False, WIDEST, 1)
    assert y.tobytes() == out.tobytes()
    expected = (np.correlate if correlate else np.convolve)(x, w, mode)
    np.testing.assert_allclose(y, expected, atol=1e-4 if dtype == "float32" else 1e-12)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 4)), min_size=2, max_size=4), st.data())
def test_tiny_has_the_bits_of_direct_in_many_dimensions(axes, data):
    mode, correlate = data.draw(st.sampled_from(MODES)), data.draw(st.booleans())
    shape, taps = [max(axis) for axis in axes], [k for _, k in axes]
    if np.prod(taps) > 65 or np.prod(shape) * np.prod(taps) > 2**15:
        return
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal(shape).astype("float32"), rng.standard_normal(taps).astype("float32")
    y = tiny(x, w, mode, correlate)
    offset = [{"full": 1 - k, "same": -(k // 2), "valid": 0}[mode] for k in taps]
    out = np.zeros(
        [n + {"full": k - 1, "same": 0, "valid": 1 - k}[mode] for n, k in zip(shape, taps, strict=True)], "float32"
    )
    ones = [1] * len(shape)
    flipped = np.ascontiguousarray(w if correlate else np.flip(w))
    assert _core.direct(x, flipped, out, offset, ones, ones, [CONSTANT] * len(shape), None, False, WIDEST, 1)
    assert y.shape == out.shape
    assert y.tobytes() == out.tobytes()


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
        (x.reshape(3, 3).T, np.ones((2, 2))),
        (np.ones((2, 4)), np.ones((3, 3))),
        (np.ones((2, 0)), np.ones((1, 1))),
        (np.ones(()), np.ones(())),
        (np.ones((200, 200)), np.ones((3, 3))),
        (np.ones((12, 12)), np.ones((9, 9))),
        (x.astype(complex), w),
        (x, np.array([1, np.nan])),
        (x, np.array([1, np.inf])),
        (w, x),
        (x.astype(int), w.astype(int)),
        (np.ones(2**17 + 1), np.ones(1)),
    ]
    assert all(tiny(a, b) is None for a, b in declined)
    assert all(tiny(x, w, mode) is None for mode in ("whole", "", None, 0))
    assert all(tiny(x, w, said=said) is None for said in [(x, 0), (None, 1), (None,), (None, 0, 0), [None, 0]])
    assert tiny(x, w) is not None
