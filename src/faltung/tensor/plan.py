"""The plan of a layer: its kernels packed or transformed once, for many inputs."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from faltung import errors, settings
from faltung.algorithms.algorithm import Run
from faltung.meaning.extent import Operation
from faltung.planner import explanation
from faltung.planner.choose import choose
from faltung.planner.solve import check_out, solve_tensors
from faltung.task.array_word import array_spec
from faltung.task.operand import Kind
from faltung.task.problem import Problem
from faltung.tensor import errors as layer_errors
from faltung.tensor.feature_map import prepared
from faltung.tensor.layer import LinearWords, read_layer, read_words, spelled_out
from faltung.tensor.operands import LAYOUT, is_bfloat16, read_operand


class LayerPlan:
    """How a layer will be computed, made by `plan`.

    Print it for the chosen algorithm, its rivals and the reasons of those that refuse; call it
    with an input. It holds a copy of the kernels and all that was prepared from them, and is safe
    to share between threads.

    Attributes
    ----------
    problem
        Which sum; prints as one line.
    algorithm
        Name of the chosen algorithm.
    """

    def __init__(
        self, problem: Problem, w: NDArray[Any], method: str, threads: int | None, halves: bool = False
    ) -> None:
        self._made_of = problem, w.copy(), method, threads, halves
        self.problem, run, chosen = prepared(problem, self._made_of[1], method, held=True)
        self.algorithm: str = chosen.algorithm.name
        self._run: Run = run
        self._halves = halves
        self._chosen, self._choice, self._threads = chosen, choose(self.problem, method, held=True), threads

    def __call__(self, x: Any, *, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """The feature maps, (N, O, *output), of an input of the planned shape and type.

        Parameters
        ----------
        x
            The input, (N, C, *space).
        out
            Where the result goes, if not into a fresh array.

        Raises
        ------
        ValueError
            Shape or type are not those the plan was made for, or ``out`` has others.
        """
        if is_bfloat16(x):
            return self._in_halves(x, out)
        samples, problem = x if type(x) is np.ndarray else read_operand("x", x).values, self.problem
        assert samples is not None
        planned = problem.batch, problem.channels, *problem.input_shape
        if samples.shape != planned or samples.dtype != problem.input_dtype:
            was, expected = f"{samples.dtype} {samples.shape}", f"{problem.input_dtype} {planned}"
            raise errors.unplanned_operand("x", was, expected)
        return solve_tensors(problem, self._run, samples, self._chosen.useful_threads(self._threads), out)

    def _in_halves(self, x: NDArray[Any], out: NDArray[Any] | None) -> NDArray[Any]:
        """Summed in single precision; rounded to the input's type where the kernels have it, too."""
        y = self(x.astype(np.float32), out=None if self._halves else out)
        if not self._halves:
            return y
        if out is None:
            return y.astype(x.dtype)
        check_out(out, x.dtype, y.shape)
        out[...] = y
        return out

    def __reduce__(self) -> tuple[Any, ...]:
        """What another process makes its own plan from: the kernels are prepared there anew."""
        return type(self), self._made_of

    def __str__(self) -> str:
        return explanation.as_text(self.problem, self._choice)

    def __repr__(self) -> str:
        return f"LayerPlan({str(self.problem)!r}, algorithm={self.algorithm!r})"

    def as_dict(self) -> dict[str, Any]:
        """The explanation as plain values: seconds on one core, relative error bounds, bytes."""
        return explanation.as_values(self.problem, self._choice)


@spelled_out(LinearWords)
def plan(
    x: Any,
    w: Any,
    *,
    operation: Operation = "correlate",
    **words: Unpack[LinearWords],
) -> LayerPlan:
    """Plan a layer with fixed kernels: see what will be done, then do it again and again.

    Parameters
    ----------
    x
        An input, or its type and shape alone, (N, C | *space), such as ``"f32[1,64|56,56]"``.
    w
        Kernels, (O, C/groups, *kernel).
    operation
        ``"correlate"`` or ``"convolve"``.
    stride, padding, dilation, groups, input_dilation, boundary, fill_value, method, accuracy, threads
        As for `convolve`.

    Returns
    -------
    LayerPlan
        To be printed, and called with inputs.

    Raises
    ------
    ValueError, TypeError
        Shapes, channels or groups do not match, or an option makes no sense.

    Examples
    --------
    >>> import numpy as np, faltung as ft
    >>> p = ft.tensor.plan("f32[1,64|56,56]", np.ones((64, 64, 3, 3), np.float32), padding=1)
    >>> p.algorithm
    'winograd'
    >>> p(np.ones((1, 64, 56, 56), np.float32))[0, 0, 0, :3]
    array([256., 384., 384.], dtype=float32)
    """
    kind = _kind(x)
    dtype, shape = kind.dtype, kind.shape
    if isinstance(w, str):
        raise layer_errors.not_for_tensors(f"w={w!r}", "a plan packs the weights; give w as an array")
    operand = read_operand("w", w)
    kernel, dtype = operand.astype(operand.kind.beside(kind), "w").values, kind.beside(operand.kind)
    assert kernel is not None
    if kernel.ndim < 2 or len(shape) != kernel.ndim:
        raise layer_errors.tensor_rank(shape, kernel.shape, LAYOUT)
    said = read_words("plan", words, LinearWords)
    problem = read_layer(operation, kernel.ndim - 2, said.options).problem(dtype, shape, kernel.dtype, kernel.shape)
    threads = None if said.threads is None else settings.checked_threads(said.threads)
    return LayerPlan(problem, kernel, said.method, threads, is_bfloat16(w))


def _kind(x: Any) -> Kind:
    if not isinstance(x, str):
        return read_operand("x", x).kind
    try:
        dtype, space, outer, _ = array_spec(x)
    except ValueError:
        raise layer_errors.not_a_spec(x) from None
    return Kind(dtype, (*(outer or ()), *space))
