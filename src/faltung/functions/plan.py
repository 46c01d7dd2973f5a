"""The plan of a continuous convolution: the ranking of the algorithms, to be printed or run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from faltung.functions.named import check_place
from faltung.functions.representation import Representation
from faltung.functions.table import TABLE, Algorithm, check_existence, chosen, rank


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

    def __init__(self, table: Sequence[Algorithm], operands: tuple[Any, ...], method: str) -> None:
        able, self._refused = rank(table, operands, method)
        self._operands = operands
        self._chosen = chosen(table, able, self._refused, method)
        self._others = [candidate for candidate in able if candidate is not self._chosen]
        self.algorithm = self._chosen[0].name

    def __call__(self) -> Any:
        """The convolution."""
        result = self._chosen[0].run(*self._operands)
        check_place(result.pieces)
        return result

    def __repr__(self) -> str:
        return f"ContinuousPlan(algorithm={self.algorithm!r})"

    def __str__(self) -> str:
        return self.explain()

    def explain(self) -> str:
        """The explanation as text: chosen, slower, refused."""
        cost = self._chosen[1]
        name = f"{self.algorithm}  {cost.detail}"
        sign = "≤" if cost.guaranteed else "≈"
        lines = [f"{name:<40}{_milliseconds(cost.seconds):>9}   error {sign} {cost.error_bound:.0e} of the scale"]
        if self._others:
            slower = " · ".join(f"{other.name} {_milliseconds(price.seconds)}" for other, price in self._others)
            lines.append(f"  slower:   {slower}")
        if self._refused:
            lines.append("  refused:  " + " · ".join(f"{name} ({reason})" for name, reason in self._refused))
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The explanation as plain values: seconds on one core, error over the result's scale."""
        cost = self._chosen[1]
        return {
            "chosen": self.algorithm,
            "detail": cost.detail,
            "seconds": cost.seconds,
            "error_bound": cost.error_bound,
            "guaranteed": cost.guaranteed,
            "slower": [{"algorithm": other.name, "seconds": price.seconds} for other, price in self._others],
            "refused": dict(self._refused),
        }


def plan_pair(x: Representation, w: Representation, method: str, operation: str) -> ContinuousPlan:
    """The plan of the convolution of two functions; errors speak of ``operation``."""
    check_existence(x, w, operation)
    return ContinuousPlan(TABLE, (x, w), method)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.2g} ms" if seconds < 0.1 else f"{seconds * 1e3:,.0f} ms"
