"""The machine and the software a run happened on: without them its figures mean nothing."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks import peers

SLOWING = (
    "OPENBLAS_CORETYPE",
    "NPY_DISABLE_CPU_FEATURES",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)
"""Variables that change how fast peers are: a reader has to know that they were set."""


def describe() -> dict[str, Any]:
    """Processor, system, versions, environment, and how busy the machine was."""
    return {
        "processor": processor(),
        "cores": cores(),
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "versions": {"faltung": _version("faltung"), **peers.versions(), "numpy": _version("numpy")},
        "environment": {name: os.environ[name] for name in SLOWING if name in os.environ},
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def warnings(machine: dict[str, Any]) -> list[str]:
    """What a reader must know before believing the table."""
    said = [f"{name}={value} is set: it can slow peers" for name, value in machine["environment"].items()]
    if machine["load"] is not None and machine["load"] > 0.5:
        said.append(f"the machine was busy when this began (load {machine['load']:.1f}): believe ratios, not times")
    return said


def use_threads(count: int) -> None:
    """Hold the thread pools of NumPy's and SciPy's BLAS to ``count``; each peer's own pool is its file's affair."""
    try:
        threadpoolctl = importlib.import_module("threadpoolctl")
    except ModuleNotFoundError:
        return
    threadpoolctl.threadpool_limits(count)


def cores() -> int:
    """Cores that this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def processor() -> str:
    """The processor's name, where Linux tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed as a package"
