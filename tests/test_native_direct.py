"""The native direct kernel against the sum as it is written, one tap at a time."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faltung._native import _core

LEVELS = range(len(_core.instruction_sets()))
CONSTANT, EDGE, REFLECT, SYMMETRIC, WRAP = range(5)
PAD_MODES = {EDGE: "edge", REFLECT: "reflect", SYMMETRIC: "symmetric", WRAP: "wrap"}
FLOATS = ["float32", "float64", "complex64", "complex128"]
INTEGERS = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]


def positions(p: dict[str, Any], axis: int, tap: int) -> np.ndarray:
    outputs = np.arange(p["shape"][axis])
    return p["stride"][axis] * outputs + p["offset"][axis] + p["dilation"][axis] * tap


def source(boundary: int, where: np.ndarray, n: int) -> np.ndarray:
    """Source indices by NumPy's own padding; -1 where there is no sample."""
    low, high = max(0, -int(where.min())), max(0, int(where.max()) - n + 1)
    index = np.arange(n)
    if boundary == CONSTANT:
        index = np.pad(index, (low, high), constant_values=-1)
    else:
        index = np.pad(index, (low, high), mode=PAD_MODES[boundary])
    return index[where + low]


def terms(x: np.ndarray, w: np.ndarray, p: dict[str, Any]) -> Any:
    """For each tap: its value, the samples it meets and where they are present."""
    for k in np.ndindex(w.shape):
        index = [source(p["boundary"][a], positions(p, a, k[a]), x.shape[a]) for a in range(x.ndim)]
        present = np.ones((1,) * x.ndim, bool)
        for axis_index in np.ix_(*index):
            present = present & (axis_index >= 0)
        sample = x[np.ix_(*[np.maximum(i, 0) for i in index])]
        if p["fill"] is not None:
            sample, present = np.where(present, sample, p["fill"]), np.ones_like(present)
        yield w[k], sample, present


def brute_force(x: np.ndarray, w: np.ndarray, p: dict[str, Any], dtype: Any) -> np.ndarray:
    total = np.zeros(p["shape"], dtype)
    with np.errstate(all="ignore"):
        for tap, sample, present in terms(x.astype(dtype), w.astype(dtype), p):
            total = np.where(present, total + tap * sample, total)
    return total


def direct(x, w, p, out_dtype, *, level=0, threads=1, wide=False):
    out = np.zeros(p["shape"], out_dtype)
    lists = [list(p[name]) for name in ("offset", "stride", "dilation", "boundary")]
    fits = _core.direct(x, w, out, *lists, p["fill"], wide, level, threads)
    return out if fits else None


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return a.tobytes() == b.tobytes()


def layouts(x: np.ndarray) -> Any:
    yield np.asfortranarray(x)
    yield x[(slice(None, None, -1),) * x.ndim].copy()[(slice(None, None, -1),) * x.ndim]
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    wide[..., ::2] = x
    yield wide[..., ::2]
    raw = np.zeros(x.nbytes + 1, np.uint8)
    misaligned = raw[1:].view(x.dtype).reshape(x.shape)
    misaligned[...] = x
    misaligned.flags.writeable = False
    yield misaligned
    record = np.zeros(x.shape, np.dtype([("skip", "u1"), ("value", x.dtype)]))
    record["value"] = x
    yield record["value"]


