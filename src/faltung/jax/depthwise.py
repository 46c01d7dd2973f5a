"""Depthwise layers of JAX arrays: each channel has a kernel of its own and sees no other."""

from __future__ import annotations

import functools
from typing import Any, Unpack

from faltung import tensor
from faltung.jax.functions import array_beside, operate
from faltung.meaning.extent import Operation
from faltung.tensor.depthwise import check_depthwise
from faltung.tensor.layer import UngroupedWords, read_words


@functools.wraps(tensor.depthwise, assigned=())
def depthwise(
    x: Any, w: Any, *, operation: Operation = "correlate", bias: Any = None, **words: Unpack[UngroupedWords]
) -> Any:
    """`faltung.tensor.depthwise` of JAX arrays, with gradients.

    Parameters, returns and errors are those of `faltung.tensor.depthwise`.

    Examples
    --------
    >>> import jax.numpy as jnp, faltung.jax as ftj
    >>> ftj.depthwise(jnp.array([[1.0, 2.0, 4.0], [1.0, 1.0, 1.0]]), [[-1.0, 1.0], [1.0, 1.0]])
    Array([[1., 2.],
           [2., 2.]], dtype=float32)
    """
    said = read_words("depthwise", words, UngroupedWords)
    x, w = array_beside("x", x, w), array_beside("w", w, x)
    check_depthwise(operation, x.shape, w.shape)
    said = said._replace(bias=bias, options=said.options._replace(groups=w.shape[0]))
    return operate(operation, x, w[:, None], said)
