"""The environment's choice of an instruction set."""

from __future__ import annotations

import os

import pytest

from faltung import settings
from tests.fresh import python


@pytest.mark.parametrize("name", settings.INSTRUCTION_SETS)
def test_the_environment_chooses(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "FALTUNG_INSTRUCTION_SET", name)
    done = python("import faltung as ft; print(ft.get_instruction_set(), ft.convolve([1, 2], [1, 1]))")
    assert done.stdout.split(maxsplit=1) == [name, "[1 3 2]\n"]


def test_an_unknown_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "FALTUNG_INSTRUCTION_SET", "sse9")
    done = python("import faltung as ft; ft.get_instruction_set()")
    assert "the environment's FALTUNG_INSTRUCTION_SET='sse9'" in done.stderr
