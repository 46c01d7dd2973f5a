"""Laws of convolution on functions, random piecewise polynomials against exact fractions, existence."""

from __future__ import annotations

import math
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import faltung as ft

F = ft.Function
T = np.random.default_rng(3).uniform(-6, 12, 300)
CLOSE = 1e-12


def wave() -> ft.Function:
    return F(np.sin, (0, 2 * np.pi))


def ramp() -> ft.Function:
    return F.polynomial([-1, 0.5, 2], [[0.0, 1.0], [2.0, -0.5]])


OPERANDS = {
    "wave": wave,
    "ramp": ramp,
    "exponential": lambda: F.exponential(1.5),
    "gaussian": lambda: F.gaussian(0.5, 0.8),
    "callable": lambda: F(lambda x: np.exp(-np.abs(x)) * np.cos(x), (-np.inf, np.inf), breakpoints=[0]),
    "complex": lambda: F(lambda x: np.exp(2j * x), (0, 1)),
    "atoms": lambda: F.delta(0.3, 2.0) - F.delta(1.1) + ramp(),
    "gamma": lambda: F.gamma(0.6),
}
PAIRS = [("wave", "ramp"), ("exponential", "gaussian"), ("callable", "complex"), ("atoms", "wave"), ("gamma", "ramp")]


def scale(f: ft.Function) -> float:
    return float(np.abs(f(T)).max())


def assert_same(f: ft.Function, g: ft.Function, share: float = CLOSE) -> None:
    np.testing.assert_allclose(f(T), g(T), rtol=0, atol=share * scale(f))
    one = {(round(a.at, 9), a.order): a.weight for a in f.atoms}
    two = {(round(a.at, 9), a.order): a.weight for a in g.atoms}
    assert one == pytest.approx(two)


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_commutative(one: str, two: str) -> None:
    f, g = OPERANDS[one](), OPERANDS[two]()
    assert_same(ft.convolve(f, g), ft.convolve(g, f))


@pytest.mark.parametrize("third", ["gaussian", "wave", "atoms"])
def test_associative(third: str) -> None:
    f, g, h = ramp(), OPERANDS["exponential"](), OPERANDS[third]()
    assert_same(ft.convolve(ft.convolve(f, g), h), ft.convolve(f, ft.convolve(g, h)))


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_distributive(one: str, two: str) -> None:
    f, g, h = OPERANDS[one](), OPERANDS[two](), wave().shift(1.0)
    assert_same(ft.convolve(f, g + 2 * h), ft.convolve(f, g) + 2 * ft.convolve(f, h))


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_shift_passes_through(one: str, two: str) -> None:
    f, g = OPERANDS[one](), OPERANDS[two]()
    assert_same(ft.convolve(f.shift(0.75), g), ft.convolve(f, g).shift(0.75))


@pytest.mark.parametrize(("one", "two"), [("wave", "gaussian"), ("ramp", "gaussian"), ("ramp", "wave")])
def test_derivative_passes_through(one: str, two: str) -> None:
    f, g = OPERANDS[one](), OPERANDS[two]()
    assert_same(ft.convolve(f, g).derivative(), ft.convolve(f.derivative(), g), 1e-11)


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_integral_is_the_product_of_integrals(one: str, two: str) -> None:
    f, g = OPERANDS[one](), OPERANDS[two]()
    product = f.integral() * g.integral()
    assert abs(ft.convolve(f, g).integral() - product) <= CLOSE * max(abs(product), 1)


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_breakpoints_are_pairwise_sums(one: str, two: str) -> None:
    f, g = OPERANDS[one](), OPERANDS[two]()
    sums = np.add.outer(f.breakpoints, g.breakpoints).ravel()
    result = ft.convolve(f, g).breakpoints
    assert len(result) > 0 or len(sums) == 0
    for point in result:
        assert np.abs(sums - point).min() < 1e-12


@pytest.mark.parametrize("name", OPERANDS)
def test_delta_is_the_unit(name: str) -> None:
    f = OPERANDS[name]()
    assert_same(ft.convolve(f, F.delta()), f)


@pytest.mark.parametrize("name", ["wave", "gaussian", "callable"])
def test_derivative_of_delta_differentiates(name: str) -> None:
    f = OPERANDS[name]()
    assert_same(ft.convolve(F.delta(order=1), f), f.derivative())


@pytest.mark.parametrize("name", OPERANDS)
def test_step_is_the_running_integral(name: str) -> None:
    f = OPERANDS[name]()
    assert_same(ft.convolve(f, F.step()), f.antiderivative())
    t = 0.8
    assert abs(f.antiderivative()(t) - f.integral(-math.inf, t)) < CLOSE


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_correlation_is_convolution_with_the_mirrored_conjugate(one: str, two: str) -> None:
    f, g = OPERANDS[one](), OPERANDS[two]()
    assert_same(ft.correlate(f, g), ft.convolve(f, g.reflect().conj()))


