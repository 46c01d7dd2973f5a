"""How a report looks on the terminal: short labels in a column, lines beside them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text


def report(pairs: Sequence[tuple[str, str]], console: Console) -> None:
    """Print labels and lines; nothing in a line is taken for markup, file names least of all."""
    width = max(len(label) for label, _ in pairs)
    for label, line in pairs:
        console.print(Text.assemble((label.ljust(width), "bold cyan"), "  ", printable(line)))


def plain(text: str, console: Console) -> None:
    """Print ``text`` as it stands."""
    console.print(Text(printable(text)))


def printable(text: str) -> str:
    """``text`` without what would act on the terminal: a file name may hold escape sequences."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "�" for letter in text)
