"""The report of a run: losing cells first, and whatever was not timed, with the reason."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import geometric_mean, median

from benchmarks.bands import Band
from benchmarks.limits import Limits
from benchmarks.measure import COPY, EVERY_CORE, OURS, Measured, limit
from benchmarks.regret import Regret
from benchmarks.tables import Table

HEADS = (
    "cell",
    "algorithm",
    "time",
    "of limit",
    "of direct's",
    "best peer",
    "its time / ours",
    "copy",
    "default threads",
)


def cells(results: Sequence[Measured], limits: Limits | None, threads: int) -> Table:
    """One row for each cell that was timed."""
    timed = sorted((result for result in results if result.failed is None), key=_lead)
    rows = [_row(result, limits, threads) for result in timed]
    behind = sum(_style(result) == "red" for result in timed)
    ahead = sum(_style(result) == "green" for result in timed)
    leads = [lead.middle for result in timed if (lead := result.lead()) is not None]
    mean = f"; on average (geometric) {geometric_mean(leads):.3g} times as fast as the best peer" if leads else ""
    counts = f"losing first: {behind} behind, {ahead} ahead, the rest undecided"
    title = f"{len(timed)} cells, {threads} thread(s), {counts}{mean}"
    return Table(title, HEADS, rows, [_style(result) for result in timed])


def _lead(result: Measured) -> float:
    lead = result.lead()
    return math.inf if lead is None else lead.middle


def _style(result: Measured) -> str:
    lead = result.lead()
    if lead is None or not lead.differs:
        return ""
    return "green" if lead.middle > 1 else "red"


def _row(result: Measured, limits: Limits | None, threads: int) -> list[str]:
    chosen = result.plan["chosen"]
    copied = result.over(COPY).middle if COPY in result.timings else None
    return [
        str(result.cell),
        chosen,
        duration(result.seconds(OURS)),
        _share(result, chosen, limits, threads),
        _share(result, "direct", limits, threads),
        result.rival() or "none",
        marked(result.lead()),
        "" if copied is None else f"{1 / copied:.3g}",
        f"{1 / result.over(EVERY_CORE).middle:.2f}",
    ]


def _share(result: Measured, algorithm: str, limits: Limits | None, threads: int) -> str:
    seconds = None if limits is None else limit(result, algorithm, limits, threads)
    return "" if seconds is None else f"{seconds / result.seconds(OURS):.0%}"


def marked(band: Band | None) -> str:
    """A ratio with its band; ``>`` or ``<`` only where the band excludes 1."""
    if band is None:
        return ""
    mark = "=" if not band.differs else ">" if band.middle > 1 else "<"
    return f"{mark} {band.middle:.3g} [{band.low:.3g}, {band.high:.3g}]"


def duration(seconds: float) -> str:
    """Three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def remarks(results: Iterable[Measured]) -> list[str]:
    """Cells that failed, peers that computed something else, and who refused how often and why."""
    lines: list[str] = []
    refusals: defaultdict[tuple[str, str], int] = defaultdict(int)
    for result in results:
        if result.failed is not None:
            lines.append(f"not measured  {result.cell}: {result.failed}")
        if result.wrong and result.rival() is None:
            lines.append(f"suspect       {result.cell}: no peer agrees with faltung")
        lines += [f"not timed     {result.cell}: {name}: {what}" for name, what in result.wrong.items()]
        for refusal in result.refused.items():
            refusals[refusal] += 1
    counted = sorted(refusals.items(), key=lambda item: item[0])
    return lines + [f"refused       {name}, {count} cells: {reason}" for (name, reason), count in counted]


def regrets(results: Sequence[Regret]) -> Table:
    """Chosen over best for each cell, worst first."""
    timed = sorted((r for r in results if r.failed is None), key=lambda r: -r.band.middle)
    values = [result.band.middle for result in timed] or [math.nan]
    title = f"{len(timed)} cells: time(chosen) / time(best), median {median(values):.3g}, worst {max(values):.3g}"
    rows = [[str(r.cell), r.chosen, r.best, marked(r.band), _choices(r)] for r in timed]
    styles = ["red" if result.band.differs else "" for result in timed]
    return Table(title, ("cell", "chosen", "best", "chosen / best", "measured (predicted)"), rows, styles)


def _choices(result: Regret) -> str:
    """Every algorithm's measured and predicted time."""
    parts = []
    for name, timing in result.timings.items():
        measured = duration(sorted(timing.samples)[len(timing.samples) // 2])
        parts.append(f"{name} {measured} ({duration(result.predicted[name])})")
    return ", ".join(parts + [f"{name} not tried ({duration(result.predicted[name])})" for name in result.left_out])
