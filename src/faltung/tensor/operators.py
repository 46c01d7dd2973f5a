"""Convolution and correlation of feature maps with batch, channels and groups."""

from __future__ import annotations

import functools
from typing import Any, Unpack

from numpy.typing import NDArray

from faltung.meaning import numbers
from faltung.meaning.extent import Operation
from faltung.tensor.bias import add_bias, read_bias, until_bias
from faltung.tensor.feature_map import feature_map
from faltung.tensor.layer import Boundaries, Integers, Options, Said, Words, read_layer, read_words
from faltung.tensor.operands import read_operands
from faltung.tensor.padding import Padding


def convolve(
    x: Any,
    w: Any,
    *,
    bias: Any = None,
    stride: Integers = 1,
    padding: Padding = 0,
    dilation: Integers = 1,
    groups: int = 1,
    input_dilation: Integers = 1,
    boundary: Boundaries = "constant",
    fill_value: complex = 0,
    method: str = "auto",
    accuracy: str | float = "norm",
    threads: int | None = None,
) -> NDArray[Any]:
    """Convolve feature maps with a bank of kernels, flipped as in `faltung.convolve`.

    For batch b, output channel o and output position p, with c running over the input channels
    of o's group::

        y[b,o,p] = bias[o] + sum over c, k of  x[b, c, s*p + r - d*k] * w[o,c,k]

    where the padding decides r, the low end of the output.

    Parameters
    ----------
    x
        Input, shape (N, C, *space), or (C, *space) without a batch axis.
    w
        Kernels, shape (O, C/groups, *kernel), with any number of spatial axes.
    bias
        One number for each output channel, shape (O,).
    stride, dilation, input_dilation
        Step between outputs, between taps, and between samples of the input (the gaps are
        absent terms): one for all spatial axes, or one for each.
    padding
        An integer for both sides of all axes; an integer or a pair ``(low, high)`` for each
        axis; negative ones crop. Or ``"valid"`` (none); ``"full"``: every position where the
        kernel touches the input; ``"causal"``: outputs that see no later sample; ``"same"``:
        ``ceil(n / stride)`` outputs, the kernel's centre (``(K - 1) // 2``; ``K // 2`` for
        `correlate`) on every stride-th sample, as in `faltung.convolve`; ``"same_upper"`` and
        ``"same_lower"``: as many outputs, the padding halved, its odd sample at the high or the
        low end (ONNX's words; TensorFlow's SAME is the upper, as PyTorch's 'same' is).
    groups
        Channels fall into this many groups that do not see each other; C of them is depthwise.
    boundary
        What the padding reads, in NumPy's words (`numpy.pad`), for all axes or one for each:
        ``"constant"``, ``"edge"``, ``"reflect"``, ``"symmetric"`` or ``"wrap"``.
    fill_value
        What ``"constant"`` reads; with 0, the terms beyond the edges do not occur.
    method, accuracy, threads
        As for `faltung.convolve`.

    Returns
    -------
    ndarray
        Feature maps, (N, O, *output), or (O, *output). Its type follows from the operands'
        types: integers are exact (int64 or uint64), otherwise NumPy promotes.

    Raises
    ------
    ValueError, TypeError
        Shapes, channels or groups do not match, or an option makes no sense; the message names
        the numbers and the mend.
    OverflowError
        An exact integer result does not fit its type.

    See Also
    --------
    correlate : the same without the flip: what machine learning calls convolution.
    convolve_transposed : its adjoint.
    input_gradient, kernel_gradient : its derivatives.

    Notes
    -----
    Cost: at most (outputs) x (C/groups) x (taps) products.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> x = np.arange(8).reshape(1, 2, 4)
    >>> ft.tensor.convolve(x, [[[1, -1], [0, 0]], [[0, 0], [0, 1]]])
    array([[[1, 1, 1],
            [4, 5, 6]]])
    >>> ft.tensor.convolve(x, np.ones((2, 1, 3), int), groups=2, padding="same", boundary="edge")[0]
    array([[ 1,  3,  6,  8],
           [13, 15, 18, 20]])
    """
    options = Options(stride, padding, dilation, groups, input_dilation, boundary, fill_value, accuracy)
    return _operate("convolve", x, w, Said(options, bias, method, threads, 0))


@functools.wraps(convolve, assigned=())
def correlate(x: Any, w: Any, **words: Unpack[Words]) -> NDArray[Any]:
    """Cross-correlate feature maps with a bank of kernels: what machine learning calls convolution.

    For batch b, output channel o and output position p, with c running over the input channels
    of o's group::

        y[b,o,p] = bias[o] + sum over c, k of  x[b, c, s*p + r + d*k] * conj(w[o,c,k])

    Complex kernels are conjugated, as everywhere in faltung; the layers of PyTorch and JAX do
    not conjugate: they compute this with conj(w). Parameters, returns and errors are those of
    `convolve`.

    See Also
    --------
    convolve : with the flip.
    correlate_transposed : the adjoint; PyTorch's conv_transpose.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> image = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> ft.tensor.correlate(image, np.ones((1, 1, 2, 2)), stride=2, bias=[0.5])
    array([[[[10.5, 18.5],
             [42.5, 50.5]]]])
    """
    return _operate("correlate", x, w, read_words("correlate", words))


def _operate(operation: Operation, x: Any, w: Any, said: Said) -> NDArray[Any]:
    given = read_operands(x, w)
    layer = read_layer(operation, given.ndim, said.options)
    problem = layer.problem(given.x.dtype, given.x.shape, given.w.dtype, given.w.shape)
    offsets = read_bias(said.bias, problem.filters, problem.result_dtype)
    result = problem.result_dtype
    if offsets is not None:
        result = numbers.result_type(result, offsets.dtype)
        problem = until_bias(problem)
    y = feature_map(problem, given.x, given.w, said.method, said.threads)
    return given.beside(said.bias).as_given(add_bias(y, offsets, result))
