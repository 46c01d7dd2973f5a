"""Tiles of the overlap-save kernel: running it, the definition beside it, and the bound that it states."""

from __future__ import annotations

from math import log2, prod

import numpy as np

from faltung._native import _core

BOUNDARIES = ("constant", "edge", "reflect", "symmetric", "wrap")
LEVELS = range(len(_core.instruction_sets()))
UNIT = {np.dtype("f4"): 2.0**-24, np.dtype("f8"): 2.0**-53, np.dtype("c8"): 2.0**-24, np.dtype("c16"): 2.0**-53}


TILES, KERNELS, PARTS = range(3)
VECTOR_BYTES = (16, 32, 64)  # of x86-64-v2, v3, v4; other machines have one level of 16


def lanes(kind, level):
    return VECTOR_BYTES[level] // np.empty(0, kind).real.itemsize


def row_unit(kind, level, hold):
    points = 16 * lanes(kind, level) if hold == PARTS else 4
    return points * (2 if kind[0] == "f" else 1)


def prepare(w, samples, *, origin=None, hold=TILES, level=LEVELS[-1]):
    double = w.dtype in (np.float64, np.complex128)
    parts = lanes(w.dtype, level) if hold == PARTS else 1
    transform = _core.TileTransform(samples, w.dtype.kind == "f", double, parts)
    return _core.OverlapSave(transform, w, origin or [0] * len(samples), hold, level)


def run(x, w, samples, *, offset=None, outputs=None, kept=None, boundary=None, fill=0.0, threads=1, **prepared):
    """x, (batch, channels, *space), with w, (filters, *kernel): the outputs and what was left out.

    Of each tile as many outputs are ``kept`` as nothing wraps into, unless more are said to be right.
    """
    ndim = w.ndim - 1
    valid = [n - k + 1 for n, k in zip(x.shape[2:], w.shape[1:], strict=True)]
    y = np.full((len(x), len(w), *(valid if outputs is None else outputs)), np.nan, w.dtype)
    offset, boundary = offset or [0] * ndim, boundary or ["constant"] * ndim
    words = [BOUNDARIES.index(word) for word in boundary]
    kept = kept or [n - k + 1 for n, k in zip(samples, w.shape[1:], strict=True)]
    left = prepare(w, samples, **prepared).run(x, y, offset, words, fill, kept, threads)
    return y, left


def run_line(x, w, length, **place):
    """Along one axis, where nothing is left out."""
    y, left = run(x[np.newaxis, np.newaxis], w[np.newaxis], [length], **place)
    assert left == []
    return y[0, 0]


def continued(x, axis, first, count, boundary, fill):
    """Samples first … first + count − 1 along the axis, by numpy.pad."""
    before, after = max(0, -first), max(0, first + count - x.shape[axis])
    width = [(before, after) if d == axis else (0, 0) for d in range(x.ndim)]
    options = {"constant_values": fill} if boundary == "constant" else {}
    padded = np.pad(x, width, mode=boundary, **options)
    return padded.take(range(first + before, first + before + count), axis)


def all_continued(x, counts, place):
    for axis, count in enumerate(counts):
        x = continued(x, axis + 2, place["offset"][axis], count, place["boundary"][axis], place["fill"])
    return x


def definition(x, w, place):
    wide = np.clongdouble if w.dtype.kind == "c" else np.longdouble
    counts = [n + k - 1 for n, k in zip(place["outputs"], w.shape[1:], strict=True)]
    samples = all_continued(x.astype(w.dtype), counts, place).astype(wide)
    samples = np.repeat(samples, len(w) // x.shape[1], axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(samples, w.shape[1:], tuple(range(2, x.ndim)))
    kernels = w.astype(wide).reshape(1, len(w), *(1,) * (w.ndim - 1), *w.shape[1:])
    return (windows * kernels).sum(tuple(range(-(w.ndim - 1), 0)))


def tile_norms(x, w, tile, place):
    """The norm of the tile that each output was computed from."""
    axes = tuple(range(2, x.ndim))
    steps = [n - k + 1 for n, k in zip(tile, w.shape[1:], strict=True)]
    counts = [(-(-n // s) - 1) * s + t for n, s, t in zip(place["outputs"], steps, tile, strict=True)]
    samples = abs(all_continued(x.astype(w.dtype), counts, place)).astype(np.longdouble)
    windows = np.lib.stride_tricks.sliding_window_view(samples, tile, axes)
    windows = windows[(slice(None), slice(None), *(slice(None, None, s) for s in steps))]
    norms = np.sqrt((windows**2).sum(tuple(range(-len(tile), 0))))
    for axis, (step, n) in enumerate(zip(steps, place["outputs"], strict=True), 2):
        norms = np.repeat(norms, step, axis).take(range(n), axis)
    return np.repeat(norms, len(w) // x.shape[1], axis=1)


def share_of_bound(y, exact, w, norms, tile):
    """The largest error, in units of the bound."""
    unit, points = UNIT[w.dtype], prod(tile) // (1 if w.dtype.kind == "c" else 2)
    weights = np.sqrt((abs(w.astype(np.clongdouble)) ** 2).sum(tuple(range(1, w.ndim)), keepdims=True))
    rounding = unit * abs(exact) + float(np.finfo(w.dtype).smallest_subnormal)
    bound = 24 * unit * (1 + log2(points)) * norms * weights[np.newaxis].reshape(1, len(w), *(1,) * (w.ndim - 1))
    return float((abs(y.astype(exact.dtype) - exact) / (bound + rounding)).max(initial=0))


def line_place(offset, outputs, boundary="constant", fill=0.0):
    return {"offset": [offset], "outputs": [outputs], "boundary": [boundary], "fill": fill}


def line_share(y, x, w, length, place):
    """`share_of_bound` along one axis."""
    x, w = x[np.newaxis, np.newaxis], w[np.newaxis]
    return share_of_bound(
        y[np.newaxis, np.newaxis], definition(x, w, place), w, tile_norms(x, w, [length], place), [length]
    )


def stored(x, layout):
    """x with other strides: reversed, spaced, misaligned, Fortran order."""
    if layout == "reversed":
        return np.flip(np.flip(x).copy())
    if layout == "spaced":
        space = np.zeros(tuple(2 * n for n in x.shape), x.dtype)
        view = space[tuple(slice(1, None, 2) for _ in x.shape)]
        view[...] = x
        return view
    if layout == "misaligned":
        packed = np.zeros(x.shape, np.dtype([("odd", "i1"), ("value", x.dtype)]))
        packed["value"] = x
        return packed["value"]
    return np.asfortranarray(x) if layout == "fortran" else x


def samples_of(kind, shape, generator):
    if kind == "?":
        return generator.integers(0, 2, shape).astype(bool)
    if kind[0] == "c":
        return (generator.standard_normal(shape) + 1j * generator.standard_normal(shape)).astype(kind)
    if kind[0] == "f":
        return generator.standard_normal(shape).astype(kind)
    limits = np.iinfo(kind)
    return generator.integers(limits.min, limits.max, shape, kind, endpoint=True)
