"""The examples do what they say: learn, read most digits, and draw."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed, and no dependency")
pytest.importorskip("sklearn", reason="scikit-learn is not installed, and no dependency")

DIGITS = Path(__file__).parents[1] / "examples" / "digits.py"


@pytest.fixture(scope="module")
def digits() -> Any:
    spec = importlib.util.spec_from_file_location("digits", DIGITS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_digits_are_learned_and_drawn(
    digits: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["digits.py", "--output", str(tmp_path / "pictures")])
    digits.main()
    printed = capsys.readouterr().out
    share = float(printed.partition("reads ")[2].partition("%")[0])
    assert share >= 97
    for name in ("kernels.png", "feature_maps.png"):
        assert (tmp_path / "pictures" / name).read_bytes().startswith(b"\x89PNG")


def test_pictures_show_every_kernel_and_digit(digits: Any) -> None:
    torch.manual_seed(0)
    layer, (_, test) = digits.network()[0], digits.read_digits()
    assert len(digits.draw_kernels(layer).axes) == 12 + 1  # and the scale
    assert len(digits.draw_feature_maps(layer, test.images[:3], test.digits[:3]).axes) == 4 * 13


def test_the_images_to_be_tested_on_are_others(digits: Any) -> None:
    training, test = digits.read_digits()
    assert len(training.digits) + len(test.digits) == 1797
    assert training.images.shape[1:] == (1, 8, 8)
    assert 0 <= float(training.images.min()) < float(training.images.max()) <= 1
