"""Tables: aligned columns, by Rich where it is installed, in plain text otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A title, column heads and rows of text; the first column is text, the others are figures."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    styles: Sequence[str] = ()
    """A Rich style for each row; plain text does without."""


def show(table: Table) -> None:
    """Print it."""
    try:
        _rich(table)
    except ModuleNotFoundError:
        print(plain(table))


def plain(table: Table) -> str:
    """The table in characters alone."""
    lines = [list(table.heads), *map(list, table.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.heads))]
    texts = ["  ".join(_padded(line, widths)).rstrip() for line in lines]
    return "\n".join(["", table.title, texts[0], "-" * len(texts[0]), *texts[1:]])


def _padded(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        text.ljust(width) if not at else text.rjust(width)
        for at, (text, width) in enumerate(zip(line, widths, strict=True))
    ]


def _rich(table: Table) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(title=table.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column, head in enumerate(table.heads):
        shown.add_column(head, justify="right" if column else "left", no_wrap=column > 0, overflow="fold")
    for row, style in zip(table.rows, table.styles or [""] * len(table.rows), strict=True):
        shown.add_row(*map(Text, row), style=style)
    Console(width=max(shutil.get_terminal_size((150, 24)).columns, 100)).print(shown)
