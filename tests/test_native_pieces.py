"""The native core of continuous functions: every instruction set, any number of threads, bad arguments."""

from __future__ import annotations

import numpy as np
import pytest

from faltung import settings
from faltung._native import _core
from faltung.functions import rules
from faltung.functions.gauss import convolve_at
from faltung.functions.pairs import PairPolynomials
from faltung.functions.pieces import Pieces
from tests.instruction_sets import instruction_set

LEVELS = range(len(settings.INSTRUCTION_SETS))
EPS = float(np.finfo(float).eps)


@pytest.fixture
def random() -> np.random.Generator:
    """Anew for each test: what it draws does not depend on which tests ran before."""
    return np.random.default_rng(11)


def some_pieces(random: np.random.Generator, count: int, terms: int) -> Pieces:
    edges = np.cumsum(random.uniform(0.2, 2.0, count + 1))
    return Pieces.of(edges, random.normal(size=(terms, count)))


def variation(f: Pieces) -> float:
    x = np.linspace(f.edges[0] - 1e-9, f.edges[-1] + 1e-9, 4001)
    return float(np.abs(np.diff(f(x))).sum())


def exact_value(f: Pieces, x: float) -> float:
    if not f.edges[0] <= x <= f.edges[-1]:
        return 0.0
    i = int(np.clip(np.searchsorted(f.edges, x, side="right") - 1, 0, f.count - 1))
    u = ((x - f.edges[i]) - (f.edges[i + 1] - x)) / (f.edges[i + 1] - f.edges[i])
    return float(np.polynomial.chebyshev.chebval(u, f.series[:, i]))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("count", "terms"), [(1, 1), (1, 24), (7, 2), (31, 24), (32, 24), (200, 24)])
def test_values(random: np.random.Generator, level: int, count: int, terms: int) -> None:
    f = some_pieces(random, count, terms)
    x = random.uniform(f.edges[0] - 1, f.edges[-1] + 1, 501)
    x[:4] = f.edges[0], f.edges[-1], f.edges[count // 2], np.inf
    found = np.empty(x.shape)
    _core.piece_values(f.edges, f.planes[0][1], x, found, level, 1)
    exact = [exact_value(f, point) for point in x]
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-14 * terms * f.scale)


@pytest.mark.parametrize("level", LEVELS)
def test_values_have_the_same_bits_for_any_threads_and_order(random: np.random.Generator, level: int) -> None:
    f = some_pieces(random, 9, 24)
    x = random.uniform(f.edges[0], f.edges[-1], 60_001)
    one, three, ordered = np.empty(x.shape), np.empty(x.shape), np.empty(x.shape)
    _core.piece_values(f.edges, f.planes[0][1], x, one, level, 1)
    _core.piece_values(f.edges, f.planes[0][1], x, three, level, 3)
    _core.piece_values(f.edges, f.planes[0][1], np.sort(x), ordered, level, 2)
    np.testing.assert_array_equal(one, three)
    np.testing.assert_array_equal(one[np.argsort(x)], ordered)


def test_not_a_number_stays_where_it_is(random: np.random.Generator) -> None:
    f = some_pieces(random, 3, 1)
    for count in (1, 500):
        values = f(np.tile([np.nan, 1.0, np.nan, -5.0], count))
        np.testing.assert_array_equal(np.isnan(values), np.tile([True, False, True, False], count))


@pytest.mark.parametrize(("m", "n"), [(1, 1), (4, 3), (24, 24), (24, 2), (80, 60)])
@pytest.mark.parametrize("name", settings.INSTRUCTION_SETS)
def test_recurrences_agree_with_quadrature(random: np.random.Generator, name: str, m: int, n: int) -> None:
    f, g = some_pieces(random, 4, m), some_pieces(random, 5, n)
    t = random.uniform(f.edges[0] + g.edges[0] - 1, f.edges[-1] + g.edges[-1] + 1, 400)
    with instruction_set(name):
        found, expected = PairPolynomials.of(f, g)(t), convolve_at(f, g, t)
    values = 2 * EPS * (m + n) * min(f.scale * g.mass, g.scale * f.mass)
    # Where t - x is rounded, an edge moves by at most EPS |t|; the result's slope is at most this product.
    places = EPS * np.abs(t).max() * min(variation(f) * g.scale, variation(g) * f.scale)
    np.testing.assert_allclose(found, expected, rtol=0, atol=values + places)


