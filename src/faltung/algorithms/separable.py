"""``separable``: a kernel of low rank as passes along one axis at a time.

Each pass is a Problem of its own, solved by ``direct`` or ``fft``. A term of the kernel's
factors costs the sum of its lengths where the direct sum costs their product.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from faltung.algorithms.algorithm import (
    Algorithm,
    Array,
    Cost,
    Mask,
    Run,
    summation_bound,
    too_inaccurate,
    unit_roundoff,
)
from faltung.algorithms.direct import DIRECT
from faltung.algorithms.fft import FFT
from faltung.algorithms.repair import repair
from faltung.machine import Machine, current
from faltung.meaning import numbers
from faltung.task.low_rank import terms_of
from faltung.task.operand import Term, Weights
from faltung.task.problem import Index, Problem
from faltung.task.structure import Structure


def _refuse(problem: Problem) -> str | None:
    if sum(k > 1 for k in problem.kernel_shape) < 2:
        return "the kernel has one axis"
    if problem.structure.rank is None:
        return (
            "the kernel's rank is unknown" if problem.structure.finite is None else "no low rank was found, or sought"
        )
    if problem.structure.finite is False:
        return "the kernel holds NaN or infinity"
    if numbers.is_integral(problem.compute_dtype):
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
    """The passes along each axis longer than 1, the last axis first, as Problems.

    A pass reads and writes the whole of the axes that are still to come, so the boundary of
    each axis is applied by its own pass.
    """
    compute, shape = problem.compute_dtype, problem.input_shape
    axes = [axis for axis in reversed(range(problem.ndim)) if problem.kernel_shape[axis] > 1 or _moves(problem, axis)]
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


def _solver(step: Problem, machine: Machine) -> tuple[Algorithm, Cost]:
    able = [(algorithm, algorithm.cost(step, machine)) for algorithm in (DIRECT, FFT) if algorithm.refuse(step) is None]
    return min(able, key=lambda pair: pair[1].seconds)


def _cost(problem: Problem, machine: Machine) -> Cost:
    rank = problem.structure.rank or 1
    costs = [_solver(step, machine)[1] for _, step in passes(problem)]
    largest = max((math.prod(step.length) for _, step in passes(problem)), default=0)
    checked = problem.outputs * problem.result_dtype.itemsize / machine.bytes_per_second
    lengths = " + ".join(str(k) for k in problem.kernel_shape if k > 1)
    return Cost(
        seconds=rank * sum(cost.seconds for cost in costs) + checked,
        limit_seconds=rank * sum(cost.limit_seconds for cost in costs),
        error_bound=_bound(problem),
        workspace=largest * problem.compute_dtype.itemsize,
        detail=f"{lengths} taps" + (f", {rank} terms" if rank > 1 else ""),
    )


def _prepare(problem: Problem, weights: Weights) -> Run:
    terms = weights.terms or terms_of(weights.values[0, 0], tolerance(problem), limit=max(problem.kernel_shape))
    assert terms is not None, "the rank was found before"
    chains = [_chain(problem, term) for term in terms]

    def run(x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        if len(chains) == 1:
            _follow(chains[0], x, out, threads)
        else:
            out[...] = _sum_of(chains, x, np.zeros(out.shape, problem.compute_dtype), threads)
        repair(problem, weights, x, out, threads)
        return None

    return run


def _chain(problem: Problem, term: Term) -> list[tuple[Problem, Run]]:
    machine = current()
    chain = []
    for axis, step in passes(problem):
        shape = (1, 1, *step.kernel_shape)
        factor = term[axis].astype(step.kernel_dtype).reshape(shape)
        chain.append((step, _solver(step, machine)[0].prepare(step, Weights(factor))))
    return chain


def _sum_of(chains: list[list[tuple[Problem, Run]]], x: Array, total: Array, threads: int) -> Array:
    part = np.empty_like(total)
    for chain in chains:
        _follow(chain, x, part, threads)
        with np.errstate(invalid="ignore", over="ignore"):
            total += part
    return total


def _follow(chain: list[tuple[Problem, Run]], x: Array, out: Array, threads: int) -> None:
    for step, run in chain[:-1]:
        between = np.empty((1, 1, *step.length), step.result_dtype)
        run(x, between, None, threads)
        x = between
    chain[-1][1](x, out, None, threads)


SEPARABLE = Algorithm("separable", _refuse, _cost, _prepare)
