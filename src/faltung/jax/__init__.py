"""JAX arrays through faltung: jit, grad, vmap of layers, to any order.

``import faltung.jax as ftj`` needs JAX, which nothing else here does. On the CPU the native core
computes, on other devices XLA. `convolve` flips the kernel as mathematics has it; `correlate` does
not, as ``jax.lax.conv_general_dilated``; complex kernels are conjugated by `correlate`, which
JAX's layer does not do (it is ours with conj(w)).
"""

from __future__ import annotations

from faltung.jax import kernels
from faltung.jax.depthwise import depthwise
from faltung.jax.functions import convolve, convolve_transposed, correlate, correlate_transposed
from faltung.jax.unshared import convolve_unshared, correlate_unshared

__all__ = [
    "convolve",
    "convolve_transposed",
    "convolve_unshared",
    "correlate",
    "correlate_transposed",
    "correlate_unshared",
    "depthwise",
    "kernels",
]
