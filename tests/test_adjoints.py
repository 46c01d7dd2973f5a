"""The laws of linear operations hold for every public one: sums, and adjoints, exactly in integers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

import faltung as ft
from faltung import laws

OPTIONS: list[dict[str, Any]] = [
    {},
    {"padding": 2, "boundary": "reflect", "stride": 2},
    {"padding": "causal", "dilation": 2},
    {"padding": ((-1, 2), (3, 0)), "boundary": ("edge", "wrap")},
    {"padding": "same", "boundary": "symmetric", "stride": (1, 2)},
    {"padding": "full", "stride": 3},
]


def whole(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed + sum(shape)).integers(-4, 5, shape)


def complex_whole(*shape: int) -> Any:
    return whole(*shape) + 1j * whole(*shape, seed=1)


class Pair(NamedTuple):
    """An operation with its adjoint, and an example of its input."""

    name: str
    A: Callable[[Any], Any]
    At: Callable[[Any], Any]
    x: Any


def of_arrays() -> Iterator[Pair]:
    """Those of `faltung.convolve` and `faltung.correlate`: each is the other's adjoint."""
    x, w = complex_whole(6, 7), complex_whole(3, 2)
    for one, other in ((ft.convolve, ft.correlate), (ft.correlate, ft.convolve)):
        name = one.__name__
        yield Pair(f"{name} full", lambda x, o=one: o(x, w), lambda y, o=other: o(y, w, "valid"), x)
        yield Pair(f"{name} valid", lambda x, o=one: o(x, w, "valid"), lambda y, o=other: o(y, w), x)
        same = {"mode": "same", "center": (1, 0)}
        yield Pair(f"{name} same", lambda x, o=one, s=same: o(x, w, **s), lambda y, o=other, s=same: o(y, w, **s), x)


def of_layers(operation: Any, options: dict[str, Any]) -> Iterator[Pair]:
    """Those of a layer in its input and, but for the conjugate, in its kernels."""
    tensor, x, w = ft.tensor, complex_whole(2, 4, 6, 5), complex_whole(6, 2, 3, 2)
    words: dict[str, Any] = {"groups": 2, **options}
    layer, transposed = getattr(tensor, operation), getattr(tensor, f"{operation}_transposed")
    name = f"{operation} {options}"
    yield Pair(
        name, lambda x: layer(x, w, **words),
        lambda gy: tensor.input_gradient(gy, w, x.shape, operation=operation, **words), x,
    )  # fmt: skip
    real = w.real
    yield Pair(
        f"{name} in w", lambda w: layer(x.real, w, **words),
        lambda gy: tensor.kernel_gradient(x.real, gy, real.shape, operation=operation, **words), real,
    )  # fmt: skip
    y = layer(x, w, **words)
    yield Pair(
        f"{operation}_transposed {options}", lambda y: transposed(y, w, **words),
        lambda x: layer(x, w, **words)[tuple(slice(n) for n in y.shape)], y,
    )  # fmt: skip
    depthwise = lambda x: tensor.depthwise(x, w[:4, 0], operation=operation, **options)  # noqa: E731
    yield Pair(
        f"depthwise {name}", depthwise,
        lambda gy: tensor.input_gradient(gy, w[:4, :1], x.shape, operation=operation, groups=4, **options), x,
    )  # fmt: skip
    own = complex_whole(3, 4, 3, 2, *y.shape[2:])
    yield Pair(
        f"unshared {name}", lambda x: getattr(tensor, f"{operation}_unshared")(x, own, **options),
        lambda gy: tensor.unshared_input_gradient(gy, own, x.shape, operation=operation, **options), x,
    )  # fmt: skip


def of_patches(options: dict[str, Any]) -> Iterator[Pair]:
    """`patches` and its way back."""
    x = complex_whole(2, 4, 6, 5)
    yield Pair(
        f"patches {options}", lambda x: ft.tensor.patches(x, (3, 2), **options),
        lambda gp: ft.tensor.patches_adjoint(gp, x.shape, (3, 2), **options), x,
    )  # fmt: skip


PAIRS = [
    *of_arrays(),
    *(pair for operation in ("convolve", "correlate") for options in OPTIONS for pair in of_layers(operation, options)),
    *(pair for options in OPTIONS for pair in of_patches(options)),
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_operations_are_linear_and_have_their_adjoints(pair: Pair) -> None:
    assert laws.is_linear(pair.A, pair.x, trials=1)
    assert laws.adjoint_pair(pair.A, pair.At, pair.x, trials=2)
    if "transposed" not in pair.name:
        assert laws.adjoint_pair(pair.At, pair.A, pair.A(pair.x), trials=1)


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
def test_layers_that_wrap_commute_and_move_with_their_input(operation: str) -> None:
    x, v, w = whole(2, 1, 8, 7), whole(1, 1, 3, 2), whole(1, 1, 2, 5)
    layer = getattr(ft.tensor, operation)
    wrapped = [lambda x, w=w: layer(x, w, padding="same", boundary="wrap") for w in (v, w)]
    assert laws.commutes(*wrapped, x)
    assert laws.is_translation_equivariant(wrapped[0], x, [(3, 2), (1, 6)])
    edges = laws.is_translation_equivariant(lambda x: layer(x, v, padding="same"), x, [(3, 2)])
    assert "of an edge" in str(edges)


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("options", OPTIONS)
def test_derivatives_of_tensors_are_adjoints(operation: str, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed, and no dependency")
    ftt = pytest.importorskip("faltung.torch")
    w = torch.from_numpy(complex_whole(6, 2, 3, 2))
    layer = lambda x: getattr(ftt, operation)(x, w, groups=2, **options)  # noqa: E731
    x = complex_whole(2, 4, 6, 5)

    def back(gy: Any) -> Any:
        at = torch.zeros(x.shape, dtype=w.dtype, requires_grad=True)
        return torch.autograd.grad(layer(at), at, torch.from_numpy(gy))[0].numpy()

    assert laws.adjoint_pair(lambda x: layer(torch.from_numpy(x)).numpy(), back, x, trials=1)
