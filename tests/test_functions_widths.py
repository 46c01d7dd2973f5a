"""Operands of widths far apart: the result has a layer, as narrow as the one, beside each hard edge of the other."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import special, stats

import faltung as ft

F = ft.Function
RATIOS = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9]
Formula = Callable[[np.ndarray], np.ndarray]
Case = tuple[ft.Function, ft.Function, Formula, float]


def exponentials(ratio: float) -> Case:
    rate = 1 / ratio

    def formula(t: np.ndarray) -> np.ndarray:
        t = np.maximum(t, 0)
        return rate / (rate - 1) * np.exp(-t) * -np.expm1(-(rate - 1) * t)

    return F.exponential(1), F.exponential(rate), formula, 0.0


def box_and_normal(ratio: float) -> Case:
    return F.box(0, 1), F.gaussian(0, ratio), lambda t: special.ndtr(t / ratio) - special.ndtr((t - 1) / ratio), 1.0


def box_and_gamma(ratio: float) -> Case:
    """An exponent at the narrow one's end."""

    def formula(t: np.ndarray) -> np.ndarray:
        return special.gammainc(0.5, np.maximum(t, 0) / ratio) - special.gammainc(0.5, np.maximum(t - 1, 0) / ratio)

    return F.box(0, 1), F.gamma(0.5, 1 / ratio), formula, 1.0


def two_widths_and_box(ratio: float) -> Case:
    """The wider operand has the narrow layer."""

    def formula(t: np.ndarray) -> np.ndarray:
        return sum((special.ndtr((t + 1) / s) - special.ndtr((t - 1) / s)) / 2 for s in (1.0, ratio))

    return F.gaussian(0, ratio) / 2 + F.gaussian() / 2, F.box(-1, 1), formula, -1.0


def constant_and_exponential(ratio: float) -> Case:
    """What comes to a constant: 1 - exp(-t), beside its jump in slope."""

    def formula(t: np.ndarray) -> np.ndarray:
        t = np.maximum(t, 0)
        return -np.expm1(-t) - ratio / (1 - ratio) * (np.exp(-t) - np.exp(-t / ratio))

    return F(lambda t: -np.expm1(-t), (0, math.inf)), F.exponential(1 / ratio), formula, 0.0


CASES = [
    ("legendre", exponentials),
    ("gauss", exponentials),
    ("graded", exponentials),
    ("auto", exponentials),
    ("legendre", box_and_normal),
    ("gauss", box_and_normal),
    ("graded", box_and_normal),
    ("auto", box_and_normal),
    ("graded", box_and_gamma),
    ("gauss", two_widths_and_box),
    ("auto", two_widths_and_box),
    ("running_integral", constant_and_exponential),
]


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize(("method", "case"), CASES, ids=[f"{method}-{case.__name__}" for method, case in CASES])
def test_layer(method: str, case: Callable[[float], Case], ratio: float) -> None:
    x, w, formula, edge = case(ratio)
    s = ft.convolve(x, w, method=method)
    # Not at the edge itself: a root begins there, and the numbers beside 1 are 1e-16 apart.
    t = edge + ratio * np.concatenate([np.linspace(-5, -0.1, 50), np.linspace(0.1, 20, 50)])
    error = np.abs(s(t) - formula(t)).max()
    assert error < (1e-10 if method == "graded" else 1e-12) + 4 * np.spacing(abs(edge)) / ratio


@pytest.mark.parametrize("ratio", RATIOS[1:])
def test_transforms_of_layers_are_refused_not_cut_off(ratio: float) -> None:
    with pytest.raises(ValueError, match="its transform takes more than 256 terms"):
        ft.convolve(F.box(0, 1), F.gaussian(0, ratio), method="characteristic_functions")


@pytest.mark.parametrize("ratio", RATIOS)
def test_laws(ratio: float) -> None:
    d = ft.Density(stats.norm(0, ratio)) + ft.Density(stats.expon())
    x = ratio * np.linspace(-3, 5, 20)
    np.testing.assert_allclose(d.cdf(x), stats.exponnorm(1 / ratio, 0, ratio).cdf(x), atol=1e-13)
    np.testing.assert_allclose((d - d).cdf(0), 0.5, atol=1e-12)
