"""PyTorch tensors through faltung: differentiable layers, on the CPU without a copy.

``import faltung.torch as ftt`` needs PyTorch, which nothing else here does. `convolve` flips the
kernel as mathematics has it; `correlate` does not, as ``torch.nn.functional.conv2d``; complex
kernels are conjugated by `correlate`, which PyTorch does not do (its layer is ours with conj(w)).
"""

from __future__ import annotations

from faltung.torch import kernels
from faltung.torch.depthwise import depthwise
from faltung.torch.functions import convolve, convolve_transposed, correlate, correlate_transposed
from faltung.torch.modules import (
    Convolution1d,
    Convolution2d,
    Convolution3d,
    ConvolutionTransposed1d,
    ConvolutionTransposed2d,
    ConvolutionTransposed3d,
    Correlation1d,
    Correlation2d,
    Correlation3d,
    CorrelationTransposed1d,
    CorrelationTransposed2d,
    CorrelationTransposed3d,
)
from faltung.torch.unshared import convolve_unshared, correlate_unshared

__all__ = [
    "Convolution1d",
    "Convolution2d",
    "Convolution3d",
    "ConvolutionTransposed1d",
    "ConvolutionTransposed2d",
    "ConvolutionTransposed3d",
    "Correlation1d",
    "Correlation2d",
    "Correlation3d",
    "CorrelationTransposed1d",
    "CorrelationTransposed2d",
    "CorrelationTransposed3d",
    "convolve",
    "convolve_transposed",
    "convolve_unshared",
    "correlate",
    "correlate_transposed",
    "correlate_unshared",
    "depthwise",
    "kernels",
]
