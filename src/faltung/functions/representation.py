"""What a Function is made of, and what needs no convolution: values, arithmetic, calculus."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faltung.functions import calculus, errors, named
from faltung.functions.atoms import Atom, Atoms, gathered
from faltung.functions.forms import Form
from faltung.functions.pieces import Pieces
from faltung.functions.singularity import check_slope
from faltung.functions.sums import conjugated, summed

Scalar = complex | float | int | np.number


class Representation:
    """A function on the line as pieces between its ends, constants beyond them, and atoms.

    Attributes
    ----------
    pieces
        Polynomials between edges.
    limits
        The constant values before the first edge and after the last.
    atoms
        Dirac deltas and their derivatives.
    form
        The closed form, where one is known.
    tail
        The integral of the modulus that the cut-off left out.
    """

    __slots__ = ("_support", "atoms", "error", "form", "limits", "pieces", "tail")
    __array_ufunc__ = None  # so that numpy.float64(2) * f asks the function

    pieces: Pieces
    limits: tuple[complex, complex]
    atoms: Atoms
    form: Form | None
    error: float
    tail: float
    _support: tuple[float, float] | None

    @classmethod
    def assembled(
        cls,
        pieces: Pieces,
        *,
        limits: tuple[complex, complex] = (0.0, 0.0),
        atoms: Atoms = (),
        form: Form | None = None,
        error: float = 0.0,
        tail: float = 0.0,
        support: tuple[float, float] | None = None,
    ) -> Self:
        """A function from its parts, unchecked: the inner constructor."""
        made = cls.__new__(cls)
        made.pieces, made.limits, made.atoms = pieces, limits, atoms
        made.form, made.error, made.tail, made._support = form, error, tail, support
        return made

    # Values

    def __call__(self, t: ArrayLike) -> Any:
        """Values at ``t``, of any shape; atoms have none.

        At a jump it is the limit from the right, at the last edge the one from the left.
        Cost: a search for the piece and one step of Clenshaw's recurrence for each coefficient.
        """
        points = np.asarray(t, dtype=float)
        x = points.ravel()
        values = self.pieces(x)
        first, last = self.pieces.edges[[0, -1]]
        before, after = self.limits
        if before != 0:
            values = np.where(x < first, before, values)
        if after != 0:
            values = np.where((x > last) | ((x == last) & bool(self.pieces.hard[-1])), after, values)
        return values.reshape(points.shape)[()]

    @property
    def support(self) -> tuple[float, float]:
        """The smallest interval known to hold all that is not zero; its ends may be infinite."""
        if self._support is not None:
            return self._support
        ends = [] if self.pieces.count == 0 and self.limits == (0, 0) else list(self.pieces.edges[[0, -1]])
        ends += [atom.at for atom in self.atoms]
        if self.limits[0] != 0:
            ends.append(-math.inf)
        if self.limits[1] != 0:
            ends.append(math.inf)
        return (float(min(ends)), float(max(ends))) if ends else (0.0, 0.0)

    @property
    def breakpoints(self) -> NDArray[np.float64]:
        """Where the function or a derivative may jump: hard edges and atoms, ascending."""
        places = np.array([atom.at for atom in self.atoms])
        return np.union1d(self.pieces.edges[self.pieces.hard], places)

    @property
    def error_estimate(self) -> float:
        """Estimate of the largest error of a value, away from unresolved singularities."""
        return self.error

    @property
    def tail_mass(self) -> float:
        """Estimate of the integral of the modulus beyond the cut-off of an infinite support."""
        return self.tail

    # Arithmetic

    def __neg__(self) -> Self:
        return self * -1

    def __mul__(self, factor: Scalar) -> Self:
        if isinstance(factor, Representation):
            raise errors.product_of_functions()
        if not isinstance(factor, Scalar):
            return NotImplemented
        number = complex(factor) if np.iscomplexobj(factor) else float(factor.real)
        if not np.isfinite(number):
            raise errors.parameter("factor", factor, "a finite number")
        if not math.isfinite(self._size * abs(number)):
            raise errors.overflows("factor")
        return self.assembled(
            self.pieces.scaled(number),
            limits=(self.limits[0] * number, self.limits[1] * number),
            atoms=gathered(atom.scaled(number) for atom in self.atoms),
            form=None if self.form is None else self.form.scaled(number),
            error=self.error * abs(number),
            tail=self.tail * abs(number),
            support=self._support,
        )

    @property
    def _size(self) -> float:
        """A bound of all values and weights."""
        return max(self.pieces.scale, *map(abs, self.limits), *(abs(atom.weight) for atom in self.atoms))

    __rmul__ = __mul__

    def __truediv__(self, divisor: Scalar) -> Self:
        if not isinstance(divisor, Scalar):
            return NotImplemented
        if divisor == 0:
            raise errors.parameter("divisor", divisor, "a number other than zero")
        return self * (1 / divisor)

    def __add__(self, other: Any) -> Self:
        if isinstance(other, Scalar):
            raise errors.constant_added(f"f + {other!r}")
        if not isinstance(other, Representation):
            return NotImplemented
        pieces, error = summed(self.pieces, self.limits, other.pieces, other.limits)
        limits = (self.limits[0] + other.limits[0], self.limits[1] + other.limits[1])
        return self.assembled(
            pieces,
            limits=limits,
            atoms=gathered(self.atoms + other.atoms),
            error=self.error + other.error + error,
            tail=self.tail + other.tail,
            support=_joined(self, other),
        )

    def __radd__(self, other: Any) -> Self:
        if isinstance(other, Scalar):
            raise errors.constant_added(f"{other!r} + f")
        return NotImplemented

    def __rsub__(self, other: Any) -> Self:
        if isinstance(other, Scalar):
            raise errors.constant_added(f"{other!r} - f")
        return NotImplemented

    def __sub__(self, other: Any) -> Self:
        if isinstance(other, Scalar):
            raise errors.constant_added(f"f - {other!r}")
        if not isinstance(other, Representation):
            return NotImplemented
        return self + -other

    def shift(self, distance: float) -> Self:
        """The function moved to the right: ``f.shift(d)(t) == f(t - d)``."""
        number = _finite("distance", distance)
        if self.pieces.count:
            first, last = (float(edge) for edge in self.pieces.edges[[0, -1]])
            named.near_enough("distance", number, last - first, max(abs(first + number), abs(last + number)))
        return self._moved(number, 1.0)

    def stretch(self, factor: float) -> Self:
        """The function stretched about 0: ``f.stretch(c)(t) == f(t / c)``; a negative factor mirrors.

        The values stay, so integrals grow by ``abs(factor)``; a delta is scaled so too.
        """
        number = _finite("factor", factor)
        if number == 0:
            raise errors.parameter("factor", factor, "a number other than zero")
        return self._moved(0.0, number)

    def reflect(self) -> Self:
        """The mirror image: ``f.reflect()(t) == f(-t)``."""
        return self._moved(0.0, -1.0)

    def conj(self) -> Self:
        """The complex conjugate."""
        if not self.iscomplex:
            return self
        before, after = (complex(limit).conjugate() for limit in self.limits)
        return self.assembled(
            conjugated(self.pieces),
            limits=(before, after),
            atoms=tuple(replace(atom, weight=complex(atom.weight).conjugate()) for atom in self.atoms),
            error=self.error,
            tail=self.tail,
            support=self._support,
        )

    @property
    def is_zero(self) -> bool:
        """Whether there is nothing: no piece, no constant, no atom."""
        return self.pieces.scale == 0 and not any(self.limits) and not self.atoms

    @property
    def iscomplex(self) -> bool:
        """Whether values or weights are complex."""
        return np.iscomplexobj(self.pieces.series) or any(isinstance(atom.weight, complex) for atom in self.atoms)

    def _moved(self, distance: float, factor: float) -> Self:
        support = None
        if self._support is not None:
            ends = [end * factor + distance for end in self._support]
            support = (min(ends), max(ends))
        return self.assembled(
            self.pieces.moved(distance, factor),
            limits=self.limits if factor > 0 else self.limits[::-1],
            atoms=gathered(atom.moved(distance, factor) for atom in self.atoms),
            form=None if self.form is None else self.form.moved(distance, factor),
            error=self.error,
            tail=self.tail * abs(factor),
            support=support,
        )

    # Calculus

    def integral(self, low: float = -math.inf, high: float = math.inf) -> Any:
        """The integral from ``low`` to ``high``, atoms at either end included.

        Raises
        ------
        ValueError
            It is infinite: the function does not decay towards an end.
        """
        if low > high:
            return -self.integral(high, low)
        running = calculus.Running(self.pieces)
        first, last = self.pieces.edges[[0, -1]]
        total = running(np.array([high]))[0] - running(np.array([low]))[0]
        for limit, length, side in (
            (self.limits[0], min(high, first) - min(low, first), "-inf"),
            (self.limits[1], max(high, last) - max(low, last), "inf"),
        ):
            if limit != 0 and math.isinf(length):
                raise errors.infinite_integral("integral", side, limit)
            total = total + (limit * length if limit != 0 else 0)
        return total + sum(a.weight for a in self.atoms if a.order == 0 and low <= a.at <= high)

    def antiderivative(self) -> Self:
        """The running integral from the left end: ``F(t)`` is the integral up to t, atoms become steps.

        Raises
        ------
        ValueError
            It grows without bound.
        """
        for limit, side in zip(self.limits, ("-inf", "inf"), strict=True):
            if limit != 0:
                raise errors.infinite_integral("antiderivative", side, limit)
        running = calculus.Running(self.pieces)
        pieces, error = running.function()
        width = float(self.pieces.edges[-1] - self.pieces.edges[0])
        smooth = self.assembled(
            pieces,
            limits=(0.0, running.total),
            error=error + self.error * width,
        )
        for atom in self.atoms:
            smooth = smooth + self._integrated(atom)
        return smooth

    def _integrated(self, atom: Atom) -> Self:
        if atom.order > 0:
            return self.assembled(Pieces.nothing(), atoms=(replace(atom, order=atom.order - 1),))
        edge = np.array([atom.at])
        return self.assembled(Pieces.of(edge, np.zeros((1, 0))), limits=(0.0, atom.weight))

    def derivative(self) -> Self:
        """The derivative: slopes between the edges, an atom for each jump at a break point.

        A jump of a callable's slope that no break point names lies in narrow pieces, whose second
        derivative is inaccurate here: name it in ``breakpoints=`` first.

        Raises
        ------
        ValueError
            The function is infinite at an edge, as a logarithm is: its slope has no integral there.
        """
        steps = calculus.jumps(self.pieces, self.limits)
        if self.pieces.count == 0 and self.limits[0] != self.limits[1]:
            steps = (Atom(float(self.pieces.edges[0]), 0, self.limits[1] - self.limits[0]),)
        form = None if self.form is None else self.form.derivative()
        if form is not None:
            pieces, error = form.pieces()
        else:
            pieces = calculus.slopes(self.pieces) if self.pieces.count else self.pieces
            check_slope(pieces)
            error = self.error * calculus.slope_growth(self.pieces)
        return self.assembled(
            pieces,
            atoms=gathered((*steps, *(atom.differentiated() for atom in self.atoms))),
            form=None if steps or self.atoms else form,
            error=error,
            support=self._support,
        )


def _finite(argument: str, value: float) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise errors.parameter(argument, value, "a finite number")
    return number


def _joined(one: Representation, two: Representation) -> tuple[float, float] | None:
    """The support of a sum, where it is not simply that of its pieces."""
    if one._support is None and two._support is None:
        return None
    return min(one.support[0], two.support[0]), max(one.support[1], two.support[1])
