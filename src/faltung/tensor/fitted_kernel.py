"""A kernel that was fitted to data, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from faltung.task.kernel import Kernel


class FittedKernel(Kernel):
    """The kernel that `faltung.fit_kernel` found; a `Kernel` with what the fit says of it.

    Attributes
    ----------
    residual
        Root mean square of what the kernel leaves unexplained, in the targets' unit.
    condition
        Largest over smallest singular value of the matrix that takes weights to outputs (with the
        ridge in it): by how much a relative error of the targets may grow in the weights.
    standard_errors
        Standard error of each weight, like ``values``: how sure it is, if what is left
        unexplained is independent noise. NaN where there are no more outputs than weights.
    """

    __slots__ = ("condition", "residual", "standard_errors")

    residual: float
    condition: float
    standard_errors: NDArray[Any]

    def __init__(
        self,
        values: NDArray[Any],
        center: Sequence[int],
        residual: float,
        condition: float,
        standard_errors: NDArray[Any],
    ) -> None:
        super().__init__(values, center, "fitted", None)
        standard_errors.flags.writeable = False
        for attribute, value in (
            ("residual", residual), ("condition", condition), ("standard_errors", standard_errors),
        ):  # fmt: skip
            object.__setattr__(self, attribute, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return FittedKernel, (self.values, self.center, self.residual, self.condition, self.standard_errors)

    def __repr__(self) -> str:
        return f"{super().__repr__()}, residual {self.residual:.2g}, condition {self.condition:.2g}"
