"""Layers of quantised integers: zero points are subtracted, and sums are exact."""

from __future__ import annotations

import functools
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from faltung.meaning.extent import Operation
from faltung.tensor import errors, operators
from faltung.tensor.layer import Words, read_words, spelled_out
from faltung.tensor.operands import read_operand

Array = NDArray[Any]


@spelled_out(Words)
def convolve_integer(
    x: Any, w: Any, *, x_zero_point: Any = 0, w_zero_point: Any = 0, **words: Unpack[Words]
) -> NDArray[Any]:
    """`convolve` of quantised integers: of ``x - x_zero_point`` with ``w - w_zero_point``.

    Parameters
    ----------
    x
        Input, (N, C, *space) or (C, *space), integers of at most 32 bits.
    w
        Kernels, (O, C/groups, *kernel), integers of at most 32 bits.
    x_zero_point
        The integer that stands for 0 in ``x``; what the padding reads under ``"constant"``.
    w_zero_point
        The integer that stands for 0 in ``w``, or one for each output channel, (O,).
    bias, stride, padding, dilation, groups, input_dilation, boundary, fill_value, method, accuracy, threads
        As for `convolve`; ``fill_value`` counts from the zero point.

    Returns
    -------
    ndarray
        Feature maps, exact, in int64.

    Raises
    ------
    ValueError, TypeError
        As for `convolve`; an operand holds no integers, or wider ones.
    OverflowError
        An exact result does not fit.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> x = np.array([[128, 130, 127]], np.uint8)
    >>> ft.tensor.convolve_integer(x, np.array([[[1, -1]]], np.int8), x_zero_point=128)
    array([[ 2, -3]])
    """
    return _operate("convolve", x, w, x_zero_point, w_zero_point, words)


@functools.wraps(convolve_integer, assigned=())
def correlate_integer(
    x: Any, w: Any, *, x_zero_point: Any = 0, w_zero_point: Any = 0, **words: Unpack[Words]
) -> NDArray[Any]:
    """`correlate` of quantised integers: ONNX's ConvInteger, in int64.

    Parameters, returns and errors are those of `convolve_integer`.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> x = np.array([[128, 130, 127]], np.uint8)
    >>> ft.tensor.correlate_integer(x, np.array([[[1, -1]]], np.int8), x_zero_point=128)
    array([[-2,  3]])
    """
    return _operate("correlate", x, w, x_zero_point, w_zero_point, words)


def _operate(operation: Operation, x: Any, w: Any, x_zero: Any, w_zero: Any, words: Words) -> NDArray[Any]:
    read_words(f"{operation}_integer", words)  # so that an unknown one is told of by this name
    samples, kernels = _centred("x", x, x_zero), _centred("w", w, w_zero, per_filter=True)
    result: NDArray[Any] = getattr(operators, operation)(samples, kernels, **words)
    return result


def _centred(argument: str, value: object, zero_point: object, per_filter: bool = False) -> Array:
    """Values less their zero point, in the narrowest type that holds all such."""
    values, zero = _integers(argument, value), _integers(f"{argument}_zero_point", zero_point)
    filters = values.shape[:1] if per_filter else ()
    if zero.shape not in ((), filters):
        shapes = f"(), or {filters} for each output channel" if per_filter else "(), one integer"
        raise errors.zero_point_shape(f"{argument}_zero_point", zero.shape, shapes)
    widest = np.promote_types(values.dtype, zero.dtype).itemsize
    wide = np.dtype({1: np.int16, 2: np.int32}.get(widest, np.int64))
    column = zero.reshape(-1, *(1,) * (values.ndim - 1)) if zero.ndim else zero
    return np.asarray(values.astype(wide) - column.astype(wide))


def _integers(argument: str, value: object) -> Array:
    """Integers of at most 32 bits; Python's own in the narrowest type that holds them."""
    operand = read_operand(argument, value)
    values = operand.values
    assert values is not None
    if operand.kind.weak and values.dtype.kind == "i":
        values = values.astype(np.result_type(*map(np.min_scalar_type, (values.min(initial=0), values.max(initial=0)))))
    if values.dtype.kind not in "iu" or values.dtype.itemsize > 4:
        raise errors.not_quantised(argument, str(values.dtype))
    return values
