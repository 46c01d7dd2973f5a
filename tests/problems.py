"""Hypothesis strategies for Problems; a failing test of `case_lines` prints the shortest line."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from faltung import Problem
from faltung.meaning import extent, numbers
from faltung.meaning.boundary import BOUNDARIES, Boundary
from faltung.task.describe import fill_value_as
from faltung.task.structure import Structure

DTYPES = (
    *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float16", "float32", "float64", "longdouble", "complex64", "complex128", "clongdouble", "object"),
)
RESULTS = {"b": "iufcO", "i": "iufcO", "u": "iufcO", "f": "fcO", "c": "cO", "O": "O"}


@st.composite
def problems(
    draw: st.DrawFn,
    dtypes: tuple[str, ...] = DTYPES,
    boundaries: tuple[Boundary, ...] = BOUNDARIES,
    shortest: int = 0,
    linear: bool = False,
) -> Problem:
    """Any Problem of up to three small axes; ``linear`` leaves out all that is not bilinear."""
    ndim = draw(st.integers(0, 3))
    groups, batch, per_group = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    kernel_shape = draw(_per_axis(ndim, st.integers(1, 4)))
    x, w = (np.dtype(draw(st.sampled_from(dtypes))) for _ in range(2))
    boundary = draw(_per_axis(ndim, st.sampled_from(boundaries)))
    omit = not linear and draw(st.booleans())
    natural = numbers.result_type(x, w, renormalised=omit or "normalize" in boundary)
    problem = Problem(
        operation=draw(st.sampled_from(extent.OPERATIONS)),
        input_dtype=x,
        input_shape=draw(_per_axis(ndim, st.integers(shortest, 5))),
        kernel_dtype=w,
        kernel_shape=kernel_shape,
        result_dtype=natural if linear else draw(_results(natural)),
        center=tuple(draw(st.integers(0, k - 1)) for k in kernel_shape),
        stride=draw(_per_axis(ndim, st.integers(1, 3))),
        dilation=draw(_per_axis(ndim, st.integers(1, 3))),
        input_dilation=draw(_per_axis(ndim, st.integers(1, 3))),
        low=(0,) * ndim,
        length=(0,) * ndim,
        boundary=boundary,
        batch=batch,
        channels=groups * per_group,
        filters=groups * draw(st.integers(1, 2)),
        groups=groups,
        omit=omit,
    )
    problem = problem.with_box(*draw(_boxes(problem)))
    return problem if linear else draw(_with_words(problem))


def case_lines(**limits: Any) -> st.SearchStrategy[str]:
    """The lines of `problems`."""
    return problems(**limits).map(str)


def _per_axis(ndim: int, values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(*[values] * ndim)


def _results(natural: np.dtype[Any]) -> st.SearchStrategy[np.dtype[Any]]:
    able = [np.dtype(dtype) for dtype in DTYPES if np.dtype(dtype).kind in RESULTS[natural.kind]]
    return st.just(natural) | st.sampled_from(able)


@st.composite
def _boxes(draw: st.DrawFn, problem: Problem) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The box of a mode, or any."""
    mode = draw(st.sampled_from((*extent.MODES, None)))
    if mode is None:
        boxes = draw(_per_axis(problem.ndim, st.tuples(st.integers(-8, 8), st.integers(0, 5))))
    else:
        axes = zip(problem.input_shape, problem.input_dilation, problem.reach(), problem.stride, strict=True)
        boxes = tuple(extent.box(mode, max((n - 1) * u + 1, 0), *reach, s) for n, u, reach, s in axes)
    return tuple(low for low, _ in boxes), tuple(max(length, 0) for _, length in boxes)


@st.composite
def _with_words(draw: st.DrawFn, problem: Problem) -> Problem:
    """With everything that a line can say beside the sum itself."""
    optional = st.none() | st.booleans()
    facts = st.builds(Structure, optional, optional, optional, optional, st.none() | st.integers(0, 4))
    return replace(
        problem,
        fill_value=draw(_fills(problem)) if "constant" in problem.boundary else 0,
        accuracy=draw(st.sampled_from(["norm", "elementwise"]) | st.floats(1e-12, 0.5)),
        structure=draw(facts),
    )


def _fills(problem: Problem) -> st.SearchStrategy[Any]:
    """Numbers that the input's samples can be."""
    fits = []
    for number in (*range(-9, 10), 0.5, -1e30, np.inf, 1 + 2j, -0.25j):
        with contextlib.suppress(ValueError, TypeError):
            fits.append(fill_value_as(number, problem))
    return st.sampled_from(fits)
