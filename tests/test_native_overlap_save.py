"""The overlap-save kernel against the definition: values within the stated bound, NaN and
infinity in the definition's places, and the same bits however the work is laid out."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from math import log2

import flint
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from faltung._native import _core

BOUNDARIES = ("constant", "edge", "reflect", "symmetric", "wrap")
LEVELS = range(len(_core.instruction_sets()))
VECTOR_BYTES = (16, 32, 64)  # of x86-64-v2, v3, v4; other machines have one level of 16
INPUT_TYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
UNIT = {np.dtype("f4"): 2.0**-24, np.dtype("f8"): 2.0**-53}

Array = NDArray[np.generic]


def run(x, w, length, *, axis=-1, offset=0, outputs=None, boundary="constant", fill=0.0, threads=1, level=LEVELS[-1]):
    axis %= x.ndim
    shape = list(x.shape)
    shape[axis] = x.shape[axis] - len(w) + 1 if outputs is None else outputs
    y = np.full(shape, np.nan, w.dtype)
    prepared = _core.OverlapSave(w, length, level)
    prepared.run(x, y, axis, offset, BOUNDARIES.index(boundary), fill, threads)
    return y


def continued(x, axis, first, count, boundary, fill):
    """Samples first … first + count − 1 along the axis, by numpy.pad."""
    before, after = max(0, -first), max(0, first + count - x.shape[axis])
    width = [(before, after) if d == axis else (0, 0) for d in range(x.ndim)]
    options = {"constant_values": fill} if boundary == "constant" else {}
    padded = np.pad(x, width, mode=boundary, **options)
    return padded.take(range(first + before, first + before + count), axis)


def windows(x, w, axis, offset, outputs, boundary, fill):
    """The samples under each output's taps, in the last dimension, along the moved axis."""
    samples = continued(x, axis, offset, outputs + len(w) - 1, boundary, fill)
    return np.lib.stride_tricks.sliding_window_view(np.moveaxis(samples, axis, -1), len(w), -1)


def definition(x, w, *, axis, offset, outputs, boundary, fill):
    wide = np.longdouble
    with np.errstate(invalid="ignore", over="ignore"):
        terms = windows(x.astype(w.dtype), w, axis, offset, outputs, boundary, w.dtype.type(fill)).astype(wide)
        sums = (terms * w.astype(wide)).sum(-1)
    return np.moveaxis(sums, -1, axis)


