"""Layers as libraries of networks know them: what such a peer asks of a Problem."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.operands import Array, Operands
from benchmarks.peers import Refusal
from benchmarks.peers.scope import as_correlation, floats, zeros_outside
from faltung.meaning.gradient import exchange_channels
from faltung.task.problem import Problem


@dataclass(frozen=True, slots=True)
class Layer:
    """Operands with batch and channels, and the usual parameters: a correlation padded with zeros,
    or the transposed layer that takes its kernel as (channels, filters / groups, *kernel).
    """

    x: Array
    w: Array
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int
    padding: list[tuple[int, int]]
    transposed: bool = False


def layer(problem: Problem, operands: Operands) -> Layer | Refusal:
    """The Problem as such a layer, or why it is none."""
    if problem.renormalise or problem.plain:
        return "layers with channels only"
    if problem.compute_dtype != np.float32:
        return "float32 only"
    if reason := floats(problem) or zeros_outside(problem):
        return reason
    x = operands.x.reshape(problem.batch, problem.channels, *problem.input_shape)
    w = operands.w.reshape(problem.filters, problem.channels // problem.groups, *problem.kernel_shape)
    spans = zip(problem.touched(), problem.input_shape, strict=True)
    padding = [(-low, low + count - n) for (low, count), n in spans]
    if any(u > 1 for u in problem.input_dilation):
        return _transposed(problem, x, w)
    if min(min(pair) for pair in padding) < 0:
        return "nothing cut off the input"
    axes = tuple(range(2, w.ndim))
    correlated = as_correlation(problem, w) if problem.operation == "correlate" else np.flip(w, axes)
    return Layer(x, np.ascontiguousarray(correlated), problem.stride, problem.dilation, problem.groups, padding)


def _transposed(problem: Problem, x: Array, w: Array) -> Layer | Refusal:
    """Only what a forward layer without padding has as its adjoint: every place where the kernel touches."""
    full = tuple(
        (n - 1) * u + d * (k - 1) + 1
        for n, u, d, k in zip(
            problem.input_shape, problem.input_dilation, problem.dilation, problem.kernel_shape, strict=True
        )
    )
    ones = (1,) * problem.ndim
    if problem.operation != "convolve" or problem.length != full or problem.stride != ones:
        return "of transposed layers only those without padding"
    exchanged = np.ascontiguousarray(exchange_channels(w, problem.groups))
    return Layer(x, exchanged, problem.input_dilation, problem.dilation, problem.groups, [(0, 0)] * problem.ndim, True)
