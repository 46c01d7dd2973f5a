"""Kernels that compare neighbours: slopes, curvature, edges, relief.

Signs are chosen for `faltung.convolve`, which flips the kernel. `faltung.correlate` takes it
as it stands, so the odd ones (`sobel`, and the slope in `emboss`) change sign under it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faltung.kernels import parameters
from faltung.kernels.weights import identity
from faltung.task.kernel import Kernel


def sobel(axis: int = 0, ndim: int = 2) -> Kernel:
    """The slope along one axis, smoothed by 1 2 1 along the others.

    Under `faltung.convolve` the result is positive where the input rises along ``axis``:
    ``x[i + 1] - x[i - 1]``, times 4 for each other axis. Under `faltung.correlate` it is
    the negative of that (`scipy.ndimage.sobel` correlates with the flipped kernel, and so
    agrees with `convolve` here).

    Parameters
    ----------
    axis
        Along which axis to take the slope; negative counts from the last.
    ndim
        Number of axes.

    Returns
    -------
    Kernel
        Integers (int64), an outer product of 1-D kernels.

    Raises
    ------
    ValueError
        ``axis`` is none of the axes.

    Examples
    --------
    >>> import faltung as ft
    >>> ft.kernels.sobel(axis=1).values
    array([[ 1,  0, -1],
           [ 2,  0, -2],
           [ 1,  0, -1]])
    >>> ft.convolve([10, 20, 40], ft.kernels.sobel(ndim=1), mode="same", boundary="edge")
    array([10, 30, 20])
    """
    axes = parameters.dimensions(ndim)
    factors = [np.array([1, 2, 1])] * axes
    factors[parameters.axis(axis, axes)] = np.array([1, 0, -1])
    return Kernel.from_factors(*factors, name="sobel")


def laplacian(ndim: int = 2) -> Kernel:
    """The curvature: the neighbours along each axis, less twice the centre for each axis.

    Positive in a hollow, negative on a peak, 0 on a slope. The same flipped and unflipped.

    Examples
    --------
    >>> import faltung as ft
    >>> ft.kernels.laplacian().values
    array([[ 0,  1,  0],
           [ 1, -4,  1],
           [ 0,  1,  0]])
    """
    return Kernel(_curvature(parameters.dimensions(ndim)), name="laplacian")


def sharpen(amount: float = 1.0, ndim: int = 2) -> Kernel:
    """`identity` less ``amount`` times `laplacian`: details away from their neighbours.

    The weights sum to 1, so even areas stay as they are.

    Parameters
    ----------
    amount
        How much; 0 changes nothing, a negative one softens.
    ndim
        Number of axes.

    Raises
    ------
    ValueError
        ``amount`` is not a finite number.

    Examples
    --------
    >>> import faltung as ft
    >>> ft.kernels.sharpen().values
    array([[ 0., -1.,  0.],
           [-1.,  5., -1.],
           [ 0., -1.,  0.]])
    """
    strength = parameters.finite("amount", amount)
    crisp = identity(ndim) - strength * laplacian(ndim)
    # Adding zero turns the corners' -0. into 0., for the eye.
    return Kernel(crisp.values + 0.0, crisp.center, "sharpen")


def emboss() -> Kernel:
    """A photograph as a relief: the picture plus its slope across the diagonal.

    Under `faltung.convolve` the light comes from the upper left, so bright areas look
    raised; under `faltung.correlate` it comes from the lower right, and they look sunken.
    The weights sum to 1, so even areas keep their brightness.

    Examples
    --------
    >>> import faltung as ft
    >>> ft.kernels.emboss().values
    array([[ 2,  1,  0],
           [ 1,  1, -1],
           [ 0, -1, -2]])
    """
    return Kernel([[2, 1, 0], [1, 1, -1], [0, -1, -2]], name="emboss")


def _curvature(ndim: int) -> NDArray[np.int64]:
    values = np.zeros((3,) * ndim, np.int64)
    centre = (1,) * ndim
    values[centre] = -2 * ndim
    for axis in range(ndim):
        for neighbour in (0, 2):
            values[(*centre[:axis], neighbour, *centre[axis + 1 :])] = 1
    return values
