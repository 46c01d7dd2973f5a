"""Function: what users make, from a callable, from a formula, from samples, and hand to convolve."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from faltung.functions import errors, named, sampled
from faltung.functions.atoms import Atom
from faltung.functions.construct import construct, read_support
from faltung.functions.convolving import operate, plan_operands
from faltung.functions.forms import Form, Gamma, Gaussian, Spline
from faltung.functions.pieces import Pieces
from faltung.functions.representation import Representation
from faltung.functions.resolution import TOLERANCE


class Function(Representation):
    """A function on the line: usable in `faltung.convolve` and `faltung.correlate`.

    Parameters
    ----------
    function
        Any callable that takes an array of points and returns an array of values, real or
        complex. It is called on a few hundred to a few thousand points, all inside the support.
    support
        ``(low, high)``: the function is zero outside. Either end may be infinite; the function
        must then decay, or come to a constant there.
    breakpoints
        Points inside the support where the function or a derivative jumps. Jumps of the function
        that are not named are found by bisection, to the last bit, at the cost of some 2,000 values each,
        and are break points from then on. On an infinite support they also say where to look.
    singular
        Integrable singularities: point to exponent, or to the pair of exponents before and
        after it. ``{0: -0.5}`` for ``1/sqrt(t)``. Powers at the ends of the support and at break
        points are found without.
    tolerance
        Largest coefficient left out, relative to the function's size.

    Raises
    ------
    ValueError
        The function is not finite inside the support, has a pole, is too rough to represent, or
        does not decay; the message says where, and the mend.
    TypeError
        The callable takes no arrays. What it raises otherwise passes through, with a note that
        says at which points.

    See Also
    --------
    faltung.Density : the law of a random variable, made of a Function.

    Notes
    -----
    Polynomials in Chebyshev form between edges, chosen adaptively (Trefethen, *Approximation
    Theory and Approximation Practice*, 2013). The convolution integral is computed by Gauss
    quadrature between all break points, which is exact for the polynomials; break points of the
    result are the pairwise sums of those of the operands. An evaluation costs about 5 ns a point,
    10 with more than 32 pieces.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> x = ft.Function(np.sin, support=(0, 2 * np.pi))
    >>> w = ft.Function.exponential(rate=2.0)
    >>> s = ft.convolve(x, w)
    >>> bool(abs(s(1.5) - (2 * (2 * np.sin(1.5) - np.cos(1.5) + np.exp(-3.0)) / 5)) < 1e-14)
    True
    >>> s.breakpoints
    array([0.        , 6.28318531])
    """

    __slots__ = ()

    def __init__(
        self,
        function: Callable[[Any], ArrayLike],
        support: tuple[float, float],
        breakpoints: Iterable[float] = (),
        *,
        singular: Mapping[float, float | tuple[float, float]] | None = None,
        tolerance: float = TOLERANCE,
    ) -> None:
        if not callable(function):
            raise errors.parameter("function", function, "a callable; Function.from_samples takes samples")
        if not TOLERANCE <= tolerance < 1:
            raise errors.parameter("tolerance", tolerance, "a number from 2**-51, the default, to 1")
        interval = read_support(support)
        made = construct(function, interval, breakpoints, singular or {}, tolerance)
        self.pieces, self.limits, self.atoms = made.pieces, made.limits, ()
        self.form, self.error, self.tail, self._support = None, made.error, made.tail, interval

    def __repr__(self) -> str:
        low, high = self.support
        parts = _counted(self.pieces.count, "piece") + (", " + _counted(len(self.atoms), "atom") if self.atoms else "")
        return f"Function on [{low:g}, {high:g}], {parts}"

    # Closed forms

    @classmethod
    def box(cls, low: float = 0.0, high: float = 1.0, height: complex = 1.0) -> Function:
        """``height`` on [low, high], zero elsewhere; of height 1 on an interval of length 1 it is a density.

        Those of one length convolve to B-splines in closed form.
        """
        value = named.scalar("height", height)
        pieces = named.linear([low, high], [[value], [value]], ("low", "high"))
        return cls.assembled(pieces, form=_spline(pieces, 1, value))

    @classmethod
    def triangle(cls, low: float = -1.0, peak: float = 0.0, high: float = 1.0, height: complex = 1.0) -> Function:
        """Linear from 0 at ``low`` up to ``height`` at ``peak`` and down to 0 at ``high``."""
        value = named.scalar("height", height)
        pieces = named.linear([low, peak, high], [[0, value], [value, 0]], ("low", "peak", "high"))
        return cls.assembled(pieces, form=_spline(pieces, 2, value))

    @classmethod
    def polynomial(cls, edges: ArrayLike, coefficients: ArrayLike) -> Function:
        """Polynomial pieces: on [edges[i], edges[i+1]] the sum of ``coefficients[i, k] (t - edges[i])**k``.

        Parameters
        ----------
        edges
            Ascending, (n + 1,).
        coefficients
            (n, degree + 1), the lowest power first.

        Examples
        --------
        >>> import faltung as ft
        >>> ramp = ft.Function.polynomial([0, 1, 3], [[0, 1], [1, 0]])
        >>> ramp([0.5, 2.0])
        array([0.5, 1. ])
        """
        return cls.assembled(named.polynomial(edges, coefficients))

    @classmethod
    def gaussian(cls, mean: float = 0.0, sigma: float = 1.0) -> Function:
        """The normal density. Two of them convolve in closed form."""
        spread = named.positive("sigma", sigma)
        form = Gaussian(named.near_enough("mean", named.finite("mean", mean), spread), spread)
        return cls._from_form(form, (-np.inf, np.inf))

    @classmethod
    def exponential(cls, rate: float = 1.0) -> Function:
        """The exponential density ``rate * exp(-rate * t)`` for t ≥ 0."""
        return cls.gamma(1.0, rate)

    @classmethod
    def gamma(cls, shape: float, rate: float = 1.0) -> Function:
        """The gamma density, proportional to ``t**(shape - 1) * exp(-rate * t)``, any shape above 0.

        Two of one rate convolve in closed form: the shapes add.
        """
        form = Gamma(named.positive("shape", shape), named.positive("rate", rate))
        return cls._from_form(form, (0.0, np.inf))

    @classmethod
    def delta(cls, at: float = 0.0, weight: complex = 1.0, order: int = 0) -> Function:
        """A Dirac delta, or its derivative of this order: the unit of convolution, or differentiation.

        Examples
        --------
        >>> import faltung as ft
        >>> f = ft.Function.gaussian()
        >>> bool(ft.convolve(ft.Function.delta(order=1), f)(0.5) == f.derivative()(0.5))
        True
        """
        if order < 0 or order != int(order):
            raise errors.parameter("order", order, "an integer of at least 0")
        atom = Atom(named.finite("at", at), int(order), named.scalar("weight", weight))
        return cls.assembled(Pieces.nothing(), atoms=(atom,))

    @classmethod
    def step(cls, at: float = 0.0, height: complex = 1.0) -> Function:
        """Zero before ``at``, ``height`` from there on: convolution with it is the running integral."""
        edge = np.array([named.finite("at", at)])
        return cls.assembled(Pieces.of(edge, np.zeros((1, 0))), limits=(0.0, named.scalar("height", height)))

    @classmethod
    def from_samples(
        cls, t: ArrayLike, values: ArrayLike, kind: Literal["linear", "constant", "cubic", "bandlimited"] = "linear"
    ) -> Function:
        """A function through measurements at any ascending times; zero before the first and after the last.

        Parameters
        ----------
        t
            Ascending times, (n,), not necessarily equidistant.
        values
            Real or complex, (n,).
        kind
            ``"linear"``: straight lines between the samples; ``"constant"``: each value holds
            until the next time, so the last one is not used; ``"cubic"``: the twice continuously
            differentiable spline (not-a-knot, `scipy.interpolate.CubicSpline`);
            ``"bandlimited"``: the trigonometric polynomial through one period of equidistant
            samples.

        Raises
        ------
        ValueError
            Times do not ascend, shapes differ, values are not finite.

        Examples
        --------
        >>> import faltung as ft
        >>> m = ft.Function.from_samples([0.0, 1.0, 4.0], [2.0, 0.0, 3.0])
        >>> m([0.5, 3.0])
        array([1., 2.])
        """
        pieces, error = sampled.from_samples(t, values, kind)
        return cls.assembled(pieces, error=error)

    @classmethod
    def _from_form(cls, form: Form, support: tuple[float, float]) -> Function:
        pieces, error = form.pieces()
        return cls.assembled(pieces, form=form, error=error, support=support)

    # What `faltung.convolve`, `faltung.correlate` and `faltung.plan` ask

    def __faltung_convolve__(self, x: Any, w: Any, **said: Any) -> Any:
        return operate(x, w, **said)

    def __faltung_plan__(self, x: Any, w: Any, **said: Any) -> Any:
        return plan_operands(x, w, **said)

    def plot(self, ax: Any = None, points: int = 1000, window: tuple[float, float] | None = None, **style: Any) -> Any:
        """Draw the function, of a complex one the real part, and its atoms as arrows; returns the axes.

        Parameters
        ----------
        ax
            Axes of matplotlib; those of a new figure by default.
        points
            How many to evaluate, beside the break points.
        window
            ``(low, high)``: the part to draw; by default where there is something to see.
        style
            What `matplotlib.axes.Axes.plot` takes: ``color``, ``label``, ...
        """
        from faltung.functions.picture import draw

        return draw(self, ax, points, window, style)


def _spline(pieces: Pieces, order: int, height: complex) -> Spline | None:
    """The form of a box or of a triangle with equal sides."""
    width = float(pieces.widths[0])
    return Spline(order, width, float(pieces.edges[0]), height * width) if (pieces.widths == width).all() else None


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
