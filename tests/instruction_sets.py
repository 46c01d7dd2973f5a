"""The native core on each instruction set of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from faltung import settings
from faltung.algorithms.algorithm import Algorithm
from faltung.algorithms.definition import DEFINITION


def sets_of(algorithm: Algorithm) -> tuple[str, ...]:
    """Those that its result may depend on: the definition is Python, whatever the set."""
    return settings.INSTRUCTION_SETS[-1:] if algorithm is DEFINITION else settings.INSTRUCTION_SETS


@contextmanager
def instruction_set(name: str) -> Iterator[None]:
    before = settings.get_instruction_set()
    settings.set_instruction_set(name)
    try:
        yield
    finally:
        settings.set_instruction_set(before)
