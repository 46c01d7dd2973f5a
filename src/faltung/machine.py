"""What the machine can do: the constants that costs are made of, each in its unit.

The shipped values were measured on one core of an AMD EPYC of the Zen 3 generation
(``python -m benchmarks`` prints the machine's limits of a run); they rank algorithms, they
promise no times.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from faltung import settings


class Machine(NamedTuple):
    """Rates of one core for one instruction set."""

    vector_bytes: int
    vector_products_per_second: float
    """Fused multiply-adds of whole vectors: two a cycle where there is FMA."""
    vector_loads_per_second: float
    """Loads of whole vectors at any alignment: half of them cross a cache line."""
    integer_products_per_second: float
    """Exact 64-bit products, by the vector unit's 32-bit multiplier."""
    tile_efficiency: float = 0.8
    """Share of the products' rate that register tiles reach, edges and block sums included: 0.78 to
    0.85 for kernels of 15 x 15 to 31 x 31.
    """
    bytes_per_second: float = 20e9
    """Reading and writing memory beyond the caches, both counted."""
    copied_elements_per_second: float = 1.2e9
    """Elements that a block at the edge, or of a foreign type, costs to copy."""
    group_seconds: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    """Overlap-save in float32 and float64: seconds for a group of blocks, two in each lane, of
    length 64, 128, 256, … . A table, since cache levels and odd powers of two leave no simple
    curve; beyond its end, a length costs 2.2 times its half."""
    interpreted_products_per_second: float = 1.5e6
    """Terms of the definition, in Python."""
    interpreted_samples_per_second: float = 15e6
    """Samples of the input that the definition turns into Python's numbers."""
    interpreted_call_seconds: float = 50e-6
    """The definition's preparation."""
    call_seconds: float = 4e-6
    """A native call with its preparation."""
    decomposition_call_seconds: float = 80e-6
    """Singular values of one small matrix, and the search around it, in Python."""
    decomposition_seconds: float = 4e-9
    """Singular values: seconds per element and shorter side of the kernel."""


_MICRO = 1e-6


def _microseconds(*values: float) -> tuple[float, ...]:
    return tuple(value * _MICRO for value in values)


_GROUPS_V2 = (
    _microseconds(0.78, 1.54, 3.32, 6.83, 15.27, 33.0, 69.9, 151, 327, 702, 1512),
    _microseconds(0.66, 1.42, 3.03, 6.33, 14.08, 30.7, 65.3, 139, 299, 634, 1410),
)
_GROUPS_V3 = (
    _microseconds(0.92, 1.63, 2.98, 7.03, 14.35, 34.1, 71.5, 163, 348, 842, 1868),
    _microseconds(0.80, 1.62, 3.25, 7.44, 15.97, 35.6, 78.1, 176, 365, 802, 1757),
)

_SHIPPED: dict[str, Machine] = {
    "x86-64-v2": Machine(16, 3.4e9, 5.0e9, 1.2e9, group_seconds=_GROUPS_V2),
    "x86-64-v3": Machine(32, 6.5e9, 4.6e9, 2.4e9, group_seconds=_GROUPS_V3),
    # Not measured yet: the groups of v3, each with twice the lanes, on units of the same width.
    "x86-64-v4": Machine(64, 3.7e9, 2.6e9, 4.8e9, group_seconds=_GROUPS_V3),
    "baseline": Machine(16, 6.0e9, 6.0e9, 1.2e9, group_seconds=_GROUPS_V2),
}


@functools.cache
def shipped(instruction_set: str) -> Machine:
    """The constants that the library ships for an instruction set."""
    return _SHIPPED[instruction_set]


def current() -> Machine:
    """The machine as it is set now."""
    return shipped(settings.get_instruction_set())
