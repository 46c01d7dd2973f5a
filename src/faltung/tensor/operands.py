"""Reading what a layer is given: input and kernel, with or without a batch axis, and shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from faltung.task.operand import Operand, as_operand
from faltung.task.per_axis import integer
from faltung.task.problem import Index
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

    @property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return self.w.ndim - 2

    def as_given(self, y: Array) -> Array:
        """A result without the batch axis, if the input had none."""
        return y if self.batched else y[0]


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
        raise errors.tensor_rank(x_shape, w_shape, layout)
    return _together(source, kernel, len(x_shape) == len(w_shape))


def read_two_batches(x: object, gy: object, batched: bool) -> Operands:
    """An input and the gradient of its output, both with a batch axis or both without."""
    given = _together(read_operand("x", x), read_operand("gy", gy), batched)
    return given if batched else given._replace(w=given.w[np.newaxis])


def _together(source: Operand, kernel: Operand, batched: bool) -> Operands:
    """Python's numbers and sequences take the type of the array beside them."""
    x, w = source.kind, kernel.kind
    samples = source.astype(x.beside(w)).values
    weights = kernel.astype(w.beside(x)).values
    assert samples is not None
    assert weights is not None
    return Operands(samples if batched else samples[np.newaxis], weights, batched)


def read_operand(argument: str, value: object) -> Operand:
    """One array; TypeError for what is none, ValueError for masked ones."""
    if isinstance(value, np.ma.MaskedArray):
        raise errors.not_for_tensors(f"a masked array as {argument}", "a layer has no missing samples; fill them first")
    return as_operand(argument, value)


def read_shape(argument: str, value: object) -> Index:
    """A shape: a sequence of lengths of at least 0."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise errors.not_a_shape(argument, value)
    lengths = tuple(integer(argument, length) for length in value)
    if any(length < 0 for length in lengths):
        raise errors.not_a_shape(argument, value)
    return lengths
