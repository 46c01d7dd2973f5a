"""Unshared (local) layers of JAX arrays: grouped layers on the patches, differentiable as these are."""

from __future__ import annotations

import functools
from typing import Any, Unpack

import jax.numpy as jnp
import numpy as np

from faltung import tensor
from faltung.jax import xla
from faltung.jax.functions import array_beside, operate, with_bias
from faltung.meaning.extent import Operation
from faltung.task.problem import Problem
from faltung.tensor.layer import Options, Said, UngroupedWords
from faltung.tensor.unshared import read_local


@functools.wraps(tensor.convolve_unshared, assigned=())
def convolve_unshared(x: Any, w: Any, *, bias: Any = None, **words: Unpack[UngroupedWords]) -> Any:
    """`faltung.tensor.convolve_unshared` of JAX arrays, with gradients to any order.

    Parameters, returns and errors are those of `faltung.tensor.convolve_unshared`.

    Examples
    --------
    >>> import jax.numpy as jnp, faltung.jax as ftj
    >>> w = jnp.array([[1.0, 0.0, 5.0], [0.0, 1.0, 5.0]])  # the kernels (1, 0), (0, 1) and (5, 5)
    >>> ftj.convolve_unshared(jnp.array([[1.0, 2.0, 4.0, 8.0]]), w[None, None])
    Array([[ 2.,  2., 60.]], dtype=float32)
    """
    return _operate("convolve", x, w, bias, words)


@functools.wraps(tensor.correlate_unshared, assigned=())
def correlate_unshared(x: Any, w: Any, *, bias: Any = None, **words: Unpack[UngroupedWords]) -> Any:
    """`faltung.tensor.correlate_unshared` of JAX arrays, with gradients to any order.

    Parameters, returns and errors are those of `faltung.tensor.convolve_unshared`.

    Examples
    --------
    >>> import jax.numpy as jnp, faltung.jax as ftj
    >>> w = jnp.array([[1.0, 0.0, 5.0], [0.0, 1.0, 5.0]])  # the kernels (1, 0), (0, 1) and (5, 5)
    >>> ftj.correlate_unshared(jnp.array([[1.0, 2.0, 4.0, 8.0]]), w[None, None])
    Array([[ 1.,  4., 60.]], dtype=float32)
    """
    return _operate("correlate", x, w, bias, words)


def _operate(operation: Operation, x: Any, w: Any, bias: Any, words: UngroupedWords) -> Any:
    x, w = array_beside("x", x, w), array_beside("w", w, x)
    local = read_local(operation, words, np.dtype(xla.scalar(x)), x.shape, np.dtype(xla.scalar(w)), w.shape)
    options = Options(groups=local.words["groups"], accuracy=local.words["accuracy"])
    said = Said(options, None, local.words["method"], local.words["threads"], 0)

    def layer(x: Any, w: Any) -> Any:
        patches = _windows(xla.continued(x, local.forward), local.forward).reshape(local.patches)
        kernels = jnp.moveaxis(w, range(-local.ndim, 0), range(local.ndim)).reshape(local.kernels)
        y = operate(operation, patches, kernels, said)
        return jnp.moveaxis(y.reshape(len(y), *local.forward.length, local.forward.filters), -1, 1)

    y = with_bias(layer, x.reshape(local.batched), w, bias, said.method)
    return y if x.ndim == local.ndim + 2 else y[0]


def _windows(x: Any, forward: Problem) -> Any:
    """What each output reads, (N, *output, C, *kernel), of an input that is continued."""
    axes = zip(forward.stride, forward.dilation, forward.length, forward.kernel_shape, strict=True)
    for i, (s, d, count, taps) in enumerate(axes):
        read = s * np.arange(count)[:, None] + d * np.arange(taps)
        axis = x.ndim - forward.ndim + i  # the outputs' axes so far stand in front of the channels
        x = jnp.moveaxis(jnp.take(x, read, axis), axis, 1 + i)
    return x
