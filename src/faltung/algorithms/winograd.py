"""``winograd``: layers of 3 x 3 kernels by fewer products, at the price of larger errors.

Tiles of 4 x 4 samples give 2 x 2 outputs by 16 products instead of 36, tiles of 6 x 6 samples
4 x 4 outputs by 36 instead of 144. Samples and kernels are values of polynomials at a few points
(Toom and Cook, Winograd), and sums over channels are matrix products at each point.

An output's error is at most ``amplification`` squared times the roundings on a path through
it times u, relative to the norms of its tile and of its kernel: the largest singular value of
what the absolute transforms make of both. It is derived in docs/accuracy-winograd.md.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from faltung import settings
from faltung._native import _core
from faltung.algorithms.algorithm import (
    Algorithm,
    Array,
    Cost,
    Mask,
    Run,
    beyond_native_indices,
    bytes_moved,
    of_other_types,
    vectors,
)
from faltung.algorithms.channel_product import CHANNEL_PRODUCT
from faltung.algorithms.correlation import correlation, correlation_taps
from faltung.machine import Machine, current
from faltung.meaning.rounding import unit_roundoff
from faltung.task.operand import Weights
from faltung.task.problem import Problem

_SINGLE = np.dtype(np.float32)
_MODERATE = 2.0**60
"""Kernels whose largest weight is neither larger, nor smaller than its reciprocal, can be
transformed without overflow and without loss of digits."""
_BLOCKS, _RUN = (8, 16, 64), 64
"""Channels that are summed from zero, and those of which sums are added without compensation."""
_PRODUCTS_SHARE, _PRODUCTS_BESIDE_BLOCK = 0.85, 2.0
"""Of the speed that register tiles have with long sums: what products at many points keep; and how
many products of each output take as long as adding up a block. Measured for 64 to 512 channels."""
_CALL_SECONDS, _PREPARING_SECONDS = 20e-6, 60e-6


class Form(NamedTuple):
    """F(outputs, 3) along each axis."""

    outputs: int
    amplification: float
    """Of one axis: what an error of one rounding grows to at most."""
    roundings: int
    """On a path through all transforms, of both axes, without the last one."""
    block: int
    """Channels whose products are summed from zero: the shorter, the slower, and the smaller the error."""

    @property
    def points(self) -> int:
        """Samples of a tile along each axis, and points of its transform."""
        return self.outputs + 2

    def tiles(self, problem: Problem) -> int:
        """Tiles of all images."""
        return problem.batch * math.prod(-(-n // self.outputs) for n in problem.length)

    @property
    def speed(self) -> float:
        """Of the products, beside that of register tiles with long sums."""
        return _PRODUCTS_SHARE * self.block / (self.block + _PRODUCTS_BESIDE_BLOCK)

    def error_bound(self, problem: Problem) -> float:
        """Relative to the norms of a tile of all channels and of a kernel; with the final rounding."""
        path = self.roundings + self._summing(problem.channels // problem.groups)
        u = unit_roundoff(_SINGLE)
        return self.amplification**2 * path * u / (1 - path * u) + u

    def _summing(self, channels: int) -> int:
        """Roundings on a path through the sum over channels."""
        in_run = min(channels, self.block) + -(-min(channels, _RUN) // self.block) - 1
        return in_run if channels <= _RUN else in_run + 2


FORMS = tuple(Form(*form, block) for form in ((2, 3.0593, 6), (4, 7.6351, 16)) for block in _BLOCKS)


def _allowed(problem: Problem) -> float:
    """The error that the Problem allows, relative to norms."""
    if isinstance(problem.accuracy, float):
        return problem.accuracy
    u = unit_roundoff(_SINGLE)
    return 24 * (1 + math.log2(problem.taps)) * u + u


def _forms(problem: Problem) -> list[Form]:
    return [form for form in FORMS if form.error_bound(problem) <= _allowed(problem)]


def _refuse(problem: Problem) -> str | None:
    if reason := of_other_types(problem, (_SINGLE,), "float32"):
        return reason
    if problem.kernel_shape != (3, 3):
        return f"the kernel is not 3 x 3 but {' x '.join(map(str, problem.kernel_shape)) or 'a scalar'}"
    if any(step > 1 for step in (*problem.stride, *problem.dilation, *problem.input_dilation)):
        return "a stride or dilation is not 1"
    if problem.renormalise:
        return "weights are renormalised"
    if problem.structure.finite is False:
        return "the kernel holds NaN or infinity"
    if problem.accuracy == "elementwise":
        return "a transform's error is relative to the norm, not to each element"
    if not _forms(problem):
        bound = min(form.error_bound(problem) for form in FORMS)
        return (
            f"its error bound {bound:.1e} exceeds {_allowed(problem):.1e}, which accuracy={problem.accuracy!r} allows"
        )
    return beyond_native_indices(problem)


def _cost(problem: Problem, machine: Machine) -> Cost:
    return _cost_of(_form(problem, machine), problem, machine)


def _form(problem: Problem, machine: Machine) -> Form:
    """The fastest once its kernels are transformed."""
    return min(_forms(problem), key=lambda form: _cost_of(form, problem, machine).prepared.seconds)


def _cost_of(form: Form, problem: Problem, machine: Machine) -> Cost:
    lanes = int(vectors(_SINGLE, machine))
    channels, filters = problem.channels // problem.groups, problem.filters // problem.groups
    tiles, plane = form.tiles(problem), form.points**2
    computed = problem.groups * -(-filters // lanes) * lanes  # filters, those that fill up vectors included
    rate = lanes * machine.vector_products_per_second
    peak = tiles * plane * channels * problem.filters / rate
    multiplying = tiles * plane * channels * computed / rate / (machine.tile_efficiency * form.speed)
    # Along both axes each value of a tile is a sum of as many others.
    values = tiles * (problem.channels + computed) * form.points**3
    transforming = values * machine.value_products / rate
    weights = plane * channels * computed
    moving, reading = (count / machine.bytes_per_second for count in (bytes_moved(problem), weights * _SINGLE.itemsize))
    preparing = _PREPARING_SECONDS + weights / machine.copied_elements_per_second
    return Cost(
        seconds=_CALL_SECONDS + max(multiplying, moving) + reading + transforming + preparing,
        limit_seconds=max(peak, moving + reading),
        error_bound=form.error_bound(problem),
        workspace=weights * _SINGLE.itemsize,
        detail=f"F({form.outputs}, 3), {problem.filters} filters of {problem.taps} taps",
        preparing=preparing,
    )


# prepare -----------------------------------------------------------------------------------


def _prepare(problem: Problem, weights: Weights) -> Run:
    taps = np.require(correlation_taps(problem, weights.values), requirements=["C", "A"])
    if not _moderate(taps):
        return CHANNEL_PRODUCT.prepare(problem, weights)
    form = _form(problem, current())
    bank = _core.Winograd(taps, problem.groups, form.outputs, form.block, settings.level(), settings.get_threads())
    calls = correlation(problem)
    (phase,) = calls.phases
    offset, boundary, fill = phase.offset[-2:], calls.boundary[-2:], float(problem.fill_value.real)

    def run(x: Array, out: Array, present: Mask | None, threads: int) -> Mask | None:
        x = np.require(x, requirements=["A"])
        strange = bank.run(x, out, offset, boundary, fill, threads)
        if strange:
            _recompute(problem, form, weights, x, out, np.asarray(strange), threads)
        return None

    return run


def _moderate(taps: Array) -> bool:
    """Whether each filter's largest weight is moderate, or 0; False for NaN and infinity."""
    filters = taps.reshape(len(taps), -1)
    largest = np.maximum(filters.max(1), -filters.min(1))
    return bool(np.all((largest == 0) | ((largest >= 1 / _MODERATE) & (largest <= _MODERATE))))


