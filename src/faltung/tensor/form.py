"""A layer as one form that is linear in three arguments, for libraries that differentiate.

A layer y = A(x, w) is linear in x and in w, so with the gradient g of its output ``<g, A(x, w)>``
is linear in each of the three. Its derivatives are the layer itself (by g), the gradient of the
input (by x) and the gradient of the kernels (by w); the derivatives of these are the others
again. So these three are all that derivatives of any order need.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from faltung import errors as faltung_errors
from faltung import settings
from faltung.meaning import numbers
from faltung.meaning.boundary import Boundary
from faltung.meaning.extent import Operation
from faltung.planner.table import METHODS
from faltung.task.problem import Problem
from faltung.tensor import errors
from faltung.tensor.feature_map import feature_map
from faltung.tensor.gradients import adjoint, kernel_adjoint
from faltung.tensor.layer import Layer, Said, read_layer
from faltung.tensor.operands import LAYOUT, TRANSPOSED_LAYOUT

Array = NDArray[Any]
DType = np.dtype[Any]
Shape = tuple[int, ...]


class Form(NamedTuple):
    """A layer, and how to compute it, on arrays with a batch axis.

    All three serve a gy shorter than the output, too: one whose last entries are 0. That is
    what a transposed layer has whose output padding exceeds the stride.
    """

    layer: Layer
    method: str
    threads: int | None

    def output(self, x: Array, w: Array, shape: Shape | None = None) -> Array:
        """A(x, w), or so much of it."""
        problem = self.layer.problem(x.dtype, x.shape, w.dtype, w.shape)
        problem = problem if shape is None else problem.with_box(problem.low, shape[2:])
        return feature_map(problem, x, w, self.method, self.threads)

    def input_gradient(self, gy: Array, w: Array, shape: Shape) -> Array:
        """The gradient by x, of the shape that x has."""
        problem = self.layer.problem(gy.dtype, shape, w.dtype, w.shape)
        problem = problem.with_box(problem.low, gy.shape[2:])
        return adjoint(problem, gy, w, self.method, self.threads)

    def kernel_gradient(self, x: Array, gy: Array, shape: Shape) -> Array:
        """The gradient by w, of the shape that w has."""
        problem = self.layer.problem(x.dtype, x.shape, gy.dtype, shape)
        problem = problem.with_box(problem.low, gy.shape[2:])
        return kernel_adjoint(problem, x, gy, self.method, self.threads)

    def problem(self, scalar: type[complex], x: Shape, w: Shape, length: Shape | None = None) -> Problem:
        """The layer's Problem for operands of these shapes and such numbers, ``complex``, ``float`` or
        ``int``; ``length`` where it does not follow from them.
        """
        dtype = np.dtype(scalar)
        problem = self.layer.problem(dtype, tuple(x), dtype, tuple(w))
        return problem if length is None else problem.with_box(problem.low, tuple(length))

    @property
    def inside(self) -> Form:
        """For an input that is continued already."""
        ndim = len(self.layer.stride)
        constant: Boundary = "constant"
        layer = self.layer._replace(padding=((0, 0),) * ndim, boundary=(constant,) * ndim, fill_value=0)
        return self._replace(layer=layer._replace(input_dilation=(1,) * ndim))

    @property
    def linear(self) -> Form:
        """Without what the fill value adds, which does not depend on x."""
        return self._replace(layer=self.layer._replace(fill_value=0))

    def side_by_side(self, count: int) -> Form:
        """So many layers at once: as many groups more."""
        return self._replace(layer=self.layer._replace(groups=self.layer.groups * count))


def in_type(values: Array, dtype: DType) -> Array:
    """``values`` in the type that another library gives its results.

    Raises
    ------
    OverflowError
        An exact integer does not fit.
    """
    if values.dtype == dtype:
        return values
    if numbers.is_integral(dtype) and values.size:
        low, high = numbers.integer_range(dtype)
        if int(values.min()) < low or int(values.max()) > high:
            raise errors.beyond_operands_type(str(dtype))
    with np.errstate(over="ignore"):
        return values.astype(dtype, copy=False)


def check_computing(method: object, threads: object, vendor: str) -> None:
    """ValueError or TypeError unless ``method`` is an algorithm's name or ``vendor``, and ``threads`` a count."""
    if method != vendor and method not in METHODS:
        raise faltung_errors.unknown_word("method", method, (*METHODS, vendor))
    if threads is not None:
        settings.checked_threads(threads)


def read_form(operation: Operation, x: Shape, w: Shape, said: Said, transposed: bool, vendor: str) -> Form:
    """The form that the words mean for operands of these shapes, with or without a batch axis;
    ``vendor`` is the method that is the other library's own.

    Raises
    ------
    ValueError, TypeError
        Their axes fit no layer, or an option makes no sense.
    """
    if len(w) < 2 or len(x) not in (len(w), len(w) - 1):
        raise errors.tensor_rank(x, w, TRANSPOSED_LAYOUT if transposed else LAYOUT)
    check_computing(said.method, said.threads, vendor)
    return Form(read_layer(operation, len(w) - 2, said.options), said.method, said.threads)
