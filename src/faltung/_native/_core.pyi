from typing import Any, final

from numpy.typing import NDArray

def instruction_sets() -> list[str]: ...

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
