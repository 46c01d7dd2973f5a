"""The definition: the textbook's sum, term by term. Slow, obvious, never optimised.

For batch b, output channel o and output position p (an N-dimensional index)::

    convolution        y[b,o,p] = sum over c, k of  x~[b, c, s*p + r - d*(k - m)] * w[o,c,k]
    cross-correlation  y[b,o,p] = sum over c, k of  x~[b, c, s*p + r + d*(k - m)] * conj(w[o,c,k])

with c running over the input channels of o's group, stride s, dilation d, input dilation u,
centre m, and r the low end of the output box. x~ is x continued by the boundary, then spread
out, u - 1 absent terms between neighbours. Everything else in this library is a way to
compute this sum, and is tested against it.

An absent term does not occur; a term whose weight is zero does (0 * inf is NaN).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from faltung.meaning import numbers
from faltung.meaning.boundary import Boundary, source_index
from faltung.meaning.extent import Operation

Index = tuple[int, ...]


class Sum(NamedTuple):
    """Which sum: every parameter of the equation, per spatial axis where it is a tuple."""

    operation: Operation
    center: Index
    stride: Index
    dilation: Index
    input_dilation: Index
    low: Index
    length: Index
    boundary: tuple[Boundary, ...]
    fill_value: Any = 0
    groups: int = 1
    renormalise: bool = False


def feature_map(
    x: NDArray[Any],
    w: NDArray[Any],
    which: Sum,
    result: np.dtype[Any],
    present: NDArray[np.bool_] | None = None,
) -> NDArray[Any]:
    """Evaluate the sum.

    Parameters
    ----------
    x
        Input, shape (batch, channels, *space).
    w
        Kernel, shape (filters, channels / groups, *kernel).
    which
        The parameters of the equation.
    result
        Type of the result. Integers are summed exactly, then must fit it.
    present
        Which samples of ``x`` exist; all by default. With ``which.renormalise`` the sum over
        the terms present is scaled by the sum of all weights over those present.

    Returns
    -------
    ndarray
        Feature map, shape (batch, filters, *which.length).

    Raises
    ------
    OverflowError
        An exact integer result does not fit ``result``.
    """
    if x.dtype.kind == "c":
        which = which._replace(fill_value=complex(which.fill_value))  # a sample like the others
    y = np.empty((x.shape[0], w.shape[0], *which.length), dtype=object)
    objects = "O" in (x.dtype.kind, w.dtype.kind, result.kind)
    samples = numbers.widen(x, w.dtype)
    taps = numbers.widen(np.conj(w) if which.operation == "correlate" else w, x.dtype)
    for b, o, *p in np.ndindex(*y.shape):
        terms = list(_terms(samples, taps, which, b, o, p, present))
        total = numbers.sum_of_products(terms, objects)
        y[b, o, *p] = _renormalised(total, terms, taps[o], objects) if which.renormalise else total
    return numbers.narrow(y, result)


def _terms(
    x: NDArray[Any],
    w: NDArray[Any],
    which: Sum,
    b: int,
    o: int,
    p: Sequence[int],
    present: NDArray[np.bool_] | None,
) -> Iterator[tuple[Any, Any]]:
    """Each sample that occurs in output (b, o, p), with its weight."""
    channels = w.shape[1]
    first_channel = o // (w.shape[0] // which.groups) * channels
    for c, *k in product(*map(range, w.shape[1:])):
        sample = _read(x[b, first_channel + c, ...], which, _position(which, p, k), present, (b, first_channel + c))
        if sample is not None:
            yield sample, w[o, c, *k]


def _position(which: Sum, p: Sequence[int], k: Sequence[int]) -> list[int]:
    """Where output p meets tap k: a position in the spread-out input."""
    sign = -1 if which.operation == "convolve" else 1
    return [
        s * i + r + sign * d * (j - m)
        for s, i, r, d, j, m in zip(which.stride, p, which.low, which.dilation, k, which.center, strict=True)
    ]


def _read(
    x: NDArray[Any],
    which: Sum,
    position: list[int],
    present: NDArray[np.bool_] | None,
    batch_and_channel: tuple[int, int],
) -> Any:
    """The sample at ``position`` of x~, or None where the term does not occur."""
    index: list[int] = []
    outside: list[Boundary] = []
    for at, u, n, boundary in zip(position, which.input_dilation, x.shape, which.boundary, strict=True):
        if at % u:
            return None
        i = source_index(boundary, at // u, n)
        if i is None:
            outside.append(boundary)
        else:
            index.append(i)
    if outside:
        # A constant fill counts as present when weights are renormalised; else 0 is absent.
        if "normalize" in outside or (which.fill_value == 0 and not which.renormalise):
            return None
        return which.fill_value
    if present is not None and not present[(*batch_and_channel, *index)]:
        return None
    return x[tuple(index)]


def _renormalised(total: Any, terms: list[tuple[Any, Any]], taps: NDArray[Any], objects: bool) -> Any:
    """W * total / W_present; NaN where no positive weight is present."""
    if not any(weight > 0 for _, weight in terms):
        return float("nan")
    everything = numbers.sum_of_products([(weight, 1) for weight in taps.flat], objects)
    present = numbers.sum_of_products([(weight, 1) for _, weight in terms], objects)
    return numbers.scaled(total, everything, present)


def empty_windows(
    x: NDArray[Any], w: NDArray[Any], which: Sum, present: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Where no positive weight meets a sample, (batch, filters, *which.length)."""
    empty = np.empty((x.shape[0], w.shape[0], *which.length), dtype=bool)
    for b, o, *p in np.ndindex(*empty.shape):
        empty[b, o, *p] = not any(weight > 0 for _, weight in _terms(x, w, which, b, o, p, present))
    return empty
