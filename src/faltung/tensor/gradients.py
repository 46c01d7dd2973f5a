"""Gradients of the layers: again Problems, and a fold for what lies beyond the edges."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from faltung.meaning import gradient, numbers
from faltung.meaning.extent import Operation
from faltung.task.describe import PROBLEMS_REMEMBERED
from faltung.task.problem import Index, Problem
from faltung.tensor import errors
from faltung.tensor.feature_map import feature_map
from faltung.tensor.layer import LinearWords, read_layer, read_words, spelled_out
from faltung.tensor.operands import LAYOUT, read_operands, read_shape, read_two_batches

Array = NDArray[Any]


@spelled_out(LinearWords)
def input_gradient(
    gy: Any,
    w: Any,
    input_shape: Sequence[int],
    *,
    operation: Operation = "correlate",
    **words: Unpack[LinearWords],
) -> Array:
    """The gradient of a layer's input, from the gradient of its output: the adjoint.

    ``vdot(gy, layer(x)) == vdot(input_gradient(gy), x)`` for the linear layer (a ``fill_value``
    other than 0 adds a constant, which has no gradient).

    Parameters
    ----------
    gy
        Gradient of the output, (N, O, *output) or (O, *output).
    w
        The layer's kernels, (O, C/groups, *kernel).
    input_shape
        Shape of the layer's input, with a batch axis if ``gy`` has one; a stride leaves it open.
    operation
        ``"correlate"`` or ``"convolve"``: which layer.
    stride, padding, dilation, groups, input_dilation, boundary, fill_value, method, accuracy, threads
        The layer's, as for `convolve`.

    Returns
    -------
    ndarray
        Shape ``input_shape``. Beyond the edges, the gradient is added to the samples that the
        boundary read there. Complex gradients follow PyTorch's convention.

    Raises
    ------
    ValueError, TypeError
        ``gy`` is not what such a layer gives; the message names both shapes.

    Notes
    -----
    Cost: the products of the layer itself.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> ft.tensor.input_gradient(np.ones((1, 1, 3)), [[[1.0, 10.0]]], (1, 1, 4))
    array([[[ 1., 11., 11., 10.]]])
    """
    given, shape = read_operands(gy, w), read_shape("input_shape", input_shape)
    said = read_words("input_gradient", words, LinearWords)
    layer = read_layer(operation, given.ndim, said.options)
    if len(shape) != np.ndim(gy):
        raise errors.gradient_rank("input_shape", shape, "gy", np.shape(gy))
    batched = shape if given.batched else (1, *shape)
    forward = layer.problem(given.x.dtype, batched, given.w.dtype, given.w.shape)
    _check_output(given.x.shape, forward, f"what the layer gives for input_shape={shape}")
    return given.as_given(adjoint(forward, given.x, given.w, said.method, said.threads))


@spelled_out(LinearWords)
def kernel_gradient(
    x: Any,
    gy: Any,
    kernel_shape: Sequence[int],
    *,
    operation: Operation = "correlate",
    **words: Unpack[LinearWords],
) -> Array:
    """The gradient of a layer's kernels, from its input and the gradient of its output.

    Parameters
    ----------
    x
        The layer's input, (N, C, *space) or (C, *space).
    gy
        Gradient of the output, (N, O, *output) or (O, *output).
    kernel_shape
        Shape of the kernels, (O, C/groups, *kernel); a stride leaves it open.
    operation
        ``"correlate"`` or ``"convolve"``: which layer.
    stride, padding, dilation, groups, input_dilation, boundary, fill_value, method, accuracy, threads
        The layer's, as for `convolve`.

    Returns
    -------
    ndarray
        Shape ``kernel_shape``, summed over the batch.

    Raises
    ------
    ValueError, TypeError
        ``gy`` is not what such a layer gives; the message names both shapes.

    Notes
    -----
    Cost: the products of the layer itself.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> ft.tensor.kernel_gradient(np.arange(4.0)[None, None], np.ones((1, 1, 3)), (1, 1, 2))
    array([[[3., 6.]]])
    """
    shape = read_shape("kernel_shape", kernel_shape)
    if len(shape) < 2 or np.ndim(x) not in (len(shape), len(shape) - 1):
        raise errors.tensor_rank(np.shape(x), shape, LAYOUT, "kernel_shape")
    if np.ndim(gy) != np.ndim(x):
        raise errors.gradient_rank("gy", np.shape(gy), "x", np.shape(x))
    given = read_two_batches(x, gy, batched=np.ndim(x) == len(shape))
    said = read_words("kernel_gradient", words, LinearWords)
    layer = read_layer(operation, len(shape) - 2, said.options)
    forward = layer.problem(given.x.dtype, given.x.shape, given.w.dtype, shape)
    _check_output(given.w.shape, forward, f"what the layer gives for x of shape {np.shape(x)}")
    return given.rounded(kernel_adjoint(forward, given.x, given.w, said.method, said.threads))


def _check_output(gy_shape: Index, forward: Problem, reason: str) -> None:
    expected = (forward.batch, forward.filters, *forward.length)
    if gy_shape != expected:
        raise errors.operand_mismatch("gy", gy_shape, expected, reason)


def adjoint(forward: Problem, gy: Array, w: Array, method: str, threads: int | None) -> Array:
    """The gradient of the forward Problem's input, (N, C, *space), for the output's, ``gy``."""
    problem = _input_gradient(forward, gy.dtype)
    kernel = gradient.exchange_channels(w, forward.groups)
    if all(boundary == "constant" for boundary in forward.boundary):
        return feature_map(problem, gy, kernel, method, threads)
    if problem.result_dtype == np.float16:  # rounded once, after the fold
        problem = replace(problem, result_dtype=problem.compute_dtype)
    return _folded(feature_map(problem, gy, kernel, method, threads), forward)


def kernel_adjoint(forward: Problem, x: Array, gy: Array, method: str, threads: int | None) -> Array:
    """The gradient of the forward Problem's kernel, (O, C/groups, *kernel)."""
    problem = _kernel_gradient(forward, gy.dtype)
    samples = gradient.batch_as_channels(x, forward.groups)
    weights = gradient.output_gradient_as_kernel(gy)
    result = feature_map(problem, samples, weights, method, threads)
    return gradient.kernel_gradient_from(result, forward.operation == "convolve")


