"""Named kernels as JAX arrays, differentiable by their parameters: what `faltung.kernels` names.

Examples
--------
>>> import jax, jax.numpy as jnp, faltung.jax as ftj
>>> [round(float(weight), 4) for weight in ftj.kernels.gaussian(1.0, radius=2)]
[0.0545, 0.2442, 0.4026, 0.2442, 0.0545]
>>> x = jnp.array([[[0.0, 0.0, 1.0, 0.0, 0.0]]])
>>> def middle(sigma):
...     return ftj.convolve(x, ftj.kernels.gaussian(sigma, radius=2)[None, None], padding="same")[0, 0, 2]
>>> round(float(jax.jit(jax.grad(middle))(1.0)), 4)
-0.3721
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from faltung.kernels.parametric import Parametric


def _parameter(value: Any) -> Any:
    array = jnp.asarray(value)
    return array if jnp.issubdtype(array.dtype, jnp.floating) else array.astype(float)


def _value(parameter: Any) -> float | None:
    try:
        return float(parameter)
    except jax.errors.ConcretizationTypeError:
        return None


def _steps(numbers: range, parameter: Any) -> Any:
    return jnp.arange(numbers.start, numbers.stop, dtype=parameter.dtype)


_of_arrays = Parametric(jnp, _parameter, _value, _steps)
gaussian, box, exponential = _of_arrays.gaussian, _of_arrays.box, _of_arrays.exponential

__all__ = ["box", "exponential", "gaussian"]
