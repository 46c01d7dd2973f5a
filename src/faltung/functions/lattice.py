"""Discrete laws on equidistant places: their sums are convolutions of arrays, by the array engine."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from faltung import operations
from faltung.functions import errors
from faltung.functions.atoms import Atom, Atoms
from faltung.functions.chebyshev import Array

# Spacings that differ by less than this share are one.
_ALIKE = 1e-12
_NEGLIGIBLE = 2.0**-54
# So many products of masses take a tenth of a second; more are left to transforms, which do this to each sum,
# in units of the product of the norms.
_MOST_PRODUCTS = 2**28
_NOISE = 2.0**-50
# Places need so many numbers between them to be told apart by a rounded x.
_FEWEST_NUMBERS = 32


@dataclass(frozen=True)
class Lattice:
    """Masses at ``start + k * spacing``."""

    start: float
    spacing: float
    masses: Array

    def __post_init__(self) -> None:
        far = max(abs(self.start), abs(self.start + self.spacing * (len(self.masses) - 1)))
        needed = self.spacing / _FEWEST_NUMBERS
        if not math.ulp(far) <= needed:
            raise errors.too_far("masses", far, math.ulp(far), needed)

    @property
    def places(self) -> Array:
        """Where the masses sit, ascending."""
        return self.start + self.spacing * np.arange(len(self.masses))

    def atoms(self) -> Atoms:
        """The masses as Dirac deltas."""
        return tuple(
            Atom(float(place), 0, float(mass)) for place, mass in zip(self.places, self.masses, strict=True) if mass
        )

    def moved(self, distance: float, factor: float) -> Lattice:
        """The law of ``factor * X + distance``."""
        if factor > 0:
            return replace(self, start=self.start * factor + distance, spacing=self.spacing * factor)
        last = self.start + self.spacing * (len(self.masses) - 1)
        return Lattice(last * factor + distance, self.spacing * -factor, self.masses[::-1].copy())

    def aligned(self, other: Lattice) -> bool:
        """Whether both share one spacing, so that their sum is a lattice."""
        return math.isclose(self.spacing, other.spacing, rel_tol=_ALIKE)

    def without_negligible_ends(self) -> Lattice:
        """The law without the places at either end that hold less than half a unit in the last place together."""
        below, above = np.cumsum(self.masses), np.cumsum(self.masses[::-1])
        share = _NEGLIGIBLE * below[-1]
        first, last = int((below <= share).sum()), len(self.masses) - int((above <= share).sum())
        return Lattice(self.start + self.spacing * first, self.spacing, self.masses[first:last])

    def convolved(self, other: Lattice) -> Lattice:
        """The law of the sum: element by element as accurate as a sum of products of masses.

        Long laws add up by transforms: masses are then accurate to a share of 1e-16 of the norms, and
        those below it, at the ends, are left out.
        """
        if len(self.masses) * len(other.masses) <= _MOST_PRODUCTS:
            masses = operations.convolve(self.masses, other.masses, accuracy="elementwise")
        else:
            masses = operations.convolve(self.masses, other.masses)
            noise = _NOISE * math.sqrt((self.masses @ self.masses) * (other.masses @ other.masses))
            loud = np.flatnonzero(masses > noise)
            masses = np.maximum(masses, 0)
            masses[: loud[0]] = masses[loud[-1] + 1 :] = 0
        kept = np.flatnonzero(masses)
        first, last = (int(kept[0]), int(kept[-1]) + 1) if len(kept) else (0, 1)
        return Lattice(self.start + other.start + first * self.spacing, self.spacing, masses[first:last])
