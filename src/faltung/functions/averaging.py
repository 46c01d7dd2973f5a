"""The weighted average of a function around each point: convolution with a density."""

from __future__ import annotations

from faltung.functions import errors
from faltung.functions.density import Density
from faltung.functions.function import Function
from faltung.functions.minimum import check_density
from faltung.functions.table import solve


def weighted_average(x: Function, w: Function | Density, *, normalize: bool = False) -> Function:
    """The average of ``x`` around each point with the density ``w`` as weight: their convolution.

    Parameters
    ----------
    x
        A Function.
    w
        A density: a Function without negative value, of integral 1, or a Density. Its least value is looked for
        at 65 points of each polynomial piece: a narrower dip below 0 may pass.
    normalize
        Divide ``w`` by its integral first.

    Raises
    ------
    ValueError
        ``w`` is no density; the message gives its integral and minimum.

    Examples
    --------
    >>> import faltung as ft
    >>> m = ft.Function.from_samples([0.0, 1.0, 2.0], [0.0, 1.0, 0.0])
    >>> bool(abs(ft.weighted_average(m, ft.Function.box(-0.5, 0.5))(1.0) - 0.75) < 1e-15)
    True
    """
    weight = w.density if isinstance(w, Density) else w
    for argument, operand in (("x", x), ("w", weight)):
        if not isinstance(operand, Function):
            raise errors.not_a_function(argument, operand)
    if normalize and not weight.iscomplex:
        total = float(weight.integral())
        if total <= 0:
            raise errors.not_a_density("w", f"its integral is {total:.6g}")
        weight = weight / total
    check_density(weight, "w")
    result = solve(x, weight)
    assert isinstance(result, Function)
    return result
