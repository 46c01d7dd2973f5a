"""The plan of a continuous convolution: the ranking of the algorithms, to be printed or run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from faltung.functions import errors
from faltung.functions.representation import Representation
from faltung.functions.table import Cost, check_existence, ranking


@dataclass(frozen=True, slots=True)
class Choice:
    """An algorithm that can do it, at a cost."""

    name: str
    cost: Cost
    run: Callable[[], Representation]


class ContinuousPlan:
    """How functions will be convolved, made by `faltung.plan` and `faltung.functions.plan_power`.

    Print it to see the chosen algorithm, its rivals and the reasons of those that refuse; call
    it, without arguments, for the result.

    Attributes
    ----------
    algorithm
        Name of the chosen algorithm.

    Examples
    --------
    >>> import faltung as ft
    >>> ft.plan(ft.Function.box(0, 1), ft.Function.box(0, 2)).algorithm
    'polynomials'
    """

    def __init__(self, able: Sequence[Choice], refused: Sequence[tuple[str, str]], method: str) -> None:
        self._able = sorted(able, key=lambda choice: choice.cost.seconds)
        self._refused = list(refused)
        self._chosen = self._choose(method)
        self._others = [choice for choice in self._able if choice is not self._chosen]
        self.algorithm = self._chosen.name

    def _choose(self, method: str) -> Choice:
        for choice in self._able:
            if method in ("auto", choice.name):
                return choice
        for name, reason in self._refused:
            if name == method:
                raise errors.method_refuses(method, reason)
        names = [*(choice.name for choice in self._able), *(name for name, _ in self._refused)]
        raise errors.unknown_method(method, names)

    def __call__(self) -> Any:
        """The convolution."""
        return self._chosen.run()

    def __repr__(self) -> str:
        return f"ContinuousPlan(algorithm={self.algorithm!r})"

    def __str__(self) -> str:
        return self.explain()

    def explain(self) -> str:
        """The explanation as text: chosen, slower, refused."""
        cost = self._chosen.cost
        name = f"{self.algorithm}  {cost.detail}"
        sign = "≤" if cost.guaranteed else "≈"
        lines = [f"{name:<40}{_milliseconds(cost.seconds):>9}   error {sign} {cost.error_bound:.0e} of the scale"]
        if self._others:
            slower = " · ".join(f"{other.name} {_milliseconds(other.cost.seconds)}" for other in self._others)
            lines.append(f"  slower:   {slower}")
        if self._refused:
            lines.append("  refused:  " + " · ".join(f"{name} ({reason})" for name, reason in self._refused))
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The explanation as plain values: seconds on one core, error over the result's scale."""
        cost = self._chosen.cost
        return {
            "chosen": self.algorithm,
            "detail": cost.detail,
            "seconds": cost.seconds,
            "error_bound": cost.error_bound,
            "guaranteed": cost.guaranteed,
            "slower": [{"algorithm": other.name, "seconds": other.cost.seconds} for other in self._others],
            "refused": dict(self._refused),
        }


def plan_pair(x: Representation, w: Representation, method: str) -> ContinuousPlan:
    """The plan of the convolution of two functions."""
    check_existence(x, w)
    able, refused = ranking(x, w)
    choices = [Choice(algorithm.name, cost, partial(algorithm.run, x, w)) for algorithm, cost in able]
    return ContinuousPlan(choices, refused, method)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.2g} ms" if seconds < 0.1 else f"{seconds * 1e3:,.0f} ms"
