"""A Kernel: values that know their centre, their name and their factors."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faltung import errors
from faltung.meaning import numbers
from faltung.task.reading import is_masked, read_array

Factors = tuple[NDArray[Any], ...]
Scalar = int | float | complex

# A kernel of more elements than this is a slip of the pen, not a wish.
LARGEST = 2**30


class Kernel:
    """A kernel: weights with a centre, usable wherever an array is.

    Parameters
    ----------
    values
        The weights, any number of dimensions, real or complex. Copied. A `Kernel` brings what
        else it knows.
    center
        Index of the element that sits on the output position, per axis (one integer for all);
        the middle, ``(length - 1) // 2``, by default.
    name
        How it prints; ``"kernel"`` by default.
    truncation_error
        Share of an infinite kernel's mass that lies beyond the values; None if unknown.

    Notes
    -----
    A Kernel does not change. As an operand it is weak: it takes the floating type of the array
    beside it. Its centre overrides the operation's default. Arithmetic follows the library's
    result types, and integers are exact or an OverflowError.

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

    values: NDArray[Any]
    center: tuple[int, ...]
    name: str
    truncation_error: float | None
    factors: Factors | None
    """One 1-D array per axis whose outer product the values are, where that is known."""

    def __init__(
        self,
        values: ArrayLike,
        center: int | Sequence[int] | None = None,
        name: str | None = None,
        truncation_error: float | None = 0.0,
    ) -> None:
        factors = None
        if isinstance(values, Kernel):
            center = values.center if center is None else center
            name = values.name if name is None else name
            truncation_error = truncation_error or values.truncation_error
            factors = values.factors
        self._become(_weights(values), center, "kernel" if name is None else name, truncation_error, factors)

    @classmethod
    def from_factors(cls, *factors: ArrayLike, name: str = "kernel", truncation_error: float | None = 0.0) -> Kernel:
        """The outer product of 1-D kernels, one for each axis; a `Kernel` brings its centre.

        Raises
        ------
        ValueError, OverflowError, MemoryError
            A factor is no line; a product of integers does not fit; there are too many products.
        """
        lines = [factor if isinstance(factor, Kernel) else cls(factor) for factor in factors]
        for line in lines:
            if line.ndim != 1:
                raise errors.factor_not_one_dimensional(line.shape)
        arrays = tuple(line.values for line in lines)
        kernel = cls.__new__(cls)
        center = [line.center[0] for line in lines]
        kernel._become(outer_product(arrays), center, name, truncation_error, arrays)
        return kernel

    def _become(
        self,
        values: NDArray[Any],
        center: int | Sequence[int] | None,
        name: str,
        truncation_error: float | None,
        factors: Factors | None,
    ) -> None:
        if not isinstance(name, str):
            raise errors.kernel_parameter("name", name, "a string")
        values.flags.writeable = False
        given = (values, _center_of(values.shape, center), name, truncation_error, factors)
        for attribute, value in zip(("values", "center", "name", "truncation_error", "factors"), given, strict=True):
            object.__setattr__(self, attribute, value)

    def __setattr__(self, attribute: str, value: object) -> None:
        raise errors.kernel_does_not_change(attribute)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.values, self.center, self.name, self.truncation_error, self.factors)

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
        with np.errstate(over="ignore"):
            total = self.values.sum(dtype=np.result_type(self.values, np.float64))
        if total == 0 or not np.isfinite(total):
            raise errors.kernel_parameter(
                "sum of the kernel", total.item(), "a finite sum other than zero to divide by"
            )
        factors = None
        if self.factors is not None:
            factors = tuple(_divided(f, f.sum(dtype=np.result_type(f, np.float64))) for f in self.factors)
        return self._with(_divided(self.values, total), self.center, factors)

    def flip(self) -> Kernel:
        """The kernel reversed along every axis, its centre with it: correlation's convolution."""
        factors = None if self.factors is None else tuple(f[::-1] for f in self.factors)
        center = tuple(k - 1 - m for k, m in zip(self.shape, self.center, strict=True))
        return self._with(np.flip(self.values), center, factors)

    def __neg__(self) -> Kernel:
        return self * -1

    def __mul__(self, scalar: Scalar) -> Kernel:
        if not isinstance(scalar, complex | float | int | np.number) or isinstance(scalar, bool):
            return NotImplemented
        weak = not isinstance(scalar, np.number)
        dtype = numbers.result_type(self.dtype, np.asarray(scalar).dtype, w_weak=weak)
        factors = None if self.factors is None else (_product(self.factors[0], scalar, dtype), *self.factors[1:])
        values = _product(self.values, scalar, dtype)
        return self._with(values, self.center, factors, f"{scalar} {self.name}")

    __rmul__ = __mul__

    def __truediv__(self, scalar: Scalar) -> Kernel:
        if not isinstance(scalar, complex | float | int | np.number):
            return NotImplemented
        if scalar == 0:
            raise errors.kernel_parameter("divisor of the kernel", scalar, "a number other than zero")
        factors = None if self.factors is None else (self.factors[0] / scalar, *self.factors[1:])
        return self._with(self.values / scalar, self.center, factors, f"{self.name} / {scalar}")

    def __add__(self, other: Kernel) -> Kernel:
        if not isinstance(other, Kernel):
            return NotImplemented
        return self._plus(other, f"{self.name} + {other.name}")

    def __sub__(self, other: Kernel) -> Kernel:
        if not isinstance(other, Kernel):
            return NotImplemented
        return self._plus(-other, f"{self.name} - {other.name}")

    def _plus(self, other: Kernel, name: str) -> Kernel:
        """Both laid centre on centre, and added."""
        if other.ndim != self.ndim:
            raise errors.dimensions_differ(self.shape, other.shape)
        before = tuple(max(a, b) for a, b in zip(self.center, other.center, strict=True))
        after = [
            max(k - m, j - n) for k, m, j, n in zip(self.shape, self.center, other.shape, other.center, strict=True)
        ]
        dtype = numbers.result_type(self.dtype, other.dtype)
        exact = numbers.is_integral(dtype)
        total = np.zeros([a + b for a, b in zip(before, after, strict=True)], object if exact else dtype)
        for kernel in (self, other):
            corner = [b - m for b, m in zip(before, kernel.center, strict=True)]
            place = tuple(slice(c, c + k) for c, k in zip(corner, kernel.shape, strict=True))
            total[place] += numbers.widen(kernel.values, dtype) if exact else kernel.values
        return Kernel(
            numbers.narrow(total, dtype) if exact else total, before, name, self.joint_truncation_error(other)
        )

    def joint_truncation_error(self, other: Kernel) -> float | None:
        """Of a kernel made of both: 0 if both are whole, otherwise unknown."""
        return 0.0 if self.truncation_error == other.truncation_error == 0 else None

    def _with(
        self, values: NDArray[Any], center: tuple[int, ...], factors: Factors | None, name: str | None = None
    ) -> Kernel:
        return _restored(values, center, name or self.name, self.truncation_error, factors)


