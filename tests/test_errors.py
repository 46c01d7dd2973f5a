"""Every message of the library, word for word, reached through what users call.

``golden/errors.txt`` holds a bad call and what it is told, block by block.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
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

GOLDEN = Path(__file__).parent / "golden" / "errors.txt"
TYPES = (ValueError, TypeError, OverflowError, MemoryError, AttributeError)


def golden() -> list[tuple[str, str]]:
    """(call, "Type: text") of each block."""
    lines = [line for line in GOLDEN.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return [(call.removeprefix(">>> "), told) for call, told in zip(lines[::2], lines[1::2], strict=True)]


@pytest.fixture(autouse=True)
def _on_this_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "INSTRUCTION_SETS", ("x86-64-v2", "x86-64-v3"))
    monkeypatch.setattr(settings, "_level", 0)


def told(call: str) -> str:
    """What the library says to a bad call."""
    with pytest.raises(TYPES) as caught:
        eval(call, {"np": np, "ft": ft, "Fraction": Fraction, "Decimal": Decimal, "array_of": array_of, **WORDS})
    return f"{type(caught.value).__name__}: {caught.value}"


def array_of(library: str, name: str) -> Any:
    """An object whose class says that it is from ``library``."""
    return type(name, (), {"__module__": f"{library}.core"})()


WORDS = {
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


@pytest.mark.parametrize(("call", "expected"), golden(), ids=[call for call, _ in golden()])
def test_message(call: str, expected: str) -> None:
    assert told(call) == expected


def test_no_call_is_listed_twice() -> None:
    calls = [call for call, _ in golden()]
    assert len(calls) == len(set(calls))


def test_every_message_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    messages: set[str] = set()
    reached: set[str] = set()
    for module in (errors, function_errors, layer_errors, symbolic_errors):
        for name, message in list(vars(module).items()):
            if inspect.isfunction(message) and name[0] != "_":
                messages.add(f"{module.__name__}.{name}")
                monkeypatch.setattr(module, name, _noted(message, reached))
    for call, _ in golden():
        told(call)
    assert reached == messages


def _noted(message: Callable[..., Exception], reached: set[str]) -> Callable[..., Exception]:
    @functools.wraps(message)
    def note(*arguments: Any) -> Exception:
        reached.add(f"{message.__module__}.{message.__name__}")
        return message(*arguments)

    return note


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
