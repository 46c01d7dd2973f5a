"""Every case line through every algorithm that does not refuse it, against the definition."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from faltung import Problem
from faltung.algorithms.algorithm import Algorithm
from faltung.machine import current
from faltung.meaning.boundary import index_map
from faltung.meaning.definition import empty_windows, feature_map
from faltung.meaning.rounding import unit_roundoff
from faltung.planner.table import ALGORITHMS
from tests.case_files import lines
from tests.instruction_sets import instruction_set, sets_of
from tests.operands import Kind, Operands, operands

Array = NDArray[Any]
LINES = lines()
KINDS: tuple[Kind, ...] = ("small", "random", "extreme", "strange kernel")

# How many of the lines each algorithm takes at least, so that no refusal empties this test.
TAKEN: dict[str, int] = {
    "definition": len(LINES),
    "direct": 560,
    "channel_product": 300,
    "fft": 370,
    "inner_product": 340,
    "winograd": 21,
    "separable": 25,
}


def pairs(kind: Kind) -> list[Any]:
    """(line, algorithm) wherever the algorithm does not refuse."""
    chosen = LINES if kind != "strange kernel" else [line for line in LINES if _may_be_strange(Problem.parse(line))]
    return [
        pytest.param(line, algorithm, id=f"{algorithm.name}: {line}")
        for line in chosen
        for algorithm in ALGORITHMS
        if algorithm.refuse(operands(line, kind).problem) is None
    ]


def _may_be_strange(problem: Problem) -> bool:
    """Renormalised weights and those of a low rank are finite."""
    floating = problem.kernel_dtype.kind in "fc" and problem.compute_dtype.kind in "fc"
    return floating and not problem.renormalise and problem.structure.rank is None


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.name)
def test_no_algorithm_refuses_more_than_expected(algorithm: Algorithm) -> None:
    for kind in KINDS[:3]:
        counts = Counter(pair.values[1].name for pair in pairs(kind))
        assert counts[algorithm.name] >= TAKEN[algorithm.name]


def test_many_lines() -> None:
    assert len(LINES) == len(set(LINES)) >= 500


@pytest.mark.parametrize("line", LINES)
def test_lines_print_and_parse_back(line: str) -> None:
    problem = Problem.parse(line)
    assert Problem.parse(str(problem)) == problem


@pytest.mark.parametrize(("line", "algorithm"), pairs("small"))
def test_small_integers(line: str, algorithm: Algorithm) -> None:
    _compare(line, "small", algorithm)


@pytest.mark.parametrize(("line", "algorithm"), pairs("random"))
def test_random_numbers(line: str, algorithm: Algorithm) -> None:
    _compare(line, "random", algorithm)


@pytest.mark.parametrize(("line", "algorithm"), pairs("extreme"))
def test_extreme_numbers(line: str, algorithm: Algorithm) -> None:
    _compare(line, "extreme", algorithm)


@pytest.mark.parametrize(("line", "algorithm"), pairs("strange kernel"))
def test_strange_kernels(line: str, algorithm: Algorithm) -> None:
    _compare(line, "strange kernel", algorithm)


def _compare(line: str, kind: Kind, algorithm: Algorithm) -> None:
    given = operands(line, kind)
    for name in sets_of(algorithm):
        with instruction_set(name):
            y = _outcome(algorithm, given)
        _compare_with_definition(y, line, kind, algorithm)


def _compare_with_definition(y: tuple[Array, Array | None] | None, line: str, kind: Kind, algorithm: Algorithm) -> None:
    given, expected = operands(line, kind), _expected(line, kind)
    if expected is None or y is None:
        assert y is expected, "only one of them says that the result does not fit"
        return
    if given.problem.renormalise:
        np.testing.assert_array_equal(y[1], expected[1])
    if y[0].dtype.kind in "biuO" or (kind == "small" and _sums_exactly(algorithm, given.problem)):
        np.testing.assert_array_equal(y[0], expected[0])
        return
    allowed = _allowed(line, kind, algorithm)
    for part in (np.real, np.imag) if y[0].dtype.kind == "c" else (np.real,):
        _assert_close(part(y[0]), part(expected[0]), allowed)


def _assert_close(y: Array, expected: Array, allowed: Array) -> None:
    """NaN and infinities in the same places, the rest within what is allowed."""
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(y[~finite], expected[~finite])
    error = np.abs(y[finite].astype(np.longdouble) - expected[finite])
    assert np.all(error <= allowed[finite]), f"{error.max()} > {allowed[finite][error.argmax()]}"


def _outcome(algorithm: Algorithm, given: Operands) -> tuple[Array, Array | None] | None:
    """Feature map and empty windows, or None if the exact result does not fit."""
    problem = given.problem
    y = np.empty((problem.batch, problem.filters, *problem.length), problem.result_dtype)
    try:
        return y, algorithm.prepare(problem, given.weights)(given.x, y, given.present, 1)
    except OverflowError:
        return None


@functools.cache
def _expected(line: str, kind: Kind) -> tuple[Array, Array] | None:
    given = operands(line, kind)
    problem = given.problem
    try:
        y = feature_map(given.x, given.w, problem.sum, problem.result_dtype, given.present)
    except OverflowError:
        return None
    return y, empty_windows(given.x, given.w, problem.sum, given.present)


def _by_element(algorithm: Algorithm, problem: Problem) -> bool:
    """Whether its bound holds at each element: then it takes accuracy='elementwise'."""
    return algorithm.refuse(replace(problem, accuracy="elementwise")) is None


def _sums_exactly(algorithm: Algorithm, problem: Problem) -> bool:
    """Sums of small integers are exact; renormalising divides, transforms and factors round."""
    return _by_element(algorithm, problem) and not problem.renormalise


def _allowed(line: str, kind: Kind, algorithm: Algorithm) -> Array:
    """The error that the algorithm states, and the definition's own rounding."""
    given = operands(line, kind)
    problem = given.problem
    bound = algorithm.cost(problem, current()).error_bound + unit_roundoff(problem.result_dtype)
    if _by_element(algorithm, problem):
        # Renormalised sums are a quotient of two such sums, times a third.
        return (3 if problem.renormalise else 1) * bound * _magnitude(line, kind)
    # A tile may read all samples, those beyond the edges too, whatever the outputs read.
    x = np.hypot(*map(_norm, (given.x, _continued(given.x, problem))))
    return np.full((problem.batch, problem.filters, *problem.length), bound * x * _norm(given.w))