def _restored(
    values: NDArray[Any], center: tuple[int, ...], name: str, truncation_error: float | None, factors: Factors | None
) -> Kernel:
    kernel = Kernel.__new__(Kernel)
    kernel._become(values.copy(), center, name, truncation_error, factors)
    return kernel


def _weights(values: ArrayLike) -> NDArray[Any]:
    if is_masked(values):
        raise errors.masked_kernel("values")
    weights = read_array("values", values)
    if weights.dtype.kind == "O":
        if not all(isinstance(weight, int) for weight in weights.flat):
            raise errors.not_numeric("values", "an array of objects")
        weights = numbers.narrow(weights, np.dtype(np.int64))  # OverflowError where one does not fit
    if weights.size == 0:
        raise errors.empty_kernel(weights.shape, "values")
    return weights.copy()


def outer_product(factors: Factors) -> NDArray[Any]:
    """The outer product of 1-D arrays, exact for integers.

    Raises
    ------
    OverflowError, MemoryError
        A product of integers does not fit; there are too many products.
    """
    shape = tuple(len(factor) for factor in factors)
    dtype = factors[0].dtype
    for factor in factors[1:]:
        dtype = numbers.result_type(dtype, factor.dtype)
    if math.prod(shape) > LARGEST:
        raise errors.result_too_large(shape, str(dtype), math.prod(shape) * dtype.itemsize)
    exact = numbers.is_integral(dtype) and len(factors) > 1
    product = numbers.widen(factors[0], dtype) if exact else factors[0]
    for factor in factors[1:]:
        product = np.multiply.outer(product, numbers.widen(factor, dtype) if exact else factor)
    return numbers.narrow(product, dtype) if exact else product


def _divided(values: NDArray[Any], total: Any) -> NDArray[Any]:
    """Rounded once, to the values' floating type."""
    quotient: NDArray[Any] = values / total
    return quotient.astype(values.dtype, copy=False) if values.dtype.kind in "fc" else quotient


def _product(values: NDArray[Any], scalar: Scalar, dtype: np.dtype[Any]) -> NDArray[Any]:
    if numbers.is_integral(dtype):
        return numbers.narrow(numbers.widen(values, dtype) * int(scalar.real), dtype)
    return np.asarray(values * scalar, dtype)


def _center_of(shape: tuple[int, ...], center: int | Sequence[int] | None) -> tuple[int, ...]:
    if center is None:
        return tuple((k - 1) // 2 for k in shape)
    each = tuple(center) if isinstance(center, list | tuple | np.ndarray) else (center,) * len(shape)
    given = tuple(map(_index, each))
    if len(given) != len(shape):
        raise errors.wrong_count("center", len(given), len(shape))
    for axis, (m, k) in enumerate(zip(given, shape, strict=True)):
        if not 0 <= m < k:
            raise errors.center_outside(m, k, axis)
    return given


def _index(value: Any) -> int:
    if isinstance(value, bool):
        raise errors.not_an_integer("center", value)
    try:
        return operator.index(value)
    except TypeError:
        raise errors.not_an_integer("center", value) from None
