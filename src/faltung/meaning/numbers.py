"""Which numbers: result types, exact sums, and what a product of complex numbers is.

The type of a result follows from the types of the operands alone. Integers are exact or an
error. Complex products are four real ones, and a real operand stays real: no ``0j`` terms,
no repair of infinities.
"""

from __future__ import annotations

import functools
import math
from numbers import Rational
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from faltung import errors

DType = np.dtype[Any]
_INTEGRAL = "biu"


def is_integral(dtype: DType) -> bool:
    """Whether ``dtype`` is boolean or integer."""
    return dtype.kind in _INTEGRAL


@functools.cache
def result_type(x: DType, w: DType, *, x_weak: bool = False, w_weak: bool = False, renormalised: bool = False) -> DType:
    """Type of the result for operands of these types.

    Integers and booleans give int64, or uint64 if both are unsigned or boolean and one is
    uint64, and float64 where sums are divided by the weights present. Otherwise NumPy's
    promotion, in which a weak operand (Python numbers, sequences, a `Kernel`) takes the other's
    floating type, float64 beside integers.
    """
    if x.kind == "O" or w.kind == "O":
        return np.dtype(object)
    if is_integral(x) and is_integral(w):
        if renormalised:
            return np.dtype(np.float64)
        unsigned = x.kind in "bu" and w.kind in "bu" and np.dtype(np.uint64) in (x, w)
        return np.dtype(np.uint64 if unsigned else np.int64)
    if x_weak != w_weak:
        strong, weak = (w, x) if x_weak else (x, w)
        return _with_weak(strong, weak)
    return np.result_type(x, w)


def _with_weak(strong: DType, weak: DType) -> DType:
    """The strong operand's type, made floating and complex as far as the weak one needs."""
    floating = np.dtype(np.float64) if is_integral(strong) else strong
    return np.result_type(floating, np.complex64) if weak.kind == "c" and floating.kind == "f" else floating


def weak_type(weak: DType, strong: DType) -> DType:
    """The type that a weak operand is read in beside a strong one: the strong one's floating type,
    but float32 beside half precision, in which such sums are computed: no weight is rounded more
    than it must be.
    """
    kinds = {weak.kind, strong.kind}
    if "O" in kinds or kinds <= set(_INTEGRAL):
        return weak
    taken = _with_weak(strong, weak)
    return np.result_type(taken if weak.kind == "c" else real_type(taken), np.float32)


@functools.cache
def compute_type(x: DType, w: DType, result: DType) -> DType:
    """The type in which an algorithm sums: the promoted operands', never narrower than float32 or
    than the result; exact 64-bit integers for integers.
    """
    operands = result_type(x, w)
    if "O" in (operands.kind, result.kind):
        return np.dtype(object)
    if is_integral(operands):
        return np.result_type(result, np.float64) if result.kind in "fc" else operands
    return np.result_type(operands, np.float32, real_type(result))


def chosen_result_type(natural: DType, wanted: DType | None) -> DType:
    """The type that ``dtype=`` names, if the natural result can become it.

    Raises
    ------
    TypeError
        A complex result as a real one, a floating one as an integer, an object one as either.
    """
    if wanted is None:
        return natural
    if natural.kind == "c" and wanted.kind not in "cO":
        raise errors.result_dtype_refused(str(wanted), "complex", "take .real of the result if that is meant")
    if natural.kind == "f" and is_integral(wanted):
        raise errors.result_dtype_refused(str(wanted), "floating", "round it yourself (numpy.rint) and convert")
    if wanted.kind not in "biufcO":
        raise errors.result_dtype_refused(str(wanted), str(natural), "name a numeric type")
    return wanted


@functools.cache
def real_type(dtype: DType) -> DType:
    """The type of a complex number's parts; a real type itself."""
    return np.empty(0, dtype).real.dtype


def widen(values: NDArray[Any], beside: DType) -> NDArray[Any]:
    """The same values as an object array of Python's numbers; long doubles stay as they are.

    Integers of any size; ``beside`` an object array, what NumPy makes of the values.
    """
    if "O" in (beside.kind, values.dtype.kind):
        return values.astype(object)
    if values.dtype == bool:
        values = values.astype(int)
    elif values.dtype.kind in "fc" and real_type(values.dtype).itemsize <= 8:
        values = values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)
    return values.astype(object)


def sum_of_products(terms: list[tuple[Any, Any]], objects: bool = False) -> Any:
    """The sum of products, exactly; the integer 0 if there is none.

    A Fraction where finite floats are summed; ``objects`` are summed one after the other by
    their own arithmetic, as are floats where one is not finite.
    """
    if any(isinstance(number, complex | np.complexfloating) for term in terms for number in term):
        return _complex_sum(terms, objects)
    floats = any(isinstance(number, float | np.floating) for term in terms for number in term)
    if floats and not objects and all(np.isfinite(float(number)) for term in terms for number in term):
        return _exact_sum(terms)
    with np.errstate(all="ignore"):
        try:
            products = [sample * weight for sample, weight in terms]
            return sum(products[1:], start=products[0]) if products else 0
        except (TypeError, ArithmeticError) as reason:
            raise errors.objects_do_not_sum(reason) from None


