"""Every message of `faltung.torch`, word for word: ``golden/torch_errors.txt``."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import faltung.torch as ftt  # noqa: E402
from faltung.torch import errors, vendor  # noqa: E402
from tests.golden_errors import golden, messages, told  # noqa: E402

CALLS = golden("torch_errors")
WORDS = {"np": np, "torch": torch, "ftt": ftt, "vendor": vendor, "x": torch.ones(1, 1, 4), "w": torch.ones(1, 1, 2)}


@pytest.mark.parametrize(("call", "expected"), CALLS, ids=[call for call, _ in CALLS])
def test_message(call: str, expected: str) -> None:
    assert told(call, WORDS) == expected


def test_every_message_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    every, reached = messages([errors], monkeypatch)
    for call, _ in CALLS:
        told(call, WORDS)
    assert reached == every
