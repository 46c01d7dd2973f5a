"""The house rules, checked on the checkout that these tests lie in."""

from __future__ import annotations

import ast
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "tests", "benchmarks", "examples")
LONGEST_FILE, LONGEST_FUNCTION, MEDIAN_FUNCTION = 400, 60, 15
SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}


def files(*suffixes: str) -> list[Path]:
    return sorted(path for folder in FOLDERS for suffix in suffixes for path in (ROOT / folder).rglob(f"*{suffix}"))


PYTHON = files(".py")
SOURCES = [*PYTHON, *files(".pyi", ".cpp", ".hpp")]


# tools -------------------------------------------------------------------------------------


def run(*command: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}  # the checkout, not an installed copy
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing() -> None:
    run(sys.executable, "-m", "ruff", "check", ".")


def test_ruff_would_format_nothing() -> None:
    run(sys.executable, "-m", "ruff", "format", "--check", ".")


def test_mypy_finds_nothing() -> None:
    run(sys.executable, "-m", "mypy")


def test_imports_run_downwards() -> None:
    run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")


# budgets -----------------------------------------------------------------------------------


def test_sources_are_found() -> None:
    assert len(PYTHON) > 60
    assert len(SOURCES) > len(PYTHON) + 20


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short_and_named_for_what_they_hold(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST_FILE
    assert not SAY_NOTHING & {path.stem, path.parent.name}


def test_functions_are_short() -> None:
    lengths = {f"{path.relative_to(ROOT)}: {name}": length for path in PYTHON for name, length in functions(path)}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}
    assert statistics.median(lengths.values()) <= MEDIAN_FUNCTION


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and lines of each function's body, its help aside."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - body[0].lineno + 1


# the native module's stub ------------------------------------------------------------------


def test_the_stub_is_that_of_the_native_module(tmp_path: Path) -> None:
    made = tmp_path / "_core.pyi"
    command = [sys.executable, "-m", "nanobind.stubgen", "-q", "-m", "faltung._native._core", "-o", str(made)]
    subprocess.run(command, check=True)
    assert signatures(ROOT / "src/faltung/_native/_core.pyi") == signatures(made)


def signatures(stub: Path) -> dict[str, list[str]]:
    """Parameter names of each function and method: nanobind knows no array types to compare."""
    found: dict[str, list[str]] = {}
    for node in ast.parse(stub.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = _parameters(node)
        elif isinstance(node, ast.ClassDef):
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            found |= {f"{node.name}.{method.name}": _parameters(method) for method in methods}
    return found


def _parameters(function: ast.FunctionDef) -> list[str]:
    return [each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
