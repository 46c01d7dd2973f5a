"""scipy.ndimage: `convolve` and `correlate`, or their one-dimensional forms axis by axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage  # type: ignore[import-untyped, unused-ignore]

from benchmarks.operands import Array, Operands
from benchmarks.peers import Peer, Refusal
from benchmarks.peers.scope import inside, one_boundary, unit_steps
from benchmarks.rounds import Call
from faltung.task.problem import Problem

_MODES = {"constant": "constant", "edge": "nearest", "reflect": "mirror", "symmetric": "reflect", "wrap": "wrap"}


def use_threads(count: int) -> None:
    """Nothing to set: it has one thread."""


def filters(problem: Problem, operands: Operands) -> Call | Refusal:
    """The one-dimensional function along each axis that has a factor, else the general one."""
    if reason := unit_steps(problem) or one_boundary(problem, _MODES):
        return reason
    box = inside(problem)
    if box is None:
        return "nothing beyond the input's own extent"
    if any(k > n for k, n in zip(problem.kernel_shape, problem.input_shape, strict=True)):
        return "no kernels longer than the input"
    out = np.empty(problem.input_shape, problem.result_dtype)
    keywords: dict[str, Any] = {"mode": _MODES[problem.boundary[0]], "cval": problem.fill_value}
    origin = [m - k // 2 for m, k in zip(problem.center, problem.kernel_shape, strict=True)]
    factors = _factors(operands)
    if factors is None:
        general = getattr(ndimage, problem.operation)
        return lambda: (general(operands.x, operands.w, output=out, origin=origin, **keywords), out[box])[1]
    steps = [(axis, w, origin[axis]) for axis, w in enumerate(factors) if w.size > 1]
    along = getattr(ndimage, f"{problem.operation}1d")
    return lambda: _axis_by_axis(along, operands.x, steps, out, keywords)[box]


def _factors(operands: Operands) -> tuple[Array, ...] | None:
    """One kernel for each axis: those given, or the only one that is longer than one sample."""
    w = operands.w
    if operands.factors is not None or max(w.shape) < w.size:
        return operands.factors
    return tuple(w.ravel() if k == w.size else np.ones(1, w.dtype) for k in w.shape)


def _axis_by_axis(
    along: Any, x: Array, steps: list[tuple[int, Array, int]], out: Array, keywords: dict[str, Any]
) -> Array:
    for axis, w, origin in steps:
        along(x, w, axis, output=out, origin=origin, **keywords)
        x = out
    return out


PEERS = (Peer("ndimage", filters),)
