"""Kernels that weigh: averages over space or over age. Their weights are >= 0 and sum to 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

import numpy as np

from faltung.kernels import parameters, profiles
from faltung.task.kernel import Kernel


def gaussian(
    sigma: float | Sequence[float], ndim: int | None = None, *, truncate: float = 4.0, radius: int | None = None
) -> Kernel:
    """The Gaussian, sampled at whole steps and divided by its sum.

    Parameters
    ----------
    sigma
        Standard deviation in samples; one number for all axes, or one for each.
    ndim
        Number of axes; by default 1, or as many as ``sigma`` has numbers.
    truncate
        Where the samples end, in standard deviations: the kernel is
        ``2 * int(truncate * sigma + 0.5) + 1`` samples long, as in `scipy.ndimage.gaussian_filter`.
    radius
        How many samples there are to both sides along each axis, instead of ``truncate``.

    Returns
    -------
    Kernel
        Known to be an outer product of 1-D kernels. Its ``truncation_error`` is the share of
        the Gaussian's mass that lies beyond the samples on both sides,
        ``erfc((radius + 1/2) / (sigma * sqrt(2)))`` along one axis (a sample stands for the
        interval half a step to either side): 4e-5 where ``truncate=4`` and sigma is large.
        Dividing by the sum has shared this mass out among the samples.

    Raises
    ------
    ValueError
        ``sigma`` or ``truncate`` is not a finite number above 0, or ``radius`` no integer of at least 0.

    Examples
    --------
    >>> import faltung as ft
    >>> ft.kernels.gaussian(1).values.round(3)
    array([0.   , 0.004, 0.054, 0.242, 0.399, 0.242, 0.054, 0.004, 0.   ])
    >>> ft.kernels.gaussian(sigma=2, ndim=2)
    Kernel gaussian, shape (17, 17), center (8, 8)
    """
    sigmas = [parameters.positive("sigma", s) for s in parameters.per_axis("sigma", sigma, ndim)]
    reach = parameters.positive("truncate", truncate)
    if radius is None:
        radii = [int(parameters.below_longest("sigma", s, reach * s) + 0.5) for s in sigmas]
    else:
        radii = [parameters.count("radius", radius, least=0)] * len(sigmas)
    beyond = [math.erfc((radius + 0.5) / (s * math.sqrt(2))) for radius, s in zip(radii, sigmas, strict=True)]
    factors = [_bell(s, radius) for s, radius in zip(sigmas, radii, strict=True)]
    # a + b (1 - a), not 1 - (1 - a) (1 - b): small shares are not lost beside 1.
    error = reduce(lambda total, share: total + share * (1 - total), beyond)
    return Kernel.from_factors(*factors, name="gaussian", truncation_error=error)


def _bell(sigma: float, radius: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray(profiles.bell(np, np.arange(-radius, radius + 1), sigma), np.float64)


def exponential(age: float, *, truncate: float = 10.0) -> Kernel:
    """Weights by age, for readings that come one after another: the newest counts most.

    A reading ``a`` samples old has the weight ``exp(-a / age)``, divided by the sum. Under
    `faltung.convolve` with ``mode="same"`` each output is the average of the readings up to
    then, weighted so: s(t) = (x * w)(t). ``boundary="normalize"`` divides by the weights of
    the readings there are, so that the first outputs are averages too.

    Parameters
    ----------
    age
        Time constant in samples: the age at which a weight has fallen to 1/e. Weights halve
        every ``0.693 * age`` samples; the mean age is ``1 / (exp(1 / age) - 1)``, about
        ``age - 1/2``.
    truncate
        Where the weights end, in time constants: ``ceil(truncate * age)`` of them.

    Returns
    -------
    Kernel
        One axis, centre 0: it looks back, never ahead. `faltung.correlate` would look ahead.
        ``truncation_error`` is the share of the infinite sum left out, ``exp(-length / age)``.

    Raises
    ------
    ValueError
        ``age`` or ``truncate`` is not a finite number above 0.

    Examples
    --------
    >>> import faltung as ft
    >>> weights = ft.kernels.exponential(age=2, truncate=1.5)
    >>> weights.values.round(3)
    array([0.506, 0.307, 0.186])
    >>> ft.convolve([4.0, 4.0, 4.0, 0.0], weights, mode="same", boundary="normalize").round(3)
    array([4.   , 4.   , 4.   , 1.974])
    """
    constant = parameters.positive("age", age)
    reach = parameters.positive("truncate", truncate) * constant
    length = math.ceil(parameters.below_longest("age", constant, reach))
    weights = profiles.decay(np, np.arange(length), constant)
    return Kernel(weights, 0, "exponential", truncation_error=math.exp(-length / constant))


def box(size: int | Sequence[int], ndim: int | None = None) -> Kernel:
    """The plain average of neighbours: equal weights that sum to 1.

    Parameters
    ----------
    size
        Number of samples; one integer for all axes, or one for each. An even box has its
        centre left of the middle, at ``(size - 1) // 2``.
    ndim
        Number of axes; by default 1, or as many as ``size`` has integers.

    Raises
    ------
    ValueError
        ``size`` is not an integer of at least 1.

    Examples
    --------
    >>> import faltung as ft
    >>> ft.convolve([3.0, 0.0, 6.0, 0.0], ft.kernels.box(3), mode="same")
    array([1., 3., 2., 2.])
    """
    sizes = [parameters.count("size", s) for s in parameters.per_axis("size", size, ndim)]
    return Kernel.from_factors(*(np.full(s, 1 / s) for s in sizes), name="box")


def identity(ndim: int = 1) -> Kernel:
    """A single 1, which changes nothing: the 1 of convolution.

    Examples
    --------
    >>> import faltung as ft
    >>> 2 * ft.kernels.identity() - ft.Kernel([1, 1, 1])
    Kernel 2 identity - kernel, shape (3,), center (1,)
    """
    ones = [np.ones(1, np.int64)] * parameters.dimensions(ndim)
    return Kernel.from_factors(*ones, name="identity")
