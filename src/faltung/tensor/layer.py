"""A layer: an operation with its options, one for each spatial axis, and the Problem it means."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypedDict, TypeVar

import numpy as np

from faltung import errors
from faltung.meaning import boundary as boundaries
from faltung.meaning import extent, numbers
from faltung.meaning.boundary import Boundary
from faltung.meaning.extent import OPERATIONS, Operation
from faltung.task.describe import PROBLEMS_REMEMBERED, accuracy_of, fill_value_as, frozen_words
from faltung.task.per_axis import REACH_LIMIT, each, integer, step
from faltung.task.problem import Index, Problem
from faltung.tensor import errors as layer_errors
from faltung.tensor import padding as paddings
from faltung.tensor.padding import Axis, Padding, Sides, Word

Integers = int | Sequence[int]
Boundaries = Boundary | Sequence[Boundary]
DType = np.dtype[Any]
Function = TypeVar("Function", bound=Callable[..., Any])


class Options(NamedTuple):
    """The parameters of `faltung.tensor.convolve` that decide which sum, as the user gave them."""

    stride: Integers = 1
    padding: Padding = 0
    dilation: Integers = 1
    groups: int = 1
    input_dilation: Integers = 1
    boundary: Boundaries = "constant"
    fill_value: complex = 0
    accuracy: str | float = "norm"


class TransposedWords(TypedDict, total=False):
    """What can be said of a transposed layer by name; the help of `correlate_transposed` says what it means."""

    bias: Any
    stride: Integers
    padding: Padding
    output_padding: Integers
    dilation: Integers
    groups: int
    boundary: Boundaries
    method: str
    accuracy: str | float
    threads: int | None


class UngroupedWords(TypedDict, total=False):
    """What can be said by name of a layer whose groups follow from its kernels; the help of `convolve` says
    what it means.
    """

    stride: Integers
    padding: Padding
    dilation: Integers
    boundary: Boundaries
    fill_value: complex
    method: str
    accuracy: str | float
    threads: int | None


class LinearWords(UngroupedWords, total=False):
    """What can be said of any layer without bias."""

    groups: int
    input_dilation: Integers


class Words(LinearWords, total=False):
    """The same, and the bias."""

    bias: Any


class Said(NamedTuple):
    """The words that were said, sorted by what they decide; those that were not, by default."""

    options: Options
    bias: Any
    method: str
    threads: int | None
    output_padding: Integers


_UNSAID: dict[str, Any] = {
    **Options()._asdict(),
    "bias": None,
    "method": "auto",
    "threads": None,
    "output_padding": 0,
}


def read_words(function: str, words: Mapping[str, Any], known: Any = Words) -> Said:
    """The words sorted; TypeError, as Python has it, for one that the function does not know."""
    if not words.keys() <= known.__annotations__.keys():
        unknown = next(word for word in words if word not in known.__annotations__)
        raise TypeError(f"{function}() got an unexpected keyword argument {unknown!r}")
    said = {**_UNSAID, **words}
    return Said(Options._make(map(said.__getitem__, Options._fields)), *map(said.__getitem__, Said._fields[1:]))


def spelled_out(words: type[Any]) -> Callable[[Function], Function]:
    """The same function, for whose help the words that it takes stand one by one, with their defaults."""

    def decorated(function: Function) -> Function:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind != inspect.Parameter.VAR_KEYWORD]
        order = [word for word in _UNSAID if word in words.__annotations__]
        named = [
            inspect.Parameter(
                word, inspect.Parameter.KEYWORD_ONLY, default=_UNSAID[word], annotation=_written(words, word)
            )
            for word in order
        ]
        function.__signature__ = signature.replace(parameters=own + named)  # type: ignore[attr-defined]
        return function

    return decorated


def _written(words: type[Any], word: str) -> str:
    """A word's annotation as it stands in the source."""
    annotation = words.__annotations__[word]
    return str(getattr(annotation, "__forward_arg__", annotation))


