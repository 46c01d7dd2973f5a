"""Examples are tests: every docstring of the installed package, and every document."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import faltung

ROOT = Path(__file__).parents[1]
MODULES = ["faltung"] + [
    module.name
    for module in pkgutil.walk_packages(faltung.__path__, "faltung.")
    if module.name not in ("faltung.__main__", "faltung._native._core")
]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


BLOCK = re.compile("^```pycon\n.*?^```$", re.DOTALL | re.MULTILINE)


def runs(block: str) -> bool:
    """Whether the library that an example is about is there: PyTorch and JAX are no dependencies."""
    about = [
        library for library in ("torch", "jax") if f"import faltung.{library}" in block or f"import {library}" in block
    ]
    return all(importlib.util.find_spec(library) for library in about)


def failures(examples: list[doctest.DocTest]) -> str:
    """What the examples print otherwise than they say."""
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.FAIL_FAST)
    report: list[str] = []
    for example in examples:
        runner.run(example, out=report.append)
    return "".join(report)


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    if name.startswith("faltung.torch"):
        pytest.importorskip("torch", reason="PyTorch is not installed, and no dependency")
    if name.startswith("faltung.jax"):
        pytest.importorskip("jax", reason="JAX is not installed, and no dependency")
    module = importlib.import_module(name)
    assert not failures(doctest.DocTestFinder(exclude_empty=True).find(module, name))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents(document: Path) -> None:
    text = BLOCK.sub(lambda block: block[0] if runs(block[0]) else "", document.read_text("utf-8"))
    assert not failures([doctest.DocTestParser().get_doctest(text, {}, document.name, str(document), 0)])


@pytest.mark.parametrize("name", [name for name in faltung.__all__ if name not in ("kernels", "laws", "tensor")])
def test_what_users_call_has_help(name: str) -> None:
    assert len((getattr(faltung, name).__doc__ or "").strip()) > 20


@pytest.mark.parametrize("name", ["convolve", "correlate", "plan", "Kernel", "set_threads"])
def test_what_users_call_most_has_examples(name: str) -> None:
    examples = doctest.DocTestFinder(recurse=False).find(getattr(faltung, name))
    assert any(example.examples for example in examples)


def test_the_tour_has_examples() -> None:
    assert (ROOT / "README.md").read_text("utf-8").count(">>> ") >= 20


@pytest.mark.parametrize("name", faltung.tensor.__all__)
def test_help_of_a_layer_names_every_word(name: str) -> None:
    parameters = inspect.signature(getattr(faltung.tensor, name)).parameters
    assert {"stride", "padding", "dilation", "boundary"} <= parameters.keys()
    assert not any(parameter.kind == inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
