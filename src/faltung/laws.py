"""Laws that convolution obeys, as checks of any callable: does mine obey them, and if not, where?

Each check draws small random inputs like the example that it is given, and returns a `Finding`:
true or false, and printed it says what was found. A law that holds for a few random inputs is
not proved; one that fails comes with a counterexample. Integers are compared exactly. NaN equals
NaN, but outputs that are NaN alone say nothing, and are no finding in favour of a law. Where nothing
could be tried (no trials, an example without samples), each check raises ValueError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung import errors
from faltung.task.per_axis import integer

Array = NDArray[Any]
Operation = Callable[[Any], Any]

_ROUNDINGS = 1000.0
# No difference as large as this share of the largest magnitude is one of rounding: half precision has few digits.
_COARSEST = 1 / 16
_ONLY_NAN = "are NaN everywhere, so nothing was compared"


@dataclass(frozen=True)
class Finding:
    """What a check found; true if the law held.

    Attributes
    ----------
    holds
        Whether the law held for every input tried.
    message
        What was found, in words.
    counterexample
        The operands for which it fails, by name; empty if it holds.
    where
        For translations: which outputs differ, like the output; None for other laws.
    """

    holds: bool
    message: str
    counterexample: dict[str, Any]
    where: NDArray[np.bool_] | None = None

    def __bool__(self) -> bool:
        return self.holds

    def __str__(self) -> str:
        return self.message


# the checks --------------------------------------------------------------------------------


def commutes(A: Operation, B: Operation, x: Any, *, trials: int = 3, tolerance: float | None = None) -> Finding:
    """Whether ``A(B(x)) == B(A(x))``: two convolutions that wrap do.

    Parameters
    ----------
    A, B
        Callables from arrays to arrays.
    x
        An example of their input: its shape and type are what is drawn.
    trials
        How many random inputs to try.
    tolerance
        Difference that counts as none, relative to the largest magnitude; 0 for exact types
        and 1000 roundings for floating ones by default.

    Returns
    -------
    Finding

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> blur = lambda x: ft.convolve(x, [1, 2, 1], "same", boundary="wrap")
    >>> print(ft.laws.commutes(blur, np.sort, np.arange(6)))
    A(B(x)) and B(A(x)) differ at [0]: -7 and -10
    >>> bool(ft.laws.commutes(blur, np.flip, np.arange(6)))
    True
    """
    A, B = _on_copies(A), _on_copies(B)
    for drawn in _draws(x, trials):
        difference = _difference(A(B(drawn)), B(A(drawn)), drawn, tolerance)
        if difference:
            return Finding(False, f"A(B(x)) and B(A(x)) {difference}", {"x": drawn})
    return Finding(True, f"A(B(x)) == B(A(x)) for {trials} inputs of shape {np.shape(x)}", {})


def is_linear(op: Operation, x: Any, *, trials: int = 3, tolerance: float | None = None) -> Finding:
    """Whether ``op(a*x + b*y) == a*op(x) + b*op(y)``.

    Parameters
    ----------
    op
        A callable from an array to an array.
    x, trials, tolerance
        As for `commutes`.

    Returns
    -------
    Finding

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> print(ft.laws.is_linear(lambda x: ft.convolve(x, [1, -1]), np.arange(5)))
    op(a*x + b*y) == a*op(x) + b*op(y) for 3 inputs of shape (5,)
    >>> bool(ft.laws.is_linear(np.abs, np.arange(5)))
    False
    """
    op = _on_copies(op)
    scalars = _draws(np.empty(2, np.asarray(x).dtype), trials, seed=3)
    for first, second, (a, b) in zip(_draws(x, trials), _draws(x, trials, seed=1), scalars, strict=True):
        difference = _difference(op(a * first + b * second), a * op(first) + b * op(second), first, tolerance)
        if difference:
            message = f"op(a*x + b*y) and a*op(x) + b*op(y) {difference}"
            return Finding(False, message, {"a": a, "x": first, "b": b, "y": second})
    return Finding(True, f"op(a*x + b*y) == a*op(x) + b*op(y) for {trials} inputs of shape {np.shape(x)}", {})


def adjoint_pair(A: Operation, At: Operation, x: Any, *, trials: int = 3, tolerance: float | None = None) -> Finding:
    """Whether ``vdot(y, A(x)) == vdot(At(y), x)``: gradients, transposed layers, adjoint operators.

    Parameters
    ----------
    A, At
        A linear callable and what may be its adjoint.
    x, trials, tolerance
        As for `commutes`; ``x`` is an example of A's input.

    Returns
    -------
    Finding

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> w = np.array([1, 2, 4])
    >>> A = lambda x: ft.convolve(x, w)
    >>> bool(ft.laws.adjoint_pair(A, lambda y: ft.correlate(y, w, "valid"), np.arange(5)))
    True
    >>> print(ft.laws.adjoint_pair(A, lambda y: ft.convolve(y, w, "valid"), np.arange(5)))
    vdot(y, A(x)) and vdot(At(y), x) differ: -95 and 4
    """
    A, At = _on_copies(A), _on_copies(At)
    for drawn in _draws(x, trials):
        image = np.asarray(A(drawn))
        (y,) = _draws(image, 1, seed=2)
        returned = np.asarray(At(y))
        if returned.shape != drawn.shape:
            message = f"At(y) has shape {returned.shape}, x has {drawn.shape}"
            return Finding(False, message, {"x": drawn, "y": y})
        allowed = _tolerance(tolerance, drawn, image, returned)
        there, back = np.vdot(_wide(y), _wide(image)), np.vdot(_wide(returned), _wide(drawn))
        scale = float(np.linalg.norm(_wide(y)) * np.linalg.norm(_wide(image)))
        difference = _difference(there, back, drawn, allowed, scale)
        if difference:
            return Finding(False, f"vdot(y, A(x)) and vdot(At(y), x) {difference}", {"x": drawn, "y": y})
    return Finding(True, f"vdot(y, A(x)) == vdot(At(y), x) for {trials} inputs of shape {np.shape(x)}", {})


def is_translation_equivariant(
    op: Operation, x: Any, shifts: Iterable[int | Sequence[int]], *, tolerance: float | None = None
) -> Finding:
    """Whether moving the input moves the output: ``op(roll(x, t)) == roll(op(x), t)``.

    Parameters
    ----------
    op
        A callable that keeps the shape.
    x
        The input to move.
    shifts
        How far: each an integer along the last axis, or one for each of the last axes. What
        leaves at one end comes in at the other (`numpy.roll`), so every boundary but ``"wrap"``
        breaks the law near the edges and near the seam that the shift moves inwards.
    tolerance
        As for `commutes`.

    Returns
    -------
    Finding
        Says how far from the edges the law is broken, if it holds inside; ``where`` marks the
        outputs that differ.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> blur = lambda x: ft.convolve(x, [1, 2, 1], "same")
    >>> print(ft.laws.is_translation_equivariant(blur, np.arange(12), [4]))
    shift (4,): 3 of 12 outputs differ, all within 1 of an edge, for example at [0]: 25 and 32
    >>> bool(ft.laws.is_translation_equivariant(np.cumsum, np.arange(12), [4]))
    False
    """
    op, tried = _on_copies(op), _read_shifts(shifts, _example(x).shape)
    for shift in tried:
        axes, still = tuple(range(-len(shift), 0)), op(x)
        if np.shape(still) != np.shape(x):
            return Finding(False, f"op changes the shape: {np.shape(x)} becomes {np.shape(still)}", {"x": x})
        moved, expected = op(np.roll(x, shift, axes)), np.roll(still, shift, axes)
        difference = _difference(moved, expected, x, tolerance)
        if difference == _ONLY_NAN:
            return Finding(False, f"op(roll(x, t)) and roll(op(x), t) {difference}", {"x": x, "shift": shift})
        if difference:
            wrong = _differs(np.asarray(moved), np.asarray(expected), _tolerance(tolerance, x, moved, expected))
            return Finding(False, _broken(shift, wrong, difference), {"x": x, "shift": shift}, wrong)
    return Finding(True, f"moving the input moves the output, for {len(tried)} shifts", {})


# what differs, and where -------------------------------------------------------------------


def _on_copies(op: Operation) -> Operation:
    """The same callable, which may write into what it is given."""
    return lambda values: op(np.array(values))


def _example(x: Any) -> Array:
    like = np.asarray(x)
    if not like.size:
        raise errors.law_untried("x", x, "an array that is not empty")
    return like


def _read_shifts(shifts: Any, shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    tried = [tuple(np.atleast_1d(shift).tolist()) for shift in shifts] if isinstance(shifts, Iterable) else []
    whole = all(isinstance(step, int) for shift in tried for step in shift)
    if (
        not whole
        or not all(1 <= len(shift) <= len(shape) for shift in tried)
        or not any(_moves(s, shape) for s in tried)
    ):
        expected = f"a sequence of shifts, each an integer or 1 to {len(shape)} of them, and one that moves something"
        raise errors.law_untried("shifts", shifts, expected)
    return tried


def _moves(shift: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whole turns do not."""
    return any(step % n for step, n in zip(shift, shape[-len(shift) :], strict=True))


