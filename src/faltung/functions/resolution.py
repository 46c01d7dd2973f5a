"""When a polynomial is resolved: the tolerance, and what it is relative to."""

from __future__ import annotations

from dataclasses import dataclass

from faltung.functions.chebyshev import Array

# Two units in the last place: what a smooth function computed in double precision still yields.
TOLERANCE = 2.0**-51
# Chebyshev points of a piece.
NODES = 24


@dataclass(frozen=True)
class Measure:
    """How large a function is, so far as sampled: by its maximum and by its integral."""

    scale: float
    mass: float

    def resolves(self, size: Array, width: Array, tolerance: float) -> Array:
        """Whether coefficients of ``size`` on pieces of ``width`` are negligible."""
        result: Array = (size <= tolerance * self.scale) & (size * width <= tolerance * self.mass)
        return result
