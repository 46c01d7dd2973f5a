"""The recordings that the demo works on; `../data/LICENSES.md` says where they are from."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from faltung.cli import photograph
from faltung.cli.photograph import Photograph

_DATA = resources.files("faltung.cli") / "data"


@dataclass(frozen=True)
class Series:
    """Readings, one a month, and the year of each with its fraction."""

    years: NDArray[np.float64]
    readings: NDArray[np.float64]


def coffee() -> Photograph:
    """A cup of espresso, photographed by Rachel Michetti (CC0)."""
    with resources.as_file(_DATA / "coffee.jpg") as path:
        return photograph.read(path)


def sunspots() -> Series:
    """Monthly mean sunspot numbers from 1749 to 2008, as observers counted them (public domain)."""
    lines = (_DATA / "sunspots.csv").read_text(encoding="ascii").splitlines()[1:]
    months = [line.split(",")[0].split("-") for line in lines]
    years = [int(year) + (int(month) - 0.5) / 12 for year, month in months]
    return Series(np.array(years), np.array([float(line.split(",")[1]) for line in lines]))