def _exact_sum(terms: list[tuple[Any, Any]]) -> Any:
    """The sum of products of finite floats, which are ratios of an integer and a power of two."""
    from fractions import Fraction  # 5 ms that importing the library need not take

    ratios = [(a.as_integer_ratio(), b.as_integer_ratio()) for a, b in terms]
    common = max(d * e for (_, d), (_, e) in ratios)
    return Fraction(sum(a * b * (common // (d * e)) for (a, d), (b, e) in ratios), common)


def _complex_sum(terms: list[tuple[Any, Any]], objects: bool) -> Any:
    """Real and imaginary part, each a sum of real products."""
    real: list[tuple[Any, Any]] = []
    imaginary: list[tuple[Any, Any]] = []
    for sample, weight in terms:
        for a, a_is_imaginary in _parts(sample):
            for b, b_is_imaginary in _parts(weight):
                if a_is_imaginary and b_is_imaginary:
                    real.append((-a, b))
                else:
                    (imaginary if a_is_imaginary or b_is_imaginary else real).append((a, b))
    return ComplexPair(sum_of_products(real, objects), sum_of_products(imaginary, objects))


def _parts(number: Any) -> list[tuple[Any, bool]]:
    """(part, is it imaginary): one entry for a real number."""
    if isinstance(number, complex | np.complexfloating):
        return [(number.real, False), (number.imag, True)]
    return [(number, False)]


class ComplexPair(NamedTuple):
    """Real and imaginary part of a sum, before they are rounded to the result's type."""

    real: Any
    imaginary: Any


def scaled(total: Any, numerator: Any, denominator: Any) -> Any:
    """A sum times a ratio of real numbers; NaN and infinities stay what they are."""
    if isinstance(total, ComplexPair):
        return ComplexPair(*(scaled(part, numerator, denominator) for part in total))
    if isinstance(total, float | np.floating) and not np.isfinite(total):
        return total
    return total * numerator / denominator


def narrow(values: NDArray[Any], result: DType) -> NDArray[Any]:
    """Exact or wide sums, rounded to ``result``.

    Raises
    ------
    OverflowError
        An integer does not fit.
    TypeError
        An exact number is not whole, or complex, and ``result`` holds no such thing.
    """
    narrowed = np.empty(values.shape, dtype=result)
    with np.errstate(all="ignore"):
        for index in np.ndindex(*values.shape):
            value: Any = values[index]
            if isinstance(value, ComplexPair):
                value = _complex(value, result)
            elif is_integral(result):
                value = fitting(_whole(value, result), result)
            elif _is_ratio(value) and result.kind in "fc":
                value = _rounded(value, result)
            try:
                narrowed[index] = value
            except OverflowError:
                raise errors.integer_overflow(str(result)) from None
    return narrowed


def _complex(pair: ComplexPair, result: DType) -> Any:
    """One complex number, with the parts' precision as far as ``result`` asks for it."""
    if result.kind not in "cO":
        raise errors.result_dtype_refused(str(result), "complex", "take .real of the result if that is meant")
    number = np.empty((), result if result.kind == "c" else np.complex128)
    number.real, number.imag = (_rounded(p, number.dtype) if _is_ratio(p) else p for p in pair)
    return number[()] if result.kind == "c" else complex(number)


def _is_ratio(value: object) -> bool:
    """Whether ``value`` is an exact sum of floats: a Fraction, and no integer."""
    return isinstance(value, Rational) and not isinstance(value, int)


def _rounded(value: Any, result: DType) -> Any:
    """The nearest float64, or for long doubles the sum of the nearest and the nearest to the rest."""
    try:
        nearest = float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    if real_type(result).itemsize <= 8:
        return nearest
    rest = value - _exact_sum([(nearest, 1)])
    return np.longdouble(nearest) + np.longdouble(float(rest))


def _whole(value: Any, result: DType) -> int:
    if value != value or abs(value) == float("inf") or value != int(value):
        raise errors.result_dtype_refused(str(result), f"not whole ({value})", "round it yourself and convert")
    return int(value)


def fitting(value: int, dtype: DType) -> int:
    """``value`` if ``dtype`` holds it, OverflowError otherwise."""
    low, high = integer_range(dtype)
    if not low <= value <= high:
        raise errors.integer_overflow(str(dtype))
    return value


def integer_range(dtype: DType) -> tuple[int, int]:
    """Least and greatest integer that ``dtype`` holds."""
    if dtype.kind == "b":
        return 0, 1
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)
