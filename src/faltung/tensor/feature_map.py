"""Solving a Problem with batch and channels: the planner chooses, nothing is summed here."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung import settings
from faltung.algorithms.algorithm import Run
from faltung.planner.choose import Candidate, choose
from faltung.planner.discover import discover
from faltung.planner.solve import solve_tensors
from faltung.task import structure
from faltung.task.normalise import Task, with_facts
from faltung.task.operand import Weights
from faltung.task.problem import Problem

Array = NDArray[Any]


def feature_map(problem: Problem, x: Array, w: Array, method: str, threads: int | None) -> Array:
    """The Problem's sum as a fresh array, (batch, filters, *length).

    ``x`` is (batch, channels, *space) or (batch, groups, channels / groups, *space), ``w`` is
    (filters, channels / groups, *kernel).

    Raises
    ------
    ValueError, TypeError
        ``method`` is no algorithm or refuses; ``threads`` is no number of threads.
    OverflowError
        An exact integer result does not fit.
    """
    count = None if threads is None else settings.checked_threads(threads)
    if 0 in x.shape or 0 in w.shape:
        choose(problem, method)  # for its errors
        return np.zeros((problem.batch, problem.filters, *problem.length), problem.result_dtype)
    problem, run, chosen = prepared(problem, w, method)
    if not chosen.algorithm.groups_apart:
        x = x.reshape(problem.batch, problem.channels, *problem.input_shape)
    return solve_tensors(problem, run, x, chosen.useful_threads(count))


def prepared(problem: Problem, w: Array, method: str, held: bool = False) -> tuple[Problem, Run, Candidate]:
    """The Problem with what is known of ``w``, and the best algorithm, ready to run; ``held`` as for `choose`."""
    weights = Weights(w)
    if problem.channels == problem.groups:  # else structure makes nothing cheap, and many kernels are a long look
        axes = tuple(range(problem.ndim))
        task = Task(with_facts(problem, structure.observe(w)), None, weights, None, False, axes, "propagate")
        task = discover(task, method)
        assert task.weights is not None
        problem, weights = task.problem, task.weights
    chosen = choose(problem, method, held).chosen
    return problem, chosen.algorithm.prepare(problem, weights), chosen
