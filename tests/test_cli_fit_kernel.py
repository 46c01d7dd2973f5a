"""The command that recovers a filter: what `apply` did to a photograph comes back."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import faltung as ft

Run = Callable[..., str]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "before.png"
    with (
        resources.as_file(resources.files("faltung.cli") / "data" / "coffee.jpg") as source,
        Image.open(source) as file,
    ):
        file.crop((100, 100, 220, 200)).save(path)
    return path


def test_the_kernel_that_was_applied_comes_back(done: Run, photo: Path, tmp_path: Path) -> None:
    after, found = tmp_path / "after.png", tmp_path / "kernel.npy"
    done("apply", photo, "--kernel", "gaussian:sigma=1", "-o", after)
    printed = done("fit-kernel", photo, after, "--shape", "9x9", "-o", found)
    kernel = np.load(found)
    # Rounding to whole levels is noise of 0.29; the standard errors that it leaves are below 0.001.
    np.testing.assert_allclose(kernel, ft.kernels.gaussian(1, ndim=2).values, atol=0.004)
    for word in ("residual", "of 255", "condition", "standard errors", "convolve, mode same, boundary symmetric"):
        assert word in printed
    assert "0.15" in printed  # the weight in the middle
    done("apply", photo, "--kernel", found, "-o", tmp_path / "again.png")
    again, once = (np.asarray(Image.open(path)).astype(int) for path in (tmp_path / "again.png", after))
    assert abs(again - once).max() <= 1


def test_clipped_pixels_do_not_count(done: Run, photo: Path, tmp_path: Path) -> None:
    after, found = tmp_path / "after.png", tmp_path / "kernel.npy"
    done("apply", photo, "--kernel", "0 -4 0; -4 17 -4; 0 -4 0", "-o", after)
    assert "left out" in done("fit-kernel", photo, after, "--shape", "3×3", "-o", found)
    np.testing.assert_allclose(np.load(found), [[0, -4, 0], [-4, 17, -4], [0, -4, 0]], atol=1e-9)


def test_unflipped_kernels_and_unknown_boundaries(done: Run, photo: Path, tmp_path: Path) -> None:
    after, found = tmp_path / "after.png", tmp_path / "kernel.npy"
    done("apply", photo, "--kernel", "0 1 0; 0 0 0; 0 0 0", "--boundary", "constant", "--correlate", "-o", after)
    done("fit-kernel", photo, after, "-s", "3x3", "--correlate", "--interior", "-o", found)
    np.testing.assert_allclose(np.load(found), [[0, 1, 0], [0, 0, 0], [0, 0, 0]], atol=1e-9)


def test_arrays_and_ridge(done: Run, tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal(50)
    before, after, found = (tmp_path / name for name in ("x.npy", "y.npy", "w.npy"))
    np.save(before, x)
    np.save(after, ft.convolve(x, [1.0, 2.0, 3.0], "same", boundary="wrap"))
    done("fit-kernel", before, after, "-s", "3", "--boundary", "wrap", "-o", found)
    np.testing.assert_allclose(np.load(found), [1, 2, 3])
    done("fit-kernel", before, after, "-s", "3", "--boundary", "wrap", "--ridge", "1", "-o", found, "--force")
    assert np.load(found).sum() < 5


def test_what_cannot_be_done_is_said_in_a_line(done: Run, refused: Run, photo: Path, tmp_path: Path) -> None:
    grey, black, out = tmp_path / "grey.png", tmp_path / "black.png", tmp_path / "w.npy"
    with Image.open(photo) as file:
        file.convert("L").save(grey)
    Image.new("RGB", (120, 100)).save(black)
    np.save(tmp_path / "x.npy", np.ones(5))

    def fit(before: Path, after: Path, shape: str = "3x3", target: Path = out) -> str:
        return refused("fit-kernel", before, after, "--shape", shape, "-o", target)

    assert "expected the same size and colours" in fit(photo, grey)
    assert "expected two photographs, or two arrays" in fit(photo, tmp_path / "x.npy")
    assert "expected lengths such as 9x9" in fit(photo, photo, "3x")
    assert "expected two lengths" in fit(photo, photo, "3")
    assert "shape=(3, 3) has 2 axes" in fit(tmp_path / "x.npy", tmp_path / "x.npy")
    assert "expected a name ending in .npy" in fit(photo, photo, target=tmp_path / "w.png")
    assert "determine 0 of the 9 weights" in fit(photo, black)
    assert "determine 1 of the 3 weights" in refused(
        "fit-kernel", tmp_path / "x.npy", tmp_path / "x.npy", "-s", "3", "--boundary", "edge", "-o", out
    )
    assert "no such file" in fit(tmp_path / "none.png", photo)
    assert not out.exists()
    out.touch()
    assert "--force overwrites it" in fit(photo, photo)
    assert out.stat().st_size == 0
