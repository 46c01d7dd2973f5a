"""The record of a run as JSON: every sample, so that another question can be asked of it later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.measure import Measured
from benchmarks.regret import Regret


def write(path: Path, about: Mapping[str, Any], results: Sequence[Measured] | Sequence[Regret]) -> None:
    """Write what the run was, then one entry for each cell."""
    record = {**about, "cells": [_entry(result) for result in results]}
    path.write_text(json.dumps(record, indent=1, default=str) + "\n")


def _entry(result: Measured | Regret) -> dict[str, Any]:
    timings = {name: asdict(timing) for name, timing in result.timings.items()}
    entry: dict[str, Any] = {"cell": str(result.cell), "domain": result.cell.domain, "timings": timings}
    if isinstance(result, Regret):
        names = ("chosen", "predicted", "left_out", "failed")
    else:
        names = ("plan", "refused", "wrong", "failed")
    return entry | {name: getattr(result, name) for name in names}
