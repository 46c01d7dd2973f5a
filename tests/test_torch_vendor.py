"""PyTorch's own convolution for other devices, and unshared layers: the same as the native core's."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest

import faltung as ft

torch = pytest.importorskip("torch", reason="PyTorch is not installed, and no dependency")
ftt: Any = importlib.import_module("faltung.torch")
pytestmark = [
    pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning"),
]

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


def random(*shape: int, seed: int = 0, complex_: bool = False) -> Any:
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(shape, dtype=torch.complex128 if complex_ else torch.float64, generator=generator)


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("complex_", [False, True])
def test_layers_and_gradients_are_the_native_ones(operation: str, options: dict[str, Any], complex_: bool) -> None:
    x, w = random(1, 4, 5, 4, complex_=complex_), random(2, 4 // options.get("groups", 1), 3, 2, complex_=complex_)
    _compare(operation, x, w, options)
    _compare(operation, x[0], w, options)


@pytest.mark.parametrize("operation", ["convolve_transposed", "correlate_transposed"])
@pytest.mark.parametrize("options", TRANSPOSED)
@pytest.mark.parametrize("complex_", [False, True])
def test_transposed_layers_are_the_native_ones(operation: str, options: dict[str, Any], complex_: bool) -> None:
    _compare(operation, random(1, 2, 3, 2, complex_=complex_), random(2, 3, 2, 2, complex_=complex_), options)


@pytest.mark.parametrize("ndim", [0, 1, 3, 4])
def test_any_number_of_axes(ndim: int) -> None:
    x, w = random(2, 4, *[5, 4, 4, 3][:ndim]), random(4, 2, *[3, 2, 1, 2][:ndim])
    _compare("convolve", x, w, {"groups": 2, "padding": 1, "stride": 2, "dilation": 2, "boundary": "edge"})


def _compare(operation: str, x: Any, w: Any, options: dict[str, Any]) -> None:
    found = []
    for method in ("auto", "vendor"):
        operands = [each.clone().requires_grad_() for each in (x, w)]
        y = getattr(ftt, operation)(*operands, method=method, **options)
        first = torch.autograd.grad(y.abs().square().sum(), operands, create_graph=True)
        second = torch.autograd.grad(sum(each.abs().square().sum() for each in first), operands)
        found.append((y, *first, *second))
    for native, vendors in zip(*found, strict=True):
        torch.testing.assert_close(vendors, native)
        assert not vendors.is_conj()  # which .numpy() refuses


def test_other_devices_take_it_by_themselves() -> None:
    x, w = torch.empty(2, 3, 8, 8, device="meta"), torch.empty(4, 3, 3, 3, device="meta")
    y = ftt.correlate(x, w, padding="same", boundary="reflect", stride=2)
    assert (y.shape, y.device.type) == ((2, 4, 4, 4), "meta")
    assert ftt.correlate_transposed(x, w.movedim(0, 1), stride=2).device.type == "meta"
    with pytest.raises(ValueError, match="method='direct' runs on the CPU, x is on meta"):
        ftt.correlate(x, w, method="direct")
    with pytest.raises(ValueError, match=r"torch.int64 is not for tensors: PyTorch's convolution has floating"):
        ftt.correlate(x.long(), w.long())


def test_a_module_may_say_so() -> None:
    layer = ftt.Convolution2d(2, 3, 3, padding="same", boundary="wrap", method="vendor", dtype=torch.float64)
    native = ftt.Convolution2d(2, 3, 3, padding="same", boundary="wrap", dtype=torch.float64)
    native.load_state_dict(layer.state_dict())
    x = random(2, 2, 6, 6)
    torch.testing.assert_close(layer(x), native(x))
    assert torch.func.vmap(layer)(x[None]).shape == (1, 2, 3, 6, 6)


def test_fill_values_beyond_their_type_are_refused() -> None:
    x, w = torch.zeros(1, 1, 4, dtype=torch.float16), torch.ones(1, 1, 3, dtype=torch.float16)
    local = torch.ones(1, 1, 3, 4)
    for layer, operands, value in [
        (ftt.correlate, (x, w), 1e6),
        (ftt.correlate, (x.bfloat16(), w.bfloat16()), 3.4e38),
        (ftt.correlate, (x.float(), w.float()), -1e300),
        (ftt.correlate_unshared, (x.float(), local), 1e300),
        (ftt.correlate_unshared, (x.to(torch.int8), local.to(torch.int8)), 300),
        (ftt.correlate_unshared, (x.to(torch.int8), local.to(torch.int8)), 0.5),
    ]:
        with pytest.raises(
            ValueError, match=re.escape(f"fill_value={value}") + ".* cannot be cast to .*the type that x is summed as"
        ):
            layer(*operands, padding=1, fill_value=value, method="vendor" if layer is ftt.correlate else "auto")
    y = ftt.correlate(x, w, padding=1, fill_value=float("inf"), method="vendor")
    assert y.isinf().tolist() == [[[True, False, False, True]]]


# unshared layers ---------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["convolve_unshared", "correlate_unshared"])
@pytest.mark.parametrize("options", [{"method": "auto"}, {"padding": "same", "boundary": "reflect", "stride": 2}])
@pytest.mark.parametrize("complex_", [False, True])
def test_unshared_layers_are_those_of_arrays(operation: str, options: dict[str, Any], complex_: bool) -> None:
    x, bias = random(2, 2, 5, 4, complex_=complex_), random(3)
    length = ft.tensor.correlate(x.numpy(), random(3, 2, 2, 3).numpy(), **options).shape[2:]
    w = random(3, 2, 2, 3, *length, complex_=complex_)
    expected = getattr(ft.tensor, operation)(x.numpy(), w.numpy(), bias=bias.numpy(), **options)
    layer = lambda x, w, bias: getattr(ftt, operation)(x, w, bias=bias, **options)  # noqa: E731
    torch.testing.assert_close(layer(x, w, bias), torch.from_numpy(expected))
    torch.testing.assert_close(layer(x[0], w, bias), torch.from_numpy(expected[0]))
    operands = tuple(each.requires_grad_() for each in (x[:1].detach(), w, bias))
    assert torch.autograd.gradcheck(layer, operands, fast_mode=True)
    assert torch.autograd.gradgradcheck(layer, operands, fast_mode=True)


def test_unshared_layers_of_no_samples() -> None:
    x, w = torch.empty(0, 2, 5, requires_grad=True), torch.ones(3, 2, 3, 3)
    y = ftt.correlate_unshared(x, w)
    y.sum().backward()
    assert (y.shape, x.grad.shape) == ((0, 3, 3), x.shape)
    assert ft.tensor.correlate_unshared(x.detach().numpy(), w.numpy()).shape == y.shape


# depthwise layers --------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("options", [{"method": "vendor"}, {"padding": "same", "boundary": "reflect", "stride": 2}])
@pytest.mark.parametrize("complex_", [False, True])
def test_depthwise_layers_are_those_of_arrays(operation: str, options: dict[str, Any], complex_: bool) -> None:
    x, w, bias = random(2, 3, 5, 4, complex_=complex_), random(3, 2, 3, complex_=complex_), random(3)
    words = {name: value for name, value in options.items() if name != "method"}
    expected = ft.tensor.depthwise(x.numpy(), w.numpy(), operation=operation, bias=bias.numpy(), **words)
    layer = lambda x, w, bias: ftt.depthwise(x, w, operation=operation, bias=bias, **options)  # noqa: E731
    torch.testing.assert_close(layer(x, w, bias), torch.from_numpy(expected))
    torch.testing.assert_close(layer(x[0], w, bias), torch.from_numpy(expected[0]))
    operands = tuple(each.requires_grad_() for each in (x[:1].detach(), w, bias))
    assert torch.autograd.gradcheck(layer, operands, fast_mode=True)
    assert torch.autograd.gradgradcheck(layer, operands, fast_mode=True)
