"""What each output of a layer reads, laid out as an array of patches, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from faltung.meaning import gradient, numbers
from faltung.task.problem import Index, Problem
from faltung.tensor import errors
from faltung.tensor.continuation import continued
from faltung.tensor.layer import Boundaries, Integers, Options, read_layer
from faltung.tensor.operands import is_bfloat16, read_operand, read_shape
from faltung.tensor.padding import Padding

Array = NDArray[Any]


def patches(
    x: Any,
    kernel_shape: int | Sequence[int],
    *,
    stride: Integers = 1,
    padding: Padding = 0,
    dilation: Integers = 1,
    boundary: Boundaries = "constant",
    fill_value: complex = 0,
) -> Array:
    """The samples that each output of `correlate` reads (im2col), as a view where that can be.

    Parameters
    ----------
    x
        Input, (N, C, *space) or (C, *space).
    kernel_shape
        How many samples a patch has along each spatial axis; one integer for one axis.
    stride, padding, dilation, boundary, fill_value
        As for `correlate`.

    Returns
    -------
    ndarray
        Shape (N, C, *kernel, *output) or (C, *kernel, *output), read-only: entry
        ``[b, c, *k, *p]`` is what tap k of output p reads. No copy of ``x`` if nothing is
        read beyond its edges; otherwise one of ``x`` with its padding, never one for each tap.

    Raises
    ------
    ValueError, TypeError
        Shapes do not match, or an option makes no sense.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> x = np.arange(5)[np.newaxis]
    >>> ft.tensor.patches(x, (3,))[0]
    array([[0, 1, 2],
           [1, 2, 3],
           [2, 3, 4]])
    >>> ft.tensor.patches(x, (2,), stride=2, padding="causal", boundary="edge")[0]
    array([[0, 1, 3],
           [0, 2, 4]])
    """
    values = read_operand("x", x).values
    assert values is not None
    options = Options(stride, padding, dilation, 1, 1, boundary, fill_value)
    forward, batched = _forward(values.dtype, values.shape, kernel_shape, options)
    samples = continued(values if batched else values[np.newaxis], forward)
    view = windows(samples.astype(x.dtype) if is_bfloat16(x) else samples, forward)
    return view if batched else view[0]


def patches_adjoint(
    gp: Any,
    input_shape: Sequence[int],
    kernel_shape: int | Sequence[int],
    *,
    stride: Integers = 1,
    padding: Padding = 0,
    dilation: Integers = 1,
    boundary: Boundaries = "constant",
) -> Array:
    """The adjoint of `patches` (col2im): entries added up at the samples that they came from.

    Parameters
    ----------
    gp
        Patches, (N, C, *kernel, *output) or (C, *kernel, *output).
    input_shape
        Shape of the array that they were taken from.
    kernel_shape, stride, padding, dilation, boundary
        As for `patches`.

    Returns
    -------
    ndarray
        Shape ``input_shape``; integers are exact.

    Raises
    ------
    ValueError, TypeError
        ``gp`` is not of the shape that `patches` gives.
    OverflowError
        An exact integer does not fit.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> ft.tensor.patches_adjoint(np.ones((1, 3, 3)), (1, 5), (3,))
    array([[1., 2., 3., 2., 1.]])
    """
    values, shape = read_operand("gp", gp).values, read_shape("input_shape", input_shape)
    assert values is not None
    options = Options(stride, padding, dilation, 1, 1, boundary)
    forward, _ = _forward(values.dtype, shape, kernel_shape, options)
    outer = shape[: len(shape) - forward.ndim]
    expected = (*outer, *forward.kernel_shape, *forward.length)
    if values.shape != expected:
        raise errors.operand_mismatch("gp", values.shape, expected, f"the patches of input_shape={shape}")
    added = added_up(values, forward)
    return added.astype(gp.dtype) if is_bfloat16(gp) else added


def _forward(
    dtype: np.dtype[Any], shape: Index, kernel_shape: int | Sequence[int], options: Options
) -> tuple[Problem, bool]:
    """The layer that reads the patches, and whether ``shape`` has a batch axis."""
    kernel = read_shape("kernel_shape", (kernel_shape,) if isinstance(kernel_shape, int | np.integer) else kernel_shape)
    if 0 in kernel:
        raise errors.empty_patches(kernel_shape)
    if len(shape) not in (len(kernel) + 1, len(kernel) + 2):
        raise errors.patch_rank(shape, kernel)
    layer = read_layer("correlate", len(kernel), options)
    batched = len(shape) == len(kernel) + 2
    x_shape = shape if batched else (1, *shape)
    return layer.problem(dtype, x_shape, dtype, (1, x_shape[1], *kernel)), batched


def windows(x: Array, forward: Problem) -> Array:
    """The patches of a continued input, as overlapping views."""
    taps = [d * step for d, step in zip(forward.dilation, x.strides[2:], strict=True)]
    outputs = [s * step for s, step in zip(forward.stride, x.strides[2:], strict=True)]
    shape = (*x.shape[:2], *forward.kernel_shape, *forward.length)
    return as_strided(x, shape, (*x.strides[:2], *taps, *outputs), writeable=False)


def added_up(gp: Array, forward: Problem) -> Array:
    """Patches, (..., *kernel, *output), added where the forward pass read them: (..., *space)."""
    result = numbers.result_type(gp.dtype, gp.dtype)
    summed = _sum_of_taps(gp.astype(_summing_type(gp)), forward, gp.shape[: gp.ndim - 2 * forward.ndim])
    low = [first for first, _ in forward.touched()]
    folded = gradient.fold(summed, forward.boundary, forward.input_shape, low)
    return numbers.narrow(folded, result) if folded.dtype == object else folded.astype(result, copy=False)


def _sum_of_taps(gp: Array, forward: Problem, outer: Index) -> Array:
    """Each tap's entries added where it read, over all positions that are read."""
    total = np.zeros((*outer, *(count for _, count in forward.touched())), gp.dtype)
    for tap in np.ndindex(*forward.kernel_shape):
        axes = zip(tap, forward.dilation, forward.stride, forward.length, strict=True)
        reading: list[Any] = [slice(d * k, d * k + s * (count - 1) + 1, s) for k, d, s, count in axes]
        total[(..., *reading)] += gp[(*(slice(None),) * len(outer), *tap)]
    return total


def _summing_type(gp: Array) -> np.dtype[Any]:
    """Wide enough for the sum of all entries: Python's integers where 64 bits may not do."""
    result = numbers.result_type(gp.dtype, gp.dtype)
    if not numbers.is_integral(result):
        return numbers.compute_type(gp.dtype, gp.dtype, result)
    largest = max(int(gp.max(initial=0)), -int(gp.min(initial=0)))
    return np.dtype(object) if largest * gp.size > numbers.integer_range(result)[1] else result
