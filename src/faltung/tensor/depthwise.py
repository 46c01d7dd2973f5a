"""Depthwise layers: each channel has a kernel of its own and sees no other."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from faltung import errors
from faltung.meaning.extent import OPERATIONS, Operation
from faltung.task.problem import Index
from faltung.tensor import errors as layer_errors
from faltung.tensor import operators
from faltung.tensor.layer import UngroupedWords, read_words, spelled_out
from faltung.tensor.operands import read_operand


@spelled_out(UngroupedWords)
def depthwise(
    x: Any,
    w: Any,
    *,
    operation: Operation = "correlate",
    bias: Any = None,
    **words: Unpack[UngroupedWords],
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
    read_words("depthwise", words, UngroupedWords)  # so that an unknown one is told of by this name
    kernel = read_operand("w", w)
    check_depthwise(operation, np.shape(x), kernel.kind.shape)
    assert kernel.values is not None
    each = kernel.values[:, np.newaxis]
    given = each.tolist() if kernel.kind.weak else np.asarray(w)[:, np.newaxis]
    result: NDArray[Any] = getattr(operators, operation)(x, given, bias=bias, groups=len(each), **words)
    return result


def check_depthwise(operation: Operation, x: Index, w: Index) -> None:
    """ValueError unless kernels of shape ``w`` are one for each channel of inputs of shape ``x``."""
    if operation not in OPERATIONS:
        raise errors.unknown_word("operation", operation, OPERATIONS)
    if len(w) < 1:
        raise layer_errors.tensor_rank(x, w, "(C, *kernel)")
    channels = x[-len(w)] if len(x) >= len(w) else None
    theirs = len(w) == len(x) > 2 and w[1] == 1 and w[0] == x[1]
    if theirs and channels == w[0]:
        raise layer_errors.depthwise_ambiguous(x, w)
    if channels is not None and channels != w[0]:
        expected = (x[1], *w[2:]) if theirs else (channels, *w[1:])
        reason = "one kernel for each channel of x" + ("; w[:, 0] is such" if theirs else "")
        raise layer_errors.operand_mismatch("w", w, expected, reason)