@st.composite
def problems(draw: st.DrawFn, most: int = 4) -> tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]:
    n = draw(st.integers(1, most))
    longest = [0, 300, 40, 12, 6][n]
    axis = st.integers(1, longest)
    x_shape = tuple(draw(axis) for _ in range(n))
    w_shape = tuple(draw(st.integers(1, [0, 150, 9, 5, 3][n])) for _ in range(n))
    small = st.lists(st.integers(1, 3), min_size=n, max_size=n)
    plain = draw(st.booleans())
    stride, dilation = ([1] * n, [1] * n) if plain else (draw(small), draw(small))
    p = {
        "shape": tuple(draw(axis) for _ in range(n)),
        "offset": [draw(st.integers(-longest - 3, longest // 2)) for _ in range(n)],
        "stride": stride,
        "dilation": dilation,
        "boundary": [draw(st.integers(0, 4)) for _ in range(n)],
        "fill": draw(st.sampled_from([None, 2])),
    }
    return x_shape, w_shape, p


def random_array(rng: np.random.Generator, shape: Any, dtype: str) -> np.ndarray:
    kind = np.dtype(dtype)
    if kind.kind == "c":
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(kind)
    if kind.kind == "f":
        return np.asarray(rng.standard_normal(shape), kind)
    if kind.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    return rng.integers(np.iinfo(kind).min, np.iinfo(kind).max, shape, dtype=kind, endpoint=True)


def assert_within_bound(y, x, w, p):
    exact = brute_force(x, w, p, np.clongdouble if np.iscomplexobj(y) else np.longdouble)
    size = brute_force(np.abs(x), np.abs(w), {**p, "fill": p["fill"] and abs(p["fill"])}, np.longdouble)
    u = np.finfo(y.dtype).eps / 2
    assert np.all(np.abs(y - exact) <= 2 * (128 + np.log2(w.size + 1)) * u * size + np.finfo(y.dtype).tiny)


@settings(max_examples=250, deadline=None)
@given(problems(), st.sampled_from(FLOATS), st.booleans(), st.booleans(), st.integers(0, 2**32))
def test_floats(problem, dtype, real_x, real_w, seed):
    x_shape, w_shape, p = problem
    rng = np.random.default_rng(seed)
    real = np.finfo(dtype).dtype.name
    x = random_array(rng, x_shape, real if real_x else dtype)
    w = random_array(rng, w_shape, real if real_w else dtype)
    out = np.result_type(x, w)
    for level in LEVELS:
        y = direct(x, w, p, out, level=level)
        assert_within_bound(y, x, w, p)
        for threads in (2, 3):
            assert same_bits(direct(x, w, p, out, level=level, threads=threads), y)
        for other in layouts(x):
            assert same_bits(direct(other, w, p, out, level=level), y)


@settings(max_examples=60, deadline=None)
@given(
    problems(), st.sampled_from([*INTEGERS, "float16"]), st.sampled_from(["float32", "float64"]), st.integers(0, 2**32)
)
def test_other_sources_are_converted_as_numpy_does(problem, dtype, compute, seed):
    x_shape, w_shape, p = problem
    rng = np.random.default_rng(seed)
    x, w = random_array(rng, x_shape, dtype), random_array(rng, w_shape, compute)
    for level in LEVELS:
        y = direct(x.astype(compute), w, p, compute, level=level)
        for other in (x, *layouts(x)):
            assert same_bits(direct(other, w, p, compute, level=level), y)


@settings(max_examples=60, deadline=None)
@given(problems(), st.sampled_from(INTEGERS), st.sampled_from(["int64", "uint64"]), st.integers(0, 2**32))
def test_modular_integers(problem, dtype, out, seed):
    x_shape, w_shape, p = problem
    rng = np.random.default_rng(seed)
    x, w = random_array(rng, x_shape, dtype), random_array(rng, w_shape, "uint64")
    expected = brute_force(x, w, p, np.uint64).astype(out)
    for level in LEVELS:
        for other in (x, *layouts(x)):
            assert np.array_equal(direct(other, w, p, out, level=level), expected)


@settings(max_examples=60, deadline=None)
@given(
    problems(3),
    st.sampled_from(INTEGERS),
    st.sampled_from(["int64", "uint64"]),
    st.sampled_from(["int64", "uint64"]),
    st.sampled_from([1, 1 << 20, 1 << 40]),
    st.integers(0, 2**32),
)
def test_wide_integers_are_exact_or_refused(problem, dtype, taps, out, divisor, seed):
    x_shape, w_shape, p = problem
    rng = np.random.default_rng(seed)
    x, w = random_array(rng, x_shape, dtype), random_array(rng, w_shape, taps)
    if divisor > 1:
        w = w // taps_type(taps)(divisor)
    exact = brute_force(x, w, p, object)
    limits = np.iinfo(out)
    y = direct(x, w, p, out, wide=True, threads=2)
    if all(limits.min <= value <= limits.max for value in exact.flat):
        assert np.array_equal(y, exact.astype(out))
    else:
        assert y is None


def taps_type(name: str) -> Any:
    return np.dtype(name).type


@pytest.mark.parametrize("big", [2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64])
@pytest.mark.parametrize("out", ["int64", "uint64"])
def test_wide_at_the_limits(big, out):
    p = plain(1, (1,))
    half = big // 2
    x = np.array([half, big - half], "int64" if big < 0 else "uint64")
    y = direct(x, np.ones(2, "uint64"), p, out, wide=True)
    limits = np.iinfo(out)
    assert (y is not None) == (limits.min <= big <= limits.max)
    if y is not None:
        assert int(y[0]) == big


def plain(n: int, shape: tuple[int, ...], **changes: Any) -> dict[str, Any]:
    p = {
        "shape": shape,
        "offset": [0] * n,
        "stride": [1] * n,
        "dilation": [1] * n,
        "boundary": [CONSTANT] * n,
        "fill": None,
    }
    return {**p, **changes}


@settings(max_examples=80, deadline=None)
@given(problems(), st.sampled_from(FLOATS), st.booleans(), st.integers(0, 2**32))
def test_non_finite_taps_spoil_only_what_they_meet(problem, dtype, real_w, seed):
    x_shape, w_shape, p = problem
    rng = np.random.default_rng(seed)
    x = random_array(rng, x_shape, dtype)
    w = random_array(rng, w_shape, np.finfo(dtype).dtype.name if real_w else dtype)
    w.flat[rng.integers(w.size)] = rng.choice([np.nan, np.inf, -np.inf])
    x.flat[rng.integers(x.size)] = rng.choice([np.nan, np.inf, 0])
    out = np.result_type(x, w)
    for level in LEVELS:
        y = direct(x, w, p, out, level=level)
        assert_same_kinds(y, x, w, p)
        assert all(same_bits(direct(o, w, p, out, level=level, threads=3), y) for o in layouts(x))


def parts(x: np.ndarray) -> dict[str, np.ndarray]:
    return {"real": x.real.copy(), "imag": x.imag.copy()} if np.iscomplexobj(x) else {"real": x}


def assert_same_kinds(y, x, w, p):
    """The definition's NaN and infinities, part by part: complex products are real ones."""
    xs, ws = parts(x), parts(w)
    for name, value in parts(y).items():
        pairs = [(a, b) for a, b in itertools.product(xs, ws) if (a == b) == (name == "real")]
        fills = {"real": p["fill"], "imag": p["fill"] and 0}
        with np.errstate(all="ignore"):
            expected = sum(
                (-1 if a == b == "imag" else 1) * brute_force(xs[a], ws[b], {**p, "fill": fills[a]}, np.longdouble)
                for a, b in pairs
            )
        assert np.array_equal(np.isnan(value), np.isnan(expected))
        assert np.array_equal(np.isposinf(value), np.isposinf(expected))
        assert np.array_equal(np.isneginf(value), np.isneginf(expected))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("shape", "taps"),
    [
        ((130, 90, 3), (5, 5, 1)),
        ((70, 60, 16), (1, 1, 3)),
        ((70, 60, 16), (3, 1, 1)),
        ((70, 60, 16), (1, 3, 1)),
        ((3, 5000), (1, 9)),
        ((5000, 3), (9, 1)),
        ((200, 1024), (7, 7)),
        ((20000,), (300,)),
        ((2, 90, 170), (1, 15, 15)),
        ((5, 3, 20, 30, 2), (2, 1, 3, 3, 1)),
        ((4, 3, 5, 4, 6, 3), (2, 2, 1, 2, 3, 2)),
    ],
)
def test_shapes(shape, taps, level):
    rng = np.random.default_rng(1)
    n = len(shape)
    x, w = random_array(rng, shape, "float32"), random_array(rng, taps, "float32")
    for boundary in ([CONSTANT] * n, [WRAP] * n, [REFLECT, EDGE, SYMMETRIC, WRAP, CONSTANT, REFLECT][:n]):
        p = plain(n, shape, offset=[-(k // 2) for k in taps], boundary=boundary)
        y = direct(x, w, p, "float32", level=level)
        assert_within_bound(y, x, w, p)
        assert same_bits(direct(x, w, p, "float32", level=level, threads=2), y)
        assert all(same_bits(direct(other, w, p, "float32", level=level), y) for other in layouts(x))


@pytest.mark.parametrize(
    ("dtype", "out"),
    [("float32", "float16"), ("float32", "int64"), ("float32", "uint64"), ("float64", "int64"), ("float64", "uint64")],
)
def test_output_types(dtype, out):
    rng = np.random.default_rng(2)
    x, w = rng.integers(0, 9, (40, 50)).astype("uint8"), rng.integers(0, 9, (3, 4)).astype(dtype)
    p = plain(2, (40, 50), boundary=[EDGE, WRAP])
    for level in LEVELS:
        assert np.array_equal(direct(x, w, p, out, level=level), brute_force(x, w, p, np.int64).astype(out))


def test_zero_stride_input():
    x = np.broadcast_to(np.float32(2), (30, 40))
    y = direct(x, np.ones((3, 3), "float32"), plain(2, (28, 38)), "float32")
    assert np.all(y == 18)


def test_scalars():
    out = np.zeros((), "float64")
    assert _core.direct(np.array(3.0), np.array(2.0), out, [], [], [], [], None, False, 0, 1)
    assert out == 6


@pytest.mark.parametrize("boundary", range(5))
@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_source_index(boundary, n):
    where = np.arange(-3 * n - 2, 4 * n + 3)
    expected = source(boundary, where, n)
    assert [_core.source_index(boundary, int(i), n) for i in where] == expected.tolist()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"offset": [0, 0]}, ValueError),
        ({"stride": [0]}, ValueError),
        ({"dilation": [-1]}, ValueError),
        ({"boundary": [5]}, ValueError),
        ({"offset": [1 << 60]}, ValueError),
        ({"fill": "a"}, TypeError),
        ({"fill": 1j}, ValueError),
    ],
)
def test_nonsense_is_refused(change, error):
    with pytest.raises(error):
        direct(np.ones(9, "f4"), np.ones(3, "f4"), plain(1, (7,), **change), "f4")


@pytest.mark.parametrize(
    ("x", "w", "out"),
    [
        ("f4", "f4", "f8"),
        ("f4", "u8", "u8"),
        ("c8", "f4", "f4"),
        ("f4", "i4", "f4"),
        ("f4", "f2", "f4"),
        (">f4", "f4", "f4"),
        ("O", "f4", "f4"),
        ("c16", "u8", "u8"),
    ],
)
def test_foreign_types_are_refused(x, w, out):
    with pytest.raises(TypeError):
        direct(np.ones(9, x), np.ones(3, w), plain(1, (7,)), out)


def test_shapes_and_flags_are_checked():
    x, w, p = np.ones(9, "f4"), np.ones(3, "f4"), plain(1, (7,))
    frozen = np.zeros(7, "f4")
    frozen.flags.writeable = False
    rest = [[0], [1], [1], [0], None, False]
    for kernel, out, level, threads in [
        (w, frozen, 0, 1),
        (w[::2], np.zeros(7, "f4"), 0, 1),
        (w, np.zeros(14, "f4")[::2], 0, 1),
        (w, np.zeros(7, "f4"), 9, 1),
        (w, np.zeros(7, "f4"), 0, 0),
        (w[:0], np.zeros(7, "f4"), 0, 1),
    ]:
        with pytest.raises(ValueError):
            _core.direct(x, kernel, out, *rest, level, threads)
    assert direct(x[:0], w, {**p, "shape": (0,)}, "f4").size == 0


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("shape", "taps"), [((1 << 20,), (1 << 20,)), ((1500, 1500), (1500, 1500))])
def test_an_interruption_is_noticed_within_a_second(shape, taps, threads):
    x, w = np.ones(shape, "f4"), np.ones(taps, "f4")
    sent = []

    def interrupt():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Timer(0.3, interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        direct(
            x, w, plain(len(shape), shape, offset=[-(k // 2) for k in taps]), "f4", level=LEVELS[-1], threads=threads
        )
    assert time.monotonic() - sent[0] < 1
