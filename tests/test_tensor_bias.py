"""Biases, and what else a layer is given, in types that have little room; what a plan is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import faltung as ft

torch = pytest.importorskip("torch")

import faltung.torch as ftt  # noqa: E402


@pytest.mark.parametrize(
    ("kind", "value", "offset"),
    [("int8", 100, 100), ("int8", -100, -100), ("uint8", 200, 56), ("int64", 2**62, 2**62), ("bool", 1, 1)],
)
@pytest.mark.parametrize("transposed", [False, True])
def test_integers_do_not_wrap_when_a_bias_is_added(kind: str, value: int, offset: int, transposed: bool) -> None:
    dtype = getattr(torch, kind)
    x, w = torch.full((1, 1, 3), value, dtype=dtype), torch.ones(1, 1, 1, dtype=dtype)
    layer = ftt.correlate_transposed if transposed else ftt.correlate
    with pytest.raises(OverflowError, match=f"does not fit into {kind}"):
        layer(x, w, bias=torch.tensor([offset], dtype=dtype))
    nothing = torch.zeros(1, dtype=dtype)
    assert layer(x, w, bias=nothing)[0, 0, 0] == value
    if kind.startswith("int"):
        one = torch.tensor([-1 if value > 0 else 1], dtype=dtype)
        assert layer(x, w, bias=one)[0, 0, 0] == value + int(one)


def test_integers_of_jax_do_not_wrap_when_a_bias_is_added() -> None:
    jnp = pytest.importorskip("jax.numpy")
    import faltung.jax as ftj

    x, w = jnp.full((1, 1, 3), 100, jnp.int8), jnp.ones((1, 1, 1), jnp.int8)
    with pytest.raises(OverflowError, match="does not fit into int8"):
        ftj.correlate(x, w, bias=jnp.array([100], jnp.int8))
    assert ftj.correlate(x, w, bias=jnp.array([27], jnp.int8))[0, 0, 0] == 127
    with pytest.raises(ValueError, match="int4 is not for tensors"):
        ftj.correlate(x.astype(jnp.int4), w.astype(jnp.int4))


def test_an_adjoint_has_no_fill_value() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'fill_value'"):
        ftt.CorrelationTransposed1d(1, 1, 3, fill_value=2)


def test_lists_are_weak_beside_halves_in_unshared_layers() -> None:
    x = torch.ones(1, 1, 3, dtype=torch.half)
    assert ftt.correlate_unshared(x, [[[[1.0, 2.0], [1.0, 2.0]]]]).dtype == torch.half


@pytest.mark.parametrize(
    ("x", "error"),
    [
        (np.ma.masked_array(np.ones((1, 1, 3), np.float32), [[[0, 1, 0]]]), "a masked array as x"),
        (torch.ones(1, 1, 3), "PyTorch Tensor"),
    ],
)
def test_a_plan_refuses_what_the_layer_refuses(x: Any, error: str) -> None:
    plan = ft.tensor.plan("f32[1,1|3]", np.ones((1, 1, 2), np.float32))
    with pytest.raises((ValueError, TypeError), match=error):
        plan(x)


def test_lists_are_weak_in_a_plan() -> None:
    x = np.ones((1, 1, 3), np.float32)
    assert ft.tensor.plan("f32[1,1|3]", [[[1, 2]]])(x).dtype == np.float32
    assert ft.tensor.plan([[[1, 2, 3]]], np.ones((1, 1, 2), np.float32))(x).dtype == np.float32


@pytest.mark.parametrize("unshared", [False, True])
def test_a_wider_bias_makes_wider_results_of_halves(unshared: bool) -> None:
    x, w = np.ones((1, 1, 3), np.float16), np.ones((1, 1, 2, 2) if unshared else (1, 1, 2), np.float16)
    layer = ft.tensor.correlate_unshared if unshared else ft.tensor.correlate
    np.testing.assert_array_equal(layer(x, w, bias=np.array([1j])), np.full((1, 1, 2), 2 + 1j))
    assert layer(x, w, bias=np.array([1 / 3])).dtype == np.float64


def test_bfloat16_with_a_complex_bias_is_complex() -> None:
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    x, w = np.ones((1, 1, 3), bfloat16), np.ones((1, 1, 2), bfloat16)
    np.testing.assert_array_equal(ft.tensor.correlate(x, w, bias=np.array([1j])), np.full((1, 1, 2), 2 + 1j))
    assert ft.tensor.correlate(x, w, bias=np.ones(1, bfloat16)).dtype == bfloat16
