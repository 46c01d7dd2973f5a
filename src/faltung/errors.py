"""What users are told when a call cannot mean anything: every message of the library.

Each function builds one exception. Its text names the argument, what it was, what was
expected and the way out; ``tests/test_errors.py`` holds them all, word for word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def _choices(words: Sequence[str]) -> str:
    return ", ".join(repr(word) for word in words[:-1]) + f" or {words[-1]!r}"


def unknown_word(argument: str, value: object, words: Sequence[str]) -> ValueError:
    """A word that is none of those the argument knows."""
    return ValueError(f"{argument}={value!r}: expected {_choices(words)}")


def boundary_of_another_library(value: str, library: str, ours: str) -> ValueError:
    """Another library's name of a boundary."""
    return ValueError(f"boundary={value!r} is {library}'s name; NumPy's, which we use, is {ours!r}")


def wrong_count(argument: str, count: int, expected: int) -> ValueError:
    """A per-axis option with the wrong number of entries."""
    return ValueError(
        f"{argument} has {count} entries: expected one value for all axes, or {expected}, "
        "one for each axis of the kernel"
    )


def not_an_integer(argument: str, value: object) -> TypeError:
    """A count, index or stride that is no integer."""
    return TypeError(f"{argument}={value!r} is a {type(value).__name__}: expected an integer")


def below_one(argument: str, value: int) -> ValueError:
    """A stride, dilation or number of threads below 1."""
    return ValueError(f"{argument}={value}: expected an integer of at least 1")


def too_large(argument: str, value: int) -> OverflowError:
    """A stride, dilation or position that no array index can reach."""
    return OverflowError(f"{argument}={value}: expected less than 2**62, the reach of an array index")


def center_outside(center: int, length: int, axis: int) -> ValueError:
    """A centre that is no element of the kernel."""
    return ValueError(
        f"center={center} on axis {axis} lies outside the kernel: expected 0 to {length - 1}, "
        f"an element of the kernel's {length} along that axis"
    )


def dimensions_differ(x_shape: tuple[int, ...], w_shape: tuple[int, ...]) -> ValueError:
    """Input and kernel with different numbers of dimensions, and no axes."""
    return ValueError(
        f"x has {len(x_shape)} dimensions (shape {x_shape}), w has {len(w_shape)} (shape {w_shape}): "
        "expected as many; axes= says along which axes of x those of w lie"
    )


def axes_differ(axes: tuple[int, ...], w_shape: tuple[int, ...]) -> ValueError:
    """As many axes as the kernel has dimensions."""
    return ValueError(
        f"axes={axes} names {len(axes)} axes, w has {len(w_shape)} (shape {w_shape}): expected one for each axis of w"
    )


def axis_out_of_range(axis: int, ndim: int) -> ValueError:
    """An axis that x does not have."""
    return ValueError(f"axes: {axis} is no axis of x: expected {-ndim} to {ndim - 1} for its {ndim} dimensions")


def axis_twice(axes: tuple[int, ...]) -> ValueError:
    """An axis named twice."""
    return ValueError(f"axes={axes} names an axis twice: expected each once")


def empty_kernel(shape: tuple[int, ...], argument: str = "w") -> ValueError:
    """A kernel without elements."""
    return ValueError(f"{argument} is empty (shape {shape}): expected a kernel with at least one element")


def factor_not_one_dimensional(shape: tuple[int, ...]) -> ValueError:
    """A tuple of kernels, one of which is no line."""
    return ValueError(
        f"w is a tuple, the factors of a kernel, and one has shape {shape}: expected 1-D kernels, one for each axis; "
        "a matrix of weights is a list of lists or an array"
    )


def empty_input(shape: tuple[int, ...], mode: str) -> ValueError:
    """An empty input where only mode='same' has an answer."""
    return ValueError(
        f"x is empty (shape {shape}) and mode={mode!r}: expected at least one sample along each axis "
        "of the kernel; mode='same' gives an empty result"
    )


def kernel_does_not_fit(reach: int, n: int, axis: int) -> ValueError:
    """mode='valid' with a kernel longer than the input."""
    return ValueError(
        f"mode='valid': the kernel reaches over {reach} samples on axis {axis}, x has {n}: "
        "expected a kernel that fits inside; mode='same' or 'full' lets it reach beyond the edges, "
        "and swapping x and w swaps their roles"
    )


def not_numeric(argument: str, what: str) -> TypeError:
    """Strings, dates, records, None and the like."""
    return TypeError(f"{argument} is {what}: expected numbers (bool, integer, floating, complex, or Python numbers)")


def shape_alone(argument: str) -> TypeError:
    """A text such as "f32[8]" where a result is wanted."""
    return TypeError(f"{argument} is a type and shape alone: expected an array; faltung.plan takes shapes")


def ragged(argument: str, reason: str) -> ValueError:
    """Nested sequences of unequal lengths."""
    return ValueError(
        f"{argument} is no rectangular array of numbers ({reason}): expected equal lengths on every level"
    )


