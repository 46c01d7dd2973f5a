"""Whether a function can be a density: its least value and its integral."""

from __future__ import annotations

import numpy as np

from faltung.functions import errors
from faltung.functions.representation import Representation

# How far an integral may be from 1, and a value below 0 in units of the maximum: far above
# rounding, far below anything a user would mean.
_SLACK = 1e-9
_POINTS = 65


def minimum(f: Representation) -> float:
    """The least value found, atoms and constants beyond the ends among them, at 65 points a piece.

    A dip narrower than the distance between them may pass.
    """
    values = [0.0, *(float(np.real(limit)) for limit in f.limits), *(float(np.real(a.weight)) for a in f.atoms)]
    if f.pieces.count:
        v = (1 - np.cos(np.linspace(0, np.pi, _POINTS))) / 2
        x = f.pieces.edges[:-1] + f.pieces.widths * v[1:-1, np.newaxis]
        values.append(float(np.real(f.pieces(x.ravel())).min()))
    return min(values)


def check_density(w: Representation, argument: str) -> None:
    """Refuse a function that is no density.

    Raises
    ------
    ValueError
        Its integral is not 1, or it is negative or complex somewhere, or made of derivatives of deltas.
    """
    if w.iscomplex:
        raise errors.not_a_density(argument, "its values are complex")
    if any(w.limits):
        raise errors.not_a_density(argument, "its integral is infinite")
    if any(atom.order for atom in w.atoms):
        raise errors.not_a_density(argument, "it has derivatives of deltas")
    integral, least = float(w.integral()), minimum(w)
    least = 0.0 if 0 > least > -_SLACK * w.pieces.scale else least
    if abs(integral - 1) > _SLACK or least < 0:
        raise errors.not_a_density(argument, f"its integral is {integral:.6g} and its minimum {least:.6g}")
