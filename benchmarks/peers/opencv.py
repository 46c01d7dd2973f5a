"""OpenCV: `filter2D`, and `sepFilter2D` where the factors are known; images of one channel."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from benchmarks.operands import Array, Operands
from benchmarks.peers import Peer, Refusal
from benchmarks.peers.scope import as_correlation, correlation_center, inside, one_boundary, unit_steps
from benchmarks.rounds import Call
from faltung.task.problem import Problem

_BORDERS: dict[str, int] = {
    "constant": cv2.BORDER_CONSTANT,
    "edge": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT_101,
    "symmetric": cv2.BORDER_REFLECT,
}
_DEPTHS = {np.dtype(np.float32): cv2.CV_32F, np.dtype(np.float64): cv2.CV_64F}


def use_threads(count: int) -> None:
    """Its own pool."""
    cv2.setNumThreads(count)


def filter_image(problem: Problem, operands: Operands) -> Call | Refusal:
    """Either function; a signal is an image of one row."""
    box = inside(problem)
    reason = unit_steps(problem) or one_boundary(problem, _BORDERS)
    if problem.ndim > 2 or problem.result_dtype not in _DEPTHS or problem.kernel_dtype not in _DEPTHS:
        return "images and signals of float32 or float64 only, bytes under such kernels too"
    if reason or box is None:
        return reason or "nothing beyond the input's own extent"
    if problem.fill_value != 0:
        return "no constant but zero outside"
    if problem.input_dtype not in _DEPTHS and problem.input_dtype != np.uint8:
        return f"no {problem.input_dtype} under a kernel of {problem.kernel_dtype}"
    image = np.atleast_2d(operands.x)
    anchor = ((0, *correlation_center(problem))[-2:])[::-1]
    keywords: dict[str, Any] = {
        "dst": np.empty(image.shape, problem.result_dtype),
        "anchor": anchor,
        "borderType": _BORDERS[problem.boundary[0]],
    }
    depth = _DEPTHS[problem.result_dtype]
    call = _separable(problem, operands, image, depth, keywords) or _dense(problem, operands, image, depth, keywords)
    if problem.ndim == 1:
        return lambda: call()[0][box]
    return lambda: call()[box]


def _dense(problem: Problem, operands: Operands, image: Array, depth: int, keywords: dict[str, Any]) -> Any:
    w = np.atleast_2d(as_correlation(problem, operands.w))
    return lambda: cv2.filter2D(image, depth, w, **keywords)


def _separable(problem: Problem, operands: Operands, image: Array, depth: int, keywords: dict[str, Any]) -> Any:
    if operands.factors is None or problem.ndim != 2:
        return None
    down, across = (as_correlation(problem, factor) for factor in operands.factors)
    return lambda: cv2.sepFilter2D(image, depth, across, down, **keywords)


PEERS = (Peer("opencv", filter_image),)
