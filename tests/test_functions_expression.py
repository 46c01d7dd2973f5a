"""Functions written as text, and the command that convolves them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import faltung as ft
from faltung.cli import main
from faltung.functions.expression import parse

T = np.linspace(-3, 9, 121)


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("exp(-t) on 0..inf", lambda t: np.where(t >= 0, np.exp(-np.maximum(t, 0)), 0)),
        ("box(0, 1)", lambda t: np.where((t >= 0) & (t <= 1), 1, 0)),
        ("2*box(low=-1, high=2) - triangle() / 4", lambda t: 2 * (abs(t - 0.5) <= 1.5) - np.maximum(1 - abs(t), 0) / 4),
        (
            "sin(2*pi*t)^2 + t**3 on -1..2",
            lambda t: np.where(abs(t - 0.5) <= 1.5, np.sin(2 * np.pi * t) ** 2 + t**3, 0),
        ),
        ("abs(t - 1) on 0..4 breaks 1", lambda t: np.where((t >= 0) & (t <= 4), abs(t - 1), 0)),
        ("-gaussian(1, 2)", lambda t: -np.exp(-((t - 1) ** 2) / 8) / np.sqrt(8 * np.pi)),
        ("step(sqrt(4))", lambda t: np.where(t >= 2, 1, 0)),
    ],
)
def test_reads_functions(text: str, exact) -> None:
    np.testing.assert_allclose(parse(text)(T), exact(T), rtol=0, atol=1e-13)


def test_atoms_and_complex_numbers() -> None:
    assert parse("delta(1, 2) + 1j * delta(0)").atoms[0].weight == 1j
    assert parse("delta(2, order=1)").atoms[0].order == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exp(-t)", "needs 'on LOW..HIGH'"),
        ("exp(-t) on 0", "an interval such as 0..inf"),
        ("t.__class__ on 0..1", "at 't.__class__': expected t, pi"),
        ("__import__('os').system('ls')", "expected numbers and box"),
        ("(lambda: 1)() on 0..1", "expected t, pi"),
        ("[t for t in (1,)] on 0..1", "expected t, pi"),
        ("open(1) on 0..1", "at 'open.1.'"),
        ("box('a')", "at .*'a'"),
        ("box(0, 1", "a formula such as"),
        ("box(0, 1)**2", "sums and multiples of functions"),
        ("box(0, 1) * box(0, 1)", "sums and multiples of functions"),
        ("box(box(0, 1))", "numbers between the brackets"),
        ("box(1, 2, 3, 4, 5)", "the parameters of box"),
        ("1", "a named function"),
        ("box(1, 0)", "high=0.0"),
        ("9**9**9**9 * t on 0..1", "not finite|does not|is inf|expected finite"),
        ("(" * 500 + "t" + ")" * 500 + " on 0..1", "a formula such as"),
        ("t" * 3000, "at most 2000"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::SyntaxWarning")
def test_refuses_everything_else(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(text)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    said = capsys.readouterr()
    return status, said.out, said.err


def test_command_prints_values(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["function", "sin(t) on 0..2*pi", "exponential(2)", "--at", "1.5", "--at", "-1"]
    status, out, _ = run(capsys, *arguments)
    exact = (2 * (2 * np.sin(1.5) - np.cos(1.5)) + 2 * np.exp(-3)) / 5
    assert status == 0
    assert float(out.split("=")[1].split()[0]) == pytest.approx(exact, rel=1e-13)
    assert out.splitlines()[1] == "s(-1) = 0"


def test_command_draws_and_explains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "s.png"
    status, out, _ = run(capsys, "function", "exp(-t) on 0..inf", "box(0,1) - delta(3)", "-o", str(picture))
    assert (status, picture.read_bytes()[:4]) == (0, b"\x89PNG")
    assert "integral 4.4" in out or "integral -4.4" in out or "integral 0" in out or "e-1" in out
    assert "error estimate" in out
    status, _, err = run(capsys, "function", "box(0,1)", "box(0,1)", "-o", str(picture))
    assert status == 2
    assert "--force" in err


def test_command_correlates(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "function", "box(0, 2)", "box(0, 1)", "--correlate", "--at", "-0.25")
    assert status == 0
    assert out.strip() == "s(-0.25) = 0.75"


@pytest.mark.parametrize("bad", ["exp(-t)", "exp(t*t) on -inf..inf"])
def test_command_fails_in_a_line(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "function", bad, "box(0, 1)")
    assert status == 2
    assert err.startswith("faltung: ")
    assert len(err.splitlines()) == 1


def test_result_is_that_of_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "function", "gaussian(0, 1)", "gamma(0.5)", "--at", "0.7")
    exact = ft.convolve(ft.Function.gaussian(), ft.Function.gamma(0.5))(0.7)
    assert float(out.split("=")[1]) == pytest.approx(exact, rel=1e-14)
