"""The native chain of passes against the sum as it is written, and against itself."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faltung._native import _core

LEVELS = range(len(_core.instruction_sets()))
CONSTANT, EDGE, REFLECT, SYMMETRIC, WRAP = range(5)
PAD_MODES = {EDGE: "edge", REFLECT: "reflect", SYMMETRIC: "symmetric", WRAP: "wrap"}


def along_axis(x: np.ndarray, w: np.ndarray, axis: int, p: dict[str, Any]) -> np.ndarray:
    """One pass in float64, NumPy's padding applied."""
    offset, stride, dilation, boundary, outputs = (
        p[name][axis] for name in ("offset", "stride", "dilation", "boundary", "shape")
    )
    where = stride * np.arange(outputs)[:, None] + offset + dilation * np.arange(len(w))
    low, high = max(0, -int(where.min())), max(0, int(where.max()) - x.shape[axis] + 1)
    x = np.moveaxis(x, axis, 0)
    pads = [(low, high)] + [(0, 0)] * (x.ndim - 1)
    padded = np.pad(x, pads, mode=PAD_MODES.get(boundary, "constant"))
    return np.moveaxis(np.einsum("pk...,k->p...", padded[where + low], w), 0, axis)


def expected(x: np.ndarray, terms: list[list[np.ndarray]], p: dict[str, Any]) -> np.ndarray:
    total = np.zeros(p["shape"])
    for term in terms:
        part = x.astype(np.float64)
        for axis, w in enumerate(term):
            part = along_axis(part, w.astype(np.float64), axis, p)
        total += part
    return total


def chain(x, terms, p, dtype="float32", *, level=LEVELS[-1], threads=1) -> tuple[np.ndarray, bool]:
    out = np.full(p["shape"], np.nan, dtype)
    lists = [list(p[name]) for name in ("offset", "stride", "dilation", "boundary")]
    return out, _core.chain(x, terms, out, *lists, level, threads)


