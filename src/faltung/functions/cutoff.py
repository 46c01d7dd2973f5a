"""Infinite supports: where a function has decayed, what it goes to, and where to look for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from faltung.functions import chebyshev, errors
from faltung.functions.chebyshev import Array
from faltung.functions.resolution import NODES

# The share of the integral that may lie beyond the cut-off: below half a unit in the last place.
SHARE = 2.0**-54
Evaluate = Callable[[Array], Array]
# Panels double in width. Where nothing is known, the first reaches 2**-40 from the origin and the
# last 2**64; where the bulk is known to lie within one unit, a few points further out begin.
_FAR = 1020
_UNKNOWN = (-40, NODES, (64, _FAR))
_KNOWN = (-20, 8, (8, 32, 64, _FAR))
# Slopes on logarithmic scales that differ by less are those of a power law.
_STRAIGHT = 1e-6
# Constants are what has not changed up to here.
_SETTLED = 64
# The seams begin where this share of the integral lies between them and the origin.
_BULK = 2.0**-3


@dataclass(frozen=True)
class Reach:
    """What one infinite side came to: seams outwards, the limit there, and the mass left out."""

    seams: Array
    limit: complex
    tail: float


def reach(evaluate: Evaluate, origin: float, direction: int, unit: float, bulk_known: bool = False) -> Reach:
    """Seams from ``origin`` outwards (direction 1 or -1) to where ``evaluate`` has decayed.

    The panels [2**k, 2**(k+1)] units from the origin are sampled at a few points each; the cut
    falls where all beyond it holds less than 2**-54 of the whole integral. Power laws are
    followed as far as doubles go. A function that comes to a constant keeps it as ``limit``.

    Raises
    ------
    ValueError
        It neither decays nor comes to a constant, or is not finite.
    """
    start, points, stages = _KNOWN if bulk_known else _UNKNOWN
    panels = _Panels(np.zeros(1), np.zeros((points, 0)), direction, origin)
    for farthest in stages:
        panels, start = panels.extended(evaluate, unit, start, farthest), farthest + 1
        limit = panels.limit() if farthest >= _SETTLED else 0.0
        beyond = panels.beyond(limit)
        kept = beyond > SHARE * beyond[0]
        decayed = not kept[-1] and math.isfinite(beyond[0])
        if beyond[0] == 0 or (decayed and not (farthest == _FAR and panels.fallen(int(kept.sum())))):
            break
    else:
        raise errors.not_integrable("inf" if direction > 0 else "-inf", panels.behaviour())
    if beyond[0] == 0:
        return Reach(np.array([unit]), limit, 0.0)
    last = int(kept.sum())
    first = int(np.argmax(beyond < (1 - _BULK) * beyond[0]))
    seams = panels.ends[max(min(first, last - 1), 0) : last + 1]
    tail = float(beyond[last]) if last < len(beyond) else 0.0
    return Reach(seams[seams > 0], limit, tail)


@dataclass(frozen=True)
class _Panels:
    ends: Array
    values: Array
    direction: int
    origin: float

    def extended(self, evaluate: Evaluate, unit: float, first: int, last: int) -> _Panels:
        """With the panels that end at unit * 2**first, ..., unit * 2**last."""
        exponents = np.arange(first, min(last, _FAR - max(math.frexp(unit)[1] - 1, 0)) + 1)
        ends = np.concatenate([self.ends[-1:], unit * 2.0**exponents])
        v = (1 + chebyshev.points(len(self.values))[:, np.newaxis]) / 2
        x = self.origin + self.direction * (ends[:-1] + np.diff(ends) * v)
        with np.errstate(all="ignore"):
            values = np.asarray(evaluate(x.ravel())).reshape(x.shape)
        finite = np.isfinite(values).all(axis=0)
        good = len(finite) if finite.all() else int(np.argmin(finite))
        whole = np.concatenate([self.values, values[:, :good]], axis=1)
        made = _Panels(np.concatenate([self.ends, ends[1 : good + 1]]), whole, self.direction, self.origin)
        # Formulas may overflow far out, once their value has come to nothing.
        if good < len(finite) and not made.decayed():
            bad = np.flatnonzero(~np.isfinite(values[:, good]))[0]
            reason = f"its value at {x[bad, good]:.6g} is {values[bad, good]}"
            raise errors.not_integrable("inf" if self.direction > 0 else "-inf", reason)
        return made

    @property
    def width(self) -> Array:
        result: Array = np.diff(self.ends)
        return result

    def beyond(self, limit: complex = 0.0) -> Array:
        """The mass from each panel on, infinite where it exceeds all numbers."""
        with np.errstate(over="ignore"):
            mass = np.abs(self.values - limit).mean(axis=0) * self.width
            result: Array = np.cumsum(mass[::-1])[::-1]
        return result

    def decayed(self) -> bool:
        """Whether the farthest panel holds no share of the integral."""
        beyond = self.beyond()
        return len(beyond) > 0 and math.isfinite(beyond[0]) and bool(beyond[-1] <= SHARE * beyond[0])

    def fallen(self, last: int) -> bool:
        """Whether a power law goes to 0 after panel ``last``, as where t**p overflows in 1 / t**p, with mass left."""
        # The last panel itself may be 0 in part.
        far = np.abs(self.values[:, max(last - 5, 0) : max(last - 1, 0)])
        if self.values[:, last:].any() or not far.all():
            return False
        return bool(np.ptp(np.diff(np.log2(far), axis=1)) < _STRAIGHT)

    def limit(self) -> complex:
        """The constant that the farthest panels show, 0 if they show none."""
        far = self.values[:, -4:]
        value = far[-1, -1]
        same = np.abs(far - value).max() <= 8 * np.finfo(float).eps * abs(value)
        # A power law is never so flat over four doublings; what is negligible beside the rest decays.
        return complex(value) if same and abs(value) > SHARE * np.abs(self.values).max() else 0.0

    def behaviour(self) -> str:
        """How it fails to decay, in words."""
        # Not where a formula has gone to 0.
        count = int(np.flatnonzero(self.values.any(axis=0)).max(initial=0)) + 1
        far = np.abs(self.values[:, max(count - 8, 0) : count])
        x = self.origin + self.direction * self.ends[count]
        if math.log2(far.max() + 1e-300) > 0 and far[:, -1].max() > 2 * far[:, 0].max():
            return f"it grows, to {far.max():.3g} near {x:.3g}"
        if far[:, -1].max() > far[:, 0].max() / 2:
            return f"it goes on, at {far.max():.3g} near {x:.3g}, and comes to no constant"
        late = self.values[:, max(count - 8, 0) : count].real
        if (late > 0).any() and (late < 0).any():
            size = far[:, -1].max()
            return f"it oscillates, at {size:.3g} near {x:.3g}, and the integral of its modulus does not converge"
        power = math.log2(far[:, -1].max() / far[:, 0].max()) / (far.shape[1] - 1)
        return f"it decays like t to the power {power:.3g}, to {far[:, -1].max():.3g} near {x:.3g}, where numbers end"
