"""The record that every algorithm is: it refuses a Problem with a reason, or states its cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from faltung.machine import Machine
from faltung.meaning.rounding import error_of_sum
from faltung.task.operand import Weights
from faltung.task.problem import Problem

_NATIVE_STEPS, _NATIVE_POSITIONS = 2**30, 2**50
# Elements that an image's channel may be copied to however small it is.
_MOST_COPIED = 2**24
Array = NDArray[Any]
Mask = NDArray[np.bool_]


class Cost(NamedTuple):
    """What solving a Problem on one core is predicted to take."""

    seconds: float
    """Of a call that prepares the kernel, too."""
    limit_seconds: float
    """The machine's limit for the same operations: products over peak, or bytes over bandwidth."""
    error_bound: float
    """Relative to the norm of the samples under the kernel times the kernel's."""
    workspace: int = 0
    """Bytes beside operands and result."""
    detail: str = ""
    """What it would do, in a few words."""
    preparing: float = 0.0
    """Of these seconds, those for the kernel, which a plan that holds it has spent already."""

    @property
    def prepared(self) -> Cost:
        """The same with a kernel that a plan holds."""
        return self._replace(seconds=self.seconds - self.preparing, preparing=0.0)


class Run(Protocol):
    """Solves the prepared Problem for one input."""

    def __call__(self, x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        """Write the feature map of ``x``, (batch, channels, *space), into ``out``.

        ``out``, (batch, filters, *length), is C-contiguous and overlaps no operand. Returns
        where no positive weight met a sample, for Problems that renormalise.
        """


class Algorithm(NamedTuple):
    """One way to compute the sum."""

    name: str
    refuse: Callable[[Problem], str | None]
    cost: Callable[[Problem, Machine], Cost]
    prepare: Callable[[Problem, Weights], Run]
    groups_apart: bool = False
    """Whether its runs also take ``x`` as (batch, groups, channels / groups, *space)."""


def summation_bound(problem: Problem) -> float:
    """Relative error of sums in blocks of 128 products, block sums added pairwise."""
    return error_of_sum(problem.products, problem.compute_dtype, problem.result_dtype)


def too_inaccurate(problem: Problem, bound: float) -> str | None:
    """The reason to refuse when a relative tolerance is asked for that ``bound`` exceeds."""
    if isinstance(problem.accuracy, float) and bound > problem.accuracy:
        return f"its error bound {bound:.1e} exceeds accuracy={problem.accuracy:g}"
    return None


def of_other_types(problem: Problem, served: tuple[np.dtype[Any], ...], words: str) -> str | None:
    """The reason to refuse unless operands, sums and result are all of the same one of ``served``: of ``words``."""
    involved = {problem.input_dtype, problem.kernel_dtype, problem.result_dtype}
    if len(involved) > 1 or not involved <= set(served):
        return f"operands and result are not all {words}"
    if problem.compute_dtype not in involved:
        return f"accuracy={problem.accuracy:g} wants sums in {problem.compute_dtype}"
    return None


def beyond_native_indices(problem: Problem) -> str | None:
    """The reason to refuse steps and positions that the native core does not count in 64 bits."""
    if max((*problem.stride, *problem.dilation), default=1) >= _NATIVE_STEPS:
        return "a stride or dilation of 2**30 or more is not counted natively"
    for r, (first, last), s, n in zip(problem.low, problem.reach(), problem.stride, problem.length, strict=True):
        if max(-(r + first), r + last, s * n, last - first) >= _NATIVE_POSITIONS:
            return "a position 2**50 or more from the input is not counted natively"
    return None


def beyond_copying(problem: Problem) -> str | None:
    """The reason to refuse what would copy an image's channel to far more elements than it has."""
    copied = math.prod(count for _, count in problem.touched())
    if copied > max(_MOST_COPIED, 4 * math.prod(problem.input_shape)):
        return f"outputs reach over {copied} positions, far more than the input has, all of which it would copy"
    return None


def bytes_moved(problem: Problem) -> int:
    """Input read once and result written once."""
    samples = problem.batch * problem.channels * math.prod(problem.input_shape)
    return samples * problem.input_dtype.itemsize + problem.outputs * problem.result_dtype.itemsize


def vectors(dtype: np.dtype[Any], machine: Machine) -> float:
    """Lanes of one vector of ``dtype``'s real parts."""
    return machine.vector_bytes / np.empty(0, dtype).real.dtype.itemsize


def real_products(problem: Problem) -> int:
    """Real products in one product of the operands: 1, 2 or 4."""
    return math.prod(2 if dtype.kind == "c" else 1 for dtype in (problem.input_dtype, problem.kernel_dtype))
