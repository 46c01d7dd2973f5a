"""Atoms: Dirac deltas and their derivatives, with exact places and weights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Atom:
    """``weight`` times the ``order``-th derivative of the Dirac delta at ``at``."""

    at: float
    order: int
    weight: complex

    def moved(self, distance: float, factor: float) -> Atom:
        """The atom of f((t - distance) / factor): a delta's argument brings its factor outside."""
        return Atom(self.at * factor + distance, self.order, self.weight * abs(factor) * factor**self.order)

    def scaled(self, factor: complex) -> Atom:
        """``factor`` times the atom."""
        return Atom(self.at, self.order, self.weight * factor)

    def differentiated(self) -> Atom:
        """The derivative."""
        return Atom(self.at, self.order + 1, self.weight)


Atoms = tuple[Atom, ...]


def gathered(atoms: Iterable[Atom]) -> Atoms:
    """The atoms in order of place, those of one place and order as one, without zeros."""
    weights: dict[tuple[float, int], complex] = {}
    for atom in atoms:
        key = (atom.at, atom.order)
        weights[key] = weights.get(key, 0) + atom.weight
    return tuple(Atom(at, order, weight) for (at, order), weight in sorted(weights.items()) if weight != 0)


def convolved(atoms: Atoms, others: Atoms) -> Atoms:
    """Places and orders add, weights multiply."""
    return gathered(Atom(a.at + b.at, a.order + b.order, a.weight * b.weight) for a in atoms for b in others)
