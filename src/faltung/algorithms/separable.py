"""``separable``: a kernel of low rank as passes along one axis at a time.

A term of the kernel's factors costs the sum of its lengths where the direct sum costs their
product. The passes are chained in the native core, where what one hands to the next stays in
the caches (``src/native/chain.hpp``); or each is a Problem of its own, over the whole array,
where ``fft`` makes long ones cheaper than that.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from faltung import settings
from faltung._native import _core
from faltung.algorithms.algorithm import (
    Algorithm,
    Array,
    Cost,
    Mask,
    Run,
    bytes_moved,
    summation_bound,
    too_inaccurate,
)
from faltung.algorithms.correlation import correlation_taps
from faltung.algorithms.direct import DIRECT, computing_seconds, copied_elements
from faltung.algorithms.fft import FFT
from faltung.algorithms.repair import finite, repair
from faltung.machine import Machine, current
from faltung.meaning import numbers
from faltung.meaning.boundary import BOUNDARIES
from faltung.meaning.rounding import unit_roundoff
from faltung.task.low_rank import balanced, terms_of
from faltung.task.operand import Term, Weights
from faltung.task.problem import Index, Problem
from faltung.task.structure import Structure

_BAND_BYTES = 400_000
"""What a chain keeps between its passes, and a pass gathers, for each thread."""


def _refuse(problem: Problem) -> str | None:
    if sum(k > 1 for k in problem.kernel_shape) < 2:
        return "the kernel has one axis"
    if problem.structure.rank is None:
        return (
            "the kernel's rank is unknown" if problem.structure.finite is None else "no low rank was found, or sought"
        )
    if problem.structure.finite is False:
        return "the kernel holds NaN or infinity"
    if numbers.is_integral(numbers.result_type(problem.input_dtype, problem.kernel_dtype)):
        return "integers are summed exactly"
    if not problem.plain:
        return "batch, channels and input dilation are not factored"
    if problem.renormalise:
        return "weights are renormalised"
    if problem.fill_value != 0:
        return f"fill_value={problem.fill_value} lies beyond the edges of every pass"
    if problem.accuracy == "elementwise":
        return "factors are rounded: accuracy='elementwise' wants the kernel's own weights"
    return DIRECT.refuse(problem) or too_inaccurate(problem, _bound(problem))


def _bound(problem: Problem) -> float:
    rank, axes = problem.structure.rank or 1, sum(k > 1 for k in problem.kernel_shape)
    return (rank * axes + 1) * summation_bound(problem)


def tolerance(problem: Problem) -> float:
    """What the dropped terms of the kernel may weigh, relative to its norm: a few roundings."""
    return 4 * unit_roundoff(problem.compute_dtype)


def passes(problem: Problem) -> list[tuple[int, Problem]]:
    """The passes along each axis longer than 1, the first axis first, as Problems.

    A pass reads and writes the whole of the axes that are still to come, so the boundary of
    each axis is applied by its own pass.
    """
    compute, shape = problem.compute_dtype, problem.input_shape
    axes = [axis for axis in range(problem.ndim) if problem.kernel_shape[axis] > 1 or _moves(problem, axis)]
    steps: list[tuple[int, Problem]] = []
    for axis in axes:
        first, last = axis == axes[0], axis == axes[-1]
        step = replace(
            _along(problem, axis, shape),
            input_dtype=problem.input_dtype if first else compute,
            kernel_dtype=compute if problem.kernel_dtype.kind == "c" else numbers.real_type(compute),
            result_dtype=problem.result_dtype if last and problem.structure.rank == 1 else compute,
            structure=Structure(finite=True, rank=1),
        )
        steps.append((axis, step))
        shape = step.length
    return steps


def _moves(problem: Problem, axis: int) -> bool:
    return problem.low[axis] != 0 or problem.length[axis] != problem.input_shape[axis] or problem.stride[axis] > 1


def _along(problem: Problem, axis: int, shape: Index) -> Problem:
    """The problem with every parameter of the other axes made neutral."""

    def only(values: tuple[int, ...], other: Index) -> Index:
        return tuple(v if i == axis else o for i, (v, o) in enumerate(zip(values, other, strict=True)))

    ones, zeros = (1,) * problem.ndim, (0,) * problem.ndim
    return replace(
        problem,
        input_shape=shape,
        kernel_shape=only(problem.kernel_shape, ones),
        center=only(problem.center, zeros),
        stride=only(problem.stride, ones),
        dilation=only(problem.dilation, ones),
        low=only(problem.low, zeros),
        length=only(problem.length, shape),
        boundary=tuple(b if i == axis else "constant" for i, b in enumerate(problem.boundary)),
    )


# cost --------------------------------------------------------------------------------------


def _cost(problem: Problem, machine: Machine) -> Cost:
    return min(
        (cost for cost in (_chained_cost(problem, machine), _stepwise_cost(problem, machine)) if cost is not None),
        key=lambda cost: cost.seconds,
    )


def _is_chained(problem: Problem, machine: Machine) -> bool:
    chained = _chained_cost(problem, machine)
    return chained is not None and chained.seconds <= _stepwise_cost(problem, machine).seconds


def _chained_cost(problem: Problem, machine: Machine) -> Cost | None:
    """One native call: the products of all passes, the input read once, the output written once."""
    if problem.compute_dtype not in (np.float32, np.float64) or not problem.plain:
        return None
    steps = [step for _, step in passes(problem)]
    rank = problem.structure.rank or 1
    peaks, computing = zip(*(computing_seconds(step, machine) for step in steps), strict=True)
    moving = bytes_moved(problem) / machine.bytes_per_second
    copied = sum(map(copied_elements, steps)) / machine.copied_elements_per_second
    return Cost(
        seconds=machine.call_seconds + max(rank * sum(computing), moving) + rank * copied,
        limit_seconds=max(rank * sum(peaks), moving),
        error_bound=_bound(problem),
        workspace=_BAND_BYTES,
        detail=_detail(problem),
    )


def _stepwise_cost(problem: Problem, machine: Machine) -> Cost:
    rank = problem.structure.rank or 1
    costs = [_solver(step, machine)[1] for _, step in passes(problem)]
    largest = max((math.prod(step.length) for _, step in passes(problem)), default=0)
    checked = problem.outputs * problem.result_dtype.itemsize / machine.bytes_per_second
    return Cost(
        seconds=rank * sum(cost.seconds for cost in costs) + checked,
        limit_seconds=rank * sum(cost.limit_seconds for cost in costs),
        error_bound=_bound(problem),
        workspace=largest * problem.compute_dtype.itemsize,
        detail=_detail(problem),
    )


def _detail(problem: Problem) -> str:
    lengths = " + ".join(str(k) for k in problem.kernel_shape if k > 1)
    rank = problem.structure.rank or 1
    return f"{lengths} taps" + (f", {rank} terms" if rank > 1 else "")


def _solver(step: Problem, machine: Machine) -> tuple[Algorithm, Cost]:
    able = [(algorithm, algorithm.cost(step, machine)) for algorithm in (DIRECT, FFT) if algorithm.refuse(step) is None]
    return min(able, key=lambda pair: pair[1].seconds)


# prepare -----------------------------------------------------------------------------------


class _Solve(Protocol):
    """Writes the sum over all terms into ``out``; False if that holds NaN or infinity."""

    def __call__(self, x: Array, out: Array, threads: int) -> bool: ...


def _prepare(problem: Problem, weights: Weights) -> Run:
    terms = weights.terms or terms_of(weights.values[0, 0], tolerance(problem), limit=max(problem.kernel_shape))
    assert terms is not None, "the rank was found before"
    terms = tuple(map(balanced, terms))
    if not _fit(terms, problem.compute_dtype):
        return DIRECT.prepare(problem, weights)
    solve = _chained(problem, terms) if _is_chained(problem, current()) else _stepwise(problem, terms)

    def run(x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        if not solve(x, out, threads):
            repair(problem, weights, x, out, threads)
        return None

    return run


def _fit(terms: tuple[Term, ...], dtype: np.dtype[Any]) -> bool:
    """Whether the factors, of which one carries the scale of the whole kernel, stay finite in ``dtype``."""
    with np.errstate(over="ignore"):
        return all(np.isfinite(factor.astype(dtype)).all() for term in terms for factor in term)


def _chained(problem: Problem, terms: tuple[Term, ...]) -> _Solve:
    compute, level = problem.compute_dtype, settings.level()
    factors = [[_taps(problem, factor, compute) for factor in term] for term in terms]
    along = (
        [low + first for low, (first, _) in zip(problem.low, problem.reach(), strict=True)],
        list(problem.stride),
        list(problem.dilation),
        [BOUNDARIES.index(boundary) for boundary in problem.boundary],
    )

    def solve(x: Array, out: Array, threads: int) -> bool:
        target = out if out.dtype == compute else np.empty(out.shape, compute)
        is_finite = _core.chain(x[0, 0], factors, target[0, 0], *along, level, threads)
        if target is not out:
            with np.errstate(over="ignore", invalid="ignore"):
                out[...] = target
        return is_finite

    return solve


def _taps(problem: Problem, factor: Array, dtype: np.dtype[Any]) -> Array:
    return np.ascontiguousarray(correlation_taps(problem, factor.reshape(1, 1, -1)).ravel(), dtype)


def _stepwise(problem: Problem, terms: tuple[Term, ...]) -> _Solve:
    sequences = [_steps(problem, term) for term in terms]

    def solve(x: Array, out: Array, threads: int) -> bool:
        if len(sequences) == 1:
            _follow(sequences[0], x, out, threads)
        else:
            out[...] = _sum_of(sequences, x, np.zeros(out.shape, problem.compute_dtype), threads)
        return finite(out)

    return solve


def _steps(problem: Problem, term: Term) -> list[tuple[Problem, Run]]:
    machine = current()
    steps = []
    for axis, step in passes(problem):
        shape = (1, 1, *step.kernel_shape)
        factor = term[axis].astype(step.kernel_dtype).reshape(shape)
        steps.append((step, _solver(step, machine)[0].prepare(step, Weights(factor))))
    return steps


def _sum_of(sequences: list[list[tuple[Problem, Run]]], x: Array, total: Array, threads: int) -> Array:
    part = np.empty_like(total)
    for steps in sequences:
        _follow(steps, x, part, threads)
        with np.errstate(invalid="ignore", over="ignore"):
            total += part
    return total


def _follow(steps: list[tuple[Problem, Run]], x: Array, out: Array, threads: int) -> None:
    for step, run in steps[:-1]:
        between = np.empty((1, 1, *step.length), step.result_dtype)
        run(x, between, None, threads)
        x = between
    steps[-1][1](x, out, None, threads)


SEPARABLE = Algorithm("separable", _refuse, _cost, _prepare)
