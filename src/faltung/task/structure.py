"""What is known of a kernel's values: facts that let an algorithm accept or refuse it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from faltung import errors

Symmetry = Literal["even", "odd"]


@dataclass(frozen=True, slots=True)
class Structure:
    """Facts of a kernel; None where a fact was not sought.

    Prints as ``finite,nonnegative,rank=1`` and the like, or ``unknown``.
    """

    finite: bool | None = None
    nonnegative: bool | None = None
    constant: bool | None = None
    rank: int | None = None
    symmetry: Symmetry | None = None

    def __str__(self) -> str:
        words = []
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool):
                words.append(field.name if value else f"not-{field.name}")
            elif value is not None:
                words.append(f"{field.name}={value}")
        return ",".join(words) or "unknown"

    @classmethod
    def parse(cls, text: str) -> Structure:
        """The structure that prints as ``text``; ValueError if there is none."""
        facts: dict[str, Any] = {}
        for word in text.split(",") if text != "unknown" else ():
            name, _, value = word.removeprefix("not-").partition("=")
            facts[name] = not word.startswith("not-") if not value else int(value) if value.isdigit() else value
        if not set(facts) <= {field.name for field in fields(cls)}:
            raise errors.line_unreadable(f"structure={text}", "no such fact of a kernel")
        return cls(**facts)


UNKNOWN = Structure()


def observe(w: NDArray[Any], rank: int | None = None) -> Structure:
    """The facts that one look at the values gives, O(size), and the rank where it is known."""
    if w.dtype.kind == "O":
        return UNKNOWN
    rank = 1 if max(w.shape, default=1) == w.size else rank
    if w.dtype.kind == "c":
        return Structure(bool(np.isfinite(w).all()), False, False, rank=rank)
    low, high = w.min(), w.max()  # NaN if any weight is
    finite = math.isfinite(low) and math.isfinite(high)
    return Structure(finite, nonnegative=bool(finite and low >= 0), constant=bool(finite and low == high), rank=rank)


def with_rank(structure: Structure, rank: int) -> Structure:
    """The same facts, and the rank."""
    return replace(structure, rank=rank)
