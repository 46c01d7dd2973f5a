"""Settings of the process: how many threads, which instruction set."""

from __future__ import annotations

import functools
import operator
import os
import sys
import threading

from faltung import errors
from faltung._native import _core

INSTRUCTION_SETS: tuple[str, ...] = tuple(_core.instruction_sets())
"""Instruction sets that this build holds and this processor runs, narrowest first."""

_threads: int | None = None
_level = len(INSTRUCTION_SETS) - 1


def set_threads(count: int | None) -> None:
    """Set how many threads a call uses by default; None returns to what the process may use.

    Raises
    ------
    TypeError, ValueError
        ``count`` is no integer, or below 1.

    Examples
    --------
    >>> import faltung as ft
    >>> ft.set_threads(1)
    >>> ft.get_threads()
    1
    >>> ft.set_threads(None)
    """
    global _threads
    _threads = None if count is None else checked_threads(count)


def get_threads() -> int:
    """How many threads a call uses by default.

    What `set_threads` said; otherwise 1 inside another library's workers (any thread but the
    main one, any child of multiprocessing), so that nothing is oversubscribed; otherwise the
    processors that affinity and the container's limits leave to this process.
    """
    if _threads is not None:
        return _threads
    if threading.current_thread() is not threading.main_thread() or _is_worker_process():
        return 1
    return max(1, min(_affinity(), _container_limit()))


def checked_threads(count: object) -> int:
    """``count`` as an integer of at least 1."""
    if isinstance(count, bool):
        raise errors.not_an_integer("threads", count)
    try:
        value = operator.index(count)  # type: ignore[arg-type]  # its TypeError is the check
    except TypeError:
        raise errors.not_an_integer("threads", count) from None
    if value < 1:
        raise errors.below_one("threads", value)
    return min(value, 1024)


def _is_worker_process() -> bool:
    process = sys.modules.get("multiprocessing.process")  # not imported: not its child
    return process is not None and process.parent_process() is not None


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@functools.cache
def _container_limit() -> int:
    """Processors that the control group grants, rounded up; a large number without a limit."""
    try:
        with open("/sys/fs/cgroup/cpu.max") as limit:  # noqa: PTH123 (importing pathlib costs 7 ms)
            quota, period = limit.read().split()[:2]
        return -(-int(quota) // int(period))
    except (OSError, ValueError):
        return sys.maxsize


def set_instruction_set(name: str) -> None:
    """Force the native core onto one instruction set; ``"auto"`` takes the widest.

    Results are the same bits for any thread count and layout, but may differ in the last
    bits between instruction sets.

    Raises
    ------
    ValueError
        This build or processor does not have it.
    """
    global _level
    if name == "auto":
        _level = len(INSTRUCTION_SETS) - 1
    elif name in INSTRUCTION_SETS:
        _level = INSTRUCTION_SETS.index(name)
    else:
        raise errors.unknown_instruction_set(name, INSTRUCTION_SETS)


def get_instruction_set() -> str:
    """The instruction set in use."""
    return INSTRUCTION_SETS[_level]


def level() -> int:
    """Its index among those that the build holds, as the native core counts them."""
    return _level


def _from_environment() -> None:
    name = os.environ.get("FALTUNG_INSTRUCTION_SET", "auto")
    if name not in ("auto", *INSTRUCTION_SETS):
        raise errors.unknown_instruction_set(name, INSTRUCTION_SETS, "the environment's FALTUNG_INSTRUCTION_SET")
    set_instruction_set(name)


_from_environment()