def tile_norms(x, w, length, level, *, axis, offset, outputs, boundary, fill):
    """The norm of the one or two blocks that each output was computed from."""
    axis %= x.ndim
    step = length - len(w) + 1
    blocks = -(-outputs // step)
    samples = continued(x.astype(w.dtype), axis, offset, (blocks - 1) * step + length, boundary, w.dtype.type(fill))
    view = np.lib.stride_tricks.sliding_window_view(samples, length, axis)
    view = view[tuple(slice(None, None, step) if d == axis else slice(None) for d in range(x.ndim))]
    flat = view.astype(np.longdouble).reshape(-1, length)
    squares, peaks = (flat**2).sum(1), abs(flat).max(1, initial=0)
    lanes = VECTOR_BYTES[level] // w.dtype.itemsize
    partner = np.arange(len(flat)) ^ lanes
    known = partner < len(flat)
    partner = np.where(known, partner, 0)
    shared = known & (peaks <= 16 * peaks[partner]) & (peaks[partner] <= 16 * peaks)
    norms = np.sqrt(squares + np.where(shared, squares[partner], 0)).reshape(view.shape[:-1])
    return np.repeat(norms, step, axis).take(range(outputs), axis)


def share_of_bound(y, exact, w, norms, length):
    """The largest error, in units of the bound."""
    unit = UNIT[w.dtype]
    weight = np.sqrt((w.astype(np.longdouble) ** 2).sum())
    rounding = unit * abs(exact) + float(np.finfo(w.dtype).smallest_subnormal)
    bound = 24 * unit * (1 + log2(length)) * norms * weight + rounding
    return float((abs(y.astype(np.longdouble) - exact) / bound).max())


def stored(x, layout):
    """x with other strides: reversed, spaced, misaligned, Fortran order."""
    if layout == "reversed":
        return np.flip(np.flip(x).copy())
    if layout == "spaced":
        space = np.zeros(tuple(2 * n for n in x.shape), x.dtype)
        view = space[tuple(slice(1, None, 2) for _ in x.shape)]
        view[...] = x
        return view
    if layout == "misaligned":
        packed = np.zeros(x.shape, np.dtype([("odd", "i1"), ("value", x.dtype)]))
        packed["value"] = x
        return packed["value"]
    return np.asfortranarray(x) if layout == "fortran" else x


def samples_of(kind, shape, generator):
    if kind == "?":
        return generator.integers(0, 2, shape).astype(bool)
    if kind[0] == "f":
        return generator.standard_normal(shape).astype(kind)
    limits = np.iinfo(kind)
    return generator.integers(limits.min, limits.max, shape, kind, endpoint=True)


@st.composite
def cases(draw):
    shape = tuple(draw(st.lists(st.integers(0, 9), min_size=0, max_size=2)))
    axis = draw(st.integers(0, len(shape)))
    n = draw(st.one_of(st.integers(0, 70), st.integers(1, 700)))
    shape = (*shape[:axis], n, *shape[axis:])
    length = 2 ** draw(st.integers(4, 9))
    taps = draw(st.integers(1, min(length, 3 * n + 20)))
    # numpy.pad cannot continue an empty axis but by a constant
    boundary = draw(st.sampled_from(BOUNDARIES if n else BOUNDARIES[:1]))
    return {
        "shape": shape,
        "axis": axis,
        "length": length,
        "taps": taps,
        "boundary": boundary,
        "offset": draw(st.integers(-n - 2 * taps, 2 * n + taps)),
        "outputs": draw(st.integers(0, 2 * n + 2 * taps)),
        "fill": draw(st.sampled_from([0.0, 1.5])),
        "kind": draw(st.sampled_from(INPUT_TYPES)),
        "type": draw(st.sampled_from(["f4", "f8"])),
        "layout": draw(st.sampled_from(["plain", "reversed", "spaced", "misaligned", "fortran"])),
        "level": draw(st.sampled_from(LEVELS)),
        "threads": draw(st.sampled_from([1, 2, 3])),
        "seed": draw(st.integers(0, 2**32 - 1)),
    }


@settings(max_examples=300, deadline=None)
@given(cases())
def test_any_case_is_within_the_bound(case):
    generator = np.random.default_rng(case["seed"])
    x = samples_of(case["kind"], case["shape"], generator)
    w = generator.standard_normal(case["taps"]).astype(case["type"])
    place = {name: case[name] for name in ("axis", "offset", "outputs", "boundary", "fill")}
    y = run(stored(x, case["layout"]), w, case["length"], level=case["level"], threads=case["threads"], **place)
    if y.size == 0:
        return
    norms = tile_norms(x, w, case["length"], case["level"], **place)
    assert share_of_bound(y, definition(x, w, **place), w, norms, case["length"]) < 1
    plain = run(x, w, case["length"], level=case["level"], **place)
    assert plain.tobytes() == y.tobytes()  # threads and layout change no bit


def exact_correlation(x, w):
    """By polynomials over the integers: x and w are floats, hence integers over a power of two."""

    def integers(values):
        shift = max((Fraction(float(v)).denominator.bit_length() - 1 for v in values), default=0)
        return [int(Fraction(float(v)) * 2**shift) for v in values], shift

    (a, a_shift), (b, b_shift) = integers(x), integers(w[::-1])
    coefficients = (flint.fmpz_poly(a) * flint.fmpz_poly(b)).coeffs()
    coefficients += [0] * (len(x) + len(w) - 1 - len(coefficients))
    scale = 2 ** (a_shift + b_shift)
    return [Fraction(int(c), scale) for c in coefficients[len(w) - 1 : len(x)]]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize(("taps", "length"), [(5, 16), (17, 32), (33, 128), (129, 1024), (400, 2048), (1025, 4096)])
@pytest.mark.parametrize("data", ["normal", "positive", "tone", "spike"])
def test_share_of_the_bound_by_an_exact_oracle(level, kind, taps, length, data, record_property):
    generator = np.random.default_rng(taps)
    lanes = VECTOR_BYTES[level] // np.dtype(kind).itemsize
    n = (lanes + 1) * (length - taps + 1) + taps - 1
    x, w = generator.standard_normal(n), generator.standard_normal(taps)
    if data == "positive":
        x, w = abs(x), abs(w)
    if data == "tone":
        x, w = np.cos(0.7 * np.arange(n)), np.cos(0.7 * np.arange(taps))
    if data == "spike":
        x[::97] *= 1e4
    x, w = x.astype(kind), w.astype(kind)
    y = run(x, w, length, level=level)
    exact = exact_correlation(x, w)
    norms = tile_norms(x, w, length, level, axis=0, offset=0, outputs=len(y), boundary="constant", fill=0)
    weight = float(np.sqrt((w.astype("f8") ** 2).sum()))
    unit = UNIT[w.dtype]
    factor = 24 * unit * (1 + log2(length)) * weight
    shares = [
        abs(float(Fraction(float(got)) - want)) / (factor * float(norm) + unit * abs(float(want)))
        for got, want, norm in zip(y, exact, norms, strict=True)
    ]
    record_property("share_of_bound", max(shares))
    print(f"{kind} level {level} K={taps} N={length} {data}: {max(shares):.4f} of the bound")
    assert max(shares) < 0.1  # the bound is proved; a loss of digits shows long before it breaks


def same_class(y, exact):
    np.testing.assert_array_equal(np.isnan(y), np.isnan(exact))
    np.testing.assert_array_equal(np.isposinf(y), np.isposinf(exact))
    np.testing.assert_array_equal(np.isneginf(y), np.isneginf(exact))


def test_one_nan_in_a_million_spoils_exactly_its_windows():
    x = np.random.default_rng(1).standard_normal(10**6).astype("f4")
    x[123_456] = np.nan
    y = run(x, np.ones(501, "f4"), 2048)
    assert np.flatnonzero(np.isnan(y)).tolist() == list(range(123_456 - 500, 123_457))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_nonfinite_samples_keep_to_the_definition(data):
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    kind = data.draw(st.sampled_from(["f4", "f8"]))
    taps, length = data.draw(st.integers(1, 64)), 2 ** data.draw(st.integers(6, 8))
    x, w = generator.standard_normal(3000).astype(kind), generator.standard_normal(taps).astype(kind)
    w[generator.random(taps) < 0.1] = 0  # a zero tap is a term: 0 · inf is NaN
    for value in data.draw(st.lists(st.sampled_from([np.nan, np.inf, -np.inf]), max_size=5)):
        x[generator.integers(len(x))] = value
    place = {"axis": 0, "offset": -5, "outputs": 3010, "boundary": "constant"}
    place["fill"] = data.draw(st.sampled_from([0, np.inf]))
    y, exact = run(x, w, length, **place), definition(x, w, **place)
    same_class(y, exact)
    finite = np.isfinite(exact)
    assert np.abs(y[finite] - exact[finite]).max(initial=0) < 1e3 * UNIT[np.dtype(kind)] * taps


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_a_huge_block_leaks_nothing_into_a_small_one(kind):
    generator = np.random.default_rng(2)
    taps, length = 29, 256
    step = length - taps + 1
    x = generator.standard_normal(64 * step).astype(kind)
    scale = np.repeat(np.where(generator.random(64) < 0.5, 1e8, 1e-3), step).astype(kind)
    x *= scale
    w = generator.standard_normal(taps).astype(kind)
    place = {"axis": 0, "offset": 0, "outputs": len(x), "boundary": "constant", "fill": 0}
    y = run(x, w, length, **place)
    norms = tile_norms(x, w, length, LEVELS[-1], **place)
    assert norms.min() < 1
    assert share_of_bound(y, definition(x, w, **place), w, norms, length) < 0.1


def test_zero_blocks_give_exact_zeros():
    x = np.random.default_rng(3).standard_normal(20_000)
    x[5000:15_000] = 0
    y = run(x, np.ones(33), 128)
    assert not y[5128 : 15_000 - 33 - 128].any()


@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize(
    "exponents", [(100, 0), (-60, 0), (0, 100), (0, -60), (60, 60), (-40, -40), (105, -100), (-100, 110)]
)
def test_powers_of_two_scale_the_result_exactly(kind, exponents):
    factor = 1 if kind == "f4" else 8
    up_x, up_w = (e * factor for e in exponents)
    generator = np.random.default_rng(4)
    x, w = generator.standard_normal(5000).astype(kind), generator.standard_normal(40).astype(kind)
    y = run(x, w, 256)
    scaled = run(np.ldexp(x, up_x), np.ldexp(w, up_w), 256)
    np.testing.assert_array_equal(scaled, np.ldexp(y, up_x + up_w))


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_nothing_overflows_unless_the_result_does(kind):
    limits = np.finfo(kind)
    x = np.resize(np.array([1, -1], kind), 4000) * limits.max
    w = np.resize(np.array([1, 1, -1, -1], kind), 41)
    w[-1] = 0
    y = run(x, w, 128)  # sums in pairs cancel: 0 exactly, through partial sums of either sign
    bound = 24 * UNIT[np.dtype(kind)] * 8 * np.sqrt(256.0) * np.sqrt(40.0)
    assert np.abs(y / limits.max).max() < bound
    np.testing.assert_array_equal(run(abs(x), np.ones(8, kind), 128), np.inf)
    x[2000] = np.nan  # by the definition, in blocks where partial sums go beyond the largest number
    y = run(x, w, 128)
    assert np.flatnonzero(np.isnan(y)).tolist() == list(range(1960, 2001))
    assert not np.isinf(y).any()


@pytest.mark.parametrize(("kind", "size"), [("f4", 1e-36), ("f8", 1e-300)])
def test_tiny_samples_keep_their_digits(kind, size):
    generator = np.random.default_rng(5)
    x, w = (generator.standard_normal(3000) * size).astype(kind), generator.standard_normal(50).astype(kind)
    place = {"axis": 0, "offset": 0, "outputs": 2951, "boundary": "constant", "fill": 0}
    norms = tile_norms(x, w, 256, LEVELS[-1], **place)
    assert share_of_bound(run(x, w, 256, **place), definition(x, w, **place), w, norms, 256) < 0.1


def test_zero_strides_and_many_dimensions():
    x = np.broadcast_to(np.arange(40.0), (2, 1, 3, 2, 40))
    w = np.arange(1.0, 6.0)
    y = run(x, w, 16)
    assert y.shape == (2, 1, 3, 2, 36)
    np.testing.assert_allclose(y[1, 0, 2, 1], np.correlate(np.arange(40.0), w, "valid"), rtol=1e-13)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"w": np.array([1, np.nan])}, ValueError),
        ({"w": np.ones(17)}, ValueError),
        ({"w": np.ones(0)}, ValueError),
        ({"w": np.ones((2, 2))}, ValueError),
        ({"w": np.ones(8)[::2]}, ValueError),
        ({"w": np.ones(3, int)}, TypeError),
        ({"w": np.ones(3, ">f8")}, TypeError),
        ({"length": 8}, ValueError),
        ({"length": 24}, ValueError),
        ({"length": -16}, ValueError),
        ({"length": 2**40}, ValueError),
        ({"level": 99}, ValueError),
        ({"level": -1}, ValueError),
        ({"x": np.ones(40, complex)}, TypeError),
        ({"x": np.ones(40, ">f8")}, TypeError),
        ({"x": "text"}, TypeError),
        ({"x": np.ones((40, 2))}, ValueError),
        ({"x": np.array(1.0)}, ValueError),
        ({"x": np.ones(0), "boundary": 4}, ValueError),
        ({"y": np.ones(38, "f4")}, TypeError),
        ({"y": np.ones(76)[::2]}, ValueError),
        ({"axis": 1}, ValueError),
        ({"axis": -1}, ValueError),
        ({"offset": 2**61}, ValueError),
        ({"boundary": 5}, ValueError),
        ({"boundary": -1}, ValueError),
        ({"threads": 0}, ValueError),
    ],
)
def test_wrong_arguments_are_errors(change, error):
    a = {"w": np.ones(3), "x": np.ones(40), "y": np.ones(38), "length": 16, "level": 0}
    a |= {"axis": 0, "offset": 0, "boundary": 0, "threads": 1} | change
    with pytest.raises(error):
        _core.OverlapSave(a["w"], a["length"], a["level"]).run(
            a["x"], a["y"], a["axis"], a["offset"], a["boundary"], 0.0, a["threads"]
        )