def test_complex_operands_are_sums_of_real_ones(random: np.random.Generator) -> None:
    f, g = some_pieces(random, 3, 5), some_pieces(random, 2, 7)
    z = Pieces.of(f.edges, f.series * (1 + 2j))
    t = np.linspace(f.edges[0] + g.edges[0], f.edges[-1] + g.edges[-1], 50)
    for convolved in (lambda one, two: convolve_at(one, two, t), lambda one, two: PairPolynomials.of(one, two)(t)):
        np.testing.assert_allclose(convolved(z, g), (1 + 2j) * convolved(f, g), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(convolved(z, z), (1 + 2j) ** 2 * convolved(f, f), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("left", "right"), [(0.0, 0.0), (-0.5, 0.0), (0.0, 1.5), (-0.999, 0.0), (-0.5, -0.5)])
@pytest.mark.parametrize("count", [1, 2, 20, 48])
def test_rules_are_exact(count: int, left: float, right: float) -> None:
    v, weights = rules.gauss(count, left, right)
    for power in range(2 * count):
        exact = np.exp(_log_beta(1 + left + power, 1 + right))
        assert weights @ v**power == pytest.approx(exact, rel=1e-14)


def _log_beta(a: float, b: float) -> float:
    from mpmath import log, mp

    with mp.workdps(30):
        return float(log(mp.beta(a, b)))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"edges": np.arange(4.0)}, ValueError, "one edge more"),
        ({"series": np.ones((3, 2, 4))}, ValueError, "one plane or two"),
        ({"series": np.ones((1, 0, 4))}, ValueError, "at least one piece"),
        ({"seams": np.ones(2, bool)}, ValueError, "right length"),
        ({"seams": np.ones(3)}, TypeError, "seams must be of bool"),
        ({"alone": np.ones(4, bool)[::2]}, ValueError, "contiguous"),
        ({"points": np.ones(3)}, ValueError, "as many points"),
        ({"analysis": np.ones((4, 3))}, ValueError, "wrong size"),
        ({"kept": np.ones(2, bool)}, ValueError, "right length"),
        ({"level": 99}, ValueError, "unknown instruction set"),
    ],
)
def test_bad_arguments_of_merging(change: dict, error: type[Exception], message: str) -> None:
    given = {
        "edges": np.arange(3.0), "series": np.ones((1, 2, 4)), "seams": np.ones(3, bool), "alone": np.zeros(2, bool),
        "points": np.ones(4), "analysis": np.ones((4, 4)), "size": 1.0, "mass": 1.0, "kept": np.ones(3, bool),
        "level": 0,
    }  # fmt: skip
    with pytest.raises(error, match=message):
        _core.merge_pieces(**(given | change))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"edges": np.arange(3.0)}, ValueError, "one edge more"),
        ({"series": np.ones((1, 2), np.float32)}, TypeError, "series must be of float64"),
        ({"series": np.ones((0, 2))}, ValueError, "at least one piece"),
        ({"series": np.ones((2, 1)).T[:, ::-1]}, ValueError, "C-contiguous"),
        ({"values": np.ones(2)}, ValueError, "as many values"),
        ({"points": [1.0]}, TypeError, "points must be a NumPy array"),
        ({"level": 99}, ValueError, "unknown instruction set"),
        ({"threads": 0}, ValueError, "at least one thread"),
    ],
)
def test_bad_arguments(change: dict, error: type[Exception], message: str) -> None:
    given = {
        "edges": np.arange(2.0), "series": np.ones((1, 2)), "points": np.ones(3), "values": np.ones(3),
        "level": 0, "threads": 1,
    }  # fmt: skip
    with pytest.raises(error, match=message):
        _core.piece_values(**(given | change))
