"""The bridge to JAX: the numbers of the array functions and of JAX's own layers, under every transform."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import faltung as ft
from tests.rounding_bounds import of_sums

jax = pytest.importorskip("jax", reason="JAX is not installed, and no dependency")
ftj: Any = importlib.import_module("faltung.jax")
jnp, check_grads = jax.numpy, importlib.import_module("jax.test_util").check_grads

METHODS = ["auto", "lax"]
COMPUTED = [("auto", np.float64), ("auto", np.complex128), ("lax", np.complex128)]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"padding": 2, "boundary": "reflect", "stride": 2},
    {"padding": "causal", "fill_value": 2.5, "dilation": 2},
    {"padding": ((-1, 2), (3, 0)), "boundary": ("edge", "wrap"), "groups": 2},
    {"padding": "full", "input_dilation": (2, 1), "stride": 3},
    {"padding": "same", "boundary": "symmetric", "groups": 2, "stride": (1, 2)},
    {"padding": ((2, 0), (1, 3)), "input_dilation": (2, 1), "fill_value": 2.5},
]
TRANSPOSED: list[dict[str, Any]] = [
    {"stride": 2, "padding": 1, "output_padding": 1, "boundary": "reflect"},
    {"groups": 2, "padding": "causal"},
    {"dilation": 3, "output_padding": (2, 1)},
]


@pytest.fixture(autouse=True)
def _in_double_precision() -> Iterator[None]:
    jax.config.update("jax_enable_x64", True)  # of the process: callbacks run in threads of their own
    yield
    jax.config.update("jax_enable_x64", False)


def random(*shape: int, seed: int = 0, dtype: Any = np.float64) -> Any:
    rng = np.random.default_rng(seed + sum(shape))
    values = rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if dtype == np.complex128 else 0)
    return values.astype(dtype)


def operands(options: dict[str, Any], dtype: Any = np.float64) -> tuple[Any, Any, Any]:
    x, w = random(1, 4, 5, 4, dtype=dtype), random(2, 4 // options.get("groups", 1), 3, 2, seed=1, dtype=dtype)
    return x, w, random(2, seed=2)


# the same numbers --------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "dtype"), COMPUTED)
@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("options", OPTIONS)
def test_layers_are_those_of_arrays(method: str, operation: str, options: dict[str, Any], dtype: Any) -> None:
    x, w, bias = operands(options, dtype)
    expected = getattr(ft.tensor, operation)(x, w, bias=bias, **options)

    def layer(x: Any, w: Any) -> Any:
        return getattr(ftj, operation)(x, w, bias=bias, method=method, **options)

    for found in (jax.jit(layer)(x, w), jax.jit(layer)(x[0], w)[None]):
        assert found.dtype == dtype
        assert_allclose(found, expected, rtol=0, atol=of_sums(x, w))


@pytest.mark.parametrize(("method", "dtype"), COMPUTED)
@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("options", TRANSPOSED)
def test_transposed_layers_are_those_of_arrays(
    method: str, operation: str, options: dict[str, Any], dtype: Any
) -> None:
    x, w = random(2, 2, 3, 4, dtype=dtype), random(2, 3, 3, 2, seed=1, dtype=dtype)
    expected = getattr(ft.tensor, f"{operation}_transposed")(x, w, **options)

    def layer(x: Any, w: Any) -> Any:
        return getattr(ftj, f"{operation}_transposed")(x, w, method=method, **options)

    assert_allclose(jax.jit(layer)(x, w), expected, rtol=0, atol=of_sums(x, w))
    assert_allclose(jax.jit(layer)(x[0], w), expected[0], rtol=0, atol=of_sums(x, w))


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_correlate_is_the_layer_of_jax(ndim: int) -> None:
    x, w = random(2, 4, *[7] * ndim), random(6, 2, *[3] * ndim)
    theirs = jax.lax.conv_general_dilated(
        x, w, [2] * ndim, [(1, 2)] * ndim, lhs_dilation=[2] * ndim, rhs_dilation=[2] * ndim, feature_group_count=2
    )
    words = {"stride": 2, "padding": [(1, 2)] * ndim, "dilation": 2, "groups": 2, "input_dilation": 2}
    assert_allclose(ftj.correlate(x, w, **words), theirs, rtol=0, atol=of_sums(x, w))
    flipped = np.flip(w, tuple(range(2, w.ndim)))
    assert_allclose(ftj.convolve(x, flipped, **words), theirs, rtol=0, atol=of_sums(x, w))


def test_complex_kernels_are_conjugated() -> None:
    x, w = random(2, 3, 6, dtype=np.complex128), random(2, 3, 3, dtype=np.complex128)
    assert_allclose(
        ftj.correlate(x, w.conj()), jax.lax.conv_general_dilated(x, w, [1], "VALID"), rtol=0, atol=of_sums(x, w)
    )


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "int32", "int64", "uint8", "complex64"])
def test_types_are_kept(name: str) -> None:
    x, w = (jnp.asarray(random(*shape) * 3).astype(name) for shape in [(1, 2, 6), (3, 2, 2)])
    x, w = (x % 4, w % 4) if name == "uint8" else (x, w)
    y = ftj.correlate(x, w)
    assert y.dtype == name
    exact = ft.tensor.correlate(*(np.asarray(each).astype(complex) for each in (x, w)))
    precision = 0 if "int" in name else float(jnp.finfo(name).eps)
    assert_allclose(np.asarray(y).astype(complex), exact, atol=4 * precision * abs(exact).max())


def test_a_fill_value_is_of_the_operands_type() -> None:
    x = jnp.ones((1, 1, 3), "int32")
    assert ftj.correlate(x, x, padding=1, fill_value=2)[0, 0].tolist() == [4, 3, 4]
    with pytest.raises(ValueError, match=r"fill_value=2.5 cannot be cast to int64"):
        ftj.correlate(x, x, padding=1, fill_value=2.5)


def test_integers_that_do_not_fit_are_refused() -> None:
    x = jnp.full((1, 1, 3), 100, "uint8")
    with pytest.raises(Exception, match="does not fit into uint8"):
        ftj.correlate(x, x).block_until_ready()
    with pytest.raises(ValueError, match="method='lax' with uint8 is not for tensors: XLA's integers wrap around"):
        ftj.correlate(x, x, method="lax")


@pytest.mark.parametrize("operation", ["convolve_unshared", "correlate_unshared"])
@pytest.mark.parametrize("options", [{"method": "lax"}, {"padding": "same", "boundary": "reflect", "stride": 2}])
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_unshared_layers_are_those_of_arrays(operation: str, options: dict[str, Any], dtype: Any) -> None:
    x, bias = random(2, 2, 5, 4, dtype=dtype), random(3)
    words = {name: value for name, value in options.items() if name != "method"}
    length = ft.tensor.correlate(x, random(3, 2, 2, 3), **words).shape[2:]
    w = random(3, 2, 2, 3, *length, dtype=dtype)
    expected = getattr(ft.tensor, operation)(x, w, bias=bias, **words)

    @jax.jit
    def layer(x: Any, w: Any, bias: Any) -> Any:
        return getattr(ftj, operation)(x, w, bias=bias, **options)

    assert_allclose(layer(x, w, bias), expected, rtol=0, atol=of_sums(x, w))
    assert_allclose(layer(x[0], w, bias), expected[0], rtol=0, atol=of_sums(x, w))
    check_grads(layer, (x, w, bias), order=2)


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("options", [{"method": "lax"}, {"padding": "same", "boundary": "reflect", "stride": 2}])
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_depthwise_layers_are_those_of_arrays(operation: Any, options: dict[str, Any], dtype: Any) -> None:
    x, w, bias = random(2, 3, 5, 4, dtype=dtype), random(3, 2, 3, dtype=dtype), random(3)
    words = {name: value for name, value in options.items() if name != "method"}
    expected = ft.tensor.depthwise(x, w, operation=operation, bias=bias, **words)

    @jax.jit
    def layer(x: Any, w: Any, bias: Any) -> Any:
        return ftj.depthwise(x, w, operation=operation, bias=bias, **options)

    assert_allclose(layer(x, w, bias), expected, rtol=0, atol=of_sums(x, w))
    assert_allclose(layer(x[0], w, bias), expected[0], rtol=0, atol=of_sums(x, w))
    check_grads(layer, (x, w, bias), order=2)


# derivatives -------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("options", OPTIONS)
def test_derivatives_of_first_and_second_order(operation: str, options: dict[str, Any]) -> None:
    @jax.jit
    def layer(x: Any, w: Any, bias: Any) -> Any:
        return getattr(ftj, operation)(x, w, bias=bias, **options)

    check_grads(layer, operands(options), order=1 if "fill_value" in options else 2)


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("options", TRANSPOSED)
def test_derivatives_of_transposed_layers(operation: str, options: dict[str, Any]) -> None:
    @jax.jit
    def layer(x: Any, w: Any) -> Any:
        return getattr(ftj, f"{operation}_transposed")(x, w, **options)

    check_grads(layer, (random(1, 2, 3, 2), random(2, 1, 2, 2)), order=2)


@pytest.mark.parametrize("name", ["convolve", "correlate_transposed"])
@pytest.mark.parametrize("i", range(3))
def test_derivatives_of_both_methods_are_the_same(name: str, i: int) -> None:
    options = (TRANSPOSED if "transposed" in name else OPTIONS[1::2])[i]
    x, w = random(1, 4, 5, 4), random(4, 4 // options.get("groups", 1), 3, 2)
    both = []
    for method in METHODS:
        loss = lambda x, w, m=method: jnp.sin(getattr(ftj, name)(x, w, method=m, **options)).sum()  # noqa: E731
        both.append(jax.jit(jax.grad(loss, argnums=(0, 1)))(x, w))
    for native, theirs in zip(*both, strict=True):
        assert_allclose(native, theirs, rtol=0, atol=max(of_sums(x, w, x), of_sums(x, w, w)))


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
def test_derivatives_of_complex_layers_follow_jax(operation: str) -> None:
    x, w, _ = operands({}, np.complex128)
    losses = [
        lambda x, w, method=method: (
            abs(getattr(ftj, operation)(x, w, padding=1, boundary="wrap", method=method)) ** 2
        ).sum()
        for method in METHODS
    ]
    check_grads(jax.jit(losses[0]), (x, w), order=1, modes=["rev"])
    native, theirs = (jax.grad(loss, argnums=(0, 1))(x, w) for loss in losses)
    for one, other in zip(native, theirs, strict=True):
        assert_allclose(one, other, rtol=0, atol=max(of_sums(x, w, x), of_sums(x, w, w)))
    real = jax.grad(losses[0], argnums=1)(x, w.real)
    assert real.dtype == np.float64


def test_third_derivatives() -> None:
    x, w = random(1, 1, 5), random(1, 1, 2)
    check_grads(lambda x, w: ftj.convolve(x, w, padding=1, boundary="edge") ** 3, (x, w), order=3)


# mapping -----------------------------------------------------------------------------------


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("axes", [(0, None), (None, 0), (0, 0), (2, 3), (None, 4)])
def test_mapped_layers(transposed: bool, axes: tuple[int | None, int | None]) -> None:
    name, w_shape = ("correlate_transposed", (4, 3, 3, 2)) if transposed else ("correlate", (6, 2, 3, 2))
    shapes = [(2, 4, 6, 5), w_shape]
    x, w = (
        random(*shape) if axis is None else random(*shape[:axis], 3, *shape[axis:])
        for shape, axis in zip(shapes, axes, strict=True)
    )

    def loss(x: Any, w: Any) -> Any:
        return jnp.sin(getattr(ftj, name)(x, w, groups=2, stride=2, padding=1, boundary="reflect")).sum()

    derivatives = jax.value_and_grad(loss, argnums=(0, 1))
    found, (gx, gw) = jax.jit(jax.vmap(derivatives, in_axes=axes))(x, w)
    for i in range(3):
        one = [each if axis is None else np.take(each, i, axis) for each, axis in zip((x, w), axes, strict=True)]
        expected, (ex, ew) = derivatives(*one)
        assert_allclose(found[i], expected, rtol=0, atol=of_sums(x, w, 1.0))
        assert_allclose(gx[i], ex, rtol=0, atol=of_sums(x, w, w))
        assert_allclose(gw[i], ew, rtol=0, atol=of_sums(x, w, x))


@pytest.mark.parametrize(("count", "batch"), [(0, 2), (3, 0)])
@pytest.mark.parametrize("axes", [(0, 0), (None, 1), (2, None)])
def test_mapped_over_nothing(count: int, batch: int, axes: Any) -> None:
    shapes = [(batch, 4, 6), (4, 2, 3)]
    x, w = (np.ones(s if at is None else (*s[:at], count, *s[at:])) for s, at in zip(shapes, axes, strict=True))
    layer = jax.vmap(lambda x, w: ftj.convolve(x, w, groups=2), in_axes=axes)
    gradients = jax.jit(jax.grad(lambda x, w: layer(x, w).sum(), argnums=(0, 1)))(x, w)
    assert layer(x, w).shape == (count, batch, 4, 4)
    for gradient, operand in zip(gradients, (x, w), strict=True):
        assert_array_equal(gradient, np.zeros(operand.shape))


def test_hessians_and_nested_maps() -> None:
    x, w = random(3, 2, 7), random(2, 2, 3)

    def loss(w: Any, x: Any) -> Any:
        return (ftj.convolve(x, w, padding=1, boundary="wrap") ** 2).sum()

    def plain(w: Any, x: Any) -> Any:
        return (ftj.convolve(x, w, padding=1, boundary="wrap", method="lax") ** 2).sum()

    native, theirs = (jax.jit(jax.vmap(jax.hessian(each), in_axes=(None, 0)))(w, x) for each in (loss, plain))
    assert_allclose(native, theirs, rtol=0, atol=of_sums(x, w, x))
    nested = jax.vmap(jax.vmap(lambda x, w: ftj.correlate(x, w), in_axes=(None, 0)), in_axes=(0, None))
    kernels = random(4, 2, 2, 3)
    expected = np.stack([[ft.tensor.correlate(one, k) for k in kernels] for one in x])
    assert_allclose(nested(x, kernels), expected, rtol=0, atol=of_sums(x, kernels))


# what is said ------------------------------------------------------------------------------


def test_the_native_core_computes_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    from faltung.tensor import form

    seen: list[Any] = []
    feature_map = form.feature_map
    monkeypatch.setattr(form, "feature_map", lambda *a: seen.append(a) or feature_map(*a))
    ftj.correlate(random(1, 2, 6), random(1, 2, 3)).block_until_ready()
    assert len(seen) == 1
    ftj.correlate(random(1, 2, 6), random(1, 2, 3), method="lax").block_until_ready()
    assert len(seen) == 1


def test_other_devices_have_a_program_without_callbacks() -> None:
    def loss(x: Any, w: Any) -> Any:
        return (ftj.correlate(x, w, padding=1, boundary="reflect") ** 2).sum()

    gradients = jax.jit(jax.grad(loss, argnums=(0, 1)))
    exported = jax.export.export(gradients, platforms=["cuda"])(
        jax.ShapeDtypeStruct((1, 2, 6), "float32"), jax.ShapeDtypeStruct((1, 2, 3), "float32")
    )
    program = exported.mlir_module()
    assert "stablehlo.convolution" in program
    assert "custom_call" not in program


def test_bad_layers_are_refused_in_words() -> None:
    x, w = jnp.ones((1, 4, 8)), jnp.ones((3, 3, 3))
    with pytest.raises(ValueError, match=r"expected x of shape \(1, 3, 8\)"):
        ftj.correlate(x, w)
    with pytest.raises(ValueError, match="bias has shape"):
        ftj.correlate(x[:, :3], w, bias=jnp.ones(2))
    with pytest.raises(ValueError, match="boundary='circular' is PyTorch"):
        ftj.convolve(x, w, boundary="circular")
    with pytest.raises(TypeError, match=r"correlate_transposed\(\) got an unexpected keyword argument 'fill_value'"):
        ftj.correlate_transposed(x, w, fill_value=1)
    with pytest.raises(ValueError, match="expected x as"):
        ftj.correlate(x[0, 0], w)
    with pytest.raises(ValueError, match=r"method='vendor': expected 'auto', .* or 'lax'"):
        ftj.correlate(x[:, :3], w, method="vendor")
    with pytest.raises(ValueError, match="as fill_value is not for tensors: it is part of the layer"):
        jax.jit(lambda fill_value: ftj.correlate(x[:, :3], w, padding=1, fill_value=fill_value))(1.0)
    with pytest.raises(ValueError, match="threads=0"):
        ftj.correlate_transposed(x[:, :3], w, threads=0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("dtype", "value"), [("float16", 1e6), ("bfloat16", 3.4e38), ("float32", -1e300), ("int8", 300)]
)
def test_fill_values_beyond_their_type_are_refused(method: str, dtype: str, value: float) -> None:
    x, w = jnp.zeros((1, 1, 4), dtype), jnp.ones((1, 1, 3), dtype)
    if (method, dtype) != ("lax", "int8"):
        with pytest.raises(ValueError, match=re.escape(f"fill_value={value}") + f".* cannot be cast to {dtype}"):
            ftj.correlate(x, w, padding=1, fill_value=value, method=method)
    with pytest.raises(ValueError, match=re.escape(f"fill_value={value}") + f".* cannot be cast to {dtype}"):
        ftj.correlate_unshared(x, jnp.ones((1, 1, 3, 4), dtype), padding=1, fill_value=value)


def test_plans_of_jax_arrays_are_left_to_the_bridge() -> None:
    with pytest.raises(TypeError, match="JAX"):
        ft.convolve(jnp.ones(3), [1.0])


def test_a_kernel_is_learned_by_gradient_descent() -> None:
    x, kernel = random(4, 1, 12, 12), random(1, 1, 3, 3)
    y = ft.tensor.convolve(x, kernel, padding="same", boundary="reflect")

    @jax.jit
    def gradient(w: Any) -> Any:
        return jax.grad(lambda w: ((ftj.convolve(x, w, padding="same", boundary="reflect") - y) ** 2).mean())(w)

    w = jnp.zeros_like(kernel)
    for _ in range(200):
        w = w - 0.3 * gradient(w)
    assert_array_equal(abs(np.asarray(w) - kernel) < 1e-6, True)


# kernels with parameters that learn --------------------------------------------------------


def test_layers_are_differentiable_by_the_parameters_of_their_kernels() -> None:
    x = random(1, 1, 9)
    for kernel, number in [
        (lambda s: ftj.kernels.gaussian(s, radius=4), ft.kernels.gaussian(1.0)),
        (lambda s: ftj.kernels.exponential(s, length=10), ft.kernels.exponential(1.0)),
        (lambda s: ftj.kernels.box(3 * s, radius=1), ft.kernels.box(3)),
    ]:
        assert_allclose(kernel(jnp.asarray(1.0)), number.values, rtol=1e-14)
        layer = jax.jit(lambda s, k=kernel: ftj.convolve(x, k(s)[None, None], padding="full", boundary="edge"))
        check_grads(layer, (1.2,), order=1)


def test_a_traced_parameter_needs_a_radius() -> None:
    with pytest.raises(ValueError, match="sigma is traced"):
        jax.jit(ftj.kernels.gaussian)(1.0)
    assert ftj.kernels.gaussian([1, 2]).shape == (9, 17)
