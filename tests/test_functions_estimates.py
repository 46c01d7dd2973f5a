"""The stated error of a function covers the error of its values."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import faltung as ft

F = ft.Function
OPERANDS = {
    "wave": lambda: F(np.sin, (0, 2 * np.pi)),
    "exponential": lambda: F.exponential(1.5),
    "gaussian": lambda: F.gaussian(0.5, 0.8),
    "callable": lambda: F(lambda x: np.exp(-np.abs(x)) * np.cos(x), (-np.inf, np.inf), breakpoints=[0]),
}


@pytest.mark.parametrize("name", OPERANDS)
def test_of_a_convolution(name: str) -> None:
    f, g = OPERANDS[name](), F(lambda x: np.exp(-x * x), (-np.inf, np.inf))
    result = ft.convolve(f, g)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    for t in (-1.0, 0.7, 3.1):
        knots = np.unique(np.concatenate([np.linspace(-30, 45, 151), f.breakpoints]))
        direct = 0.0
        for low, high in pairwise(knots):
            a = (low + high) / 2 + (high - low) / 2 * nodes
            direct += (high - low) / 2 * float(weights @ (f(a) * np.exp(-((t - a) ** 2))))
        assert abs(result(t) - direct) <= result.error_estimate < 1e-11


@pytest.mark.parametrize(
    ("function", "support", "named", "near"),
    [
        (lambda t: 1 / (1 + np.abs(t) ** 1.5), (-np.inf, np.inf), [0.0], [0.0]),
        (lambda t: 1 / (1 + np.abs(t) ** 1.2), (-np.inf, np.inf), [0.0], [0.0]),
        (lambda t: np.cos(t) + 2e-4 * np.abs(t - 0.3), (-1.0, 1.0), [], [0.3]),
        (lambda t: np.exp(t) + np.abs(t - 0.3) ** 1.5, (-1.0, 1.0), [], [0.3]),
    ],
)
def test_beside_a_bend(function, support, named: list[float], near: list[float]) -> None:
    """However wide the support: bisection takes a bend for rounding once it is small."""
    f = F(function, support, named)
    distance = np.geomspace(1e-9, 1e-2, 2000)
    t = np.concatenate([point + side * distance for point in near for side in (-1, 1)])
    assert np.abs(f(t) - function(t)).max() <= f.error_estimate < 1e-9
