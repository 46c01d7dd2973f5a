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

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from faltung import errors
from faltung.meaning import extent, numbers
from faltung.meaning.extent import MODES, OPERATIONS, Mode, Operation
from faltung.task.array_word import array_spec, array_word, dtype_code, dtype_named, integer_of, joined
from faltung.task.describe import Options, axis_box, describe
from faltung.task.operand import Kind
from faltung.task.per_axis import each, step
from faltung.task.problem import Index, Problem
from faltung.task.structure import UNKNOWN, Structure

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

# writing -----------------------------------------------------------------------------------


def write(problem: Problem) -> str:
    """The line that describes ``problem``; `read` gives it back."""
    outer = problem.batch, problem.channels, problem.filters
    tensors = outer != (1, 1, 1) or problem.groups != 1
    x = array_word(problem.input_dtype, problem.input_shape, outer[:2] if tensors else None)
    w_outer = (problem.filters, problem.channels // problem.groups) if tensors else None
    w = array_word(problem.kernel_dtype, problem.kernel_shape, w_outer, problem.center)
    words = [problem.operation, f"x={x}", f"w={w}", _box_word(problem)]
    words += [f"{name}={value}" for name, value in _options(problem) if value is not None]
    return " ".join(words)


def _box_word(problem: Problem) -> str:
    modes: tuple[Mode, ...] = ("same", "full", "valid")
    for mode in modes:
        if _said_by(problem, mode):
            return f"mode={mode}"
    return "box=" + ",".join(f"{low}:{length}" for low, length in zip(problem.low, problem.length, strict=True))


def _said_by(problem: Problem, mode: Mode) -> bool:
    """Whether the mode means the Problem's box, and can be said: 'full' and 'valid' need samples and an output."""
    boxes = [extent.box(mode, *axis) for axis in _axes(problem)]
    said = (tuple(low for low, _ in boxes), tuple(length for _, length in boxes)) == (problem.low, problem.length)
    return said and (mode == "same" or 0 not in problem.input_shape + problem.length)


def _axes(problem: Problem) -> list[tuple[int, int, int, int]]:
    """For each axis the samples, spread out, the first and last that are read, and the stride."""
    spread = [(n - 1) * u + 1 if n else 0 for n, u in zip(problem.input_shape, problem.input_dilation, strict=True)]
    return [(n, *reach, s) for n, reach, s in zip(spread, problem.reach(), problem.stride, strict=True)]


def _options(problem: Problem) -> list[tuple[str, object]]:
    natural = numbers.result_type(problem.input_dtype, problem.kernel_dtype, renormalised=problem.renormalise)
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
    return str(values[0]) if len(different) == 1 else joined(values)


# reading -----------------------------------------------------------------------------------


def read(line: str) -> Problem:
    """The Problem that ``line`` describes, checked as a call's options are."""
    operation, options = _words(line)
    x, w = _array(line, options, "x"), _array(line, options, "w")
    problem, _ = describe(operation, _options_of(line, options), x, w)
    batch, channels, filters, groups = _outer(line, options)
    problem = replace(
        problem,
        batch=batch,
        channels=channels,
        filters=filters,
        groups=groups,
        input_dilation=each("input_dilation", _integers(options, "input_dilation", 1), x.ndim, step("input_dilation")),
        structure=Structure.parse(options.get("structure", "unknown")),
    )
    return problem.with_box(*_box(line, problem, options))


def _words(line: str) -> tuple[Operation, dict[str, str]]:
    operation, *words = line.split() or [""]
    options: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name not in _OPTIONS or not equals:
            raise errors.line_unreadable(line, f"{word!r} is no word of the grammar")
        if name in options:
            raise errors.line_unreadable(line, f"{name} is said twice")
        options[name] = value
    if "mode" in options and "box" in options:
        raise errors.line_unreadable(line, "mode and box are two ways to say one thing")
    for known in OPERATIONS:
        if operation == known:
            return known, options
    raise errors.line_unreadable(line, f"{operation!r} is no operation")


def _array(line: str, options: dict[str, str], name: str) -> Kind:
    if name not in options:
        raise errors.line_unreadable(line, f"{name} is missing")
    dtype, shape, _, center = array_spec(options[name])
    if center is not None and name == "x":
        raise errors.line_unreadable(line, "x has a centre, which only kernels have")
    # Only masked integers are omitted, and a line says what is omitted, not why.
    return Kind(dtype, shape, masked=name == "x" and options.get("nan_policy") == "omit", center=center)


def _options_of(line: str, options: dict[str, str]) -> Options:
    nan_policy = options.get("nan_policy", "propagate")
    if nan_policy not in ("propagate", "omit"):
        raise errors.unknown_word("nan_policy", nan_policy, ("propagate", "omit"))
    return Options(
        mode="same",  # which fits any input; `_box` reads what the line says
        boundary=_one_or_each(options.get("boundary", "constant").split(",")),
        fill_value=_number(line, options.get("fill_value", "0")),
        stride=_integers(options, "stride", 1),
        dilation=_integers(options, "dilation", 1),
        nan_policy=nan_policy,
        accuracy=_accuracy(options.get("accuracy", "norm")),
        dtype=_dtype(line, options.get("dtype")),
    )


def _one_or_each(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else tuple(values)


def _integers(options: dict[str, str], name: str, default: int) -> Any:
    return _one_or_each([integer_of(text) for text in options[name].split(",")]) if name in options else default


def _number(line: str, text: str) -> int | float | complex:
    for convert in (int, float, complex):
        try:
            return convert(text)
        except ValueError:
            continue
    raise errors.line_unreadable(line, f"{text!r} is not a number")


def _accuracy(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _dtype(line: str, code: str | None) -> np.dtype[Any] | None:
    if code is None:
        return None
    try:
        return dtype_named(code)
    except KeyError:
        raise errors.line_unreadable(line, f"{code!r} is no type") from None


def _outer(line: str, options: dict[str, str]) -> Index:
    """Batch, channels, filters and groups."""
    batch, channels = array_spec(options["x"])[2] or (1, 1)
    filters, channels_per_group = array_spec(options["w"])[2] or (1, 1)
    groups = integer_of(options.get("groups", "1"))
    if groups < 1 or channels != groups * channels_per_group or filters % groups:
        raise errors.line_unreadable(line, f"{channels} channels, {filters} filters and groups={groups} do not fit")
    return batch, channels, filters, groups


def _box(line: str, problem: Problem, options: dict[str, str]) -> tuple[Index, Index]:
    if "box" in options:
        spans = [part.partition(":") for part in options["box"].split(",") if part]
        low, length = [integer_of(first) for first, _, _ in spans], [integer_of(count) for _, _, count in spans]
        if len(spans) != problem.ndim or any(count < 0 for count in length):
            raise errors.line_unreadable(line, "the box has no such extent")
        return tuple(low), tuple(length)
    mode = options.get("mode", "full")
    for known in MODES:
        if mode == known:
            boxes = [axis_box(known, problem.input_shape, i, *axis) for i, axis in enumerate(_axes(problem))]
            return tuple(low for low, _ in boxes), tuple(length for _, length in boxes)
    raise errors.unknown_word("mode", mode, MODES)
