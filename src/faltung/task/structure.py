"""What is known of a kernel's values: facts that let an algorithm accept or refuse it."""

from __future__ import annotations

import functools
import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from faltung import errors
from faltung._native import _core


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
            match = _FACT.fullmatch(word)
            name = "rank" if match and match["rank"] else match and match["fact"]
            if match is None or name in facts:
                raise errors.line_unreadable(f"structure={text}", f"{word!r} is no fact of a kernel, or said twice")
            facts[str(name)] = int(match["rank"]) if match["rank"] else match["negated"] is None
        return cls(**facts)


_FACT = re.compile(r"(?P<negated>not-)?(?P<fact>finite|nonnegative|constant|symmetric)|rank=(?P<rank>[1-9][0-9]*)")
UNKNOWN = Structure()
# The native core looks; nothing but the definition computes with other types.
_OBSERVED = frozenset(map(np.dtype, "?bBhHiIlLqQefdFD"))


def observe(w: NDArray[Any], rank: int | None = None) -> Structure:
    """The facts that one look at the values, (filters, channels, *kernel), gives, O(size), and the
    rank where it is known.
    """
    if w.dtype not in _OBSERVED:
        return UNKNOWN
    seen = np.ascontiguousarray(w, np.float32 if w.dtype == np.float16 else None)
    return _facts(_core.kernel_facts(seen), rank)


@functools.lru_cache(maxsize=256)
def _facts(seen: tuple[bool, ...], rank: int | None) -> Structure:
    finite, nonnegative, constant, symmetric, is_line = seen
    return Structure(finite, nonnegative, constant, symmetric, 1 if is_line else rank)


def with_rank(structure: Structure, rank: int) -> Structure:
    """The same facts, and the rank."""
    return structure._replace(rank=rank)
