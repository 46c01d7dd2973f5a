"""faltung: convolution, one definition, the fastest algorithm chosen and explained.

`convolve` flips the kernel, `correlate` does not. See the README for a tour, and ``help`` of
each function for its definition, cost and errors.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faltung import functions as functions
    from faltung import kernels, laws, tensor
    from faltung.functions import Density as Density
    from faltung.functions import Function as Function
    from faltung.functions import weighted_average as weighted_average
    from faltung.operations import convolve, correlate, plan
    from faltung.planner.plan import Plan
    from faltung.settings import get_instruction_set, get_threads, set_instruction_set, set_threads
    from faltung.task.kernel import Kernel
    from faltung.task.problem import Problem
    from faltung.tensor.fitting import fit_kernel

__version__ = "0.1.0"

# Without what needs SciPy: a star import must not.
__all__ = [
    "Kernel",
    "Plan",
    "Problem",
    "convolve",
    "correlate",
    "fit_kernel",
    "get_instruction_set",
    "get_threads",
    "kernels",
    "laws",
    "plan",
    "set_instruction_set",
    "set_threads",
    "tensor",
]

# Every door with the module behind it, which loads when the door is first opened; the wings are
# doors to themselves.
_DOORS = {
    "convolve": "operations",
    "correlate": "operations",
    "plan": "operations",
    "fit_kernel": "tensor.fitting",
    "Plan": "planner.plan",
    "get_instruction_set": "settings",
    "get_threads": "settings",
    "set_instruction_set": "settings",
    "set_threads": "settings",
    "Kernel": "task.kernel",
    "Problem": "task.problem",
    "Density": "functions",
    "Function": "functions",
    "weighted_average": "functions",
    "functions": "",
    "kernels": "",
    "laws": "",
    "tensor": "",
}


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(f"module 'faltung' has no attribute {name!r}")
    module = importlib.import_module(f"faltung.{_DOORS[name] or name}")
    value = globals()[name] = getattr(module, name) if _DOORS[name] else module
    return value


def __dir__() -> list[str]:
    return sorted({name for name in globals() if name.startswith("__")} | {*_DOORS})
