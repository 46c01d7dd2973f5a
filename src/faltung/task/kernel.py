"""A Kernel: values that know their centre, their name and their factors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faltung import errors

Factors = tuple[NDArray[Any], ...]


class Kernel:
    """A kernel: weights with a centre, usable wherever an array is.

    Parameters
    ----------
    values
        The weights, any number of dimensions, real or complex. Copied.
    center
        Index of the element that sits on the output position, per axis (one integer for all);
        the middle, ``(length - 1) // 2``, by default.
    name
        How it prints.
    factors
        One 1-D array per axis whose outer product the values are, if that is known.
    truncation_error
        Share of an infinite kernel's mass that lies beyond the values, if that is known.

    Notes
    -----
    As an operand a Kernel is weak: it takes the floating type of the array beside it. Its
    centre overrides the operation's default. Values are read-only.

    Examples
    --------
    >>> import faltung as ft
    >>> blur = ft.Kernel([1, 2, 1], name="binomial").normalize()
    >>> blur
    Kernel binomial, shape (3,), center (1,)
    >>> ft.convolve([0.0, 0.0, 4.0, 0.0], blur, mode="same")
    array([0., 1., 2., 1.])
    """

    __slots__ = ("center", "factors", "name", "truncation_error", "values")
    __array_ufunc__ = None  # so that numpy.float64(2) * kernel asks the Kernel

    def __init__(
        self,
        values: ArrayLike,
        center: int | Sequence[int] | None = None,
        name: str = "kernel",
        factors: Sequence[ArrayLike] | None = None,
        truncation_error: float = 0.0,
    ) -> None:
        try:
            weights = np.array(values)
        except ValueError as reason:
            raise errors.ragged("values", str(reason)) from None
        if weights.dtype.kind not in "biufc":
            raise errors.not_numeric("values", f"an array of {weights.dtype}")
        if weights.size == 0:
            raise errors.empty_kernel(weights.shape)
        weights.flags.writeable = False
        self.values: NDArray[Any] = weights
        self.center = _center_of(weights.shape, center)
        self.name = name
        self.factors: Factors | None = None if factors is None else tuple(np.array(f) for f in factors)
        self.truncation_error = truncation_error

    @classmethod
    def from_factors(cls, *factors: ArrayLike, name: str = "kernel", truncation_error: float = 0.0) -> Kernel:
        """The outer product of 1-D kernels, one for each axis; a `Kernel` brings its centre."""
        values = [np.asarray(factor) for factor in factors]
        middle = [_center_of(value.shape, None)[0] for value in values]
        center = [f.center[0] if isinstance(f, Kernel) else m for f, m in zip(factors, middle, strict=True)]
        return cls(reduce(np.multiply.outer, values), center, name, values, truncation_error)

    def __repr__(self) -> str:
        return f"Kernel {self.name}, shape {self.shape}, center {self.center}"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if dtype is None or np.dtype(dtype) == self.values.dtype:
            return self.values.copy() if copy else self.values
        if copy is False:
            raise errors.kernel_needs_copy(dtype, str(self.values.dtype))
        return self.values.astype(dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Length along each axis."""
        return self.values.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.values.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the weights."""
        return self.values.dtype

    def normalize(self) -> Kernel:
        """The kernel divided by the sum of its weights, so that they sum to 1.

        Raises
        ------
        ValueError
            The sum is zero or not finite.
        """
        total = self.values.sum(dtype=np.result_type(self.values, np.float64))
        if total == 0 or not np.isfinite(total):
            raise errors.kernel_parameter(
                "sum of the kernel", total.item(), "a finite sum other than zero to divide by"
            )
        factors = None
        if self.factors is not None:
            factors = tuple(f / f.sum(dtype=np.result_type(f, np.float64)) for f in self.factors)
        return self._with(self.values / total, self.center, factors)

    def flip(self) -> Kernel:
        """The kernel reversed along every axis, its centre with it: correlation's convolution."""
        factors = None if self.factors is None else tuple(f[::-1] for f in self.factors)
        center = tuple(k - 1 - m for k, m in zip(self.shape, self.center, strict=True))
        return self._with(np.flip(self.values), center, factors)

    def __neg__(self) -> Kernel:
        return self * -1

    def __mul__(self, scalar: complex) -> Kernel:
        if not isinstance(scalar, complex | float | int | np.number):
            return NotImplemented
        factors = None
        if self.factors is not None:
            factors = (self.factors[0] * scalar, *self.factors[1:])
        return self._with(self.values * scalar, self.center, factors)

    __rmul__ = __mul__

    def __truediv__(self, scalar: complex) -> Kernel:
        if not isinstance(scalar, complex | float | int | np.number):
            return NotImplemented
        return self * (1 / scalar)

    def __add__(self, other: Kernel) -> Kernel:
        if not isinstance(other, Kernel):
            return NotImplemented
        if other.ndim != self.ndim:
            raise errors.dimensions_differ(self.shape, other.shape)
        before = tuple(max(a, b) for a, b in zip(self.center, other.center, strict=True))
        after = [
            max(k - m, j - n) for k, m, j, n in zip(self.shape, self.center, other.shape, other.center, strict=True)
        ]
        shape = tuple(a + b for a, b in zip(before, after, strict=True))
        total = np.zeros(shape, np.result_type(self.values, other.values))
        for kernel in (self, other):
            corner = [b - m for b, m in zip(before, kernel.center, strict=True)]
            total[tuple(slice(c, c + k) for c, k in zip(corner, kernel.shape, strict=True))] += kernel.values
        return Kernel(total, before, f"{self.name} + {other.name}")

    def __sub__(self, other: Kernel) -> Kernel:
        if not isinstance(other, Kernel):
            return NotImplemented
        return Kernel((self + -other).values, (self + other).center, f"{self.name} - {other.name}")

    def _with(self, values: NDArray[Any], center: tuple[int, ...], factors: Factors | None) -> Kernel:
        return Kernel(values, center, self.name, factors, self.truncation_error)


def _center_of(shape: tuple[int, ...], center: int | Sequence[int] | None) -> tuple[int, ...]:
    if center is None:
        return tuple((k - 1) // 2 for k in shape)
    given = (center,) * len(shape) if isinstance(center, int) else tuple(center)
    if len(given) != len(shape):
        raise errors.wrong_count("center", len(given), len(shape))
    for axis, (m, k) in enumerate(zip(given, shape, strict=True)):
        if not 0 <= m < k:
            raise errors.center_outside(m, k, axis)
    return given
