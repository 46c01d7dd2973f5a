"""How the input is continued beyond its edges: NumPy's names, as index maps.

A boundary says which sample a position outside ``0 .. n-1`` reads. For ``abcd``::

    constant     0000|abcd|0000     (or the fill value)
    edge         aaaa|abcd|dddd
    reflect      bcdcb|abcd|cbabc   scipy.ndimage's and OpenCV's 'mirror', 'REFLECT_101'
    symmetric    dcba|abcd|dcba     scipy.ndimage calls this 'reflect'
    wrap         abcd|abcd|abcd
    normalize    ....|abcd|....     no sample: the weights present are scaled up

``constant`` with fill value 0 reads *nothing*: the term does not occur.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from faltung import errors

Boundary = Literal["constant", "edge", "reflect", "symmetric", "wrap", "normalize"]
BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)

# Words of other libraries, in lower case: whose they are, and which of ours means the same.
# scipy.ndimage's 'reflect' (our 'symmetric') cannot be told from NumPy's.
_ELSEWHERE: dict[str, tuple[str, Boundary]] = {
    "mirror": ("scipy.ndimage", "reflect"),
    "nearest": ("scipy.ndimage", "edge"),
    "grid-mirror": ("scipy.ndimage", "symmetric"),
    "grid-constant": ("scipy.ndimage", "constant"),
    "grid-wrap": ("scipy.ndimage", "wrap"),
    "fill": ("scipy.signal and astropy", "constant"),
    "symm": ("scipy.signal", "symmetric"),
    "extend": ("astropy", "edge"),
    "zeros": ("PyTorch", "constant"),
    "zero": ("Keras", "constant"),
    "replicate": ("PyTorch and MATLAB", "edge"),
    "circular": ("PyTorch and MATLAB", "wrap"),
    "periodic": ("dask", "wrap"),
    "na": ("ImageFiltering.jl", "normalize"),
    "border_constant": ("OpenCV", "constant"),
    "border_replicate": ("OpenCV", "edge"),
    "border_reflect": ("OpenCV", "symmetric"),
    "border_reflect_101": ("OpenCV", "reflect"),
    "border_reflect101": ("OpenCV", "reflect"),
    "border_default": ("OpenCV", "reflect"),
    "border_wrap": ("OpenCV", "wrap"),
}


def check(value: object) -> Boundary:
    """Return ``value`` if it names a boundary.

    Raises
    ------
    ValueError
        It does not; if it is another library's word, the error says which of ours it is.
    """
    if isinstance(value, str):
        if value in BOUNDARIES:
            return value
        if value.lower() in _ELSEWHERE:
            library, ours = _ELSEWHERE[value.lower()]
            raise errors.boundary_of_another_library(value, library, ours)
    raise errors.unknown_word("boundary", value, BOUNDARIES)


def source_index(boundary: Boundary, position: int, n: int) -> int | None:
    """Index of the sample that ``position`` reads on an axis of ``n`` > 0 samples, if any."""
    if 0 <= position < n:
        return position
    match boundary:
        case "edge":
            return 0 if position < 0 else n - 1
        case "wrap":
            return position % n
        case "symmetric":
            i = position % (2 * n)
            return i if i < n else 2 * n - 1 - i
        case "reflect":
            i = position % max(2 * n - 2, 1)
            return i if i < n else 2 * n - 2 - i
        case _:
            return None


def index_map(boundary: Boundary, n: int, low: int, length: int) -> NDArray[np.intp]:
    """Source index of each position ``low .. low + length - 1``, or -1 where there is none.

    The same map as `source_index`, for whole arrays of positions.
    """
    i = np.arange(low, low + length, dtype=np.intp)
    inside = (i >= 0) & (i < n)
    match boundary:
        case "edge":
            return np.clip(i, 0, n - 1)
        case "wrap":
            return i % n
        case "symmetric":
            i = i % (2 * n)
            return np.where(i < n, i, 2 * n - 1 - i)
        case "reflect":
            i = i % max(2 * n - 2, 1)
            return np.where(i < n, i, 2 * n - 2 - i)
        case _:
            return np.where(inside, i, -1)
