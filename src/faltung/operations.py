"""The operations: convolve, correlate, plan. Help, checks, and one call each."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from faltung import errors, settings
from faltung.algorithms import tiny
from faltung.meaning.boundary import Boundary
from faltung.meaning.extent import Mode, Operation
from faltung.planner.choose import choose
from faltung.planner.discover import discover
from faltung.planner.plan import Plan
from faltung.planner.solve import solve
from faltung.task.describe import Options
from faltung.task.kernel import Kernel
from faltung.task.normalise import normalise
from faltung.task.problem import Problem

Integers = int | Sequence[int]

# Those of `convolve`, method behind variable.
_DEFAULTS = (*Options()[1:], "auto", None, None)

# Operands of other libraries, by the module of a class that they descend from, and the wing of
# ours that serves them: it loads when the first one comes.
_SERVED = {"sympy.core.expr": "faltung.symbolic"}


def convolve(
    x: Any,
    w: Any,
    mode: Mode = "full",
    *,
    axes: Integers | None = None,
    boundary: Boundary | Sequence[Boundary] = "constant",
    fill_value: complex = 0,
    center: Integers | None = None,
    stride: Integers = 1,
    dilation: Integers = 1,
    nan_policy: str = "propagate",
    accuracy: str | float = "norm",
    method: str = "auto",
    dtype: DTypeLike | None = None,
    spacing: float | None = None,
    variable: Any = None,
    out: NDArray[Any] | None = None,
    threads: int | None = None,
) -> Any:
    """Convolve an input with a kernel.

    Per axis, for output position p, stride s, dilation d, centre m and the mode's low end r::

        y[p] = sum over k of  x[s*p + r - d*(k - m)] * w[k]

    Parameters
    ----------
    x
        Input, array of any number of dimensions, or a sequence; or a `Function`, or a SymPy
        expression, beside another of its kind.
    w
        Kernel: an array with as many dimensions, a `Kernel`, a sequence, or a tuple of 1-D
        kernels, one for each axis, whose outer product it is.
    mode
        ``"full"``: every position where the kernel touches the input, ``n + d*(K - 1)`` long;
        ``"same"``: the input's shape (``ceil(n / stride)``); ``"valid"``: every position where
        the kernel lies inside, ``n - d*(K - 1)``.
    axes
        Along which axes of ``x`` those of ``w`` lie, in that order; all by default. The other
        axes are batch axes: one kernel for all.
    boundary
        How ``x`` goes on beyond its edges, in NumPy's words (`numpy.pad`), one for all axes or
        one for each: ``"constant"``, ``"edge"``, ``"reflect"`` (which scipy.ndimage calls
        'mirror'), ``"symmetric"`` (which scipy.ndimage calls 'reflect'), ``"wrap"``, or
        ``"normalize"``: nothing is there, and the weights present are scaled up.
    fill_value
        What ``"constant"`` reads; with 0, the terms beyond the edges do not occur.
    center
        Element of the kernel that sits on the output position, one for all axes or one for
        each; ``(K - 1) // 2`` for convolve and ``K // 2`` for correlate by default, or the
        `Kernel`'s own. Affects ``"same"`` only.
    stride, dilation
        Step between outputs, and between the kernel's taps, one for all axes or one for each.
    nan_policy
        ``"propagate"``, ``"omit"`` (sum the samples present, scale by the weights present) or
        ``"raise"``. Masked arrays omit what is masked. Integers hold no NaN: nothing changes.
    accuracy
        ``"norm"``: ``|error| <= 24 u (1 + log2 N) norm(x) norm(w)``, norms over the samples
        that the output was computed from; ``"elementwise"``: ``|error| <= (128 + log2 n) u
        (|x| * |w|)`` at each element; or a relative tolerance to the norms: single precision is
        summed in double where it must be, and rounded once.
    method
        ``"auto"``, or the name of an algorithm: ``"direct"``, ``"separable"``, ``"fft"``,
        ``"channel_product"``, ``"inner_product"``, ``"winograd"``, ``"definition"``.
    dtype
        Type of the result, in which sums are computed where it is wider. By default it follows
        from the operands' types: integers give int64 (uint64 if both are unsigned and one is
        uint64), otherwise NumPy promotes; Python numbers, sequences and Kernels take the array's
        floating type.
    spacing
        Distance between the samples of ``x``, for a continuous kernel: a `Function` as ``w``.
    variable
        The `sympy.Symbol` that expressions are functions of, where they have others as
        parameters.
    out
        Array for the result, which may overlap ``x`` or ``w``. After an error, what it holds is
        undefined.
    threads
        How many threads to use; `faltung.get_threads` by default. The result is the same bits
        for any number.

    Returns
    -------
    ndarray
        Feature map. A masked array if ``x`` is one; a `Kernel`, a `Function` or an expression if
        both operands are.

    Raises
    ------
    ValueError, TypeError
        An argument makes no sense; the message says which, and the mend.
    OverflowError
        An exact integer result does not fit its type.
    MemoryError
        The result cannot be allocated.

    See Also
    --------
    correlate : the same without the flip.
    plan : the chosen algorithm, its cost and its rivals.
    numpy.convolve, scipy.signal.convolve : the same centre in ``mode="same"``.
    scipy.ndimage.convolve : its centre is ``K // 2``: differs for even kernels.

    Notes
    -----
    Cost: at most (outputs) x (taps) products; `plan` tells what it will be. NaN and infinity
    spread as in the sum: over the kernel's reach, with every algorithm.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> ft.convolve([1, 2, 3], [0, 1, 10])
    array([ 0,  1, 12, 23, 30])
    >>> ft.convolve(np.array([200, 200], np.uint8), np.array([1, 1], np.uint8))
    array([200, 400, 200])
    >>> ft.convolve(np.array([1.0, 2.0, 4.0]), [0.5, 0.5], mode="same", boundary="edge")
    array([1. , 1.5, 3. ])
    """
    said = (
        axes,
        boundary,
        fill_value,
        center,
        stride,
        dilation,
        nan_policy,
        accuracy,
        dtype,
        spacing,
        variable,
        method,
        out,
        threads,
    )
    return _operate("convolve", x, w, mode, said)


def correlate(
    x: Any,
    w: Any,
    mode: Mode = "full",
    *,
    axes: Integers | None = None,
    boundary: Boundary | Sequence[Boundary] = "constant",
    fill_value: complex = 0,
    center: Integers | None = None,
    stride: Integers = 1,
    dilation: Integers = 1,
    nan_policy: str = "propagate",
    accuracy: str | float = "norm",
    method: str = "auto",
    dtype: DTypeLike | None = None,
    spacing: float | None = None,
    variable: Any = None,
    out: NDArray[Any] | None = None,
    threads: int | None = None,
) -> Any:
    """Cross-correlate an input with a kernel: convolution without the flip.

    Per axis, for output position p, stride s, dilation d, centre m and the mode's low end r::

        y[p] = sum over k of  x[s*p + r + d*(k - m)] * conj(w[k])

    Machine-learning libraries call this convolution. Parameters, returns and errors are those
    of `convolve`; the default centre is ``K // 2``, as in `numpy.correlate`.

    See Also
    --------
    convolve : with the flip; ``convolve(x, w, center=m)`` equals ``correlate(x,
        conj(flip(w)), center=K - 1 - m)`` to the last bit.
    numpy.correlate : its default mode is 'valid'.
    torch.nn.functional.conv1d : does not conjugate.

    Examples
    --------
    >>> import faltung as ft
    >>> ft.correlate([1, 2, 3], [0, 1, 10])
    array([10, 21, 32,  3,  0])
    """
    said = (
        axes,
        boundary,
        fill_value,
        center,
        stride,
        dilation,
        nan_policy,
        accuracy,
        dtype,
        spacing,
        variable,
        method,
        out,
        threads,
    )
    return _operate("correlate", x, w, mode, said)


def plan(
    x: Any,
    w: Any,
    mode: Mode = "full",
    *,
    operation: Operation = "convolve",
    axes: Integers | None = None,
    boundary: Boundary | Sequence[Boundary] = "constant",
    fill_value: complex = 0,
    center: Integers | None = None,
    stride: Integers = 1,
    dilation: Integers = 1,
    nan_policy: str = "propagate",
    accuracy: str | float = "norm",
    method: str = "auto",
    dtype: DTypeLike | None = None,
    spacing: float | None = None,
    threads: int | None = None,
) -> Plan:
    """Plan a convolution or correlation: see what will be done, then do it again and again.

    Parameters
    ----------
    x, w
        Arrays as for `convolve`, or types and shapes alone, such as ``"f32[2048,2048]"``. A plan
        with a kernel is called with the input; one from shapes with both.
    operation
        ``"convolve"`` or ``"correlate"``.
    mode, axes, boundary, fill_value, center, stride, dilation, nan_policy, accuracy, method, dtype, spacing, threads
        As for `convolve`.

    Returns
    -------
    Plan
        Prints the chosen algorithm with predicted time, error bound and share of the machine's
        limit, its slower rivals, and why the others refuse.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> p = ft.plan("f64[1000]", "f64[3]", mode="same")
    >>> p.algorithm
    'direct'
    >>> p(np.ones(1000), np.ones(3))[:3]
    array([2., 3., 3.])
    """
    options = Options(mode, axes, boundary, fill_value, center, stride, dilation, nan_policy, accuracy, dtype, spacing)
    for operand in (x, w):
        own = _own(operand, "__faltung_plan__", "plan_operands")
        if own is not None:
            # Its own kind of plan, with the same face.
            made: Plan = own(x, w, operation=operation, options=options, method=method)
            return made
    count = None if threads is None else settings.checked_threads(threads)
    return Plan(discover(normalise(operation, x, w, options), method), method, count)


def _operate(operation: Operation, x: Any, w: Any, mode: Mode, said: tuple[Any, ...]) -> Any:
    """One call, from what was said to the result; ``said`` is ordered as in `convolve`, method behind variable."""
    quick = tiny.attempt(x, w, mode, said, _DEFAULTS, operation == "correlate")
    if quick is not None:
        return quick
    options, (method, out, threads) = Options._make((mode, *said[:-3])), said[-3:]
    for operand in (x, w):
        own = _own(operand, "__faltung_convolve__", "operate")
        if own is not None:
            result = own(x, w, operation=operation, options=options, method=method, out=out, threads=threads)
            if result is not NotImplemented:
                return result
    count = None if threads is None else settings.checked_threads(threads)
    task = discover(normalise(operation, x, w, options), method)
    chosen = choose(task.problem, method).chosen
    if task.x is None or task.weights is None:
        raise errors.shape_alone("x" if task.x is None else "w")
    y = solve(task, chosen.algorithm.prepare(task.problem, task.weights), out, chosen.useful_threads(count))
    if isinstance(x, Kernel) and isinstance(w, Kernel) and _sums_positions(task.problem, options):
        return _as_kernel(operation, x, w, y)
    return y


def _own(operand: Any, method: str, function: str) -> Callable[..., Any] | None:
    """What an operand does itself instead of an array: by its method, or by the wing that serves its library."""
    if type(operand) is np.ndarray:
        return None
    own = getattr(type(operand), method, None)
    if own is not None:
        return functools.partial(own, operand)
    wing = _wing(type(operand).__mro__)
    return None if wing is None else getattr(importlib.import_module(wing), function)


@functools.lru_cache(maxsize=256)
def _wing(ancestors: tuple[type, ...]) -> str | None:
    """The wing that serves operands of a type with these ancestors."""
    return next((_SERVED[base.__module__] for base in ancestors if base.__module__ in _SERVED), None)


def _sums_positions(problem: Problem, options: Options) -> bool:
    """Whether output and input positions differ by the kernel's alone, over all of its reach."""
    plain = problem.fill_value == 0 and not problem.omit and set(problem.boundary) <= {"constant"}
    steps = set(problem.stride + problem.dilation) <= {1}
    return options.mode == "full" and options.axes is None and options.center is None and plain and steps


def _as_kernel(operation: Operation, x: Kernel, w: Kernel, y: NDArray[Any]) -> Kernel:
    """The Kernel of two Kernels: centres add, as their positions do."""
    other = w.center if operation == "convolve" else tuple(k - 1 - m for k, m in zip(w.shape, w.center, strict=True))
    center = [m + n for m, n in zip(x.center, other, strict=True)]
    name = f"{x.name} * {w.name}" if operation == "convolve" else f"{x.name} ⋆ {w.name}"
    return Kernel(y, center, name, x.joint_truncation_error(w))
