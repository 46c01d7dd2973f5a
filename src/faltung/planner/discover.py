"""Looking for what makes a kernel cheap, where the look costs little beside the direct sum."""

from __future__ import annotations

import functools
import math

from faltung import settings
from faltung.algorithms import separable
from faltung.algorithms.direct import DIRECT
from faltung.algorithms.fft import FFT
from faltung.machine import Machine, shipped
from faltung.planner.choose import PLANS_REMEMBERED
from faltung.task.low_rank import terms_of
from faltung.task.normalise import Task
from faltung.task.operand import Weights
from faltung.task.problem import Problem
from faltung.task.structure import with_rank

# Share of the predicted time that a search for structure may cost: of the direct sum's, where what
# is found may save nearly all of it, and of the transform's, where it saves less.
WORTH_SEARCHING = {DIRECT: 0.05, FFT: 0.2}


def discover(task: Task, method: str) -> Task:
    """The same task, with the kernel's rank and factors if seeking them is worth it, or needed
    by the method that was asked for.
    """
    problem, weights = task.problem, task.weights
    if weights is None or problem.structure.rank is not None or method not in ("auto", separable.SEPARABLE.name):
        return task
    wanted = method == separable.SEPARABLE.name
    if not _worth_searching(problem, wanted, settings.get_instruction_set()):
        return task
    longest, taps = sum(k for k in problem.kernel_shape if k > 1), math.prod(problem.kernel_shape)
    terms = terms_of(weights.values[0, 0], separable.tolerance(problem), limit=max(taps // longest, 1))
    if terms is None:
        return task
    problem = problem.with_structure(with_rank(problem.structure, len(terms)))
    return task._replace(problem=problem, weights=Weights(weights.values, terms))


@functools.lru_cache(maxsize=PLANS_REMEMBERED)
def _worth_searching(problem: Problem, wanted: bool, instruction_set: str) -> bool:
    return _possible(problem) and (wanted or _worthwhile(problem, shipped(instruction_set)))


def _possible(problem: Problem) -> bool:
    one_term = problem.with_structure(with_rank(problem.structure, 1))
    return problem.structure.finite is True and separable.SEPARABLE.refuse(one_term) is None


def _worthwhile(problem: Problem, machine: Machine) -> bool:
    taps = math.prod(problem.kernel_shape)
    shorter = min(k for k in problem.kernel_shape if k > 1)
    search = machine.decomposition_call_seconds + machine.decomposition_seconds * taps * shorter
    rivals = [rival for rival in WORTH_SEARCHING if rival.refuse(problem) is None]
    return all(search < WORTH_SEARCHING[rival] * rival.cost(problem, machine).seconds for rival in rivals)
