"""What users are told of layers that cannot be: the messages of this wing.

As in `faltung.errors`: each function builds one exception, whose text names the numbers and the
way out; ``tests/test_errors.py`` holds them all, word for word.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def tensor_rank(x_shape: tuple[int, ...], w_shape: tuple[int, ...], w_layout: str, w: str = "w") -> ValueError:
    """Numbers of axes that are no input and kernel of one layer."""
    one_channel = (1, 1, *w_shape) if w == "kernel_shape" else f"{w}[None, None]"
    mend = f"; {one_channel} is such, of one channel" if len(x_shape) - len(w_shape) in (1, 2) else ""
    if len(w_shape) < 2:
        return ValueError(f"{w} has shape {w_shape}: expected {w_layout}{mend}")
    return ValueError(
        f"x has {len(x_shape)} axes (shape {x_shape}), {w} has {len(w_shape)} (shape {w_shape}): expected x as "
        f"(N, C, *space) with {len(w_shape)} axes, or (C, *space) with {len(w_shape) - 1}, and {w} as {w_layout}{mend}"
    )


def patch_rank(x_shape: tuple[int, ...], kernel_shape: tuple[int, ...]) -> ValueError:
    """Patches with more or fewer axes than the input has in space."""
    return ValueError(
        f"kernel_shape={kernel_shape} has {len(kernel_shape)} entries, x has shape {x_shape}: expected one entry "
        "for each spatial axis of x as (N, C, *space) or (C, *space)"
    )


def empty_patches(kernel_shape: object) -> ValueError:
    """Patches without a sample."""
    return ValueError(f"kernel_shape={kernel_shape}: expected lengths of at least 1")


def unshared_rank(x_shape: tuple[int, ...], w_shape: tuple[int, ...]) -> ValueError:
    """Numbers of axes that are no input and kernels of one unshared layer."""
    return ValueError(
        f"x has shape {x_shape}, w has shape {w_shape}: expected w as (O, C, *kernel, *output), and x as "
        "(N, C, *space) or (C, *space) with half as many axes as w has, and one more or as many"
    )


def channels_differ(
    x_shape: tuple[int, ...],
    w_shape: tuple[int, ...],
    groups: int,
    x_expected: tuple[int | str, ...],
    w_expected: tuple[int | str, ...],
) -> ValueError:
    """An input whose channels are not those that the kernel takes."""
    return ValueError(
        f"x of shape {x_shape} and w of shape {w_shape} differ in their channels with groups={groups}: "
        f"expected x of shape {_shape(x_expected)}, or w of shape {_shape(w_expected)}"
    )


def _shape(lengths: Sequence[int | str]) -> str:
    return "(" + ", ".join(map(str, lengths)) + ("," if len(lengths) == 1 else "") + ")"


def groups_do_not_divide(groups: int, channels: str, count: int) -> ValueError:
    """Channels that cannot be shared out among the groups."""
    return ValueError(f"groups={groups} does not divide the {count} {channels}: expected a divisor of {count}")


def no_output(axis: int, reach: int, n: int, sides: tuple[int, int]) -> ValueError:
    """A kernel that is longer than the padded input, along one axis."""
    low, high = sides
    enough = f"crops at most {n - reach}" if n > reach else f"adds at least {reach - n}"
    return ValueError(
        f"no output along spatial axis {axis}: the kernel reaches over {reach} samples, x with its padding has "
        f"{n} + {low} + {high} = {n + low + high}: expected a shorter kernel, less dilation, or padding that "
        f"{enough} in all"
    )


def no_samples(shape: tuple[int, ...]) -> ValueError:
    """An input without extent."""
    return ValueError(f"x has shape {shape}: expected at least one sample along each spatial axis")


def bad_padding(value: object, ndim: int, words: Sequence[str]) -> ValueError:
    """A padding that is neither a number, nor numbers per axis, nor a word; a pair alone may be meant for one axis."""
    *some, last = map(repr, words)
    match value:
        case [[int() as low, int() as high]] | [int() as low, int() as high]:
            mend = f"; {((low, high),) * ndim} adds {low} before and {high} after"
        case _:
            mend = ""
    return ValueError(
        f"padding={value!r}: expected an integer, {', '.join(some)} or {last}, or one integer or pair (low, high) "
        f"for each of the {ndim} spatial axes{mend}"
    )


def bias_mismatch(shape: tuple[int, ...], filters: int) -> ValueError:
    """A bias that is not one number for each output channel."""
    return ValueError(f"bias has shape {shape}: expected ({filters},), one number for each output channel")


def operand_mismatch(argument: str, was: object, expected: object, reason: str) -> ValueError:
    """An operand that does not go with the others: a gradient or shape that the forward pass would not have given."""
    return ValueError(f"{argument} is {was}: expected {expected}, {reason}")


def output_padding_too_long(value: int, limit: int, axis: int) -> ValueError:
    """Samples added beyond what stride and dilation leave open."""
    return ValueError(
        f"output_padding={value} on spatial axis {axis}: expected 0 to {limit - 1}, less than stride or dilation"
    )


def gradient_rank(argument: str, was: tuple[int, ...], other: str, shape: tuple[int, ...]) -> ValueError:
    """A gradient, or a shape, with a batch axis where the other has none, or of other axes."""
    return ValueError(
        f"{argument} is {was}, with {len(was)} axes: expected {len(shape)}, as many as {other} of shape {shape} has"
    )


def no_transposed_output(axis: int, length: int) -> ValueError:
    """A padding that crops all of what a transposed layer gives."""
    return ValueError(
        f"the output would be {length} long on spatial axis {axis}: expected at least 1; less padding crops less"
    )


def not_for_tensors(what: str, mend: str) -> ValueError:
    """Something that the array operations take, and layers do not."""
    return ValueError(f"{what} is not for tensors: {mend}")


def normalize_is_for_given_kernels() -> ValueError:
    """A boundary that learned and fitted kernels cannot have."""
    return ValueError(
        "boundary='normalize' divides by the weights present, all >= 0, which those of a learned or fitted kernel need "
        "not be: expected another boundary; faltung.convolve has this one"
    )


def depthwise_ambiguous(x: tuple[int, ...], w: tuple[int, ...]) -> ValueError:
    """Kernels that may be PyTorch's (C, 1, *kernel), beside an input that may be a batch."""
    return ValueError(
        f"w is {w} and x {x}: this may be a batch with kernels (C, 1, *kernel), or one input whose kernels are one tap "
        "long; expected w[:, 0] for the one, x[None] for the other"
    )


