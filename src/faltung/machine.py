"""What the machine can do: the constants that costs are made of, each in its unit.

The shipped values were measured on one core of an AMD EPYC of the Zen 3 generation, those of
x86-64-v4 on one of an Intel Xeon of the Sapphire Rapids generation (``python -m benchmarks`` prints
the machine's limits of a run); they rank algorithms, they promise no times.
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
    layer_efficiency: float = 0.8
    """The same of ``channel_product``'s tiles."""
    value_products: float = 2.0
    """Winograd's transforms: products that take as long as one value of a sum, loads and shuffles included."""
    bytes_per_second: float = 20e9
    """Reading and writing memory beyond the caches, both counted."""
    copied_elements_per_second: float = 1.2e9
    """Elements that a block at the edge, or of a foreign type, costs to copy."""
    point_seconds: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    """Overlap-save in float32 and float64: seconds for a point of one tile in each lane, in tiles of
    16, 32, 64, … points. A table, since cache levels and odd powers of two leave no simple curve;
    between its entries they are drawn straight, beyond its end they stay."""
    split_tile: float = 1.2
    """A tile split over the lanes, relative to a whole one in each: the split, and roots for each lane."""
    tile_row_seconds: float = 0.08e-6
    """What each row of the tiles in all lanes costs besides: finding where it lies."""
    interpreted_products_per_second: float = 0.12e6
    """Terms of the definition, in Python."""
    interpreted_samples_per_second: float = 15e6
    """Samples of the input that the definition turns into Python's numbers."""
    interpreted_call_seconds: float = 50e-6
    """The definition's preparation."""
    call_seconds: float = 4e-6
    """A native call with its preparation."""
    transform_call_seconds: float = 17e-6
    """The same of overlap-save: tiles are chosen and the kernel laid out in Python."""
    decomposition_call_seconds: float = 80e-6
    """Singular values of one small matrix, and the search around it, in Python."""
    decomposition_seconds: float = 4e-9
    """Singular values: seconds per element and shorter side of the kernel."""


_NANO = 1e-9


def _nanoseconds(*values: float) -> tuple[float, ...]:
    return tuple(value * _NANO for value in values)


# The least of several runs over many groups, in the processor time of the thread.
_POINTS_V2 = (
    _nanoseconds(35, 26, 20, 17, 16.4, 17, 18, 20, 20.9, 22, 23, 24, 25, 26.5, 29, 34, 58),
    _nanoseconds(24, 17.8, 15.4, 15, 15, 16, 16.5, 18, 19, 20, 21.5, 23, 25, 27, 28.6, 33, 55),
)
_POINTS_V3 = (
    _nanoseconds(48, 31, 20.6, 18, 16.4, 16.4, 17.5, 21, 21.5, 24.6, 25, 27, 28.6, 34, 40, 90, 90),
    _nanoseconds(33, 22, 17, 16, 16, 16.2, 16.6, 18.3, 20.8, 22.9, 24, 26, 27.4, 32, 37, 90, 90),
)
_POINTS_V4 = (
    _nanoseconds(42, 23.5, 19, 22.5, 25.5, 26, 27, 31, 31, 38, 42, 53, 55, 66, 106, 132, 147),
    _nanoseconds(13, 13, 14.5, 17, 22, 22.5, 24, 27.5, 27.5, 35, 42, 51, 54, 64, 98, 123, 145),
)

_SHIPPED: dict[str, Machine] = {
    "x86-64-v2": Machine(16, 3.4e9, 5.0e9, 1.2e9, point_seconds=_POINTS_V2),
    "x86-64-v3": Machine(32, 6.5e9, 4.6e9, 2.4e9, point_seconds=_POINTS_V3),
    "x86-64-v4": Machine(
        64,
        7.4e9,
        3.4e9,
        30e9,
        tile_efficiency=0.67,
        layer_efficiency=0.8,
        value_products=4.0,
        point_seconds=_POINTS_V4,
        split_tile=2.0,
        tile_row_seconds=0.1e-6,
    ),
    "baseline": Machine(16, 6.0e9, 6.0e9, 1.2e9, point_seconds=_POINTS_V2),
}


@functools.cache
def shipped(instruction_set: str) -> Machine:
    """The constants that the library ships for an instruction set."""
    return _SHIPPED[instruction_set]


def current() -> Machine:
    """The machine as it is set now."""
    return shipped(settings.get_instruction_set())
