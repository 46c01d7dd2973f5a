"""What users are told of JAX arrays that cannot be.

As in `faltung.errors`: each function builds one exception; ``tests/test_jax_errors.py`` holds them all.
"""

from __future__ import annotations


def not_an_array(argument: str, value: object) -> TypeError:
    """What JAX makes no array of."""
    return TypeError(f"{argument} is {value!r}: expected a jax.Array, or what becomes one, such as numbers")
