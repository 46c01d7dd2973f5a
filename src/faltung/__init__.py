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
    from faltung import functions as functions
    from faltung import kernels, laws, tensor
    from faltung.functions import Density as Density
    from faltung.functions import Function as Function
    from faltung.functions import weighted_average as weighted_average

__version__ = "0.1.0"

# Without what needs SciPy: a star import must not.
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

# What loads when its door is opened: wings, and what a wing exports (with the wing's name).
_LAZY = {
    "functions": "",
    "kernels": "",
    "laws": "",
    "tensor": "",
    "Density": "functions",
    "Function": "functions",
    "weighted_average": "functions",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'faltung' has no attribute {name!r}")
    wing = importlib.import_module(f"faltung.{_LAZY[name] or name}")
    return getattr(wing, name) if _LAZY[name] else wing


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
