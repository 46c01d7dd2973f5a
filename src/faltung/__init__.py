"""faltung: convolution, one definition, the fastest algorithm chosen and explained.

`convolve` flips the kernel, `correlate` does not. See the README for a tour, and ``help`` of
each function for its definition, cost and errors.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from faltung.operations import convolve, correlate, plan
from faltung.planner.plan import Plan
from faltung.settings import get_instruction_set, get_threads, set_instruction_set, set_threads
from faltung.task.kernel import Kernel
from faltung.task.problem import Problem

if TYPE_CHECKING:
    from faltung import kernels, laws, tensor

__version__ = "0.1.0"

__all__ = [
    "Kernel",
    "Plan",
    "Problem",
    "convolve",
    "correlate",
    "get_instruction_set",
    "get_threads",
    "kernels",
    "laws",
    "plan",
    "set_instruction_set",
    "set_threads",
    "tensor",
]

_LAZY = ("kernels", "laws", "tensor")


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return importlib.import_module(f"faltung.{name}")
    raise AttributeError(f"module 'faltung' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
