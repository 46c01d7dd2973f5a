"""Padding, in the words of layers, as the box of the sum: which outputs there are.

All rules of shapes stand here. A padding is a number for all axes, a number or a pair
``(low, high)`` for each, or a word. Along one axis, for an input of n samples (spread out by
the input dilation), a kernel that spans R + 1 samples and stride s:

==============  =========================================  ==========================
padding         samples added before and after             outputs
==============  =========================================  ==========================
``(a, b)``      a and b; below 0 they are cut off          (n + a + b - R - 1) // s + 1
``valid``       0 and 0
``full``        R and R
``causal``      R and 0
``same``        as the kernel's centre has it              ceil(n / s)
``same_upper``  as many as are needed, the odd one after   ceil(n / s)
``same_lower``  as many as are needed, the odd one before  ceil(n / s)
==============  =========================================  ==========================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from faltung import errors
from faltung.task.per_axis import REACH_LIMIT, integer
from faltung.tensor import errors as layer_errors

Word = Literal["valid", "full", "causal", "same", "same_upper", "same_lower"]
WORDS: tuple[Word, ...] = get_args(Word)
Padding = int | Word | Sequence[int | tuple[int, int]]
Sides = tuple[int, int]


class Axis(NamedTuple):
    """What decides the outputs along one axis."""

    n: int
    """Samples, spread out by the input dilation."""
    first: int
    last: int
    """First and last position that the kernel reads, seen from the output's."""
    stride: int

    @property
    def span(self) -> int:
        """R: the kernel spans one sample more."""
        return self.last - self.first


def read(value: Any, ndim: int) -> tuple[Word | Sides, ...]:
    """The padding of each axis: a word or what is added before and after.

    Raises
    ------
    ValueError, TypeError
        ``value`` is no padding.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, str):
        if value not in WORDS:
            raise layer_errors.bad_padding(value, ndim, WORDS)
        return (value,) * ndim
    if not isinstance(value, Sequence | np.ndarray):
        return (_sides(value, value),) * ndim
    if len(value) != ndim:
        raise layer_errors.bad_padding(value, ndim, WORDS)
    return tuple(_pair(entry, value, ndim) for entry in value)


def _pair(entry: Any, value: object, ndim: int) -> Sides:
    if not isinstance(entry, Sequence | np.ndarray):
        return _sides(entry, entry)
    if isinstance(entry, str) or len(entry) != 2:
        raise layer_errors.bad_padding(value, ndim, WORDS)
    return _sides(*entry)


def _sides(low: Any, high: Any) -> Sides:
    sides = integer("padding", low), integer("padding", high)
    for side in sides:
        if abs(side) >= REACH_LIMIT:
            raise errors.too_large("padding", side)
    return sides


def sides(padding: Word | Sides, axis: Axis) -> Sides:
    """Samples added before and after."""
    match padding:
        case "valid":
            return 0, 0
        case "full":
            return axis.span, axis.span
        case "causal":
            return axis.span, 0
        case "same":
            return -axis.first, axis.last
        case "same_upper" | "same_lower":
            total = max((_over_stride(axis) - 1) * axis.stride + axis.span + 1 - axis.n, 0)
            less, more = total // 2, total - total // 2
            return (less, more) if padding == "same_upper" else (more, less)
        case low, high:
            return low, high


def box(padding: Word | Sides, axis: Axis) -> tuple[int, int]:
    """Low end and length of the outputs; a length below 1 where the kernel does not fit."""
    low, high = sides(padding, axis)
    if isinstance(padding, str) and padding.startswith("same"):
        return -low - axis.first, _over_stride(axis)
    return -low - axis.first, (axis.n + low + high - axis.span - 1) // axis.stride + 1


def shortest_input(padding: Word | Sides, outputs: int, axis: Axis) -> int:
    """Fewest samples from which so many outputs follow: what a transposed layer gives.

    Up to ``stride - 1`` more make no difference. ``axis.n`` plays no part.
    """
    fewest = (outputs - 1) * axis.stride + 1
    if isinstance(padding, str) and padding.startswith("same"):
        return fewest
    low, high = sides(padding, axis)
    return fewest + axis.span - low - high


def _over_stride(axis: Axis) -> int:
    return -(-axis.n // axis.stride)
