"""The weights of named kernels as formulas, for NumPy and for libraries that differentiate.

``xp`` is the namespace of the arrays: `numpy`, `torch` or `jax.numpy`. Derivatives by the
parameters are whatever the library makes of the formulas.
"""

from __future__ import annotations

from typing import Any


def bell(xp: Any, steps: Any, sigma: Any) -> Any:
    """The Gaussian at ``steps`` from its centre, divided by its sum."""
    scaled = steps / sigma
    weights = xp.exp(-0.5 * scaled * scaled)
    return weights / weights.sum()


def decay(xp: Any, ages: Any, age: Any) -> Any:
    """The exponential at ``ages``, divided by its sum."""
    weights = xp.exp(-ages / age)
    return weights / weights.sum()


def coverage(xp: Any, steps: Any, width: Any) -> Any:
    """How much of the unit interval around each of ``steps`` lies within ``width`` / 2 of 0,
    divided by the width.
    """
    return xp.clip(width / 2 + 0.5 - abs(steps), 0, 1) / width
