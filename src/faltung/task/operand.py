"""Reading the operands: arrays, numbers, sequences, kernels, or a type and shape alone."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from faltung import errors
from faltung.meaning import numbers
from faltung.task.array_word import array_spec
from faltung.task.kernel import Kernel, outer_product
from faltung.task.reading import described, is_masked, is_weak, read_array

# Types that need no reading: arrays of them are operands as they stand.
_AS_THEY_ARE = frozenset(map(np.dtype, "?bBhHiIlLqQefdgFDG"))
_FLOATING = {"f": "float", "c": "complex"}
Term = tuple[NDArray[Any], ...]


class Weights(NamedTuple):
    """A kernel's values, (1, 1, *kernel), and their factors: terms of one 1-D array per axis
    of x, whose outer products sum to the values.
    """

    values: NDArray[Any]
    terms: tuple[Term, ...] | None = None


class Kind(NamedTuple):
    """What decides types and shapes: all of an operand but its values."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    weak: bool = False
    """Python numbers, sequences and Kernels take the floating type of the array beside them."""
    masked: bool = False
    center: tuple[int, ...] | None = None
    exact: str | None = None
    """'Decimal', 'Fraction', 'complex', 'float' or 'int': what an object array holds; floating and
    complex arrays as Python's numbers."""

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def beside(self, other: Kind) -> np.dtype[Any]:
        """The type that this operand is read in: a weak one takes that of a strong one beside it."""
        return numbers.weak_type(self.dtype, other.dtype) if self.weak and not other.weak else self.dtype


class Operand(NamedTuple):
    """An input or kernel: its kind, and its values unless only type and shape are known."""

    kind: Kind
    values: NDArray[Any] | None = None
    mask: NDArray[np.bool_] | None = None
    factors: Term | None = None

    def astype(self, dtype: np.dtype[Any], argument: str) -> Operand:
        """The same operand with its values in ``dtype``; ValueError if that does not hold them."""
        if self.values is None or self.kind.dtype == dtype:
            return self
        try:
            with np.errstate(over="raise"):
                values = self.values.astype(dtype)
                factors = None if self.factors is None else tuple(factor.astype(dtype) for factor in self.factors)
        except (OverflowError, FloatingPointError):
            raise errors.values_do_not_fit(argument, str(dtype)) from None
        return self._replace(kind=self.kind._replace(dtype=dtype), values=values, factors=factors)

    def weights(self, shape: tuple[int, ...], axes: tuple[int, ...]) -> Weights:
        """The kernel laid along ``axes`` of the input: ``shape`` is 1 elsewhere."""
        assert self.values is not None
        order = _order(axes)
        values = (self.values if order is None else self.values.transpose(order)).reshape(1, 1, *shape)
        if self.factors is None:
            return Weights(values)
        term = [np.ones(1, self.kind.dtype) for _ in shape]
        for axis, factor in zip(axes, self.factors, strict=True):
            term[axis] = factor
        return Weights(values, (tuple(term),))


@functools.lru_cache(maxsize=64)
def _order(axes: tuple[int, ...]) -> tuple[int, ...] | None:
    """The kernel's axes in the order of the input's, where that is another."""
    order = tuple(sorted(range(len(axes)), key=axes.__getitem__))
    return order if order != tuple(range(len(axes))) else None


def read_input(x: object) -> Operand:
    """The input as an Operand; a string such as ``"f32[2048,2048]"`` gives type and shape alone."""
    if isinstance(x, str) and "[" in x:
        dtype, shape, outer, _ = _spec("x", x)
        if outer is not None:
            raise errors.not_numeric("x", f"a tensor with batch and channels ({x})")
        return Operand(Kind(dtype, shape))
    return as_operand("x", x)


def read_kernel(w: object) -> Operand:
    """The kernel as an Operand; a tuple of 1-D kernels is the factored kernel of their product."""
    if type(w) is np.ndarray:
        return as_operand("w", w)
    if isinstance(w, str) and "[" in w:
        dtype, shape, outer, center = _spec("w", w)
        if outer is not None:
            raise errors.not_numeric("w", f"a tensor with filters and channels ({w})")
        return Operand(Kind(dtype, shape, center=center))
    if is_masked(w):
        raise errors.masked_kernel()
    if isinstance(w, Kernel):
        return Operand(Kind(w.dtype, w.shape, weak=True, center=w.center), w.values, factors=w.factors)
    if isinstance(w, tuple) and any(isinstance(factor, np.ndarray | Kernel) for factor in w):
        return _factored(w)
    if isinstance(w, tuple) and any(isinstance(factor, list | tuple) for factor in w):
        raise errors.tuple_of_sequences(w)
    return as_operand("w", w)


def _spec(argument: str, text: str) -> tuple[np.dtype[Any], tuple[int, ...], Any, tuple[int, ...] | None]:
    try:
        return array_spec(text)
    except ValueError:
        raise errors.not_numeric(argument, described(text)) from None


def _factored(w: tuple[Any, ...]) -> Operand:
    factors = [read_kernel(factor) for factor in w]
    if any(factor.values is None for factor in factors):
        raise errors.shape_alone("w")
    kinds = [factor.kind for factor in factors]
    for kind in kinds:
        if kind.ndim != 1:
            raise errors.factor_not_one_dimensional(kind.shape)
        if kind.shape == (0,):
            raise errors.empty_kernel(kind.shape)
    arrays = tuple(np.asarray(factor.values) for factor in factors)
    product = outer_product(arrays)
    center = None
    if any(kind.center for kind in kinds):
        center = tuple(kind.center[0] if kind.center else (kind.shape[0] - 1) // 2 for kind in kinds)
    same = tuple(array.astype(product.dtype) for array in arrays) if product.dtype.kind in "fc" else None
    weak = all(kind.weak for kind in kinds)
    return Operand(Kind(product.dtype, product.shape, weak, center=center), product, factors=same)


def as_operand(argument: str, value: object) -> Operand:
    """An array, or what becomes one, as an Operand; TypeError for others."""
    if type(value) is np.ndarray and value.dtype in _AS_THEY_ARE:
        return Operand(_array_kind(value.dtype, value.shape), value)
    mask = np.ma.getmaskarray(value) if is_masked(value) else None
    array = read_array(argument, value)
    kind = Kind(array.dtype, array.shape, is_weak(value), mask is not None, exact=_exact_kind(argument, array))
    return Operand(kind, array, mask)


@functools.lru_cache(maxsize=512)
def _array_kind(dtype: np.dtype[Any], shape: tuple[int, ...]) -> Kind:
    return Kind(dtype, shape, exact=_FLOATING.get(dtype.kind))


def _exact_kind(argument: str, array: NDArray[Any]) -> str | None:
    if array.dtype.kind != "O":
        return _FLOATING.get(array.dtype.kind)
    names = {type(value).__name__ for value in array.flat}
    if "Decimal" in names and names & {"Fraction", "float", "complex"}:
        raise errors.mixed_exact_within(argument, sorted(names))
    return next((name for name in ("Decimal", "Fraction", "complex", "float") if name in names), "int")
