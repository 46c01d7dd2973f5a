"""An array for a result, or an error that counts its bytes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung import errors

_LARGE = 2**30


def allocate(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """A fresh array with undefined contents.

    Raises
    ------
    MemoryError
        There is no room for it; the message says for how many bytes.
    """
    try:
        return np.empty(shape, dtype)
    except (MemoryError, ValueError, OverflowError):  # the last two where its bytes cannot even be counted
        raise errors.result_too_large(shape, str(dtype), math.prod(shape) * dtype.itemsize) from None


def check_room(shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """MemoryError if `allocate` would raise it; for what must be known before operands are touched."""
    if math.prod(shape) * dtype.itemsize > _LARGE:
        allocate(shape, dtype)
