"""``tiny``: what it takes is what the planner would give to ``direct``, to the last bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import faltung as ft
from faltung import operations
from faltung.planner.choose import choose
from faltung.planner.discover import discover
from faltung.task.describe import Options
from faltung.task.normalise import normalise

FLOATS = ("float32", "float64")


@pytest.mark.parametrize("operation", [ft.convolve, ft.correlate])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_tiny_is_direct_and_never_reaches_the_planner(
    operation: Any, mode: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(9)
    pairs = [
        (rng.standard_normal(n).astype(dtype), rng.standard_normal(k).astype(dtype))
        for n, k in [
            (1, 1),
            (100, 5),
            (64, 64),
            (700, 11),
            ((1, 1), (1, 1)),
            ((32, 32), (3, 3)),
            ((9, 8, 7), (3, 2, 4)),
        ]
    ]
    expected = [operation(x, w, mode, method="direct") for x, w in pairs]

    def refuse(*_: Any) -> Any:
        raise AssertionError("the planner was reached")

    monkeypatch.setattr(operations, "choose", refuse)
    for (x, w), y in zip(pairs, expected, strict=True):
        quick = operation(x, w, mode)
        assert quick.tobytes() == y.tobytes()
        assert quick.dtype == y.dtype
        assert quick.shape == y.shape


@pytest.mark.usefixtures("each_instruction_set")
def test_tiny_takes_only_what_the_planner_gives_to_direct() -> None:
    for shape, kernel in _tiny_shapes():
        x, w = np.ones(shape, np.float32), np.ones(kernel, np.float32)
        for dtype in FLOATS:
            for mode in ("full", "same", "valid"):
                task = normalise("convolve", x.astype(dtype), w.astype(dtype), Options(mode))
                task = discover(task, "auto")
                assert choose(task.problem).chosen.algorithm.name == "direct", str(task.problem)


def _tiny_shapes() -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Some of the largest that tiny takes."""
    kernels = [
        *((k,) for k in (1, 2, 5, 16, 24, 40, 65)),
        *((2, 2), (3, 3), (8, 8), (2, 32), (1, 65), (3, 21), (3, 3, 3), (4, 4, 4), (2, 3, 3, 3)),
    ]
    shapes = [tuple([int((7 * 2**14 / math.prod(k)) ** (1 / len(k)))] * len(k)) for k in kernels]
    return [(x, w) for x, w in zip(shapes, kernels, strict=True) if all(n >= k for n, k in zip(x, w, strict=True))]
