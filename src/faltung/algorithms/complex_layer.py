"""A complex layer as a real one of twice the channels and filters: four real products for each complex one.

Channels are real and imaginary parts of samples, one beside the other, and filters those of results, so a
sum of complex products is two sums of real ones: the same terms, and the same NaN and infinities, as the
definition has.
"""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from faltung.algorithms.algorithm import Array
from faltung.meaning import numbers
from faltung.task.problem import Problem


@functools.lru_cache(maxsize=512)
def real_layer(problem: Problem) -> Problem:
    """The Problem of the parts; the kernel that it wants is conjugated already."""
    dtype = numbers.real_type(problem.result_dtype)
    return replace(
        problem,
        input_dtype=dtype,
        kernel_dtype=dtype,
        result_dtype=dtype,
        channels=2 * problem.channels,
        filters=2 * problem.filters,
        fill_value=0.0,
    )


def real_kernel(problem: Problem, w: Array) -> Array:
    """Kernels of the parts, (2 filters, 2 channels / groups, *kernel)."""
    re, im = w.real, -w.imag if problem.operation == "correlate" else w.imag
    parts = np.stack([np.stack([re, -im], 2), np.stack([im, re], 2)], 1)  # of results, then of samples
    return parts.reshape(2 * w.shape[0], 2 * w.shape[1], *w.shape[2:])


def real_samples(x: Array) -> Array:
    """Parts of samples, (batch, 2 channels, *space)."""
    return np.stack([x.real, x.imag], 2).reshape(x.shape[0], 2 * x.shape[1], *x.shape[2:])


def write_complex(parts: Array, out: Array) -> None:
    """Write results from their parts, (batch, 2 filters, *length)."""
    out.real, out.imag = parts[:, 0::2], parts[:, 1::2]
