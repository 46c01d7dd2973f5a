"""What tests share: examples that are the same on every run, commands that succeed or are refused."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from faltung.cli import main
from faltung.settings import INSTRUCTION_SETS
from tests.instruction_sets import instruction_set

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

# Python leaves Ctrl-C ignored where the shell that started it does, as for a job in the background.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module", params=INSTRUCTION_SETS)
def each_instruction_set(request: pytest.FixtureRequest) -> Iterator[None]:
    """The native core on each instruction set of this machine in turn."""
    with instruction_set(request.param):
        yield


@pytest.fixture
def done(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Callable[..., str] a command that must succeed; what it printed."""

    def run(*arguments: object) -> str:
        status = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert (status, printed.err) == (0, "")
        return printed.out

    return run


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Callable[..., str] a command that must fail with status 2 and one line on the error stream; that line."""

    def run(*arguments: object) -> str:
        status = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert (status, printed.out) == (2, "")
        assert printed.err.count("\n") == 1
        assert printed.err.startswith("faltung: ")
        return printed.err.removeprefix("faltung: ").rstrip("\n")

    return run


@pytest.fixture
def array(tmp_path: Path) -> Path:
    path = tmp_path / "x.npy"
    np.save(path, np.arange(12.0).reshape(3, 4))
    return path
