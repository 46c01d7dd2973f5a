"""Layers as PyTorch's own convolution has them, for devices that the native core does not serve.

Everything here is made of PyTorch's operations, which it differentiates and maps by itself, in the
precision that its settings allow (``torch.backends.cudnn.allow_tf32``).
"""

from __future__ import annotations

import math
from typing import Any

import torch

from faltung import errors as faltung_errors
from faltung.task.problem import Index, Problem
from faltung.tensor import continuation, errors
from faltung.tensor.form import Form, Shape
from faltung.torch import errors as torch_errors

_CONVOLUTIONS = (torch.nn.functional.conv1d, torch.nn.functional.conv2d, torch.nn.functional.conv3d)


def computes(device: str, method: str) -> bool:
    """Whether PyTorch's own convolution computes: on the CPU where that is said, elsewhere always.

    Raises
    ------
    ValueError
        ``method`` is an algorithm of the native core, and the array is elsewhere.
    """
    if device != "cpu" and method not in ("auto", "vendor"):
        raise torch_errors.method_of_the_cpu(method, device)
    return device != "cpu" or method == "vendor"


def output(x: Any, w: Any, form: Form, length: Shape | None = None) -> Any:
    """The layer; ``length`` where it is not what follows from ``x``."""
    dtype = torch.result_type(x, w)
    if not (dtype.is_floating_point or dtype.is_complex):
        mend = "PyTorch's convolution has floating and complex types; on the CPU method='auto' is exact"
        raise errors.not_for_tensors(f"method='vendor' with {dtype}", mend)
    problem = form.problem(scalar(dtype), x.shape, w.shape, length)
    taps = w.flip(tuple(range(2, w.ndim))) if problem.operation == "convolve" else w.conj_physical()
    return _valid(continued(x.to(dtype), problem), taps.to(dtype), problem.stride, problem.dilation, problem.groups)


def scalar(dtype: torch.dtype) -> type[complex]:
    """The numbers of a type, as Python names them."""
    if dtype.is_complex:
        return complex
    return float if dtype.is_floating_point else int


def adjoint(gy: Any, w: Any, form: Form, shape: Shape) -> Any:
    """The layer's adjoint, of the shape given."""
    x = torch.zeros(shape, dtype=gy.dtype, device=gy.device)
    _, pull = torch.func.vjp(lambda x: output(x, w, form, tuple(gy.shape[2:])), x)
    return pull(gy.to(torch.result_type(gy, w)))[0]


def continued(x: Any, problem: Problem) -> Any:
    """``x``, (N, C, *space), at all positions that are read, beyond its edges and between samples."""
    return continuation.continued(x, problem, _take, _put)


def _take(x: Any, index: Any, axis: int) -> Any:
    return x.index_select(axis, torch.as_tensor(index, device=x.device))


def _put(x: Any, where: Any, value: Any) -> Any:
    _check_fill_value(value, x.dtype)
    return torch.where(
        torch.as_tensor(where, device=x.device), torch.as_tensor(value, dtype=x.dtype, device=x.device), x
    )


def _check_fill_value(value: complex, dtype: torch.dtype) -> None:
    """ValueError unless samples of that type hold ``value``: PyTorch makes it infinite, or says less."""
    low, high = 0.0, 1.0
    if dtype != torch.bool:
        limits = torch.finfo(dtype) if dtype.is_floating_point or dtype.is_complex else torch.iinfo(dtype)
        low, high = limits.min, limits.max
    if any(math.isfinite(part) and not low <= part <= high for part in (value.real, value.imag)):
        raise faltung_errors.fill_value_does_not_fit(value, str(dtype))


def _valid(x: Any, w: Any, stride: Index, dilation: Index, groups: int) -> Any:
    """PyTorch's convolution of what lies inside; beyond three axes the sum of one for each tap of the first."""
    if len(stride) == 0:
        return _valid(x[..., None], w[..., None], (1,), (1,), groups)[..., 0]
    if len(stride) <= len(_CONVOLUTIONS):
        return _CONVOLUTIONS[len(stride) - 1](x, w, None, stride, 0, dilation, groups)
    reach = dilation[0] * (w.shape[2] - 1)
    parts = []
    for tap in range(w.shape[2]):
        first = dilation[0] * tap
        lines = x[:, :, first : x.shape[2] - reach + first : stride[0]].movedim(2, 1)
        part = _valid(lines.flatten(0, 1), w[:, :, tap], stride[1:], dilation[1:], groups)
        parts.append(part.unflatten(0, lines.shape[:2]).movedim(1, 2))
    return sum(parts[1:], start=parts[0])
