"""Work: what a Problem costs at least, in operations by each algorithm and in bytes by any.

Operations are nominal: a multiply-add is two, a complex product four multiply-adds. An
algorithm that saves operations beyond these (mirrored taps added first) can pass 100 %.
"""

from __future__ import annotations

import math
from itertools import product

from benchmarks.limits import Limits
from faltung.task.problem import Problem

LARGEST_TRANSFORM = 1 << 20
"""Points of the largest transform considered; the optimum lies far below for every cell."""


def operations(algorithm: str, problem: Problem) -> float | None:
    """Operations of that algorithm; None for one whose count is not stated here."""
    match algorithm:
        case "direct" | "tiny" | "definition" | "channel_product" | "inner_product":
            # Between the samples of an input dilation there is nothing to multiply.
            return 2.0 * _products(problem) * problem.taps * problem.outputs / math.prod(problem.input_dilation)
        case "separable":
            rank = problem.structure.rank or 1
            return 2.0 * _products(problem) * rank * sum(k for k in problem.kernel_shape if k > 1) * problem.outputs
        case "fft":
            return problem.outputs * _transform_operations(problem)
        case "winograd":
            return 2.0 * problem.taps / 9 * problem.filters * _values_in_tiles(problem)
        case "running_sum":
            return 3.0 * sum(k > 1 for k in problem.kernel_shape) * problem.outputs
    return None


def _values_in_tiles(problem: Problem) -> int:
    """Points of all tiles of a filter, of 2 or 4 outputs along an axis, whichever are fewer."""
    rows, columns = problem.length
    return min(problem.batch * (-(-rows // m)) * -(-columns // m) * (m + 2) ** 2 for m in (2, 4))


def _products(problem: Problem) -> int:
    """Real multiply-adds in one product."""
    parts = [2 if dtype.kind == "c" else 1 for dtype in (problem.input_dtype, problem.kernel_dtype)]
    return parts[0] * parts[1]


def _transform_operations(problem: Problem) -> float:
    """Operations an output of overlap-save with the best tile: 5 N log2 N each way, 6 N for the product.

    Two real tiles share a complex transform.
    """
    spans = [d * (k - 1) + 1 for d, k in zip(problem.dilation, problem.kernel_shape, strict=True)]
    shared = 1 if "c" in (problem.input_dtype.kind, problem.kernel_dtype.kind) else 2
    best = math.inf
    for lengths in product(*map(_tile_lengths, spans)):
        points = math.prod(lengths)
        if points <= LARGEST_TRANSFORM or lengths == tuple(_tile_lengths(span)[0] for span in spans):
            outputs = shared * math.prod(n - span + 1 for n, span in zip(lengths, spans, strict=True))
            best = min(best, points * (10 * math.log2(points) + 6) / outputs)
    return best


def _tile_lengths(span: int) -> list[int]:
    """Powers of two from the first that holds the kernel twice; 1 along an axis without a kernel."""
    if span == 1:
        return [1]
    first = math.ceil(math.log2(span)) + 1
    return [1 << power for power in range(first, first + 6)]


def peak(problem: Problem, limits: Limits) -> float:
    """Operations a second in the Problem's arithmetic.

    No integer peak is measured: integers of one or two bytes stand beside float32, larger ones
    beside float64, in which sums of small integers are exact.
    """
    if problem.compute_dtype.kind in "fc":
        single = problem.compute_dtype in ("float32", "complex64")
    else:
        single = max(problem.input_dtype.itemsize, problem.kernel_dtype.itemsize) <= 2
    return limits.float32 if single else limits.float64


def size(problem: Problem) -> int:
    """Bytes that must be read and written at least: input, kernel, result."""
    samples = problem.batch * problem.channels * math.prod(problem.input_shape)
    weights = problem.filters * problem.taps
    read = samples * problem.input_dtype.itemsize + weights * problem.kernel_dtype.itemsize
    return read + problem.outputs * problem.result_dtype.itemsize
