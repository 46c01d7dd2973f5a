"""Bad calls and what they are told, block by block, in ``golden/*.txt``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TYPES = (ValueError, TypeError, OverflowError, MemoryError, AttributeError)


def golden(name: str) -> list[tuple[str, str]]:
    """(call, "Type: text") of each block of ``golden/name.txt``."""
    text = (Path(__file__).parent / "golden" / f"{name}.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(call.removeprefix(">>> "), told) for call, told in zip(lines[::2], lines[1::2], strict=True)]


def told(call: str, words: dict[str, Any]) -> str:
    """What the library says to a bad call; ``words`` are the names that it may use."""
    with pytest.raises(TYPES) as caught:
        eval(call, dict(words))
    return f"{type(caught.value).__name__}: {caught.value}"


def messages(modules: Iterable[ModuleType], monkeypatch: pytest.MonkeyPatch) -> tuple[set[str], set[str]]:
    """The names of all messages of these modules, and of those that are reached from now on."""
    every: set[str] = set()
    reached: set[str] = set()
    for module in modules:
        for name, message in list(vars(module).items()):
            if inspect.isfunction(message) and name[0] != "_" and message.__module__ == module.__name__:
                every.add(f"{module.__name__}.{name}")
                monkeypatch.setattr(module, name, _noted(message, reached))
    return every, reached


def _noted(message: Callable[..., Exception], reached: set[str]) -> Callable[..., Exception]:
    @functools.wraps(message)
    def note(*arguments: Any) -> Exception:
        reached.add(f"{message.__module__}.{message.__name__}")
        return message(*arguments)

    return note