def _draws(example: Any, count: int, seed: int = 0) -> list[Array]:
    """Random arrays of the example's shape and type: small integers in exact types."""
    like, rng = _example(example), np.random.default_rng(seed)
    if integer("trials", count) < 1:
        raise errors.law_untried("trials", count, "at least 1")
    return [_drawn(rng, like.shape, like.dtype) for _ in range(count)]


def _drawn(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    if dtype.kind == "c":
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)
    if dtype.kind == "f":
        return np.asarray(rng.standard_normal(shape)).astype(dtype)
    low, high = (0, 2) if dtype.kind == "b" else (0 if dtype.kind == "u" else -4, 5)
    return np.asarray(rng.integers(low, high, shape)).astype(dtype)


def _difference(one: Any, other: Any, x: Any, tolerance: float | None, scale: float = 0.0) -> str:
    """How two results of the input ``x`` differ, in words; empty if they do not."""
    first, second = np.asarray(one), np.asarray(other)
    if first.shape != second.shape:
        return f"differ in shape: {first.shape} and {second.shape}"
    if first.size and (first != first).all() and (second != second).all():
        return _ONLY_NAN
    wrong = _differs(first, second, _tolerance(tolerance, x, first, second), scale)
    if not wrong.any():
        return ""
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    place = f" at {list(at)}" if at else ""
    return f"differ{place}: {first[at]} and {second[at]}"