@functools.cache
def _magnitude(line: str, kind: Kind) -> Array:
    """|x| * |w|, by the definition."""
    given = operands(line, kind)
    fill = float(_magnitudes(np.asarray(given.problem.fill_value)))
    absolute = given.problem.sum._replace(fill_value=fill)
    x, w = _magnitudes(given.x), _magnitudes(given.w)
    return np.nan_to_num(feature_map(x, w, absolute, np.dtype(np.longdouble), given.present))  # NaN: no term at all


def _norm(values: Array) -> Any:
    return np.linalg.norm(_magnitudes(values).ravel())


def _magnitudes(values: Array) -> Array:
    """|values|, of their finite parts: only these reach finite outputs."""
    wide = values.astype(np.clongdouble)
    return np.hypot(*(np.where(np.isfinite(part), part, 0) for part in (wide.real, wide.imag)))


def _continued(x: Array, problem: Problem) -> Array:
    """All samples that the outputs read, with those beyond the edges."""
    spans = zip(problem.touched(), problem.boundary, problem.input_shape, strict=True)
    for axis, ((low, length), boundary, n) in enumerate(spans, 2):
        source = index_map(boundary, n, low, length) if n else np.zeros(0, int)
        fill = np.full((*x.shape[:axis], 1, *x.shape[axis + 1 :]), problem.fill_value, x.dtype)
        x = np.take(np.concatenate([x, fill], axis), np.where(source < 0, n, source), axis)
    return x
