"""How far two computations of the same sums may lie apart, whatever the order in which they add."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def of_sums(*operands: Any) -> float:
    """For sums of products of two operands, or such sums multiplied by a third and summed again, and so on.

    A sum of n products is within (n + 1) u of the sum of their magnitudes (Higham, *Accuracy and
    Stability of Numerical Algorithms*, 2002, 3.1), complex ones within twice that; n is no more than the
    size of the largest operand. Two such sums differ by twice as much.
    """
    arrays = [np.asarray(each) for each in operands]
    terms, levels = max(each.size for each in arrays) + 1, len(arrays) - 1
    largest = math.prod(max(float(abs(each).max(initial=0)), 1.0) for each in arrays)
    u = max(float(np.finfo(each.dtype if each.dtype.kind in "fc" else np.float64).eps) for each in arrays) / 2
    return 4 * levels * terms * u * float(terms) ** levels * largest
