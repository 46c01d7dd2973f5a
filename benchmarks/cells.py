"""Cells: what is measured, one case line each, one file for each domain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from faltung.task.problem import Problem

FOLDER = Path(__file__).parent / "cells"
TRAINING = "training"
"""The domain whose cells are steps of training: forward pass, input gradient, kernel gradient."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One Problem to measure, and the file that asks for it."""

    domain: str
    line: str
    problem: Problem

    def __str__(self) -> str:
        return self.line

    @property
    def training(self) -> bool:
        """Whether both gradients are asked for after the forward pass."""
        return self.domain == TRAINING


def domains() -> list[str]:
    """The names of the files of cells."""
    return sorted(path.stem for path in FOLDER.glob("*.case"))


def read(names: Iterable[str] = ()) -> list[Cell]:
    """The cells of these domains, of all if none is named.

    Raises
    ------
    ValueError
        There is no such domain, or a line cannot be read.
    """
    chosen = list(names) or domains()
    for name in chosen:
        if name not in domains():
            raise ValueError(f"domain={name!r}: there is no such file of cells; there are {', '.join(domains())}")
    return [cell for name in chosen for cell in parse(name, (FOLDER / f"{name}.case").read_text())]


def parse(domain: str, text: str) -> list[Cell]:
    """One cell for each line that is neither empty nor a comment (``#``)."""
    lines = (line.strip() for line in text.splitlines())
    return [Cell(domain, line, Problem.parse(line)) for line in lines if line and not line.startswith("#")]