def weights_overflow(x_unit: float, y_unit: float) -> OverflowError:
    """Weights of a fitted kernel that are too large for their type."""
    return OverflowError(
        f"inputs of the size {x_unit:.1e} and targets of the size {y_unit:.1e}: weights between them are too large for "
        "their type; expected them scaled nearer to each other"
    )


def not_a_spec(value: str) -> ValueError:
    """A string that is no type and shape of an input."""
    return ValueError(f"x={value!r}: expected an array, or its type and shape such as 'f32[1,64|56,56]'")


def shape_for_numbers(argument: str, value: str) -> TypeError:
    """A type and shape where samples are needed."""
    return TypeError(f"{argument} is the string {value!r}: expected numbers; a type and shape alone is for x of plan()")


def not_a_shape(argument: str, value: object) -> ValueError:
    """A shape that is no sequence of lengths."""
    return ValueError(f"{argument}={value!r}: expected a shape, a sequence of lengths of at least 0")


def pairs_differ(first: str, second: str, expected: str) -> ValueError:
    """Inputs and targets of a fit that do not belong together."""
    return ValueError(f"{first} and {second} do not match: expected {expected}")


def fit_rank(argument: str, was: tuple[int, ...], kernel: tuple[int, ...]) -> ValueError:
    """An input or target of a fit whose axes are not those of the kernel."""
    return ValueError(
        f"{argument} has shape {was}, shape={kernel} has {len(kernel)} axes: expected arrays that are not empty, with "
        "as many axes, or (C, *space), or (N, C, *space); a list of arrays is as many pairs"
    )


def not_finite(argument: str) -> ValueError:
    """NaN or infinity where a fit sums everything."""
    return ValueError(
        f"{argument} holds NaN or infinity: expected finite numbers; numpy.ma.masked_invalid leaves them out"
    )


def fit_undetermined(
    kernel: tuple[int, ...], channels: int, rank: int, unknowns: int, condition: float, mean: float
) -> ValueError:
    """Inputs that many kernels would map alike; ``mean`` in standard deviations of the inputs."""
    each = f" for {channels} channels" if channels > 1 else ""
    hidden = ""
    if 1e4 < mean < math.inf:
        hidden = (
            f"; the inputs' mean is {mean:.0e} times their variation and hides it: subtract it from them, and what "
            "the kernel makes of it (the same number, if the weights sum to 1) from the targets"
        )
    weights = f"the inputs determine {rank} of the {unknowns} weights of a kernel of shape {kernel}{each}"
    if rank == 0:
        return ValueError(f"{weights}, as they are 0 wherever a target counts: expected inputs that vary there")
    return ValueError(
        f"{weights} (condition {condition:.1e}): expected inputs that vary more or of more samples, a smaller shape, "
        f"or ridge= above 0, such as 1e-6{hidden}"
    )


def beyond_operands_type(dtype: str) -> OverflowError:
    """An exact sum that the type which another library gives it does not hold."""
    return OverflowError(
        f"an exact result does not fit into {dtype}, the operands' type: expected results within its range; "
        "operands of a wider type make wider results"
    )


def not_quantised(argument: str, dtype: str) -> TypeError:
    """Floats, or integers whose difference no integer type holds."""
    return TypeError(f"{argument} holds {dtype}: expected integers of at most 32 bits, as quantised layers have")


def zero_point_shape(argument: str, shape: tuple[int, ...], expected: str) -> ValueError:
    """Zero points for what has none of its own."""
    return ValueError(f"{argument} has shape {shape}: expected {expected}")
