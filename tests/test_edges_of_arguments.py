"""Arguments at the edge of what users pass: each is read as it was meant, whatever was called before."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import faltung as ft
from faltung import Problem
from faltung.cli import literal

METHODS = ("auto", "direct", "definition")


@pytest.mark.parametrize("method", METHODS)
def test_nan_is_omitted_beside_a_mask_too(method: str) -> None:
    values, w = [1.0, np.nan, 3, 5], [0.5, 0.5]
    plain = ft.convolve(np.array(values), w, "valid", nan_policy="omit", method=method)
    for mask in (False, [False, True, False, False]):
        masked = ft.convolve(np.ma.array(values, mask=mask), w, "valid", nan_policy="omit", method=method)
        assert_array_equal(masked, plain)


@pytest.mark.parametrize("method", METHODS)
def test_a_wanted_uint64_decides_what_fits(method: str) -> None:
    x, w = np.array([2**62, 2**62]), np.array([1, 1])
    assert ft.convolve(x, w, dtype="uint64", method=method).tolist() == [2**62, 2**63, 2**62]
    with pytest.raises(OverflowError, match="uint64"):
        ft.convolve(x, -w, dtype="uint64", method=method)
    with pytest.raises(OverflowError, match="int64"):
        ft.convolve(x, w, method=method)


@pytest.mark.parametrize(
    ("x", "fill"),
    [
        (np.ones(5, complex), np.nan),
        (np.ones(5, complex), complex(1, np.nan)),
        (np.array([Fraction(1, 3)] * 4), Fraction(1, 3)),
        (np.array([Decimal(1)] * 4), Decimal("0.3")),
        (np.array([Decimal(1)] * 4), Decimal("-Infinity")),
    ],
)
def test_a_problem_with_any_fill_prints_parses_and_pickles(x: Any, fill: Any) -> None:
    problem = ft.plan(x, [1, 2], fill_value=fill).problem
    for again in (Problem.parse(str(problem)), pickle.loads(pickle.dumps(problem)), copy.deepcopy(problem)):
        assert again == problem
        assert hash(again) == hash(problem)


def test_problems_are_equal_however_the_box_was_said() -> None:
    plans = [ft.plan("f32[9]", "f32[3]", center=m) for m in range(3)]
    assert len({plan.problem for plan in plans}) == 1
    assert [str(plan.problem).split()[2] for plan in plans] == ["w=f32[3]@0", "w=f32[3]@1", "w=f32[3]@2"]
    assert ft.plan("f32[9]", "f32[3]", "same", center=0).problem != plans[0].problem


@pytest.mark.parametrize("text", ["-123456789012345678", "9223372036854775807", "7"])
def test_literal_integers_are_exact(text: str) -> None:
    assert literal.parse(f"{text} 1") == [int(text), 1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stride", 2), ("dilation", 2), ("center", 1), ("boundary", "edge"), ("accuracy", "elementwise"),
        ("axes", 0), ("fill_value", 2.0),
    ],
)  # fmt: skip
def test_arrays_of_no_axes_are_what_they_hold(name: str, value: Any) -> None:
    x, w = np.arange(5.0), np.arange(3.0)
    assert_array_equal(ft.convolve(x, w, **{name: np.array(value)}), ft.convolve(x, w, **{name: value}))


def test_messages_quote_the_users_own_words() -> None:
    with pytest.raises(ValueError, match=r"nan_policy=\['omit'\]"):
        ft.convolve([1.0], [1.0], nan_policy=["omit"])  # type: ignore[arg-type]


def test_what_changes_is_read_anew() -> None:
    class Step:
        count = 1

        def __index__(self) -> int:
            return self.count

    step = Step()
    assert ft.convolve(np.ones(6), np.ones(3), "same", stride=step).shape == (6,)  # type: ignore[arg-type]
    step.count = 2
    assert ft.convolve(np.ones(6), np.ones(3), "same", stride=step).shape == (3,)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_out_may_be_a_matrix() -> None:
    out = np.matrix(np.zeros((3, 3)))
    assert ft.convolve(np.ones((3, 3)), np.full((1, 1), 2.0), boundary="edge", out=out) is out
    assert (out == 2).all()


def test_a_signalling_decimal_is_omitted_like_nan() -> None:
    y = ft.convolve([Decimal("sNaN"), Decimal(1)], [1, 1], "valid", nan_policy="omit")
    assert y.tolist() == [2]


def test_long_integers_are_floats_beside_floats() -> None:
    y = ft.convolve(np.float32([1]), [2**70, 1])
    assert y.dtype == np.float32
    assert y.tolist() == [2.0**70, 1.0]
    assert ft.convolve([2**63, -1, True], [1, 1]).tolist() == [2**63, 2**63 - 1, 0, 1]


def test_fractions_fill_floats() -> None:
    assert ft.convolve([1.0], [1.0, 1.0], fill_value=Fraction(1, 2)).tolist() == [1.5, 1.5]


def test_a_result_without_room_is_told_before_operands_are_read() -> None:
    for call in (
        lambda: ft.convolve(np.ones(3), np.broadcast_to(1.0, 2**44)),
        lambda: ft.convolve(np.broadcast_to(1.0, 2**44), np.ones(3), nan_policy="raise"),
        lambda: ft.convolve(np.broadcast_to(1.0, 2**44), np.ones(3), nan_policy="omit"),
    ):
        with pytest.raises(MemoryError, match="140737488355344 bytes"):
            call()
