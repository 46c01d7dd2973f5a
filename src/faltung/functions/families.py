"""What is known of SciPy's families of distributions beside their densities: formulas, kinks, turns."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

from faltung.functions.answers import Formulas
from faltung.functions.forms import Form, Gamma, Gaussian
from faltung.functions.function import Function

Shapes = tuple[float, ...]

# More kinks than this are too many to name; the density is then as good as smooth.
_MOST_KINKS = 64
# Where inside the support the density has a kink or a jump, in standard form.
_KINKS: dict[str, Callable[..., Shapes]] = {
    "crystalball": lambda beta, _m: (-beta,),
    "dgamma": lambda _a: (0.0,),
    "dweibull": lambda _c: (0.0,),
    "gennorm": lambda _beta: (0.0,),
    "irwinhall": lambda n: _multiples(1.0, n),
    "ksone": lambda n: _multiples(1 / n, n),
    "kstwo": lambda n: _multiples(0.5 / n, 2 * n),
    "laplace": lambda: (0.0,),
    "laplace_asymmetric": lambda _kappa: (0.0,),
    "loglaplace": lambda _c: (1.0,),
    "skewcauchy": lambda _a: (0.0,),
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
# What a law is asked, and the methods of a family of SciPy's of which one has to be its own to answer it.
_QUESTIONS = {
    "pdf": ("_pdf", "_logpdf"),
    "logpdf": ("_pdf", "_logpdf"),
    "cdf": ("_cdf", "_logcdf"),
    "logcdf": ("_cdf", "_logcdf"),
    "sf": ("_sf", "_logsf"),
    "logsf": ("_sf", "_logsf"),
    "ppf": ("_ppf",),
    "isf": ("_isf",),
}
# The names of the new infrastructure that differ.
_NEW_NAMES = {"sf": "ccdf", "logsf": "logccdf", "ppf": "icdf", "isf": "iccdf"}
# So near to 1 is the weight of a form that is a density.
_ONE = 1e-12


def is_of_scipy(family: Any) -> bool:
    """Whether this is one of SciPy's own families, which its name and its shapes say all of."""
    return type(getattr(stats, family.name, None)) is type(family)


def known(name: str, shapes: Shapes) -> Function | None:
    """The standard form of a family with a closed form."""
    if name == "norm":
        return Function.gaussian()
    if name == "uniform":
        return Function.box(0.0, 1.0)
    if name in _GAMMAS:
        return Function.gamma(*_GAMMAS[name](*shapes))
    return None


def formulas(frozen: Any) -> Formulas | None:
    """What SciPy answers of a frozen continuous law by formulas of the family's own; of a law on the circle nothing.

    What a family does not define SciPy integrates, or subtracts from 1: the pieces know it better.
    """
    kind, base = type(frozen.dist), stats.rv_continuous
    if frozen.dist.name == "vonmises":
        return None

    def is_own(method: str) -> bool:
        return getattr(kind, method) is not getattr(base, method)

    return Formulas(frozen, {name: name for name, methods in _QUESTIONS.items() if any(map(is_own, methods))})


def formulas_of_new(distribution: Any) -> Formulas:
    """What a continuous law of SciPy's new infrastructure answers: all, by the best way that it knows."""
    return Formulas(distribution, {name: _NEW_NAMES.get(name, name) for name in _QUESTIONS})


def law_of(form: Form | None) -> Formulas | None:
    """SciPy's formulas for a closed form that is a density."""
    if form is None or abs(form.weight - 1) > _ONE:
        return None
    if isinstance(form, Gaussian):
        return formulas(stats.norm(form.mean, form.sigma)) if form.order == 0 else None
    if not isinstance(form, Gamma):
        return None
    law = formulas(stats.gamma(form.shape, scale=1 / abs(form.rate)))
    return None if law is None else law.moved(form.start, math.copysign(1.0, form.rate))


def kinks(family: Any, shapes: Shapes) -> Shapes:
    """The points inside the support of the standard form where it is not smooth."""
    if isinstance(family, stats.rv_histogram):
        # All of them: between its edges a histogram is constant.
        edges: Shapes = tuple(map(float, family._hbins[1:-1]))
        return edges
    found = _KINKS[family.name](*shapes) if family.name in _KINKS else ()
    return found if len(found) <= _MOST_KINKS else ()


def support(family: Any, shapes: Shapes) -> tuple[float, float]:
    """The support of the standard form: of a law on the circle, one turn of it."""
    if family.name == "vonmises":
        return -math.pi, math.pi
    low, high = family(*shapes).support()
    return float(low), float(high)


def has_moments(family: Any) -> bool:
    """Whether SciPy knows mean and variance by a formula, and does not integrate the density for them."""
    base = stats.rv_continuous if isinstance(family, stats.rv_continuous) else stats.rv_discrete
    kind = type(family)
    return kind._stats is not base._stats or kind._munp is not base._munp


def _multiples(step: float, count: float) -> Shapes:
    return tuple(step * np.arange(1.0, min(count, _MOST_KINKS + 2)))
