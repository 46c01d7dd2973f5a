"""Convolution and correlation of PyTorch tensors, differentiable to any order."""

from __future__ import annotations

from typing import Any

import torch

from faltung import errors
from faltung.meaning.extent import Operation
from faltung.tensor.layer import Boundaries, Integers, Options, read_layer
from faltung.tensor.operands import LAYOUT
from faltung.tensor.padding import Padding
from faltung.torch.trilinear import Form, Output


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


def operate(operation: Operation, x: Any, w: Any, bias: Any, options: Options, method: str, threads: int | None) -> Any:
    """One call on tensors, or on what becomes one."""
    x, w = torch.as_tensor(x), torch.as_tensor(w)
    if w.ndim < 2 or x.ndim not in (w.ndim, w.ndim - 1):
        raise errors.tensor_rank(tuple(x.shape), tuple(w.shape), LAYOUT)
    batched = x.ndim == w.ndim
    form = Form(read_layer(operation, w.ndim - 2, options), method, threads)
    y = Output.apply(x if batched else x[None], w, None, form)
    if bias is not None:
        if tuple(bias.shape) != (w.shape[0],):
            raise errors.bias_mismatch(tuple(bias.shape), w.shape[0])
        y = y + bias.reshape(-1, *(1,) * (w.ndim - 2))
    return y if batched else y[0]
