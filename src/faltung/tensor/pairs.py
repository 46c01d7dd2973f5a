"""Reading what a kernel is fitted to: pairs of inputs and targets, each complete or masked."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung import errors, operations
from faltung.task.operand import as_operand
from faltung.task.problem import Index
from faltung.tensor import errors as layer_errors
from faltung.tensor.continuation import continued
from faltung.tensor.layer import Layer

Array = NDArray[Any]


@dataclass(frozen=True)
class Pair:
    """One input that goes on beyond its edges as far as is read, and its targets.

    Attributes
    ----------
    x
        (N, C, *space), each spatial axis longer by the kernel's reach.
    y
        (N, O, *space), 0 where the output does not count.
    present
        Which outputs count, (N, O, *space); None if all do.
    plain
        Whether both came without channels.
    """

    x: Array
    y: Array
    present: NDArray[np.bool_] | None
    plain: bool

    @property
    def space(self) -> Index:
        """Lengths of the spatial axes of the outputs."""
        return self.y.shape[2:]

    @property
    def outputs(self) -> int:
        """How many outputs of a channel count."""
        return math.prod(self.y[:, 0].shape) if self.present is None else int(self.present[:, 0].sum())

    def only(self, o: int) -> Pair:
        """The pair with one output channel."""
        at = slice(o, o + 1)
        return replace(self, y=self.y[:, at], present=None if self.present is None else self.present[:, at])


def read_pairs(inputs: object, targets: object, kernel: Index, layer: Layer) -> list[Pair]:
    """The pairs, with batch and channel axes whatever they came with.

    Raises
    ------
    ValueError, TypeError
        They are no numbers, not finite, or do not match; the message names the shapes.
    """
    xs, ys = _several(inputs), _several(targets)
    if len(xs) != len(ys):
        raise layer_errors.pairs_differ(f"{len(xs)} inputs", f"{len(ys)} targets", "as many of each")
    pairs = [_pair(x, y, kernel, layer) for x, y in zip(xs, ys, strict=True)]
    if len({(pair.x.shape[1], pair.y.shape[1], pair.plain) for pair in pairs}) > 1:
        shapes = " and ".join(str(np.shape(x)) for x in xs)
        raise layer_errors.pairs_differ(f"inputs of shapes {shapes}", "each other", "the same channels in each pair")
    dtype = np.result_type(*(each.dtype for pair in pairs for each in (pair.x, pair.y)))
    return [replace(pair, x=pair.x.astype(dtype, copy=False), y=pair.y.astype(dtype, copy=False)) for pair in pairs]


def in_units(pairs: list[Pair]) -> tuple[list[Pair], float, float]:
    """The pairs divided by powers of two near their largest magnitudes, whose squares no float
    holds if they are extreme; and these powers.
    """
    x_unit, y_unit = _unit([pair.x for pair in pairs]), _unit([pair.y for pair in pairs])
    return [replace(pair, x=pair.x / x_unit, y=pair.y / y_unit) for pair in pairs], x_unit, y_unit


def _unit(arrays: list[Array]) -> float:
    largest = max(float(np.abs(each).max()) for each in arrays)
    return math.ldexp(1.0, math.frexp(largest)[1] - 1) if 0 < largest < math.inf else 1.0


def _several(value: object) -> list[Any]:
    """A list or tuple of arrays is as many; anything else is one."""
    if isinstance(value, list | tuple) and any(isinstance(each, np.ndarray) and each.ndim for each in value):
        return list(value)
    return [value]


def _pair(x: Any, y: Any, kernel: Index, layer: Layer) -> Pair:
    (samples, absent), (wanted, missing) = _read("inputs", x, kernel), _read("targets", y, kernel)
    if np.ndim(x) != np.ndim(y) or samples.shape[0] != wanted.shape[0] or samples.shape[2:] != wanted.shape[2:]:
        expected = "the same shape but for the channels"
        raise layer_errors.pairs_differ(f"inputs of shape {np.shape(x)}", f"targets of shape {np.shape(y)}", expected)
    shape = (1, samples.shape[1], *kernel)
    forward = layer.problem(samples.dtype, samples.shape, samples.dtype, shape)
    longer = continued(samples, forward)
    present = None if missing is None else ~missing
    if absent is not None:
        beyond = continued(np.asarray(absent.any(axis=1, keepdims=True)), forward.with_fill_value(False))
        axes = tuple(range(2, beyond.ndim))
        met = operations.correlate(beyond.astype(np.int8), np.ones(kernel, np.int8), "valid", axes=axes) > 0
        present = np.broadcast_to(~met, wanted.shape) if present is None else present & ~met
    if present is None or present.all():
        return Pair(longer, wanted, None, np.ndim(x) == len(kernel))
    return Pair(longer, np.where(present, wanted, 0), present, np.ndim(x) == len(kernel))


def _read(argument: str, value: object, kernel: Index) -> tuple[Array, NDArray[np.bool_] | None]:
    """(N, C, *space) as float64 or complex128 with 0 for what is missing, and what is."""
    operand = as_operand(argument, value)
    values, mask = operand.values, operand.mask
    assert values is not None
    extra = values.ndim - len(kernel)
    if extra not in (0, 1, 2) or 0 in values.shape:
        raise layer_errors.fit_rank(argument, values.shape, kernel)
    if values.dtype.kind == "O":
        raise errors.not_numeric(argument, "an array of Python's own numbers")
    values = values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)
    values = values.reshape(*(1,) * (2 - extra), *values.shape)
    if mask is not None:
        mask = mask.reshape(values.shape)
        values[mask] = 0
    if not np.isfinite(values).all():
        raise layer_errors.not_finite(argument)
    return values, mask if mask is not None and mask.any() else None
