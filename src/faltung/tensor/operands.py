"""Reading what a layer is given: input and kernel, with or without a batch axis, and shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

from faltung.task.kernel import Kernel
from faltung.task.operand import Kind, Operand, as_operand
from faltung.task.per_axis import integer
from faltung.task.problem import Index
from faltung.task.reading import is_masked, is_weak
from faltung.tensor import errors

Array = NDArray[Any]

LAYOUT = "(O, C/groups, *kernel)"
TRANSPOSED_LAYOUT = "(C, O/groups, *kernel)"


class Operands(NamedTuple):
    """Two arrays of one layer, in the types in which they meet."""

    x: Array
    """(N, C, *space)."""
    w: Array
    batched: bool
    """Whether ``x`` came with its batch axis."""
    rounds_to: np.dtype[Any] | None = None
    """The type of results whose sums are in a wider one: bfloat16, which NumPy has from ml_dtypes alone."""

    @property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return self.w.ndim - 2

    def beside(self, bias: object) -> Operands:
        """The same, whose results a bias of a wider type makes wider."""
        if self.rounds_to is None or bias is None or is_weak(bias):
            return self
        meet = _meeting({self.rounds_to, np.asarray(bias).dtype})
        return self if meet == self.rounds_to else self._replace(rounds_to=None)

    def rounded(self, y: Array) -> Array:
        """A result in the operands' type, where sums are in single precision; a wider bias has made it wider."""
        return y if self.rounds_to is None or y.dtype != np.float32 else y.astype(self.rounds_to)

    def as_given(self, y: Array) -> Array:
        """A rounded result without the batch axis, if the input had none."""
        return self.rounded(y if self.batched else y[0])


def read_operands(x: object, w: object, layout: str = LAYOUT) -> Operands:
    """Input and kernel; the kernel's axes say how many are spatial.

    Raises
    ------
    ValueError, TypeError
        They are no arrays of numbers, or their axes fit no layer.
    """
    source, kernel = read_operand("x", x), read_operand("w", w)
    x_shape, w_shape = source.kind.shape, kernel.kind.shape
    if len(w_shape) < 2 or len(x_shape) not in (len(w_shape), len(w_shape) - 1):
        raise errors.tensor_rank(x_shape, w_shape, layout, "w.values" if isinstance(w, Kernel) else "w")
    return _together(source, kernel, len(x_shape) == len(w_shape), x, w)


def read_two_batches(x: object, gy: object, batched: bool) -> Operands:
    """An input and the gradient of its output, both with a batch axis or both without."""
    given = _together(read_operand("x", x), read_operand("gy", gy), batched, x, gy)
    return given if batched else given._replace(w=given.w[np.newaxis])


def read_two(first: str, x: object, second: str, w: object) -> Operands:
    """Two operands as they are, in the types in which they meet; halves in single precision."""
    given = _together(read_operand(first, x), read_operand(second, w), True, x, w)
    if given.x.dtype == given.w.dtype == np.float16:
        halves = (given.x.astype(np.float32), given.w.astype(np.float32))
        return given._replace(x=halves[0], w=halves[1], rounds_to=np.dtype(np.float16))
    return given


def _together(source: Operand, kernel: Operand, batched: bool, *given: object) -> Operands:
    """Python's numbers and sequences take the type of the array beside them."""
    x, w = source.kind, kernel.kind
    samples = source.astype(x.beside(w), "x").values
    weights = kernel.astype(w.beside(x), "w").values
    assert samples is not None
    assert weights is not None
    return Operands(samples if batched else samples[np.newaxis], weights, batched, _half(x, w, *given))


def _half(x: Kind, w: Kind, *given: object) -> np.dtype[Any] | None:
    """The half precision that results have, where sums have another; two of them meet in single precision."""
    if np.float16 not in (x.dtype, w.dtype) and not any(map(is_bfloat16, given)):
        return None
    strong = [np.asarray(value).dtype for value, kind in zip(given, (x, w), strict=True) if not kind.weak]
    meet = _meeting(set(strong)) if strong else None
    if meet is not None and (meet.name == "bfloat16" or (meet == np.float16 and len(strong) == 1)):
        return meet
    return None


def _meeting(dtypes: set[np.dtype[Any]]) -> np.dtype[Any]:
    """NumPy's promotion, which ends where the two half precisions meet: in single, as PyTorch and JAX have it."""
    if {"float16", "bfloat16"} <= {dtype.name for dtype in dtypes}:
        dtypes = {np.dtype(np.float32), *(dtype for dtype in dtypes if dtype.name != "bfloat16")}
    return np.result_type(*dtypes)


def read_operand(argument: str, value: object) -> Operand:
    """One array; TypeError for what is none, ValueError for masked ones."""
    if is_masked(value):
        raise errors.not_for_tensors(f"a masked array as {argument}", "a layer has no missing samples; fill them first")
    if isinstance(value, Kernel):
        return Operand(Kind(value.dtype, value.shape, weak=True), value.values)
    if isinstance(value, str):
        raise errors.shape_for_numbers(argument, value)
    if is_bfloat16(value):
        value = value.astype(np.float32)  # in which it would be summed
    return as_operand(argument, value)


def is_bfloat16(value: object) -> TypeGuard[Array]:
    """Whether that is an array of the type that NumPy has from ml_dtypes alone."""
    # NumPy spells out a type's name in a microsecond, and has few types of kind V.
    return isinstance(value, np.ndarray) and value.dtype.kind == "V" and value.dtype.name == "bfloat16"


def read_shape(argument: str, value: object) -> Index:
    """A shape: a sequence of lengths of at least 0."""
    if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str) or np.ndim(value) != 1:
        raise errors.not_a_shape(argument, value)
    lengths = tuple(integer(argument, length) for length in value)
    if any(length < 0 for length in lengths):
        raise errors.not_a_shape(argument, value)
    return lengths
