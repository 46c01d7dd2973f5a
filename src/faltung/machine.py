"""What the machine can do: the constants that costs are made of, each in its unit.

The shipped values were measured on one core of an AMD EPYC of the Zen 3 generation
(``python -m benchmarks`` prints the machine's limits of a run); they rank algorithms, they
promise no times.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from faltung import settings


@dataclass(frozen=True, slots=True)
class Machine:
    """Rates of one core for one instruction set."""

    vector_bytes: int
    vector_products_per_second: float
    """Fused multiply-adds of whole vectors: two a cycle where there is FMA."""
    vector_loads_per_second: float
    """Loads of whole vectors at any alignment: half of them cross a cache line."""
    integer_products_per_second: float
    """Exact 64-bit products, by the vector unit's 32-bit multiplier."""
    wide_products_per_second: float = 0.25e9
    """Products into the 192-bit accumulator, one by one."""
    bytes_per_second: float = 12e9
    """Reading and writing memory beyond the caches, both counted."""
    copied_elements_per_second: float = 1.2e9
    """Elements that a block at the edge, or of a foreign type, costs to copy."""
    butterfly_seconds: float = 0.0
    """Overlap-save: seconds per vector, point and log2(length), both transforms."""
    point_seconds: float = 0.0
    """Overlap-save: seconds per vector and point for loading, looking and storing."""
    interpreted_products_per_second: float = 1.5e6
    """Terms of the definition, in Python."""
    call_seconds: float = 4e-6
    """A native call with its preparation."""
    decomposition_seconds: float = 4e-9
    """Singular values: seconds per element and shorter side of the kernel."""


_SHIPPED: dict[str, Machine] = {
    "x86-64-v2": Machine(16, 3.4e9, 5.0e9, 1.2e9, butterfly_seconds=1.0e-9, point_seconds=3.0e-9),
    "x86-64-v3": Machine(32, 6.9e9, 4.6e9, 2.4e9, butterfly_seconds=0.62e-9, point_seconds=3.0e-9),
    "x86-64-v4": Machine(64, 3.7e9, 2.6e9, 4.8e9, butterfly_seconds=0.8e-9, point_seconds=4.0e-9),
    "baseline": Machine(16, 6.0e9, 6.0e9, 1.2e9, butterfly_seconds=1.0e-9, point_seconds=3.0e-9),
}


@functools.cache
def shipped(instruction_set: str) -> Machine:
    """The constants that the library ships for an instruction set."""
    return _SHIPPED[instruction_set]


def current() -> Machine:
    """The machine as it is set now."""
    return shipped(settings.get_instruction_set())
