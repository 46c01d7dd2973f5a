"""Kernels by name: ``gaussian:sigma=3,ndim=2``."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable

from faltung import kernels
from faltung.cli.command_error import CommandError, told_by_the_library
from faltung.task.kernel import Kernel

Value = int | float | tuple[int | float, ...]

# Parameters for showing the kernels that cannot be made without any.
EXAMPLES = {"box": "size=3", "exponential": "age=12", "gaussian": "sigma=2"}


def make(text: str, ndim: int | None = None) -> Kernel:
    """The kernel that ``NAME:parameter=value,...`` names.

    ``ndim`` is what it will meet, for kernels of any number of axes whose parameters do not
    say otherwise.
    """
    name, _, written = text.partition(":")
    function = find(name)
    given = _parameters(name, written, function)
    if ndim is not None and "ndim" in _accepted(function) and "ndim" not in given:
        lengths = [len(value) for value in given.values() if isinstance(value, tuple)]
        given["ndim"] = lengths[0] if lengths else ndim
    with told_by_the_library():
        return function(**given)


def find(name: str) -> Callable[..., Kernel]:
    """The function that makes kernels of that name."""
    if name in kernels.NAMES:
        return kernels.NAMES[name]
    near = difflib.get_close_matches(name, kernels.NAMES, 1)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(kernels.NAMES)}"
    raise CommandError(f"kernel {name!r} is not known; {hint}, or numbers such as '1 2 1', or a file")


def signature(function: Callable[..., Kernel]) -> str:
    """The parameters as a user writes them, those with a choice of their own in brackets."""
    return ", ".join(_as_written(name, default) for name, default in _accepted(function).items())


def _as_written(name: str, default: object) -> str:
    if default is inspect.Parameter.empty:
        return f"{name}="
    return f"[{name}=]" if default is None else f"{name}={default}"


def _accepted(function: Callable[..., Kernel]) -> dict[str, object]:
    return {name: parameter.default for name, parameter in inspect.signature(function).parameters.items()}


def _parameters(name: str, written: str, function: Callable[..., Kernel]) -> dict[str, Value]:
    accepted = _accepted(function)
    given: dict[str, Value] = {}
    for part in filter(None, written.split(",")):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or key not in accepted:
            raise CommandError(f"kernel {name}: {part!r} is no parameter; expected {_expected(name, accepted)}")
        if key in given:
            raise CommandError(f"kernel {name}: {key} is said twice; expected it once")
        given[key] = _value(name, key, value)
    required = [key for key, default in accepted.items() if default is inspect.Parameter.empty]
    for key in required:
        if key not in given:
            raise CommandError(f"kernel {name}: {key} is missing; expected e.g. {name}:{EXAMPLES[name]}")
    return given


def _expected(name: str, accepted: dict[str, object]) -> str:
    return " or ".join(f"{key}=..." for key in accepted) if accepted else f"{name} alone, it has none"


def _value(name: str, key: str, text: str) -> Value:
    try:
        numbers = tuple(_number(part) for part in text.split("x"))
    except ValueError:
        expected = f"expected e.g. {key}=3, or {key}=3x5 for two axes"
        raise CommandError(f"kernel {name}: {key}={text!r} is no number; {expected}") from None
    return numbers if len(numbers) > 1 else numbers[0]


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
