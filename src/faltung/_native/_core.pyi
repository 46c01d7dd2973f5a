from collections.abc import Sequence
from typing import Any, final

from numpy.typing import NDArray

def instruction_sets() -> list[str]:
    """The instruction sets that this build holds and this processor runs, narrowest first."""

def direct(
    input: NDArray[Any],
    kernel: NDArray[Any],
    output: NDArray[Any],
    offset: list[int],
    stride: list[int],
    dilation: list[int],
    boundary: list[int],
    fill: complex | None,
    wide: bool,
    level: int,
    threads: int,
) -> bool:
    """output[p] = sum over k of input[stride * p + offset + dilation * k] * kernel[k].

    False if a wide result does not fit the output's type.
    """

def kernel_facts(kernels: NDArray[Any]) -> tuple[bool, bool, bool, bool, bool]:
    """Of (filters, channels, *kernel), contiguous: whether all weights are finite, and none is
    negative, and all are equal; whether each kernel equals its flip; whether one axis at most is
    longer than 1. The second and third only of finite real ones.
    """

def inner_product(
    input: NDArray[Any],
    kernel: NDArray[Any],
    output: NDArray[Any],
    groups: int,
    offset: list[int],
    stride: list[int],
    dilation: list[int],
    boundary: list[int],
    fill: float,
    level: int,
    threads: int,
) -> None:
    """output[b, o, p] = sum over c, k of input[b, g, c, stride * p + offset + dilation * k] * kernel[o, c, k]

    in the group g of o.
    """

def chain(
    input: NDArray[Any],
    terms: list[list[NDArray[Any]]],
    output: NDArray[Any],
    offset: list[int],
    stride: list[int],
    dilation: list[int],
    boundary: list[int],
    level: int,
    threads: int,
) -> bool:
    """output = sum over terms of the passes by their factors, one for each axis. Whether all of it is finite."""

def tiny(
    input: object, kernel: object, mode: object, said: object, defaults: object, correlate: bool, level: int
) -> NDArray[Any] | None:
    """The result for two small arrays of native floats and options that are the defaults, None for anything else."""

def source_index(boundary: int, position: int, n: int) -> int:
    """The index that a position reads on an axis of n samples, -1 if none."""

@final
class TileTransform:
    """The stages and roots of a transform of tiles."""

    def __init__(self, samples: list[int], is_real: bool, is_double: bool, parts: int) -> None: ...
    @property
    def samples(self) -> list[int]: ...

@final
class OverlapSave:
    """Kernels, (filters, *kernel), prepared for correlation by transforms of tiles.

    The lanes of a vector hold tiles of one kernel (0), tiles of several (1), or as many parts of
    one tile (2).
    """

    def __init__(
        self, transform: TileTransform, kernel: NDArray[Any], origin: Sequence[int], hold: int, level: int
    ) -> None: ...
    def run(
        self,
        input: NDArray[Any],
        output: NDArray[Any],
        offset: list[int],
        boundary: list[int],
        fill: complex,
        outputs: Sequence[int],
        threads: int,
    ) -> list[int]:
        """output[b, f, p] = sum over k of input[b, c, p + offset - origin + k] * kernel[f, k].

        Leaves out the tiles that hold NaN or infinity and returns their flat indices, (filter,
        batch, *tile). Keeps the first ``outputs`` of each tile along each axis.
        """

def merge_pieces(
    edges: NDArray[Any],
    series: NDArray[Any],
    seams: NDArray[Any],
    alone: NDArray[Any],
    points: NDArray[Any],
    analysis: NDArray[Any],
    size: float,
    mass: float,
    kept: NDArray[Any],
    level: int,
) -> None:
    """Joins pieces, series (planes, pieces, terms), across seams while what their last coefficients hold
    stays below size and, times the width, mass; kept says which edges are left.
    """

def piece_values(
    edges: NDArray[Any],
    series: NDArray[Any],
    points: NDArray[Any],
    values: NDArray[Any],
    level: int,
    threads: int,
) -> None:
    """values[k] = sum over m of series[i, m] T_m at points[k], in the piece i where it lies; 0 beyond."""

def series_values(
    series: NDArray[Any], rows: NDArray[Any], places: NDArray[Any], values: NDArray[Any], level: int
) -> None:
    """values[k, c] = sum over m of series[rows[k], m] T_m(places[k, c])."""

def convolution_values(
    edges: NDArray[Any],
    series: NDArray[Any],
    other_edges: NDArray[Any],
    other_series: NDArray[Any],
    nodes: NDArray[Any],
    weights: NDArray[Any],
    points: NDArray[Any],
    values: NDArray[Any],
    level: int,
    threads: int,
) -> None:
    """values[k] = the convolution at points[k], by the rule between all edges."""

def pair_polynomials(
    edges: NDArray[Any],
    series: NDArray[Any],
    other_edges: NDArray[Any],
    other_series: NDArray[Any],
    nodes: NDArray[Any],
    weights: NDArray[Any],
    projection: NDArray[Any],
    chebyshev: NDArray[Any],
    analysis: NDArray[Any],
    conversion: NDArray[Any],
    low: NDArray[Any],
    high: NDArray[Any],
    polynomials: NDArray[Any],
    level: int,
    threads: int,
) -> None:
    """Three polynomials for each pair of pieces, whose sum is the convolution."""

def add_polynomials(
    low: NDArray[Any],
    high: NDArray[Any],
    polynomials: NDArray[Any],
    points: NDArray[Any],
    totals: NDArray[Any],
    level: int,
    threads: int,
) -> None:
    """totals[k] += the sum of the polynomials that lie over points[k], points ascending."""

@final
class ChannelProduct:
    def __init__(
        self, kernel: NDArray[Any], groups: int, positions_in_lanes: bool, level: int, threads: int
    ) -> None: ...
    @property
    def finite(self) -> bool: ...
    def run(
        self,
        input: NDArray[Any],
        output: NDArray[Any],
        offset: list[int],
        stride: list[int],
        dilation: list[int],
        boundary: list[int],
        fill: float,
        threads: int,
    ) -> None: ...

class Winograd:
    def __init__(
        self, kernel: NDArray[Any], groups: int, outputs: int, block: int, level: int, threads: int
    ) -> None: ...
    def run(
        self,
        input: NDArray[Any],
        output: NDArray[Any],
        offset: list[int],
        boundary: list[int],
        fill: float,
        threads: int,
    ) -> list[int]: ...
