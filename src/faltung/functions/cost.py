"""What the native kernels cost, so that algorithms can be compared and threads be worth their start."""

from __future__ import annotations

from typing import Protocol

from faltung import settings

# Seconds on one core, measured on 2 cores of a Zen 4 at 3.7 GHz, AVX2: a cell of the quadrature,
# and one of its nodes for each coefficient of both operands; the polynomials of a pair of pieces,
# and of them what grows with the square of the terms; a value of one of them, and each of its
# coefficients.
_CELL, _NODE = 25e-9, 0.12e-9
_PAIR, _SQUARE = 0.2e-6, 12e-9
_VALUE, _STEP = 3e-9, 0.15e-9
# The graded panels at both ends of a cell.
_CORNERS = 12e-6
# Nodes of the quadrature come in multiples of this many.
_LANES = 8
# Less work than this is not worth the start of a thread.
_SPLIT = 2e-3


class Size(Protocol):
    """What the costs of pieces depend on."""

    @property
    def count(self) -> int:
        """Number of pieces."""

    @property
    def degree(self) -> int:
        """Highest degree."""


def threads_for(seconds: float) -> int:
    """How many threads so much work deserves."""
    return settings.get_threads() if seconds > _SPLIT else 1


def quadrature(f: Size, g: Size, values: float) -> float:
    """Seconds of Gauss quadrature between all edges, at so many points."""
    degree = f.degree + g.degree
    padded = -(-(degree // 2 + 1) // _LANES) * _LANES
    cells = values * (f.count + g.count) / 2
    return cells * (_CELL + padded * (degree + 2) * _NODE)


def pair_polynomials(f: Size, g: Size) -> float:
    """Seconds of the Legendre recurrences of all pairs of pieces."""
    terms = max(f.degree, g.degree) + 1
    return f.count * g.count * (_PAIR + _SQUARE * terms**2)


def sums_of_polynomials(f: Size, g: Size, values: float) -> float:
    """Seconds of adding, at so many points, the polynomials of all pairs that meet there."""
    meeting = (f.count + g.count) / 2
    return values * meeting * (_VALUE + _STEP * (f.degree + g.degree + 2))


def singular_corners(singular: int, values: float) -> float:
    """Seconds of the graded panels of so many singular pieces, at so many points."""
    return singular * values * _CORNERS
