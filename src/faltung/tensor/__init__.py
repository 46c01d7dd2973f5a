"""Feature maps with batch, channels and groups: layers, their adjoints and gradients.

Inputs are (N, C, *space) or (C, *space), kernels (O, C/groups, *kernel), with any number of
spatial axes. `convolve` flips the kernel; `correlate` does not, and conjugates it.
"""

from __future__ import annotations

from faltung.tensor.depthwise import depthwise
from faltung.tensor.gradients import input_gradient, kernel_gradient
from faltung.tensor.integer import convolve_integer, correlate_integer
from faltung.tensor.operators import convolve, correlate
from faltung.tensor.patches import patches, patches_adjoint
from faltung.tensor.plan import plan
from faltung.tensor.transposed import convolve_transposed, correlate_transposed
from faltung.tensor.unshared import (
    convolve_unshared,
    correlate_unshared,
    unshared_input_gradient,
    unshared_kernel_gradient,
)

__all__ = [
    "convolve",
    "convolve_integer",
    "convolve_transposed",
    "convolve_unshared",
    "correlate",
    "correlate_integer",
    "correlate_transposed",
    "correlate_unshared",
    "depthwise",
    "input_gradient",
    "kernel_gradient",
    "patches",
    "patches_adjoint",
    "plan",
    "unshared_input_gradient",
    "unshared_kernel_gradient",
]
