"""The case lines of ``cases/*.case``: one Problem a line, comments after ``#``."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "cases"


def lines(folder: Path = FOLDER) -> list[str]:
    """All case lines, file by file."""
    files = sorted(folder.glob("*.case"))
    every = (line.partition("#")[0].strip() for file in files for line in file.read_text("utf-8").splitlines())
    return [line for line in every if line]
