"""The command line: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import benchmarks
from benchmarks import cells, limits, machine, peers, record, report
from benchmarks.cells import Cell
from benchmarks.measure import Measured, Setting, measure, null_run
from benchmarks.regret import Regret, regret
from benchmarks.tables import show
from faltung import settings

FUNCTIONS = "functions"
"""The domain of continuous functions, which is asked for by name alone."""

Result = TypeVar("Result", Measured, Regret)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for and print it; 2 if that makes no sense."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `timeout` ends a run as Ctrl-C does
    if asked.domain == FUNCTIONS or asked.accuracy:
        return _functions(asked)
    try:
        chosen = _cells(asked)
        rivals, absent = peers.found(_words(asked.peers), asked.threads)
    except (ValueError, TypeError) as error:
        print(error, file=sys.stderr)
        return 2
    machine.use_threads(asked.threads)
    built = limits.build()
    probe = built if isinstance(built, limits.Probe) else None
    setting = Setting(rivals, asked.rounds, asked.threads, probe)
    measured = None if probe is None else probe.limits()
    null = null_run(chosen[0], setting)
    about = machine.describe() | {"absent": absent, "rounds": asked.rounds, "threads": asked.threads}
    print("\n".join(_introduction(about, str(built) if measured is None else f"limits of {measured}")))
    print(f"null run, A against A over {asked.rounds} rounds of {chosen[0]}: {report.marked(null)}")
    results = _regret(chosen, setting) if asked.regret else _measure(chosen, setting, measured)
    if asked.json is not None:
        record.write(asked.json, about | {"null": asdict(null), "limits": measured and asdict(measured)}, results)
    return 0


def _functions(asked: argparse.Namespace) -> int:
    """The continuous integral has operands and peers of its own."""
    machine.use_threads(asked.threads)
    settings.set_threads(asked.threads)
    if asked.accuracy:
        from benchmarks.functions import accuracy

        accuracy.main()
        return 0
    from benchmarks.functions import run

    print("\n".join(_introduction(machine.describe() | {"absent": []}, "")))
    run.main(asked.rounds, asked.json)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=benchmarks.__doc__)
    parser.add_argument(
        "--domain", help=f"which cells: {', '.join(cells.domains())}, all by default, several by commas; or functions"
    )
    parser.add_argument("--cell", action="append", help="a case line to measure instead; may be repeated")
    parser.add_argument("--peers", help=f"which of {', '.join(peers.LIBRARIES)}; all by default")
    parser.add_argument(
        "--rounds", type=int, default=9, help="samples of each call; 9 by default, below 5 nothing is decided"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads for everyone; 1 by default")
    parser.add_argument("--json", type=Path, help="a file for all samples")
    parser.add_argument("--accuracy", action="store_true", help="errors of functions against formulas, worst first")
    parser.add_argument("--regret", action="store_true", help="time every algorithm of ours instead of the peers")
    return parser


def _words(text: str | None) -> list[str]:
    return text.split(",") if text else []


def _cells(asked: argparse.Namespace) -> list[Cell]:
    if asked.rounds < 1 or asked.threads < 1:
        raise ValueError("rounds and threads are at least 1")
    if asked.cell:
        return cells.parse("asked", "\n".join(asked.cell))
    return cells.read(_words(asked.domain))


def _introduction(about: dict[str, Any], known_limits: str) -> list[str]:
    """What the figures below hang on."""
    absent = ", ".join(about["absent"])
    return [
        f"{about['processor']}, {about['cores']} core(s), Python {about['python']}, {about['system']}",
        ", ".join(f"{name} {version}" for name, version in about["versions"].items()),
        f"absent: {absent}" if absent else "no peer is absent",
        *machine.warnings(about),
        known_limits,
    ]


def _measure(chosen: list[Cell], setting: Setting, measured: limits.Limits | None) -> list[Measured]:
    results = _until_interrupted(measure(cell, setting) for cell in _announced(chosen))
    show(report.cells(results, measured, setting.threads))
    print("\n".join(report.remarks(results)))
    return results


def _regret(chosen: list[Cell], setting: Setting) -> list[Regret]:
    results = _until_interrupted(regret(cell, setting) for cell in _announced(chosen))
    show(report.regrets(results))
    print("\n".join(f"not measured  {result.cell}: {result.failed}" for result in results if result.failed))
    return results


def _until_interrupted(results: Iterator[Result]) -> list[Result]:
    """All of them, or when interrupted those that are complete."""
    complete: list[Result] = []
    try:
        for result in results:
            complete.append(result)
    except KeyboardInterrupt:
        print(f"interrupted after {len(complete)} cells", file=sys.stderr)
    return complete


def _announced(chosen: list[Cell]) -> Iterator[Cell]:
    """The cells one after the other, with a word about progress where somebody watches."""
    for number, cell in enumerate(chosen, 1):
        if sys.stderr.isatty():
            print(f"\r\033[K{number}/{len(chosen)} {cell}", end="", file=sys.stderr, flush=True)
        yield cell
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
