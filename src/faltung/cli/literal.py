"""Kernels written out: ``1 2 1; 2 4 2; 1 2 1``, rows by semicolons, fractions as 1/9."""

from __future__ import annotations

import math
import re

from faltung.cli.command_error import CommandError

_REAL = r"(?:\d{1,400}\.?\d{0,400}|\.\d{1,400})(?:[eE][+-]?\d{1,4})?"
_NUMBER = re.compile(rf"(?P<above>[+-]?{_REAL})(?:/(?P<below>{_REAL}))?")


def looks_like_numbers(text: str) -> bool:
    """Whether ``text`` starts as a literal kernel does."""
    return re.match(r"\s*[+-]?\.?\d", text) is not None


Numbers = list[int | float]


def parse(text: str) -> Numbers | list[Numbers]:
    """The numbers that ``text`` writes out: one row has one axis, rows ended by ``;`` have two."""
    rows = [[_number(word) for word in row.replace(",", " ").split()] for row in text.split(";")]
    if not rows[-1] and len(rows) > 1:
        rows.pop()  # "1 2 1;" is a row in the plane
    lengths = {len(row) for row in rows}
    if len(lengths) > 1 or 0 in lengths:
        raise CommandError(f"kernel {text!r}: rows have {_listed(rows)} numbers; expected as many in each")
    return rows if ";" in text else rows[0]


def _number(word: str) -> int | float:
    match = _NUMBER.fullmatch(word)
    if match is None:
        raise CommandError(f"kernel: {word!r} is no number; expected e.g. 2, -0.5, 1e-3 or 1/9")
    above = _real(match["above"])
    if match["below"] is None:
        return _finite(word, above)
    below = _real(match["below"])
    if below == 0:
        raise CommandError(f"kernel: {word!r} divides by zero")
    return _finite(word, above / below)


def _finite(word: str, number: float) -> int | float:
    if not math.isfinite(number):
        raise CommandError(f"kernel: {word!r} is beyond the largest floating-point number")
    return number


def _real(text: str) -> int | float:
    return float(text) if re.search("[.eE]", text) else int(text)


def _listed(rows: list[Numbers]) -> str:
    return ", ".join(str(len(row)) for row in rows)
