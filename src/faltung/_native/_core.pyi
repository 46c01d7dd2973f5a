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
class OverlapSave:
    def __init__(self, kernel: NDArray[Any], length: int, level: int) -> None: ...
    @property
    def length(self) -> int: ...
    @property
    def taps(self) -> int: ...
    def run(
        self,
        input: NDArray[Any],
        output: NDArray[Any],
        axis: int,
        offset: int,
        boundary: int,
        fill: float,
        threads: int,
    ) -> None: ...

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
