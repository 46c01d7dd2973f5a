"""Arrays from what users pass: numbers and nothing else, of no library that would lose by it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from faltung import errors

_NOT_BRIDGED = {
    "torch": "PyTorch",
    "jax": "JAX",
    "jaxlib": "JAX",
    "dask": "Dask",
    "xarray": "xarray",
    "pandas": "pandas",
    "polars": "Polars",
    "cupy": "CuPy",
    "tensorflow": "TensorFlow",
}
_PLAIN_ARRAYS = (np.ndarray, np.matrix, np.memmap)


def read_array(argument: str, value: object) -> NDArray[Any]:
    """The numbers that ``value`` holds, in native byte order; a mask is left to the caller.

    Raises
    ------
    TypeError
        No numbers, or an array of a library or subclass that would lose its meaning.
    ValueError
        Nested sequences of unequal lengths.
    """
    array = value if type(value) is np.ndarray else _converted(argument, value)
    if array.dtype.kind == "O":
        array = _objects(argument, array)
    elif array.dtype.kind not in "biufc":
        raise errors.not_numeric(argument, f"an array of {array.dtype}")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _converted(argument: str, value: object) -> NDArray[Any]:
    _refuse_foreign(argument, value)
    if isinstance(value, list | tuple):
        for entry in value:
            _refuse_foreign(argument, entry)
    return _exact_integers(value, _array(argument, value))


def is_weak(value: object) -> bool:
    """Whether ``value`` is Python's own: numbers, lists, tuples and ranges of them."""
    # numpy.float64 is a float too, but an array's scalar.
    return type(value).__module__ != "numpy" and isinstance(value, int | float | complex | list | tuple | range)


def is_masked(value: object) -> TypeGuard[np.ma.MaskedArray[Any, Any]]:
    """Whether ``value`` is a masked array; numpy.ma is not imported for those who have none."""
    return "numpy.ma" in sys.modules and isinstance(value, np.ma.MaskedArray)


def _refuse_foreign(argument: str, value: object) -> None:
    for base in type(value).__mro__:
        library = _NOT_BRIDGED.get(base.__module__.partition(".")[0])
        if library is not None:
            raise errors.not_bridged(argument, library, type(value).__name__)
    if isinstance(value, np.ndarray) and type(value) not in _PLAIN_ARRAYS and not is_masked(value):
        raise errors.subclass_not_taken(argument, type(value).__name__)


def _array(argument: str, value: object) -> NDArray[Any]:
    if value is None or isinstance(value, str | bytes | dict | set | frozenset):
        raise errors.not_numeric(argument, described(value))
    if isinstance(value, list | tuple) and any(map(is_masked, value)):
        raise errors.masked_in_a_list(argument)
    try:
        array = np.asarray(value)
        if array.ndim == 0 and array.dtype.kind == "O" and not is_number(value):
            raise errors.not_numeric(argument, described(value))
        return array
    except ValueError as reason:
        if isinstance(value, Sequence):
            raise errors.ragged(argument, str(reason)) from None
        raise


def described(value: object) -> str:
    """What a value without numbers is, in words."""
    if isinstance(value, str):
        return f"the string {value!r}, no type and shape such as 'f32[64,64]'"
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _exact_integers(value: object, array: NDArray[Any]) -> NDArray[Any]:
    """Lists of Python integers that NumPy would make float64 become object, and stay exact."""
    if array.dtype.kind != "f" or array.size == 0 or not isinstance(value, Sequence | int):
        return array
    exact = np.asarray(value, dtype=object)
    return exact if all(isinstance(number, int) for number in exact.flat) else array


def _objects(argument: str, array: NDArray[Any]) -> NDArray[Any]:
    """Python's own numbers, which do not wrap as NumPy's scalars do."""
    numbers = np.empty(array.shape, object)
    for index in np.ndindex(*array.shape):
        number: Any = array[index]
        numbers[index] = number.item() if isinstance(number, np.generic) else number
        if not is_number(numbers[index]):
            raise errors.not_numeric(argument, f"an object array that holds {type(number).__name__}")
    return numbers


def is_number(value: object) -> bool:
    """Whether ``value`` is a number that Python or NumPy computes with."""
    # By name, so that neither is imported for those who do not use it.
    return isinstance(value, int | float | complex | np.number) or type(value).__name__ in ("Fraction", "Decimal")
