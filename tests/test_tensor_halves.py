"""Half precision: results are rounded once, after the bias, and types meet as each library has it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import faltung as ft

Array = Callable[[Any, str], Any]
# A sum that a half rounds to the even number beside it, and minus that number: 1 is left, or nothing.
ROUNDED = {"float16": 2048.0, "bfloat16": 256.0}


def _library(name: str) -> tuple[ModuleType, Array]:
    if name == "numpy":
        ml_dtypes = pytest.importorskip("ml_dtypes")
        return ft.tensor, lambda values, kind: np.asarray(values, getattr(ml_dtypes, kind, None) or np.dtype(kind))
    library = pytest.importorskip(name)
    bridge = importlib.import_module(f"faltung.{name}")
    if name == "torch":
        return bridge, lambda values, kind: library.tensor(values, dtype=getattr(library, kind))
    return bridge, lambda values, kind: library.numpy.asarray(values, kind)


@pytest.fixture(params=["numpy", "torch", "jax"])
def library(request: pytest.FixtureRequest) -> tuple[ModuleType, Array]:
    return _library(request.param)


def _kind(y: Any) -> str:
    return str(y.dtype).removeprefix("torch.")


@pytest.mark.parametrize("kind", ROUNDED)
@pytest.mark.parametrize("layer", ["correlate", "convolve_transposed", "correlate_unshared", "depthwise"])
def test_a_bias_is_added_before_the_one_rounding(library: tuple[ModuleType, Array], layer: str, kind: str) -> None:
    module, array = library
    even = ROUNDED[kind]
    w = {"correlate_unshared": [[[[1.0], [1.0]]]], "depthwise": [[1.0, 1.0]]}.get(layer, [[[1.0, 1.0]]])
    words = {"padding": 1} if layer == "convolve_transposed" else {}
    x = array([[[even, 1.0]]], kind)
    assert float(getattr(module, layer)(x, array(w, kind), **words)[0, 0, 0]) == even
    for bias in (array([-even], kind), [-even]):
        y = getattr(module, layer)(x, array(w, kind), bias=bias, **words)
        assert (float(y[0, 0, 0]), _kind(y)) == (1.0, kind)


@pytest.mark.parametrize("kind", ROUNDED)
@pytest.mark.parametrize("layer", ["correlate", "convolve_transposed", "correlate_unshared"])
def test_a_wider_bias_makes_results_wider(library: tuple[ModuleType, Array], layer: str, kind: str) -> None:
    module, array = library
    w = array([[[[1.0], [1.0]]]] if layer == "correlate_unshared" else [[[1.0, 1.0]]], kind)
    y = getattr(module, layer)(array([[[1.0, 1.0]]], kind), w, bias=array([2.0**-20], "float32"))
    assert _kind(y) == "float32"
    assert float(y[0, 0, y.shape[-1] // 2]) == 2 + 2.0**-20


@pytest.mark.parametrize("kinds", [("float16", "bfloat16"), ("bfloat16", "float16")])
def test_the_two_halves_meet_in_single_precision(library: tuple[ModuleType, Array], kinds: tuple[str, str]) -> None:
    module, array = library
    y = module.correlate(array([[[1.0, 2.0**-9]]], kinds[0]), array([[[1.0, 1.0]]], kinds[1]))
    assert (float(y[0, 0, 0]), _kind(y)) == (1 + 2.0**-9, "float32")


@pytest.mark.parametrize("kind", ROUNDED)
def test_python_numbers_and_kernels_are_weak(library: tuple[ModuleType, Array], kind: str) -> None:
    module, array = library
    x = array([[[1.0, 2.0, 4.0]]], kind)
    for w in ([[[1, 2]]], ft.Kernel(np.array([[[1.0, 2.0]]]))):
        y = module.correlate(x, w)
        assert (y.tolist(), _kind(y)) == ([[[5.0, 10.0]]], kind)
