"""Transposed layers: the adjoints of convolution and correlation, which make inputs longer."""

from __future__ import annotations

import functools
from typing import Any, Unpack

from numpy.typing import NDArray

from faltung import errors
from faltung.meaning import numbers
from faltung.meaning.extent import Operation
from faltung.task.per_axis import each, integer
from faltung.task.problem import Index
from faltung.tensor import errors as layer_errors
from faltung.tensor import padding as paddings
from faltung.tensor.bias import add_bias, read_bias, until_bias
from faltung.tensor.gradients import adjoint
from faltung.tensor.layer import Boundaries, Integers, Layer, Options, Said, TransposedWords, read_layer, read_words
from faltung.tensor.operands import TRANSPOSED_LAYOUT, read_operands
from faltung.tensor.padding import Padding


def correlate_transposed(
    x: Any,
    w: Any,
    *,
    bias: Any = None,
    stride: Integers = 1,
    padding: Padding = 0,
    output_padding: Integers = 0,
    dilation: Integers = 1,
    groups: int = 1,
    boundary: Boundaries = "constant",
    method: str = "auto",
    accuracy: str | float = "norm",
    threads: int | None = None,
) -> NDArray[Any]:
    """The adjoint of `correlate` with the same kernels and options: PyTorch's conv_transpose.

    Each sample of the input adds its multiple of the kernel to the output, ``stride`` apart.

    Parameters
    ----------
    x
        Input, shape (N, C, *space), or (C, *space) without a batch axis: what `correlate` with
        these options would give.
    w
        Kernels, shape (C, O/groups, *kernel), as `correlate` takes them to get from O channels
        to C.
    bias
        One number for each output channel, shape (O,).
    stride, dilation, groups, method, accuracy, threads
        As for `correlate`.
    padding
        What `correlate` would add, which is cut off here. Words as for `convolve`.
    output_padding
        How many samples longer than the shortest possible the output is (a stride leaves that
        open): one for all axes or one for each.
    boundary
        As `correlate` would continue its input: what lies beyond the edges is added to the
        samples that it would have read there.

    Returns
    -------
    ndarray
        (N, O, *output) or (O, *output); along each axis ``(n - 1) * stride + dilation * (K - 1)
        + 1 - low - high + output_padding`` long, for ``"same"`` and its kin ``(n - 1) * stride
        + 1 + output_padding``.

    Raises
    ------
    ValueError, TypeError
        Shapes, channels or groups do not match, or an option makes no sense.
    OverflowError
        An exact integer result does not fit its type.

    Notes
    -----
    Cost: (samples) x (O/groups) x (taps) products; the zeros between samples are never met.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> ft.tensor.correlate_transposed(np.ones((1, 1, 2), int), [[[1, 2, 3]]], stride=2)
    array([[[1, 2, 4, 2, 3]]])
    """
    options = Options(stride, padding, dilation, groups, 1, boundary, 0, accuracy)
    return _operate("correlate", x, w, Said(options, bias, method, threads, output_padding))


@functools.wraps(correlate_transposed, assigned=())
def convolve_transposed(x: Any, w: Any, **words: Unpack[TransposedWords]) -> NDArray[Any]:
    """The adjoint of `convolve` with the same kernels and options, as a layer.

    Parameters, returns and errors are those of `correlate_transposed`.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> ft.tensor.convolve_transposed(np.ones((1, 1, 2), int), [[[1, 2, 3]]], stride=2)
    array([[[3, 2, 4, 2, 1]]])
    """
    return _operate("convolve", x, w, read_words("convolve_transposed", words, TransposedWords))


def _operate(operation: Operation, x: Any, w: Any, said: Said) -> NDArray[Any]:
    given = read_operands(x, w, TRANSPOSED_LAYOUT)
    layer = read_layer(operation, given.ndim, said.options)
    shape = output_shape(layer, given.x.shape, given.w.shape, said.output_padding)
    offsets = read_bias(said.bias, shape[1], numbers.result_type(given.x.dtype, given.w.dtype))
    forward = layer.problem(given.x.dtype, shape, given.w.dtype, given.w.shape)
    forward = forward.with_box(forward.low, given.x.shape[2:])
    result = forward.result_dtype
    if offsets is not None:
        result = numbers.result_type(result, offsets.dtype)
        forward = until_bias(forward)
    y = adjoint(forward, given.x, given.w, said.method, said.threads)
    return given.beside(said.bias).as_given(add_bias(y, offsets, result))


def output_shape(layer: Layer, x_shape: Index, w_shape: Index, output_padding: Any) -> Index:
    """Shape (N, O, *output) of what the transposed layer gives for (N, C, *space).

    Raises
    ------
    ValueError, TypeError
        The channels do not match, or there is no output.
    """
    _check_channels(x_shape, w_shape, layer.groups)
    added = read_output_padding(layer, output_padding)
    return (x_shape[0], w_shape[1] * layer.groups, *_output_space(layer, x_shape[2:], w_shape[2:], added))


def read_output_padding(layer: Layer, value: Any) -> Index:
    """Samples that are added along each axis.

    Raises
    ------
    ValueError, TypeError
        They are no integers, or more than stride and dilation leave open.
    """
    added = each("output_padding", value, len(layer.stride), lambda each: integer("output_padding", each))
    for i, more in enumerate(added):
        limit = max(layer.stride[i], layer.dilation[i])
        if not 0 <= more < limit:
            raise layer_errors.output_padding_too_long(more, limit, i)
    return added


def _check_channels(x_shape: Index, w_shape: Index, groups: int) -> None:
    channels = x_shape[1]
    if channels != w_shape[0]:
        x_expected, w_expected = (x_shape[0], w_shape[0], *x_shape[2:]), (channels, *w_shape[1:])
        raise layer_errors.channels_differ(x_shape, w_shape, groups, x_expected, w_expected)
    if channels % groups:
        raise layer_errors.groups_do_not_divide(groups, "channels of x", channels)
    if 0 in x_shape[2:]:
        raise layer_errors.no_samples(x_shape)
    if 0 in w_shape:
        raise errors.empty_kernel(w_shape)


def _output_space(layer: Layer, space: Index, kernel: Index, added: Index) -> Index:
    """How long the output is: the shortest input from which the layer gives ``space``, and more."""
    lengths = []
    for i, (axis, n, more) in enumerate(zip(layer.axes(space, kernel), space, added, strict=True)):
        length = paddings.shortest_input(layer.padding[i], n, axis) + more
        if length < 1:
            raise layer_errors.no_transposed_output(i, length)
        lengths.append(length)
    return tuple(lengths)
