"""Limits: the most that one core of this machine can do, measured by a few lines of C in the same run.

The system's compiler builds ``limits.c`` for this very processor. Peaks are the best of several
tries, since whatever disturbs a try only ever makes it slower.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.rounds import Call

SOURCE = Path(__file__).with_name("limits.c")
TRIES = 15
FLAGS = ("-O3", "-ffp-contract=fast", "-shared", "-fPIC")
COMPILERS = (os.environ.get("CC"), "cc", "gcc", "clang")
NATIVE = (("-march=native",), ("-mcpu=native",), ("-march=x86-64-v3",), ())
"""What compilers call "this processor", the first that is understood."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Operations (a multiply-add is two) and bytes (read plus written) a second, of one core."""

    float32: float
    float64: float
    copy_cache: float
    copy_memory: float
    instructions: str

    def __str__(self) -> str:
        return (
            f"one core, {self.instructions}: {self.float32 / 1e9:.1f} Gflop/s float32, "
            f"{self.float64 / 1e9:.1f} float64; copy (read + written) {self.copy_cache / 1e9:.0f} GB/s "
            f"in level 2, {self.copy_memory / 1e9:.0f} in memory"
        )


class Probe:
    """The compiled C; `limits` measures with it, `copier` gives a copy to race against."""

    def __init__(self, library: ctypes.CDLL) -> None:
        for function in (library.float_operations, library.double_operations):
            function.argtypes = (ctypes.c_long, ctypes.POINTER(ctypes.c_double))
            function.restype = ctypes.c_double
        for function in (library.copy_library, library.copy_vectors):
            function.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long)
            function.restype = None
        library.instructions.restype = ctypes.c_char_p
        self._library = library

    def limits(self) -> Limits:
        """Peaks, and copies within the second-level cache and beyond the last."""
        return Limits(
            float32=self._peak(self._library.float_operations),
            float64=self._peak(self._library.double_operations),
            copy_cache=self._copy_rate(cache_size(2, 1 << 19) // 4),
            copy_memory=self._copy_rate(max(4 * cache_size(3, 1 << 24), 1 << 26)),
            instructions=self._library.instructions().decode(),
        )

    def copier(self, size: int) -> Call:
        """A copy of ``size`` bytes from one block to another, by the faster of two ways."""
        blocks = np.zeros(size, np.uint8), np.ones(size, np.uint8)
        ends = [block.ctypes.data for block in blocks]

        def by(way: Any) -> Call:
            return lambda: blocks and way(*ends, size, 1)  # the blocks live as long as the call does

        ways = [by(way) for way in (self._library.copy_library, self._library.copy_vectors)]
        return min(ways, key=lambda copy: min(_seconds(copy) for _ in range(TRIES)))

    def _peak(self, operations: Any) -> float:
        """Operations a second."""
        sink, rounds = ctypes.c_double(), 1_000_000
        counted = operations(rounds, ctypes.byref(sink))
        best: float = counted / min(_seconds(lambda: operations(rounds, ctypes.byref(sink))) for _ in range(TRIES))
        return best

    def _copy_rate(self, size: int) -> float:
        """Bytes read and written a second."""
        target, source = np.zeros(size, np.uint8), np.ones(size, np.uint8)
        rounds = max(1, (1 << 26) // size)
        work = target.ctypes.data, source.ctypes.data, size, rounds
        ways = [partial(way, *work) for way in (self._library.copy_library, self._library.copy_vectors)]
        return 2.0 * size * rounds / min(_seconds(way) for way in ways for _ in range(TRIES))


def build() -> Probe | str:
    """The probe, built for this processor, or why there is none."""
    compiler = next((name for name in COMPILERS if name and shutil.which(name)), None)
    if compiler is None:
        return "no C compiler here, so the machine's limits are not measured"
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "limits.so"
        for native in NATIVE:
            command = [compiler, *FLAGS, *native, str(SOURCE), "-o", str(library)]
            built = subprocess.run(command, capture_output=True, text=True, check=False)
            if built.returncode == 0:
                return Probe(ctypes.CDLL(str(library)))
    return f"{compiler} does not build {SOURCE.name}, so the machine's limits are not measured: {built.stderr.strip()}"


def cache_size(level: int, otherwise: int) -> int:
    """Bytes of a cache of the first core, where Linux tells."""
    for index in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        try:
            if int((index / "level").read_text()) == level:
                return int((index / "size").read_text().strip().removesuffix("K")) * 1024
        except (OSError, ValueError):
            continue
    return otherwise


def _seconds(work: Call) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start
