"""The overlap-save kernel against the definition: values within the stated bound in any number of
axes, tiles with NaN and infinity left out, and the same bits however the work is laid out."""

from __future__ import annotations

import functools
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import product
from math import log2, prod

import flint
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from faltung._native import _core
from tests.tiles import (
    BOUNDARIES,
    KERNELS,
    LEVELS,
    PARTS,
    TILES,
    UNIT,
    definition,
    lanes,
    line_place,
    line_share,
    prepare,
    row_unit,
    run,
    run_line,
    samples_of,
    share_of_bound,
    stored,
    tile_norms,
)

INPUT_TYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]


@st.composite
def tiles(draw, ndim, unit):
    """Samples along each axis, at most some thousands; 1 where it is not transformed."""
    last = draw(st.integers(0, ndim - 1))
    row = unit * draw(st.sampled_from([1, 2, 3, 4, 6, 8, 9, 16, 24] if ndim == 1 else [1, 2, 3, 6]))
    before = [draw(st.sampled_from([1, 2, 3, 4, 6, 8, 9, 12, 16])) for _ in range(last)]
    return [*before, row, *[1] * (ndim - 1 - last)]


@st.composite
def cases(draw):
    ndim = draw(st.integers(1, 3))
    kind = draw(st.sampled_from(["f4", "f8", "f4", "f8", "c8", "c16"]))
    hold, level = draw(st.sampled_from([TILES, KERNELS, PARTS])), draw(st.sampled_from(LEVELS))
    tile = draw(tiles(ndim, row_unit(kind, level, hold)))
    taps = [draw(st.integers(1, n)) for n in tile]
    space = [draw(st.integers(1, (150 if ndim == 1 else 30) if t > 1 else 5)) for t in tile]
    outputs = [draw(st.integers(0, (250 if ndim == 1 else 40) if t > 1 else 5)) for t in tile]
    offset = [draw(st.integers(-n - 2 * k, 2 * n + k)) for n, k in zip(space, taps, strict=True)]
    channels, batch = draw(st.integers(1, 3)), draw(st.integers(0, 3))
    filters = channels * draw(st.integers(1, 3))
    assume(batch * filters * prod(outputs) * prod(taps) <= 2**23)  # products that the definition holds at once
    return {
        "tile": tile,
        "taps": taps,
        "shape": (batch, channels, *space),
        "filters": filters,
        "place": {
            "offset": offset,
            "outputs": outputs,
            "boundary": [draw(st.sampled_from(BOUNDARIES)) for _ in tile],
            "fill": draw(st.sampled_from([0.0, 1.5])),
        },
        "kind": kind,
        "input": kind if kind[0] == "c" else draw(st.sampled_from(INPUT_TYPES)),
        "layout": draw(st.sampled_from(["plain", "reversed", "spaced", "misaligned", "fortran"])),
        "hold": hold,
        "level": level,
        "threads": draw(st.sampled_from([1, 2, 3])),
        "seed": draw(st.integers(0, 2**32 - 1)),
    }


@settings(max_examples=300, deadline=None)
@given(cases())
def test_any_case_is_within_the_bound(case):
    generator = np.random.default_rng(case["seed"])
    x = samples_of(case["input"], case["shape"], generator)
    w = samples_of(case["kind"], (case["filters"], *case["taps"]), generator)
    kernels = {"level": case["level"], "hold": case["hold"]}
    y, left = run(stored(x, case["layout"]), w, case["tile"], threads=case["threads"], **kernels, **case["place"])
    assert left == []
    if y.size == 0:
        return
    norms = tile_norms(x, w, case["tile"], case["place"])
    assert share_of_bound(y, definition(x, w, case["place"]), w, norms, case["tile"]) < 1
    plain, _ = run(x, w, case["tile"], **kernels, **case["place"])
    assert plain.tobytes() == y.tobytes()  # threads and layout change no bit


