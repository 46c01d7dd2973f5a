"""What a choice looks like to people and programs: the chosen, the slower, the refused."""

from __future__ import annotations

from typing import Any

from faltung import settings
from faltung.algorithms.definition import DEFINITION
from faltung.planner.choose import Candidate, Choice
from faltung.task.problem import Problem
from faltung.task.structure import UNKNOWN


def as_text(problem: Problem, choice: Choice) -> str:
    """The chosen algorithm with predicted time on one core, error bound and share of the
    machine's limit; its rivals; the reasons of those that refuse; the problem's line.
    """
    chosen = choice.chosen
    share = min(chosen.cost.limit_seconds / chosen.cost.seconds, 1.0)
    of_limit = "" if chosen.algorithm is DEFINITION else f"   {share:.0%} of the machine's limit"
    name = f"{chosen.algorithm.name}  {chosen.cost.detail}"
    lines = [f"{name:<32}  {_time(chosen.cost.seconds):>7}   {_error(chosen)}{of_limit}"]
    if choice.slower:
        slower = " · ".join(f"{c.algorithm.name} {_time(c.cost.seconds)}" for c in choice.slower)
        label = "slower" if all(c.cost.seconds >= chosen.cost.seconds for c in choice.slower) else "others"
        lines.append(f"  {label}:   {slower}")
    if choice.refused:
        lines.append("  refused:  " + " · ".join(f"{name} ({reason})" for name, reason in choice.refused))
    unknown = " structure=unknown" if problem.structure == UNKNOWN else ""
    return "\n".join([*lines, f"  problem:  {problem}{unknown}"])


def as_values(problem: Problem, choice: Choice) -> dict[str, Any]:
    """The same as plain values: seconds on one core, relative error bounds, bytes."""
    return {
        "problem": str(problem),
        "instruction_set": settings.get_instruction_set(),
        "chosen": choice.chosen.algorithm.name,
        **_values(choice.chosen),
        "slower": [{"algorithm": c.algorithm.name, **_values(c)} for c in choice.slower],
        "refused": dict(choice.refused),
    }


def _values(candidate: Candidate) -> dict[str, Any]:
    cost = candidate.cost
    return {
        "detail": cost.detail,
        "seconds": cost.seconds,
        "limit_seconds": cost.limit_seconds,
        "error_bound": cost.error_bound,
        "workspace": cost.workspace,
    }


def _error(candidate: Candidate) -> str:
    bound = candidate.cost.error_bound
    return "exact" if bound == 0 else f"error ≤ {bound:.0e}"


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            value = seconds / size
            return f"{value:.2g} {unit}" if value < 100 else f"{value:,.0f} {unit}"
    return f"{seconds / 1e-9:.2g} ns"