def same(shape: tuple[int, ...], taps: tuple[int, ...], boundary: int = REFLECT) -> dict[str, Any]:
    ones = [1] * len(shape)
    offset = [-(k // 2) for k in taps]
    return {"shape": shape, "offset": offset, "stride": ones, "dilation": ones, "boundary": [boundary] * len(shape)}


def mirrored(terms: list[list[np.ndarray]]) -> list[list[np.ndarray]]:
    """Taps that are the same from both ends, which the core sums in pairs."""
    return [[w + w[::-1] if w.size > 1 else w for w in term] for term in terms]


def random_terms(rng: np.random.Generator, taps: tuple[int, ...], rank: int, dtype: Any) -> list[list[np.ndarray]]:
    """A single tap is 1: the pass along its axis may be left out."""
    return [[rng.standard_normal(k).astype(dtype) if k > 1 else np.ones(1, dtype) for k in taps] for _ in range(rank)]


@st.composite
def problems(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]:
    n = draw(st.integers(1, 4))
    longest = [0, 300, 70, 24, 8][n]
    x_shape = tuple(draw(st.integers(1, longest)) for _ in range(n))
    w_shape = tuple(draw(st.integers(1, [0, 150, 21, 7, 3][n])) for _ in range(n))
    small = st.lists(st.integers(1, 3), min_size=n, max_size=n)
    plain = draw(st.booleans())
    batch = [draw(st.integers(0, 3)) == 0 for _ in range(n)]
    p: dict[str, Any] = {
        "shape": [draw(st.integers(1, longest)) for _ in range(n)],
        "offset": [draw(st.integers(-longest - 3, longest // 2)) for _ in range(n)],
        "stride": [1] * n if plain else draw(small),
        "dilation": [1] * n if plain else draw(small),
        "boundary": [draw(st.integers(0, 4)) for _ in range(n)],
    }
    for axis in np.flatnonzero(batch):
        p["shape"][axis], p["offset"][axis], p["stride"][axis] = x_shape[axis], 0, 1
    return x_shape, tuple(1 if b else k for b, k in zip(batch, w_shape, strict=True)), p


# A band of its own for every few rows, edges in all of them; colour channels behind and before.
@example(((70, 70), (21, 21), same((70, 70), (21, 21), WRAP)))
@example(((90, 50, 3), (5, 7, 1), same((90, 50, 3), (5, 7, 1), SYMMETRIC)))
@example(((3, 90, 50), (1, 5, 7), same((3, 90, 50), (1, 5, 7), EDGE)))
@example(((24, 24, 24), (3, 1, 5), same((24, 24, 24), (3, 1, 5), CONSTANT)))
@example(((1, 1), (5, 5), same((1, 1), (5, 5))))
@settings(max_examples=300, deadline=None)
@given(problems())
def test_equals_the_passes_as_they_are_written(problem) -> None:
    x_shape, taps, p = problem
    rng = np.random.default_rng(len(x_shape))
    for dtype, level, symmetric in itertools.product(("float32", "float64"), LEVELS, (False, True)):
        x = rng.standard_normal(x_shape).astype(dtype)
        terms = random_terms(rng, taps, 2 - symmetric, dtype)
        terms = mirrored(terms) if symmetric else terms
        out, finite = chain(x, terms, p, dtype, level=level)
        scale = np.abs(x).max() * sum(np.prod([np.abs(w).sum() for w in term]) for term in terms)
        assert finite
        np.testing.assert_allclose(
            out, expected(x, terms, p), rtol=0, atol=float(scale) * 130 * np.finfo(dtype).eps, strict=False
        )


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("taps", range(2, 36))
def test_mirrored_taps_of_every_length(taps, level) -> None:
    rng = np.random.default_rng(taps)
    x = rng.standard_normal((61, 75)).astype("float32")
    terms, p = mirrored(random_terms(rng, (taps, 3), 1, "float32")), same(x.shape, (taps, 3))
    scale = float(np.prod([np.abs(w).sum() for w in terms[0]]))
    np.testing.assert_allclose(chain(x, terms, p, level=level)[0], expected(x, terms, p), rtol=0, atol=scale * 1e-5)


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("boundary", range(5))
@pytest.mark.parametrize("taps", [(9, 9), (41, 41), (61, 5), (200, 3)])
def test_images_of_many_bands(taps, boundary, symmetric) -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((500, 1024)).astype("float32")
    terms = random_terms(rng, taps, 1, "float32")
    terms = mirrored(terms) if symmetric else terms
    p = same(x.shape, taps, boundary)
    scale = float(np.prod([np.abs(w).sum() for w in terms[0]]))
    np.testing.assert_allclose(chain(x, terms, p)[0], expected(x, terms, p), rtol=0, atol=scale * 1e-5)


def layouts(x: np.ndarray) -> Any:
    yield np.asfortranarray(x)
    yield x[(slice(None, None, -1),) * x.ndim].copy()[(slice(None, None, -1),) * x.ndim]
    yield np.repeat(x, 2, axis=-1)[..., ::2]
    raw = np.zeros(x.nbytes + 1, np.uint8)
    misaligned = raw[1:].view(x.dtype).reshape(x.shape)
    misaligned[...] = x
    yield misaligned
    yield np.pad(x, 5)[(slice(5, -5),) * x.ndim]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("shape", "taps"),
    [
        ((300, 1024), (9, 9)),
        ((257, 211), (41, 17)),
        ((40, 50, 61), (5, 3, 7)),
        ((90, 70, 3), (7, 7, 1)),
        ((7, 5), (9, 3)),
    ],
)
def test_same_bits_for_every_layout_and_number_of_threads(shape, taps, level) -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal(shape).astype("float32")
    asymmetric, other = random_terms(rng, taps, 2, "float32")
    terms, p = [asymmetric, *mirrored([other])], same(shape, taps)
    bits = chain(x, terms, p, level=level)[0].tobytes()
    for view in (x, *layouts(x)):
        for threads in (1, 2, 5):
            assert chain(view, terms, p, level=level, threads=threads)[0].tobytes() == bits


@pytest.mark.parametrize("source", ["bool", "uint8", "int16", "int64", "uint64", "float16", "float32", "float64"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_real_type_is_read(source, dtype) -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(0, 2 if source == "bool" else 100, (60, 90)).astype(source)
    terms, p = random_terms(rng, (5, 7), 1, dtype), same((60, 90), (5, 7))
    assert chain(x, terms, p, dtype)[0].tobytes() == chain(x.astype(dtype), terms, p, dtype)[0].tobytes()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [(0, 0), (150, 511), (299, 1023), (37, 80)])
@pytest.mark.parametrize("threads", [1, 2])
def test_says_that_not_all_is_finite(bad, at, threads) -> None:
    x = np.ones((300, 1024), "float32")
    x[at] = bad
    out, finite = chain(x, [[np.ones(9, "float32")] * 2], same(x.shape, (9, 9)), threads=threads)
    assert not finite
    assert not np.isfinite(out[at])
    x[at] = np.finfo("float32").max / 100
    assert chain(x, [[np.ones(9, "float32")] * 2], same(x.shape, (9, 9)), threads=threads)[1]


def test_what_no_output_reads_is_not_looked_at() -> None:
    x = np.ones((60, 300), "float32")
    x[:, 200:] = np.nan
    p = same((60, 100), (5, 5), EDGE)
    assert chain(x, [[np.ones(5, "float32")] * 2], p)[1]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"terms": []}, ValueError),
        ({"terms": [[np.ones(3, "f4")]]}, ValueError),
        ({"terms": [[np.ones(3, "f4")] * 2, [np.ones(3, "f4"), np.ones(4, "f4")]]}, ValueError),
        ({"terms": [[np.ones(3, "f8")] * 2]}, TypeError),
        ({"terms": [[np.ones((3, 3), "f4")] * 2]}, ValueError),
        ({"terms": [[np.full(1, 2, "f4"), np.ones(3, "f4")]], "offset": [0, -1]}, ValueError),
        ({"terms": [[np.ones(6, "f4")[::2]] * 2]}, ValueError),
        ({"x": np.ones((9, 9), "c8")}, TypeError),
        ({"x": np.ones(9, "f4")}, ValueError),
        ({"out": np.ones((9, 9), "f4").T[::2]}, ValueError),
        ({"out": np.ones((9, 9), "i8"), "terms": [[np.ones(3, "i8")] * 2]}, TypeError),
        ({"stride": [1, 0]}, ValueError),
        ({"boundary": [0, 5]}, ValueError),
        ({"offset": [0]}, ValueError),
        ({"threads": 0}, ValueError),
        ({"level": 99}, ValueError),
    ],
)
def test_what_is_malformed_is_refused(change, error) -> None:
    call: dict[str, Any] = {
        "x": np.ones((9, 9), "f4"),
        "terms": [[np.ones(3, "f4")] * 2],
        "out": np.zeros((9, 9), "f4"),
        "offset": [-1, -1],
        "stride": [1, 1],
        "dilation": [1, 1],
        "boundary": [0, 0],
        "level": 0,
        "threads": 1,
    }
    with pytest.raises(error):
        _core.chain(*(call | change).values())


def test_empty_output_is_left_alone() -> None:
    out = np.zeros((0, 9), "f4")
    assert _core.chain(np.ones((9, 9), "f4"), [[np.ones(3, "f4")] * 2], out, [0] * 2, [1] * 2, [1] * 2, [0] * 2, 0, 1)


def test_a_delta_passes_what_it_meets_unchanged() -> None:
    x = np.random.default_rng(4).standard_normal((64, 100)).astype("float32")
    delta = [np.eye(1, 5, 2, dtype="float32")[0], np.eye(1, 7, 3, dtype="float32")[0]]
    np.testing.assert_array_equal(chain(x, [delta], same(x.shape, (5, 7), CONSTANT))[0], x)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interruption_is_noticed_within_a_second(threads) -> None:
    x = np.ones((200, 400, 400), "f4")
    term = [np.ones(199, "f4")] * 3
    timer = threading.Timer(0.1, signal.raise_signal, [signal.SIGINT])
    start = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        chain(x, [term], same(x.shape, (199,) * 3), threads=threads)
    assert time.monotonic() - start < 1.5


def test_terms_add_up() -> None:
    rng = np.random.default_rng(5)
    x, p = rng.standard_normal((50, 60)), same((50, 60), (5, 9))
    terms = random_terms(rng, (5, 9), 3, "float64")
    apart = reduce(np.add, [chain(x, [term], p, "float64")[0] for term in terms])
    np.testing.assert_array_equal(chain(x, terms, p, "float64")[0], apart)
