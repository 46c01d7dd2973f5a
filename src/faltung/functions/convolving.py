"""Where faltung.convolve, faltung.correlate and faltung.plan arrive when an operand is a Function."""

from __future__ import annotations

from typing import Any

from faltung.functions import errors
from faltung.functions.discretise import convolve_samples, plan_samples
from faltung.functions.plan import ContinuousPlan, plan_pair
from faltung.functions.representation import Representation
from faltung.functions.table import solve
from faltung.planner.plan import Plan


def operate(
    x: Any, w: Any, *, operation: str, options: Any, method: str = "auto", out: Any = None, threads: int | None = None
) -> Any:
    """Convolve or correlate functions, or a sampled signal with a function.

    Raises
    ------
    TypeError
        An operand is neither, or options were given that only arrays have.
    ValueError
        The integral does not exist.
    """
    if options.spacing is not None and not isinstance(x, Representation):
        return convolve_samples(x, w, operation, options, method, out, threads)
    _check_options(options, out)
    return solve(*_operands(x, w, operation), method, operation)


def plan_operands(x: Any, w: Any, *, operation: str, options: Any, method: str = "auto") -> ContinuousPlan | Plan:
    """The plan of the same."""
    if options.spacing is not None and not isinstance(x, Representation):
        return plan_samples(x, w, operation, options, method)
    _check_options(options, None)
    return plan_pair(*_operands(x, w, operation), method, operation)


def _operands(x: Any, w: Any, operation: str) -> tuple[Representation, Representation]:
    """The two functions whose convolution it is: correlation mirrors and conjugates the second."""
    for argument, operand in (("x", x), ("w", w)):
        if not isinstance(operand, Representation):
            raise errors.not_a_function(argument, operand)
    return x, w.reflect().conj() if operation == "correlate" else w


def _check_options(options: Any, out: Any) -> None:
    # One at a time: an array among them compares element by element.
    if options.spacing is not None:
        raise errors.spacing_beside_function(options.spacing)
    defaults = options._field_defaults.items()
    said = [name for name, default in defaults if getattr(options, name) is not default]
    if out is not None:
        said.append("out")
    if said:
        raise errors.array_options(said)
