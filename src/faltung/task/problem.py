"""The Problem: which sum, as one frozen value that prints as a line and parses back from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from faltung.meaning import extent, numbers, rounding
from faltung.meaning.boundary import Boundary
from faltung.meaning.definition import Sum
from faltung.meaning.extent import Operation
from faltung.task.structure import UNKNOWN, Structure

Index = tuple[int, ...]
_NO_TYPE = np.dtype("V")


@dataclass(frozen=True, slots=True)
class Problem:
    """Which sum `faltung.meaning.definition` defines, and nothing about how it was asked for.

    Shapes and per-axis parameters count spatial axes only; batch, channels, filters (output
    channels) and groups stand apart. Modes, paddings and centres are ways to say the box
    ``(low, length)``, in undecimated input positions.
    """

    operation: Operation
    input_dtype: np.dtype[Any]
    input_shape: Index
    kernel_dtype: np.dtype[Any]
    kernel_shape: Index
    result_dtype: np.dtype[Any]
    center: Index = field(compare=False)
    stride: Index
    dilation: Index
    input_dilation: Index
    low: Index = field(compare=False)
    length: Index
    boundary: tuple[Boundary, ...]
    fill_value: Any = 0
    batch: int = 1
    channels: int = 1
    filters: int = 1
    groups: int = 1
    omit: bool = False
    accuracy: str | float = "norm"
    structure: Structure = UNKNOWN
    _first: Index = field(default=(), init=False, repr=False)
    """Where output 0 meets tap 0: all that centre and low end mean for the sum."""
    _hash: int = field(default=0, init=False, repr=False, compare=False)
    compute_dtype: np.dtype[Any] = field(default=_NO_TYPE, init=False, repr=False, compare=False)
    """The type in which an algorithm sums: double precision where ``accuracy`` asks for it."""
    renormalise: bool = field(default=False, init=False, repr=False, compare=False)
    """Whether sums are scaled up by the weights present."""

    def __post_init__(self) -> None:
        sign = 1 if self.operation == "convolve" else -1
        axes = zip(self.low, self.center, self.dilation, strict=True)
        object.__setattr__(self, "_first", tuple(r + sign * d * m for r, m, d in axes))
        types = self.input_dtype, self.kernel_dtype, self.result_dtype
        compute = numbers.compute_type(*types)
        if isinstance(self.accuracy, float):
            compute = rounding.sharp_type(self.products, compute, self.result_dtype, self.accuracy)
        object.__setattr__(self, "compute_dtype", compute)
        object.__setattr__(self, "renormalise", self.omit or "normalize" in self.boundary)
        # Once: a Problem is looked up several times in a call, and twenty fields take a while.
        compared = tuple(getattr(self, name) for name in _COMPARED)
        object.__setattr__(self, "_hash", hash(compared))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        return Problem.parse, (str(self),)  # a hash is its process's own

    def __str__(self) -> str:
        from faltung.task.line import write

        return write(self)

    @classmethod
    def parse(cls, line: str) -> Problem:
        """The Problem that ``line`` describes, e.g. ``convolve x=f32[64] w=f32[5] mode=same``.

        Raises
        ------
        ValueError, TypeError
            The line cannot be read, or describes no problem.
        """
        from faltung.task.line import read

        return read(line)

    @property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return len(self.input_shape)

    @property
    def taps(self) -> int:
        """Terms that one output sums at most."""
        return self.channels // self.groups * math.prod(self.kernel_shape)

    @property
    def products(self) -> int:
        """Products whose magnitudes bound a sum's error. Each part of a complex sum of n products adds
        2 n real ones, whose magnitudes sum to at most those of the complex products (Cauchy and Schwarz).
        """
        return self.taps * (2 if self.input_dtype.kind == self.kernel_dtype.kind == "c" else 1)

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return self.batch * self.filters * math.prod(self.length)

    @property
    def plain(self) -> bool:
        """One batch, one channel in and out, no input dilation: what arrays ask for."""
        return self.batch == self.channels == self.filters == 1 and not any(u > 1 for u in self.input_dilation)

    @property
    def sum(self) -> Sum:
        """The parameters of the equation, for the definition."""
        return Sum(
            self.operation,
            self.center,
            self.stride,
            self.dilation,
            self.input_dilation,
            self.low,
            self.length,
            self.boundary,
            self.fill_value,
            self.groups,
            self.renormalise,
        )

    def reach(self) -> tuple[tuple[int, int], ...]:
        """First and last input position, per axis, that output position 0 reads (box aside)."""
        return tuple(
            extent.reach(self.operation, k, d, m)
            for k, d, m in zip(self.kernel_shape, self.dilation, self.center, strict=True)
        )

    def with_box(self, low: Index, length: Index) -> Problem:
        """The same sum over another box."""
        return replace(self, low=low, length=length)

    def with_fill_value(self, value: complex) -> Problem:
        """The same sum, with another constant beyond the edges."""
        return replace(self, fill_value=value)

    def with_structure(self, structure: Structure) -> Problem:
        """The same sum, with facts of its kernel."""
        return replace(self, structure=structure)

    def touched(self) -> tuple[tuple[int, int], ...]:
        """Lowest input index, per axis, that outputs read, and how many from there on.

        Indices lie outside ``0 .. n-1`` where the boundary is read; in undilated input steps.
        With an input dilation the span may be longer than what is read, never shorter.
        """
        spans = []
        for (first, last), s, u, r, count in zip(
            self.reach(), self.stride, self.input_dilation, self.low, self.length, strict=True
        ):
            low = -(-(r + first) // u)
            high = (r + s * (count - 1) + last) // u
            spans.append((low, max(high - low + 1, 0) if count else 0))
        return tuple(spans)

    def input_gradient(self) -> Problem:
        """The Problem that takes the output's gradient and gives the input's.

        Convolution and correlation change places, as do stride and input dilation, channels
        and filters; the box is the input's, or under a boundary other than ``constant`` all
        that the forward pass reads: `faltung.meaning.gradient.fold` then adds what lies
        beyond the edges to the samples that it was read from.

        Its kernel is the forward kernel with input and output channels exchanged
        (`faltung.meaning.gradient.exchange_channels`).
        """
        beyond = any(boundary != "constant" for boundary in self.boundary)
        spans = self.touched() if beyond else tuple((0, n) for n in self.input_shape)
        return replace(
            self,
            operation="correlate" if self.operation == "convolve" else "convolve",
            input_dtype=self.result_dtype,
            input_shape=self.length,
            stride=self.input_dilation,
            input_dilation=self.stride,
            low=tuple(u * at - r for u, (at, _), r in zip(self.input_dilation, spans, self.low, strict=True)),
            length=tuple(count for _, count in spans),
            boundary=tuple("constant" for _ in self.boundary),
            fill_value=0,
            channels=self.filters,
            filters=self.channels,
            omit=False,
            structure=UNKNOWN,
        )

    def kernel_gradient(self) -> Problem:
        """The Problem that takes the input and the output's gradient and gives the kernel's.

        Always a correlation; for ``convolve`` the gradient is its flipped conjugate. Stride
        and dilation change places, batch and channels too
        (`faltung.meaning.gradient.batch_as_channels`).
        """
        first = tuple(first for first, _ in self.reach())
        return replace(
            self,
            operation="correlate",
            kernel_dtype=self.result_dtype,
            kernel_shape=self.length,
            center=(0,) * self.ndim,
            stride=self.dilation,
            dilation=self.stride,
            low=tuple(r + at for r, at in zip(self.low, first, strict=True)),
            length=self.kernel_shape,
            batch=self.channels // self.groups,
            channels=self.groups * self.batch,
            omit=False,
            structure=UNKNOWN,
        )


_COMPARED = tuple(named.name for named in fields(Problem) if named.compare)
