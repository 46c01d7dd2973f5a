"""Convolution and correlation of PyTorch tensors, differentiable to any order."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Unpack

import torch

from faltung import tensor
from faltung.meaning.extent import Operation
from faltung.task.kernel import Kernel
from faltung.tensor import errors
from faltung.tensor.bias import biased
from faltung.tensor.form import read_form
from faltung.tensor.layer import Said, TransposedWords, Words, read_words
from faltung.tensor.transposed import output_shape
from faltung.torch import errors as torch_errors
from faltung.torch import vendor
from faltung.torch.trilinear import InputGradient, Output

_HALVES = (torch.float16, torch.bfloat16)


@functools.wraps(tensor.convolve, assigned=())
def convolve(x: Any, w: Any, **words: Unpack[Words]) -> Any:
    """`faltung.tensor.convolve` of tensors, with gradients.

    Parameters
    ----------
    x
        Input, a tensor (N, C, *space) or (C, *space).
    w
        Kernels, a tensor (O, C/groups, *kernel).
    bias
        One number for each output channel, or None.
    method
        As for `faltung.convolve` on the CPU; ``"vendor"`` is PyTorch's own convolution, which
        tensors on other devices take whatever else is said.
    stride, padding, dilation, groups, input_dilation, boundary, fill_value, accuracy, threads
        As for `faltung.tensor.convolve`; ``"same"`` as there.

    Returns
    -------
    torch.Tensor
        Feature maps, (N, O, *output) or (O, *output), of PyTorch's result type. Backward,
        double backward, `torch.func.jvp` and `torch.vmap` work in ``x``, ``w`` and ``bias``.

    Raises
    ------
    ValueError, TypeError
        Shapes, channels or groups do not match, or an option makes no sense.

    Notes
    -----
    Cost: that of `faltung.tensor.convolve`; the tensors' memory is read in place (bfloat16 is
    computed in float32, and rounded once). PyTorch's convolution rounds as its settings allow
    (``torch.backends.cudnn.allow_tf32``), and takes no integers.

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
    return operate("convolve", x, w, read_words("convolve", words))


@functools.wraps(tensor.correlate, assigned=())
def correlate(x: Any, w: Any, **words: Unpack[Words]) -> Any:
    """`faltung.tensor.correlate` of tensors: ``torch.nn.functional.conv2d`` and its kin.

    Parameters, returns and errors are those of `convolve`. Complex kernels are conjugated, which
    PyTorch's layers do not do: they are this with ``w.conj()``.

    Examples
    --------
    >>> import torch, faltung.torch as ftt
    >>> ftt.correlate(torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[[1.0, -1.0]]]))
    tensor([[-1., -2.]])
    """
    return operate("correlate", x, w, read_words("correlate", words))


@functools.wraps(tensor.convolve_transposed, assigned=())
def convolve_transposed(x: Any, w: Any, **words: Unpack[TransposedWords]) -> Any:
    """`faltung.tensor.convolve_transposed` of tensors, with gradients.

    Parameters are those of `faltung.tensor.correlate_transposed`; returns and errors as for
    `convolve`.

    Examples
    --------
    >>> import torch, faltung.torch as ftt
    >>> ftt.convolve_transposed(torch.ones(1, 2), torch.tensor([[[1.0, 2.0, 3.0]]]), stride=2)
    tensor([[3., 2., 4., 2., 1.]])
    """
    return operate("convolve", x, w, read_words("convolve_transposed", words, TransposedWords), transposed=True)


@functools.wraps(tensor.correlate_transposed, assigned=())
def correlate_transposed(x: Any, w: Any, **words: Unpack[TransposedWords]) -> Any:
    """`faltung.tensor.correlate_transposed` of tensors: ``conv_transpose2d`` and its kin, with gradients.

    Parameters are those of `faltung.tensor.correlate_transposed`; returns and errors as for
    `convolve`.

    Examples
    --------
    >>> import torch, faltung.torch as ftt
    >>> ftt.correlate_transposed(torch.ones(1, 2), torch.tensor([[[1.0, 2.0, 3.0]]]), stride=2)
    tensor([[1., 2., 4., 2., 3.]])
    """
    return operate("correlate", x, w, read_words("correlate_transposed", words, TransposedWords), transposed=True)


def operate(operation: Operation, x: Any, w: Any, said: Said, transposed: bool = False) -> Any:
    """One call on tensors, or on what becomes one; `torch.compile` leaves it out of its graphs."""
    if torch.compiler.is_compiling():
        return torch.compiler.disable(_operate)(operation, x, w, said, transposed)
    return _operate(operation, x, w, said, transposed)


def _operate(operation: Operation, x: Any, w: Any, said: Said, transposed: bool) -> Any:
    if torch.jit.is_tracing():  # where lengths are tensors
        raise errors.not_for_tensors("what torch.jit.trace records", "torch.compile leaves layers out of its graphs")
    x, w = tensor_beside("x", x, w), tensor_beside("w", w, x)
    if x.device != w.device:
        raise errors.operand_mismatch(
            "w", f"on {w.device}", f"on {x.device}", "where x is: move one of them with .to()"
        )
    form = read_form(operation, tuple(x.shape), tuple(w.shape), said, transposed, "vendor")
    on_vendor = vendor.computes(str(x.device), said.method)

    def layer(samples: Any, w: Any) -> Any:
        if not transposed:
            return vendor.output(samples, w, form) if on_vendor else Output.of(samples, w, None, form)
        shape = output_shape(form.layer, tuple(samples.shape), tuple(w.shape), said.output_padding)
        if on_vendor:
            return vendor.adjoint(samples, w, form, shape)
        return InputGradient.of(samples, w, shape, form.linear)

    batched = x.ndim == w.ndim
    y = with_bias(layer, x if batched else x[None], w, said.bias)
    return y if batched else y[0]


def with_bias(layer: Callable[[Any, Any], Any], x: Any, w: Any, bias: Any) -> Any:
    """Outputs of ``layer``, (N, O, *space), and one number for each O; on the CPU halves are rounded once."""
    if bias is None:
        return layer(x, w)
    dtype = torch.result_type(x, w)
    is_tensor = isinstance(bias, torch.Tensor)
    offsets = bias if is_tensor else tensor_beside("bias", bias, torch.empty(0, dtype=dtype, device=x.device))
    half = dtype in _HALVES and x.device.type == "cpu"
    y = layer(x.float(), w.float()) if half else layer(x, w)
    y = biased(y, offsets, lambda total: vendor.scalar(total.dtype) is int)
    return y.to(torch.promote_types(dtype, offsets.dtype)) if half else y


def tensor_beside(argument: str, value: Any, beside: Any) -> Any:
    """As a tensor; Python's own numbers and Kernels take the floating type of the one beside them.

    Raises
    ------
    TypeError
        PyTorch makes no tensor of it.
    """
    if isinstance(value, torch.Tensor):
        return value
    values = value.values.copy() if isinstance(value, Kernel) else value  # a tensor may be written to
    try:
        read = torch.as_tensor(values)
        weak = isinstance(value, list | tuple | Kernel) and isinstance(beside, torch.Tensor)
        if not weak or not (beside.is_floating_point() or beside.is_complex()):
            return read
        dtype = torch.promote_types(beside.dtype, torch.complex64) if read.is_complex() else beside.dtype
        return torch.as_tensor(values, dtype=dtype, device=beside.device)
    except (TypeError, ValueError, RuntimeError):
        raise torch_errors.not_a_tensor(argument, value) from None
