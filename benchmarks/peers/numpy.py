"""NumPy: `numpy.convolve` and `numpy.correlate`, one dimension, zeros outside."""

from __future__ import annotations

import numpy as np

from benchmarks.operands import Operands
from benchmarks.peers import Peer, Refusal
from benchmarks.peers.scope import mode_word, unit_steps, zeros_outside
from benchmarks.rounds import Call
from faltung.task.problem import Problem


def use_threads(count: int) -> None:
    """Nothing to set: the threads of its BLAS are set with everyone's (`benchmarks.machine`)."""


def convolve(problem: Problem, operands: Operands) -> Call | Refusal:
    """The function of the same name."""
    x, w = operands.x, operands.w
    mode = mode_word(problem)
    if problem.ndim != 1:
        return "one dimension only"
    if reason := unit_steps(problem) or zeros_outside(problem):
        return reason
    if mode is None or w.size > x.size:
        return "its modes at its centre only, kernels no longer than the input"
    if problem.operation == "convolve":
        return lambda: np.convolve(x, w, mode)
    return lambda: np.correlate(x, w, mode)


PEERS = (Peer("numpy", convolve),)