def exact_correlation(x, w):
    """All 'valid' outputs, by polynomials over the integers: floats are integers over a power of two.

    Rows of zeros beside the kernel's make several axes one: no output there reads across an edge.
    """

    def integers(values):
        shift = max((Fraction(float(v)).denominator.bit_length() - 1 for v in values), default=0)
        return [int(Fraction(float(v)) * 2**shift) for v in values], shift

    spread = np.zeros((*w.shape[:1], *x.shape[1:]), w.dtype)
    spread[tuple(slice(0, k) for k in w.shape)] = w
    taps = np.trim_zeros(spread.ravel(), "b")
    (a, a_shift), (b, b_shift) = integers(x.ravel()), integers(taps[::-1])
    coefficients = (flint.fmpz_poly(a) * flint.fmpz_poly(b)).coeffs()
    coefficients += [0] * (x.size + len(taps) - 1 - len(coefficients))
    flat = coefficients[len(taps) - 1 : x.size] + [0] * (len(taps) - 1)
    scale = 2 ** (a_shift + b_shift)
    valid = tuple(slice(0, n - k + 1) for n, k in zip(x.shape, w.shape, strict=True))
    return np.array([Fraction(int(c), scale) for c in flat], object).reshape(x.shape)[valid]


SHAPES = [
    ((5,), (32,)),
    ((17,), (96,)),
    ((129,), (1024,)),
    ((1025,), (4096,)),
    ((5, 9), (12, 32)),
    ((3, 4, 5), (8, 6, 32)),
]


@functools.cache
def oracle(kind, taps, tile, data):
    """Operands that fill some tiles, and their exact correlation."""
    generator = np.random.default_rng(sum(taps))
    shape = tuple((2 if len(tile) > 1 else 9) * (n - k + 1) + k - 1 for n, k in zip(tile, taps, strict=True))
    x, w = generator.standard_normal(shape), generator.standard_normal(taps)
    if data == "positive":
        x, w = abs(x), abs(w)
    if data == "tone":
        x, w = (np.cos(0.7 * sum(np.indices(s))) for s in (shape, taps))
    if data == "spike":
        x.flat[::97] *= 1e4
    x, w = x.astype(kind), w.astype(kind)
    return x, w, exact_correlation(x, w)


# Only tiles of many points are split over the lanes.
HELD = [
    (level, kind, taps, tile, hold)
    for level, kind, (taps, tile), hold in product(LEVELS, ["f4", "f8"], SHAPES, [TILES, PARTS])
    if hold == TILES or tile[-1] % (32 * lanes(kind, level)) == 0
]