class Layer(NamedTuple):
    """An operation and its checked options; the values play no part."""

    operation: Operation
    stride: Index
    padding: tuple[Word | Sides, ...]
    dilation: Index
    groups: int
    input_dilation: Index
    boundary: tuple[Boundary, ...]
    fill_value: complex
    accuracy: str | float

    def problem(self, x: DType, x_shape: Index, w: DType, w_shape: Index) -> Problem:
        """The Problem for an input (N, C, *space) and a kernel (O, C/groups, *kernel).

        Raises
        ------
        ValueError
            The channels do not match, or there is no output.
        """
        try:
            return _problem_remembered(self, self.fill_value, x, x_shape, w, w_shape)
        except TypeError:
            return self._problem(x, x_shape, w, w_shape)  # an unhashable fill value, or the error itself

    def _problem(self, x: DType, x_shape: Index, w: DType, w_shape: Index) -> Problem:
        self.check_channels(x_shape, w_shape)
        if 0 in x_shape[2:]:
            raise layer_errors.no_samples(x_shape)
        if 0 in w_shape:
            raise errors.empty_kernel(w_shape)
        axes = self.axes(x_shape[2:], w_shape[2:])
        boxes = [self._box(i, axis) for i, axis in enumerate(axes)]
        problem = Problem(
            operation=self.operation,
            input_dtype=x,
            input_shape=x_shape[2:],
            kernel_dtype=w,
            kernel_shape=w_shape[2:],
            result_dtype=numbers.result_type(x, w),
            center=self._centers(w_shape[2:]),
            stride=self.stride,
            dilation=self.dilation,
            input_dilation=self.input_dilation,
            low=tuple(low for low, _ in boxes),
            length=tuple(length for _, length in boxes),
            boundary=self.boundary,
            batch=x_shape[0],
            channels=x_shape[1],
            filters=w_shape[0],
            groups=self.groups,
            accuracy=self.accuracy,
        )
        return self._with_fill_value(problem)

    def axes(self, space: Index, kernel: Index) -> list[Axis]:
        """What decides the outputs along each axis."""
        reaches = map(extent.reach, (self.operation,) * len(kernel), kernel, self.dilation, self._centers(kernel))
        spread = [(n - 1) * u + 1 for n, u in zip(space, self.input_dilation, strict=True)]
        axes = [Axis(n, *reach, s) for n, reach, s in zip(spread, reaches, self.stride, strict=True)]
        for axis, d in zip(axes, self.dilation, strict=True):
            if axis.span >= REACH_LIMIT:
                raise errors.too_large("dilation", d)
        return axes

    def check_channels(self, x_shape: Index, w_shape: Index) -> None:
        """ValueError unless the groups divide the channels and the kernel takes those of x."""
        channels, (filters, per_group, *kernel) = x_shape[1], w_shape
        if channels != per_group * self.groups:
            if channels % self.groups:
                raise layer_errors.groups_do_not_divide(self.groups, "channels of x", channels)
            x_expected = (x_shape[0], per_group * self.groups, *x_shape[2:])
            w_expected = (filters, channels // self.groups, *kernel)
            raise layer_errors.channels_differ(x_shape, w_shape, self.groups, x_expected, w_expected)
        if filters % self.groups:
            raise layer_errors.groups_do_not_divide(self.groups, "filters of w", filters)

    def _centers(self, kernel: Index) -> Index:
        return tuple(extent.default_center(self.operation, k) for k in kernel)

    def _box(self, i: int, axis: Axis) -> tuple[int, int]:
        low, length = paddings.box(self.padding[i], axis)
        if length < 1:
            raise layer_errors.no_output(i, axis.span + 1, axis.n, paddings.sides(self.padding[i], axis))
        return low, length

    def _with_fill_value(self, problem: Problem) -> Problem:
        fill = fill_value_as(self.fill_value, problem)
        if fill != 0 and "constant" not in problem.boundary:
            raise errors.fill_value_without_constant(self.fill_value, ",".join(problem.boundary))
        return problem.with_fill_value(fill)


# By the fill value's type as well: 0 and 0j are equal.
@functools.lru_cache(maxsize=PROBLEMS_REMEMBERED, typed=True)
def _problem_remembered(layer: Layer, _fill: Any, x: DType, x_shape: Index, w: DType, w_shape: Index) -> Problem:
    return layer._problem(x, x_shape, w, w_shape)


def read_layer(operation: Any, ndim: int, options: Options) -> Layer:
    """The layer that the user's words mean on ``ndim`` spatial axes.

    Raises
    ------
    ValueError, TypeError, OverflowError
        They mean none; the message says which, and the mend.
    """
    frozen = frozen_words(options)
    if frozen is None:
        return _read_layer(operation, ndim, options)
    words, types_within = frozen
    try:
        return _layer_remembered(operation, ndim, types_within, *words)
    except (TypeError, ValueError, OverflowError):
        return _read_layer(operation, ndim, options)  # the same error, in the user's own words


@functools.lru_cache(maxsize=PROBLEMS_REMEMBERED, typed=True)
def _layer_remembered(operation: Any, ndim: int, _types_within: Any, *words: Any) -> Layer:
    return _read_layer(operation, ndim, Options._make(words))


def _read_layer(operation: Any, ndim: int, options: Options) -> Layer:
    if operation not in OPERATIONS:
        raise errors.unknown_word("operation", operation, OPERATIONS)
    fill = options.fill_value
    if hasattr(fill, "ndim") and not isinstance(fill, np.ndarray | np.generic):
        mend = "it is part of the layer, and has no derivative; give a number, such as float(fill_value)"
        raise layer_errors.not_for_tensors(f"a {type(fill).__name__} as fill_value", mend)
    count = integer("groups", options.groups)
    if count < 1:
        raise errors.below_one("groups", count)
    return Layer(
        operation=operation,
        stride=each("stride", options.stride, ndim, step("stride")),
        padding=paddings.read(options.padding, ndim),
        dilation=each("dilation", options.dilation, ndim, step("dilation")),
        groups=count,
        input_dilation=each("input_dilation", options.input_dilation, ndim, step("input_dilation")),
        boundary=each("boundary", options.boundary, ndim, _linear_boundary),
        fill_value=options.fill_value,
        accuracy=accuracy_of(options.accuracy),
    )


def _linear_boundary(value: object) -> Boundary:
    boundary = boundaries.check(value)
    if boundary == "normalize":
        raise layer_errors.normalize_is_for_given_kernels()
    return boundary
