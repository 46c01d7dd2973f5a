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

    def __init__(self, transform: TileTransform, kernel: NDArray[Any], hold: int, level: int) -> None: ...
    def run(
        self,
        input: NDArray[Any],
        output: NDArray[Any],
        offset: list[int],
        boundary: list[int],
        fill: complex,
        threads: int,
    ) -> list[int]:
        """output[b, f, p] = sum over k of input[b, c, p + offset + k] * kernel[f, k].

        Leaves out the tiles that hold NaN or infinity and returns their flat indices, (filter,
        batch, *tile).
        """