def _recompute(
    problem: Problem, form: Form, weights: Weights, x: Array, out: Array, strange: Array, threads: int
) -> None:
    """Compute tiles by ``channel_product``, within a box for each image."""
    shape = (problem.batch, *(-(-n // form.outputs) for n in problem.length))
    images, *axes = np.unravel_index(strange, shape)
    for image in np.unique(images):
        tiles = [axis[images == image] for axis in axes]
        first = [int(axis.min()) for axis in tiles]
        touched = np.zeros([int(axis.max()) - at + 1 for axis, at in zip(tiles, first, strict=True)], bool)
        touched[tuple(axis - at for axis, at in zip(tiles, first, strict=True))] = True
        outputs = touched.repeat(form.outputs, 0).repeat(form.outputs, 1)
        box = tuple(
            slice(at * form.outputs, min(at * form.outputs + n, end))
            for at, n, end in zip(first, outputs.shape, problem.length, strict=True)
        )
        region = out[(image, slice(None), *box)]
        outputs = outputs[tuple(slice(n) for n in region.shape[1:])]
        low = tuple(r + part.start for r, part in zip(problem.low, box, strict=True))
        part = replace(problem.with_box(low, outputs.shape), batch=1)
        values = np.empty((1, *region.shape), out.dtype)
        CHANNEL_PRODUCT.prepare(part, weights)(x[image : image + 1], values, None, threads)
        np.copyto(region, values[0], where=outputs)


WINOGRAD = Algorithm("winograd", _refuse, _cost, _prepare)
