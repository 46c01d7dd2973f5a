"""``fft``: overlap-save along one axis, by native transforms of short blocks.

The output is cut into blocks; each is one cyclic convolution of ``length`` samples, of which
the last ``length - K + 1`` outputs are kept. NaN, infinity and blocks of very different
magnitude stay apart: see ``src/native/overlap_save.hpp`` and docs/accuracy-fft.md.
"""

from __future__ import annotations

import math

import numpy as np

from faltung import settings
from faltung._native import _core
from faltung.algorithms.algorithm import (
    Algorithm,
    Array,
    Cost,
    Mask,
    Run,
    beyond_native_indices,
    bytes_moved,
    too_inaccurate,
    unit_roundoff,
    vectors,
)
from faltung.algorithms.correlation import correlation_taps
from faltung.algorithms.repair import finite, repair
from faltung.machine import Machine, current
from faltung.meaning.boundary import BOUNDARIES
from faltung.task.operand import Weights
from faltung.task.problem import Problem

_SHORTEST, _LONGEST = 64, 2**22
_BEYOND_TABLE = 2.2


def _refuse(problem: Problem) -> str | None:
    axes = [axis for axis, k in enumerate(problem.kernel_shape) if k > 1]
    if len(axes) != 1:
        return f"the kernel lies along {len(axes)} axes, not one"
    if problem.compute_dtype not in (np.float32, np.float64):
        return f"{problem.compute_dtype} is not transformed yet"
    if not problem.plain:
        return "batch, channels and input dilation are not native yet"
    if any(
        box != [0, n]
        for k, n, *box in zip(problem.kernel_shape, problem.input_shape, problem.low, problem.length, strict=True)
        if k == 1
    ):
        return "the box moves along another axis than the kernel's"
    if any(s > 1 for s in problem.stride):
        return "most outputs would be thrown away by the stride"
    if problem.structure.finite is False:
        return "the kernel holds NaN or infinity"
    if problem.renormalise:
        return "weights are renormalised"
    if problem.accuracy == "elementwise":
        return "a transform's error is relative to the norm, not to each element"
    if reach(problem) > _LONGEST // 2:
        return f"the kernel reaches over {reach(problem)} samples, more than a transform of {_LONGEST} serves"
    length, _ = block_length(problem, current())
    return beyond_native_indices(problem) or too_inaccurate(problem, error_bound(problem, length))


def axis_of(problem: Problem) -> int:
    """The axis along which the kernel lies."""
    return next(axis for axis, k in enumerate(problem.kernel_shape) if k > 1)


def reach(problem: Problem) -> int:
    """Samples that the kernel spans, gaps of its dilation included."""
    axis = axis_of(problem)
    return (problem.kernel_shape[axis] - 1) * problem.dilation[axis] + 1


def error_bound(problem: Problem, length: int) -> float:
    """24 u (1 + log2 length) relative to the norms, and the final rounding."""
    transformed = 24 * unit_roundoff(problem.compute_dtype) * (1 + math.log2(length))
    return transformed + unit_roundoff(problem.result_dtype)


def block_length(problem: Problem, machine: Machine) -> tuple[int, float]:
    """The cheapest transform length, and the seconds it takes altogether.

    The optimum is flat: half or twice the length costs some 10 % more.
    """
    taps, lanes = reach(problem), int(vectors(problem.compute_dtype, machine))
    axis = axis_of(problem)
    lines = problem.outputs // max(problem.length[axis], 1)
    best = (0, math.inf)
    length = max(_SHORTEST, 1 << (taps - 1).bit_length())
    while length <= _LONGEST:
        blocks = lines * -(-problem.length[axis] // (length - taps + 1))
        groups = -(-blocks // (2 * lanes))
        best = min(best, (length, groups * _group_seconds(problem, length, machine)), key=lambda pair: pair[1])
        length *= 2
    return best


def _group_seconds(problem: Problem, length: int, machine: Machine) -> float:
    table = machine.group_seconds[problem.compute_dtype == np.float64]
    row = int(math.log2(length / _SHORTEST))
    beyond = max(row - len(table) + 1, 0)
    return table[row - beyond] * _BEYOND_TABLE**beyond


def _cost(problem: Problem, machine: Machine) -> Cost:
    length, transforming = block_length(problem, machine)
    lanes = vectors(problem.compute_dtype, machine)
    blocks = problem.outputs / (length - reach(problem) + 1)
    # Real operations of two complex radix-4 transforms for two blocks, and the product.
    operations = blocks / 2 * (2 * 4.25 * length * math.log2(length) + 6 * length)
    moving = bytes_moved(problem) / machine.bytes_per_second
    kernel_seconds = 4e-9 * length * math.log2(length)
    return Cost(
        seconds=machine.call_seconds + kernel_seconds + max(transforming, moving),
        limit_seconds=max(operations / (2 * lanes * machine.vector_products_per_second), moving),
        error_bound=error_bound(problem, length),
        workspace=int(2 * lanes * length * problem.compute_dtype.itemsize),
        detail=f"overlap-save, blocks of {length}",
    )


def _prepare(problem: Problem, weights: Weights) -> Run:
    axis, compute = axis_of(problem), problem.compute_dtype
    taps = np.zeros(reach(problem), compute)
    taps[:: problem.dilation[axis]] = correlation_taps(problem, weights.values).ravel()
    length, _ = block_length(problem, current())
    transform = _core.OverlapSave(taps, length, settings.level())
    offset = problem.low[axis] + problem.reach()[axis][0]
    boundary = BOUNDARIES.index(problem.boundary[axis])

    def run(x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        target = out if out.dtype == compute else np.empty(out.shape, compute)
        transform.run(x[0, 0], target[0, 0], axis, offset, boundary, float(problem.fill_value.real), threads)
        if target is not out:
            with np.errstate(over="ignore"):
                out[...] = target
        # The gaps of a dilation were transformed as zeros, which infinity would meet.
        if problem.dilation[axis] > 1 and not finite(out):
            repair(problem, weights, x, out, threads)
        return None

    return run


FFT = Algorithm("fft", _refuse, _cost, _prepare)
