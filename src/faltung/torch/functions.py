"""Convolution and correlation of PyTorch tensors, differentiable to any order."""

from __future__ import annotations

from typing import Any

import torch

from faltung.meaning.extent import Operation
from faltung.tensor import errors
from faltung.tensor.layer import Boundaries, Integers, Options, read_layer
from faltung.tensor.operands import LAYOUT, TRANSPOSED_LAYOUT
from faltung.tensor.padding import Padding
from faltung.tensor.transposed import output_shape
from faltung.torch.trilinear import Form, InputGradient, Output


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
) -> Any:
    """`faltung.tensor.convolve` of tensors on the CPU, with gradients.

    Parameters
    ----------
    x
        Input, a tensor (N, C, *space) or (C, *space).
    w
        Kernels, a tensor (O, C/groups, *kernel).
    bias
        One number for each output channel, or None.
    stride, padding, dilation, groups, input_dilation, boundary, fill_value, method, accuracy, threads
        As for `faltung.tensor.convolve`; ``"same"`` as there.

    Returns
    -------
    torch.Tensor
        Feature maps, (N, O, *output) or (O, *output), of PyTorch's result type. Backward,
        double backward, `torch.func.jvp` and `torch.vmap` work in ``x``, ``w`` and ``bias``.

    Raises
    ------
    ValueError, TypeError
        Shapes, channels or groups do not match, an option makes no sense, or a tensor is on
        another device.

    Notes
    -----
    Cost: that of `faltung.tensor.convolve`; the tensors' memory is read in place (bfloat16 is
    computed in float32, and rounded once).

    Examples
    --------
    >>> import torch, faltung.torch as ftt
    >>> x = torch.tensor([[[1.0, 2.0, 4.0]]], requires_grad=True)
    >>> y = ftt.convolve(x, torch.tensor([[[1.0, -1.0]]]))
    >>> y.detach()
    tensor([[[1., 2.]]])
    >>> y.sum().backward()
    >>> x.grad
    tensor([[[-1.,  0.,  1.]]])
    """
    options = Options(stride, padding, dilation, groups, input_dilation, boundary, fill_value, accuracy)
    return operate("convolve", x, w, bias, options, method, threads)


def correlate(
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
) -> Any:
    """`faltung.tensor.correlate` of tensors on the CPU: ``torch.nn.functional.conv2d`` and its kin.

    Parameters, returns and errors are those of `convolve`. Complex kernels are conjugated, which
    PyTorch's layers do not do: they are this with ``w.conj()``.

    Examples
    --------
    >>> import torch, faltung.torch as ftt
    >>> ftt.correlate(torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[[1.0, -1.0]]]))
    tensor([[-1., -2.]])
    """
    options = Options(stride, padding, dilation, groups, input_dilation, boundary, fill_value, accuracy)
    return operate("correlate", x, w, bias, options, method, threads)


def convolve_transposed(
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
) -> Any:
    """`faltung.tensor.convolve_transposed` of tensors on the CPU, with gradients.

    Parameters are those of `faltung.tensor.correlate_transposed`; returns and errors as for
    `convolve`.

    Examples
    --------
    >>> import torch, faltung.torch as ftt
    >>> ftt.convolve_transposed(torch.ones(1, 2), torch.tensor([[[1.0, 2.0, 3.0]]]), stride=2)
    tensor([[3., 2., 4., 2., 1.]])
    """
    options = Options(stride, padding, dilation, groups, 1, boundary, 0, accuracy)
    return operate("convolve", x, w, bias, options, method, threads, output_padding)


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
) -> Any:
    """`faltung.tensor.correlate_transposed` of tensors: ``conv_transpose2d`` and its kin, with gradients.

    Parameters are those of `faltung.tensor.correlate_transposed`; returns and errors as for
    `convolve`.

    Examples
    --------
    >>> import torch, faltung.torch as ftt
    >>> ftt.correlate_transposed(torch.ones(1, 2), torch.tensor([[[1.0, 2.0, 3.0]]]), stride=2)
    tensor([[1., 2., 4., 2., 3.]])
    """
    options = Options(stride, padding, dilation, groups, 1, boundary, 0, accuracy)
    return operate("correlate", x, w, bias, options, method, threads, output_padding)


def operate(
    operation: Operation,
    x: Any,
    w: Any,
    bias: Any,
    options: Options,
    method: str,
    threads: int | None,
    output_padding: Integers | None = None,
) -> Any:
    """One call on tensors, or on what becomes one; transposed with an output padding."""
    x, w = torch.as_tensor(x), torch.as_tensor(w)
    transposed = output_padding is not None
    if w.ndim < 2 or x.ndim not in (w.ndim, w.ndim - 1):
        raise errors.tensor_rank(tuple(x.shape), tuple(w.shape), TRANSPOSED_LAYOUT if transposed else LAYOUT)
    batched = x.ndim == w.ndim
    samples = x if batched else x[None]
    form = Form(read_layer(operation, w.ndim - 2, options), method, threads)
    if transposed:
        shape = output_shape(form.layer, tuple(samples.shape), tuple(w.shape), output_padding)
        y = InputGradient.apply(samples, w, shape, form)
    else:
        y = Output.apply(samples, w, None, form)
    y = y if bias is None else y + _column(torch.as_tensor(bias), y)
    return y if batched else y[0]


def _column(bias: Any, y: Any) -> Any:
    """The bias beside outputs (N, O, *space)."""
    if tuple(bias.shape) != (y.shape[1],):
        raise errors.bias_mismatch(tuple(bias.shape), y.shape[1])
    return bias.reshape(-1, *(1,) * (y.ndim - 2))
