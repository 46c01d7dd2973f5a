"""An array's type and shape as one word: ``f32[2,3|64,64]@1,1``, as the line grammar and `plan` read it.

``[batch,channels|space]``, or ``[filters,channels/groups|kernel]`` and the kernel's centre after ``@``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from faltung import errors

Index = tuple[int, ...]

_CODES: dict[str, type[np.generic]] = {
    "bool": np.bool_,
    **{f"i{8 * size}": np.dtype(f"i{size}").type for size in (1, 2, 4, 8)},
    **{f"u{8 * size}": np.dtype(f"u{size}").type for size in (1, 2, 4, 8)},
    "f16": np.float16,
    "f32": np.float32,
    "f64": np.float64,
    "long": np.longdouble,
    "c64": np.complex64,
    "c128": np.complex128,
    "clong": np.clongdouble,
    "object": np.object_,
}
_ARRAY = re.compile(r"(?P<dtype>\w+)\[(?:(?P<outer>\d+,\d+)\|)?(?P<space>[\d,]*)\](?:@(?P<center>[\d,]+))?")


def dtype_code(dtype: np.dtype[Any]) -> str:
    """The line's word for a type: ``f32`` for float32."""
    for code, scalar in _CODES.items():
        if dtype.type is scalar:
            return code
    return str(dtype)


def dtype_named(code: str) -> np.dtype[Any]:
    """The type that a line's word names; KeyError if there is none."""
    return np.dtype(_CODES[code])


def array_spec(text: str) -> tuple[np.dtype[Any], Index, Index | None, Index | None]:
    """Type, shape, (batch, channels) and centre of ``f32[2,3|64,64]@1,1``."""
    match = _ARRAY.fullmatch(text)
    if match is None or match["dtype"] not in _CODES:
        raise errors.line_unreadable(text, "not an array such as f32[64,64]")
    outer = _integers(match["outer"]) if match["outer"] else None
    center = _integers(match["center"]) if match["center"] else None
    return dtype_named(match["dtype"]), _integers(match["space"]), outer, center


def array_word(dtype: np.dtype[Any], shape: Index, outer: Index | None, center: Index = ()) -> str:
    """The word that `array_spec` reads."""
    before = f"{joined(outer)}|" if outer else ""
    after = f"@{joined(center)}" if center else ""
    return f"{dtype_code(dtype)}[{before}{joined(shape)}]{after}"


def joined(values: Sequence[object]) -> str:
    """Values between commas."""
    return ",".join(map(str, values))


def _integers(text: str) -> Index:
    return tuple(map(integer_of, text.split(","))) if text else ()


def integer_of(text: str) -> int:
    """The integer that ``text`` writes; ValueError if it writes none."""
    try:
        return int(text)
    except ValueError:
        raise errors.line_unreadable(text, "not an integer") from None
