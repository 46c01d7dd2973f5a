"""Running a prepared algorithm: where the result goes, and what may be written while reading."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung import errors
from faltung.algorithms.algorithm import Run
from faltung.task.allocation import allocate
from faltung.task.normalise import Task
from faltung.task.problem import Problem
from faltung.task.reading import is_masked


def solve(task: Task, run: Run, out: NDArray[Any] | None, threads: int) -> NDArray[Any]:
    """Run into a fresh array, or into ``out`` if it is contiguous and overlaps no operand."""
    problem = task.problem
    assert task.x is not None
    if out is not None:
        check_out(out, problem.result_dtype, problem.length)
    y = out if out is not None and _writable_in_place(out, task) else allocate(problem.length, problem.result_dtype)
    empty = run(task.x, y.reshape(1, 1, *problem.length), task.present, threads) if y.size else None
    if out is not None and y is not out:
        out[...] = y
    y = y if out is None else out
    if not task.masked:
        return y
    mask = np.zeros(problem.length, bool) if empty is None else empty.reshape(problem.length)
    return np.ma.MaskedArray(y, mask)


def solve_tensors(
    problem: Problem, run: Run, x: NDArray[Any], threads: int, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Run for ``x``, (batch, channels, *space), into a fresh array, (batch, filters, *length), or into ``out``."""
    shape = problem.batch, problem.filters, *problem.length
    if out is not None:
        check_out(out, problem.result_dtype, shape)
    in_place = out is not None and _contiguous(out) and not np.may_share_memory(out, x)
    y = out if out is not None and in_place else allocate(shape, problem.result_dtype)
    if y.size:
        run(x, y, None, threads)
    if out is not None and y is not out:
        out[...] = y
    return y if out is None else out


def _writable_in_place(out: NDArray[Any], task: Task) -> bool:
    """Whether an algorithm may write into ``out`` while it reads the operands."""
    operands = (task.x, None if task.weights is None else task.weights.values)
    overlaps = any(np.may_share_memory(out, values) for values in operands if values is not None)
    return _contiguous(out) and not overlaps


def _contiguous(out: NDArray[Any]) -> bool:
    # Subclasses may not be reshaped as arrays are: a matrix always has two axes.
    plain = type(out) in (np.ndarray, np.memmap)
    return plain and out.flags.c_contiguous and out.flags.aligned and out.dtype.isnative


def check_out(out: object, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """Refuse what a result of that type and shape cannot be written into."""
    if not isinstance(out, np.ndarray):
        raise errors.out_not_an_array(out)
    if is_masked(out):
        raise errors.out_is_masked()
    if out.shape != shape:
        raise errors.out_mismatch("shape", out.shape, shape)
    if out.dtype.newbyteorder("=") != dtype:
        raise errors.out_wrong_type(str(out.dtype), str(dtype))
    if not out.flags.writeable:
        raise errors.out_read_only()
    if any(step == 0 and n > 1 for step, n in zip(out.strides, out.shape, strict=True)):
        raise errors.out_repeats_itself()
