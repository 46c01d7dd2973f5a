"""Reading a frozen SciPy distribution: its density as a Function, its masses, its moments."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from faltung.functions import errors
from faltung.functions.atoms import Atom, gathered
from faltung.functions.chebyshev import Array
from faltung.functions.construct import construct
from faltung.functions.function import Function
from faltung.functions.lattice import Lattice
from faltung.functions.pieces import Pieces
from faltung.functions.resolution import TOLERANCE
from faltung.functions.singularity import exponent_at

# Quantiles that say where the bulk of a law lies.
_LEVELS = np.array([1e-3, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999])
# A lattice of more places is a heavy tail, which masses cannot follow.
_LONGEST = 2**22
# Where inside the support the density of a SciPy family has a kink or a jump, in standard form.
_KINKS: dict[str, Callable[..., tuple[float, ...]]] = {
    "laplace": lambda: (0.0,),
    "laplace_asymmetric": lambda _kappa: (0.0,),
    "dgamma": lambda _a: (0.0,),
    "dweibull": lambda _c: (0.0,),
    "triang": lambda c: (c,),
    "trapezoid": lambda c, d: (c, d),
}
# Families that are gamma laws: shape and rate.
_GAMMAS: dict[str, Callable[..., tuple[float, float]]] = {
    "expon": lambda: (1.0, 1.0),
    "gamma": lambda a: (a, 1.0),
    "erlang": lambda a: (a, 1.0),
    "chi2": lambda df: (df / 2, 0.5),
}


@dataclass(frozen=True)
class Law:
    """What was read: a density or a lattice of masses, and the mean and variance that SciPy knows."""

    density: Function | None
    lattice: Lattice | None
    mean: float
    var: float


def read(distribution: Any) -> Law:
    """The law of a frozen SciPy distribution, old infrastructure or new.

    Raises
    ------
    TypeError
        It is none.
    """
    if isinstance(getattr(distribution, "dist", None), object) and hasattr(distribution, "kwds"):
        return _read_frozen(distribution)
    if callable(getattr(distribution, "icdf", None)) and callable(getattr(distribution, "pdf", None)):
        return _read_new(distribution)
    raise errors.not_a_distribution(distribution)


def _read_frozen(frozen: Any) -> Law:
    family = frozen.dist
    mean, var = (float(moment) for moment in frozen.stats("mv"))
    if hasattr(family, "xk"):
        loc = float(family._parse_args(*frozen.args, **frozen.kwds)[1])
        return _read_table(np.asarray(family.xk, dtype=float) + loc, np.asarray(family.pk, dtype=float), mean, var)
    if not hasattr(family, "pdf"):
        return Law(None, _masses(frozen.pmf, frozen.ppf, frozen.support()), mean, var)
    shapes, loc, scale = family._parse_args(*frozen.args, **frozen.kwds)
    shapes = tuple(float(shape) for shape in shapes)
    standard = _known(family.name, shapes) or _sampled(family(*shapes), _kinks(family.name, shapes))
    density = standard.stretch(float(scale)).shift(float(loc)) / float(scale)
    return Law(density, None, mean, var)


def _read_new(distribution: Any) -> Law:
    mean, var = float(distribution.mean()), float(distribution.variance())
    if hasattr(distribution, "pmf") and np.isinf(distribution.pdf(distribution.median())):
        return Law(None, _masses(distribution.pmf, distribution.icdf, distribution.support()), mean, var)
    return Law(_sampled(_Frozen(distribution), ()), None, mean, var)


def _read_table(places: Array, masses: Array, mean: float, var: float) -> Law:
    """A law given as a table, ``scipy.stats.rv_discrete(values=...)``: a lattice where its places are integers."""
    order = np.argsort(places)
    places, masses = places[order], masses[order]
    steps = np.rint(places - places[0]).astype(int)
    if (places == places[0] + steps).all() and steps[-1] < _LONGEST:
        return Law(None, Lattice(float(places[0]), 1.0, np.bincount(steps, masses)), mean, var)
    atoms = gathered(Atom(float(at), 0, float(mass)) for at, mass in zip(places, masses, strict=True))
    return Law(Function.assembled(Pieces.nothing(), atoms=atoms), None, mean, var)


def _kinks(name: str, shapes: tuple[float, ...]) -> tuple[float, ...]:
    return _KINKS[name](*shapes) if name in _KINKS else ()


class _Frozen:
    """A distribution of SciPy's new infrastructure under the names of the old one."""

    def __init__(self, distribution: Any) -> None:
        self.pdf, self.ppf, self.support = distribution.pdf, distribution.icdf, distribution.support


def _known(name: str, shapes: tuple[float, ...]) -> Function | None:
    """The standard form of a family with a closed form."""
    if name == "norm":
        return Function.gaussian()
    if name == "uniform":
        return Function.box(0.0, 1.0)
    if name in _GAMMAS:
        return Function.gamma(*_GAMMAS[name](*shapes))
    return None


def _sampled(standard: Any, kinks: tuple[float, ...]) -> Function:
    """The density from its values."""
    low, high = (float(end) for end in standard.support())
    quantiles = np.asarray(standard.ppf(_LEVELS), dtype=float)
    seams = np.unique(quantiles[(quantiles > low) & (quantiles < high)])
    spread = float(seams[-1] - seams[0])
    singular: dict[float, float | tuple[float, float]] = {}
    for end, direction in ((low, 1.0), (high, -1.0)):
        if math.isfinite(end):
            exponent = _broken(exponent_at(standard.pdf, end, direction, spread) or 0.0)
            if exponent:
                singular[end] = exponent
                # Beside a singular end the piece must be wide: its points would lose their digits.
                seams = seams[np.abs(seams - end) > spread / 4]
    made = construct(standard.pdf, (low, high), kinks, singular, TOLERANCE, seams)
    return Function.assembled(made.pieces, limits=made.limits, error=made.error, tail=made.tail, support=(low, high))


def _broken(exponent: float) -> float:
    """The exponent, its integer part dropped where it is positive: integer powers are smooth."""
    return exponent if exponent < 0 else exponent % 1


def _masses(pmf: Callable[[Any], Any], ppf: Callable[[Any], Any], support: tuple[float, float]) -> Lattice:
    """Masses on consecutive integers, infinite supports cut where less than 1e-17 lies beyond."""
    low, high = support
    first = low if math.isfinite(low) else _outwards(pmf, float(ppf(1e-9)), -1)
    last = high if math.isfinite(high) else _outwards(pmf, float(ppf(1 - 1e-9)), 1)
    places = np.arange(int(first), int(last) + 1)
    return Lattice(float(places[0]), 1.0, np.asarray(pmf(places), dtype=float))


def _outwards(pmf: Callable[[Any], Any], start: float, direction: int) -> float:
    """From ``start`` on, in doubling strides, to where a mass is below 1e-30."""
    stride = 1
    while pmf(start + direction * stride) > 1e-30:
        stride *= 2
        if stride > _LONGEST:
            raise errors.parameter("distribution", "a discrete law", f"masses that vanish within {_LONGEST} places")
    return start + direction * stride
