"""Choosing: the cheapest algorithm that does not refuse, and the reasons of those that do."""

from __future__ import annotations

import functools
from typing import NamedTuple

from faltung import errors, settings
from faltung.algorithms.algorithm import Algorithm, Cost
from faltung.algorithms.definition import DEFINITION
from faltung.machine import Machine, shipped
from faltung.planner.table import ALGORITHMS, METHODS
from faltung.task.problem import Problem

PLANS_REMEMBERED = 512

# Seconds of work for each thread: waking one costs a few microseconds.
WORTH_A_THREAD = 20e-6


class Candidate(NamedTuple):
    """An algorithm that can solve the Problem, and what it would cost."""

    algorithm: Algorithm
    cost: Cost
    most_threads: int
    """That have work worth waking them."""

    def useful_threads(self, threads: int | None) -> int:
        """As many of ``threads``, `faltung.get_threads` by default, as are worth waking."""
        if self.most_threads == 1:
            return 1
        return min(self.most_threads, settings.get_threads() if threads is None else threads)


class Choice(NamedTuple):
    """The ranking of the table for one Problem."""

    chosen: Candidate
    slower: tuple[Candidate, ...]
    refused: tuple[tuple[str, str], ...]
    """Name and reason, in the table's order."""


def choose(problem: Problem, method: str = "auto", held: bool = False) -> Choice:
    """Rank the table for ``problem``; ``method`` names the algorithm to take instead of the best,
    ``held`` says that a plan holds the kernel: what preparing it costs is spent once, and not counted.

    The number of threads and the layout of arrays are no inputs, so that results are the same
    bits for all of them. Remembers the last `PLANS_REMEMBERED` rankings.

    Raises
    ------
    ValueError
        ``method`` is no algorithm's name, or that algorithm refuses.
    """
    if not isinstance(method, str) or method not in METHODS:
        raise errors.unknown_word("method", method, METHODS)
    return _choose(problem, method, held, settings.get_instruction_set())


@functools.lru_cache(maxsize=PLANS_REMEMBERED)
def _choose(problem: Problem, method: str, held: bool, instruction_set: str) -> Choice:
    candidates, refused = rank(problem, shipped(instruction_set), held)
    if not candidates:
        raise errors.no_algorithm(problem.accuracy, DEFINITION.cost(problem, shipped(instruction_set)).error_bound)
    if method == "auto":
        return Choice(candidates[0], tuple(candidates[1:]), refused)
    for candidate in candidates:
        if candidate.algorithm.name == method:
            return Choice(candidate, tuple(c for c in candidates if c is not candidate), refused)
    raise errors.method_refuses(method, dict(refused)[method])


def rank(problem: Problem, machine: Machine, held: bool = False) -> tuple[list[Candidate], tuple[tuple[str, str], ...]]:
    """Those that can, cheapest first, and those that refuse, with their reasons."""
    candidates: list[Candidate] = []
    refused: list[tuple[str, str]] = []
    for algorithm in ALGORITHMS:
        reason = algorithm.refuse(problem)
        if reason is None:
            cost = algorithm.cost(problem, machine)
            cost = cost.prepared if held else cost
            candidates.append(Candidate(algorithm, cost, max(1, int(cost.seconds / WORTH_A_THREAD))))
        else:
            refused.append((algorithm.name, reason))
    candidates.sort(key=lambda candidate: candidate.cost.seconds)
    return candidates, tuple(refused)