def test_correlation_by_its_integral() -> None:
    x, w = wave(), F(lambda a: np.exp(1j * a), (0, 1))
    nodes, weights = np.polynomial.legendre.leggauss(40)
    for t in (0.5, 2.0, 4.5):
        a = (1 + nodes) / 2
        direct = (weights / 2) @ (x(t + a) * np.conj(w(a)))
        assert abs(ft.correlate(x, w)(t) - direct) < 1e-14


# Arithmetic ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_sum_difference_and_multiple(one: str, two: str) -> None:
    f, g = OPERANDS[one](), OPERANDS[two]()
    t = T[np.abs(T) > 1e-3]
    expected = f(t) + 2.5 * g(t)
    np.testing.assert_allclose((f + 2.5 * g)(t), expected, rtol=0, atol=1e-13 * np.abs(expected).max())
    np.testing.assert_allclose((f - g / 2)(t), f(t) - g(t) / 2, rtol=0, atol=1e-13 * np.abs(expected).max())
    assert (f * (1 + 0j)).iscomplex


def test_shift_and_stretch() -> None:
    f = ramp()
    np.testing.assert_allclose(f.shift(2)(T), f(T - 2), atol=1e-14)
    np.testing.assert_allclose(f.stretch(-3)(T), f(T / -3), atol=1e-14)
    assert f.stretch(-3).integral() == pytest.approx(3 * f.integral(), rel=1e-14)
    atom = F.delta(1.0, 2.0, order=1).stretch(-2.0).atoms[0]
    assert (atom.at, atom.order, atom.weight) == (-2.0, 1, -8.0)


def test_derivative_of_a_jump_is_an_atom() -> None:
    slope = F.box(0, 2, 3.0).derivative()
    assert [(a.at, a.order, a.weight) for a in slope.atoms] == [(0.0, 0, 3.0), (2.0, 0, -3.0)]
    back = slope.antiderivative()
    np.testing.assert_allclose(back(T), F.box(0, 2, 3.0)(T), atol=1e-14)


@pytest.mark.parametrize("size", [1e-17, 1e-15, 1e-8, 1.0])
def test_jumps_stay_beside_what_is_negligible(size: float) -> None:
    """What the sum has beyond the jumps is cut off, if it is too small, and the jumps are its ends."""
    s = F(np.cos, (-2, 3)) + F.gaussian(0, 0.5) * size
    np.testing.assert_array_equal(s.breakpoints, [-2, 3])
    steps = {atom.at: atom.weight for atom in s.derivative().atoms}
    assert steps == pytest.approx({-2: math.cos(2), 3: -math.cos(3)}, abs=1e-14)


def test_values_at_jumps_are_limits_from_the_right() -> None:
    f = F.polynomial([0, 1, 2], [[1.0], [5.0]])
    np.testing.assert_array_equal(f([-1e-9, 0, 1, 2, 2 + 1e-9]), [0, 1, 5, 5, 0])
    np.testing.assert_array_equal(F.step(1.0)([0.5, 1.0, 7.0]), [0, 1, 1])


def test_evaluation_keeps_shape_and_order() -> None:
    f = OPERANDS["callable"]()
    t = np.random.default_rng(1).uniform(-40, 40, (300, 400))
    expected = np.exp(-np.abs(t)) * np.cos(t)
    np.testing.assert_allclose(f(t), expected, rtol=0, atol=3e-15)
    assert f(1.0).shape == ()


def test_undeclared_jumps_are_found() -> None:
    f = F(lambda x: np.where(x < 1 / 3, 1.0, -2.0) * np.cos(x), (0, 1))
    assert abs(f.integral() - (3 * math.sin(1 / 3) - 2 * math.sin(1))) < 3 * 2.0**-48


def test_heavy_tails_keep_their_mass() -> None:
    cauchy = F(lambda x: 1 / (np.pi * (1 + x * x)), (-np.inf, np.inf))
    assert abs(cauchy.integral() - 1) < 1e-14
    assert abs(cauchy.integral(1e8) * np.pi * 1e8 - 1) < 1e-7
    assert cauchy.tail_mass < 1e-15


@pytest.mark.parametrize("method", ["gauss", "legendre"])
def test_heavy_tails_beside_narrow_pieces(method: str) -> None:
    """Far out, points are farther apart than the narrow operand is wide."""
    cauchy = F(lambda x: 1 / (np.pi * (1 + x * x)), (-np.inf, np.inf))
    ripple = F(lambda x: 1 + np.sin(40 * x), (0, 10))
    s = ft.convolve(cauchy, ripple, method=method)
    for t in (1e6, -1e9, 1e12):
        # To first order the tail is that of the Cauchy law about the ripple's middle.
        assert s(t) == pytest.approx(ripple.integral() / (np.pi * (t - 5.0) ** 2), rel=1e-4)
    assert s.integral() == pytest.approx(ripple.integral(), rel=1e-13)


