"""Unshared (local) layers of tensors: grouped layers on the patches, differentiable as these are."""

from __future__ import annotations

import functools
from typing import Any, Unpack

import numpy as np
import torch

from faltung import tensor
from faltung.meaning.extent import Operation
from faltung.task.problem import Problem
from faltung.tensor.layer import Options, Said, UngroupedWords
from faltung.tensor.unshared import read_local
from faltung.torch import vendor
from faltung.torch.functions import operate, tensor_beside, with_bias


@functools.wraps(tensor.convolve_unshared, assigned=())
def convolve_unshared(x: Any, w: Any, *, bias: Any = None, **words: Unpack[UngroupedWords]) -> Any:
    """`faltung.tensor.convolve_unshared` of tensors, with gradients to any order.

    Parameters, returns and errors are those of `faltung.tensor.convolve_unshared`.

    Examples
    --------
    >>> import torch, faltung.torch as ftt
    >>> w = torch.tensor([[1.0, 0.0, 5.0], [0.0, 1.0, 5.0]])  # the kernels (1, 0), (0, 1) and (5, 5)
    >>> ftt.convolve_unshared(torch.tensor([[1.0, 2.0, 4.0, 8.0]]), w[None, None])
    tensor([[ 2.,  2., 60.]])
    """
    return _operate("convolve", x, w, bias, words)


@functools.wraps(tensor.correlate_unshared, assigned=())
def correlate_unshared(x: Any, w: Any, *, bias: Any = None, **words: Unpack[UngroupedWords]) -> Any:
    """`faltung.tensor.correlate_unshared` of tensors, with gradients to any order.

    Parameters, returns and errors are those of `faltung.tensor.convolve_unshared`.

    Examples
    --------
    >>> import torch, faltung.torch as ftt
    >>> w = torch.tensor([[1.0, 0.0, 5.0], [0.0, 1.0, 5.0]])  # the kernels (1, 0), (0, 1) and (5, 5)
    >>> ftt.correlate_unshared(torch.tensor([[1.0, 2.0, 4.0, 8.0]]), w[None, None])
    tensor([[ 1.,  4., 60.]])
    """
    return _operate("correlate", x, w, bias, words)


def _operate(operation: Operation, x: Any, w: Any, bias: Any, words: UngroupedWords) -> Any:
    x, w = tensor_beside("x", x, w), tensor_beside("w", w, x)
    x_kind, w_kind = (np.dtype(vendor.scalar(each.dtype)) for each in (x, w))
    local = read_local(operation, words, x_kind, tuple(x.shape), w_kind, tuple(w.shape))
    options = Options(groups=local.words["groups"], accuracy=local.words["accuracy"])
    said = Said(options, None, local.words["method"], local.words["threads"], 0)

    def layer(x: Any, w: Any) -> Any:
        patches = _windows(vendor.continued(x, local.forward), local.forward).reshape(local.patches)
        kernels = w.movedim(tuple(range(-local.ndim, 0)), tuple(range(local.ndim))).reshape(local.kernels)
        y = operate(operation, patches, kernels, said)
        return y.reshape(len(y), *local.forward.length, local.forward.filters).movedim(-1, 1)

    y = with_bias(layer, x.reshape(local.batched), w, bias)
    return y if x.ndim == local.ndim + 2 else y[0]


def _windows(x: Any, forward: Problem) -> Any:
    """What each output reads, (N, *output, C, *kernel), of an input that is continued."""
    axes = zip(forward.stride, forward.dilation, forward.length, forward.kernel_shape, strict=True)
    for i, (s, d, count, taps) in enumerate(axes):
        read = s * torch.arange(count, device=x.device)[:, None] + d * torch.arange(taps, device=x.device)
        axis = x.ndim - forward.ndim + i  # the outputs' axes so far stand in front of the channels
        x = x.index_select(axis, read.flatten()).unflatten(axis, tuple(read.shape)).movedim(axis, 1 + i)
    return x
