"""Errors against formulas with 50 digits, of every pair that the tests know, worst first."""

from __future__ import annotations

from importlib import import_module

from benchmarks.tables import Table, show


def main() -> None:
    """Print the table."""
    pairs = import_module("tests.test_functions_pairs")
    errors = sorted(((pairs.worst_error(case), case) for case in pairs.PAIRS), key=lambda pair: -pair[0])
    rows = [[case.name, f"{error:.1e}", f"{case.share:.0e}"] for error, case in errors]
    beyond = sum(error > case.share for error, case in errors)
    title = (
        f"{len(rows)} pairs, largest error at 200 points over the result's scale, worst first; {beyond} beyond bounds"
    )
    show(Table(title, ("pair", "error", "bound"), rows, ["red" if e > c.share else "" for e, c in errors]))