def _tolerance(given: float | None, *arrays: Any) -> float:
    """What is given, or some roundings of the coarsest floating type among the arrays."""
    if given is not None:
        real = isinstance(given, int | float | np.integer | np.floating) and not isinstance(given, bool)
        if not (real and 0 <= given < math.inf):
            raise errors.law_untried("tolerance", given, "a finite number of at least 0")
        return float(given)
    dtypes = [np.asarray(values).dtype for values in arrays]
    roundings = _ROUNDINGS * max((float(np.finfo(dtype).eps) for dtype in dtypes if dtype.kind in "fc"), default=0.0)
    return min(roundings, _COARSEST)


def _wide(values: Array) -> Array:
    """In a type in which sums of products neither overflow nor wrap, as those of narrow types would."""
    kind = values.dtype.kind
    if kind in "fc":
        return values.astype(np.result_type(values.dtype, np.float64))
    return values.astype(object if kind == "u" else np.int64)


def _differs(first: Array, second: Array, tolerance: float, scale: float = 0.0) -> NDArray[np.bool_]:
    """Where they differ by more than ``tolerance`` times the largest magnitude; NaN equals NaN."""
    same = (first == second) | ((first != first) & (second != second))
    if tolerance:
        first, second = (_wide(values) if values.dtype.kind in "fc" else values for values in (first, second))
        largest = max(scale, *(float(np.abs(values).max(initial=0)) for values in (first, second)))
        with np.errstate(invalid="ignore"):
            same |= np.abs(first - second) <= tolerance * largest
    return ~np.asarray(same, bool)


def _broken(shift: tuple[int, ...], wrong: NDArray[np.bool_], difference: str) -> str:
    """How far from the edges a translation fails, if it holds inside."""
    counted = f"shift {shift}: {int(wrong.sum())} of {wrong.size} outputs differ"
    depths = _depths(wrong.shape, shift)
    margin = int(depths[wrong].max())
    inside = f"all within {margin} of an edge" if (depths > margin).any() else "edges and interior alike"
    return f"{counted}, {inside}, for example{difference.removeprefix('differ')}"


def _depths(shape: tuple[int, ...], shift: tuple[int, ...]) -> NDArray[np.intp]:
    """How many samples each output lies from the nearest edge, or seam that was an edge, of the
    axes that were moved: 1 for those beside it.
    """
    depths = np.full(shape, np.iinfo(np.intp).max)
    for axis, moved in enumerate(shift, start=len(shape) - len(shift)):
        n = shape[axis]
        if not n or moved % n == 0:
            continue
        i = np.arange(n)
        from_seams = [np.minimum((i - seam) % n + 1, (seam - i - 1) % n + 1) for seam in (0, moved % n)]
        line = np.minimum(*from_seams).reshape(-1, *(1,) * (len(shape) - 1 - axis))
        depths = np.minimum(depths, line)
    return depths
