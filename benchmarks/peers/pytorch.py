"""PyTorch: `torch.nn.functional.conv1d`, `conv2d`, `conv3d`, batch and channels as the Problem has them; and the
product of `torch.fft` transforms that models with long convolutions write themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.fft import next_fast_len  # type: ignore[import-untyped, unused-ignore]
from torch.nn import functional

from benchmarks.operands import Array, Operands
from benchmarks.peers import Peer, Refusal
from benchmarks.peers.layers import layer
from benchmarks.peers.scope import as_convolution, floats, one_boundary
from benchmarks.rounds import Call
from faltung.task.problem import Problem

MOST_PRODUCTS = 2e9
"""Beyond these a call of its depthwise kernels would take a minute and more."""
Function = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
_PADS = {"constant": "constant", "edge": "replicate", "reflect": "reflect", "wrap": "circular"}


def use_threads(count: int) -> None:
    """Its pool within one operation."""
    torch.set_num_threads(count)


def conv(problem: Problem, operands: Operands) -> Call | Refusal:
    """The function of that dimension."""
    asked = _layer(problem, operands)
    if isinstance(asked, str):
        return asked
    function, x, w = asked
    return lambda: function(x, w)


def training(problem: Problem, operands: Operands) -> Call | Refusal:
    """The same with the gradients that automatic differentiation gives."""
    asked = _layer(problem, operands)
    if isinstance(asked, str):
        return asked
    if any(u > 1 for u in problem.input_dilation) or problem.operation != "correlate":
        return "of training steps only correlations, whose kernels are laid out as its own"
    function, x, w = asked[0], asked[1].requires_grad_(), asked[2].requires_grad_()

    def call() -> tuple[torch.Tensor, ...]:
        y = function(x, w)
        return y.detach(), *torch.autograd.grad(y, (x, w), y.detach())

    return call


def _layer(problem: Problem, operands: Operands) -> tuple[Function, torch.Tensor, torch.Tensor] | Refusal:
    """A function and its tensors; equal zeros on both sides are its own padding, all else `pad` before it."""
    if problem.ndim in (1, 2, 3) and any(u > 1 for u in problem.input_dilation):
        return _transposed(problem, operands)
    if problem.ndim > 3 or any(u > 1 for u in problem.input_dilation) or problem.renormalise:
        return "up to three dimensions, no input dilation, no renormalising"
    if reason := floats(problem) or one_boundary(problem, _PADS):
        return reason
    if problem.groups > 1 and problem.outputs * problem.taps > MOST_PRODUCTS:
        return f"more than {MOST_PRODUCTS:.0e} products"
    beyond = _beyond(problem)
    if problem.boundary[0] != "constant" and _too_far(problem, beyond):
        return "no boundary further out than the input is long"
    x = torch.from_numpy(operands.x).reshape(problem.batch, problem.channels, *problem.input_shape)
    kernel_shape = problem.filters, problem.channels // problem.groups, *problem.kernel_shape
    w = torch.from_numpy(np.ascontiguousarray(_correlated(problem, operands.w.reshape(kernel_shape))))
    function = (functional.conv1d, functional.conv2d, functional.conv3d)[problem.ndim - 1]
    keywords: dict[str, Any] = {
        "stride": problem.stride,
        "dilation": problem.dilation,
        "groups": problem.groups,
    }
    if _own_padding(problem, beyond):
        keywords["padding"] = tuple(before for before, _ in beyond)
        return lambda x, w: function(x, w, **keywords), x, w
    pads = [amount for before_after in reversed(beyond) for amount in before_after]
    style = _PADS[problem.boundary[0]]
    fill = float(problem.fill_value.real) if style == "constant" else None
    return lambda x, w: function(functional.pad(x, pads, style, fill), w, **keywords), x, w


def _correlated(problem: Problem, w: Array) -> Array:
    return w if problem.operation == "correlate" else np.flip(w, tuple(range(2, w.ndim)))


def _transposed(problem: Problem, operands: Operands) -> tuple[Function, torch.Tensor, torch.Tensor] | Refusal:
    asked = layer(problem, operands)
    if isinstance(asked, str):
        return asked
    function = (functional.conv_transpose1d, functional.conv_transpose2d, functional.conv_transpose3d)[problem.ndim - 1]
    x, w = torch.from_numpy(asked.x), torch.from_numpy(asked.w)
    keywords = {"stride": asked.stride, "groups": asked.groups, "dilation": asked.dilation}
    return lambda x, w: function(x, w, **keywords), x, w


def _beyond(problem: Problem) -> list[tuple[int, int]]:
    """Samples that outputs read before and after the input, along each axis; negative where they skip some."""
    spans = zip(problem.touched(), problem.input_shape, strict=True)
    return [(-low, low + count - n) for (low, count), n in spans]


def _own_padding(problem: Problem, beyond: list[tuple[int, int]]) -> bool:
    zeros = problem.boundary[0] == "constant" and problem.fill_value == 0
    return zeros and all(before == after >= 0 for before, after in beyond)


def _too_far(problem: Problem, beyond: list[tuple[int, int]]) -> bool:
    return any(max(amounts) >= n or min(amounts) < 0 for amounts, n in zip(beyond, problem.input_shape, strict=True))


def spectrum(problem: Problem, operands: Operands) -> Call | Refusal:
    """Real transforms of the whole input, its zeros included, each channel with its own kernel."""
    if reason := floats(problem) or one_boundary(problem, {"constant"}):
        return reason
    spread = any(step > 1 for step in problem.stride + problem.dilation + problem.input_dilation)
    if problem.channels != problem.groups or problem.channels != problem.filters or spread or problem.fill_value != 0:
        return "one kernel for each channel, zeros beyond the edges, no steps"
    x, w = torch.from_numpy(operands.x), torch.from_numpy(as_convolution(problem, operands.w))
    axes = tuple(range(-problem.ndim, 0))
    sizes = [
        next_fast_len(n + k - 1, real=True) for n, k in zip(problem.input_shape, problem.kernel_shape, strict=True)
    ]
    first = [low + reach[1] for low, reach in zip(problem.low, problem.reach(), strict=True)]
    if any(start < 0 or start + n > size for start, n, size in zip(first, problem.length, sizes, strict=True)):
        return "no output that the kernel does not touch"
    box = (..., *(slice(start, start + n) for start, n in zip(first, problem.length, strict=True)))
    if not problem.plain:
        w = w.reshape(problem.filters, *problem.kernel_shape)

    def call() -> object:
        product = torch.fft.rfftn(x, sizes, axes) * torch.fft.rfftn(w, sizes, axes)
        return torch.fft.irfftn(product, sizes, axes)[box].contiguous()

    return call


PEERS = (Peer("torch", conv, training), Peer("torch.fft", spectrum))
