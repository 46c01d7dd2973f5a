"""Named kernels as tensors, differentiable by their parameters: what `faltung.kernels` names.

Examples
--------
>>> import torch, faltung.torch as ftt
>>> sigma = torch.tensor(1.0, requires_grad=True)
>>> w = ftt.kernels.gaussian(sigma, radius=2)
>>> w.detach()
tensor([0.0545, 0.2442, 0.4026, 0.2442, 0.0545])
>>> x = torch.tensor([[[0.0, 0.0, 1.0, 0.0, 0.0]]])
>>> ftt.convolve(x, w[None, None], padding="same")[0, 0, 2].backward()
>>> sigma.grad
tensor(-0.3721)
"""

from __future__ import annotations

from typing import Any

import torch

from faltung.kernels.parametric import Parametric


def _parameter(value: Any) -> Any:
    array = torch.as_tensor(value)
    return array if array.is_floating_point() else array.to(torch.get_default_dtype())


def _value(parameter: Any) -> float | None:
    try:
        return float(parameter.detach())
    except RuntimeError:  # under torch.vmap it has many
        return None


def _steps(numbers: range, parameter: Any) -> Any:
    return torch.arange(numbers.start, numbers.stop, dtype=parameter.dtype, device=parameter.device)


_of_tensors = Parametric(torch, _parameter, _value, _steps)
gaussian, box, exponential = _of_tensors.gaussian, _of_tensors.box, _of_tensors.exponential

__all__ = ["box", "exponential", "gaussian"]
