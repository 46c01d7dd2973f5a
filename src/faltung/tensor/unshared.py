"""Unshared (local) convolution: each output position has kernels of its own.

A grouped layer on the patches: every output position is a group that sees its own patch and
nothing else, so sums and gradients are those of layers.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from faltung.meaning import numbers
from faltung.meaning.extent import Operation
from faltung.task.problem import Index, Problem
from faltung.tensor import errors, gradients, operators
from faltung.tensor.bias import add_bias, read_bias
from faltung.tensor.continuation import continued
from faltung.tensor.layer import UngroupedWords, read_layer, read_words, spelled_out
from faltung.tensor.operands import read_shape, read_two
from faltung.tensor.patches import added_up, windows

Array = NDArray[Any]


@spelled_out(UngroupedWords)
def convolve_unshared(x: Any, w: Any, *, bias: Any = None, **words: Unpack[UngroupedWords]) -> Array:
    """Convolve with kernels of its own at each output position: a locally connected layer.

    As `convolve`, but ``w[o, c, k, p]`` instead of ``w[o, c, k]``.

    Parameters
    ----------
    x
        Input, (N, C, *space) or (C, *space).
    w
        Kernels, (O, C, *kernel, *output): for each output position one, in the layout of `patches`.
    bias
        One number for each output channel, (O,).
    stride, padding, dilation, boundary, fill_value, method, accuracy, threads
        As for `convolve`.

    Returns
    -------
    ndarray
        Feature maps, (N, O, *output) or (O, *output).

    Raises
    ------
    ValueError, TypeError
        Shapes do not match, or an option makes no sense.
    OverflowError
        An exact integer result does not fit.

    Notes
    -----
    Cost: the products of `convolve`, and a copy of the input for each tap.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> w = np.array([[1, 0], [0, 1], [5, 5]]).T  # the kernels (1, 0), (0, 1) and (5, 5)
    >>> ft.tensor.convolve_unshared([[1, 2, 4, 8]], w[np.newaxis, np.newaxis])
    array([[ 2,  2, 60]])
    """
    return _operate("convolve", x, w, bias, words)


@functools.wraps(convolve_unshared, assigned=())
def correlate_unshared(x: Any, w: Any, *, bias: Any = None, **words: Unpack[UngroupedWords]) -> Array:
    """Correlate with kernels of its own at each output position: a locally connected layer.

    Parameters, returns and errors are those of `convolve_unshared`.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> w = np.array([[1, 0], [0, 1], [5, 5]]).T  # the kernels (1, 0), (0, 1) and (5, 5)
    >>> ft.tensor.correlate_unshared([[1, 2, 4, 8]], w[np.newaxis, np.newaxis])
    array([[ 1,  4, 60]])
    """
    return _operate("correlate", x, w, bias, words)


@spelled_out(UngroupedWords)
def unshared_input_gradient(
    gy: Any, w: Any, input_shape: Sequence[int], *, operation: Operation = "correlate", **words: Unpack[UngroupedWords]
) -> Array:
    """The gradient of an unshared layer's input, from that of its output: its adjoint.

    Parameters
    ----------
    gy
        Gradient of the output, (N, O, *output) or (O, *output).
    w
        The layer's kernels, (O, C, *kernel, *output).
    input_shape
        Shape of its input, with a batch axis if ``gy`` has one.
    operation
        ``"correlate"`` or ``"convolve"``: which layer.
    stride, padding, dilation, boundary, fill_value, method, accuracy, threads
        The layer's.

    Returns
    -------
    ndarray
        Shape ``input_shape``.

    Raises
    ------
    ValueError, TypeError
        Shapes do not match.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> w = np.array([[1, 0], [0, 1], [5, 5]]).T[np.newaxis, np.newaxis]
    >>> ft.tensor.unshared_input_gradient(np.ones((1, 3), int), w, (1, 4))
    array([[1, 0, 6, 5]])
    """
    shape = read_shape("input_shape", input_shape)
    given = read_two("gy", gy, "w", w)
    local = read_local(operation, words, given.x.dtype, shape, given.w.dtype, given.w.shape)
    _check("gy", given.x.shape, (*shape[: len(shape) - 1 - local.ndim], *local.outputs))
    groups = gradients.input_gradient(
        local.outputs_as_groups(given.x.reshape(-1, *local.outputs)),
        as_groups(given.w, 0, local.ndim),
        local.patches,
        operation=operation,
        **local.words,
    )
    return given.rounded(added_up(from_groups(groups, 1, local.forward.length), local.forward).reshape(shape))


@spelled_out(UngroupedWords)
def unshared_kernel_gradient(
    x: Any, gy: Any, kernel_shape: Sequence[int], *, operation: Operation = "correlate", **words: Unpack[UngroupedWords]
) -> Array:
    """The gradient of an unshared layer's kernels, from its input and the gradient of its output.

    Parameters
    ----------
    x
        The layer's input, (N, C, *space) or (C, *space).
    gy
        Gradient of the output, (N, O, *output) or (O, *output).
    kernel_shape
        Shape of the kernels, (O, C, *kernel, *output).
    operation, stride, padding, dilation, boundary, fill_value, method, accuracy, threads
        As for `unshared_input_gradient`.

    Returns
    -------
    ndarray
        Shape ``kernel_shape``, summed over the batch.

    Raises
    ------
    ValueError, TypeError
        Shapes do not match.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> ft.tensor.unshared_kernel_gradient([[1, 2, 4, 8]], np.ones((1, 3), int), (1, 1, 2, 3))[0, 0]
    array([[1, 2, 4],
           [2, 4, 8]])
    """
    shape = read_shape("kernel_shape", kernel_shape)
    given = read_two("x", x, "gy", gy)
    local = read_local(operation, words, given.x.dtype, given.x.shape, given.w.dtype, shape)
    _check("gy", given.w.shape, (*given.x.shape[: given.x.ndim - 1 - local.ndim], *local.outputs))
    groups = gradients.kernel_gradient(
        local.patches_as_groups(given.x.reshape(local.batched)),
        local.outputs_as_groups(given.w.reshape(-1, *local.outputs)),
        local.kernels,
        operation=operation,
        **local.words,
    )
    return given.rounded(from_groups(groups, 0, local.forward.length))


def _operate(operation: Operation, x: Any, w: Any, bias: Any, words: UngroupedWords) -> Array:
    given = read_two("x", x, "w", w)
    local = read_local(operation, words, given.x.dtype, given.x.shape, given.w.dtype, given.w.shape)
    patches = local.patches_as_groups(given.x.reshape(local.batched))
    sums = getattr(operators, operation)(patches, as_groups(given.w, 0, local.ndim), **local.words)
    y = from_groups(sums.reshape(sums.shape[:2]), 1, local.forward.length)
    offsets = read_bias(bias, local.forward.filters, y.dtype)
    y = add_bias(y, offsets, y.dtype if offsets is None else numbers.result_type(y.dtype, offsets.dtype))
    return given.beside(bias).rounded(y if given.x.ndim == local.ndim + 2 else y[0])


# the grouped layer -------------------------------------------------------------------------


class Local(NamedTuple):
    """An unshared layer: the shared one that reads the same, and what is said of the sums."""

    forward: Problem
    words: dict[str, Any]

    @property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return self.forward.ndim

    @property
    def batched(self) -> Index:
        """The input's shape, with a batch axis."""
        return (self.forward.batch, self.forward.channels, *self.forward.input_shape)

    @property
    def outputs(self) -> Index:
        """The shape of one output, (O, *output)."""
        return (self.forward.filters, *self.forward.length)

    @property
    def patches(self) -> Index:
        """The shape of the grouped layer's input."""
        return (self.forward.batch, self.words["groups"] * self.forward.channels, *self.forward.kernel_shape)

    @property
    def kernels(self) -> Index:
        """The shape of the grouped layer's kernels."""
        return (self.words["groups"] * self.forward.filters, self.forward.channels, *self.forward.kernel_shape)

    def patches_as_groups(self, x: Array) -> Array:
        """What each output reads, as the grouped layer's input."""
        return as_groups(windows(continued(x, self.forward), self.forward), 1, self.ndim)

    def outputs_as_groups(self, gy: Array) -> Array:
        """(N, O, *output) as the grouped layer's output."""
        grouped = as_groups(gy, 1, self.ndim)
        return grouped.reshape(*grouped.shape, *(1,) * self.ndim)


