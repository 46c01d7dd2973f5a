"""Differential entropy of a density made of pieces."""

from __future__ import annotations

import numpy as np

from faltung.functions.pieces import Pieces

_STEP = 1 / 16
# Beyond, the distance to the end of a piece is below 1e-300 of its width.
_REACH = 6.0


def entropy_of(f: Pieces) -> float:
    """The integral of ``-f log f``.

    By the double exponential rule on each piece, which takes the logarithm where the density
    comes to zero, and power singularities, as it takes anything else. Source: Takahasi & Mori
    (1974). Cost: 193 values a piece; error about 1e-12, some times
    that beside a steep power singularity (4e-12 for a gamma law of shape 0.05).
    """
    s = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)[:, np.newaxis]
    near, far = 1 / (1 + np.exp(np.pi * np.sinh(s))), 1 / (1 + np.exp(-np.pi * np.sinh(s)))
    weight = _STEP * np.pi * np.cosh(s) * near * far
    values = f.at(np.arange(f.count), f.widths * far, f.widths * near)
    positive = np.maximum(values, np.finfo(float).tiny)
    return float(-((weight * positive * np.log(positive)).sum(axis=0) * f.widths).sum())
