"""Reading a frozen SciPy distribution: its density as a Function, its masses, its moments."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from scipy import stats

from faltung.functions import errors, families
from faltung.functions.answers import Formulas
from faltung.functions.atoms import Atom, gathered
from faltung.functions.chebyshev import Array
from faltung.functions.construct import construct
from faltung.functions.function import Function
from faltung.functions.lattice import Lattice
from faltung.functions.moments import moments_of
from faltung.functions.pieces import Pieces
from faltung.functions.resolution import TOLERANCE
from faltung.functions.singularity import exponent_at

# Quantiles that say where the bulk of a law lies.
_LEVELS = np.array([1e-3, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999])
# A lattice of more places is a heavy tail, which masses cannot follow.
_LONGEST = 2**22
# Beyond the place where a mass falls below it, masses are left out.
_NOTHING = 1e-30
# From so many places on, those before the bulk are left out too.
_LONG = 2**16
# Relative error that the values of a density may have: some of SciPy's are no more accurate.
_NOISE = 1e-7
# Densities are not so rough; some take a millisecond a point.
_MOST_PIECES = 256
# Laws of at most so many kinks are asked for singularities there; those of more are made of polynomials.
_MOST_SINGULAR_KINKS = 2
# How far from 1 the integral of a density may be: SciPy approximates some.
_UNITY_SLACK = 1e-6
# A fitted exponent nearer to an integer than this is taken for the integer.
_INTEGER_SLACK = 1e-6
# Standard forms of families that are remembered.
_REMEMBERED = 64


@dataclass(frozen=True)
class Law:
    """What was read: a density or a lattice of masses, how to come by mean and variance, SciPy's formulas."""

    density: Function | None
    lattice: Lattice | None
    moments: Callable[[], tuple[float, float]]
    formulas: Formulas | None = None


def is_distribution(value: Any) -> bool:
    """Whether it looks like a frozen SciPy distribution of either infrastructure."""
    return _is_frozen(value) or _is_new(value)


def _is_frozen(value: Any) -> bool:
    return isinstance(getattr(value, "dist", None), stats.rv_continuous | stats.rv_discrete) and hasattr(value, "kwds")


def _is_new(value: Any) -> bool:
    return callable(getattr(value, "icdf", None)) and callable(getattr(value, "pdf", None))


def read(distribution: Any) -> Law:
    """The law of a frozen SciPy distribution, old infrastructure or new.

    Raises
    ------
    TypeError
        It is none.
    """
    if _is_frozen(distribution):
        return _read_frozen(distribution)
    if _is_new(distribution):
        return _read_new(distribution)
    raise errors.not_a_distribution(distribution)


def _read_frozen(frozen: Any) -> Law:
    family = frozen.dist
    if any(np.size(parameter) != 1 for parameter in (*frozen.args, *frozen.kwds.values())):
        raise errors.described("distribution", "a law with arrays of parameters", "one law, with numbers")
    moments = partial(_moments_of_frozen, frozen)
    if hasattr(family, "xk"):
        _, loc, _ = _parameters(frozen)
        return _read_table(np.asarray(family.xk, dtype=float) + loc, np.asarray(family.pk, dtype=float), moments)
    if not hasattr(family, "pdf"):
        return Law(None, _masses(frozen.pmf, frozen.ppf, frozen.support()), moments)
    shapes, loc, scale = _parameters(frozen)
    standard = _standard(family.name, shapes) if families.is_of_scipy(family) else _read_standard(family, shapes)
    density = standard.stretch(scale).shift(loc) / scale
    moments = moments if families.has_moments(family) else partial(moments_of, density)
    return Law(density, None, moments, families.formulas(frozen))


def _parameters(frozen: Any) -> tuple[families.Shapes, float, float]:
    """Shapes, location and scale: SciPy has no public way to tell them apart."""
    shapes, loc, scale = frozen.dist._parse_args(*frozen.args, **frozen.kwds)
    return tuple(float(shape) for shape in shapes), float(loc), float(scale)


def _moments_of_frozen(frozen: Any) -> tuple[float, float]:
    mean, var = frozen.stats("mv")
    return float(mean), float(var)


def _moments_of_new(distribution: Any) -> tuple[float, float]:
    return float(distribution.mean()), float(distribution.variance())


@lru_cache(maxsize=_REMEMBERED)
def _standard(name: str, shapes: families.Shapes) -> Function:
    """The standard form of one of SciPy's families: some of their densities take a millisecond a point."""
    return families.known(name, shapes) or _read_standard(getattr(stats, name), shapes)


def _read_standard(family: Any, shapes: families.Shapes) -> Function:
    frozen = family(*shapes)
    return _sampled(frozen.pdf, frozen.ppf, families.support(family, shapes), families.kinks(family, shapes))


