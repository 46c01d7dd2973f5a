"""What users may rely on, each sentence as a test: exactness, locality, bits, bounds, manners."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import faltung as ft
from faltung import settings
from faltung.algorithms.direct import DIRECT
from faltung.machine import shipped
from faltung.planner.choose import rank
from faltung.task.problem import Problem
from tests.fresh import python

METHODS_1D = ("direct", "fft")
FLOATS = ("float32", "float64")


def _exact(x: np.ndarray[Any, Any], w: np.ndarray[Any, Any]) -> list[flint.fmpz]:
    """The full convolution of integers, exactly."""
    return (flint.fmpz_poly([int(a) for a in x]) * flint.fmpz_poly([int(a) for a in w])).coeffs()


# integers ----------------------------------------------------------------------------------


def test_integers_that_scipy_gets_wrong_by_one() -> None:
    rng = np.random.default_rng(0)
    m = int(2**19.99)
    x, w = rng.integers(m // 2, m, 4096), rng.integers(m // 2, m, 4096)
    assert ft.convolve(x, w).tolist() == [int(value) for value in _exact(x, w)]


def test_uint8_does_not_wrap() -> None:
    x = np.full(2000, 200, np.uint8)
    y = ft.convolve(x, x)
    assert y.dtype == np.int64
    assert y.max() == 2000 * 200 * 200


@pytest.mark.parametrize(("x", "w"), [([2**62], [2]), ([2**31, 2**31], [2**31, 2**31]), ([-(2**63)], [-1])])
def test_an_integer_result_that_does_not_fit_is_an_error(x: list[int], w: list[int]) -> None:
    with pytest.raises(OverflowError, match="int64"):
        ft.convolve(np.array(x), np.array(w))
    assert ft.convolve(np.array(x), np.array(w), dtype=object).tolist() == [int(v) for v in _exact(x, w)]  # type: ignore[arg-type]


def test_an_integer_result_that_fits_is_none_though_the_bound_says_it_might_not() -> None:
    x, w = np.array([2**62, 2**62]), np.array([1, -1])
    assert ft.convolve(x, w).tolist() == [2**62, 0, -(2**62)]
    y = ft.convolve(np.array([2**63, 2**63 - 1], np.uint64), np.array([1, 1], np.uint64), "valid")
    assert y.dtype == np.uint64
    assert y.tolist() == [2**64 - 1]


def test_a_narrow_integer_result_is_checked() -> None:
    assert ft.convolve([100], [2], dtype=np.uint8).dtype == np.uint8
    with pytest.raises(OverflowError, match="uint8"):
        ft.convolve([100], [3], dtype=np.uint8)


# NaN and infinity --------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS_1D)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_one_bad_sample_in_a_million_spoils_as_many_outputs_as_there_are_taps(
    method: str, dtype: str, bad: float
) -> None:
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal(1_000_000).astype(dtype), rng.standard_normal(501).astype(dtype)
    x[654_321] = bad
    y = ft.convolve(x, w, method=method)
    spoilt = np.flatnonzero(~np.isfinite(y))
    assert spoilt.tolist() == list(range(654_321, 654_321 + 501))


def test_a_bad_pixel_spoils_a_kernel_of_pixels_in_a_separable_blur() -> None:
    x = np.random.default_rng(2).standard_normal((300, 300)).astype(np.float32)
    x[150, 150] = np.inf
    w = np.outer([1, 0, 2, 0, 1], [1, 2, 0, 2, 1]).astype(np.float32)
    factored = ft.convolve(x, (w[0], w[:, 0]), "same", method="separable")
    direct = ft.convolve(x, np.outer(w[0], w[:, 0]).astype(np.float32), "same", method="direct")
    np.testing.assert_array_equal(np.isnan(factored), np.isnan(direct))
    np.testing.assert_array_equal(np.isposinf(factored), np.isposinf(direct))
    assert np.isnan(factored).sum() + np.isinf(factored).sum() == 25


def test_a_single_weight_and_an_extreme_scale_of_a_factor_count() -> None:
    x = np.random.default_rng(3).standard_normal((20, 30, 4)).astype(np.float32)
    w = np.array([1, 3, 2], np.float32)
    y = ft.convolve(x, (1e-30 * w, 1e30 * w, np.array([2], np.float32)), "same", method="separable")
    np.testing.assert_allclose(y, 2 * ft.convolve(x, np.multiply.outer(w, w)[..., None], "same"), rtol=0, atol=1e-3)


def test_a_bad_tap_spoils_only_outputs_where_it_meets_a_sample() -> None:
    y = ft.convolve(np.ones(5), np.array([1.0, np.nan]), "full")
    np.testing.assert_array_equal(np.isnan(y), [False, True, True, True, True, True])


# accuracy ----------------------------------------------------------------------------------


def test_a_tiny_weight_counts() -> None:
    impulse = np.zeros(2000)
    impulse[0] = 1
    weights = np.zeros(600)
    weights[[0, 500]] = 1, 1e-17
    for options in ({"accuracy": "elementwise"}, {"method": "direct"}):
        assert ft.convolve(impulse, weights, **options)[500] == pytest.approx(1e-17, rel=1e-15)
    assert ft.convolve([1.0, 0, 0], [1, 1e-17])[1] == pytest.approx(1e-17, rel=1e-15)


def _dyadic(rng: np.random.Generator, n: int, dtype: str, spread: int) -> tuple[np.ndarray[Any, Any], list[int]]:
    """Random floats of a wide range, and the integers that they are multiples of 2**-spread of."""
    digits = 20 if dtype == "float32" else 40
    integers = [
        int(v) << int(s)
        for v, s in zip(rng.integers(-(2**digits), 2**digits, n), rng.integers(0, spread, n), strict=True)
    ]
    return np.array([float(v) for v in integers], dtype) * np.dtype(dtype).type(2.0**-spread), integers


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("method", METHODS_1D)
@pytest.mark.parametrize("spread", [1, 30])
def test_the_norm_bound_holds_against_an_exact_oracle(dtype: str, method: str, spread: int) -> None:
    rng = np.random.default_rng(spread)
    u = float(np.finfo(dtype).eps) / 2
    for n, k in [(50, 7), (300, 65), (3000, 129), (9000, 1025)]:
        (x, xi), (w, wi) = _dyadic(rng, n, dtype, spread), _dyadic(rng, k, dtype, spread)
        y = ft.convolve(x, w, method=method)
        exact = flint.fmpz_poly(xi) * flint.fmpz_poly(wi)
        scale = np.longdouble(2.0) ** (-2 * spread)
        error = np.array([_difference(value, c, spread) for value, c in zip(y, exact.coeffs(), strict=True)]) * scale
        bound = 24 * u * (1 + np.log2(n + k)) * np.linalg.norm(x.astype(float)) * np.linalg.norm(w.astype(float))
        assert np.all(error <= bound + u * np.abs(y.astype(float)))
        if method == "direct":
            weight = ft.convolve(np.abs(x.astype(float)), np.abs(w.astype(float)), method="direct")
            assert np.all(error <= ((128 + np.log2(k)) * u) * weight * (1 + 1e-9))


def _difference(value: float, exact: flint.fmpz, spread: int) -> float:
    """|value * 4**spread - exact|: the value is a dyadic number, so this is exact until rounded."""
    return abs(float(Fraction(float(value)) * 4**spread - int(exact)))


@pytest.mark.parametrize("method", METHODS_1D)
@pytest.mark.parametrize("dtype", FLOATS)
@given(a=st.integers(-40, 40), b=st.integers(-40, 40))
def test_scaling_by_powers_of_two_scales_the_result_exactly(method: str, dtype: str, a: int, b: int) -> None:
    rng = np.random.default_rng(5)
    x, w = rng.standard_normal(1500).astype(dtype), rng.standard_normal(66).astype(dtype)
    two = np.dtype(dtype).type(2)
    expected = ft.convolve(x, w, method=method) * two ** (a + b)
    np.testing.assert_array_equal(ft.convolve(x * two**a, w * two**b, method=method), expected)


@pytest.mark.parametrize("method", METHODS_1D)
@pytest.mark.parametrize("dtype", FLOATS)
def test_nothing_overflows_unless_the_result_does(method: str, dtype: str) -> None:
    largest = np.finfo(dtype).max
    x, w = np.full(2000, largest / 4, dtype), np.zeros(100, dtype)
    w[::50] = 1.5
    y = ft.convolve(x, w, "valid", method=method)
    np.testing.assert_allclose(y, np.full(y.shape, 0.75 * largest), rtol=1e-5)


def test_a_loud_block_does_not_drown_a_quiet_one() -> None:
    rng = np.random.default_rng(6)
    x = np.concatenate([rng.standard_normal(50_000) * 1e8, rng.standard_normal(50_000) * 1e-3]).astype(np.float32)
    w = rng.standard_normal(129).astype(np.float32)
    quiet = slice(55_000, 99_000)
    y = ft.convolve(x, w, "same", method="fft")[quiet]
    exact = np.convolve(x.astype(float), w.astype(float), "same")[quiet]
    bound = 24 * 2.0**-24 * (1 + 12) * 1e-3 * 4096**0.5 * np.linalg.norm(w.astype(float))
    assert np.abs(y - exact).max() <= bound


# the same bits -----------------------------------------------------------------------------

CASES = [
    ("direct", (300, 301), (5, 7)),
    ("separable", (300, 301), (9, 9)),
    ("direct", (50_001,), (33,)),
    ("fft", (50_001,), (129,)),
    ("fft", (300, 301), (31, 21)),
    ("direct", (30, 31, 32), (3, 2, 3)),
]


@pytest.mark.parametrize(("method", "shape", "kernel"), CASES)
@pytest.mark.parametrize("dtype", FLOATS)
def test_same_bits_for_any_threads_layout_and_alignment(
    method: str, shape: tuple[int, ...], kernel: tuple[int, ...], dtype: str
) -> None:
    rng = np.random.default_rng(7)
    x = rng.standard_normal(shape).astype(dtype)
    w = rng.standard_normal(kernel).astype(dtype)
    if method == "separable":
        w = np.multiply.outer(w[0], w[1]).astype(dtype)

    def run(x: np.ndarray[Any, Any], threads: int = 1) -> bytes:
        y: bytes = ft.convolve(x, w, "same", boundary="reflect", method=method, threads=threads).tobytes()
        return y

    expected = run(x)
    assert all(run(x, threads) == expected for threads in (2, 3, 8))
    raw = np.zeros(x.nbytes + 4, np.uint8)
    shifted = raw[4:].view(dtype).reshape(shape) if dtype == "float32" else raw[1:-3].view(dtype).reshape(shape)
    shifted[...] = x
    for same in (np.asfortranarray(x), np.flip(np.flip(x).copy()), shifted, x.astype(x.dtype.newbyteorder())):
        assert run(same) == expected


@pytest.mark.parametrize("dtype", ["float32", "complex128", "int64"])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_convolution_is_correlation_with_the_flipped_conjugate_to_the_last_bit(dtype: str, mode: Any) -> None:
    rng = np.random.default_rng(8)
    x, w = (rng.integers(-99, 99, (40, 41)) * 0.37).astype(dtype), (rng.integers(-99, 99, (4, 5)) * 0.7).astype(dtype)
    for center in [(0, 0), (1, 2), (3, 4)]:
        ours = ft.convolve(x, w, mode, center=center)
        theirs = ft.correlate(x, np.conj(np.flip(w)), mode, center=[3 - center[0], 4 - center[1]])
        assert ours.tobytes() == theirs.tobytes()


# manners -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["direct", "separable"])
def test_out_may_be_the_input(method: str) -> None:
    x = np.random.default_rng(10).standard_normal((60, 70))
    w = np.outer([1.0, 2, 1], [1.0, 2, 1])
    expected = ft.convolve(x, w, "same", method="direct")
    y = ft.convolve(x, (w[0] / 1, w[1] / 2), "same", method=method, out=x)
    assert y is x
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


def test_out_of_any_layout() -> None:
    x, w = np.random.default_rng(11).standard_normal((20, 30)), np.ones((3, 3))
    expected = ft.convolve(x, w, "same")
    for out in (np.empty((30, 20)).T, np.empty((20, 60))[:, ::2], np.empty((20, 30), ">f8")):
        assert ft.convolve(x, w, "same", out=out) is out
        np.testing.assert_array_equal(out, expected)


def test_a_plan_keeps_its_own_kernel_and_is_shared_between_threads() -> None:
    rng = np.random.default_rng(12)
    x, w = rng.standard_normal(100_000), rng.standard_normal(200)
    expected = ft.convolve(x, w, "same", method="fft")
    plan = ft.plan(x, w, "same", method="fft")
    w[:] = 0
    results: list[np.ndarray[Any, Any]] = []
    workers = [threading.Thread(target=lambda: results.append(plan(x))) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 8
    assert all(result.tobytes() == expected.tobytes() for result in results)


HEAVY = ("scipy", "matplotlib", "PIL", "rich", "typer", "concurrent.futures", "importlib.metadata", "multiprocessing")


def test_import_is_light() -> None:
    loaded = f"print([name for name in {HEAVY} if name in sys.modules])"
    assert python(f"import sys, numpy, faltung; {loaded}").stdout == python(f"import sys, numpy; {loaded}").stdout != ""


@pytest.mark.parametrize(
    "made",
    [
        lambda: ft.plan(np.ones(20), np.arange(3.0), mode="same"),
        lambda: ft.tensor.plan("f64[1,1|20]", np.arange(3.0).reshape(1, 1, 3), padding=1),
    ],
)
def test_a_plan_goes_to_another_process(made: Callable[[], Any]) -> None:
    plan = made()
    x = np.arange(20.0).reshape((1, 1, 20) if plan.problem.operation == "correlate" else 20)
    again = pickle.loads(pickle.dumps(plan))
    assert str(again) == str(plan)
    np.testing.assert_array_equal(again(x), plan(x))


def test_the_plan_cache_is_bounded() -> None:
    from faltung.planner import choose

    for n in range(choose.PLANS_REMEMBERED + 50):
        ft.convolve(np.ones((n + 1, 1)), np.ones((1, 1)), boundary="edge")  # beyond what tiny takes
    assert choose._choose.cache_info().currsize == choose.PLANS_REMEMBERED


def test_a_long_wait_is_told_at_the_line_that_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faltung.algorithms.definition._PATIENCE_SECONDS", 0.0)
    x, w = np.ones(5, object), np.ones(3)
    plan = ft.plan(x, w)
    for call in (
        lambda: ft.convolve(x, w),
        lambda: plan(x),
        lambda: ft.tensor.correlate([[[1.0]]], [[[2.0]]], method="definition"),
    ):
        with pytest.warns(UserWarning, match="will take some 0 s: co") as told:
            call()
        assert told[0].filename == __file__


@pytest.mark.parametrize("name", settings.INSTRUCTION_SETS)
def test_colours_last_cost_what_as_many_samples_in_rows_do(name: str) -> None:
    machine = shipped(name)
    colours = Problem.parse("convolve x=f32[400,600,3] w=f32[3,3,1] mode=same")
    rows = Problem.parse("convolve x=f32[400,1800] w=f32[3,3] mode=same dilation=1,3")
    assert DIRECT.cost(colours, machine).seconds == DIRECT.cost(rows, machine).seconds
    assert rank(colours, machine)[0][0].algorithm is DIRECT