def read_local(
    operation: Operation, words: UngroupedWords, x: np.dtype[Any], x_shape: Index, w: np.dtype[Any], w_shape: Index
) -> Local:
    """The unshared layer for operands of these types and shapes, ``x`` with or without a batch axis.

    Raises
    ------
    ValueError, TypeError
        They fit no such layer.
    """
    said = read_words(f"{operation}_unshared", words, UngroupedWords)
    ndim = len(w_shape) // 2 - 1
    if len(w_shape) % 2 or ndim < 0 or len(x_shape) not in (ndim + 1, ndim + 2):
        raise errors.unshared_rank(x_shape, w_shape)
    shared, batched = w_shape[: 2 + ndim], x_shape if len(x_shape) == ndim + 2 else (1, *x_shape)
    _check("w", w_shape, (w_shape[0], batched[1], *w_shape[2:]), "a kernel for each channel of x")
    forward = read_layer(operation, ndim, said.options).problem(x, batched, w, shared)
    _check("w", w_shape, (*shared, *forward.length), "kernels for each output")
    groups = math.prod(forward.length)
    sums = {"groups": groups, "method": said.method, "accuracy": said.options.accuracy, "threads": said.threads}
    return Local(forward, sums)


def _check(argument: str, was: Index, expected: Index, reason: str = "what the layer gives") -> None:
    if was != expected:
        raise errors.operand_mismatch(argument, was, expected, reason)


def as_groups(array: Array, axis: int, ndim: int) -> Array:
    """The last axes, output positions, as groups along ``axis``."""
    moved = np.moveaxis(array, range(array.ndim - ndim, array.ndim), range(axis, axis + ndim))
    count = math.prod(moved.shape[axis : axis + ndim + 1])
    return moved.reshape(*moved.shape[:axis], count, *moved.shape[axis + ndim + 1 :])


def from_groups(array: Array, axis: int, space: Index) -> Array:
    """Groups along ``axis`` as output positions, the last axes."""
    each = array.shape[axis] // math.prod(space)
    apart = array.reshape(*array.shape[:axis], *space, each, *array.shape[axis + 1 :])
    return np.moveaxis(apart, range(axis, axis + len(space)), range(apart.ndim - len(space), apart.ndim))
