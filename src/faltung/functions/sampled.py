"""Functions through samples: constant, linear, cubic between them, or one band-limited period."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from faltung.functions import chebyshev, errors
from faltung.functions.build import Skeleton, build
from faltung.functions.chebyshev import Array
from faltung.functions.pieces import Pieces

_KINDS = ("linear", "constant", "cubic", "bandlimited")


def from_samples(t: ArrayLike, values: ArrayLike, kind: str) -> tuple[Pieces, float]:
    """Pieces through the samples, and the error of a value.

    Raises
    ------
    ValueError
        As `Function.from_samples` says.
    """
    if kind not in _KINDS:
        raise errors.parameter("kind", kind, ", ".join(map(repr, _KINDS)))
    times, measured = _checked(t, values)
    if kind == "bandlimited":
        return _bandlimited(times, measured)
    rounding = 4 * float(np.finfo(float).eps) * float(np.abs(measured).max())
    start, end = measured[:-1], measured[1:]
    if kind == "constant":
        return Pieces.of(times, start[np.newaxis].copy()), rounding
    if kind == "linear":
        return Pieces.of(times, np.array([(start + end) / 2, (end - start) / 2])), rounding
    if len(times) < 3:
        raise errors.described("t", f"{len(times)} times", "at least 3 for kind='cubic'")
    width = np.diff(times)
    x = times[:-1] + width * ((1 + chebyshev.points(4)[:, np.newaxis]) / 2)
    spline = CubicSpline(times, measured)
    return Pieces.of(times, chebyshev.coefficients(spline(x))), rounding


def _checked(t: ArrayLike, values: ArrayLike) -> tuple[Array, Array]:
    times, measured = np.asarray(t, dtype=float), np.asarray(values)
    if times.ndim != 1 or len(times) < 2 or not np.isfinite(times).all():
        raise errors.described("t", f"an array of shape {times.shape}", "two or more finite times in one axis")
    if not (np.diff(times) > 0).all():
        k = int(np.argmin(np.diff(times)))
        raise errors.described("t", f"{times[k]:g}, then {times[k + 1]:g}", "ascending times; numpy.argsort sorts them")
    if measured.shape != times.shape:
        raise errors.described("values", f"an array of shape {measured.shape}", f"the shape of t, {times.shape}")
    if measured.dtype.kind not in "biufc":
        raise errors.described("values", f"an array of {measured.dtype}", "numbers")
    if not (finite := np.isfinite(measured)).all():
        k = int(np.argmin(finite))
        raise errors.described("values", f"{measured[k]} at index {k}", "finite numbers; leave missing samples out")
    return times, measured * 1.0


def _bandlimited(times: Array, measured: Array) -> tuple[Pieces, float]:
    """The trigonometric polynomial of least degree through one period, on that period."""
    step = np.diff(times)
    if np.ptp(step) > 1e-9 * step[0]:
        raise errors.described("t", "unequal steps", "equidistant times for kind='bandlimited'; kind='cubic' takes any")
    count = len(times)
    period = count * float(times[-1] - times[0]) / (count - 1)
    spectrum = np.fft.fft(measured) / count
    frequencies = np.fft.fftfreq(count, 1 / count)
    if count % 2 == 0:
        # The frequency of Nyquist stands for both signs: half each makes the polynomial real.
        spectrum[count // 2] /= 2
        spectrum, frequencies = np.append(spectrum, spectrum[count // 2]), np.append(frequencies, count / 2)

    def evaluate(x: Array) -> Array:
        turns = np.multiply.outer((x - times[0]) / period, frequencies)
        value: Array = np.exp(2j * np.pi * turns) @ spectrum
        return value if np.iscomplexobj(measured) else value.real

    edges = np.linspace(times[0], times[0] + period, max(count // 8, 1) + 1)
    hard = np.zeros(len(edges), bool)
    hard[[0, -1]] = True
    return build(evaluate, Skeleton.of(edges, hard))
