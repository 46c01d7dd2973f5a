"""Reading the operands: arrays, numbers, sequences, kernels, or a type and shape alone."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung import errors
from faltung.meaning import numbers
from faltung.task.kernel import Kernel
from faltung.task.line import array_spec

Term = tuple[NDArray[Any], ...]

_NOT_BRIDGED = {
    "torch": "PyTorch",
    "jax": "JAX",
    "jaxlib": "JAX",
    "dask": "Dask",
    "xarray": "xarray",
    "pandas": "pandas",
    "polars": "Polars",
    "cupy": "CuPy",
    "tensorflow": "TensorFlow",
}


@dataclass(frozen=True, slots=True)
class Weights:
    """A kernel's values, (1, 1, *kernel), and their factors: terms of one 1-D array per axis
    of x, whose outer products sum to the values.
    """

    values: NDArray[Any]
    terms: tuple[Term, ...] | None = None

    @property
    def rank(self) -> int | None:
        """How many terms, where they are known."""
        return None if self.terms is None else len(self.terms)


@dataclass(frozen=True, slots=True)
class Operand:
    """An input or kernel: its type and shape, and its values unless only those are known."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    weak: bool = False
    values: NDArray[Any] | None = None
    mask: NDArray[np.bool_] | None = None
    center: tuple[int, ...] | None = None
    factors: Term | None = None

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def beside(self, strong: Operand) -> Operand:
        """A weak operand in the floating type of the strong one, float64 beside integers.

        A half-precision neighbour makes it float32, in which such sums are computed, so that
        no weight is rounded more than it must be.
        """
        kinds = {self.dtype.kind, strong.dtype.kind}
        if "O" in kinds or kinds <= set("biu"):
            return self
        floating = np.dtype(np.float64) if numbers.is_integral(strong.dtype) else numbers.real_type(strong.dtype)
        floating = np.result_type(floating, np.float32)
        dtype = np.result_type(floating, np.complex64) if self.dtype.kind == "c" else floating
        return replace(
            self,
            dtype=dtype,
            values=None if self.values is None else self.values.astype(dtype),
            factors=None if self.factors is None else tuple(f.astype(dtype) for f in self.factors),
        )

    def weights(self, shape: tuple[int, ...], axes: tuple[int, ...]) -> Weights | None:
        """The kernel laid along ``axes`` of the input: ``shape`` is 1 elsewhere."""
        if self.values is None:
            return None
        values = self.values.transpose(np.argsort(axes)).reshape(1, 1, *shape)
        if self.factors is None:
            return Weights(values)
        term = [np.ones(1, self.dtype) for _ in shape]
        for axis, factor in zip(axes, self.factors, strict=True):
            term[axis] = factor
        return Weights(values, (tuple(term),))

    def exact_kind(self) -> str | None:
        """'Decimal', 'Fraction', 'float' or 'int' for object values; 'float' for floating ones."""
        if self.dtype.kind in "fc":
            return "float"
        if self.dtype.kind != "O" or self.values is None:
            return None
        names = {type(value).__name__ for value in self.values.flat}
        return next((name for name in ("Decimal", "Fraction", "float") if name in names), "int")


def read_input(x: object) -> Operand:
    """The input as an Operand; a string such as ``"f32[2048,2048]"`` gives type and shape alone."""
    if isinstance(x, str) and "[" in x:
        dtype, shape, outer, _ = array_spec(x)
        if outer is not None:
            raise errors.not_numeric("x", f"a tensor with batch and channels ({x})")
        return Operand(dtype, shape)
    return _read("x", x)


def read_kernel(w: object) -> Operand:
    """The kernel as an Operand; a tuple of 1-D kernels is the factored kernel of their product."""
    if isinstance(w, str) and "[" in w:
        dtype, shape, _, center = array_spec(w)
        return Operand(dtype, shape, center=center)
    if isinstance(w, np.ma.MaskedArray):
        raise errors.masked_kernel()
    if isinstance(w, Kernel):
        return Operand(w.dtype, w.shape, True, w.values, center=w.center, factors=w.factors)
    if isinstance(w, tuple) and w and all(isinstance(f, np.ndarray | Kernel | list | tuple) for f in w):
        return _factored(w)
    return _read("w", w)


def _factored(w: tuple[Any, ...]) -> Operand:
    factors = [read_kernel(factor) for factor in w]
    for factor in factors:
        if factor.ndim != 1:
            raise errors.factor_not_one_dimensional(factor.shape)
        if factor.shape == (0,):
            raise errors.empty_kernel(factor.shape)
    arrays = [np.asarray(factor.values) for factor in factors]
    product = reduce(np.multiply.outer, arrays)
    center = None
    if any(factor.center for factor in factors):
        center = tuple(f.center[0] if f.center else (f.shape[0] - 1) // 2 for f in factors)
    weak = all(factor.weak for factor in factors)
    same = tuple(array.astype(product.dtype) for array in arrays) if product.dtype.kind in "fc" else None
    return Operand(product.dtype, product.shape, weak, product, center=center, factors=same)


def _read(argument: str, value: object) -> Operand:
    library = _NOT_BRIDGED.get(type(value).__module__.partition(".")[0])
    if library is not None:
        raise errors.not_bridged(argument, library, type(value).__name__)
    weak = not isinstance(value, np.ndarray | np.generic)
    mask = np.ma.getmaskarray(value) if isinstance(value, np.ma.MaskedArray) else None
    array = _exact_integers(value, _array(argument, value)) if weak else np.asarray(value)
    _check_numeric(argument, array)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return Operand(array.dtype, array.shape, weak, array, mask)


def _array(argument: str, value: object) -> NDArray[Any]:
    if value is None or isinstance(value, str | bytes | dict | set | frozenset):
        raise errors.not_numeric(argument, "None" if value is None else f"a {type(value).__name__}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            return np.asarray(value)
    except (ValueError, DeprecationWarning) as reason:
        if isinstance(value, Sequence):
            raise errors.ragged(argument, str(reason)) from None
        raise


def _exact_integers(value: object, array: NDArray[Any]) -> NDArray[Any]:
    """Lists of Python integers that NumPy would make float64 become object, and stay exact."""
    if array.dtype.kind != "f" or array.size == 0 or not isinstance(value, Sequence | int):
        return array
    exact = np.asarray(value, dtype=object)
    return exact if all(type(number) is int for number in exact.flat) else array


def _check_numeric(argument: str, array: NDArray[Any]) -> None:
    if array.dtype.kind in "biufc":
        return
    if array.dtype.kind != "O":
        raise errors.not_numeric(argument, f"an array of {array.dtype}")
    for number in array.flat:
        if not _is_number(number):
            raise errors.not_numeric(argument, f"an object array that holds {type(number).__name__}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | complex | Fraction | np.number) or type(value).__name__ == "Decimal"
