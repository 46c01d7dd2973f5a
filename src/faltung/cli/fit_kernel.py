"""``faltung fit-kernel``: recover the filter between two photographs, or two arrays."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from rich.console import Group
from rich.table import Table
from rich.text import Text

from faltung.cli import array_file, kernel_library, photograph, printing
from faltung.cli.command_error import CommandError, told_by_the_library
from faltung.cli.convolving import Way
from faltung.cli.replacement import check_writable
from faltung.meaning.boundary import Boundary
from faltung.meaning.extent import Operation
from faltung.tensor.fitted_kernel import FittedKernel
from faltung.tensor.fitting import fit_kernel


@dataclass(frozen=True)
class Request:
    """What the user asked for; the boundary None where the kind of file decides."""

    before: Path
    after: Path
    target: Path
    shape: str
    operation: Operation = "convolve"
    boundary: str | None = None
    ridge: float = 0.0
    interior: bool = False
    force: bool = False


@dataclass(frozen=True)
class _Data:
    """What to fit, and how it is told."""

    x: list[NDArray[Any]]
    y: list[np.ma.MaskedArray[Any, Any]]
    unit: str
    boundary: str
    notes: tuple[tuple[str, str], ...]


def fit(request: Request) -> Group:
    """Fit, write the kernel, and say what was found: a table of facts, and the weights."""
    shape = _lengths(request.shape)
    if request.target.suffix.lower() != ".npy":
        raise CommandError(f"{request.target}: expected a name ending in .npy, for an array of weights")
    check_writable(request.target, request.force)
    kinds = {path.suffix.lower() in photograph.SUFFIXES for path in (request.before, request.after)}
    if len(kinds) > 1:
        raise CommandError(f"{request.before} and {request.after}: expected two photographs, or two arrays (.npy)")
    if kinds == {True} and len(shape) != 2:
        raise CommandError(f"--shape={request.shape!r}: expected two lengths, such as 9x9, for rows and columns")
    data = _photographs(request) if kinds == {True} else _arrays(request)
    if request.interior:
        for y in data.y:
            _leave_out_edges(y, shape)
    way = Way(request.operation, "same", request.boundary or data.boundary)
    with told_by_the_library():
        kernel = fit_kernel(
            data.x, data.y, shape, operation=way.operation, ridge=request.ridge,
            boundary=cast("Boundary | tuple[Boundary, ...]", way.boundaries),
        )  # fmt: skip
    array_file.write(request.target, kernel.values, request.force)
    wrote = f"{request.target}, shape {kernel.shape}, {kernel.dtype}"
    facts = _table([*data.notes, *_facts(kernel, data, way), ("wrote", wrote)])
    return Group(facts, Text(), Text(kernel_library.values(kernel.values)))


def _lengths(text: str) -> tuple[int, ...]:
    words = re.split(r"[x×,]", text)
    if not all(word.strip().isdecimal() and int(word) for word in words):
        raise CommandError(f"--shape={text!r}: expected lengths such as 9x9, one for each axis of the kernel")
    return tuple(map(int, words))


def _photographs(request: Request) -> _Data:
    """The colours as so many images that one kernel serves; what white and black cut off is missing."""
    before, after = photograph.read(request.before), photograph.read(request.after)
    x, y = _colours(before) * (after.white / before.white), _colours(after)
    if x.shape != y.shape:
        raise CommandError(
            f"{request.before} has {before.description}, {request.after} {after.description}: "
            "expected the same size and colours"
        )
    clipped = (y <= 0) | (y >= after.white)
    notes = [("before", f"{request.before}, {before.description}"), ("after", f"{request.after}, {after.description}")]
    if clipped.any():
        share = f"{int(clipped.sum())} values ({clipped.mean():.1%}) at black or white, where they may be clipped"
        notes.append(("left out", share))
    masked = [np.ma.masked_array(plane, hidden) for plane, hidden in zip(y, clipped, strict=True)]
    return _Data(list(x), masked, f" of {after.white}", "symmetric", tuple(notes))


def _colours(picture: photograph.Photograph) -> NDArray[np.float64]:
    """(colours, rows, columns), without alpha."""
    light = np.atleast_3d(photograph.straight(picture)).astype(np.float64)
    return np.moveaxis(light[..., :-1] if picture.alpha else light, -1, 0)


def _arrays(request: Request) -> _Data:
    x, y = array_file.read(request.before), array_file.read(request.after)
    pairs = (("before", request.before, x), ("after", request.after, y))
    notes = tuple((label, f"{path}, shape {values.shape}, {values.dtype}") for label, path, values in pairs)
    return _Data([x], [np.ma.masked_array(y, np.zeros(y.shape, bool))], "", "constant", notes)


def _leave_out_edges(y: np.ma.MaskedArray[Any, Any], shape: tuple[int, ...]) -> None:
    """Mask the outputs that may read beyond an edge."""
    inside = np.zeros(y.shape, bool)
    inside[(..., *(slice(k - 1, 1 - k or None) for k in shape))] = True
    y[~inside] = np.ma.masked


def _facts(kernel: FittedKernel, data: _Data, way: Way) -> list[tuple[str, str]]:
    scale = math.sqrt(np.mean(np.abs(np.concatenate([y.compressed() for y in data.y])) ** 2))
    share = f" ({kernel.residual / scale:.2g} of the root mean square)" if scale else ""
    errors_of = kernel.standard_errors
    largest = "unknown: no more outputs than weights" if math.isnan(errors_of.max()) else f"up to {errors_of.max():.2g}"
    return [
        ("fitted", str(way)),
        ("residual", f"{kernel.residual:.3g}{data.unit}{share}"),
        ("condition", f"{kernel.condition:.3g}"),
        ("standard errors", largest),
        ("sum", f"{kernel.values.sum():.6g}"),
    ]


def _table(facts: list[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for label, value in facts:
        table.add_row(Text(label, "bold cyan"), Text(printing.printable(value)))
    return table