# Remembered, since making a Problem takes as long as a small layer.
@functools.lru_cache(maxsize=PROBLEMS_REMEMBERED)
def _input_gradient(forward: Problem, gy: np.dtype[Any]) -> Problem:
    return replace(forward.input_gradient(), input_dtype=gy)


@functools.lru_cache(maxsize=PROBLEMS_REMEMBERED)
def _kernel_gradient(forward: Problem, gy: np.dtype[Any]) -> Problem:
    return replace(forward.kernel_gradient(), kernel_dtype=gy)


def _folded(extended: Array, forward: Problem) -> Array:
    """What lies beyond the edges, added where the forward pass read it; integers exactly."""
    low = [first for first, _ in forward.touched()]
    exact = numbers.is_integral(extended.dtype) and _may_overflow(extended, forward)
    values = extended.astype(object) if exact else extended
    folded = gradient.fold(values, forward.boundary, forward.input_shape, low)
    return numbers.narrow(folded, extended.dtype) if exact else folded.astype(forward.result_dtype, copy=False)


def _may_overflow(extended: Array, forward: Problem) -> bool:
    """Whether as many as all positions of a line, times each other, exceed the type's range."""
    largest = max(int(extended.max(initial=0)), -int(extended.min(initial=0)))
    lines = extended.shape[-forward.ndim :] if forward.ndim else ()
    return largest * int(np.prod(lines, dtype=object)) > numbers.integer_range(extended.dtype)[1]
