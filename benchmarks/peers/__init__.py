"""Peers: one file for each library that people use today.

A file has ``PEERS``, the ways in which its library convolves, and ``use_threads``. It imports
its library at the top; `found` names those that are not installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module, metadata

from benchmarks.operands import Operands
from benchmarks.rounds import Call
from faltung.task.problem import Problem

Refusal = str
"""Why a peer does not do a Problem."""

LIBRARIES = {
    "numpy": "numpy",
    "scipy_signal": "scipy",
    "scipy_ndimage": "scipy",
    "opencv": "opencv-python-headless",
    "pytorch": "torch",
    "onnx_runtime": "onnxruntime",
    "open_vino": "openvino",
    "jax": "jax",
}
"""Files of this folder, and the distribution that each needs."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One function of another library; ``prepare`` gives the call to time, or why there is none.

    ``train`` does so for a step of training, whose call answers feature map, input gradient and
    kernel gradient; the feature map stands for its own gradient.
    """

    name: str
    prepare: Callable[[Problem, Operands], Call | Refusal]
    train: Callable[[Problem, Operands], Call | Refusal] | None = None


def found(names: Iterable[str] = (), threads: int = 1) -> tuple[list[Peer], list[str]]:
    """The peers of these files that are installed, told to use ``threads``; and the libraries that are absent."""
    peers: list[Peer] = []
    absent: list[str] = []
    for name in list(names) or LIBRARIES:
        if name not in LIBRARIES:
            raise ValueError(f"peers={name!r}: there is no such file; there are {', '.join(LIBRARIES)}")
        try:
            module = import_module(f"benchmarks.peers.{name}")
        except ModuleNotFoundError:
            absent.append(name)
            continue
        module.use_threads(threads)
        peers += module.PEERS
    return peers, absent


def versions() -> dict[str, str]:
    """Distribution and version of each library that is installed."""
    installed: dict[str, str] = {}
    for distribution in LIBRARIES.values():
        try:
            installed[distribution] = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return installed
