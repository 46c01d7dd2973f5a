"""`faltung demo`: its files, and that each picture shows what its caption says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from faltung.cli import main
from faltung.cli.demo import jobs, recordings

PICTURES = {"photograph", "blur", "sharpen", "edges", "convolved", "correlated"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "pictures"
    assert main(["demo", "-o", str(folder)]) == 0
    return folder


def pixels(folder: Path, name: str) -> NDArray[Any]:
    return np.asarray(Image.open(folder / f"{name}.png")).astype(float)


def roughness(picture: NDArray[Any]) -> float:
    return float(np.abs(np.diff(picture, axis=0)).mean() + np.abs(np.diff(picture, axis=1)).mean())


def test_every_file_is_there(folder: Path) -> None:
    assert {path.stem for path in folder.iterdir()} == PICTURES | {"sunspots", "overview"}


def test_pictures_have_the_photographs_size(folder: Path) -> None:
    for name in PICTURES:
        assert pixels(folder, name).shape[:2] == (400, 600), name


def test_overview_is_a_sheet_with_paper_ink_and_colour(folder: Path) -> None:
    sheet = pixels(folder, "overview")[..., :3]
    assert sheet.shape[1] == 1600
    assert 1800 < sheet.shape[0] < 2200
    margins = (sheet[:, :50], sheet[:, -50:], sheet[:40], sheet[-40:])
    assert all((margin == 255).all() for margin in margins)
    assert (sheet < 60).all(axis=-1).mean() > 0.005
    assert (sheet.max(axis=-1) - sheet.min(axis=-1) > 100).mean() > 0.02


def test_the_photograph_is_unchanged(folder: Path) -> None:
    np.testing.assert_array_equal(pixels(folder, "photograph"), recordings.coffee().light)


def test_blur_is_smoother_and_sharpen_rougher(folder: Path) -> None:
    blur, before, sharp = (roughness(pixels(folder, name)) for name in ("blur", "photograph", "sharpen"))
    assert blur < before / 3
    assert sharp > before * 2
    # Both kernels sum to 1: the light as a whole stays (sharpening loses a little to saturation).
    assert pixels(folder, "blur").mean() == pytest.approx(pixels(folder, "photograph").mean(), abs=0.5)


def test_edges_are_dark_where_the_photograph_is_steep(folder: Path) -> None:
    grey = pixels(folder, "photograph") @ [0.299, 0.587, 0.114]
    steep = np.hypot(*np.gradient(grey))
    edges = pixels(folder, "edges")
    assert edges[steep > 40].mean() < 80
    assert edges[steep < 2].mean() > 240


def test_the_flip_turns_the_light_around(folder: Path) -> None:
    convolved, correlated = pixels(folder, "convolved"), pixels(folder, "correlated")
    # The slope kernel is odd: unflipped, it gives the negative, mirrored at mid-grey.
    inside = (convolved > 0) & (convolved < 255)
    assert inside.mean() > 0.9
    assert np.abs(convolved + correlated - 255)[inside].max() <= 1
    assert np.abs(convolved - correlated).mean() > 20
    # Lit from the upper left: the cup's bright rim is light on its upper left, dark behind it.
    grey = pixels(folder, "photograph") @ [0.299, 0.587, 0.114]
    falling = grey[2:-2, 2:-2] - grey[:-4, :-4]  # brighter than up left: a slope that faces up left
    relief = convolved[1:-3, 1:-3]
    assert np.corrcoef(falling.ravel(), relief.ravel())[0, 1] > 0.5


def test_sunspots_are_the_recorded_ones() -> None:
    series = recordings.sunspots()
    assert len(series.readings) == 3120
    assert series.years[0] == pytest.approx(1749 + 0.5 / 12)
    assert series.readings[0] == 58.0
    assert series.years[series.readings.argmax()] == pytest.approx(1957.79, abs=0.01)


def test_smoothing_is_the_average_by_age() -> None:
    series = recordings.sunspots()
    smooth = jobs.smoothing(series).smooth.values
    for month in (0, 1, 50, 3119):
        past = series.readings[max(0, month - 10 * jobs.AGE + 1) : month + 1][::-1]
        weights = np.exp(-np.arange(len(past)) / jobs.AGE)
        assert smooth[month] == pytest.approx((past * weights).sum() / weights.sum(), rel=1e-12)
    assert np.abs(np.diff(smooth)).mean() < np.abs(np.diff(series.readings)).mean() / 5


def test_it_prints_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "-o", str(tmp_path / "again")]) == 0
    printed = capsys.readouterr().out
    for word in ("600 × 400 pixels, RGB", "3120 months of sunspots", "blur.png", "correlate", "separable", "ms"):
        assert word in printed
    assert main(["demo", "-o", str(tmp_path / "again")]) == 2, "files in a folder of the user's are the user's"
    assert "exists already; --force overwrites it" in capsys.readouterr().err
    assert main(["demo", "-o", str(tmp_path / "again"), "--force"]) == 0


def test_folder_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["demo", "-o", str(tmp_path / "file")]) == 2
    complained = capsys.readouterr().err
    assert complained.count("\n") == 1
    assert "no folder can be made there" in complained
    assert main(["demo", "-o", str(tmp_path / "file" / "below")]) == 2
