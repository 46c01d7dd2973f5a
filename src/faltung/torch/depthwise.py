"""Depthwise layers of tensors: each channel has a kernel of its own and sees no other."""

from __future__ import annotations

import functools
from typing import Any, Unpack

from faltung import tensor
from faltung.meaning.extent import Operation
from faltung.tensor.depthwise import check_depthwise
from faltung.tensor.layer import UngroupedWords, read_words
from faltung.torch.functions import operate, tensor_beside


@functools.wraps(tensor.depthwise, assigned=())
def depthwise(
    x: Any, w: Any, *, operation: Operation = "correlate", bias: Any = None, **words: Unpack[UngroupedWords]
) -> Any:
    """`faltung.tensor.depthwise` of tensors, with gradients.

    Parameters, returns and errors are those of `faltung.tensor.depthwise`.

    Examples
    --------
    >>> import torch, faltung.torch as ftt
    >>> ftt.depthwise(torch.tensor([[1.0, 2.0, 4.0], [1.0, 1.0, 1.0]]), [[-1.0, 1.0], [1.0, 1.0]])
    tensor([[1., 2.],
            [2., 2.]])
    """
    said = read_words("depthwise", words, UngroupedWords)
    x, w = tensor_beside("x", x, w), tensor_beside("w", w, x)
    check_depthwise(operation, tuple(x.shape), tuple(w.shape))
    said = said._replace(bias=bias, options=said.options._replace(groups=w.shape[0]))
    return operate(operation, x, w[:, None], said)
