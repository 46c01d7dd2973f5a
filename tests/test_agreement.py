"""Ten thousand random small problems: every algorithm that accepts one agrees with the definition.

Integers exactly, floats within the bound that the algorithm states, NaN and infinities at the
same positions. The same generator with a planted defect must be caught.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from faltung.algorithms import correlation, direct
from faltung.algorithms.algorithm import Algorithm
from faltung.algorithms.separable import SEPARABLE, tolerance
from faltung.machine import current
from faltung.meaning import numbers
from faltung.meaning.boundary import BOUNDARIES
from faltung.meaning.definition import feature_map
from faltung.planner.table import ALGORITHMS
from faltung.task.describe import Options
from faltung.task.low_rank import terms_of
from faltung.task.normalise import Task, normalise
from faltung.task.operand import Weights
from faltung.task.structure import with_rank
from tests.instruction_sets import instruction_set, sets_of

PROBLEMS = 10_000
DTYPES = (
    *("bool", "uint8", "int8", "int32", "uint64", "int64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)
LAYOUTS = ("C", "fortran", "reversed", "every second", "byte-swapped", "read-only", "misaligned", "broadcast")
MODES = ("full", "same", "valid")


# the generator -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """Arguments of one call of the library."""

    operation: str
    x: np.ndarray[Any, Any]
    w: np.ndarray[Any, Any]
    options: Options

    @property
    def task(self) -> Task:
        return normalise(self.operation, self.x, self.w, self.options)  # type: ignore[arg-type]


def random_calls(count: int, seed: int) -> Iterator[Call]:
    rng = np.random.default_rng(seed)
    made = 0
    while made < count:
        call = _random_call(rng)
        if _describes_a_problem(call):
            made += 1
            yield call


def _describes_a_problem(call: Call) -> bool:
    """Not where the kernel does not fit in mode 'valid', or its weights cannot be normalised."""
    try:
        return call.task.problem.ndim == call.x.ndim
    except ValueError:
        return False


def _random_call(rng: np.random.Generator) -> Call:
    ndim = int(rng.choice([1, 1, 2, 2, 3]))
    longest, taps = {1: (40, 12), 2: (8, 4), 3: (4, 3)}[ndim]
    shape = tuple(int(n) for n in rng.integers(1, longest + 1, ndim))
    kernel = tuple(int(k) for k in rng.integers(1, taps + 1, ndim))
    boundary = tuple(str(b) for b in rng.choice(BOUNDARIES, ndim))
    renormalise = "normalize" in boundary or rng.random() < 0.05
    x = _laid_out(rng, _values(rng, shape, str(rng.choice(DTYPES)), weights=False))
    w = _laid_out(rng, _values(rng, kernel, str(rng.choice(DTYPES)), weights=renormalise))
    options = Options(
        mode=str(rng.choice(MODES)),  # type: ignore[arg-type]
        boundary=boundary,  # type: ignore[arg-type]
        fill_value=_fill_value(rng, x.dtype) if "constant" in boundary else 0,
        center=tuple(int(rng.integers(0, k)) for k in kernel) if rng.random() < 0.5 else None,
        stride=tuple(int(s) for s in rng.choice([1, 1, 1, 2, 3], ndim)),
        dilation=tuple(int(d) for d in rng.choice([1, 1, 1, 2, 3], ndim)),
        nan_policy="omit" if renormalise else "propagate",
    )
    return Call(str(rng.choice(["convolve", "correlate"])), x, w, options)


def _fill_value(rng: np.random.Generator, dtype: np.dtype[Any]) -> Any:
    """Absent mostly; else small, or an extreme of the input's integers."""
    choices = [0, 0, 0, 1, *(numbers.integer_range(dtype) if dtype.kind in "biu" else (2.5, -2.0))]
    return choices[rng.integers(len(choices))]


