"""Depthwise layers: each channel has a kernel of its own and sees no other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung import errors
from faltung.meaning.extent import OPERATIONS, Operation
from faltung.tensor import errors as layer_errors
from faltung.tensor import operators
from faltung.tensor.layer import Boundaries, Integers
from faltung.tensor.operands import read_operand
from faltung.tensor.padding import Padding


def depthwise(
    x: Any,
    w: Any,
    *,
    operation: Operation = "correlate",
    bias: Any = None,
    stride: Integers = 1,
    padding: Padding = 0,
    dilation: Integers = 1,
    boundary: Boundaries = "constant",
    fill_value: complex = 0,
    method: str = "auto",
    accuracy: str | float = "norm",
    threads: int | None = None,
) -> NDArray[Any]:
    """Convolve or correlate each channel with its own kernel.

    The same as `correlate` with ``w[:, np.newaxis]`` and as many groups as channels.

    Parameters
    ----------
    x
        Input, (N, C, *space) or (C, *space).
    w
        Kernels, (C, *kernel); of PyTorch's (C, 1, *kernel) this is ``w[:, 0]``.
    operation
        ``"correlate"`` or ``"convolve"``.
    bias, stride, padding, dilation, boundary, fill_value, method, accuracy, threads
        As for `convolve`.

    Returns
    -------
    ndarray
        Feature maps, (N, C, *output) or (C, *output).

    Raises
    ------
    ValueError, TypeError
        Shapes or channels do not match, or an option makes no sense.

    Examples
    --------
    >>> import faltung as ft
    >>> ft.tensor.depthwise([[1, 2, 4], [1, 1, 1]], [[-1, 1], [1, 1]])
    array([[1, 2],
           [2, 2]])
    """
    if operation not in OPERATIONS:
        raise errors.unknown_word("operation", operation, OPERATIONS)
    kernel = read_operand("w", w)
    if kernel.kind.ndim < 1:
        raise layer_errors.tensor_rank(np.shape(x), kernel.kind.shape, "(C, *kernel)")
    channels = np.shape(x)[-kernel.kind.ndim :][0] if np.ndim(x) >= kernel.kind.ndim else None
    if channels is not None and channels != kernel.kind.shape[0]:
        expected = (channels, *kernel.kind.shape[1:])
        raise layer_errors.operand_mismatch("w", kernel.kind.shape, expected, "one kernel for each channel of x")
    if len(kernel.kind.shape) > 2 and np.ndim(x) == kernel.kind.ndim and kernel.kind.shape[1] == 1:
        batch, channels = np.shape(x)[:2]
        if batch == channels:
            raise layer_errors.depthwise_ambiguous(np.shape(x), kernel.kind.shape)
    assert kernel.values is not None
    each = kernel.values[:, np.newaxis]
    return getattr(operators, operation)(  # type: ignore[no-any-return]
        x,
        each.tolist() if kernel.kind.weak else np.asarray(w)[:, np.newaxis],
        bias=bias,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=len(each),
        boundary=boundary,
        fill_value=fill_value,
        method=method,
        accuracy=accuracy,
        threads=threads,
    )