@pytest.mark.parametrize(("level", "kind", "taps", "tile", "hold"), HELD)
@pytest.mark.parametrize("data", ["normal", "positive", "tone", "spike"])
def test_share_of_the_bound_by_an_exact_oracle(level, kind, taps, tile, data, hold, record_property):
    x, w, exact = oracle(kind, taps, tile, data)
    y, _ = run(x[np.newaxis, np.newaxis], w[np.newaxis], list(tile), level=level, hold=hold)
    ndim = len(tile)
    place = {"offset": [0] * ndim, "outputs": y.shape[2:], "boundary": ["constant"] * ndim, "fill": 0}
    norms = tile_norms(x[np.newaxis, np.newaxis], w[np.newaxis], tile, place)[0, 0]
    weight = float(np.sqrt((w.astype("f8") ** 2).sum()))
    factor = 24 * UNIT[w.dtype] * (1 + log2(prod(tile) / 2)) * weight
    shares = [
        abs(float(Fraction(float(got)) - want)) / (factor * float(norm) + UNIT[w.dtype] * abs(float(want)))
        for got, want, norm in zip(y.flat, exact.flat, norms.flat, strict=True)
    ]
    record_property("share_of_bound", max(shares))
    print(f"{kind} level {level} K={taps} N={tile} {data}: {max(shares):.4f} of the bound")
    assert max(shares) < 0.1  # the bound is proved; a loss of digits shows long before it breaks


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_exactly_the_tiles_with_nan_or_infinity_are_left_out(data):
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    kind = data.draw(st.sampled_from(["f4", "f8"]))
    x, w = generator.standard_normal((2, 3, 40, 90)).astype(kind), generator.standard_normal((3, 5, 7)).astype(kind)
    for value in data.draw(st.lists(st.sampled_from([np.nan, np.inf, -np.inf]), max_size=5)):
        x[tuple(generator.integers(n) for n in x.shape)] = value
    hold = data.draw(st.sampled_from([TILES, KERNELS, PARTS]))
    row = 32 * (lanes(kind, LEVELS[-1]) if hold == PARTS else 1)
    y, left = run(x, w, [16, row], hold=hold)
    columns = -(-84 // (row - 6))
    padded = np.pad(~np.isfinite(x), ((0, 0), (0, 0), (0, 12), (0, row)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (16, row), (2, 3))
    strange = windows[:, :, ::12, :: row - 6].any((-1, -2))[:, :, :3, :columns]
    assert left == np.flatnonzero(strange.swapaxes(0, 1)).tolist()
    whole = np.repeat(np.repeat(strange, 12, 2), row - 6, 3)[:, :, :36, :84]
    np.testing.assert_array_equal(np.isnan(y), whole)


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_a_huge_tile_leaks_nothing_into_a_small_one(kind):
    generator = np.random.default_rng(2)
    taps, length = 29, 256
    step = length - taps + 1
    x = generator.standard_normal(64 * step).astype(kind)
    x *= np.repeat(np.where(generator.random(64) < 0.5, 1e8, 1e-3), step).astype(kind)
    w, place = generator.standard_normal(taps).astype(kind), line_place(0, len(x))
    assert line_share(run_line(x, w, length, **place), x, w, length, place) < 0.1


def test_zero_tiles_give_exact_zeros():
    x = np.random.default_rng(3).standard_normal(20_000)
    x[5000:15_000] = 0
    y = run_line(x, np.ones(33), 128)
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
    y = run_line(x, w, 256)
    scaled = run_line(np.ldexp(x, up_x), np.ldexp(w, up_w), 256)
    np.testing.assert_array_equal(scaled, np.ldexp(y, up_x + up_w))


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_nothing_overflows_unless_the_result_does(kind):
    limits = np.finfo(kind)
    x = np.resize(np.array([1, -1], kind), 4000) * limits.max
    w = np.resize(np.array([1, 1, -1, -1], kind), 41)
    w[-1] = 0
    y = run_line(x, w, 128)  # sums in pairs cancel: 0 exactly, through partial sums of either sign
    bound = 24 * UNIT[np.dtype(kind)] * 8 * np.sqrt(256.0) * np.sqrt(40.0)
    assert np.abs(y / limits.max).max() < bound
    np.testing.assert_array_equal(run_line(abs(x), np.ones(8, kind), 128), np.inf)


@pytest.mark.parametrize(("kind", "size"), [("f4", 1e-36), ("f8", 1e-300)])
def test_tiny_samples_keep_their_digits(kind, size):
    generator = np.random.default_rng(5)
    x, w = (generator.standard_normal(3000) * size).astype(kind), generator.standard_normal(50).astype(kind)
    place = line_place(0, 2951)
    assert line_share(run_line(x, w, 256, **place), x, w, 256, place) < 0.1


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_kernels_of_every_size_scale_alone(kind):
    limits = np.finfo(kind)
    w = np.ones((3, 40), kind) * np.array([[limits.max / 64], [1], [limits.tiny * 64]], kind)
    x = np.full((1, 3, 500), 0.5, kind)
    for hold in (TILES, KERNELS, PARTS):
        y, _ = run(x, w, [512], hold=hold)
        np.testing.assert_allclose(y, np.broadcast_to(20 * w[:, :1], y.shape[1:])[np.newaxis], rtol=1e-5)


def test_zero_strides_and_many_dimensions():
    x = np.broadcast_to(np.arange(40.0), (2, 1, 3, 2, 40))
    w = np.arange(1.0, 6.0).reshape(1, 1, 1, 5)
    y, _ = run(x, w, [1, 1, 32])
    assert y.shape == (2, 1, 3, 2, 36)
    np.testing.assert_allclose(y[1, 0, 2, 1], np.correlate(np.arange(40.0), w.ravel(), "valid"), rtol=1e-13)


def run_with(w, x, y, samples, parts, origin, hold, level, offset, boundary, outputs, threads):
    transform = _core.TileTransform(samples, True, True, parts)
    _core.OverlapSave(transform, w, origin, hold, level).run(x, y, offset, boundary, 0.0, outputs, threads)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"w": np.array([[1, np.nan]])}, ValueError),
        ({"w": np.ones((1, 33))}, ValueError),
        ({"w": np.ones((1, 0))}, ValueError),
        ({"w": np.ones((0, 2))}, ValueError),
        ({"w": np.ones(2)}, ValueError),
        ({"w": np.ones((1, 8))[:, ::2]}, ValueError),
        ({"w": np.ones((1, 3), int)}, TypeError),
        ({"w": np.ones((1, 3), ">f8")}, TypeError),
        ({"w": np.ones((1, 3), "f4")}, TypeError),
        ({"w": np.ones((1, 3), complex)}, TypeError),
        ({"samples": [36]}, ValueError),
        ({"samples": [40]}, ValueError),
        ({"origin": [-1]}, ValueError),
        ({"origin": [32]}, ValueError),
        ({"origin": []}, ValueError),
        ({"outputs": [0]}, ValueError),
        ({"outputs": [33]}, ValueError),
        ({"outputs": [30, 30]}, ValueError),
        ({"samples": [-32]}, ValueError),
        ({"samples": [2**30]}, ValueError),
        ({"samples": [2**20, 2**20]}, ValueError),
        ({"samples": [1]}, ValueError),
        ({"samples": []}, ValueError),
        ({"samples": [32, 1]}, ValueError),
        ({"parts": 3}, ValueError),
        ({"parts": 2}, ValueError),
        ({"parts": 0}, ValueError),
        ({"hold": 3}, ValueError),
        ({"hold": PARTS}, ValueError),
        ({"parts": 2, "samples": [64]}, ValueError),
        ({"level": 99}, ValueError),
        ({"level": -1}, ValueError),
        ({"x": np.ones((1, 1, 40), complex)}, TypeError),
        ({"x": np.ones((1, 1, 40), ">f8")}, TypeError),
        ({"x": "text"}, TypeError),
        ({"x": np.ones((2, 1, 40))}, ValueError),
        ({"x": np.ones((1, 2, 40))}, ValueError),
        ({"x": np.ones((1, 0, 40))}, ValueError),
        ({"x": np.ones((1, 40))}, ValueError),
        ({"x": np.array(1.0)}, ValueError),
        ({"x": np.ones((1, 1, 0)), "boundary": [4]}, ValueError),
        ({"y": np.ones((1, 1, 38), "f4")}, TypeError),
        ({"y": np.ones((1, 1, 76))[..., ::2]}, ValueError),
        ({"y": np.ones((1, 2, 38))}, ValueError),
        ({"offset": [2**61]}, ValueError),
        ({"offset": [0, 0]}, ValueError),
        ({"boundary": [5]}, ValueError),
        ({"boundary": [-1]}, ValueError),
        ({"boundary": []}, ValueError),
        ({"threads": 0}, ValueError),
    ],
)
def test_wrong_arguments_are_errors(change, error):
    a = {
        "w": np.ones((1, 3)),
        "x": np.ones((1, 1, 40)),
        "y": np.ones((1, 1, 38)),
        "samples": [32],
        "parts": 1,
        "origin": [0],
        "hold": 0,
        "level": 0,
    }
    a |= {"offset": [0], "boundary": [0], "outputs": [30], "threads": 1} | change
    with pytest.raises(error):
        run_with(**a)


