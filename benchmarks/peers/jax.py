"""JAX: `lax.conv_general_dilated`, compiled. Its pool takes the threads that the process may use."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax import lax

from benchmarks.operands import Operands
from benchmarks.peers import Peer, Refusal
from benchmarks.peers.scope import floats, zeros_outside
from benchmarks.rounds import Call
from faltung.task.problem import Problem


def use_threads(_count: int) -> None:
    """Nothing to set while it runs; it computes in double precision only if told to before its first use."""
    jax.config.update("jax_enable_x64", True)


def conv(problem: Problem, operands: Operands) -> Call | Refusal:
    """The compiled function of arrays that lie on its device already."""
    if problem.renormalise or problem.plain:
        return "layers with channels only"
    if reason := floats(problem) or zeros_outside(problem):
        return reason
    x, w = _arrays(problem, operands)
    function = _layer(problem)
    return lambda: function(x, w).block_until_ready()


def training(problem: Problem, operands: Operands) -> Call | Refusal:
    """The layer and its gradients, compiled as one function."""
    if isinstance(refused := conv(problem, operands), str):
        return refused
    x, w = _arrays(problem, operands)
    layer = _layer(problem)

    def step(x: Any, w: Any) -> Any:
        y, pull = jax.vjp(layer, x, w)
        return y, *pull(y)

    gradients = jax.jit(step)
    return lambda: jax.block_until_ready(gradients(x, w))


def _arrays(problem: Problem, operands: Operands) -> tuple[Any, Any]:
    x = jax.numpy.asarray(operands.x.reshape(problem.batch, problem.channels, *problem.input_shape))
    kernel = operands.w.reshape(problem.filters, problem.channels // problem.groups, *problem.kernel_shape)
    w = jax.numpy.asarray(kernel if problem.operation == "correlate" else np.flip(kernel, tuple(range(2, kernel.ndim))))
    return x, w


def _layer(problem: Problem) -> Any:
    keywords = _keywords(problem)
    return jax.jit(lambda x, w: lax.conv_general_dilated(x, w, **keywords))


def _keywords(problem: Problem) -> dict[str, Any]:
    spans = zip(problem.input_shape, problem.input_dilation, problem.reach(), problem.stride, strict=True)
    padding = [
        (-(low + first), low + s * (length - 1) + last - (n - 1) * u)
        for (n, u, (first, last), s), low, length in zip(spans, problem.low, problem.length, strict=True)
    ]
    return {
        "window_strides": problem.stride,
        "padding": padding,
        "lhs_dilation": problem.input_dilation,
        "rhs_dilation": problem.dilation,
        "feature_group_count": problem.groups,
    }


PEERS = (Peer("jax", conv, training),)
