"""`torch.vmap` of layers and their derivatives: what each entry gives by itself, none included."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed, and no dependency")
ftt: Any = importlib.import_module("faltung.torch")
pytestmark = [pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")]


def random(*shape: int) -> Any:
    return torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape))) - 0.5


def test_batched_gradients_are_refused_in_words() -> None:
    x, w = random(1, 1, 4).requires_grad_(), random(1, 1, 2)
    eye = torch.eye(3, dtype=torch.float64).reshape(3, 1, 1, 3)
    with pytest.raises(ValueError, match=r"as under is_grads_batched.*torch\.func\.vmap maps layers"):
        torch.autograd.grad(ftt.correlate(x, w), x, eye, is_grads_batched=True)
    (found,) = torch.autograd.grad(ftt.correlate(x, w, method="vendor"), x, eye, is_grads_batched=True)
    mapped = torch.func.vmap(torch.func.vjp(lambda x: ftt.correlate(x, w), x.detach())[1])(eye)[0]
    torch.testing.assert_close(found, mapped)


def test_gradients_of_each_sample() -> None:
    x, w = random(3, 2, 5), random(4, 1, 2)

    def loss(w: Any, x: Any) -> Any:
        return ftt.correlate(x[None], w, padding=1, boundary="edge", groups=2).square().sum()

    mapped = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(w, x)
    assert torch.allclose(mapped, torch.stack([torch.func.grad(loss)(w, each) for each in x]))
    hessian = torch.func.hessian(loss)(w, x[0])
    assert torch.allclose(hessian, torch.autograd.functional.hessian(lambda w: loss(w, x[0]), w))


@pytest.mark.parametrize("in_dims", [(0, 0), (None, 1), (2, None)])
def test_mapped_layers(in_dims: Any) -> None:
    shapes = [(2, 4, 6), (4, 2, 3)]
    x, w = (
        random(*shape) if axis is None else random(*shape[:axis], 3, *shape[axis:])
        for shape, axis in zip(shapes, in_dims, strict=True)
    )
    layer = lambda x, w: ftt.convolve(x, w, groups=2, stride=2)  # noqa: E731
    each = [
        layer(*(a if axis is None else a.select(axis, i) for a, axis in zip((x, w), in_dims, strict=True)))
        for i in range(3)
    ]
    assert torch.allclose(torch.func.vmap(layer, in_dims=in_dims)(x, w), torch.stack(each))


@pytest.mark.parametrize(("count", "batch"), [(0, 2), (3, 0)])
@pytest.mark.parametrize("in_dims", [(0, 0), (None, 1), (2, None)])
def test_mapped_over_nothing(count: int, batch: int, in_dims: Any) -> None:
    shapes = [(batch, 4, 6), (4, 2, 3)]
    mapped = (s if at is None else (*s[:at], count, *s[at:]) for s, at in zip(shapes, in_dims, strict=True))
    x, w = (random(*shape).requires_grad_() for shape in mapped)
    y = torch.func.vmap(functools.partial(ftt.convolve, groups=2), in_dims=in_dims)(x, w)
    gradients = torch.autograd.grad(y.sum(), (x, w))
    assert y.shape == (count, batch, 4, 4)
    assert [each.shape for each in gradients] == [x.shape, w.shape]
    assert not any(each.any() for each in gradients)
