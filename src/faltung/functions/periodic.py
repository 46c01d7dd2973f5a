"""Periodic functions: circular convolution over one period, by name, never by accident."""

from __future__ import annotations

import math

import numpy as np

from faltung.functions import errors
from faltung.functions.function import Function
from faltung.functions.named import positive
from faltung.functions.pieces import Pieces
from faltung.functions.table import solve


def circular_convolve(x: Function, w: Function, period: float) -> Function:
    """The convolution of two periodic functions over one period.

    ``s(t)`` is the integral of ``x(a) w(t - a)`` over one period, both continued periodically;
    it is given on [0, period].

    Parameters
    ----------
    x, w
        One period each, on supports of finite length; what lies beyond one period wraps around.
    period
        Length of the period, above 0.

    Raises
    ------
    ValueError
        A support is infinite, or the period is not above 0.
    TypeError
        An operand is no Function.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> wave = ft.Function(np.sin, support=(0, 2 * np.pi))
    >>> s = ft.functions.circular_convolve(wave, wave, 2 * np.pi)
    >>> bool(abs(s(1.0) + np.pi * np.cos(1.0)) < 1e-14)
    True
    """
    length = positive("period", period)
    for argument, operand in (("x", x), ("w", w)):
        if not isinstance(operand, Function):
            raise errors.not_a_function(argument, operand)
        if not all(map(math.isfinite, operand.support)):
            raise errors.parameter(argument, operand, "one period, on a support of finite length")
    whole = solve(x, w)
    assert isinstance(whole, Function)
    low, high = whole.support
    total = Function.assembled(Pieces.nothing())
    for turn in range(math.floor(low / length), math.ceil(high / length) + 1):
        total = total + _cut(whole.shift(-turn * length), length)
    return total


def _cut(f: Function, period: float) -> Function:
    """The part of a function on [0, period), atoms included."""
    atoms = tuple(atom for atom in f.atoms if 0 <= atom.at < period)
    pieces = f.pieces
    low, high = max(0.0, float(pieces.edges[0])), min(period, float(pieces.edges[-1]))
    if pieces.count == 0 or low >= high:
        return Function.assembled(Pieces.nothing(), atoms=atoms, error=f.error)
    pieces = pieces.split(np.array([low, high]))
    first, last = np.searchsorted(pieces.edges, [low, high])
    hard = pieces.hard[first : last + 1].copy()
    hard[[0, -1]] = True
    kept = slice(first, last)
    part = Pieces(pieces.edges[first : last + 1], pieces.series[:, kept], hard, pieces.left[kept], pieces.right[kept])
    return Function.assembled(part, atoms=atoms, error=f.error)
