"""Which numbers: result types, exact sums, and what a product of complex numbers is.

The type of a result follows from the types of the operands alone. Integers are exact or an
error. Complex products are four real ones, and a real operand stays real: no ``0j`` terms,
no repair of infinities.
"""

from __future__ import annotations

import functools
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
def result_type(x: DType, w: DType, *, x_weak: bool = False, w_weak: bool = False) -> DType:
    """Type of the result for operands of these types.

    Integers and booleans give int64, or uint64 if both are unsigned or boolean and one is
    uint64. Otherwise NumPy's promotion, in which a weak operand (Python numbers, sequences,
    a `Kernel`) takes the other's floating type, float64 beside integers.
    """
    if x.kind == "O" or w.kind == "O":
        return np.dtype(object)
    if is_integral(x) and is_integral(w):
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


@functools.cache
def compute_type(x: DType, w: DType, result: DType) -> DType:
    """The type in which an algorithm sums: the promoted operands', never narrower than float32;
    exact 64-bit integers for integers.
    """
    operands = result_type(x, w)
    if is_integral(operands):
        return np.result_type(result, np.float64) if result.kind in "fc" else operands
    return operands if operands.kind == "O" else np.result_type(operands, np.float32)


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
    """The same values as an object array of numbers in which the definition computes.

    Integers of any size; float16 and float32 as Python's float (their products are exact in
    it); float64 and wider as long double, but as Python's float ``beside`` Python's numbers.
    """
    if beside.kind == "O":
        return values.astype(object)
    if is_integral(values.dtype):
        return values.astype(int).astype(object) if values.dtype == bool else values.astype(object)
    if values.dtype.kind == "O":
        return values
    precise = real_type(values.dtype).itemsize > 4
    if values.dtype.kind == "c":
        return values.astype(np.clongdouble if precise else np.complex128).astype(object)
    return values.astype(np.longdouble if precise else np.float64).astype(object)


def sum_of_products(terms: list[tuple[Any, Any]]) -> Any:
    """The sum of products, one after the other; the integer 0 if there is none."""
    if any(isinstance(number, complex | np.complexfloating) for term in terms for number in term):
        return _complex_sum(terms)
    with np.errstate(all="ignore"):
        products = [sample * weight for sample, weight in terms]
        return sum(products[1:], start=products[0]) if products else 0


def _complex_sum(terms: list[tuple[Any, Any]]) -> Any:
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
    return ComplexPair(sum_of_products(real), sum_of_products(imaginary))


def _parts(number: Any) -> list[tuple[Any, bool]]:
    """(part, is it imaginary): one entry for a real number."""
    if isinstance(number, complex | np.complexfloating):
        return [(number.real, False), (number.imag, True)]
    return [(number, False)]


class ComplexPair(NamedTuple):
    """Real and imaginary part of a sum, before they are rounded to the result's type."""

    real: Any
    imaginary: Any

    def scaled(self, numerator: Any, denominator: Any) -> ComplexPair:
        """Both parts times a ratio of real numbers."""
        return ComplexPair(*(part * numerator / denominator for part in self))


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
    number.real, number.imag = pair
    return number[()] if result.kind == "c" else complex(number)


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
