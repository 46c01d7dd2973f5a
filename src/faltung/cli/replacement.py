"""Writing a file so that it is there whole, or the one before it is: temporary, fsync, rename."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from faltung.cli.command_error import CommandError


def check_writable(path: Path, force: bool) -> None:
    """Say now, before any work, what would keep `replacing` from writing ``path``."""
    if path.is_dir():
        raise CommandError(f"{path}: is a folder; expected the name of a file to write")
    if path.exists() and not path.is_file():
        raise CommandError(f"{path}: is a pipe or device; expected the name of a file to write")
    if not path.parent.is_dir():
        raise CommandError(f"{path}: there is no folder {path.parent} to write it in")
    if not force and (path.exists() or path.is_symlink()):
        raise CommandError(f"{path}: exists already; --force overwrites it")


@contextmanager
def replacing(path: Path, force: bool) -> Iterator[BinaryIO]:
    """A file to write to, moved to ``path`` once it is whole and on the disk.

    If anything goes wrong before, an existing file is untouched and nothing is left behind.
    """
    check_writable(path, force)
    target = Path(os.path.realpath(path))  # a link keeps pointing where it points
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        # Created by hand rather than by tempfile, whose files only their owner may read.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as problem:
        raise CommandError(f"{path}: cannot be written: {problem.strerror}") from problem
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        check_writable(path, force)  # someone else may have been quicker
        temporary.replace(target)
    except OSError as problem:
        raise CommandError(f"{path}: cannot be written: {problem.strerror or problem}") from problem
    finally:
        temporary.unlink(missing_ok=True)
