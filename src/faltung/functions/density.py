"""Density: the law of a random variable, and sums of independent ones."""

from __future__ import annotations

import math
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faltung.functions import errors, families
from faltung.functions.answers import Formulas, Numbers
from faltung.functions.distribution import is_distribution, read
from faltung.functions.entropy import entropy_of
from faltung.functions.function import Function
from faltung.functions.lattice import Lattice
from faltung.functions.minimum import check_density
from faltung.functions.moments import Moments, moment, moments_of
from faltung.functions.pieces import Pieces
from faltung.functions.powers import by_squaring, convolution_power, copies
from faltung.functions.table import solve

# Atoms beyond this number make a mixed sum too dear: one shifted copy of the density each.
_MOST_ATOMS = 2000


class Density:
    """The law of a random variable, continuous, discrete or mixed.

    ``d + e`` is the law of the sum of *independent* variables, whose density is the convolution;
    ``d + d`` adds two independent copies, ``2 * d`` doubles one variable.

    Parameters
    ----------
    distribution
        A frozen `scipy.stats` distribution, continuous or discrete, of the old or the new
        infrastructure; or a `Function` that is a density, atoms included.

    Raises
    ------
    TypeError
        It is neither.
    ValueError
        A Function whose integral is not 1, or that is negative somewhere.

    Notes
    -----
    A continuous law of SciPy's, moved and scaled or not, answers by SciPy's formulas where there are some; so do sums
    of normal laws and of gamma laws of one rate. Of any other sum, cumulative function and quantiles are
    those of the piecewise polynomial density, integrated exactly from the nearer end: probabilities are
    within 1e-14 of the exact ones where the density is smooth, rise and fall as they must but for their
    own rounding, and never leave [0, 1]. What is smaller, far out in a tail, is noise or 0, its logarithm
    minus infinity. Mean and variance add up from the operands', as SciPy gives them: infinite or NaN
    where they do not exist.

    Examples
    --------
    >>> import faltung as ft
    >>> from scipy import stats
    >>> d = ft.Density(stats.norm(0, 1)) + ft.Density(stats.expon())
    >>> bool(abs(d.pdf(1.0) - stats.exponnorm(1.0).pdf(1.0)) < 1e-14)
    True
    >>> float(round(d.mean(), 12)), float(round(d.var(), 12))
    (1.0, 2.0)
    """

    __array_ufunc__ = None  # so that numpy.float64(2) * d asks the Density

    def __init__(self, distribution: Any) -> None:
        if isinstance(distribution, Function):
            check_density(distribution, "distribution")
            self._function: Function | None = distribution
            self._lattice: Lattice | None = None
            self._moments = Moments.of(partial(moments_of, distribution))
            self._formulas: Formulas | None = None
        else:
            law = read(distribution)
            self._function, self._lattice = law.density, law.lattice
            self._moments, self._formulas = Moments.of(law.moments), law.formulas

    @classmethod
    def _made(
        cls, function: Function | None, lattice: Lattice | None, moments: Moments, formulas: Formulas | None = None
    ) -> Density:
        made = cls.__new__(cls)
        made._function, made._lattice, made._moments = function, lattice, moments
        known = function is not None and formulas is None and not function.atoms
        made._formulas = families.law_of(function.form) if known and function is not None else formulas
        return made

    def __repr__(self) -> str:
        low, high = self.support()
        return f"Density on [{low:g}, {high:g}], mean {self.mean():.6g}, standard deviation {self.std():.6g}"

    @cached_property
    def density(self) -> Function:
        """The density as a Function; a discrete law's is made of atoms."""
        if self._function is not None:
            return self._function
        assert self._lattice is not None
        return Function.assembled(Pieces.nothing(), atoms=self._lattice.atoms())

    # The algebra of independent variables

    def __add__(self, other: Any) -> Density:
        if isinstance(other, int | float | np.number):
            return self._affine(1.0, float(other))
        other = Density(other) if is_distribution(other) else other
        if not isinstance(other, Density):
            return NotImplemented
        moments = self._moments.plus(other._moments)
        if self._lattice is not None and other._lattice is not None and self._lattice.aligned(other._lattice):
            return self._made(None, self._lattice.convolved(other._lattice), moments)
        total = solve(self._summand(), other._summand())
        assert isinstance(total, Function)
        return self._made(total, None, moments)

    def _summand(self) -> Function:
        """The density as it enters a sum with another kind of law: one shifted copy of that for each atom."""
        if self._lattice is None:
            f = self.density
        else:
            f = Function.assembled(Pieces.nothing(), atoms=self._lattice.without_negligible_ends().atoms())
        if len(f.atoms) > _MOST_ATOMS:
            expected = f"at most {_MOST_ATOMS} atoms beside another kind of law"
            raise errors.described("law", f"{len(f.atoms):,} atoms", expected)
        return f

    __radd__ = __add__

    def __neg__(self) -> Density:
        return self._affine(-1.0, 0.0)

    def __sub__(self, other: Any) -> Density:
        other = Density(other) if is_distribution(other) else other
        if not isinstance(other, Density | int | float | np.number):
            return NotImplemented
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Density:
        return self.__neg__().__add__(other)

    def __mul__(self, factor: float) -> Density:
        if not isinstance(factor, int | float | np.number):
            return NotImplemented
        if not math.isfinite(factor):
            raise errors.parameter("factor", factor, "a finite number")
        if factor == 0:
            return Density(Function.delta())
        return self._affine(float(factor), 0.0)

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Density:
        if divisor == 0:
            raise errors.parameter("divisor", divisor, "a number other than zero")
        return self * (1 / divisor)

    def sum_of(self, n: int, *, method: str = "auto") -> Density:
        """The law of the sum of ``n`` independent copies.

        Parameters
        ----------
        n
            How many, at least 1.
        method
            ``"closed_form"``, ``"characteristic_functions"``, ``"squaring"``, or ``"auto"``: the
            fastest, which `faltung.functions.plan_power` of `density` explains. Laws on a lattice
            are squared as arrays whatever it says.

        Raises
        ------
        ValueError
            ``n`` is no integer of at least 1; ``method`` refuses or is none.

        Notes
        -----
        As `faltung.functions.convolution_power`.

        Examples
        --------
        >>> import faltung as ft
        >>> from scipy import stats
        >>> dice = ft.Density(stats.randint(1, 7)).sum_of(3)
        >>> float(round(dice.pmf(10) * 216, 10))
        27.0
        """
        count = copies(n)
        moments = self._moments.copies(count)
        if self._lattice is not None:
            return self._made(None, by_squaring(self._lattice, count, Lattice.convolved), moments)
        return self._made(convolution_power(self.density, count, method=method), None, moments)

    def _affine(self, factor: float, distance: float) -> Density:
        moments = self._moments.affine(factor, distance)
        if self._lattice is not None:
            return self._made(None, self._lattice.moved(distance, factor), moments)
        moved = self.density.stretch(factor).shift(distance) / abs(factor)
        formulas = None if self._formulas is None else self._formulas.moved(distance, factor)
        return self._made(moved, None, moments, formulas)

    # What a frozen distribution answers

    def pdf(self, x: ArrayLike) -> Any:
        """The density at ``x``, nowhere negative; its atoms are in `pmf`."""
        if self._pieces.count == 0:
            raise errors.lattice_has_no_pdf("pdf")
        return self._answer("pdf", x)

    def logpdf(self, x: ArrayLike) -> Any:
        """The logarithm of the density; minus infinity outside the support."""
        if self._pieces.count == 0:
            raise errors.lattice_has_no_pdf("logpdf")
        return self._answer("logpdf", x)

    def logcdf(self, x: ArrayLike) -> Any:
        """The logarithm of the cumulative function."""
        return self._answer("logcdf", x)

    def logsf(self, x: ArrayLike) -> Any:
        """The logarithm of the probability of more than ``x``."""
        return self._answer("logsf", x)

    def pmf(self, x: ArrayLike) -> Any:
        """The probability of exactly ``x``: 0 but at atoms, to 1e-12 of the distance between them."""
        return self._answer("pmf", x)

    def cdf(self, x: ArrayLike) -> Any:
        """The probability of at most ``x``: rises from 0 to 1."""
        return self._answer("cdf", x)

    def sf(self, x: ArrayLike) -> Any:
        """The probability of more than ``x``: falls from 1 to 0, of a sum within about 1e-14, absolutely."""
        return self._answer("sf", x)

    def ppf(self, q: ArrayLike) -> Any:
        """The quantile: the least x with ``cdf(x) >= q``; NaN outside [0, 1]."""
        return self._answer("ppf", q)

    def isf(self, q: ArrayLike) -> Any:
        """The quantile from above: where ``sf(x)`` comes down to q; of a sum, that is noise below about 1e-13."""
        return self._answer("isf", q)

    def _answer(self, question: str, asked: ArrayLike) -> Any:
        """What a formula says, or the pieces and atoms."""
        points = np.asarray(asked, dtype=float)
        flat = points.ravel()
        formula = None if self._formulas is None else self._formulas.answer(question)
        if formula is not None:
            values = formula(flat)
        elif question.startswith("log"):
            with np.errstate(divide="ignore"):
                values = np.log(self._answer(question[3:], flat))
        else:
            values = getattr(self._numbers, question)(flat)
        return values.reshape(points.shape)[()]

    def median(self) -> float:
        """The quantile of one half."""
        return float(self.ppf(0.5))

    def interval(self, confidence: ArrayLike) -> tuple[Any, Any]:
        """The interval that leaves out the same probability at either end; for an array two arrays."""
        inside = np.asarray(confidence, dtype=float)
        if not ((inside >= 0) & (inside <= 1)).all():
            raise errors.parameter("confidence", confidence, "a probability, from 0 to 1")
        low, high = self.ppf((1 - inside) / 2), self.isf((1 - inside) / 2)
        return (low, high) if inside.ndim else (float(low), float(high))

    def mean(self) -> float:
        """The mean: the sum of the operands' means."""
        return self._moments.mean

    def var(self) -> float:
        """The variance: the sum of the operands' variances."""
        return self._moments.var

    def std(self) -> float:
        """The standard deviation."""
        return math.sqrt(self._moments.var)

    def moment(self, order: int) -> float:
        """The mean of the variable's power ``order``, an integer of at least 1.

        Of sums the moments above the second are those of the density or of the masses; NaN where its tails are too
        heavy for that, infinite moments among them. The higher the order the more lies in the tails, which
        are cut off: a moment is given where what is left out is about 1e-9 of it or less.

        Examples
        --------
        >>> import faltung as ft
        >>> from scipy import stats
        >>> float(round(ft.Density(stats.norm()).sum_of(2).moment(4), 10))
        12.0
        """
        if order != int(order) or order < 1:
            raise errors.parameter("order", order, "an integer of at least 1")
        if order == 1:
            return self.mean()
        if order == 2:
            return self.var() + self.mean() ** 2
        if self._lattice is not None:
            return float(self._lattice.masses @ self._lattice.places ** int(order))
        with np.errstate(over="ignore", invalid="ignore"):
            return float(moment(self.density, int(order)).real)

    def entropy(self) -> float:
        """The entropy in natural units, differential for a density, of the masses for a discrete law."""
        _, weights = self._atoms()
        pieces = self._pieces
        if len(weights) and pieces.count == 0:
            positive = weights[weights > 0]
            return float(-(positive * np.log(positive)).sum())
        if len(weights):
            raise errors.parameter("law", self, "a density or masses: a mixed law has no entropy")

        return entropy_of(pieces)

    def rvs(self, size: int | tuple[int, ...] | None = None, random_state: Any = None) -> Any:
        """Independent draws, by the inverse of the cumulative function."""
        generator = np.random.default_rng(random_state)
        draws = np.asarray(generator.random(size))
        return self._numbers.ppf(draws.ravel()).reshape(draws.shape)[()]

    def support(self) -> tuple[float, float]:
        """The ends of the support; they may be infinite."""
        if self._lattice is not None:
            places = self._lattice.places
            return float(places[0]), float(places[-1])
        return self.density.support

    # What `faltung.convolve` asks

    def __faltung_convolve__(self, x: Any, w: Any, **_said: Any) -> Any:
        """Refuse: a law has a Function and is none."""
        argument = "x" if x is self else "w"
        raise errors.not_a_function(argument, self)

    # Inner

    def _atoms(self) -> tuple[NDArray[Any], NDArray[Any]]:
        if self._lattice is not None:
            return self._lattice.places, self._lattice.masses
        atoms = self.density.atoms
        return np.array([atom.at for atom in atoms]), np.array([float(atom.weight.real) for atom in atoms])

    @property
    def _pieces(self) -> Pieces:
        """The density without atoms."""
        return Pieces.nothing() if self._function is None else self._function.pieces

    @cached_property
    def _numbers(self) -> Numbers:
        return Numbers(self._pieces, *self._atoms(), self.support())
