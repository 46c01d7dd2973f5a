"""``faltung kernels``: the named kernels as a table, and one of them in detail."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from faltung import kernels
from faltung.cli import named
from faltung.task.kernel import Kernel

_SHOWN = 15  # values along an axis that fit on a terminal


def table() -> Table:
    """Every named kernel with its parameters; shape and sum are those of an example where it needs parameters."""
    listing = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in ("Name", "Parameters", "Shape", "Sum", "What it is"):
        listing.add_column(heading)
    for name, function in kernels.NAMES.items():
        kernel = named.make(_example(name))
        example = f" ({named.EXAMPLES[name]})" if name in named.EXAMPLES else ""
        size = "×".join(map(str, kernel.shape)) + example
        total = _number(kernel.values.sum())
        listing.add_row(Text(name, "bold cyan"), named.signature(function), size, total, _what(name))
    return listing


def detail(text: str) -> Group:
    """One kernel: its facts and its values."""
    name = text.partition(":")[0]
    named.find(name)
    written = text if ":" in text else _example(name)
    kernel = named.make(written)
    facts = Table.grid(padding=(0, 2))
    for label, value in _facts(written, kernel):
        facts.add_row(Text(label, "bold cyan"), Text(value))
    return Group(facts, Text(), Text(values(kernel.values)))


def _facts(written: str, kernel: Kernel) -> list[tuple[str, str]]:
    facts = [
        ("kernel", written),
        ("what", _what(kernel.name)),
        ("parameters", named.signature(kernels.NAMES[kernel.name]) or "none"),
        ("shape", f"{kernel.shape}, {kernel.dtype}"),
        ("center", str(kernel.center)),
        ("sum", _number(kernel.values.sum())),
        ("factors", "an outer product of 1-D kernels" if kernel.factors and kernel.ndim > 1 else ""),
        ("truncation error", f"{kernel.truncation_error:.1e} of its mass" if kernel.truncation_error else "none"),
    ]
    return [(label, value) for label, value in facts if value]


def _example(name: str) -> str:
    return f"{name}:{named.EXAMPLES[name]}" if name in named.EXAMPLES else name


def _what(name: str) -> str:
    """The first line of its help, without the marks that help has for code."""
    return (inspect.getdoc(kernels.NAMES[name]) or "").partition("\n")[0].replace("`", "")


def _number(value: float) -> str:
    return f"{value:.6g}"


def values(weights: NDArray[Any]) -> str:
    """Weights as they are shown: those at the ends where there are many."""
    with np.printoptions(precision=4, suppress=True, linewidth=120, threshold=_SHOWN**2, edgeitems=3):
        return str(weights.round(4) + 0.0)  # so that nothing reads -0.
