"""``definition``: the textbook's sum itself. Last in the table, always able."""

from __future__ import annotations

import math
import sys
import warnings

import numpy as np

from faltung.algorithms.algorithm import Algorithm, Array, Cost, Mask, Run, too_inaccurate
from faltung.machine import Machine, current
from faltung.meaning.definition import empty_windows, feature_map
from faltung.meaning.rounding import unit_roundoff
from faltung.task.operand import Weights
from faltung.task.problem import Problem

_PATIENCE_SECONDS = 10.0


def _refuse(problem: Problem) -> str | None:
    return too_inaccurate(problem, _bound(problem))


def _bound(problem: Problem) -> float:
    """Exact sums, rounded once to float64 perhaps and once to the result's type."""
    return 2 * unit_roundoff(problem.result_dtype)


def _cost(problem: Problem, machine: Machine) -> Cost:
    terms = problem.outputs * problem.taps
    samples = problem.batch * problem.channels * math.prod(problem.input_shape)
    reading = samples / machine.interpreted_samples_per_second
    seconds = machine.interpreted_call_seconds + reading + terms / machine.interpreted_products_per_second
    return Cost(seconds, seconds, _bound(problem), detail="term by term, in Python")


def _prepare(problem: Problem, weights: Weights) -> Run:
    w, seconds = weights.values, _cost(problem, current()).seconds

    def run(x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        if seconds > _PATIENCE_SECONDS:
            told = f"the definition, term by term, will take some {seconds:.0f} s: {problem}"
            warnings.warn(told, stacklevel=_calls_of_ours())
        out[...] = feature_map(x, w, problem.sum, out.dtype, present)
        if not problem.renormalise:
            return None
        return np.broadcast_to(empty_windows(x, w, problem.sum, present), out.shape)

    return run


def _calls_of_ours() -> int:
    """How many calls lie between `run` and the user's line, that one included."""
    calls, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "faltung":
        calls, frame = calls + 1, frame.f_back
    return calls


DEFINITION = Algorithm("definition", _refuse, _cost, _prepare)
