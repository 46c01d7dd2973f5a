"""The line grammar: a Problem as one line of text, for cases, bug reports and the command line.

::

    OPERATION x=DTYPE[SHAPE] w=DTYPE[SHAPE][@CENTER] [OPTION=VALUE ...]

    convolve  x=f32[2048,2048] w=f32[31,31]@15,15 mode=same boundary=reflect
    correlate x=f32[8,3|64,64] w=f32[16,3|3,3] box=-1:64,-1:64 stride=2,2

``[batch,channels|space]`` and ``[filters,channels/groups|kernel]`` carry what tensors have.
Options: ``mode`` or ``box`` (low:length per axis), ``boundary``, ``fill_value``, ``stride``,
``dilation``, ``input_dilation``, ``groups``, ``dtype`` (of the result), ``nan_policy=omit``,
``accuracy``, ``structure``. One value serves all axes; those left out have their defaults.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import numpy as np

from faltung import errors
from faltung.meaning import boundary as boundaries
from faltung.meaning import extent, numbers
from faltung.meaning.extent import MODES, OPERATIONS, Operation
from faltung.task.problem import Index, Problem
from faltung.task.structure import UNKNOWN, Structure

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
_OPTIONS = frozenset(
    [
        "x",
        "w",
        "mode",
        "box",
        "boundary",
        "fill_value",
        "stride",
        "dilation",
        "input_dilation",
        "groups",
        "dtype",
        "nan_policy",
        "accuracy",
        "structure",
    ]
)
_T = TypeVar("_T")
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


def write(problem: Problem) -> str:
    """The line that describes ``problem``; `read` gives it back."""
    outer = problem.batch, problem.channels, problem.filters
    tensors = outer != (1, 1, 1) or problem.groups != 1
    x = _array(problem.input_dtype, problem.input_shape, outer[:2] if tensors else None)
    w_outer = (problem.filters, problem.channels // problem.groups) if tensors else None
    w = _array(problem.kernel_dtype, problem.kernel_shape, w_outer)
    center = f"@{_joined(problem.center)}" if problem.center else ""
    words = [problem.operation, f"x={x}", f"w={w}{center}", _box_word(problem)]
    words += [f"{name}={value}" for name, value in _options(problem) if value is not None]
    return " ".join(words)


def _array(dtype: np.dtype[Any], shape: Index, outer: Index | None) -> str:
    before = f"{_joined(outer)}|" if outer else ""
    return f"{dtype_code(dtype)}[{before}{_joined(shape)}]"


def _box_word(problem: Problem) -> str:
    for mode in ("same", "full", "valid"):
        if _mode_box(problem, mode) == (problem.low, problem.length):
            return f"mode={mode}"
    return "box=" + ",".join(f"{low}:{length}" for low, length in zip(problem.low, problem.length, strict=True))


def _mode_box(problem: Problem, mode: extent.Mode) -> tuple[Index, Index]:
    spread = [(n - 1) * u + 1 if n else 0 for n, u in zip(problem.input_shape, problem.input_dilation, strict=True)]
    boxes = [
        extent.box(mode, n, *reach, s) for n, reach, s in zip(spread, problem.reach(), problem.stride, strict=True)
    ]
    return tuple(low for low, _ in boxes), tuple(length for _, length in boxes)


def _options(problem: Problem) -> list[tuple[str, object]]:
    natural = numbers.result_type(problem.input_dtype, problem.kernel_dtype)
    return [
        ("boundary", _same_or_joined(problem.boundary, "constant")),
        ("fill_value", _number_text(problem.fill_value) if problem.fill_value != 0 else None),
        ("stride", _same_or_joined(problem.stride, 1)),
        ("dilation", _same_or_joined(problem.dilation, 1)),
        ("input_dilation", _same_or_joined(problem.input_dilation, 1)),
        ("groups", problem.groups if problem.groups != 1 else None),
        ("dtype", dtype_code(problem.result_dtype) if problem.result_dtype != natural else None),
        ("nan_policy", "omit" if problem.omit else None),
        ("accuracy", problem.accuracy if problem.accuracy != "norm" else None),
        ("structure", problem.structure if problem.structure != UNKNOWN else None),
    ]


def _number_text(value: complex) -> str:
    return repr(value).strip("()")


def _same_or_joined(values: Sequence[object], default: object) -> str | None:
    different = set(values)
    if different <= {default}:
        return None
    return str(values[0]) if len(different) == 1 else _joined(values)


def _joined(values: Sequence[object]) -> str:
    return ",".join(map(str, values))


def _integers(text: str) -> Index:
    return tuple(map(_integer, text.split(","))) if text else ()


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise errors.line_unreadable(text, "not an integer") from None


def read(line: str) -> Problem:
    """The Problem that ``line`` describes."""
    try:
        return _read(line)
    except (KeyError, IndexError) as missing:
        raise errors.line_unreadable(line, f"no or unknown {missing}") from None


def _read(line: str) -> Problem:
    operation, *words = line.split() or [""]
    options = dict(cast("tuple[str, str]", tuple(word.split("=", 1))) for word in words if "=" in word)
    unknown = sorted(set(options) - _OPTIONS) + [word for word in words if "=" not in word]
    if operation not in OPERATIONS or unknown:
        raise errors.line_unreadable(line, f"{(unknown or [operation])[0]!r} is no word of the grammar")
    x_dtype, x_shape, x_outer, off_center = array_spec(options["x"])
    if off_center is not None:
        raise errors.line_unreadable(line, "x has a centre, which only kernels have")
    w_dtype, w_shape, w_outer, center = array_spec(options["w"])
    if len(x_shape) != len(w_shape) or 0 in w_shape:
        raise errors.dimensions_differ(x_shape, w_shape) if 0 not in w_shape else errors.empty_kernel(w_shape)
    natural = numbers.result_type(x_dtype, w_dtype)
    groups = _integer(options.get("groups", "1"))
    batch, channels = x_outer or (1, 1)
    filters, channels_per_group = w_outer or (1, 1)
    if groups < 1 or channels != groups * channels_per_group or filters % groups:
        raise errors.line_unreadable(line, f"{channels} channels, {filters} filters and groups={groups} do not fit")
    ndim = len(x_shape)
    boundary = _per_axis(line, "boundary", options.get("boundary", "constant"), ndim, boundaries.check)
    problem = Problem(
        operation=operation,
        input_dtype=x_dtype,
        input_shape=x_shape,
        kernel_dtype=w_dtype,
        kernel_shape=w_shape,
        result_dtype=dtype_named(options["dtype"]) if "dtype" in options else natural,
        center=_centers(line, operation, center, w_shape),
        stride=_steps(line, "stride", options, ndim),
        dilation=_steps(line, "dilation", options, ndim),
        input_dilation=_steps(line, "input_dilation", options, ndim),
        low=(0,) * ndim,
        length=(0,) * ndim,
        boundary=boundary,
        fill_value=_number(options.get("fill_value", "0")),
        batch=batch,
        channels=channels,
        filters=filters,
        groups=groups,
        omit=_omit(options.get("nan_policy", "propagate")),
        accuracy=_accuracy(options.get("accuracy", "norm")),
        structure=Structure.parse(options.get("structure", "unknown")),
    )
    return problem.with_box(*_box(line, problem, options))


def _box(line: str, problem: Problem, options: dict[str, str]) -> tuple[Index, Index]:
    if "box" not in options:
        mode = options.get("mode", "full")
        if mode not in MODES:
            raise errors.unknown_word("mode", mode, MODES)
        low, length = _mode_box(problem, mode)
    else:
        spans = [part.partition(":") for part in options["box"].split(",") if part]
        low = tuple(_integer(first) for first, _, _ in spans)
        length = tuple(_integer(count) for _, _, count in spans)
    if len(low) != problem.ndim or any(count < 0 for count in length):
        raise errors.line_unreadable(line, "the box has no such extent")
    return low, length


def _per_axis(line: str, name: str, text: str, ndim: int, convert: Callable[[str], _T]) -> tuple[_T, ...]:
    values = tuple(convert(part) for part in text.split(","))
    if len(values) not in (1, ndim):
        raise errors.line_unreadable(line, f"{name} has {len(values)} entries for {ndim} axes")
    return values * ndim if len(values) == 1 else values


def _steps(line: str, name: str, options: dict[str, str], ndim: int) -> Index:
    steps = _per_axis(line, name, options.get(name, "1"), ndim, _integer)
    for step in steps:
        if step < 1:
            raise errors.below_one(name, step)
    return steps


def _centers(line: str, operation: Operation, center: Index | None, shape: Index) -> Index:
    if center is None:
        return tuple(extent.default_center(operation, k) for k in shape)
    if len(center) != len(shape):
        raise errors.line_unreadable(line, f"the centre has {len(center)} entries for {len(shape)} axes")
    for axis, (m, k) in enumerate(zip(center, shape, strict=True)):
        if not 0 <= m < k:
            raise errors.center_outside(m, k, axis)
    return center


def _number(text: str) -> int | float | complex:
    for convert in (int, float, complex):
        try:
            number = convert(text)
        except ValueError:
            continue
        return number if number == number else math.nan  # one NaN, so that Problems compare equal
    raise errors.line_unreadable(text, "not a number")


def _accuracy(text: str) -> str | float:
    if text in ("norm", "elementwise"):
        return text
    tolerance = _number(text)
    if isinstance(tolerance, complex) or not 0 < tolerance < 1:
        raise errors.bad_accuracy(tolerance)
    return float(tolerance)


def _omit(text: str) -> bool:
    if text not in ("propagate", "omit"):
        raise errors.unknown_word("nan_policy", text, ("propagate", "omit"))
    return text == "omit"
