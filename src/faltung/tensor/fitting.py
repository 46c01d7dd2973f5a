"""Fitting a kernel to inputs and targets: least squares in closed form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from faltung import errors
from faltung.meaning.extent import Operation, default_center
from faltung.task.per_axis import integer
from faltung.task.problem import Index
from faltung.tensor import errors as layer_errors
from faltung.tensor.fitted_kernel import FittedKernel
from faltung.tensor.gradients import kernel_gradient
from faltung.tensor.layer import Boundaries, Options, read_layer
from faltung.tensor.normal_equations import spectrum
from faltung.tensor.operators import correlate
from faltung.tensor.pairs import Pair, in_units, read_pairs

Array = NDArray[Any]

_REFINEMENTS = 2


def fit_kernel(
    inputs: Any,
    targets: Any,
    shape: int | Sequence[int],
    *,
    operation: Operation = "convolve",
    boundary: Boundaries = "constant",
    fill_value: complex = 0,
    ridge: float = 0.0,
) -> FittedKernel:
    """The kernel that best maps inputs to targets: least squares, in closed form.

    It minimises ``sum(|targets - convolve(inputs, kernel, "same", boundary=boundary)|**2)``.

    Parameters
    ----------
    inputs, targets
        Arrays of one shape, or lists of as many arrays: pairs that one kernel is to serve. With
        as many axes as ``shape`` an array is one image; with one more it is (C, *space), with two
        more (N, C, *space), where inputs and targets may differ in their channels. What a masked
        array (`numpy.ma`) hides is missing: outputs that are, or that read it, do not count.
    shape
        Lengths of the kernel along the spatial axes; one integer for one axis.
    operation
        ``"convolve"``, which flips the kernel, or ``"correlate"``.
    boundary, fill_value
        How the inputs go on beyond their edges, as for `convolve`, but for ``"normalize"``.
    ridge
        What a large weight costs: adds ``ridge * mean * |w|**2`` to the sum, where mean is the
        mean over the taps of the sum of squares that a tap reads. 0 costs nothing; 1e-6 is mild
        whatever the inputs' unit.

    Returns
    -------
    FittedKernel
        A `Kernel` with ``residual``, ``condition`` and ``standard_errors``. With channels, its
        values are (O, C, *shape): what `faltung.tensor` takes with ``padding="same"``.

    Raises
    ------
    ValueError, TypeError
        Inputs and targets do not match, hold NaN or infinity, or the inputs cannot tell the
        weights apart: a constant image cannot.

    Notes
    -----
    Solves the normal equations, whose matrix is the inputs' correlation with themselves, and
    refines the solution twice by what it leaves unexplained. Cost: about (distances of two taps)
    x (samples) x C**2 products, and (C x taps)**3 for the equations; with masks, the first
    times the taps.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> x = np.random.default_rng(0).random((32, 32))
    >>> blurred = ft.convolve(x, [[1, 2, 1], [2, 4, 2], [1, 2, 1]], "same", boundary="reflect")
    >>> k = ft.fit_kernel(x, blurred, (3, 3), boundary="reflect")
    >>> k.values.round(6)
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    >>> k.residual < 1e-12, k.shape, k.center
    (True, (3, 3), (1, 1))
    """
    lengths = _lengths(shape)
    if isinstance(ridge, bool) or not (
        isinstance(ridge, int | float | np.integer | np.floating) and 0 <= ridge < math.inf
    ):
        raise errors.kernel_parameter("ridge", ridge, "a finite number of at least 0")
    layer = read_layer(operation, len(lengths), Options(padding="same", boundary=boundary, fill_value=fill_value))
    pairs, x_unit, y_unit = in_units(read_pairs(inputs, targets, lengths, layer))
    fits = [_fit(each, lengths, float(ridge)) for each in _by_what_is_missing(pairs)]
    return _as_kernel(_together(fits), operation, pairs[0].plain, x_unit, y_unit)


def _lengths(shape: Any) -> Index:
    each = shape if isinstance(shape, Sequence | np.ndarray) and not isinstance(shape, str) else (shape,)
    lengths = tuple(integer("shape", length) for length in each)
    if not lengths or min(lengths) < 1:
        raise errors.kernel_parameter("shape", shape, "lengths of at least 1, one for each spatial axis")
    return lengths


class _Fit(NamedTuple):
    """Weights by which outputs are sums of what they read, as they read it: not flipped."""

    weights: Array
    """(O, C, *kernel)."""
    standard_errors: Array
    squares: float
    """The sum of squares that is left unexplained, over so many outputs."""
    outputs: int
    condition: float


def _together(fits: list[_Fit]) -> _Fit:
    """The output channels of all."""
    weights, errors_of = (np.concatenate(rows) for rows in list(zip(*fits, strict=True))[:2])
    squares, outputs = sum(fit.squares for fit in fits), sum(fit.outputs for fit in fits)
    return _Fit(weights, errors_of, squares, outputs, max(fit.condition for fit in fits))


def _as_kernel(fit: _Fit, operation: Operation, plain: bool, x_unit: float, y_unit: float) -> FittedKernel:
    """The kernel of that operation, in the units of what was given."""
    space = tuple(range(2, fit.weights.ndim))
    values = np.flip(fit.weights, space) if operation == "convolve" else fit.weights.conj()
    errors_of = np.flip(fit.standard_errors, space) if operation == "convolve" else fit.standard_errors
    center = [default_center(operation, values.shape[axis]) for axis in space]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        values, errors_of = (each * (np.float64(y_unit) / x_unit) for each in (values, errors_of))
    if not np.isfinite(values).all():
        raise layer_errors.weights_overflow(x_unit, y_unit)
    residual = math.sqrt(fit.squares / fit.outputs) * y_unit
    if plain:
        return FittedKernel(values[0, 0], center, residual, fit.condition, errors_of[0, 0])
    return FittedKernel(values, [0, 0, *center], residual, fit.condition, errors_of)


def _by_what_is_missing(pairs: list[Pair]) -> list[list[Pair]]:
    """Output channels that miss the same have the same equations; otherwise each has its own."""
    if all(pair.present is None or (pair.present == pair.present[:, :1]).all() for pair in pairs):
        return [pairs]
    return [[pair.only(o) for pair in pairs] for o in range(pairs[0].y.shape[1])]


def _fit(pairs: list[Pair], kernel: Index, ridge: float) -> _Fit:
    equations = spectrum(pairs, kernel, ridge)
    channels, filters = pairs[0].x.shape[1], pairs[0].y.shape[1]
    unknowns = channels * math.prod(kernel)
    if equations.rank < unknowns:
        condition, mean = equations.condition, _mean_in_deviations(pairs)
        raise layer_errors.fit_undetermined(kernel, channels, equations.rank, unknowns, condition, mean)
    weights = np.zeros((filters, unknowns), pairs[0].x.dtype)
    left = [pair.y for pair in pairs]
    for _ in range(1 + _REFINEMENTS):
        moments = np.sum([_moments(pair.x, rest, kernel) for pair, rest in zip(pairs, left, strict=True)], axis=0)
        weights = weights + equations.solve(moments.reshape(filters, -1) - equations.ridge * weights)
        left = [_unexplained(pair, weights.reshape(filters, channels, *kernel)) for pair in pairs]
    squares = np.array([sum(np.vdot(rest[:, o], rest[:, o]).real for rest in left) for o in range(filters)])
    count = sum(pair.outputs for pair in pairs)
    free = count - equations.degrees_of_freedom
    noise = np.sqrt(squares / free) if free > 0 else np.full(filters, math.nan)
    shape = (filters, channels, *kernel)
    errors_of = np.multiply.outer(noise, equations.spread()).reshape(shape)
    return _Fit(weights.reshape(shape), errors_of, float(squares.sum()), filters * count, equations.condition)


def _mean_in_deviations(pairs: list[Pair]) -> float:
    samples = np.concatenate([pair.x.ravel() for pair in pairs])
    deviation = float(samples.std())
    return float(abs(samples.mean())) / deviation if deviation else math.inf


def _moments(x: Array, y: Array, kernel: Index) -> Array:
    """Correlation of what each tap reads with the targets, (O, C, *kernel)."""
    return np.asarray(kernel_gradient(x, y, (y.shape[1], x.shape[1], *kernel)).conj())


def _unexplained(pair: Pair, weights: Array) -> Array:
    rest = pair.y - correlate(pair.x, weights.conj())
    return rest if pair.present is None else np.where(pair.present, rest, 0)
