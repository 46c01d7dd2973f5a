"""The one way in which a command fails: a line for the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class CommandError(Exception):
    """What was asked cannot be done; the text says what came, what is expected and the mend."""


@contextmanager
def told_by_the_library() -> Iterator[None]:
    """Turn the library's own refusals, which already say all of this, into a `CommandError`."""
    try:
        yield
    except (ValueError, TypeError, OverflowError) as refusal:
        raise CommandError(str(refusal)) from refusal
    except MemoryError as lack:
        raise CommandError(f"not enough memory: {lack}") from lack


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the operating system says about a file into a `CommandError` that names it."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise CommandError(f"{path}: is a pipe or device; expected a file")  # reading one may wait for ever
    try:
        yield
    except FileNotFoundError:
        raise CommandError(f"{path}: no such file") from None
    except MemoryError:
        raise CommandError(f"{path}: does not fit into memory") from None
    except OSError as problem:
        raise CommandError(f"{path}: cannot be read: {problem.strerror or problem}") from problem