def _values(rng: np.random.Generator, shape: tuple[int, ...], dtype: str, *, weights: bool) -> np.ndarray[Any, Any]:
    kind = np.dtype(dtype).kind
    if weights and kind == "c":
        dtype, kind = "float64", "f"
    if kind == "b":
        return rng.random(shape) < (0.8 if weights else 0.5)
    if kind in "iu":
        low = 0 if kind == "u" or weights else -100
        scale = 2**40 if dtype.endswith("64") and rng.random() < 0.3 else 1
        integers = (rng.integers(low, 101, shape) * scale).astype(dtype)
        if not weights and rng.random() < 0.1:
            integers.flat[rng.integers(integers.size)] = np.iinfo(dtype).min  # whose magnitude the type lacks
        return integers
    values = rng.standard_normal(shape)
    if kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    values = np.abs(values) if weights else _with_specials(rng, values)
    return values.astype(dtype)


def _with_specials(rng: np.random.Generator, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Every twelfth array holds one NaN, infinity or zero."""
    if rng.random() < 0.25:
        values.flat[rng.integers(values.size)] = rng.choice([np.nan, np.inf, -np.inf, 0.0])
    return values


def _laid_out(rng: np.random.Generator, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    match rng.choice(LAYOUTS):
        case "fortran":
            return np.asfortranarray(values)
        case "reversed":
            return np.flip(np.flip(values).copy())
        case "every second":
            wide = np.repeat(values, 2, axis=-1)
            return wide[..., ::2]
        case "byte-swapped":
            return values.astype(values.dtype.newbyteorder())
        case "read-only":
            values = values.copy()
            values.flags.writeable = False
            return values
        case "misaligned":
            raw = np.zeros(values.nbytes + 1, np.uint8)
            shifted = raw[1:].view(values.dtype).reshape(values.shape)
            shifted[...] = values
            return shifted
        case "broadcast":
            return np.broadcast_to(values[:1], values.shape)
        case _:
            return values


# the comparison ----------------------------------------------------------------------------


def check(call: Call) -> list[str]:
    """Compare every algorithm that accepts with the definition; the names of those that did."""
    task = call.task
    problem, weights = task.problem, task.weights
    assert task.x is not None
    assert weights is not None
    wide = _wide(problem.result_dtype)
    try:
        expected = feature_map(task.x, weights.values, problem.sum, wide, task.present)
    except OverflowError:
        return _all_overflow(task)
    with np.errstate(invalid="ignore"):
        absolute = problem.sum._replace(fill_value=abs(problem.fill_value))
        magnitude = feature_map(_magnitude(task.x), _magnitude(weights.values), absolute, _real(wide), task.present)
    ran = []
    for algorithm in ALGORITHMS:
        prepared = _prepared(algorithm, task)
        if prepared is None:
            continue
        this, own = prepared
        bound = algorithm.cost(this, current()).error_bound
        for name in sets_of(algorithm):
            y = np.empty(expected.shape, problem.result_dtype)
            with instruction_set(name):
                algorithm.prepare(this, own)(task.x, y, task.present, 1)
            _compare(f"{algorithm.name} on {name}: {problem}", y, expected, magnitude, bound, task)
        ran.append(algorithm.name)
    return ran


def _all_overflow(task: Task) -> list[str]:
    """Every algorithm says that the exact result does not fit."""
    assert task.weights is not None
    accepting = [algorithm for algorithm in ALGORITHMS if algorithm.refuse(task.problem) is None]
    for algorithm in accepting:
        y = np.empty((1, 1, *task.problem.length), task.problem.result_dtype)
        for name in sets_of(algorithm):
            with instruction_set(name), pytest.raises(OverflowError):
                algorithm.prepare(task.problem, task.weights)(task.x, y, task.present, 1)  # type: ignore[arg-type]
    return [algorithm.name for algorithm in accepting]


def _prepared(algorithm: Algorithm, task: Task) -> tuple[Any, Weights] | None:
    """Problem and weights as ``algorithm`` wants them, or None if it refuses."""
    problem, weights = task.problem, task.weights
    assert weights is not None
    if algorithm is SEPARABLE and problem.structure.finite and problem.compute_dtype.kind in "fc":
        terms = terms_of(weights.values[0, 0], tolerance(problem), limit=max(problem.kernel_shape))
        if terms is not None:
            weights = Weights(weights.values, terms)
            problem = problem.with_structure(with_rank(problem.structure, len(terms)))
    return None if algorithm.refuse(problem) else (problem, weights)


def _compare(what: str, y: Any, expected: Any, magnitude: Any, bound: float, task: Task) -> None:
    if y.dtype.kind in "biu":
        np.testing.assert_array_equal(y, expected, what)
        return
    expected = expected.astype(y.dtype) if y.dtype == np.float16 else expected
    for part in (np.real, np.imag):
        ours, theirs = part(y), part(expected)
        finite = np.isfinite(theirs)
        np.testing.assert_array_equal(np.isfinite(ours), finite, what)
        np.testing.assert_array_equal(ours[~finite], theirs[~finite], what)
        error = np.abs(ours[finite].astype(np.longdouble) - theirs[finite])
        allowed = _scale(magnitude, task)[finite] * bound
        # the spacing of subnormals, one for each term
        allowed = allowed + task.problem.taps * np.finfo(y.dtype).smallest_subnormal
        assert np.all(error <= allowed), f"{what}: error {error.max()} beyond {allowed.min()}"


def _scale(magnitude: Any, task: Task) -> Any:
    """Norms that the bound is relative to: the whole arrays are the tile of so small a problem."""
    assert task.x is not None
    assert task.weights is not None
    x = np.append(task.x[np.isfinite(task.x)], task.problem.fill_value)
    w = task.weights.values[np.isfinite(task.weights.values)]
    norms = np.linalg.norm(x.astype(np.clongdouble)) * np.linalg.norm(w.astype(np.clongdouble))
    repeats = max(1, task.problem.taps)  # a boundary may read one sample under every tap
    weight = float(w.real.sum()) if task.problem.renormalise else 0.0
    scaled = weight * float(np.max(np.abs(x), initial=0)) * 4
    return np.maximum(np.where(np.isfinite(magnitude), magnitude, 0), float(norms) * repeats**0.5 + scaled)


def _magnitude(values: Any) -> Any:
    with np.errstate(over="ignore"):
        return np.abs(values.astype(np.float64 if values.dtype.kind != "c" else np.complex128))


def _wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.kind in "biu":
        return dtype
    return np.dtype(np.clongdouble if dtype.kind == "c" else np.longdouble)


def _real(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.longdouble)


# the tests ---------------------------------------------------------------------------------


def test_every_algorithm_agrees_with_the_definition() -> None:
    counts: Counter[tuple[str, str, bool, str]] = Counter()
    totals: Counter[str] = Counter()
    for call in random_calls(PROBLEMS, seed=20261124):
        names = check(call)
        totals.update(names)
        strided = call.task.problem.stride != (1,) * call.x.ndim
        for boundary in set(call.task.problem.boundary):
            counts.update((call.x.dtype.name, boundary, strided, name) for name in names)
    assert totals["definition"] == PROBLEMS
    assert totals["direct"] > 0.85 * PROBLEMS
    assert totals["separable"] > 0.08 * PROBLEMS
    assert totals["fft"] > 0.05 * PROBLEMS
    for dtype in DTYPES:
        for boundary in BOUNDARIES:
            for strided in (False, True):
                assert counts[dtype, boundary, strided, "direct"] >= 20, (dtype, boundary, strided)


def _unflipped(problem: Any, w: Any) -> Any:
    return np.conj(w) if problem.operation == "correlate" else w


def _shifted_when_strided(original: Any) -> Any:
    def phases(offset: int, stride: int, *rest: int) -> Any:
        return original(offset + (stride > 1), stride, *rest)

    return phases


@pytest.mark.parametrize("defect", ["flip forgotten", "reflect is symmetric", "strided offset"])
def test_planted_defects_are_caught(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    match defect:
        case "flip forgotten":
            monkeypatch.setattr(direct, "correlation_taps", _unflipped)
        case "reflect is symmetric":
            monkeypatch.setattr(
                correlation, "BOUNDARIES", ("constant", "edge", "symmetric", "reflect", "wrap", "normalize")
            )
        case _:
            monkeypatch.setattr(correlation, "_phases", _shifted_when_strided(correlation._phases))
    with pytest.raises(AssertionError):
        list(map(check, random_calls(300, seed=1)))
