"""The checks of laws find what holds and what does not, and the operations obey them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import faltung as ft
from faltung import laws

BOUNDARIES = ["constant", "edge", "reflect", "symmetric", "wrap"]
W, V = np.array([[1, -2, 3], [0, 4, 1]]), np.array([[2, 1], [-1, 5]])
IMAGE = np.arange(20 * 15).reshape(20, 15) % 7


def same(boundary: str, w: Any = W, operation: Any = ft.convolve) -> Any:
    return lambda x: operation(x, w, "same", boundary=boundary)


# what the operations obey ------------------------------------------------------------------


@pytest.mark.parametrize("operation", [ft.convolve, ft.correlate])
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("dtype", ["int64", "float32", "complex128"])
def test_operations_are_linear(operation: Any, boundary: str, dtype: str) -> None:
    assert laws.is_linear(same(boundary, operation=operation), IMAGE.astype(dtype))


@pytest.mark.parametrize("dtype", ["int64", "float32"])
def test_convolutions_that_wrap_commute(dtype: str) -> None:
    assert laws.commutes(same("wrap"), same("wrap", V), IMAGE.astype(dtype))
    assert laws.commutes(lambda x: ft.convolve(x, W), lambda x: ft.convolve(x, V), IMAGE.astype(dtype))


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_only_wrapping_is_translation_equivariant_at_the_edges(boundary: str) -> None:
    found = laws.is_translation_equivariant(same(boundary), IMAGE, [(6, 7), 5])
    assert bool(found) == (boundary == "wrap")
    if not found:
        assert "all within 1 of an edge" in str(found)
        assert found.where is not None
        assert not found.where[2:4, 2:5].any()


def test_layers_and_their_gradients_are_adjoint() -> None:
    w = np.arange(-12, 12).reshape(4, 2, 3)
    options: Any = {"stride": 2, "padding": "same", "groups": 2, "boundary": "reflect"}
    x = np.zeros((2, 4, 9), int)
    gradient = {"input_shape": x.shape, "operation": "convolve", **options}
    A, At = (lambda x: ft.tensor.convolve(x, w, **options)), (lambda y: ft.tensor.input_gradient(y, w, **gradient))
    assert laws.adjoint_pair(A, At, x)
    assert laws.adjoint_pair(At, A, A(x))
    for dtype in ("float32", "complex64"):
        assert laws.adjoint_pair(A, At, x.astype(dtype))


# what does not -----------------------------------------------------------------------------


def test_a_nonlinear_operation_is_found_out() -> None:
    found = laws.is_linear(lambda x: ft.convolve(x, W) ** 2, IMAGE)
    a, x, b, y = (found.counterexample[name] for name in "axby")
    assert not found
    assert (ft.convolve(a * x + b * y, W) ** 2 != a * ft.convolve(x, W) ** 2 + b * ft.convolve(y, W) ** 2).any()
    assert not laws.is_linear(lambda x: x + 1, IMAGE)
    assert not laws.is_linear(lambda x: 1e-30 * x**2, IMAGE.astype(float))
    assert not laws.is_linear(lambda x: x.conj(), IMAGE.astype(complex))
    assert not laws.is_linear(lambda x: x * (1 + 1e-3 * np.abs(x)), IMAGE.astype(np.float32))


def test_what_does_not_commute_is_found_out() -> None:
    found = laws.commutes(same("edge"), np.transpose, np.zeros((4, 4), int))
    x = found.counterexample["x"]
    assert not found
    assert (same("edge")(x.T) != same("edge")(x).T).any()
    assert "differ in shape" in str(laws.commutes(np.ravel, np.atleast_3d, IMAGE))


def test_what_depends_on_position_is_found_out_inside() -> None:
    found = laws.is_translation_equivariant(lambda x: x * np.arange(12), np.ones(12, int), [3])
    assert not found
    assert "edges and interior alike" in str(found)
    assert found.where is not None
    assert found.where.all()


def test_a_pair_that_is_not_adjoint_is_found_out() -> None:
    found = laws.adjoint_pair(lambda x: ft.convolve(x, W), lambda y: ft.convolve(y, W, "valid"), IMAGE)
    assert not found
    assert set(found.counterexample) == {"x", "y"}


def test_nothing_differs_by_rounding_alone() -> None:
    slightly = lambda x: x * np.float32(1 + 1e-6)  # noqa: E731 (a formula)
    assert laws.commutes(slightly, lambda x: x / np.float32(3), IMAGE.astype(np.float32))
    drift = lambda x: x + np.float32(0.25)  # noqa: E731
    assert not laws.commutes(drift, lambda x: x / np.float32(3), IMAGE.astype(np.float32))
    assert laws.commutes(drift, lambda x: x / np.float32(3), IMAGE.astype(np.float32), tolerance=1.0)


def test_nan_equals_nan() -> None:
    x = np.array([np.nan, 1.0, 2.0])
    assert laws.is_translation_equivariant(np.negative, x, [1])


def test_outputs_that_are_nan_alone_say_nothing() -> None:
    x, broken = np.ones(4), lambda x: x * np.nan
    for found in (
        laws.is_linear(broken, x),
        laws.commutes(broken, np.negative, x),
        laws.adjoint_pair(broken, broken, x),
        laws.is_translation_equivariant(broken, x, [1]),
    ):
        assert not found
        assert "are NaN everywhere, so nothing was compared" in str(found)


def test_what_changes_the_shape_is_found_out() -> None:
    found = laws.is_translation_equivariant(lambda x: x[1:], np.arange(5), [1])
    assert (bool(found), str(found)) == (False, "op changes the shape: (5,) becomes (4,)")
    found = laws.adjoint_pair(lambda x: x[1:], lambda y: y, np.arange(5))
    assert (bool(found), str(found)) == (False, "At(y) has shape (4,), x has (5,)")


def test_operations_may_write_into_what_they_are_given() -> None:
    def doubled(x: Any) -> Any:
        return np.multiply(x, 2, out=x)

    x = np.arange(4.0)
    assert laws.adjoint_pair(doubled, lambda y: 2 * y, x)
    assert not laws.adjoint_pair(doubled, lambda y: y, x)
    assert laws.is_translation_equivariant(doubled, x, [1])
    assert x.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("dtype", ["e", "f", "i1", "u8", "?"])
def test_adjoints_are_told_apart_in_narrow_types(dtype: str) -> None:
    x = np.ones(50, dtype)
    assert laws.adjoint_pair(lambda x: x, lambda y: y, x)
    assert not laws.adjoint_pair(lambda x: x, lambda y: 0 * y, x)
    if dtype in "ef":
        assert not laws.adjoint_pair(lambda x: x, lambda y: -y, x)


def test_scales_that_overflow_their_type_hide_nothing() -> None:
    x = np.ones(50, np.float32)
    assert not laws.adjoint_pair(lambda x: x * np.float32(1e20), lambda y: -y * np.float32(1e20), x)
    assert not laws.is_linear(lambda x: x + np.float16(0.5), np.ones(50, np.float16))


def test_shifts_that_move_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="one that moves something"):
        laws.is_translation_equivariant(lambda x: x * np.arange(12), np.arange(12), [12, 24])
