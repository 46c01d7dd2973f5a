"""Convolutions of SymPy expressions: textbook results, laws, and the numeric path as the reference."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import DiracDelta as Delta
from sympy import E, I, Piecewise, Rational, cos, erf, exp, pi, sin, sqrt
from sympy import Heaviside as H  # noqa: N817

import faltung as ft

t = sympy.Symbol("t", real=True)
a, b, omega = sympy.symbols("a b omega", positive=True)
BOX = Piecewise((1, (t > 0) & (t < 1)), (0, True))
STEPS = H(t) - H(t - 1)
DECAY = exp(-t) * H(t)


def same(one: Any, two: Any) -> bool:
    return bool(sympy.simplify(sympy.piecewise_fold(sympy.sympify(one) - two)) == 0)


TEXTBOOK = [
    (BOX, BOX, Piecewise((0, t < 0), (t, t < 1), (2 - t, t < 2), (0, True))),
    (STEPS, STEPS, t * H(t) - 2 * (t - 1) * H(t - 1) + (t - 2) * H(t - 2)),
    (DECAY, BOX, Piecewise((0, t < 0), (1 - exp(-t), t < 1), ((E - 1) * exp(-t), True))),
    (DECAY, DECAY, t * exp(-t) * H(t)),
    (exp(-a * t) * H(t), exp(-b * t) * H(t), (exp(-b * t) - exp(-a * t)) / (a - b) * H(t)),
    (exp(-a * t) * H(t), exp(-a * t) * H(t), t * exp(-a * t) * H(t)),
    (sin(t) * H(t), sin(t) * H(t), (sin(t) - t * cos(t)) / 2 * H(t)),
    (exp(-abs(t)), exp(-abs(t)), Piecewise(((1 - t) * exp(t), t < 0), ((1 + t) * exp(-t), True))),
    (cos(omega * t), exp(-a * abs(t)), 2 * a * cos(omega * t) / (a**2 + omega**2)),
    (exp(-a * t) * H(t), 1, 1 / a),
    (t**2, BOX, t**2 - t + Rational(1, 3)),
    (Delta(t - 2), DECAY, exp(2 - t) * H(t - 2)),
    (Delta(t, 1), STEPS, Delta(t) - Delta(t - 1)),
    (Delta(t, 2), exp(-t) * H(t), Delta(t, 1) - Delta(t) + exp(-t) * H(t)),
    (Delta(t, 1), exp(t) * H(-t), exp(t) * H(-t) - Delta(t)),
    (Delta(t - 1, 2), t**3, 6 * (t - 1)),
    (t * Delta(t, 1), sin(t), -sin(t)),
    (Delta(t - a), Delta(2 * t), Delta(t - a) / 2),
    (abs(t) * Delta(t) + Delta(t**2 - 1), t, t),
    (exp(-(t**2)), exp(-(t**2)), sqrt(pi / 2) * exp(-(t**2) / 2)),
    (exp(-(t**2)), BOX, sqrt(pi) / 2 * (erf(t) - erf(t - 1))),
    (exp(-(t**2) / 2), DECAY, sqrt(pi / 2) * exp(Rational(1, 2) - t) * (1 + erf((t - 1) / sqrt(2)))),
    (
        exp(-(t**2) / (2 * a**2)) / a,
        exp(-(t**2) / (2 * b**2)) / b,
        sqrt(2 * pi) * exp(-(t**2) / (2 * (a**2 + b**2))) / sqrt(a**2 + b**2),
    ),
    (exp(I * t) * STEPS, 1, (exp(I) - 1) / I),
    (2**-t * H(t), 2**-t * H(t), t * 2**-t * H(t)),
]


@pytest.mark.parametrize(("x", "w", "expected"), TEXTBOOK, ids=[f"{x} * {w}" for x, w, _ in TEXTBOOK])
def test_textbook(x: Any, w: Any, expected: Any) -> None:
    assert same(ft.convolve(x, w, variable=t), expected)
    assert same(ft.convolve(w, x, variable=t), expected)


# How it is written -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "w", "text"),
    [
        (BOX, BOX, "Piecewise((0, t < 0), (t, t < 1), (2 - t, t < 2), (0, True))"),
        (DECAY, exp(-2 * t) * H(t), "(exp(-t) - exp(-2*t))*Heaviside(t)"),
        (DECAY, BOX, "Piecewise((0, t < 0), (1 - exp(-t), t < 1), (exp(1 - t) - exp(-t), True))"),
        (exp(-t) * cos(3 * t) * H(t), DECAY, "exp(-t)*sin(3*t)*Heaviside(t)/3"),
        (exp(-(t**2)), t, "sqrt(pi)*t"),
        (H(t), H(t - a), "(-a + t)*Heaviside(-a + t)"),
        (0.5 * H(t), H(t), "t*Heaviside(t)/2"),
        (0, H(t), "0"),
    ],
)
def test_result_is_written_as_a_reader_would(x: Any, w: Any, text: str) -> None:
    assert str(ft.convolve(x, w, variable=t)) == text


def test_unordered_break_points_are_written_as_steps() -> None:
    p, q = sympy.symbols("p q", real=True)
    s = ft.convolve(abs(t - p), H(t - q) - H(t - q - 1), variable=t)
    values = {p: 2, q: 1}
    exact = ft.convolve(abs(t - 2), H(t - 1) - H(t - 2), variable=t)
    for point in (0.3, 2.8, 3.1, 7.0):
        assert float(s.subs(values).subs(t, point)) == pytest.approx(float(exact.subs(t, point)))


def test_variable_is_found_where_there_is_one_symbol() -> None:
    u = sympy.Symbol("u")
    assert ft.convolve(exp(-u) * H(u), H(u)) == (1 - exp(-u)) * H(u)
    assert ft.convolve(H(u), 2 * Delta(u - 1)) == 2 * H(u - 1)


def test_correlation_mirrors_and_conjugates() -> None:
    s = ft.correlate(DECAY, exp(I * t) * STEPS, variable=t)
    assert same(s.rewrite(exp), ft.convolve(DECAY, exp(I * t) * (H(t + 1) - H(t)), variable=t).rewrite(exp))
    assert ft.correlate(Delta(t - 1), Delta(t - 3, 1), variable=t) == -Delta(t + 2, 1)
    assert same(ft.correlate(H(t) * exp(-a * t), H(t) * exp(-b * t), variable=t).subs(t, 2), exp(-2 * a) / (a + b))


def test_sympy_loads_only_for_expressions() -> None:
    code = (
        "import sys, faltung; faltung.convolve([1.0, 2.0], [3.0]); faltung.Function.box();"
        "assert 'sympy' not in sys.modules and 'faltung.symbolic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# The numeric path as the reference ---------------------------------------------------------------


def numeric(expression: Any, support: tuple[float, float], breaks: list[float] = []) -> ft.Function:  # noqa: B006
    return ft.Function(sympy.lambdify(t, expression, "scipy"), support, breaks)


@pytest.mark.parametrize(
    ("x", "f", "w", "g"),
    [
        (DECAY, (0, np.inf), BOX, (0, 1)),
        (sin(t) * (H(t) - H(t - 2 * pi)), (0, 2 * np.pi), 2 * exp(-2 * t) * H(t), (0, np.inf)),
        (t * exp(-t) * H(t), (0, np.inf), exp(t) * H(-t), (-np.inf, 0)),
        (exp(2 * t) * STEPS, (0, 1), exp(t) * H(-t), (-np.inf, 0)),
        (exp(-abs(t)) * cos(3 * t), (-np.inf, np.inf), sympy.Max(0, 1 - abs(t)), (-1, 1)),
        ((t**2 + 1) * exp(-(t**2)), (-np.inf, np.inf), exp(-t) * (H(t - 1) - H(t - 3)), (1, 3)),
        (exp(-((t - 1) ** 2)) * H(t), (0, np.inf), exp(-2 * t**2) * H(1 - t), (-np.inf, 1)),
        (t * exp(-(t**2)) * H(t), (0, np.inf), exp(-(t**2)) * H(t + 1), (-1, np.inf)),
        (exp(-(t**2)) * H(-t), (-np.inf, 0), t * STEPS, (0, 1)),
    ],
)
@pytest.mark.parametrize("operation", [ft.convolve, ft.correlate])
def test_agrees_with_the_numeric_path(operation: Any, x: Any, f: Any, w: Any, g: Any) -> None:
    one, two = numeric(x, f, [0.0] * (f[0] < 0 < f[1])), numeric(w, g, [0.0] * (g[0] < 0 < g[1]))
    expected, exact = operation(one, two), operation(x, w, variable=t)
    points = np.random.default_rng(5).uniform(-5, 6, 20)
    values = [float(sympy.N(exact.subs(t, Rational(float(point))), 30)) for point in points]
    np.testing.assert_allclose(values, expected(points), rtol=0, atol=1e-12 * np.abs(expected(points)).max())


Pieces = list[tuple[Fraction, Fraction, Any]]
small = st.integers(-6, 6).map(lambda k: Rational(k, 2))


FACTORS = (1, exp(t / 2), exp(-t), cos(2 * t), exp(-t / 2) * sin(t))


@st.composite
def piecewise(draw: st.DrawFn, factors: Any = FACTORS) -> Pieces:
    """Pieces of linear polynomials times one of the factors."""
    edges = [draw(st.integers(-4, 4))]
    for width in draw(st.lists(st.integers(1, 3), min_size=1, max_size=2)):
        edges.append(edges[-1] + width)
    pieces = []
    for low, high in pairwise(edges):
        polynomial = sum(draw(small) * t**k for k in range(2))
        factor = draw(st.sampled_from(factors))
        pieces.append((Fraction(low, 2), Fraction(high, 2), sympy.expand(polynomial) * factor))
    return pieces


def as_expression(pieces: Pieces) -> Any:
    return Piecewise(
        *((body, (t >= Rational(low)) & (t < Rational(high))) for low, high, body in pieces), (0, True)
    )  # fmt: skip


def as_function(pieces: Pieces) -> ft.Function:
    total = ft.Function.box() * 0
    for low, high, body in pieces:
        if body == 0:
            continue  # which a callable is refused for
        values = sympy.lambdify(t, body, "numpy")
        total = total + ft.Function(lambda x, values=values: values(x) + 0 * x, (float(low), float(high)))
    return total


@settings(max_examples=10, deadline=None)
@given(piecewise(), piecewise())
def test_random_pieces_agree_with_the_numeric_path(f: Pieces, g: Pieces) -> None:
    exact = ft.convolve(as_expression(f), as_expression(g), variable=t)
    one, two = as_function(f), as_function(g)
    low, high = float(f[0][0] + g[0][0]), float(f[-1][1] + g[-1][1])
    points = np.random.default_rng(1).uniform(low - 0.5, high + 0.5, 12)
    values = np.array([float(sympy.re(sympy.N(exact.subs(t, Rational(float(p))), 40))) for p in points])
    scale = one.pieces.scale * two.pieces.mass + two.pieces.scale * one.pieces.mass
    np.testing.assert_allclose(values, ft.convolve(one, two)(points), rtol=0, atol=1e-12 * scale)


@settings(max_examples=8, deadline=None)
@given(piecewise((1, exp(-t))), piecewise((1, exp(t / 2))), st.integers(-8, 8).map(lambda k: Rational(2 * k + 1, 7)))
def test_random_pieces_agree_with_sympy_s_own_integral(f: Pieces, g: Pieces, point: Any) -> None:
    exact = ft.convolve(as_expression(f), as_expression(g), variable=t).subs(t, point)
    expected = sympy.S.Zero
    for low, high, body in f:
        for start, end, other in g:
            first, last = max(Rational(low), point - Rational(end)), min(Rational(high), point - Rational(start))
            if first < last:
                expected += sympy.integrate(sympy.expand(body * other.subs(t, point - t)), (t, first, last))
    assert abs(sympy.N(exact - expected, 30)) < Rational(1, 10**20) * (1 + abs(sympy.N(expected)))


# Laws -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("third", [BOX, DECAY, Delta(t - 1, 1)])
def test_associative(third: Any) -> None:
    left = ft.convolve(ft.convolve(STEPS, DECAY, variable=t), third, variable=t)
    right = ft.convolve(STEPS, ft.convolve(DECAY, third, variable=t), variable=t)
    values = sympy.lambdify(t, sympy.N(left.replace(Delta, lambda *_: 0) - right.replace(Delta, lambda *_: 0)), "numpy")
    np.testing.assert_allclose([values(p) for p in np.linspace(-1.05, 4.93, 30)], 0, atol=1e-12)


def test_splines_by_repeated_convolution() -> None:
    spline = BOX
    for _ in range(5):
        spline = ft.convolve(spline, BOX, variable=t)
    expected = sum((-1) ** k * sympy.binomial(6, k) * (t - k) ** 5 * H(t - k) for k in range(7)) / 120
    for point in (Rational(1, 3), Rational(7, 2), Rational(17, 3), Rational(25, 4)):
        assert spline.subs(t, point) == expected.subs(t, point)


# What cannot be ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "w", "message"),
    [
        (1, sympy.S.One, "does not converge: towards a = -inf the product goes like a constant"),
        (H(t), H(-t), "does not converge"),
        (cos(t), sin(t) * H(t), "does not converge"),
        (exp(t) * H(t), exp(t / 2) * H(-t), "does not converge"),
        (1 / (1 + t**2), BOX, r"x: the term 1/\(t\*\*2 \+ 1\) is no product of .* Function\(sympy.lambdify"),
        (BOX, sqrt(t), r"w: the term sqrt\(t\) is no product"),
        (exp(t**2), BOX, r"x: the term exp\(t\*\*2\)"),
        (sympy.Function("f")(t), BOX, r"x: the term f\(t\)"),
        (H(sin(t)), BOX, "where sin.t. changes sign is not known"),
        (H(t - a) * H(t - b), BOX, "the order of [ab] and [ab] hangs on the sign"),
        (Piecewise((1, t > 0)), BOX, "no value between -oo and 0"),
        (Delta(t) * H(t), BOX, "the factor jumps at 0"),
        (Delta(t) ** 2, BOX, "multiplies Dirac deltas"),
        (Delta(t) * Delta(t - 1), BOX, "multiplies Dirac deltas"),
        (Piecewise((Delta(t - 1), t > 0), (0, True)), BOX, "has a Dirac delta inside"),
        (exp(-sympy.Symbol("c") * t) * H(t), 1, "the convergence of the integral hangs on the sign of"),
    ],
)
def test_what_has_no_closed_form_says_why(x: Any, w: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ft.convolve(x, w, variable=t)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ft.convolve(a * H(t), H(t)), ValueError, r"2 free symbols \(a, t\); expected .* variable=t"),
        (lambda: ft.convolve(sympy.S.One, 1), ValueError, "there is no free symbol"),
        (lambda: ft.convolve(H(t), H(t), variable="t"), TypeError, "variable='t' is a str: expected a sympy.Symbol"),
        (lambda: ft.convolve(exp(-a), 1, variable=a), ValueError, "it is declared positive"),
        (lambda: ft.convolve(H(t), [1.0, 2.0]), TypeError, "w is a list: expected a SymPy expression"),
        (lambda: ft.convolve(H(t), ft.Function.box()), TypeError, "w is a Function: expected a SymPy expression"),
        (lambda: ft.convolve(H(t), H(t), "same"), TypeError, "mode: SymPy expressions do not have that"),
        (lambda: ft.convolve(H(t), H(t), method="fft"), TypeError, "method: SymPy expressions do not have that"),
        (lambda: ft.plan(H(t), H(t)), TypeError, "plan: SymPy expressions have one algorithm"),
        (lambda: ft.convolve([1.0], [1.0], variable=t), TypeError, "variable=t: only SymPy expressions have one"),
        (lambda: ft.convolve(ft.Function.box(), ft.Function.box(), variable=t), TypeError, "variable"),
    ],
)
def test_what_cannot_stand_together_says_so(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
