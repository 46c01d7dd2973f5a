"""The command line on arrays, and what it says when it cannot do what was asked."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import faltung as ft

Run = Callable[..., str]


def test_array_is_convolved_as_by_the_library(done: Run, array: Path, tmp_path: Path) -> None:
    out = tmp_path / "y.npy"
    printed = done("apply", array, "--kernel", "1 2 1; 2 4 2; 1 2 1", "-o", out)
    expected = ft.convolve(np.load(array), [[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    np.testing.assert_array_equal(np.load(out), expected)
    assert "shape (3, 4), float64" in printed
    assert "convolve, mode full, boundary constant: direct" in printed
    assert f"{out}, shape (5, 6), float64" in printed.replace("\n", "")


def test_mode_boundary_and_correlate_are_passed_on(done: Run, array: Path, tmp_path: Path) -> None:
    out = tmp_path / "y.npy"
    done(
        "apply", array, "-k", "1 2; 3 4", "--mode", "same", "--boundary", "reflect,wrap", "--correlate", "-o", out
    )  # fmt: skip
    expected = ft.correlate(np.load(array), [[1, 2], [3, 4]], mode="same", boundary=("reflect", "wrap"))
    np.testing.assert_array_equal(np.load(out), expected)


def test_axes_of_an_array(done: Run, array: Path, tmp_path: Path) -> None:
    out = tmp_path / "y.npy"
    done("apply", array, "-k", "gaussian:sigma=0.5", "--axes", "1", "-o", out)
    np.testing.assert_array_equal(np.load(out), ft.convolve(np.load(array), ft.kernels.gaussian(0.5), axes=1))


def test_integers_stay_exact_and_keep_float_makes_floats(done: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "x.npy", tmp_path / "y.npy"
    np.save(source, np.array([2**53 + 1, 0, 5]))
    done("apply", source, "-k", "1 1", "-o", out)
    assert np.load(out).tolist() == [2**53 + 1, 2**53 + 1, 5, 5]
    done("apply", source, "-k", "1 1", "-o", out, "--keep-float", "--force")
    assert np.load(out).dtype == np.float64


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1 2 1", [1, 2, 1]),
        ("1,2,1", [1, 2, 1]),
        (" -1 .5 1e-3 ", [-1, 0.5, 0.001]),
        ("1/9 1/3", [1 / 9, 1 / 3]),
        ("123456789012345678", [123456789012345678]),
    ],
)
def test_literal_kernels(done: Run, tmp_path: Path, text: str, values: list[float]) -> None:
    source, out = tmp_path / "x.npy", tmp_path / "y.npy"
    np.save(source, np.array([1]))
    done("apply", source, f"--kernel={text}", "-o", out)
    assert np.load(out).tolist() == values


def test_kernel_from_a_file(done: Run, array: Path, tmp_path: Path) -> None:
    kernel, out = tmp_path / "w.npy", tmp_path / "y.npy"
    np.save(kernel, np.array([[1.5, 2.5]]))
    done("apply", array, "-k", kernel, "-o", out)
    np.testing.assert_array_equal(np.load(out), ft.convolve(np.load(array), np.load(kernel)))


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        ("gausian:sigma=3", "kernel 'gausian' is not known; did you mean gaussian?"),
        ("zzz", "kernel 'zzz' is not known; expected one of box, emboss, exponential, gaussian"),
        ("__import__('os').system('true')", "kernel \"__import__('os').system('true')\" is not known"),
        ("1 __import__('os')", "kernel: \"__import__('os')\" is no number; expected e.g. 2, -0.5, 1e-3 or 1/9"),
        ("1 2; 3", "kernel '1 2; 3': rows have 2, 1 numbers; expected as many in each"),
        ("1 1/0", "kernel: '1/0' divides by zero"),
        ("1e999 1", "kernel: '1e999' is beyond the largest floating-point number"),
        ("1e99999999999 1", "kernel: '1e99999999999' is no number"),
        ("gaussian", "kernel gaussian: sigma is missing; expected e.g. gaussian:sigma=2"),
        ("gaussian:sigma=wide", "kernel gaussian: sigma='wide' is no number; expected e.g. sigma=3"),
        ("gaussian:size=3", "kernel gaussian: 'size=3' is no parameter; expected sigma=... or ndim=... or"),
        ("emboss:x=1", "kernel emboss: 'x=1' is no parameter; expected emboss alone, it has none"),
        ("gaussian:sigma=-2", "sigma=-2: expected a finite number above 0"),
        ("1 2 1", "kernel '1 2 1' has 1 axis (shape (3,)), the array has 2 (along its shape (3, 4)); --axes says"),
        ("gone.npy", "gone.npy: no such file"),
        ("gone.wav", "gone.wav: no such file"),
    ],
)
def test_bad_kernels(refused: Run, array: Path, tmp_path: Path, kernel: str, message: str) -> None:
    out = tmp_path / "y.npy"
    assert message in refused("apply", array, "--kernel", kernel, "-o", out)
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--mode", "middle"], "mode='middle': expected 'full', 'same' or 'valid'"),
        (["--boundary", "mirror"], "boundary='mirror' is"),
        (["--boundary", "edge,edge,edge"], "boundary has 3 entries: expected one value for all axes, or 2"),
        (["--axes", "0,x"], "--axes='0,x': expected integers between commas, such as 0,1"),
        (["--axes", "0,7"], "axes: 7 is no axis of x"),
        (["--mode", "valid"], "mode='valid': the kernel reaches over 5 samples on axis 0, x has 3"),
    ],
)
def test_bad_options(refused: Run, array: Path, tmp_path: Path, options: list[str], message: str) -> None:
    out = tmp_path / "y.npy"
    assert message in refused("apply", array, "-k", "box:size=5", "-o", out, *options)
    assert not out.exists()


def test_inexact_integers_are_refused_with_the_mend(refused: Run, tmp_path: Path) -> None:
    source = tmp_path / "x.npy"
    np.save(source, np.array([2**62, 2**62]))
    assert "does not fit into int64" in refused("apply", source, "-k", "1 1", "-o", tmp_path / "y.npy")


def test_missing_input(refused: Run, tmp_path: Path) -> None:
    source = tmp_path / "gone.npy"
    assert refused("apply", source, "-k", "1", "-o", tmp_path / "y.npy") == f"{source}: no such file"


def test_folder_as_input(refused: Run, tmp_path: Path) -> None:
    (tmp_path / "x.npy").mkdir()
    assert "cannot be read: Is a directory" in refused("apply", tmp_path / "x.npy", "-k", "1", "-o", tmp_path / "y.npy")


@pytest.mark.parametrize(("name", "what"), [("x.tiff", "'.tiff'"), ("x", "a name without an extension")])
def test_unknown_input_extension(refused: Run, tmp_path: Path, name: str, what: str) -> None:
    line = refused("apply", tmp_path / name, "-k", "1", "-o", tmp_path / "y.npy")
    assert f"{what}" in line
    assert "expected .png, .jpg, .jpeg, .wav or .npy" in line


def test_unknown_output_extension(refused: Run, array: Path, tmp_path: Path) -> None:
    line = refused("apply", array, "-k", "1;", "-o", tmp_path / "y.txt")
    assert line == f"{tmp_path / 'y.txt'}: the extension '.txt' does not serve for x.npy; expected .npy"


def test_too_large_a_result_is_told(refused: Run, tmp_path: Path) -> None:
    source = tmp_path / "x.npy"
    np.save(source, np.zeros((1, 1)))
    line = refused("apply", source, "-k", "gaussian:sigma=100000", "-o", tmp_path / "y.npy")
    assert "memory" in line


def test_plan_prints_the_explanation(done: Run) -> None:
    printed = done("plan", "convolve x=f32[2048,2048] w=f32[31,31] mode=same")
    assert printed.split()[0] == ft.plan("f32[2048,2048]", "f32[31,31]", mode="same").algorithm
    assert "of the machine's limit" in printed
    assert "problem:  convolve x=f32[2048,2048] w=f32[31,31]@15,15 mode=same" in printed


def test_plan_with_a_method(done: Run) -> None:
    assert done("plan", "convolve x=f32[64] w=f32[3]", "--method", "definition").startswith("definition")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("convolve x=f32[9", "problem line"),
        ("", "problem line '': '' is no operation"),
        ("fold x=f32[9] w=f32[3]", "'fold' is no operation"),
        ("convolve x=f32[9] w=f32[3] mode=none", "mode='none': expected 'full', 'same' or 'valid'"),
    ],
)
def test_bad_problem_lines(refused: Run, line: str, message: str) -> None:
    assert message in refused("plan", line)


def test_kernels_lists_all(done: Run) -> None:
    printed = done("kernels")
    for name in ft.kernels.NAMES:
        assert name in printed
    assert "sigma=" in printed


def test_kernels_shows_one(done: Run) -> None:
    printed = done("kernels", "gaussian:sigma=1,truncate=2")
    assert "(5,), float64" in printed
    assert "(2,)" in printed
    assert "1.2e-02 of its mass" in printed
    assert "0.4026" in printed
    assert "sobel" in done("kernels", "sobel")


def test_kernels_refuses_unknown(refused: Run) -> None:
    assert "did you mean laplacian?" in refused("kernels", "laplace")


def test_version_names_instruction_set_and_threads(done: Run) -> None:
    words = done("--version")
    assert words.startswith(f"faltung {ft.__version__}, instruction set {ft.get_instruction_set()}, ")
    assert f"{ft.get_threads()} thread" in words


def test_module_is_the_command() -> None:
    ran = subprocess.run([sys.executable, "-m", "faltung", "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("faltung ")


@pytest.mark.parametrize("lacking", ["typer", "rich", "PIL", "matplotlib"])
def test_missing_extra_is_told_in_a_line(lacking: str, tmp_path: Path) -> None:
    code = f"import sys; sys.modules[{lacking!r}] = None\nfrom faltung.cli import main\nsys.exit(main(['demo']))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert not list(tmp_path.iterdir())
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.strip().endswith('pip install "faltung[cli]"')
    assert ran.stderr.count("\n") == 1


def test_the_bar_appears_only_after_the_wait_and_fills_as_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    from rich.console import Console

    from faltung.cli import patience

    screen = io.StringIO()
    monkeypatch.setattr(patience, "Console", lambda **_: Console(file=screen, force_terminal=True))
    with patience.patience("quick", after=30):
        pass
    assert "quick" not in screen.getvalue()
    with patience.patience("slow", after=0.01):
        patience.expect(0.2)
        time.sleep(0.5)
        assert patience._shown.get().tasks[0].percentage == pytest.approx(98)  # type: ignore[union-attr]
    assert "slow" in screen.getvalue()
    patience.expect(1.0)  # to nobody


def test_a_parameter_said_twice_is_refused(refused: Run, array: Path) -> None:
    assert "size is said twice" in refused("apply", array, "-k", "box:size=3,size=5", "-o", "y.npy")


def test_pipes_are_no_files(refused: Run, tmp_path: Path, array: Path) -> None:
    pipe = tmp_path / "pipe.npy"
    os.mkfifo(pipe)
    assert "is a pipe or device" in refused("apply", pipe, "-k", "1 1", "-o", tmp_path / "y.npy")
    assert "is a pipe or device" in refused("apply", array, "-k", "1 1", "-o", pipe, "--force")


@pytest.mark.parametrize(
    ("setting", "value", "status", "told"),
    [("PYTHONIOENCODING", "ascii", 0, ""), ("FALTUNG_INSTRUCTION_SET", "foo", 2, "faltung: the environment's")],
)
def test_the_environment_causes_no_traceback(setting: str, value: str, status: int, told: str) -> None:
    line = "convolve x=f32[64,64] w=f32[31,31] mode=same"
    ran = subprocess.run(
        [sys.executable, "-m", "faltung", "plan", line],
        env={**os.environ, setting: value}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr[: len(told)]) == (status, told)
    assert "Traceback" not in ran.stderr
