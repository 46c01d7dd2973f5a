"""The command line: photographs, sound and arrays in; convolved, out.

Importing this costs nothing; `main` loads the rest.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

_EXTRA = frozenset({"typer", "rich", "PIL", "matplotlib"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 0, or 2 where it could not do what was asked."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without µ is no reason to fail
    try:
        try:
            from faltung.cli.commands import run
        except ValueError as refusal:  # a setting in the environment
            sys.stderr.write(f"faltung: {refusal}\n")
            return 2
        return run(arguments)
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] not in _EXTRA:
            raise
        sys.stderr.write(f'faltung: the command line needs {missing.name}: pip install "faltung[cli]"\n')
        return 2
