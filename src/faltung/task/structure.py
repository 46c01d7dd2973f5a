"""What is known of a kernel's values: facts that let an algorithm accept or refuse it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from faltung import errors


class Structure(NamedTuple):
    """Facts of a kernel; None where a fact was not sought.

    Prints as ``finite,nonnegative,rank=1`` and the like, or ``unknown``.
    """

    finite: bool | None = None
    nonnegative: bool | None = None
    constant: bool | None = None
    symmetric: bool | None = None
    """Equal to its flip: it convolves as it correlates."""
    rank: int | None = None

    def __str__(self) -> str:
        words = []
        for name, value in self._asdict().items():
            if isinstance(value, bool):
                words.append(name if value else f"not-{name}")
            elif value is not None:
                words.append(f"{name}={value}")
        return ",".join(words) or "unknown"

    @classmethod
    def parse(cls, text: str) -> Structure:
        """The structure that prints as ``text``; ValueError if there is none."""
        facts: dict[str, Any] = {}
        for word in text.split(",") if text != "unknown" else ():
            name, _, value = word.partition("=")
            fact = name.removeprefix("not-")
            if fact in facts or (fact, bool(value)) not in _FACTS or (value and not value.isdigit()):
                raise errors.line_unreadable(f"structure={text}", f"{word!r} is no fact of a kernel, or said twice")
            facts[fact] = int(value) if value else fact == name
        return cls(**facts)


# Their names, and whether they have a value.
_FACTS = (*((fact, False) for fact in ("finite", "nonnegative", "constant", "symmetric")), ("rank", True))
UNKNOWN = Structure()


def observe(w: NDArray[Any], rank: int | None = None) -> Structure:
    """The facts that one look at the values, (filters, channels, *kernel), gives, O(size), and the
    rank where it is known.
    """
    if w.dtype.kind == "O":
        return UNKNOWN
    rank = 1 if max(w.shape, default=1) == w.size else rank
    backwards = (slice(None), slice(None), *(slice(None, None, -1),) * (w.ndim - 2))
    symmetric = bool((w == w[backwards]).all())
    if w.dtype.kind == "c":
        return Structure(bool(np.isfinite(w).all()), False, False, symmetric, rank)
    low, high = w.min(), w.max()  # NaN if any weight is
    finite = math.isfinite(low) and math.isfinite(high)
    return Structure(finite, bool(finite and low >= 0), bool(finite and low == high), symmetric, rank)


def with_rank(structure: Structure, rank: int) -> Structure:
    """The same facts, and the rank."""
    return structure._replace(rank=rank)