def _read_new(distribution: Any) -> Law:
    moments = partial(_moments_of_new, distribution)
    # A continuous law has no mass at any point, a discrete one has at its median.
    if hasattr(distribution, "pmf") and distribution.pmf(distribution.median()) > 0:
        return Law(None, _masses(distribution.pmf, distribution.icdf, distribution.support()), moments)
    low, high = (float(end) for end in distribution.support())
    density = _sampled(distribution.pdf, distribution.icdf, (low, high), ())
    return Law(density, None, moments, families.formulas_of_new(distribution))


def _read_table(places: Array, masses: Array, moments: Callable[[], tuple[float, float]]) -> Law:
    """A law given as a table, ``scipy.stats.rv_discrete(values=...)``: a lattice where its places are integers."""
    order = np.argsort(places)
    places, masses = places[order], masses[order]
    steps = np.rint(places - places[0]).astype(int)
    if (places == places[0] + steps).all() and steps[-1] < _LONGEST:
        return Law(None, Lattice(float(places[0]), 1.0, np.bincount(steps, masses)), moments)
    atoms = gathered(Atom(float(at), 0, float(mass)) for at, mass in zip(places, masses, strict=True))
    return Law(Function.assembled(Pieces.nothing(), atoms=atoms), None, moments)


def _sampled(
    pdf: Callable[[Any], Any], ppf: Callable[[Any], Any], support: tuple[float, float], kinks: families.Shapes
) -> Function:
    """The density from its values."""
    low, high = support
    quantiles = np.asarray(ppf(_LEVELS), dtype=float)
    seams = np.unique(quantiles[(quantiles > low) & (quantiles < high)])
    spread = float(seams[-1] - seams[0])
    singular: dict[float, float | tuple[float, float]] = {}
    for point in (low, *(kinks if len(kinks) <= _MOST_SINGULAR_KINKS else ()), high):
        exponents = tuple(
            0.0 if math.isinf(point) else _broken(_exponent(pdf, point, side, seams)) for side in (-1.0, 1.0)
        )
        if any(exponents):
            singular[point] = exponents[0], exponents[1]
            # Beside a singular point the piece must be wide: its points would lose their digits.
            seams = seams[np.abs(seams - point) > spread / 4]
    made = construct(pdf, support, kinks, singular, TOLERANCE, seams.tolist(), _NOISE, _MOST_PIECES, errors.rough_law)
    f = Function.assembled(made.pieces, limits=made.limits, error=made.error, tail=made.tail, support=support)
    if any(f.limits) or abs(f.integral() - 1) > _UNITY_SLACK:
        raise errors.not_a_density("distribution", f"the integral of its pdf is {f.pieces.integrals.sum():.6g}")
    return f


def _exponent(pdf: Callable[[Any], Any], point: float, side: float, seams: Array) -> float:
    """The exponent at a point; none that makes the density's integral infinite: that is of a tail, seen from afar."""
    found = exponent_at(pdf, point, side, float(seams[-1] - seams[0])) or 0.0
    if found <= -1:
        found = exponent_at(pdf, point, side, float(np.abs(seams - point).min())) or 0.0
    return found


def _broken(exponent: float) -> float:
    """The exponent, if it is worth a power weight: what rises faster than linearly is soon resolved without."""
    if exponent > 1 or abs(exponent - round(exponent)) < _INTEGER_SLACK:
        return 0.0
    return exponent


def _masses(pmf: Callable[[Any], Any], ppf: Callable[[Any], Any], support: tuple[float, float]) -> Lattice:
    """Masses on consecutive integers, infinite supports cut where less than 1e-17 lies beyond."""
    low, high = support
    for end, direction in ((low, -1), (high, 1)):
        # Asked first, as SciPy may sum over all places for a quantile.
        if math.isinf(end) and not pmf(float(ppf(0.5)) + direction * _LONGEST) <= _NOTHING:
            raise _too_long()
    first = low if math.isfinite(low) else _outwards(pmf, float(ppf(1e-9)), -1)
    last = high if math.isfinite(high) else _outwards(pmf, float(ppf(1 - 1e-9)), 1)
    if last - first >= _LONG and not math.isfinite(high):
        first = max(first, _outwards(pmf, float(ppf(1e-9)), -1))
    if last - first >= _LONGEST:
        raise _too_long()
    places = np.arange(int(first), int(last) + 1)
    return Lattice(float(places[0]), 1.0, np.asarray(pmf(places), dtype=float))


def _too_long() -> ValueError:
    return errors.described(
        "distribution",
        f"a discrete law of more than {_LONGEST:,} places",
        "masses that vanish sooner; cut its tail off with scipy.stats.rv_discrete(values=(places, masses))()",
    )


def _outwards(pmf: Callable[[Any], Any], start: float, direction: int) -> float:
    """From ``start`` on, in doubling strides, to where a mass is below 1e-30."""
    stride = 1
    while pmf(start + direction * stride) > _NOTHING:
        stride *= 2
        if stride > _LONGEST:
            raise _too_long()
    return start + direction * stride
