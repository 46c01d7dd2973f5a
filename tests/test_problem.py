"""The Problem as a value: printing, parsing, equality, boxes."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import faltung as ft
from faltung import Problem
from faltung.meaning import extent
from faltung.meaning.extent import MODES, OPERATIONS, Mode, Operation
from tests.problems import case_lines, problems

# lines -------------------------------------------------------------------------------------


@given(problems())
def test_a_line_gives_its_problem_back(problem: Problem) -> None:
    again = Problem.parse(str(problem))
    assert again == problem
    assert hash(again) == hash(problem)


@given(case_lines())
def test_printing_settles_after_one_round(line: str) -> None:
    assert str(Problem.parse(line)) == line


@given(problems())
def test_equality_ignores_how_the_box_was_said(problem: Problem) -> None:
    box = ",".join(f"{low}:{length}" for low, length in zip(problem.low, problem.length, strict=True))
    words = [word for word in str(problem).split() if not word.startswith(("mode=", "box="))]
    again = Problem.parse(" ".join([*words, f"box={box}"]))
    assert again == problem
    assert hash(again) == hash(problem)


def test_every_field_counts() -> None:
    problem = Problem.parse("convolve x=f32[2,4|8] w=f32[4,2|3]@1 mode=full groups=2")
    changed = [
        "correlate x=f32[2,4|8] w=f32[4,2|3]@1 box=-1:10 groups=2",
        "convolve x=f64[2,4|8] w=f32[4,2|3]@1 mode=full groups=2 dtype=f32",
        "convolve x=f32[2,4|8] w=f32[4,2|3]@2 box=-1:10 groups=2",
        "convolve x=f32[2,4|8] w=f32[4,2|3]@1 box=-1:9 groups=2",
        *(f"{problem} {word}" for word in ("stride=2", "dilation=2", "input_dilation=2", "boundary=wrap")),
        *(f"{problem} {word}" for word in ("fill_value=1", "nan_policy=omit", "accuracy=elementwise", "dtype=f64")),
        f"{problem} structure=finite",
        "convolve x=f32[3,4|8] w=f32[4,2|3]@1 mode=full groups=2",
        "convolve x=f32[2,4|8] w=f32[6,2|3]@1 mode=full groups=2",
    ]
    different = {Problem.parse(line) for line in changed}
    assert len(different) == len(changed)
    assert problem not in different


def test_defaults_are_left_out() -> None:
    line = "convolve x=f32[2048,2048] w=f32[31,31]@15,15 mode=same boundary=reflect"
    assert str(Problem.parse(f"{line} stride=1 dilation=1,1 accuracy=norm dtype=f32 groups=1")) == line


def test_one_value_serves_all_axes() -> None:
    line = "correlate x=f64[9,8] w=f64[3,2] stride=2 dilation=3 boundary=edge"
    assert Problem.parse(line) == Problem.parse(
        "correlate x=f64[9,8] w=f64[3,2]@1,1 stride=2,2 dilation=3,3 boundary=edge,edge mode=full"
    )


def test_a_problem_is_frozen() -> None:
    problem = Problem.parse("convolve x=f32[8] w=f32[3]")
    with pytest.raises(FrozenInstanceError):
        problem.groups = 2  # type: ignore[misc]


def test_a_pickled_problem_is_found_again_in_another_process() -> None:
    problem = Problem.parse("convolve x=f32[8] w=f32[3]@0 mode=same boundary=wrap structure=finite,rank=1")
    found = "import pickle, sys; p = pickle.load(sys.stdin.buffer); print(str(p), p in {type(p).parse(str(p))})"
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", found], input=pickle.dumps(problem), env=environment, capture_output=True, check=True
        )
        assert run.stdout.decode().strip() == f"{problem} True"


def test_a_plan_prints_the_line_of_its_call() -> None:
    plan = ft.plan("f32[64,48]", "u8[5,2]", "valid", operation="correlate", boundary=("edge", "wrap"), stride=(2, 1))
    line = "correlate x=f32[64,48] w=u8[5,2]@2,1 mode=valid boundary=edge,wrap stride=2,1"
    assert str(plan.problem) == line
    assert Problem.parse(line) == plan.problem


# centres and boxes -------------------------------------------------------------------------


@pytest.mark.parametrize("length", range(1, 9))
def test_default_centres(length: int) -> None:
    assert extent.default_center("convolve", length) == (length - 1) // 2
    assert extent.default_center("correlate", length) == length // 2


kernels = st.tuples(st.sampled_from(OPERATIONS), st.integers(1, 5), st.integers(1, 3))


@given(kernels, st.integers(1, 12), st.integers(1, 4), st.data())
def test_boxes_hold_the_positions_that_the_mode_says(
    kernel: tuple[Operation, int, int], n: int, stride: int, data: st.DataObject
) -> None:
    operation, k, dilation = kernel
    center = data.draw(st.integers(0, k - 1))
    first, last = extent.reach(operation, k, dilation, center)
    for mode in MODES:
        low, length = extent.box(mode, n, first, last, stride)
        said = [low + stride * p for p in range(max(length, 0))]
        assert said == _positions(mode, n, operation, k, dilation, center)[::stride]


def _positions(mode: Mode, n: int, operation: Operation, k: int, dilation: int, center: int) -> list[int]:
    """One by one: those from the first to the last where the kernel touches, sits, or lies inside."""
    sign = -1 if operation == "convolve" else 1
    reads = {at: [at + sign * dilation * (tap - center) for tap in range(k)] for at in range(-40, 60)}
    if mode == "same":
        return list(range(n))
    if mode == "valid":
        return [at for at, read in reads.items() if all(0 <= i < n for i in read)]
    touching = [at for at, read in reads.items() if any(0 <= i < n for i in read)]
    return list(range(touching[0], touching[-1] + 1))


@given(st.integers(1, 30), st.integers(1, 6), st.integers(1, 4), st.integers(1, 5))
def test_lengths_are_those_of_the_textbook(n: int, k: int, dilation: int, stride: int) -> None:
    reach = dilation * (k - 1)
    lengths = {"full": n + reach, "same": n, "valid": max(n - reach, 0)}
    for operation, mode in product(OPERATIONS, get_args(Mode)):
        first, last = extent.reach(operation, k, dilation, extent.default_center(operation, k))
        assert max(extent.box(mode, n, first, last, stride)[1], 0) == -(-lengths[mode] // stride)


@given(problems(shortest=1))
def test_touched_is_all_that_is_read(problem: Problem) -> None:
    for axis, (low, count) in enumerate(problem.touched()):
        read = _reads(problem, axis)
        assert read <= set(range(low, low + count))
        if problem.input_dilation[axis] == 1:
            assert count == (max(read) - min(read) + 1 if read else 0)


def _reads(problem: Problem, axis: int) -> set[int]:
    """Input indices along an axis, those beyond the edges too, that some output reads."""
    r, s, d, m, u = (
        values[axis]
        for values in (problem.low, problem.stride, problem.dilation, problem.center, problem.input_dilation)
    )
    sign = -1 if problem.operation == "convolve" else 1
    taps = range(problem.kernel_shape[axis])
    at = {s * p + r + sign * d * (k - m) for p in range(problem.length[axis]) for k in taps}
    return {position // u for position in at if position % u == 0}


@given(problems())
def test_counts(problem: Problem) -> None:
    taps = problem.channels // problem.groups
    for k in problem.kernel_shape:
        taps *= k
    assert problem.taps == taps
    assert problem.outputs == replace(problem, batch=1).outputs * problem.batch


def test_structure_words_are_checked() -> None:
    line: Any = "convolve x=f32[8] w=f32[3] structure=round"
    with pytest.raises(ValueError, match="round"):
        Problem.parse(line)
