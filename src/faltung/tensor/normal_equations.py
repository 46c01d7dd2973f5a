"""The normal equations of fitting a kernel: correlations of the input with itself and its targets.

What each output reads is a row of a matrix X; its weights w should solve ``X w = y``. ``X* X``
depends, but for the edges, only on the distance of two taps: for each distance one product of the
input with itself, shifted, gives all its entries as sums over the windows that the taps see.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from faltung import operations
from faltung.task.problem import Index
from faltung.tensor.pairs import Pair

Array = NDArray[Any]


class Spectrum(NamedTuple):
    """The eigenvalues and eigenvectors of ``X* X``, with a ridge to be added."""

    values: Array
    vectors: Array
    ridge: float

    @property
    def rank(self) -> int:
        """How many directions stand out from rounding."""
        damped = self.values + self.ridge
        return int((damped > 8 * len(damped) * np.finfo(float).eps * damped[-1]).sum())

    @property
    def condition(self) -> float:
        """Largest over smallest singular value of X."""
        low, high = self.values[0] + self.ridge, self.values[-1] + self.ridge
        return math.sqrt(high / low) if low > 0 else math.inf

    @property
    def degrees_of_freedom(self) -> float:
        """How many weights the data decide: fewer with a ridge."""
        return float((self.values / (self.values + self.ridge)).sum())

    def solve(self, moments: Array) -> Array:
        """``(X* X + ridge)⁻¹`` times each row of ``moments``."""
        rows = moments @ self.vectors.conj() / (self.values + self.ridge)
        return np.asarray(rows @ self.vectors.T)

    def spread(self) -> Array:
        """Standard error of each weight for noise of standard deviation 1."""
        shares = self.values.clip(0) / (self.values + self.ridge) ** 2
        return np.asarray(np.sqrt((np.abs(self.vectors) ** 2 * shares).sum(axis=1)))


def spectrum(pairs: Sequence[Pair], kernel: Index, ridge: float) -> Spectrum:
    """That of ``X* X`` for one kernel of that shape on each input channel.

    ``ridge`` counts in mean squares of what a tap reads.
    """
    matrix = np.sum([_normal_matrix(pair, kernel) for pair in pairs], axis=0)
    values, vectors = np.linalg.eigh(matrix)
    return Spectrum(values, vectors, ridge * float(values.mean()))


def _normal_matrix(pair: Pair, kernel: Index) -> Array:
    """``X* X`` of one pair, all of whose output channels miss the same; rows by channel and tap."""
    channels, taps = pair.x.shape[1], np.arange(math.prod(kernel)).reshape(kernel)
    matrix = np.zeros((channels, taps.size, channels, taps.size), pair.x.dtype)
    for lag in _lags(kernel):
        here, there = (_beside(taps, shift).ravel() for shift in (lag, [-step for step in lag]))
        sums = _window_sums(pair, lag)
        entries = np.moveaxis(sums.reshape(channels, channels, -1), -1, 0)
        matrix[:, here, :, there] = entries
        matrix[:, there, :, here] = entries.conj().swapaxes(1, 2)
    return matrix.reshape(channels * taps.size, -1)


def _lags(kernel: Index) -> Iterator[Index]:
    """Distances from one tap to another that is not before it."""
    for lag in product(*(range(1 - k, k) for k in kernel)):
        if lag >= (0,) * len(kernel):
            yield lag


def _beside(array: Array, lag: Sequence[int]) -> Array:
    """Those elements, along the last axes, that have another at this distance."""
    ends = zip(array.shape[array.ndim - len(lag) :], lag, strict=True)
    at: list[Any] = [slice(max(0, -step), n - max(0, step)) for n, step in ends]
    return np.asarray(array[(..., *at)])


def _window_sums(pair: Pair, lag: Index) -> Array:
    """(C, C, *taps): for each tap, the sum over the outputs of what it and the one a lag on read."""
    here, there = _beside(pair.x, lag), _beside(pair.x, [-step for step in lag])
    if pair.present is None:
        squares: Array = np.einsum("nc...,nd...->cd...", here.conj(), there)
        for axis, n in enumerate(pair.space, start=2):
            squares = _moving_sum(squares, axis, n)
        return squares
    axes = tuple(range(2, 2 + len(lag)))
    samples = zip(here, there, pair.present[:, 0].astype(float), strict=True)
    sums = [operations.correlate(a.conj()[:, None] * b, counts, "valid", axes=axes) for a, b, counts in samples]
    return np.asarray(np.sum(sums, axis=0))


def _moving_sum(values: Array, axis: int, n: int) -> Array:
    """Sums of n neighbours: what all windows share, and the ends that each has or has not."""
    lines = np.moveaxis(values, axis, 0)
    more = len(lines) - n
    shared = lines[more:n].sum(axis=0) if more < n else 0
    sums = np.empty((more + 1, *lines.shape[1:]), lines.dtype)
    if more < n:
        sums[:] = shared
        sums[:more] += np.flip(np.cumsum(np.flip(lines[:more], 0), axis=0), 0)
        sums[1:] += np.cumsum(lines[n:], axis=0)
    else:
        for first in range(more + 1):
            sums[first] = lines[first : first + n].sum(axis=0)
    return np.moveaxis(sums, 0, axis)