def not_bridged(argument: str, library: str, kind: str) -> TypeError:
    """An array of another library where NumPy's are taken."""
    bridge = {"PyTorch": "faltung.torch", "JAX": "faltung.jax"}.get(library)
    layers = f"{bridge} takes it as layers do, or " if bridge else ""
    return TypeError(
        f"{argument} is a {library} {kind}, which this function does not take: expected a NumPy array; {layers}"
        "convert it yourself (numpy.asarray), so that no device or graph is left unseen"
    )


def masked_kernel(argument: str = "w") -> TypeError:
    """A kernel with a mask."""
    return TypeError(
        f"{argument} is a masked array: expected a kernel whose every weight is known; "
        f"use {argument}.filled(0) or {argument}.data"
    )


def mixed_exact(x_kind: str, w_kind: str) -> TypeError:
    """Fractions with Decimals or floats, whose sums Python itself refuses."""
    return TypeError(
        f"x holds {x_kind}, w holds {w_kind}: these do not mix; expected one exact kind in both "
        "(integers and Fractions, or integers and Decimals)"
    )


def fill_value_does_not_fit(value: object, dtype: str) -> ValueError:
    """A fill value that the input's type cannot hold."""
    return ValueError(
        f"fill_value={value!r} cannot be cast to {dtype}, the type that x is summed as: expected a number that can"
    )


def values_do_not_fit(argument: str, dtype: str) -> ValueError:
    """Python's numbers that the other operand's type does not hold."""
    return ValueError(
        f"{argument} holds numbers beyond {dtype}, the type that they take beside the other operand: "
        "expected smaller ones, or an array of a wider type"
    )


def too_many_axes(ndim: int, most: int) -> ValueError:
    """Arrays of as many dimensions as NumPy knows, which leaves no room for batch and channels."""
    return ValueError(f"x has {ndim} dimensions: expected at most {most}; reshape can merge batch axes")


def fill_value_without_constant(value: object, boundary: object) -> ValueError:
    """A fill value that nothing would read."""
    return ValueError(f"fill_value={value!r} has no effect with boundary={boundary!r}: expected boundary='constant'")


def result_dtype_refused(dtype: str, natural: str, mend: str) -> TypeError:
    """dtype= that would lose what the result is."""
    return TypeError(f"dtype={dtype!r}: the result is {natural}, which it cannot hold; {mend}")


def not_a_dtype(value: object, reason: str) -> TypeError:
    """A dtype that NumPy does not know."""
    return TypeError(f"dtype={value!r} names no type ({reason}): expected a numeric one, such as 'float64'")


def integer_overflow(dtype: str) -> OverflowError:
    """An exact integer result that does not fit."""
    mend = "object, as dtype= or as the operands' own type, is exact at any size, float64 rounds"
    return OverflowError(f"an exact result does not fit into {dtype}: expected results within its range; {mend}")


def weights_not_normalisable(reason: str) -> ValueError:
    """Renormalising with weights that are no weights."""
    return ValueError(
        f"w {reason}: boundary='normalize', nan_policy='omit' and masked input divide by the weights present, "
        "which needs real weights >= 0 with a positive sum"
    )


def holds_nan(argument: str) -> ValueError:
    """A NaN under nan_policy='raise'."""
    return ValueError(f"{argument} holds NaN and nan_policy='raise': expected none; 'propagate' or 'omit' accepts them")


def out_mismatch(what: str, was: object, expected: object) -> ValueError:
    """An output array of the wrong shape."""
    return ValueError(f"out has {what} {was}: expected {expected}")


def out_not_an_array(value: object) -> TypeError:
    """An output that is no NumPy array."""
    return TypeError(f"out is a {type(value).__name__}: expected a NumPy array of the result's shape and type")


def out_wrong_type(was: str, expected: str) -> TypeError:
    """An output array of another type than the result's."""
    return TypeError(f"out has dtype {was}: expected {expected}; dtype= chooses the result's type")


def out_read_only() -> ValueError:
    """An output that must not be written."""
    return ValueError("out is read-only: expected a writable array")


def result_too_large(shape: tuple[int, ...], dtype: str, size: int) -> MemoryError:
    """A result that cannot be allocated."""
    return MemoryError(
        f"the result (shape {shape}, {dtype}) needs {size} bytes, more than can be "
        "allocated: expected a smaller one, of a part of the input, with less padding or a larger stride"
    )


def method_refuses(method: str, reason: str) -> ValueError:
    """method= names an algorithm that cannot do this problem."""
    return ValueError(f"method={method!r} refuses: {reason}; method='auto' takes the fastest that can")


def bad_accuracy(value: object) -> ValueError:
    """An accuracy that is neither a word nor a tolerance."""
    return ValueError(f"accuracy={value!r}: expected 'norm', 'elementwise' or a relative tolerance between 0 and 1")


def unplanned_operand(argument: str, was: str, planned: str) -> ValueError:
    """A plan called with arrays of another shape or type."""
    return ValueError(f"{argument} is {was}, the plan was made for {planned}: expected the same, or another plan")


