"""A Function drawn with matplotlib."""

from __future__ import annotations

from typing import Any

import numpy as np

from faltung.functions.representation import Representation

Window = tuple[float, float]

# Where a function stays below this share of its maximum, there is nothing to see.
_FLAT = 1 / 400
_POINTS = 1001


def draw(f: Representation, ax: Any, points: int, window: Window | None, style: dict[str, Any]) -> Any:
    """Draw the values, upright at jumps, and the atoms as arrows; returns the axes."""
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(layout="constrained").add_subplot()
    low, high = window or visible(f)
    t = np.linspace(low, high, points)
    edges = f.breakpoints[(f.breakpoints > low) & (f.breakpoints < high)]
    before, after = np.nextafter(edges, -np.inf), edges
    t = np.union1d(t, np.concatenate([before, after]))
    (line,) = ax.plot(t, np.real(f(t)), **style)
    for atom in f.atoms:
        ax.annotate(
            "",
            xy=(atom.at, np.real(atom.weight)),
            xytext=(atom.at, 0.0),
            arrowprops={"arrowstyle": "-|>", "color": line.get_color()},
        )
    if f.atoms:
        ax.update_datalim([(atom.at, float(np.real(atom.weight))) for atom in f.atoms])
        ax.autoscale_view()
    return ax


def visible(*functions: Representation) -> Window:
    """From where to where there is something to see of any of the functions, with a margin."""
    ends = [end for f in functions for end in _bulk(f)]
    margin = 0.05 * (max(ends) - min(ends)) or 1.0
    return min(ends) - margin, max(ends) + margin


def _bulk(f: Representation) -> Window:
    """The pieces that hold all but a thousandth, without flat ends, and the atoms."""
    pieces = f.pieces
    places = [atom.at for atom in f.atoms]
    if pieces.count == 0:
        return min([*places, float(pieces.edges[0])]), max([*places, float(pieces.edges[0])])
    share = np.cumsum(np.abs(pieces.integrals)) / max(float(np.abs(pieces.integrals).sum()), 1e-300)
    first, last = (int(np.searchsorted(share, level)) for level in (5e-4, 1 - 5e-4))
    t = np.linspace(pieces.edges[first], pieces.edges[min(last + 1, pieces.count)], _POINTS)
    height = np.abs(f(t[1:-1]))
    seen = np.flatnonzero(height > _FLAT * height[np.isfinite(height)].max(initial=0.0))
    if len(seen):
        places += [float(t[seen[0]]), float(t[seen[-1] + 2])]
    return min(places, default=float(t[0])), max(places, default=float(t[-1]))