def test_heavy_tails_beside_a_singular_end() -> None:
    cauchy = F(lambda x: 1 / (np.pi * (1 + x * x)), (-np.inf, np.inf))
    s = ft.convolve(cauchy, F.gamma(0.5))
    for t in (1e3, 1e6, -1e10):
        assert s(t) == pytest.approx(1 / (np.pi * (t - 0.5) ** 2), rel=1e-5)
    assert s.integral() == pytest.approx(1, rel=1e-13)


# Random piecewise polynomials, exactly ----------------------------------------------------------

Pieces = list[tuple[Fraction, Fraction, list[Fraction]]]
small = st.integers(-6, 6).map(lambda k: Fraction(k, 4))


@st.composite
def piecewise(draw: st.DrawFn) -> Pieces:
    """Pieces [low, high) with coefficients of powers of t, quarters all of them."""
    widths = draw(st.lists(st.integers(1, 8), min_size=1, max_size=4))
    degree = draw(st.integers(0, 3))
    edges = [draw(small)]
    for width in widths:
        edges.append(edges[-1] + Fraction(width, 4))
    rows = [draw(st.lists(small, min_size=degree + 1, max_size=degree + 1)) for _ in widths]
    return [(low, high, row) for (low, high), row in zip(pairwise(edges), rows, strict=True)]


def as_function(pieces: Pieces) -> ft.Function:
    edges = [float(pieces[0][0]), *(float(high) for _, high, _ in pieces)]
    shifted = []
    for low, _, row in pieces:
        about = [
            sum((row[n] * math.comb(n, k) * low ** (n - k) for n in range(k, len(row))), Fraction(0))
            for k in range(len(row))
        ]
        shifted.append([float(c) for c in about])
    return F.polynomial(edges, shifted)


def exact_convolution(f: Pieces, g: Pieces, t: Fraction) -> Fraction:
    """The integral, term by term: sum of coefficients times the integral of x**m (t - x)**n."""
    total = Fraction(0)
    for a, b, p in f:
        for c, d, q in g:
            low, high = max(a, t - d), min(b, t - c)
            if high <= low:
                continue
            product = [Fraction(0)] * (len(p) + len(q) - 1)
            for n, coefficient in enumerate(q):
                for k in range(n + 1):
                    term = coefficient * math.comb(n, k) * t ** (n - k) * (-1) ** k
                    for m, other in enumerate(p):
                        product[m + k] += other * term
            total += sum((c * (high ** (k + 1) - low ** (k + 1)) / (k + 1) for k, c in enumerate(product)), Fraction(0))
    return total


@settings(max_examples=60, deadline=None)
@given(piecewise(), piecewise(), st.integers(0, 2**32 - 1))
def test_random_piecewise_polynomials(f: Pieces, g: Pieces, seed: int) -> None:
    one, two = as_function(f), as_function(g)
    result = ft.convolve(one, two)
    low, high = f[0][0] + g[0][0], f[-1][1] + g[-1][1]
    t = np.random.default_rng(seed).uniform(float(low), float(high), 12)
    exact = np.array([float(exact_convolution(f, g, Fraction(point))) for point in t])
    scale = one.pieces.scale * two.pieces.mass + two.pieces.scale * one.pieces.mass
    np.testing.assert_allclose(result(t), exact, rtol=0, atol=1e-13 * scale)


@settings(max_examples=30, deadline=None)
@given(piecewise(), piecewise())
def test_every_algorithm_agrees(f: Pieces, g: Pieces) -> None:
    one, two = as_function(f), as_function(g)
    scale = one.pieces.scale * two.pieces.mass + two.pieces.scale * one.pieces.mass
    expected = ft.convolve(one, two, method="polynomials")(T)
    for method in ("legendre", "gauss", "graded"):
        np.testing.assert_allclose(ft.convolve(one, two, method=method)(T), expected, rtol=0, atol=1e-13 * scale)


# Periodic functions --------------------------------------------------------------------------------


@pytest.mark.parametrize("frequency", [1, 3])
def test_circular_convolution_by_its_fourier_series(frequency: int) -> None:
    def bump(t):
        return np.exp(np.cos(t))

    x = F(bump, (0, 2 * np.pi))
    w = F(lambda t: np.cos(frequency * t), (0, 2 * np.pi))
    s = ft.functions.circular_convolve(x, w, 2 * np.pi)
    t = np.linspace(0.01, 6.2, 50)
    # exp(cos t) has the Fourier coefficients 2 I_k(1) for cos(k t).
    exact = 2 * np.pi * special.iv(frequency, 1.0) * np.cos(frequency * t)
    np.testing.assert_allclose(s(t), exact, rtol=0, atol=1e-13)
    assert s.support == (0.0, 2 * np.pi)