def test_a_read_only_output_is_an_error_and_a_read_only_input_is_none():
    x, y = np.ones(40), np.ones(38)
    x.flags.writeable = y.flags.writeable = False
    prepared = _core.OverlapSave(np.ones(3), 16, 0)
    with pytest.raises((BufferError, ValueError)):
        prepared.run(x, y, 0, 0, 0, 0.0, 1)
    prepared.run(x, np.ones(38), 0, 0, 0, 0.0, 1)


def test_an_interruption_is_raised():
    def interrupt(*_):
        raise KeyboardInterrupt

    x = np.full(4_000_000, np.nan, "f4")  # summed by the definition: some seconds
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            run(x, np.ones(4096, "f4"), 8192, threads=2)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - started < 5


def test_threads_may_share_one_prepared_kernel():
    x = np.random.default_rng(6).standard_normal(200_000)
    prepared = _core.OverlapSave(np.ones(65), 512, LEVELS[-1])
    outputs = [np.empty(len(x) - 64) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda y: prepared.run(x, y, 0, 0, 0, 0.0, 1), outputs))
    assert all(y.tobytes() == outputs[0].tobytes() for y in outputs)


def test_properties():
    prepared = _core.OverlapSave(np.ones(3, "f4"), 64, 0)
    assert (prepared.length, prepared.taps) == (64, 3)