def test_a_read_only_output_is_an_error_and_a_read_only_input_is_none():
    x, y = np.ones((1, 1, 40)), np.ones((1, 1, 38))
    x.flags.writeable = y.flags.writeable = False
    prepared = prepare(np.ones((1, 3)), [32])
    with pytest.raises(ValueError, match="writable"):
        prepared.run(x, y, [0], [0], 0.0, [30], 1)
    prepared.run(x, np.ones((1, 1, 38)), [0], [0], 0.0, [30], 1)


def again_and_again(call):
    """For some seconds."""
    for _ in range(100):
        call()


def test_an_interruption_is_raised():
    def interrupt(*_):
        raise KeyboardInterrupt

    x = np.ones((1, 1, 30_000_000), "f4")
    prepared, y = prepare(np.ones((1, 2), "f4"), [32]), np.empty((1, 1, 29_999_999), "f4")
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            again_and_again(lambda: prepared.run(x, y, [0], [0], 0.0, [31], 2))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - started < 5


def test_threads_may_share_prepared_kernels():
    x = np.random.default_rng(6).standard_normal((1, 1, 200_000))
    prepared = prepare(np.ones((1, 65)), [512])
    outputs = [np.empty((1, 1, 200_000 - 64)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda y: prepared.run(x, y, [0], [0], 0.0, [448], 1), outputs))
    assert all(y.tobytes() == outputs[0].tobytes() for y in outputs)