def test_circular_convolution_wraps_what_lies_beyond() -> None:
    s = ft.functions.circular_convolve(F.box(0, 1), F.box(0.5, 1.0) + F.delta(2.25), 1.0)
    t = np.linspace(0.01, 0.99, 30)
    np.testing.assert_allclose(s(t), 1.5, atol=1e-14)
    with pytest.raises(ValueError, match="one period, on a support of finite length"):
        ft.functions.circular_convolve(F.box(), F.gaussian(), 1.0)


def test_import_is_light() -> None:
    code = "import sys, faltung; assert 'scipy' not in sys.modules; faltung.Function; assert 'sympy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# The table ---------------------------------------------------------------------------------------


def test_closed_forms_are_used_and_agree_with_quadrature() -> None:
    for f, g in (
        (F.gaussian(1, 2), F.gaussian(-3, 0.5).stretch(2.0) * 3),
        (F.gamma(1.5, 2.0), F.gamma(2.25, 2.0).shift(1.0)),
    ):
        assert ft.plan(f, g).algorithm == "closed_form"
        assert_same(ft.convolve(f, g), ft.convolve(f, g, method="graded"))


def test_plan_explains() -> None:
    plan = ft.plan(F.gaussian(), F.exponential())
    text = plan.explain()
    assert plan.algorithm in ("gauss", "legendre")
    assert "closed_form (no formula for this pair)" in text
    assert f"characteristic_functions ({plan.algorithm} is done before that is known)" in text
    assert "error ≈" in text
    slower = plan.as_dict()["slower"]
    assert [row["algorithm"] for row in slower][-1] == "graded"
    assert [row["seconds"] for row in slower] == sorted(row["seconds"] for row in slower)
    assert_same(plan(), ft.convolve(F.gaussian(), F.exponential()))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: F(lambda t: np.exp(t * t), (-np.inf, np.inf)), "towards -inf does not converge .its value at"),
        (lambda: F(np.sin, (0, np.inf)), "goes on, at .* and comes to no constant"),
        (lambda: F(lambda t: 1 / t, (1, np.inf)), "decays like t to the power -1,"),
        (lambda: ft.convolve(constant(), constant()), "does not converge over a"),
        (lambda: ft.convolve(F.step(), F.step()), "grows like t"),
        (lambda: ft.convolve(F.step(), F.step().reflect()), "does not converge over a"),
        (lambda: F(lambda t: t, (0, 1), singular={0: -1.0}), "exponent -1.0 at 0 is not integrable"),
        (lambda: F(np.sin, (1, 1)), "support="),
        (lambda: F(np.sin, (0, 1), breakpoints=[2]), "lies outside support"),
        (lambda: F.box(1, 0), "high=0.0: expected a number above low=1"),
        (lambda: F.gamma(-1.0), "shape=-1.0"),
        (lambda: F.polynomial([0, 1], [[1.0], [2.0]]), "one row for each of the 1 pieces"),
        (lambda: F.delta(order=-1), "order=-1"),
        (lambda: F.step().integral(), "towards inf the function comes to 1"),
        (lambda: F.gamma(0.5).derivative(), "derivative: near 0.0"),
        (lambda: F(np.log, (0, 1)).derivative(), "derivative: near 0.0 .* or logarithm"),
        (lambda: F(lambda t: np.log(np.abs(t - 0.3)), (0, 1), breakpoints=[0.3]).derivative(), "derivative: near 0.3"),
        (lambda: ft.convolve(F.box(), F.gaussian(), method="closed_form"), "method='closed_form' refuses"),
        (lambda: ft.convolve(F.box(), F.gaussian(), method="magic"), "method='magic': expected"),
    ],
)
def test_what_cannot_be_says_why(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def constant() -> ft.Function:
    return F(lambda t: 1 + 0 * t, (-np.inf, np.inf))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: F(math.sin, (0, 1)), "function takes no array of points .*numpy.vectorize"),
        (lambda: F(lambda t: t[:3], (0, 1)), "it returned shape .3,."),
        (lambda: F(lambda t: "one", (0, 1)), "it returned <U3 values"),
        (lambda: ft.convolve(F.box(), [1.0, 2.0]), "w is a list: expected a Function"),
        (lambda: ft.convolve(np.ones(3), F.box()), "x is a ndarray: .* spacing="),
        (lambda: ft.convolve(F.box(), F.box(), "same"), "mode: Functions do not have that"),
        (lambda: ft.convolve(F.box(), F.box(), stride=2), "stride: Functions do not have that"),
        (lambda: ft.convolve(np.ones(3), np.ones(2), spacing=0.1), "spacing=0.1: only a continuous kernel"),
    ],
)
def test_what_cannot_stand_together_says_so(make, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()
