"""Convolution and correlation of JAX arrays, traceable and differentiable to any order."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from faltung import tensor
from faltung.jax import bilinear, xla
from faltung.jax import errors as jax_errors
from faltung.meaning.extent import Operation
from faltung.task.kernel import Kernel
from faltung.tensor import errors
from faltung.tensor.bias import biased
from faltung.tensor.form import Form, read_form
from faltung.tensor.layer import Said, TransposedWords, Words, read_words
from faltung.tensor.transposed import output_shape


@functools.wraps(tensor.convolve, assigned=())
def convolve(x: Any, w: Any, **words: Unpack[Words]) -> Any:
    """`faltung.tensor.convolve` of JAX arrays, under jit, grad and vmap.

    Parameters
    ----------
    x
        Input, an array (N, C, *space) or (C, *space).
    w
        Kernels, an array (O, C/groups, *kernel).
    bias
        One number for each output channel, or None.
    method
        As for `faltung.convolve` on the CPU, where ``"auto"`` and the algorithms' names go through
        the native core; ``"lax"`` is ``jax.lax.conv_general_dilated``, which other devices use
        whatever is said.
    stride, padding, dilation, groups, input_dilation, boundary, fill_value, accuracy, threads
        As for `faltung.tensor.convolve`; they are part of the program, not of its data.

    Returns
    -------
    jax.Array
        Feature maps, (N, O, *output) or (O, *output), of JAX's result type.

    Raises
    ------
    ValueError, TypeError
        Shapes, channels or groups do not match, or an option makes no sense.

    Notes
    -----
    Cost: that of `faltung.tensor.convolve` (bfloat16 is computed in float32, and rounded once).
    Double precision wants ``jax.config.update("jax_enable_x64", True)``: JAX calls back from
    threads that do not see the context manager of that name.

    Examples
    --------
    >>> import jax, jax.numpy as jnp, faltung.jax as ftj
    >>> x, w = jnp.array([[[1.0, 2.0, 4.0]]]), jnp.array([[[1.0, -1.0]]])
    >>> ftj.convolve(x, w)
    Array([[[1., 2.]]], dtype=float32)
    >>> jax.jit(jax.grad(lambda x: ftj.convolve(x, w).sum()))(x)
    Array([[[-1.,  0.,  1.]]], dtype=float32)
    """
    return operate("convolve", x, w, read_words("convolve", words))


@functools.wraps(tensor.correlate, assigned=())
def correlate(x: Any, w: Any, **words: Unpack[Words]) -> Any:
    """`faltung.tensor.correlate` of JAX arrays: ``jax.lax.conv_general_dilated`` with any boundary.

    Parameters, returns and errors are those of `convolve`. Complex kernels are conjugated, which
    JAX does not do: its result is this with ``w.conj()``.

    Examples
    --------
    >>> import jax.numpy as jnp, faltung.jax as ftj
    >>> ftj.correlate(jnp.array([[1.0, 2.0, 4.0]]), jnp.array([[[1.0, -1.0]]]))
    Array([[-1., -2.]], dtype=float32)
    """
    return operate("correlate", x, w, read_words("correlate", words))


@functools.wraps(tensor.convolve_transposed, assigned=())
def convolve_transposed(x: Any, w: Any, **words: Unpack[TransposedWords]) -> Any:
    """`faltung.tensor.convolve_transposed` of JAX arrays.

    Parameters are those of `faltung.tensor.correlate_transposed`; returns and errors as for
    `convolve`.

    Examples
    --------
    >>> import jax.numpy as jnp, faltung.jax as ftj
    >>> ftj.convolve_transposed(jnp.ones((1, 2)), jnp.array([[[1.0, 2.0, 3.0]]]), stride=2)
    Array([[3., 2., 4., 2., 1.]], dtype=float32)
    """
    said = read_words("convolve_transposed", words, TransposedWords)
    return operate("convolve", x, w, said, transposed=True)


@functools.wraps(tensor.correlate_transposed, assigned=())
def correlate_transposed(x: Any, w: Any, **words: Unpack[TransposedWords]) -> Any:
    """`faltung.tensor.correlate_transposed` of JAX arrays.

    Parameters are those of `faltung.tensor.correlate_transposed`; returns and errors as for
    `convolve`.

    Examples
    --------
    >>> import jax.numpy as jnp, faltung.jax as ftj
    >>> ftj.correlate_transposed(jnp.ones((1, 2)), jnp.array([[[1.0, 2.0, 3.0]]]), stride=2)
    Array([[1., 2., 4., 2., 3.]], dtype=float32)
    """
    said = read_words("correlate_transposed", words, TransposedWords)
    return operate("correlate", x, w, said, transposed=True)


def operate(operation: Operation, x: Any, w: Any, said: Said, transposed: bool = False) -> Any:
    """One call on arrays, or on what becomes one."""
    x, w = array_beside("x", x, w), array_beside("w", w, x)
    form = read_form(operation, x.shape, w.shape, said, transposed, "lax")
    dtype = jnp.result_type(x, w)
    if dtype.kind == "V" and dtype != jnp.bfloat16:  # integers of 4 bits, floats of 8
        raise errors.not_for_tensors(str(dtype), "convert to int8 or float32 first, in which sums have room")

    def layer(samples: Any, kernel: Any) -> Any:
        # What is computed is linear in its kernel, which conj is not.
        kernel = kernel.conj() if (operation == "correlate") != transposed else kernel
        if transposed:
            return _transposed(samples, kernel, form, said)
        if form.method == "lax":
            return xla.output(samples, kernel, form)
        return bilinear.output(*_without_fill_value(samples, kernel, form))

    samples = x if x.ndim == w.ndim else x[None]
    y = with_bias(layer, samples.astype(dtype), w.astype(dtype), said.bias, form.method)
    return y if x.ndim == w.ndim else y[0]


def with_bias(layer: Callable[[Any, Any], Any], x: Any, w: Any, bias: Any, method: str) -> Any:
    """Outputs of ``layer``, (N, O, *space), and one number for each O; halves are rounded once, unless
    XLA computes. Where values are traced, integers may wrap.
    """
    if bias is None:
        return layer(x, w)
    dtype = jnp.result_type(x, w)
    offsets = array_beside("bias", bias, jnp.empty(0, dtype))
    half = dtype in (jnp.float16, jnp.bfloat16) and method != "lax"
    y = layer(x.astype(jnp.float32), w.astype(jnp.float32)) if half else layer(x, w)
    y = biased(y, offsets, lambda total: xla.scalar(total) is int and not isinstance(total, jax.core.Tracer))
    return y.astype(jnp.promote_types(dtype, offsets.dtype)) if half else y


def array_beside(argument: str, value: Any, beside: Any) -> Any:
    """As an array; Python's own numbers and Kernels take the floating type of the one beside them.

    Raises
    ------
    TypeError
        JAX makes no array of it.
    """
    try:
        read = jnp.asarray(value.values if isinstance(value, Kernel) else value)
    except (TypeError, ValueError):
        raise jax_errors.not_an_array(argument, value) from None
    weak = isinstance(value, list | tuple | Kernel) and isinstance(beside, jax.Array | np.ndarray)
    if not weak or not jnp.issubdtype(beside.dtype, jnp.inexact):
        return read
    return read.astype(jnp.promote_types(beside.dtype, jnp.complex64) if jnp.iscomplexobj(read) else beside.dtype)


def _transposed(x: Any, kernel: Any, form: Form, said: Said) -> Any:
    shape = output_shape(form.layer, x.shape, kernel.shape, said.output_padding)
    computed = xla.input_transpose if form.method == "lax" else bilinear.input_transpose
    return computed(x, kernel, form, shape)


def _without_fill_value(x: Any, kernel: Any, form: Form) -> tuple[Any, Any, Form]:
    """The same layer; a fill value, which makes it affine, becomes samples of a longer input."""
    if form.layer.fill_value == 0:
        return x, kernel, form
    return xla.continued(x, form.problem(xla.scalar(x), x.shape, kernel.shape)), kernel, form.inside
