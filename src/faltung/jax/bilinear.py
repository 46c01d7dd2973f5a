"""The three faces of a layer's form as primitives of JAX, on the CPU through the native core.

Each is linear in both operands, and transposing it in one of them gives another: that is all
that JAX asks for to differentiate to any order, forwards and backwards. On other devices they
are programs of `faltung.jax.xla`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from faltung.jax import xla
from faltung.tensor.form import Array, Form, Shape, in_type


class Face(NamedTuple):
    """What one primitive computes, and which of its arrays are kernels."""

    name: str
    native: Callable[..., Array]
    traced: Callable[..., Any]
    kernels: tuple[bool, bool, bool]
    """Whether the first operand, the second and the result are."""


# the layer and its transposes, natively ----------------------------------------------------


def _output(x: Array, v: Array, form: Form, shape: Shape) -> Array:
    return form.output(x, v.conj() if form.layer.operation == "correlate" else v, shape)


def _input_transpose(g: Array, v: Array, form: Form, shape: Shape) -> Array:
    return form.input_gradient(g, v if form.layer.operation == "correlate" else v.conj(), shape)


def _kernel_transpose(x: Array, g: Array, form: Form, shape: Shape) -> Array:
    if form.layer.operation == "correlate":
        return form.kernel_gradient(x, g.conj(), shape)
    return form.kernel_gradient(x.conj(), g, shape)


# primitives --------------------------------------------------------------------------------


def _primitive(face: Face) -> Primitive:
    primitive = Primitive(face.name)
    primitive.def_impl(jax.jit(primitive.bind, static_argnames=("form", "shape")))
    primitive.def_abstract_eval(lambda one, _two, shape, **_: ShapedArray(shape, one.dtype))
    mlir.register_lowering(primitive, mlir.lower_fun(functools.partial(_traced, face), multiple_results=False))
    native = mlir.lower_fun(functools.partial(_called_back, face), multiple_results=False)
    mlir.register_lowering(primitive, native, platform="cpu")
    batching.primitive_batchers[primitive] = functools.partial(_mapped, primitive, face)
    return primitive


def _traced(face: Face, one: Any, two: Any, *, form: Form, shape: Shape) -> Any:
    return face.traced(one, two, form, shape)


def _called_back(face: Face, one: Any, two: Any, *, form: Form, shape: Shape) -> Any:
    """The native core, called from the compiled program."""
    result = jax.ShapeDtypeStruct(shape, one.dtype)

    def call(one: Any, two: Any) -> Array:
        arrays = [_as_array(each) for each in (one, two)]
        return in_type(face.native(*arrays, form, shape), result.dtype)

    return jax.pure_callback(call, result, one, two)


def _as_array(array: Any) -> Array:
    """The array's own memory; a copy for bfloat16, which the core does not know."""
    values = np.asarray(array)
    return values.astype(np.float32) if values.dtype == jnp.bfloat16 else values


def _mapped(primitive: Primitive, face: Face, operands: Any, axes: Any, *, form: Form, shape: Shape) -> tuple[Any, int]:
    """`jax.vmap`: the mapped axis falls in with the batch where kernels are not mapped, otherwise
    with the channels, its entries into groups.
    """
    (count,) = {each.shape[axis] for each, axis in zip(operands, axes, strict=True) if axis is not None}
    if not count:  # none of one
        operands = [_with_one(*mapped) for mapped in zip(operands, axes, strict=True)]
        one, at = _mapped(primitive, face, operands, axes, form=form, shape=shape)
        return jax.lax.slice_in_dim(one, 0, 0, axis=at), at
    if face.kernels[1:] == (True, False) and axes[1] is None:
        first = jnp.moveaxis(operands[0], axes[0], 0)
        first = first.reshape(count * first.shape[1], *first.shape[2:])
        result = primitive.bind(first, operands[1], form=form, shape=(count * shape[0], *shape[1:]))
        return result.reshape(count, *shape), 0
    beside = [_beside(*each, count) for each in zip(operands, axes, face.kernels[:2], strict=True)]
    axis = 0 if face.kernels[2] else 1
    longer = (*shape[:axis], count * shape[axis], *shape[axis + 1 :])
    result = primitive.bind(*beside, form=form.side_by_side(count), shape=longer)
    return result.reshape(*shape[:axis], count, *shape[axis:]), axis


def _with_one(array: Any, axis: int | None) -> Any:
    """An operand that is mapped along an empty axis, with one entry of zeros."""
    if axis is None:
        return array
    return jnp.pad(array, [(0, 1 if i == axis else 0) for i in range(array.ndim)])


def _beside(array: Any, axis: int | None, is_kernel: bool, count: int) -> Any:
    """Mapped operands side by side: kernels in more filters, others in more channels."""
    at = 0 if is_kernel else 1
    if axis is None:
        stacked = jnp.broadcast_to(jnp.expand_dims(array, at), (*array.shape[:at], count, *array.shape[at:]))
    else:
        stacked = jnp.moveaxis(array, axis, at)
    return stacked.reshape(*stacked.shape[:at], count * stacked.shape[at + 1], *stacked.shape[at + 2 :])


_OUTPUT = _primitive(
    Face("faltung_output", _output, lambda x, v, form, shape: xla.output(x, v, form, shape[2:]), (False, True, False))
)
_INPUT = _primitive(Face("faltung_input_transpose", _input_transpose, xla.input_transpose, (False, True, False)))
_KERNEL = _primitive(Face("faltung_kernel_transpose", _kernel_transpose, xla.kernel_transpose, (False, False, True)))


# which are each other's derivatives --------------------------------------------------------


def output(x: Any, v: Any, form: Form) -> Any:
    """The layer, without a fill value, for the kernel as it is multiplied."""
    problem = form.problem(xla.scalar(x), x.shape, v.shape)
    return _OUTPUT.bind(x, v, form=form, shape=(x.shape[0], v.shape[0], *problem.length))


def input_transpose(g: Any, v: Any, form: Form, shape: Shape) -> Any:
    """The layer's transpose in its input, of the shape given."""
    return _INPUT.bind(g, v, form=form, shape=shape)


def _kernel(x: Any, g: Any, form: Form, like: Any) -> Any:
    return _KERNEL.bind(x, g, form=form, shape=like.aval.shape)


def _input(g: Any, v: Any, form: Form, like: Any) -> Any:
    return _INPUT.bind(g, v, form=form, shape=like.aval.shape)


def _again(x: Any, v: Any, form: Form, like: Any) -> Any:
    return _OUTPUT.bind(x, v, form=form, shape=like.aval.shape)


# By the first operand, and by the second; the cotangent has the result's place.
ad.defbilinear(
    _OUTPUT,
    lambda g, x, v, form, **_: _input(g, v, form, x),
    lambda g, x, v, form, **_: _kernel(x, g, form, v),
)
ad.defbilinear(
    _INPUT,
    lambda x, g, v, form, **_: _again(x, v, form, g),
    lambda x, g, v, form, **_: _kernel(x, g, form, v),
)
ad.defbilinear(
    _KERNEL,
    lambda v, x, g, form, **_: _input(g, v, form, x),
    lambda v, x, g, form, **_: _again(x, v, form, g),
)
