"""The table of continuous algorithms: each refuses a pair of functions, or states its cost and error."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from faltung.functions import cost, errors, products
from faltung.functions.build import DEEPEST
from faltung.functions.characteristic import Factor, Spectrum, spectrum_of
from faltung.functions.named import check_place
from faltung.functions.pairs import MOST_COEFFICIENTS, coefficients_of
from faltung.functions.representation import Representation
from faltung.functions.resolution import NODES, TOLERANCE

# What a call costs beside its values, in seconds.
_SETUP = 1e-3
_SETUP_POLYNOMIALS = _SETUP / 4
# A polynomial product beyond this degree is built adaptively instead.
_HIGHEST_DEGREE = 2 * NODES - 1
# An adaptive construction samples about this many pieces for each piece of the result before they are merged.
_LEVELS = 2.0
# Characteristic functions: an exponential, a product in their sums, and what it takes to compute
# them, which shows whether they do.
_EXPONENTIAL, _PRODUCT = 25e-9, 1e-9
WORTH_ASKING = 1e-2


@dataclass(frozen=True, slots=True)
class Cost:
    """What an algorithm predicts of itself: seconds, and the error of a value over the result's scale."""

    seconds: float
    error_bound: float
    detail: str
    guaranteed: bool = False


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One way to convolve: two functions, or n copies of one.

    Attributes
    ----------
    worth_asking
        Seconds: if another way takes less, it is not even asked whether this one can, because to
        know that takes as long.
    least
        Seconds that it takes at least, whatever the operands: to find the fastest, nobody needs to
        ask those that cannot be faster.
    """

    name: str
    refuse: Callable[..., str | None]
    cost: Callable[..., Cost]
    run: Callable[..., Representation]
    worth_asking: float = 0.0
    least: float = 0.0


def _refuse_atoms(f: Representation, g: Representation) -> str | None:
    return None if products.only_atoms(f) or products.only_atoms(g) else "neither consists of atoms alone"


def _cost_atoms(f: Representation, g: Representation) -> Cost:
    count = max(len(f.atoms), len(g.atoms))
    return Cost(5e-5 * max(count, 1), TOLERANCE, f"{count} shifted copies", guaranteed=True)


def _refuse_parts(f: Representation, g: Representation) -> str | None:
    return None if f.atoms or g.atoms else "no atoms to set apart"


def _cost_parts(f: Representation, g: Representation) -> Cost:
    whole = _cost_quadrature(f, g)
    return Cost(whole.seconds + _cost_atoms(f, g).seconds, whole.error_bound, "pieces and atoms apart")


def _refuse_form(f: Representation, g: Representation) -> str | None:
    if f.form is None or g.form is None:
        return "no formula known"
    return None if f.form.convolved(g.form) is not None else "no formula for this pair"


def _cost_form(_f: Representation, _g: Representation) -> Cost:
    return Cost(5e-5, TOLERANCE, "parameters add", guaranteed=True)


def _refuse_running(f: Representation, g: Representation) -> str | None:
    if f.atoms or g.atoms:
        return "atoms beside pieces"
    return None if any(f.limits) or any(g.limits) else "both vanish far out"


def _cost_running(f: Representation, g: Representation) -> Cost:
    whole = _cost_quadrature(f, g)
    return Cost(whole.seconds + 1e-4, whole.error_bound, "steps as running integrals")


def _refuse_polynomials(f: Representation, g: Representation) -> str | None:
    reason = _refuse_pieces(f, g)
    if reason is not None:
        return reason
    if f.pieces.singular.any() or g.pieces.singular.any():
        return "singular ends"
    if not (f.pieces.hard.all() and g.pieces.hard.all()):
        return "smooth across seams"
    degree = f.pieces.degree + g.pieces.degree + 1
    return None if degree <= _HIGHEST_DEGREE else f"degree {degree} > {_HIGHEST_DEGREE}"


def _cost_polynomials(f: Representation, g: Representation) -> Cost:
    degree = f.pieces.degree + g.pieces.degree + 1
    values = f.pieces.count * g.pieces.count * (degree + 1)
    seconds = _SETUP_POLYNOMIALS + _pairs_seconds(f, g, values)
    return Cost(seconds, 8 * TOLERANCE, f"degree {degree}", guaranteed=True)


def _pairs_seconds(f: Representation, g: Representation, values: float) -> float:
    return cost.pair_polynomials(f.pieces, g.pieces) + cost.sums_of_polynomials(f.pieces, g.pieces, values)


def _refuse_pieces(f: Representation, g: Representation) -> str | None:
    if f.atoms or g.atoms:
        return "atoms beside pieces"
    return "constant beyond the ends" if any(f.limits) or any(g.limits) else None


def _sampled_values(f: Representation, g: Representation) -> float:
    """About how many values an adaptive construction takes."""
    breaks = float(f.pieces.hard.sum() * g.pieces.hard.sum())
    return _LEVELS * NODES * (max(breaks, 1) + f.pieces.count + g.pieces.count)


def _cost_quadrature(f: Representation, g: Representation) -> Cost:
    nodes = (f.pieces.degree + g.pieces.degree) // 2 + 1
    seconds = _SETUP + cost.quadrature(f.pieces, g.pieces, _sampled_values(f, g))
    return Cost(seconds, 16 * TOLERANCE, f"{nodes} Gauss nodes a cell")


def _cost_legendre(f: Representation, g: Representation) -> Cost:
    pairs = _pairs_seconds(f, g, _sampled_values(f, g))
    return Cost(_SETUP + pairs, 16 * TOLERANCE, f"{f.pieces.count} × {g.pieces.count} pairs of pieces")


def _refuse_legendre(f: Representation, g: Representation) -> str | None:
    reason = _refuse_singular(f, g)
    if reason is None and coefficients_of(f.pieces, g.pieces) > MOST_COEFFICIENTS:
        return "too many pairs of pieces to keep"
    return reason


def _refuse_singular(f: Representation, g: Representation) -> str | None:
    reason = _refuse_pieces(f, g)
    if reason is None and (f.pieces.singular.any() or g.pieces.singular.any()):
        return "singular ends"
    return reason


def _refuse_characteristic(f: Representation, g: Representation) -> str | None:
    reason = _refuse_pieces(f, g)
    if reason is not None:
        return reason
    if f.iscomplex or g.iscomplex:
        return "complex values"
    spectrum = spectrum_of(Factor(f.pieces), Factor(g.pieces))
    return spectrum if isinstance(spectrum, str) else None


def _cost_characteristic(f: Representation, g: Representation) -> Cost:
    spectrum = spectrum_of(Factor(f.pieces), Factor(g.pieces))
    assert isinstance(spectrum, Spectrum)
    return of_spectrum(spectrum)


def of_spectrum(spectrum: Spectrum) -> Cost:
    """What it costs to turn a transform back, and how well that does."""
    terms = len(spectrum.values)
    # Each value is a product of two tables of about the root of the terms: exponentials, and sums.
    values = _LEVELS * NODES * spectrum.skeleton().edges.size
    seconds = _SETUP + values * (2 * math.sqrt(terms) * _EXPONENTIAL + terms * _PRODUCT)
    return Cost(seconds, spectrum.share, f"{terms} frequencies")


def _cost_graded(f: Representation, g: Representation) -> Cost:
    one, two = f.pieces, g.pieces
    ends = int(one.hard[0] & two.hard[0]) + int(one.hard[-1] & two.hard[-1])
    inner = float(one.hard.sum() * two.hard.sum()) - ends
    # Where singular ends meet edges inside, the construction bisects as deep as it may.
    values = _sampled_values(f, g) + 2 * NODES * DEEPEST * inner
    corners = cost.singular_corners(int(one.singular.sum() + two.singular.sum()), values)
    seconds = _cost_quadrature(f, g).seconds + corners
    return Cost(seconds, 1e-11, "panels graded towards the singular ends")


TABLE = (
    Algorithm("atoms", _refuse_atoms, _cost_atoms, products.by_atoms),
    Algorithm("closed_form", _refuse_form, _cost_form, products.by_form),
    Algorithm("parts", _refuse_parts, _cost_parts, lambda f, g: _by_parts(f, g)),
    Algorithm("running_integral", _refuse_running, _cost_running, products.by_running_integral),
    Algorithm("polynomials", _refuse_polynomials, _cost_polynomials, products.by_polynomials, least=_SETUP_POLYNOMIALS),
    Algorithm("legendre", _refuse_legendre, _cost_legendre, products.by_legendre, least=_SETUP),
    Algorithm(
        "characteristic_functions",
        _refuse_characteristic,
        _cost_characteristic,
        products.by_characteristic_functions,
        worth_asking=WORTH_ASKING,
        least=_SETUP,
    ),
    Algorithm("gauss", _refuse_singular, _cost_quadrature, products.by_quadrature, least=_SETUP),
    Algorithm("graded", _refuse_pieces, _cost_graded, products.by_quadrature, least=_SETUP),
)


Able = list[tuple[Algorithm, Cost]]
Refused = list[tuple[str, str]]


def ranking(f: Representation, g: Representation, method: str = "auto") -> tuple[Able, Refused]:
    """The algorithms that can convolve f with g, fastest first, and the others with their reasons."""
    return rank(TABLE, (f, g), method)


def rank(table: Sequence[Algorithm], operands: tuple[Any, ...], method: str) -> tuple[Able, Refused]:
    """The algorithms of a table that can do it, fastest first, and the others with their reasons.

    One that takes long to ask is asked if it is named, or if no other is fast.
    """
    able: Able = []
    refused: Refused = []
    for algorithm in sorted(table, key=lambda algorithm: algorithm.worth_asking):
        best = min(able, key=_seconds, default=None)
        if best is not None and _seconds(best) < algorithm.worth_asking and method != algorithm.name:
            refused.append((algorithm.name, f"{best[0].name} is done before that is known"))
            continue
        reason = algorithm.refuse(*operands)
        if reason is None:
            able.append((algorithm, algorithm.cost(*operands)))
        else:
            refused.append((algorithm.name, reason))
    able.sort(key=_seconds)
    return able, refused


def _seconds(candidate: tuple[Algorithm, Cost]) -> float:
    return candidate[1].seconds


def solve(f: Representation, g: Representation, method: str = "auto", operation: str = "convolve") -> Representation:
    """The convolution of f and g by the named algorithm, or by the fastest; errors speak of ``operation``.

    Raises
    ------
    ValueError
        The integral does not exist or grows without bound; or ``method`` refuses or is none.
    """
    check_existence(f, g, operation)
    result = fastest(TABLE, (f, g), method)[0].run(f, g)
    check_place(result.pieces)
    return result


def chosen(table: Sequence[Algorithm], able: Able, refused: Refused, method: str) -> tuple[Algorithm, Cost]:
    """The algorithm of this name, or the fastest.

    Raises
    ------
    ValueError
        ``method`` refuses or is none.
    """
    for candidate in able:
        if method in ("auto", candidate[0].name):
            return candidate
    for name, reason in refused:
        if name == method:
            raise errors.method_refuses(method, reason)
    raise errors.unknown_method(method, [algorithm.name for algorithm in table])


def fastest(table: Sequence[Algorithm], operands: tuple[Any, ...], method: str = "auto") -> tuple[Algorithm, Cost]:
    """What `rank` and `chosen` come to, without asking those that cannot be faster.

    Raises
    ------
    ValueError
        As `chosen`.
    """
    if method != "auto":
        return chosen(table, *rank(table, operands, method), method)
    best: tuple[Algorithm, Cost] | None = None
    for algorithm in sorted(table, key=lambda algorithm: algorithm.worth_asking):
        if best is not None and _seconds(best) < max(algorithm.worth_asking, algorithm.least):
            continue
        if algorithm.refuse(*operands) is None:
            cost = algorithm.cost(*operands)
            best = (algorithm, cost) if best is None or cost.seconds < _seconds(best) else best
    assert best is not None
    return best


def check_existence(f: Representation, g: Representation, operation: str = "convolve") -> None:
    """Refuse pairs whose integral does not converge, or whose result comes to no constant or beyond all numbers."""
    (f_before, f_after), (g_before, g_after) = f.limits, g.limits
    if (f_before != 0 and g_after != 0) or (f_after != 0 and g_before != 0):
        raise errors.diverges(
            operation, "does not converge over a: far out the product comes to a constant other than 0"
        )
    if (f_before != 0 and g_before != 0) or (f_after != 0 and g_after != 0):
        reason = "exists at each t, but grows like t: both operands stay at a constant"
        raise errors.diverges(operation, reason if operation == "correlate" else f"{reason} on the same side")

    if not math.isfinite(f.pieces.scale * g.pieces.mass + g.pieces.scale * f.pieces.mass):
        raise errors.overflows(operation)


def _by_parts(f: Representation, g: Representation) -> Representation:
    total: Representation | None = None
    for one in products.parts(f):
        for two in products.parts(g):
            if one.is_zero or two.is_zero:
                continue
            term = solve(one, two)
            total = term if total is None else total + term
    return f * 0 if total is None else total
