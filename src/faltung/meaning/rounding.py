"""What rounding costs: u, the bound of a sum, and the type whose sums keep a tolerance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

DType = np.dtype[Any]
_LONGEST_BLOCK = 128
_DOUBLE = {np.dtype(np.float32): np.dtype(np.float64), np.dtype(np.complex64): np.dtype(np.complex128)}


def unit_roundoff(dtype: DType) -> float:
    """u: the largest relative error of one rounding; 0 for exact types."""
    if dtype.kind not in "fc":
        return 0.0
    return float(np.finfo(dtype).eps) / 2


def error_of_sum(products: int, compute: DType, result: DType) -> float:
    """Bound of a sum in ``compute``, in blocks of 128 products whose sums are added pairwise, rounded
    to ``result``: relative to the sum of the products' magnitudes.
    """
    levels = math.log2(max(products, 1))
    return min(products, _LONGEST_BLOCK + levels) * unit_roundoff(compute) + unit_roundoff(result)


def sharp_type(products: int, compute: DType, result: DType, tolerance: float) -> DType:
    """``compute``, or double precision where sums in single would miss ``tolerance``."""
    return compute if error_of_sum(products, compute, result) <= tolerance else _DOUBLE.get(compute, compute)