def plan_wants_kernel(has_kernel: bool) -> TypeError:
    """A plan called with a kernel too many, or without one."""
    if has_kernel:
        return TypeError("w: this plan holds its kernel already: expected plan(x)")
    return TypeError("w is missing: this plan was made from shapes alone: expected plan(x, w)")


def line_unreadable(line: str, reason: str) -> ValueError:
    """A problem line that cannot be parsed."""
    example = "convolve x=f32[2048,2048] w=f32[31,31]@15,15 mode=same boundary=reflect"
    return ValueError(f"problem line {line!r}: {reason}; expected, for example, {example!r}")


def unknown_instruction_set(value: str, available: Sequence[str], where: str = "instruction_set") -> ValueError:
    """A forced instruction set that this machine or build does not have."""
    return ValueError(f"{where}={value!r}: expected one that this processor runs: {_choices(['auto', *available])}")


def kernel_parameter(argument: str, value: Any, expected: str) -> ValueError:
    """A parameter of a named kernel that makes none."""
    return ValueError(f"{argument}={value!r}: expected {expected}")


def law_untried(argument: str, value: object, expected: str) -> ValueError:
    """A check of a law that would check nothing."""
    return ValueError(f"{argument}={value!r}: expected {expected}, for a law to be tried on")


def kernel_parameter_unknown(argument: str, samples: str) -> ValueError:
    """A traced parameter that should decide how long a kernel is."""
    return ValueError(
        f"{argument} is traced, and its value decides how many samples the kernel has: expected {samples}=, which "
        "says that instead"
    )


def kernel_needs_copy(dtype: object, own: str) -> ValueError:
    """numpy.asarray(kernel, dtype=…, copy=False)."""
    return ValueError(f"dtype={dtype!r}: a kernel of {own} becomes that by a copy only; copy=False forbids it")


def kernel_does_not_change(attribute: str) -> AttributeError:
    """Assigning to an attribute of a Kernel."""
    return AttributeError(
        f"{attribute}: a Kernel does not change once it is made; make another with Kernel(values, ...)"
    )


def subclass_not_taken(argument: str, kind: str) -> TypeError:
    """An ndarray subclass whose meaning (a unit, say) the result would lose."""
    return TypeError(
        f"{argument} is a {kind}, a subclass of numpy.ndarray whose meaning the result would lose: "
        "expected a plain array; use numpy.asarray if that is meant"
    )


def masked_in_a_list(argument: str) -> TypeError:
    """A list of masked arrays, whose masks NumPy drops."""
    return TypeError(
        f"{argument} is a list of masked arrays, whose masks would be lost: expected numpy.ma.stack of them"
    )


def tuple_of_sequences(value: tuple[object, ...]) -> TypeError:
    """A tuple of lists or tuples, which may mean factors or a matrix."""
    return TypeError(
        f"w={value!r} is a tuple of sequences: expected a tuple of 1-D arrays or Kernels for the factors of a kernel, "
        "or a list of lists for a matrix of weights"
    )


def objects_do_not_sum(reason: Exception) -> TypeError:
    """Objects whose own arithmetic refuses their products or sums."""
    words = str(reason) or type(reason).__name__
    return TypeError(
        f"x, w and fill_value hold objects whose products do not add up ({words}): expected numbers of one exact kind "
        "in all of them (integers and Fractions, or integers and Decimals)"
    )


def mixed_exact_within(argument: str, kinds: Sequence[str]) -> TypeError:
    """Decimals beside other kinds in one operand."""
    return TypeError(f"{argument} holds {' and '.join(kinds)}: these do not mix; expected one exact kind")


def out_repeats_itself() -> ValueError:
    """A view for the result whose elements share memory."""
    return ValueError("out is a view in which several elements are one number in memory: expected one for each")


def out_is_masked() -> TypeError:
    """A masked array for the result."""
    return TypeError("out is a masked array, whose mask would say nothing of the result: expected a plain array")


def no_algorithm(accuracy: object, best: float) -> ValueError:
    """A tolerance that no algorithm keeps."""
    return ValueError(f"accuracy={accuracy!r}: no algorithm keeps it; the most accurate has a bound of {best:.1e}")


def unplanned_center(center: tuple[int, ...], planned: tuple[int, ...]) -> ValueError:
    """A Kernel whose own centre is not the plan's."""
    return ValueError(
        f"w has its centre at {center}, the plan was made for {planned}: expected the same, or another plan"
    )


def integers_out_of_plan(argument: str, dtype: str) -> OverflowError:
    """Python integers beyond the planned type."""
    return OverflowError(
        f"{argument} holds integers beyond {dtype}, which the plan was made for: expected others within it"
    )


def spacing_without_function(value: object) -> TypeError:
    """spacing= beside arrays alone."""
    return TypeError(f"spacing={value!r}: only a continuous kernel has use for it: expected a faltung.Function as w")


def variable_without_expression(value: object) -> TypeError:
    """variable= beside arrays alone."""
    return TypeError(f"variable={value!r}: only SymPy expressions have one: expected expressions as x and w")
