"""scipy.signal: `convolve` (which chooses), `oaconvolve` and `fftconvolve`; zeros outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scipy import signal  # type: ignore[import-untyped, unused-ignore]

from benchmarks.operands import Operands
from benchmarks.peers import Peer, Refusal
from benchmarks.peers.scope import as_convolution, mode_word, unit_steps, zeros_outside
from benchmarks.rounds import Call
from faltung.task.problem import Problem


def use_threads(count: int) -> None:
    """Nothing to set: its transforms use one thread unless they are told otherwise."""


def _by(function: Callable[..., Any], *, rounds_integers: bool) -> Callable[[Problem, Operands], Call | Refusal]:
    def prepare(problem: Problem, operands: Operands) -> Call | Refusal:
        mode = mode_word(problem)
        if reason := unit_steps(problem) or zeros_outside(problem):
            return reason
        if mode is None:
            return "its modes at its centre only"
        if rounds_integers and problem.result_dtype.kind in "iu":
            return "gives floating numbers for integers"
        x, w = operands.x, as_convolution(problem, operands.w)
        return lambda: function(x, w, mode)

    return prepare


PEERS = (
    Peer("signal.convolve", _by(signal.convolve, rounds_integers=False)),
    Peer("signal.oaconvolve", _by(signal.oaconvolve, rounds_integers=True)),
    Peer("signal.fftconvolve", _by(signal.fftconvolve, rounds_integers=True)),
)
