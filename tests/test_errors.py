"""Every message of the library, word for word, reached through what users call.

``golden/errors.txt`` holds a bad call and what it is told, block by block; those of the bridges stand beside it.
"""

from __future__ import annotations

import functools
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from scipy import stats

import faltung as ft
from faltung import errors, settings
from faltung.functions import errors as function_errors
from faltung.functions.expression import parse
from faltung.symbolic import errors as symbolic_errors
from faltung.tensor import errors as layer_errors
from tests.golden_errors import golden, messages, told

CALLS = golden("errors")


@pytest.fixture(autouse=True)
def _on_this_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "INSTRUCTION_SETS", ("x86-64-v2", "x86-64-v3"))
    monkeypatch.setattr(settings, "_level", 0)


def array_of(library: str, name: str) -> Any:
    """An object whose class says that it is from ``library``."""
    return type(name, (), {"__module__": f"{library}.core"})()


WORDS = {
    "np": np,
    "ft": ft,
    "Fraction": Fraction,
    "Decimal": Decimal,
    "array_of": array_of,
    "ones": np.ones(3),
    "image": np.ones((4, 5)),
    "read_only": np.broadcast_to(np.float64(1), 5),
    "records": np.zeros(3, [("re", float), ("im", float)]),
    "masked": np.ma.masked_array([1.0, 2.0], [False, True]),
    "subclassed": np.zeros(3).view(type("Quantity", (np.ndarray,), {})),
    "parse": parse,
    "stats": stats,
    "sympy": sympy,
    "t": sympy.Symbol("t", real=True),
    "a": sympy.Symbol("a"),
    "b": sympy.Symbol("b"),
    "huge": functools.partial(np.broadcast_to, np.int8(1)),
}


@pytest.mark.parametrize(("call", "expected"), CALLS, ids=[call for call, _ in CALLS])
def test_message(call: str, expected: str) -> None:
    assert told(call, WORDS) == expected


def test_no_call_is_listed_twice() -> None:
    calls = [call for call, _ in CALLS]
    assert len(calls) == len(set(calls))


def test_every_message_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    every, reached = messages((errors, function_errors, layer_errors, symbolic_errors), monkeypatch)
    for call, _ in CALLS:
        told(call, WORDS)
    assert reached == every


def test_operands_are_unchanged_by_a_refusal() -> None:
    x, w, out = np.arange(4.0), np.arange(3.0), np.full(3, 7.0)
    with pytest.raises(ValueError, match="out has shape"):
        ft.convolve(x, w, out=out)
    np.testing.assert_array_equal(x, np.arange(4.0))
    np.testing.assert_array_equal(w, np.arange(3.0))
    np.testing.assert_array_equal(out, 7.0)


def test_errors_of_foreign_objects_pass_through() -> None:
    class Broken:
        def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        ft.convolve(Broken(), [1.0])


def test_a_remembered_call_lets_no_wrong_type_through() -> None:
    ft.convolve([1.0, 2.0], [1.0], stride=1)
    for equal in (True, 1.0):
        with pytest.raises(TypeError, match="stride"):
            ft.convolve([1.0, 2.0], [1.0], stride=equal)  # type: ignore[arg-type]
