"""What gradients need beside the equation itself: exchanging axes, and folding the boundary.

Gradients are again Problems (`faltung.task.problem.Problem.input_gradient` and
``kernel_gradient``). These are the rearrangements around them, for arrays of shape
(batch, channels, *space) and kernels of shape (filters, channels / groups, *kernel).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung.meaning.boundary import Boundary, index_map


def exchange_channels(w: NDArray[Any], groups: int) -> NDArray[Any]:
    """The adjoint's kernel, (channels, filters / groups, *kernel)."""
    filters, channels, *kernel = w.shape
    grouped = w.reshape(groups, filters // groups, channels, *kernel)
    return grouped.swapaxes(1, 2).reshape(groups * channels, filters // groups, *kernel)


def batch_as_channels(x: NDArray[Any], groups: int) -> NDArray[Any]:
    """The kernel gradient's input, (channels / groups, groups, batch, *space): its channels are the
    groups and the batch as one axis, which would take a copy.
    """
    batch, channels, *space = x.shape
    return x.reshape(batch, groups, channels // groups, *space).swapaxes(0, 2)


def output_gradient_as_kernel(gy: NDArray[Any]) -> NDArray[Any]:
    """The kernel gradient's kernel, (filters, batch, *output)."""
    return gy.swapaxes(0, 1)


def kernel_gradient_from(result: NDArray[Any], convolve: bool) -> NDArray[Any]:
    """The gradient, (filters, channels / groups, *kernel), from what its Problem gives."""
    gradient = result.swapaxes(0, 1)
    if convolve:
        gradient = np.conj(np.flip(gradient, axis=tuple(range(2, gradient.ndim))))
    return gradient


def fold(
    extended: NDArray[Any], boundary: Sequence[Boundary], shape: Sequence[int], low: Sequence[int]
) -> NDArray[Any]:
    """The adjoint of continuing an array: what lies beyond the edges is added to the samples
    that it was read from.

    Parameters
    ----------
    extended
        Values over input positions ``low, low + 1, ...`` along the last ``len(shape)`` axes.
    boundary, shape, low
        The continuation, the input's shape and the first position, per axis.

    Returns
    -------
    ndarray
        Shape ``(*extended.shape[:-len(shape)], *shape)``.
    """
    for axis, (rule, n, first) in enumerate(zip(boundary, shape, low, strict=True), extended.ndim - len(shape)):
        count = extended.shape[axis]
        folded = np.zeros((*extended.shape[:axis], n, *extended.shape[axis + 1 :]), dtype=extended.dtype)
        there, here = np.moveaxis(folded, axis, 0), np.moveaxis(extended, axis, 0)
        start, stop = min(max(-first, 0), count), min(max(n - first, 0), count)
        there[first + start : first + stop] = here[start:stop]
        source = index_map(rule, n, first, count)
        source[start:stop] = -1  # those lie inside, and are there already
        np.add.at(there, source[source >= 0], here[source >= 0])
        extended = folded
    return extended
