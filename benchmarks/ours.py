"""faltung itself, called as its users call it."""

from __future__ import annotations

from typing import Any

import numpy as np

import faltung
from benchmarks.operands import Array, Operands
from benchmarks.rounds import Call
from faltung.meaning.extent import default_center
from faltung.task.problem import Problem

EVERYDAY = 1 << 16
"""Bytes of a result below which the call stands as people write it, without ``out`` and ``threads``."""


def call(problem: Problem, operands: Operands, threads: int | None, method: str = "auto") -> Call:
    """The public function; a result that is not small goes into an array that is there already.

    A layer is a plan that holds its kernels, as a network does whose kernels are learned.
    """
    if not problem.plain:
        layer = faltung.tensor.plan(operands.x, operands.w, **layer_question(problem), method=method, threads=threads)
        result = layer(operands.x)
        return (lambda: layer(operands.x, out=result)) if result.nbytes >= EVERYDAY else lambda: layer(operands.x)
    function = faltung.convolve if problem.operation == "convolve" else faltung.correlate
    x, w = operands.x, kernel(operands)
    keywords = question(problem)
    if method != "auto":
        keywords["method"] = method
    out = np.empty(problem.length, problem.result_dtype)
    if out.nbytes >= EVERYDAY:
        keywords |= {"out": out, "threads": threads}
    return lambda: function(x, w, **keywords)


def training_step(problem: Problem, operands: Operands, threads: int | None) -> Call:
    """Feature map and both gradients of a layer whose kernels change with every step."""
    x, w, keywords = operands.x, operands.w, layer_question(problem)
    asked = {name: value for name, value in keywords.items() if name != "operation"} | {"threads": threads}
    layer = faltung.tensor.convolve if problem.operation == "convolve" else faltung.tensor.correlate

    def step() -> tuple[Array, Array, Array]:
        y = layer(x, w, **asked)
        gx = faltung.tensor.input_gradient(y, w, x.shape, operation=problem.operation, **asked)
        return y, gx, faltung.tensor.kernel_gradient(x, y, w.shape, operation=problem.operation, **asked)

    return step


def plan(problem: Problem, operands: Operands, threads: int | None) -> dict[str, Any]:
    """What the planner says of this Problem with this kernel."""
    if not problem.plain:
        return faltung.tensor.plan(operands.x, operands.w, **layer_question(problem), threads=threads).as_dict()
    keywords = question(problem)
    if problem.operation == "correlate":
        keywords["operation"] = "correlate"
    explained: dict[str, Any] = faltung.plan(operands.x, kernel(operands), threads=threads, **keywords).as_dict()
    return explained


def kernel(operands: Operands) -> Array | tuple[Array, ...]:
    """The kernel as it is handed over: its factors where they are known."""
    return operands.w if operands.factors is None else operands.factors


def question(problem: Problem) -> dict[str, Any]:
    """The keyword arguments that ask for this Problem, without those that have their defaults.

    Raises
    ------
    ValueError
        Arrays cannot ask for it: it has channels, or a box that is no mode's.
    """
    mode = dict(word.split("=", 1) for word in str(problem).split()[1:]).get("mode")
    if mode is None or not problem.plain:
        raise ValueError(f"{problem}: no call with arrays asks for this; a cell is one channel and one mode")
    ones = (1,) * problem.ndim
    center = tuple(default_center(problem.operation, k) for k in problem.kernel_shape)
    asked: dict[str, tuple[Any, Any]] = {
        "boundary": (problem.boundary, ("constant",) * problem.ndim),
        "fill_value": (problem.fill_value, 0),
        "center": (problem.center, center),
        "stride": (problem.stride, ones),
        "dilation": (problem.dilation, ones),
    }
    return {"mode": mode} | {name: value for name, (value, default) in asked.items() if value != default}


def layer_question(problem: Problem) -> dict[str, Any]:
    """The keyword arguments of `faltung.tensor.plan` that ask for this Problem."""
    spans = zip(problem.input_shape, problem.input_dilation, problem.reach(), problem.stride, strict=True)
    padding = []
    for (n, u, (first, last), s), low, length in zip(spans, problem.low, problem.length, strict=True):
        padding.append((-(low + first), low + s * (length - 1) + last - (n - 1) * u))
    return {
        "operation": problem.operation,
        "stride": problem.stride,
        "padding": padding,
        "dilation": problem.dilation,
        "groups": problem.groups,
        "input_dilation": problem.input_dilation,
        "boundary": problem.boundary,
        "fill_value": problem.fill_value,
    }
