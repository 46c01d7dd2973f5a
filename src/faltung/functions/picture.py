"""A Function drawn with matplotlib."""

from __future__ import annotations

from typing import Any

import numpy as np

from faltung.functions.representation import Representation


def draw(f: Representation, ax: Any, points: int, style: dict[str, Any]) -> Any:
    """Draw the values, broken at jumps, and the atoms as arrows; returns the axes."""
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(layout="constrained").add_subplot()
    low, high = _window(f)
    t = np.linspace(low, high, points)
    edges = f.breakpoints
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


def _window(f: Representation) -> tuple[float, float]:
    """Where there is something to see: the pieces that hold all but a thousandth, and the atoms."""
    pieces = f.pieces
    places = [atom.at for atom in f.atoms]
    if pieces.count:
        share = np.cumsum(np.abs(pieces.integrals)) / max(float(np.abs(pieces.integrals).sum()), 1e-300)
        first = int(np.searchsorted(share, 5e-4))
        last = int(np.searchsorted(share, 1 - 5e-4))
        places += [float(pieces.edges[first]), float(pieces.edges[min(last + 1, pieces.count)])]
    else:
        places += [float(pieces.edges[0])]
    low, high = min(places), max(places)
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin
