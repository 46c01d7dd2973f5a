"""Reading the operands: arrays, numbers, sequences, kernels, or a type and shape alone."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import reduce
from typing import Any, NamedTuple

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


class Weights(NamedTuple):
    """A kernel's values, (1, 1, *kernel), and their factors: terms of one 1-D array per axis
    of x, whose outer products sum to the values.
    """

    values: NDArray[Any]
    terms: tuple[Term, ...] | None = None

    @property
    def rank(self) -> int | None:
        """How many terms, where they are known."""
        return None if self.terms is None else len(self.terms)


class Kind(NamedTuple):
    """What decides types and shapes: all of an operand but its values."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    weak: bool = False
    """Python numbers, sequences and Kernels take the floating type of the array beside them."""
    masked: bool = False
    center: tuple[int, ...] | None = None
    exact: str | None = None
    """'Decimal', 'Fraction', 'float' or 'int': what an object array holds; 'float' for floating ones."""

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def beside(self, strong: Kind) -> np.dtype[Any]:
        """The type that this weak operand takes beside a strong one: float64 beside integers.

        A half-precision neighbour makes it float32, in which such sums are computed, so that
        no weight is rounded more than it must be.
        """
        kinds = {self.dtype.kind, strong.dtype.kind}
        if "O" in kinds or kinds <= set("biu"):
            return self.dtype
        floating = np.dtype(np.float64) if numbers.is_integral(strong.dtype) else numbers.real_type(strong.dtype)
        floating = np.result_type(floating, np.float32)
        return np.result_type(floating, np.complex64) if self.dtype.kind == "c" else floating


class Operand(NamedTuple):
    """An input or kernel: its kind, and its values unless only type and shape are known."""

    kind: Kind
    values: NDArray[Any] | None = None
    mask: NDArray[np.bool_] | None = None
    factors: Term | None = None

    def astype(self, dtype: np.dtype[Any]) -> Operand:
        """The same operand with its values in ``dtype``."""
        if self.values is None or self.kind.dtype == dtype:
            return self
        factors = None if self.factors is None else tuple(factor.astype(dtype) for factor in self.factors)
        return self._replace(kind=self.kind._replace(dtype=dtype), values=self.values.astype(dtype), factors=factors)

    def weights(self, shape: tuple[int, ...], axes: tuple[int, ...]) -> Weights:
        """The kernel laid along ``axes`` of the input: ``shape`` is 1 elsewhere."""
        assert self.values is not None
        values = self.values if axes == tuple(sorted(axes)) else self.values.transpose(np.argsort(axes))
        values = values.reshape(1, 1, *shape)
        if self.factors is None:
            return Weights(values)
        term = [np.ones(1, self.kind.dtype) for _ in shape]
        for axis, factor in zip(axes, self.factors, strict=True):
            term[axis] = factor
        return Weights(values, (tuple(term),))


def read_input(x: object) -> Operand:
    """The input as an Operand; a string such as ``"f32[2048,2048]"`` gives type and shape alone."""
    if isinstance(x, str) and "[" in x:
        dtype, shape, outer, _ = array_spec(x)
        if outer is not None:
            raise errors.not_numeric("x", f"a tensor with batch and channels ({x})")
        return Operand(Kind(dtype, shape))
    return read_array("x", x)


def read_kernel(w: object) -> Operand:
    """The kernel as an Operand; a tuple of 1-D kernels is the factored kernel of their product."""
    if isinstance(w, str) and "[" in w:
        dtype, shape, outer, center = array_spec(w)
        if outer is not None:
            raise errors.not_numeric("w", f"a tensor with filters and channels ({w})")
        return Operand(Kind(dtype, shape, center=center))
    if isinstance(w, np.ma.MaskedArray):
        raise errors.masked_kernel()
    if isinstance(w, Kernel):
        return Operand(Kind(w.dtype, w.shape, weak=True, center=w.center), w.values, factors=w.factors)
    if isinstance(w, tuple) and w and all(isinstance(f, np.ndarray | Kernel | list | tuple) for f in w):
        return _factored(w)
    return read_array("w", w)


def _factored(w: tuple[Any, ...]) -> Operand:
    factors = [read_kernel(factor) for factor in w]
    kinds = [factor.kind for factor in factors]
    for kind in kinds:
        if kind.ndim != 1:
            raise errors.factor_not_one_dimensional(kind.shape)
        if kind.shape == (0,):
            raise errors.empty_kernel(kind.shape)
    arrays = [np.asarray(factor.values) for factor in factors]
    product = reduce(np.multiply.outer, arrays)
    center = None
    if any(kind.center for kind in kinds):
        center = tuple(kind.center[0] if kind.center else (kind.shape[0] - 1) // 2 for kind in kinds)
    same = tuple(array.astype(product.dtype) for array in arrays) if product.dtype.kind in "fc" else None
    weak = all(kind.weak for kind in kinds)
    return Operand(Kind(product.dtype, product.shape, weak, center=center), product, factors=same)


def read_array(argument: str, value: object) -> Operand:
    """An array, or what becomes one, as an Operand in native byte order; TypeError for others."""
    library = _NOT_BRIDGED.get(type(value).__module__.partition(".")[0])
    if library is not None:
        raise errors.not_bridged(argument, library, type(value).__name__)
    weak = not isinstance(value, np.ndarray | np.generic)
    mask = np.ma.getmaskarray(value) if isinstance(value, np.ma.MaskedArray) else None
    array = _exact_integers(value, _array(argument, value)) if weak else np.asarray(value)
    _check_numeric(argument, array)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    kind = Kind(array.dtype, array.shape, weak, mask is not None, exact=_exact_kind(array))
    return Operand(kind, array, mask)


def _exact_kind(array: NDArray[Any]) -> str | None:
    if array.dtype.kind != "O":
        return "float" if array.dtype.kind in "fc" else None
    names = {type(value).__name__ for value in array.flat}
    return next((name for name in ("Decimal", "Fraction", "float") if name in names), "int")


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
    # By name, so that neither is imported for those who do not use it.
    return isinstance(value, int | float | complex | np.number) or type(value).__name__ in ("Fraction", "Decimal")
