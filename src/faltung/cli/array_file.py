"""Arrays in NumPy's .npy files, believed only as far as the file's size bears them out."""

from __future__ import annotations

import math
import os
import tokenize
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from faltung.cli.command_error import CommandError, reading
from faltung.cli.replacement import replacing

# The header is a Python literal, which NumPy reads with Python's own tokenizer and parser.
_UNREADABLE = (ValueError, TypeError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError)


def read(path: Path) -> NDArray[Any]:
    """The array in ``path``: booleans, integers, floating or complex numbers, never pickles."""
    with reading(path), path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # headers written by Python 2 read well enough
        _check_header(path, file)
        file.seek(0)
        try:
            return np.asarray(npy.read_array(file, allow_pickle=False))
        except ValueError as problem:
            raise CommandError(f"{path}: is damaged: {problem}") from problem


def write(path: Path, array: NDArray[Any], force: bool) -> None:
    """Write ``array`` to ``path``."""
    with replacing(path, force) as file:
        npy.write_array(file, array, allow_pickle=False)


def _check_header(path: Path, file: BinaryIO) -> None:
    shape, dtype = _header(path, file)
    if dtype.hasobject or dtype.kind not in "biufc":
        raise CommandError(f"{path}: holds {dtype}; expected bool, integer, floating or complex numbers")
    if not shape:
        raise CommandError(f"{path}: holds a single number (shape ()); expected an array with at least one axis")
    claimed = math.prod(shape) * dtype.itemsize  # Python's integers: 2**60 elements do not wrap
    there = os.fstat(file.fileno()).st_size - file.tell()
    if min(shape, default=0) < 0 or claimed > there:
        raise CommandError(f"{path}: its header claims {claimed} bytes (shape {shape}, {dtype}), {there} are there")


def _header(path: Path, file: BinaryIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    try:
        version = npy.read_magic(file)
        # Version 3 exists for the field names of records, which are refused anyway.
        if version not in readers:
            raise CommandError(f"{path}: .npy version {version}; expected 1.0 or 2.0, which hold plain numbers")
        shape, _, dtype = readers[version](file)
    except _UNREADABLE as problem:
        raise CommandError(f"{path}: is no .npy file that can be read ({_first_line(problem)})") from problem
    return tuple(shape), dtype


def _first_line(problem: BaseException) -> str:
    return str(problem).partition("\n")[0].rstrip(".")
