"""Which output positions a mode means: the box, along one axis.

A box is ``(low, length)``: output ``p`` sits at input position ``stride * p + low``.
"""

from __future__ import annotations

from typing import Literal, get_args

Operation = Literal["convolve", "correlate"]
Mode = Literal["full", "same", "valid"]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
MODES: tuple[Mode, ...] = get_args(Mode)


def default_center(operation: Operation, length: int) -> int:
    """The element of a kernel of ``length`` that sits on the output position in 'same'.

    NumPy's and scipy.signal's for the same operation, odd and even.
    """
    return (length - 1) // 2 if operation == "convolve" else length // 2


def reach(operation: Operation, length: int, dilation: int, center: int) -> tuple[int, int]:
    """First and last input position that output position 0 reads, ``length`` taps long.

    Convolution reads ``-dilation * (k - center)`` for each tap k, correlation ``+``.
    """
    before, after = dilation * center, dilation * (length - 1 - center)
    return (-after, before) if operation == "convolve" else (-before, after)


def box(mode: Mode, n: int, first: int, last: int, stride: int) -> tuple[int, int]:
    """Box of ``mode`` on an axis of ``n`` samples, for a kernel that reads ``first .. last``.

    ``full``: every position where the kernel touches the input; ``same``: the input's own;
    ``valid``: every position where the kernel lies inside. A stride keeps every stride-th
    of these, from the first. The length is 0 or below where there is none.
    """
    match mode:
        case "full":
            low, high = -last, n - 1 - first
        case "same":
            low, high = 0, n - 1
        case "valid":
            low, high = -first, n - 1 - last
    return low, -(-(high - low + 1) // stride)
