"""Gradients are Problems: the adjoint law and differences, exact in integers, on the definition.

For y = A x and any v: <v, A x> = <A* v, x>, with A* the Problem that `Problem.input_gradient`
gives. The kernel's gradient obeys the same law in w. Sums of small integers are exact in
float64, so both sides are equal and not merely close.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from faltung import Problem
from faltung.meaning.definition import feature_map
from faltung.meaning.gradient import (
    batch_as_channels,
    exchange_channels,
    fold,
    kernel_gradient_from,
    output_gradient_as_kernel,
)
from tests.problems import case_lines

Array = NDArray[Any]
BOUNDARIES = ("constant", "edge", "reflect", "symmetric", "wrap")
LINEAR: Any = {"dtypes": ("float64", "complex128"), "boundaries": BOUNDARIES, "shortest": 1, "linear": True}


@dataclass(frozen=True)
class Pass:
    """A Problem with input, kernel and the gradient of its output."""

    problem: Problem
    x: Array
    w: Array
    v: Array

    def output(self, x: Array | None = None, w: Array | None = None) -> Array:
        p = self.problem
        return feature_map(self.x if x is None else x, self.w if w is None else w, p.sum, p.result_dtype)

    def input_gradient(self) -> Array:
        p = self.problem.input_gradient()
        gradient = feature_map(self.v, exchange_channels(self.w, p.groups), p.sum, p.result_dtype)
        if all(boundary == "constant" for boundary in self.problem.boundary):
            return gradient
        low = [first for first, _ in self.problem.touched()]
        return fold(gradient, self.problem.boundary, self.problem.input_shape, low)

    def kernel_gradient(self) -> Array:
        p = self.problem.kernel_gradient()
        x, v = batch_as_channels(self.x, p.groups), output_gradient_as_kernel(self.v)
        gradient = feature_map(x.reshape(p.batch, p.channels, *p.input_shape), v, p.sum, p.result_dtype)
        return kernel_gradient_from(gradient, self.problem.operation == "convolve")


def made_up(line: str) -> Pass:
    """A pass with small integers, made from the line alone."""
    p = Problem.parse(line)
    rng = np.random.default_rng(zlib.crc32(line.encode()))
    return Pass(
        p,
        _integers(rng, (p.batch, p.channels, *p.input_shape), p.input_dtype),
        _integers(rng, (p.filters, p.channels // p.groups, *p.kernel_shape), p.kernel_dtype),
        _integers(rng, (p.batch, p.filters, *p.length), p.result_dtype),
    )


def _integers(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    values = np.asarray(rng.integers(-4, 5, shape), dtype)
    return values + dtype.type(1j) * rng.integers(-4, 5, shape) if dtype.kind == "c" else values


# the adjoint law ---------------------------------------------------------------------------


def _check_adjoints(line: str) -> None:
    this = made_up(line)
    product = np.vdot(this.v, this.output())
    # vdot conjugates its first argument; a real operand sees the real part of complex gradients.
    by_input = np.vdot(this.input_gradient(), this.x)
    gradient = this.kernel_gradient()
    assert gradient.shape == this.w.shape
    by_kernel = np.vdot(gradient, this.w) if this.problem.operation == "convolve" else np.vdot(this.w, gradient)
    assert by_input == product
    assert by_kernel == product


@given(case_lines(**LINEAR))
@settings(max_examples=300)
def test_adjoint_law(line: str) -> None:
    _check_adjoints(line)


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("box", ["mode=full", "mode=same", "mode=valid", "box=-3:4,1:5", "box=-9:3,0:0"])
@pytest.mark.parametrize(
    "steps",
    [
        "",
        "stride=2",
        "dilation=2",
        "stride=2,1 dilation=3,2",
        "input_dilation=2",
        "stride=3 input_dilation=2 dilation=2",
    ],
)
def test_adjoint_law_for_each_boundary_box_and_step(operation: str, boundary: str, box: str, steps: str) -> None:
    for dtype in ("f64", "c128"):
        tensors = f"x={dtype}[2,4|7,4] w={dtype}[2,2|3,2]@1,0 groups=2"
        _check_adjoints(f"{operation} {tensors} boundary={boundary} {box} {steps}")


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_adjoint_law_where_the_kernel_reaches_over_the_input(boundary: str) -> None:
    _check_adjoints(f"convolve x=f64[2,2|2,3] w=f64[2,2|5,7]@4,0 mode=full boundary={boundary}")
    _check_adjoints(f"correlate x=f64[1] w=f64[9] mode=same boundary={boundary} dilation=2")


# differences -------------------------------------------------------------------------------

DIFFERENTIATED = [
    "convolve x=f64[2,2|5] w=f64[2,2|3] mode=same boundary=reflect",
    "correlate x=f64[1,4|4,3] w=f64[4,2|2,2] mode=full groups=2 stride=2",
    "convolve x=f64[6] w=f64[4]@3 mode=same boundary=wrap dilation=2",
    "correlate x=f64[4] w=f64[3] mode=full input_dilation=2 stride=3",
    "convolve x=f64[5] w=f64[3] mode=full fill_value=7",
    "correlate x=f64[3,4] w=f64[2,3] mode=same boundary=constant,edge fill_value=-2",
]


@pytest.mark.parametrize("line", DIFFERENTIATED)
def test_input_gradient_is_the_difference_quotient(line: str) -> None:
    this = made_up(line)
    differences = _differences(lambda x: this.output(x=x), this.x, this.v)
    assert_array_equal(this.input_gradient(), differences)


@pytest.mark.parametrize("line", DIFFERENTIATED)
def test_kernel_gradient_is_the_difference_quotient(line: str) -> None:
    this = made_up(line)
    differences = _differences(lambda w: this.output(w=w), this.w, this.v)
    assert_array_equal(this.kernel_gradient(), differences)


def _differences(output: Any, at: Array, v: Array) -> Array:
    """How <v, output> changes when one entry grows by 1: exact, as output is affine in each."""
    differences = np.empty_like(at)
    for index in np.ndindex(*at.shape):
        step = np.zeros_like(at)
        step[index] = 1
        differences[index] = np.vdot(v, output(at + step) - output(at))
    return differences


# fold --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("boundary", "expected"),
    [
        ("constant", [4, 8, 16]),
        ("edge", [1 + 2 + 4, 8, 16 + 32 + 64]),
        ("reflect", [4 + 64, 2 + 8 + 32, 1 + 16]),
        ("symmetric", [2 + 4, 1 + 8 + 64, 16 + 32]),
        ("wrap", [4 + 32, 1 + 8 + 64, 2 + 16]),
    ],
)
def test_fold_adds_where_the_forward_pass_reads(boundary: Any, expected: list[int]) -> None:
    extended = 2 ** np.arange(7)  # positions -2 .. 4 of three samples
    assert_array_equal(fold(extended, [boundary], [3], [-2]), expected)


def test_gradients_are_conjugate_in_the_other_operand() -> None:
    problem = Problem.parse("convolve x=c128[1] w=c128[1]")
    x, w, v = (np.array([[[z]]]) for z in (2 + 1j, 3 - 2j, 1 + 5j))
    this = Pass(problem, x, w, v)
    # PyTorch's convention: y = x w gives the gradients v conj(w) and v conj(x).
    assert_array_equal(this.input_gradient(), v * np.conj(w))
    assert_array_equal(this.kernel_gradient(), v * np.conj(x))
