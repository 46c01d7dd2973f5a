"""faltung function: convolve two written functions; a value, a picture, or a summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from faltung import operations
from faltung.cli.command_error import CommandError, told_by_the_library

if TYPE_CHECKING:
    from faltung.functions import Function


@dataclass(frozen=True)
class Request:
    """What was asked for."""

    x: str
    w: str
    operation: str
    at: tuple[float, ...]
    output: Path | None
    force: bool


def convolve(request: Request) -> Iterator[str]:
    """Convolve, write the picture if one is wanted, and say in lines what came of it."""
    try:
        from faltung.functions.expression import parse
    except ImportError:
        raise CommandError("functions need SciPy: pip install 'faltung[functions]'") from None
    if request.output is not None and request.output.exists() and not request.force:
        raise CommandError(f"{request.output} exists already: expected a new name, or --force to overwrite it")
    with told_by_the_library():
        x, w = parse(request.x), parse(request.w)
        run = operations.convolve if request.operation == "convolve" else operations.correlate
        s = run(x, w)
        plan = operations.plan(x, w, operation="convolve" if request.operation == "convolve" else "correlate")
    if request.output is not None:
        _draw(x, w, s, request)
        yield f"{request.output}"
    if request.at:
        for t in request.at:
            yield f"s({t:g}) = {s(t):.15g}"
        return
    low, high = s.support
    yield f"s on [{low:g}, {high:g}], integral {s.antiderivative().limits[1]:.15g}" if not any(s.limits) else f"{s}"
    yield f"error estimate {s.error_estimate:.0e}"
    yield str(plan)


def _draw(x: Function, w: Function, s: Function, request: Request) -> None:
    from matplotlib.figure import Figure

    from faltung.functions.picture import visible

    assert request.output is not None
    figure = Figure(figsize=(7, 6), layout="constrained", dpi=110)
    star = "∗" if request.operation == "convolve" else "⋆"
    titles = (f"x = {request.x}", f"w = {request.w}", f"s = x {star} w, error estimate {s.error_estimate:.0e}")
    window = visible(x, w, s)
    panels = figure.subplots(3, sharex=True)
    for ax, function, title, color in zip(panels, (x, w, s), titles, ("C0", "C1", "C3"), strict=True):
        function.plot(ax, window=window, color=color)
        ax.set_title(title, fontsize=10, loc="left", parse_math=False)
        ax.grid(alpha=0.25)
        ax.spines[["top", "right"]].set_visible(False)
    for t in request.at:
        panels[2].plot(t, s(t).real, "o", color="C3")
        panels[2].annotate(f"s({t:g}) = {s(t):.6g}", (t, s(t).real), (8, 4), textcoords="offset points", fontsize=9)
    panels[2].set(xlabel="t", xlim=window)
    try:
        figure.savefig(request.output)
    except (OSError, ValueError) as problem:
        raise CommandError(f"{request.output}: cannot be written: {problem}") from None
