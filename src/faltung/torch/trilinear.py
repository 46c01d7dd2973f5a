"""The three faces of a layer's form, and how they differentiate into each other.

Each face of `faltung.tensor.form.Form` is one `torch.autograd.Function`, whose derivatives are
the others; so all derivatives of any order follow.
"""

from __future__ import annotations

import functools
import inspect
import sys
from typing import Any

import numpy as np
import torch
from torch.autograd import forward_ad

from faltung.tensor import errors
from faltung.tensor.form import Array, Form, Shape, in_type

_ANY_ARGUMENTS = inspect.Signature([inspect.Parameter("arguments", inspect.Parameter.VAR_POSITIONAL)])


class _Face(torch.autograd.Function):
    """What the three share: ``apply(first, second, shape, form)``, with the shape of the third."""

    first_is_kernel = second_is_kernel = result_is_kernel = False

    def __init_subclass__(cls) -> None:
        # `apply` binds its arguments to this in every call: to named ones takes as long as a small layer.
        cls.forward.__signature__ = _ANY_ARGUMENTS

    @classmethod
    def of(cls, first: Any, second: Any, shape: Shape | None, form: Form) -> Any:
        """`apply`, or where nothing differentiates or maps `forward` itself: `apply` takes as long as a small layer."""
        return (cls.forward if _is_plain(first) and _is_plain(second) else cls.apply)(first, second, shape, form)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, _output: Any) -> None:
        """Keep the operands: derivatives by one need the other."""
        first, second, shape, form = inputs
        ctx.save_for_backward(first, second)
        ctx.save_for_forward(first, second)
        ctx.shape, ctx.form = shape, form

    @classmethod
    def jvp(cls, ctx: Any, dfirst: Any, dsecond: Any, *_: None) -> Any:
        """Forward derivative; a fill value is a constant beside the first operand."""
        # PyTorch switches forward derivatives off here, to which those of an outer level would be lost.
        with forward_ad._set_fwd_grad_enabled(True):
            first, second = (forward_ad.unpack_dual(each).primal for each in ctx.saved_tensors)
            parts = [] if dfirst is None else [cls.apply(dfirst, second, ctx.shape, ctx.form.linear)]
            parts += [] if dsecond is None else [cls.apply(first, dsecond, ctx.shape, ctx.form)]
            return sum(parts[1:], start=parts[0])

    @classmethod
    def vmap(cls, info: Any, in_dims: Any, first: Any, second: Any, shape: Any, form: Form) -> tuple[Any, int]:
        """`torch.vmap`: the mapped axis falls in with the batch where kernels are not mapped, otherwise
        with the channels, its entries into groups.
        """
        count, axis = info.batch_size, 0 if cls.result_is_kernel else 1
        if not count:  # none of one
            first, second = (_with_one(*mapped) for mapped in ((first, in_dims[0]), (second, in_dims[1])))
            one, at = cls.vmap(info._replace(batch_size=1), in_dims, first, second, shape, form)
            return one.narrow(at, 0, 0), at
        if cls.second_is_kernel and in_dims[1] is None:
            longer = None if shape is None else (count * shape[0], *shape[1:])
            result = cls.apply(first.movedim(in_dims[0], 0).flatten(0, 1), second, longer, form)
            return result.unflatten(0, (count, len(result) // count)), 0
        one = _beside(first, in_dims[0], count, cls.first_is_kernel)
        two = _beside(second, in_dims[1], count, cls.second_is_kernel)
        if shape is not None:
            shape = (*shape[:axis], shape[axis] * count, *shape[axis + 1 :])
        result = cls.apply(one, two, shape, form.side_by_side(count))
        return result.unflatten(axis, (count, result.shape[axis] // count)), axis


class Output(_Face):
    """A(x, w); its shape follows from theirs, if none is given."""

    second_is_kernel = True

    @staticmethod
    def forward(x: Any, w: Any, shape: Shape | None, form: Form) -> Any:
        """The layer, or so much of it."""
        return computed(form.output, x, w, shape)

    @staticmethod
    def backward(ctx: Any, gy: Any) -> tuple[Any, ...]:
        """By x and by w."""
        x, w = ctx.saved_tensors
        by_x, by_w, *_ = ctx.needs_input_grad
        gx = like(InputGradient.apply(gy, w, tuple(x.shape), ctx.form.linear), x) if by_x else None
        gw = like(KernelGradient.apply(x, gy, tuple(w.shape), ctx.form), w) if by_w else None
        return gx, gw, None, None


class InputGradient(_Face):
    """The gradient by x of ``<gy, A(x, w)>``, of the shape given; its form has no fill value."""

    second_is_kernel = True

    @staticmethod
    def forward(gy: Any, w: Any, shape: Shape, form: Form) -> Any:
        """The layer's adjoint."""
        return computed(form.input_gradient, gy, w, shape)

    @staticmethod
    def backward(ctx: Any, x: Any) -> tuple[Any, ...]:
        """By gy and by w; the gradient of an x is another x."""
        gy, w = ctx.saved_tensors
        by_gy, by_w, *_ = ctx.needs_input_grad
        back = like(Output.apply(x, w, tuple(gy.shape), ctx.form), gy) if by_gy else None
        gw = like(KernelGradient.apply(x, gy, tuple(w.shape), ctx.form), w) if by_w else None
        return back, gw, None, None


class KernelGradient(_Face):
    """The gradient by w of ``<gy, A(x, w)>``, of the shape given."""

    result_is_kernel = True

    @staticmethod
    def forward(x: Any, gy: Any, shape: Shape, form: Form) -> Any:
        """The layer's adjoint in its kernels."""
        return computed(form.kernel_gradient, x, gy, shape)

    @staticmethod
    def backward(ctx: Any, w: Any) -> tuple[Any, ...]:
        """By x and by gy; the gradient of a w is another w."""
        x, gy = ctx.saved_tensors
        by_x, by_gy, *_ = ctx.needs_input_grad
        gx = like(InputGradient.apply(gy, w, tuple(x.shape), ctx.form.linear), x) if by_x else None
        back = like(Output.apply(x, w, tuple(gy.shape), ctx.form), gy) if by_gy else None
        return gx, back, None, None


def _is_plain(tensor: Any) -> bool:
    """Whether neither autograd, backward or forward, nor a transformation of `torch.func` looks at a tensor."""
    return (
        type(tensor) in (torch.Tensor, torch.nn.Parameter)
        and not (tensor.requires_grad and torch.is_grad_enabled())
        and torch.func.debug_unwrap(tensor) is tensor
        and forward_ad.unpack_dual(tensor).tangent is None
    )


# tensors and arrays ------------------------------------------------------------------------


def computed(function: Any, first: Any, second: Any, shape: Shape | None) -> Any:
    """A tensor from a function of arrays, which share the tensors' memory."""
    if _is_traced():
        mend = "torch.compile leaves layers out of its graphs, and method='vendor' is made of PyTorch's operations"
        raise errors.not_for_tensors("what make_fx records, which would keep the numbers,", mend)
    dtype = torch.result_type(first, second)
    result = function(_as_array(first), _as_array(second), shape)
    if dtype == torch.bfloat16:
        return torch.from_numpy(result).to(dtype)
    return torch.from_numpy(in_type(result, _numpy_type(dtype)))


def _is_traced() -> bool:
    """Whether PyTorch's operations are recorded, among which a sum of arrays would be a constant."""
    proxies = sys.modules.get("torch.fx.experimental.proxy_tensor")
    return proxies is not None and proxies.get_proxy_mode() is not None


def _as_array(tensor: Any) -> Array:
    """The tensor's own memory; a copy for bfloat16, which NumPy has not, and pending conjugates."""
    try:
        array: Array = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy(force=True)
    except RuntimeError as error:
        without = "a tensor without memory of its own, as under is_grads_batched, vectorize=True or torch.export,"
        mend = "torch.func.vmap maps layers, and method='vendor' is made of PyTorch's operations"
        raise errors.not_for_tensors(without, mend) from error
    return array


@functools.cache
def _numpy_type(dtype: Any) -> np.dtype[Any]:
    kind: np.dtype[Any] = torch.empty(0, dtype=dtype).numpy().dtype
    return kind


def like(gradient: Any, operand: Any) -> Any:
    """A gradient as its operand's: the real part for a real one."""
    real = gradient.real if gradient.is_complex() and not operand.is_complex() else gradient
    return real.to(operand.dtype)


def _with_one(tensor: Any, axis: int | None) -> Any:
    """An operand that is mapped along an empty axis, with one entry of zeros."""
    if axis is None:
        return tensor
    return torch.cat([tensor, tensor.new_zeros((*tensor.shape[:axis], 1, *tensor.shape[axis + 1 :]))], axis)


def _beside(tensor: Any, axis: int | None, count: int, is_kernel: bool) -> Any:
    """Mapped operands side by side: kernels in more filters, others in more channels."""
    stacked = tensor.expand(count, *tensor.shape) if axis is None else tensor.movedim(axis, 0)
    return stacked.flatten(0, 1) if is_kernel else stacked.movedim(0, 1).flatten(1, 2)
