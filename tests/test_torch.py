"""The bridge to PyTorch: the same numbers as its own layers, and derivatives of any order."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import pytest
from numpy.testing import assert_array_equal

import faltung as ft

torch = pytest.importorskip("torch", reason="PyTorch is not installed, and no dependency")
ftt: Any = importlib.import_module("faltung.torch")
functional = torch.nn.functional
proxy_tensor: Any = importlib.import_module("torch.fx.experimental.proxy_tensor")
pytestmark = [
    # PyTorch's own, the first time that derivatives run forwards, and at its even 'same'.
    pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning"),
]

OPTIONS: list[dict[str, Any]] = [
    {},
    {"padding": 2, "stride": 2},
    {"padding": 1, "dilation": 2, "groups": 2},
    {"padding": (1, 0), "stride": (1, 3), "dilation": (2, 1)},
]


def random(*shape: int, dtype: Any = torch.float64, seed: int = 0) -> Any:
    return torch.rand(shape, dtype=dtype, generator=torch.Generator().manual_seed(seed + sum(shape))) - 0.5


def whole(*shape: int, seed: int = 0) -> Any:
    return torch.randint(-4, 5, shape, generator=torch.Generator().manual_seed(seed + sum(shape))).double()


def flipped(w: Any) -> Any:
    return w.flip(tuple(range(2, w.ndim)))


# PyTorch's own layers ----------------------------------------------------------------------


@pytest.mark.parametrize("options", OPTIONS)
def test_layers_are_those_of_torch(options: dict[str, Any]) -> None:
    x, w = whole(2, 4, 9, 8), whole(6, 4 // options.get("groups", 1), 3, 2)
    bias = whole(6)
    expected = functional.conv2d(x, w, bias, **options)
    for operation, kernel in (("correlate", w), ("convolve", flipped(w))):
        assert torch.equal(getattr(ftt, operation)(x, kernel, bias=bias, **options), expected)
        plain = getattr(ft.tensor, operation)(x.numpy(), kernel.numpy(), bias=bias.numpy(), **options)
        assert_array_equal(plain, expected.numpy())
    assert torch.equal(ftt.correlate(x[0], w, bias=bias, **options), expected[0])


@pytest.mark.parametrize(("ndim", "theirs"), [(1, functional.conv1d), (3, functional.conv3d)])
def test_layers_of_other_dimensions_are_those_of_torch(ndim: int, theirs: Any) -> None:
    x, w = whole(2, 3, *[6] * ndim), whole(4, 3, *[3] * ndim)
    assert torch.equal(ftt.correlate(x, w, padding=1, stride=2), theirs(x, w, padding=1, stride=2))


@pytest.mark.parametrize(
    "options", [*OPTIONS, {"stride": 3, "output_padding": (2, 1)}, {"dilation": 3, "output_padding": 2}]
)
def test_transposed_layers_are_those_of_torch(options: dict[str, Any]) -> None:
    x, w, groups = whole(2, 4, 5, 4), whole(4, 3, 3, 2), options.get("groups", 1)
    bias = whole(3 * groups)
    expected = functional.conv_transpose2d(x, w, bias, **options)
    assert torch.equal(ftt.correlate_transposed(x, w, bias=bias, **options), expected)
    assert torch.equal(ftt.convolve_transposed(x[0], flipped(w), bias=bias, **options), expected[0])
    ours = ft.tensor.correlate_transposed(x.numpy(), w.numpy(), bias=bias.numpy(), **options)
    assert_array_equal(ours, expected.numpy())
    ours = ft.tensor.convolve_transposed(x.numpy(), flipped(w).numpy(), bias=bias.numpy(), **options)
    assert_array_equal(ours, expected.numpy())


@pytest.mark.parametrize("options", OPTIONS)
def test_gradients_are_those_of_torch(options: dict[str, Any]) -> None:
    x, w = whole(2, 4, 9, 8), whole(6, 4 // options.get("groups", 1), 3, 2)
    gy = whole(*functional.conv2d(x, w, **options).shape, seed=1)
    found = [a.requires_grad_() for a in (x.clone(), w.clone())]
    expected = [a.requires_grad_() for a in (x.clone(), w.clone())]
    ftt.correlate(*found, **options).backward(gy)
    functional.conv2d(*expected, **options).backward(gy)
    assert all(torch.equal(a.grad, b.grad) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("boundary", "mode"),
    [("constant", "zeros"), ("reflect", "reflect"), ("edge", "replicate"), ("wrap", "circular")],
)
@pytest.mark.parametrize("size", [3, 4, (2, 5)])
def test_modules_are_those_of_torch(boundary: Any, mode: str, size: Any) -> None:
    for padding in ("same", "valid", 2):
        theirs = torch.nn.Conv2d(3, 4, size, padding=padding, padding_mode=mode).double()
        for ours in (
            ftt.Correlation2d(3, 4, size, padding=padding, boundary=boundary, dtype=torch.float64),
            ftt.Convolution2d(3, 4, size, padding=padding, boundary=boundary, dtype=torch.float64),
        ):
            ours.load_state_dict(theirs.state_dict())
            if isinstance(ours, ftt.Convolution2d):
                ours.weight.data = flipped(ours.weight.data)
            x = random(2, 3, 7, 8)
            torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.parametrize(
    "options", [{}, {"stride": 2}, {"stride": 3, "padding": 1, "output_padding": 2, "dilation": 2}]
)
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_transposed_modules_are_those_of_torch(ndim: int, options: dict[str, Any]) -> None:
    theirs = getattr(torch.nn, f"ConvTranspose{ndim}d")(4, 6, 3, groups=2, **options).double()
    for word in ("Correlation", "Convolution"):
        ours = getattr(ftt, f"{word}Transposed{ndim}d")(4, 6, 3, groups=2, dtype=torch.float64, **options)
        ours.load_state_dict(theirs.state_dict())
        if word == "Convolution":
            ours.weight.data = flipped(ours.weight.data)
        x = random(2, 4, *(5, 4, 3)[:ndim])
        torch.testing.assert_close(ours(x), theirs(x))
        assert ("output_padding=2" in repr(ours)) == ("output_padding" in options)


def test_same_goes_on_with_a_stride() -> None:
    layer = ftt.Correlation1d(1, 2, 4, padding="same", stride=3)
    x = random(1, 1, 8, dtype=torch.float32)
    assert torch.equal(layer(x), ftt.correlate(x, layer.weight, bias=layer.bias, padding="same_upper", stride=3))
    assert "padding='same'" in repr(layer)


def test_complex_kernels_are_conjugated() -> None:
    x, w = (torch.complex(whole(2, 3, 6), whole(2, 3, 6, seed=1)) for _ in range(2))
    w = w[..., :3]
    assert torch.equal(ftt.correlate(x, w.conj()), functional.conv1d(x, w))
    assert torch.equal(ftt.convolve(x, flipped(w)), functional.conv1d(x, w))


# derivatives -------------------------------------------------------------------------------

DIFFERENTIATED: list[dict[str, Any]] = [
    {},
    {"padding": 2, "boundary": "reflect", "stride": 2},
    {"padding": "causal", "fill_value": 2.5, "dilation": 2},
    {"padding": ((-1, 2), (3, 0)), "boundary": ("edge", "wrap"), "groups": 2},
    {"padding": "full", "input_dilation": (2, 1), "stride": 3},
    {"padding": "same", "boundary": "symmetric", "groups": 2, "stride": (1, 2)},
    {"padding": "same_upper", "boundary": "wrap", "stride": 2},
    {"padding": "same_lower", "boundary": "edge", "dilation": (2, 1)},
]


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("options", DIFFERENTIATED)
def test_derivatives_of_first_and_second_order(operation: str, options: dict[str, Any]) -> None:
    x, w, bias = random(1, 2, 4, 3), random(2, 2 // options.get("groups", 1), 2, 2), random(2)
    operands = tuple(each.requires_grad_() for each in (x, w, bias))

    def layer(x: Any, w: Any, bias: Any) -> Any:
        return getattr(ftt, operation)(x, w, bias=bias, **options)

    assert torch.autograd.gradcheck(layer, operands, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(layer, operands, check_fwd_over_rev=True, fast_mode=True)


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize(
    "options",
    [
        {"stride": 2, "padding": 1, "output_padding": 1, "boundary": "reflect"},
        {"groups": 2, "padding": "causal"},
        {"dilation": 3, "output_padding": (2, 1)},
    ],
)
def test_derivatives_of_transposed_layers(operation: str, options: dict[str, Any]) -> None:
    operands = tuple(each.requires_grad_() for each in (random(1, 2, 3, 2), random(2, 1, 2, 2)))

    def layer(x: Any, w: Any) -> Any:
        return getattr(ftt, f"{operation}_transposed")(x, w, **options)

    assert torch.autograd.gradcheck(layer, operands, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(layer, operands, check_fwd_over_rev=True, fast_mode=True)


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
def test_derivatives_of_complex_layers(operation: str) -> None:
    x = torch.complex(random(1, 2, 4), random(1, 2, 4, seed=1)).requires_grad_()
    w = torch.complex(random(2, 2, 2), random(2, 2, 2, seed=1)).requires_grad_()
    real = random(2, 2, 2).requires_grad_()
    for kernel in (w, real):
        layer = lambda x, w: getattr(ftt, operation)(x, w, padding=1, boundary="wrap")  # noqa: E731
        assert torch.autograd.gradcheck(layer, (x, kernel))
        assert torch.autograd.gradgradcheck(layer, (x, kernel))


def test_derivatives_of_several_levels_forwards() -> None:
    x, w, forwards = random(1, 2, 4), random(2, 2, 2), torch.func.jacfwd

    def loss(x: Any, w: Any, method: str = "auto") -> Any:
        return ftt.correlate(x, w, padding=1, fill_value=2.0, method=method).pow(3).sum()

    def third(method: str) -> Any:
        return forwards(forwards(forwards(functools.partial(loss, method=method), 1), 0), 1)(x, w)

    torch.testing.assert_close(forwards(forwards(loss, 1), 0)(x, w), forwards(torch.func.jacrev(loss, 1), 0)(x, w))
    torch.testing.assert_close(third("auto"), third("vendor"))


# tensors -----------------------------------------------------------------------------------


def test_derivatives_reach_tensors_that_do_not_require_them() -> None:
    """What `torch.func` and forward derivatives look at need not say ``requires_grad``."""
    x, w, dx = torch.rand(1, 2, 9), torch.rand(3, 2, 4), torch.rand(1, 2, 9)
    layer = functools.partial(ftt.correlate, w=w, padding=1)
    expected = layer(dx)
    _, pushed = torch.func.jvp(layer, (x,), (dx,))
    with torch.autograd.forward_ad.dual_level(), torch.no_grad():
        dual = layer(torch.autograd.forward_ad.make_dual(x, dx))
        tangent = torch.autograd.forward_ad.unpack_dual(dual).tangent
    pulled = torch.func.grad(lambda given: (layer(given) * expected).sum())(x)
    assert torch.allclose(pushed, expected)
    assert torch.allclose(tangent, expected)
    assert torch.allclose((pulled * dx).sum(), (expected * expected).sum())


def test_nothing_is_kept_where_no_gradient_is_wanted() -> None:
    x, w = torch.rand(1, 2, 9), torch.rand(3, 2, 4, requires_grad=True)
    with torch.no_grad():
        assert ftt.correlate(x, w).grad_fn is None
    assert ftt.correlate(x, w.detach()).grad_fn is None
    assert ftt.correlate(x, w).grad_fn is not None


def test_tensors_are_read_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    from faltung.tensor import form

    seen: list[Any] = []
    feature_map = form.feature_map
    monkeypatch.setattr(form, "feature_map", lambda *a: seen.extend(a[1:3]) or feature_map(*a))
    x, w = random(1, 2, 6), random(1, 2, 3)
    ftt.correlate(x, w)
    assert [each.ctypes.data for each in seen] == [x.data_ptr(), w.data_ptr()]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.int64, torch.complex64])
def test_types_are_kept(dtype: Any) -> None:
    x, w = whole(1, 2, 6).to(dtype), whole(3, 2, 2).to(dtype)
    y = ftt.correlate(x, w)
    assert y.dtype == dtype
    assert torch.equal(y.to(torch.complex128), functional.conv1d(x.to(torch.complex128), w.to(torch.complex128)))


def test_integers_that_do_not_fit_their_type_are_refused() -> None:
    x = torch.full((1, 1, 3), 100, dtype=torch.uint8)
    assert torch.equal(ftt.correlate(x, x[..., :1] // 50), x * 2)
    with pytest.raises(OverflowError, match="does not fit into uint8"):
        ftt.correlate(x, x)


def test_a_module_trains_to_the_kernel_that_was_applied() -> None:
    torch.manual_seed(1)
    x, kernel = random(4, 1, 12, 12), random(1, 1, 3, 3)
    y = ftt.convolve(x, kernel, padding="same", boundary="reflect")
    layer = ftt.Convolution2d(1, 1, 3, padding="same", boundary="reflect", bias=False, dtype=torch.float64)
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=60, tolerance_grad=1e-12)

    def step() -> Any:
        optimiser.zero_grad()
        loss = (layer(x) - y).square().sum()
        loss.backward()
        return loss

    optimiser.step(step)
    torch.testing.assert_close(layer.weight.data, kernel, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("given", "words", "told"),
    [
        ((3, 8, 1), {"method": "foo"}, "method='foo': expected 'auto', .* or 'vendor'"),
        ((3, 8, 1), {"threads": 0}, "threads=0"),
        ((-3, 8, 1), {}, "in_channels=-3"),
        ((0, 8, 1), {}, "in_channels=0"),
        ((3, 8.0, 1), {}, "out_channels"),
        ((3, 8, 3, 1, 1), {}, r"KernelBank\.__init__\(\) takes 4 positional"),
        ((3, 8, 1), {"padding_mode": "circular"}, "is called boundary here: boundary='wrap'"),
    ],
)
def test_modules_check_all_when_they_are_made(given: Any, words: dict[str, Any], told: str) -> None:
    for layer in (ftt.Convolution2d, ftt.CorrelationTransposed2d):
        with pytest.raises((ValueError, TypeError), match=told):
            layer(*given, **words)


def test_modules_want_their_own_type() -> None:
    layer, x = ftt.Convolution1d(1, 2, 3), random(1, 1, 8)
    with pytest.raises(TypeError, match=r"x holds torch.float64, the module's weight torch.float32"):
        layer(x)
    with torch.autocast("cpu"):
        assert layer(x.bfloat16()).dtype == torch.float32


def test_bad_layers_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="groups=2 does not divide the 3 in_channels"):
        ftt.Correlation1d(3, 2, 3, groups=2)
    with pytest.raises(ValueError, match=r"expected x of shape \(1, 3, 8\)"):
        ftt.Correlation1d(3, 2, 3)(torch.zeros(1, 4, 8))
    with pytest.raises(ValueError, match=r"bias has shape \(3,\)"):
        ftt.correlate(torch.zeros(1, 4), torch.zeros(2, 1, 3), bias=torch.zeros(3))
    for fill_value in (torch.tensor(2.0), torch.tensor(2.0, requires_grad=True)):
        with pytest.raises(ValueError, match="a Tensor as fill_value is not for tensors: it is part of the layer"):
            ftt.correlate(torch.zeros(1, 4), torch.zeros(2, 1, 3), padding=1, fill_value=fill_value)


def test_what_was_said_of_a_module_is_read_and_does_not_change() -> None:
    layer = ftt.Correlation2d(4, 6, 3, stride=2, padding="same", dilation=1, groups=2, boundary="wrap")
    assert (layer.stride, layer.padding, layer.groups, layer.boundary) == (2, "same", 2, "wrap")
    with pytest.raises(AttributeError):
        layer.stride = 1


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # PyTorch's compiler looks there
def test_compiled_modules_leave_the_layers_out() -> None:
    layers = torch.nn.Sequential(ftt.Correlation2d(64, 64, 3, padding=1), ftt.Convolution2d(64, 8, 3))
    x = torch.randn(1, 64, 12, 12)
    compiled = torch.compile(layers, backend="eager")
    with torch.no_grad():
        assert_array_equal(compiled(x).numpy(), layers(x).numpy())
    compiled(x).sum().backward()
    assert layers[0].weight.grad is not None


def test_layers_without_data_have_shapes() -> None:
    layer = ftt.Correlation2d(3, 5, 3, device="meta")
    assert layer(torch.empty(2, 3, 8, 8, device="meta")).shape == (2, 5, 6, 6)


def test_a_bias_of_pythons_numbers_takes_the_layers_type() -> None:
    x, w = torch.ones(1, 3, 5, dtype=torch.bfloat16), torch.ones(2, 3, 2, dtype=torch.bfloat16)
    assert ftt.correlate(x, w, bias=[0.5, 1.0]).dtype == torch.bfloat16


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_kernels_of_pythons_numbers_take_the_type_of_the_tensor(dtype: torch.dtype) -> None:
    x, taps = torch.ones(1, 1, 5, dtype=dtype), [[[0.1, 2.0, 1.0]]]
    assert torch.equal(ftt.correlate(x, taps), ftt.correlate(x, torch.tensor(taps, dtype=dtype)))
    assert ftt.correlate([[1.0, 2.0]], x[:, :, :2]).dtype == dtype


def test_what_is_recorded_keeps_no_numbers() -> None:
    x, w = torch.randn(1, 2, 9), torch.randn(3, 2, 4)
    with pytest.raises(ValueError, match="which would keep the numbers"):
        proxy_tensor.make_fx(lambda x: ftt.correlate(x, w))(x)
    recorded = proxy_tensor.make_fx(lambda x: ftt.correlate(x, w, method="vendor"))(x)
    torch.testing.assert_close(recorded(x + 1), ftt.correlate(x + 1, w))


@pytest.mark.filterwarnings("ignore:.torch.jit.trace:DeprecationWarning")
def test_traces_are_refused() -> None:
    with pytest.raises(ValueError, match=r"what torch\.jit\.trace records is not for tensors"):
        torch.jit.trace(lambda x: ftt.correlate(x, x), torch.ones(1, 1, 9))


def test_tensors_on_two_devices_are_told_apart() -> None:
    with pytest.raises(ValueError, match="w is on meta: expected on cpu, where x is"):
        ftt.correlate(torch.ones(1, 2, 5), torch.ones(1, 2, 3, device="meta"))
