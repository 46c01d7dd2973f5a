"""A sampled signal with a continuous kernel: the function discretised, its error stated."""

from __future__ import annotations

from typing import Any

import numpy as np

from faltung import operations
from faltung.functions import errors
from faltung.functions.named import linear, positive
from faltung.functions.representation import Representation
from faltung.functions.table import solve
from faltung.planner.plan import Plan
from faltung.task.kernel import Kernel

# A kernel of more samples than this is a slip of the pen in the spacing.
_LONGEST = 2**24


def discretised(w: Representation, spacing: float) -> Kernel:
    """The function as a Kernel for signals with this distance between samples.

    Tap k is the convolution of the function with the hat function of the spacing, at k
    spacings: the integral is then exact for the signal's linear interpolation, at every sample.
    For a smooth signal x the error is at most ``spacing**2 / 8 * max|x''| * integral of |w|``.
    The centre is the tap at 0.

    Raises
    ------
    ValueError
        The spacing is not above 0, or so small that the kernel has 2**24 samples; the function
        does not vanish far out, or has derivatives of deltas.
    """
    spacing = positive("spacing", spacing)
    if any(w.limits) or any(atom.order for atom in w.atoms):
        raise errors.parameter("w", w, "a function that vanishes far out, without derivatives of deltas")
    hat = w.assembled(linear([-spacing, 0.0, spacing], [[0, 1 / spacing], [1 / spacing, 0]], ("low", "peak", "high")))
    blurred = solve(w, hat)
    places = [*blurred.pieces.edges[[0, -1]], *(atom.at for atom in blurred.atoms)]
    # At its ends the blurred function is 0: the taps lie between them.
    first = min(int(np.floor(min(places) / spacing)) + 1, 0)
    last = max(int(np.ceil(max(places) / spacing)) - 1, 0)
    if last - first >= _LONGEST:
        expected = f"a spacing that gives fewer than {_LONGEST} taps, this gives {last - first + 1}"
        raise errors.parameter("spacing", spacing, expected)
    taps = np.asarray(blurred(np.arange(first, last + 1) * spacing)) * spacing
    return Kernel(taps, -first, "discretised function", truncation_error=w.tail)


def convolve_samples(
    x: Any, w: Representation, operation: str, options: Any, method: str, out: Any, threads: int | None
) -> Any:
    """Convolve or correlate an array with the discretised function, by the array engine."""
    kernel, mode, words = _in_samples(w, options)
    run = operations.convolve if operation == "convolve" else operations.correlate
    return run(x, kernel, mode, method=method, out=out, threads=threads, **words)


def plan_samples(x: Any, w: Representation, operation: Any, options: Any, method: str) -> Plan:
    """The plan of the same, for this kernel."""
    kernel, mode, words = _in_samples(w, options)
    del words["variable"]
    return operations.plan(x, kernel, mode, operation=operation, method=method, **words)


def _in_samples(w: Representation, options: Any) -> tuple[Kernel, Any, dict[str, Any]]:
    """The kernel, the mode, and the other options of the array engine."""
    words = options._asdict()
    kernel = discretised(w, words.pop("spacing"))
    return kernel, words.pop("mode"), words
