"""``faltung demo``: the main job on a real photograph and a real signal, in one folder of pictures."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from faltung.cli import photograph
from faltung.cli.command_error import CommandError
from faltung.cli.convolving import duration
from faltung.cli.demo import jobs, overview, recordings
from faltung.cli.patience import patience
from faltung.cli.printing import plain, report
from faltung.cli.replacement import check_writable

OVERVIEW = "overview.png"


def show(folder: Path, console: Console, force: bool = False) -> None:
    """Do the jobs, write their pictures into ``folder``, and say what was done."""
    _make(folder)
    coffee, sunspots = recordings.coffee(), recordings.sunspots()
    panels = jobs.panels(coffee)
    smoothing = jobs.smoothing(sunspots)
    for file in (*(panel.file for panel in panels), smoothing.file, OVERVIEW):
        check_writable(folder / file, force)
    for panel in panels:
        photograph.write(folder / panel.file, panel.picture, force=True)
    with patience("drawing the overview"):
        overview.write_series(folder / smoothing.file, smoothing)
        overview.write(folder / OVERVIEW, panels, smoothing)
    report([("photograph", coffee.description), ("signal", f"{len(sunspots.readings)} months of sunspots")], console)
    console.print(_table([job for panel in panels for job in panel.done] + [smoothing.done]))
    plain(f"The pictures are in {folder}; {folder / OVERVIEW} shows them all.", console)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise CommandError(f"{folder}: no folder can be made there: {problem.strerror}") from problem


def _table(done: list[jobs.Done]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in ("File", "", "Kernel", "Algorithm"):
        table.add_column(heading, overflow="fold")
    table.add_column("Time", justify="right", no_wrap=True)
    for job in done:
        outcome = job.outcome
        algorithm = f"{outcome.algorithm} {outcome.detail}".rstrip()
        table.add_row(Text(job.file, "bold cyan"), job.operation, job.kernel, algorithm, duration(outcome.seconds))
    return table
