"""The demo's pictures on one sheet, to be read at full size and at a quarter of it.

Everything is placed in pixels, on three columns that share the sheet's margins.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from faltung.cli import photograph
from faltung.cli.demo.jobs import Panel, Smoothing
from faltung.cli.replacement import replacing

_WIDTH, _MARGIN, _GAP, _COLUMNS = 1600, 90, 50, 3
_COLUMN = (_WIDTH - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) / _COLUMNS
_HEADER, _CAPTION, _ROW_GAP, _PLOT, _FOOT = 245, 165, 75, 400, 70
_INK, _SOFT, _ACCENT, _PAPER = "#1d1d1f", "#6b6b70", "#c2410c", "#ffffff"
# At a quarter of the size, 33 pixels are 8: the smallest that one still reads.
_NAME, _TITLE, _TEXT = 78, 42, 33
_SHOWN_FROM = 1900


class Sheet:
    """A figure measured in pixels from its upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor=_PAPER)
        FigureCanvasAgg(self.figure)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes at a place of the sheet."""
        bottom = self.height - top - height
        return self.figure.add_axes((left / self.width, bottom / self.height, width / self.width, height / self.height))

    def text(
        self, left: float, top: float, words: str, pixels: int, colour: str = _INK, weight: str = "normal"
    ) -> None:
        """Lines of words below a place of the sheet, on baselines that no letter's shape shifts."""
        for number, line in enumerate(words.splitlines()):
            baseline = top + pixels * (0.76 + 1.3 * number)
            self.figure.text(
                left / self.width, 1 - baseline / self.height, line, fontsize=pixels * 0.72, color=colour,
                weight=weight, family="DejaVu Sans", va="baseline",
            )  # fmt: skip

    def save(self, path: Path) -> None:
        """Write it as PNG."""
        with replacing(path, force=True) as file:
            self.figure.savefig(file, format="png", dpi=100, facecolor=_PAPER)


def write(path: Path, panels: Sequence[Panel], smoothing: Smoothing) -> None:
    """Write the overview: panels in rows of three, the series across the foot."""
    rows, columns = panels[0].picture.light.shape[:2]
    tall = _COLUMN * rows / columns
    step = tall + _CAPTION + _ROW_GAP
    count = -(-len(panels) // _COLUMNS)
    foot = _HEADER + count * step
    sheet = Sheet(_WIDTH, foot + 130 + _PLOT + 60 + _FOOT)
    sheet.text(_MARGIN, 70, "faltung", _NAME, weight="bold")
    sheet.text(_MARGIN, 172, "one photograph, one signal, and what convolution makes of them", _TEXT, _SOFT)
    for index, panel in enumerate(panels):
        row, column = divmod(index, _COLUMNS)
        _place(sheet, panel, _MARGIN + column * (_COLUMN + _GAP), _HEADER + row * step, tall)
    _series(sheet, smoothing, foot)
    sheet.save(path)


def write_series(path: Path, smoothing: Smoothing) -> None:
    """Write the series by itself."""
    sheet = Sheet(_WIDTH, 70 + 130 + _PLOT + 60 + _FOOT)
    _series(sheet, smoothing, 70)
    sheet.save(path)


def _place(sheet: Sheet, panel: Panel, left: float, top: float, tall: float) -> None:
    axes = sheet.axes(left, top, _COLUMN, tall)
    pixels = photograph.to_pixels(panel.picture)
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=panel.picture.white, interpolation="lanczos", aspect="auto")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color("#d4d4d8")
    sheet.text(left, top + tall + 24, panel.title, _TITLE, weight="bold")
    sheet.text(left, top + tall + 82, panel.caption, _TEXT, _SOFT)


def _series(sheet: Sheet, smoothing: Smoothing, top: float) -> None:
    sheet.text(_MARGIN, top, "Smoothed by age", _TITLE, weight="bold")
    caption = "monthly sunspots since 1900 in grey; in orange, their past averaged by age"
    sheet.text(_MARGIN, top + 60, caption, _TEXT, _SOFT)
    axes = sheet.axes(_MARGIN + 85, top + 140, _WIDTH - 2 * _MARGIN - 85, _PLOT)
    shown = smoothing.series.years >= _SHOWN_FROM
    years = smoothing.series.years[shown]
    axes.plot(years, smoothing.series.readings[shown], color="#b4b4bb", linewidth=1.4)
    axes.plot(years, smoothing.smooth.values[shown], color=_ACCENT, linewidth=4.5)
    axes.set_xlim(_SHOWN_FROM, 2009)
    axes.set_ylim(0, 260)
    axes.set_xticks(range(_SHOWN_FROM + 10, 2009, 20))
    axes.set_yticks([0, 100, 200])
    axes.tick_params(length=0, labelsize=_TEXT * 0.72, labelcolor=_SOFT, pad=14)
    axes.grid(axis="y", color="#e4e4e7", linewidth=1)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
