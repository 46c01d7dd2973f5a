"""Layers as XLA has them, for devices that the native core does not serve.

Everything here is a program of `jax.lax`, which JAX differentiates, maps and compiles by itself.
The functions are linear in each operand: a kernel is never conjugated.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from faltung.task.problem import Problem
from faltung.tensor import continuation, errors
from faltung.tensor.form import Form, Shape


def output(x: Any, v: Any, form: Form, length: Shape | None = None) -> Any:
    """The layer, for the kernel as it is multiplied; ``length`` where it is not what follows from x.

    Raises
    ------
    ValueError
        The operands are integers.
    """
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        mend = "XLA's integers wrap around; on the CPU method='auto' is exact"
        raise errors.not_for_tensors(f"method='lax' with {x.dtype}", mend)
    problem = form.problem(scalar(x), x.shape, v.shape, length)
    taps = jnp.flip(v, tuple(range(2, v.ndim))) if problem.operation == "convolve" else v
    return jax.lax.conv_general_dilated(
        continued(x, problem),
        taps,
        problem.stride,
        "VALID",
        rhs_dilation=problem.dilation,
        feature_group_count=problem.groups,
        precision=jax.lax.Precision.HIGHEST,
    )


def scalar(x: Any) -> type[complex]:
    """The numbers that an array holds, as Python names them."""
    if jnp.iscomplexobj(x):
        return complex
    return float if jnp.issubdtype(x.dtype, jnp.inexact) else int


def input_transpose(g: Any, v: Any, form: Form, shape: Shape) -> Any:
    """The layer's transpose in its input, of the shape given."""
    x = jax.ShapeDtypeStruct(shape, g.dtype)
    (gx,) = jax.linear_transpose(lambda x: output(x, v, form, g.shape[2:]), x)(g)
    return gx


def kernel_transpose(x: Any, g: Any, form: Form, shape: Shape) -> Any:
    """The layer's transpose in its kernels, of the shape given."""
    v = jax.ShapeDtypeStruct(shape, g.dtype)
    (gv,) = jax.linear_transpose(lambda v: output(x, v, form, g.shape[2:]), v)(g)
    return gv


def continued(x: Any, problem: Problem) -> Any:
    """``x``, (N, C, *space), at all positions that are read, beyond its edges and between samples."""
    return continuation.continued(x, problem, _take, _put)


def _take(x: Any, index: Any, axis: int) -> Any:
    return jnp.take(x, index, axis, mode="clip")


def _put(x: Any, where: Any, value: Any) -> Any:
    continuation.check_fill_value(value, x.dtype)
    return jnp.where(where, jnp.asarray(value, x.dtype), x)
