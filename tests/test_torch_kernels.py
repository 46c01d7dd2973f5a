"""Named kernels as PyTorch's tensors: those of numbers, and differentiable by their parameters."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

import faltung as ft

torch = pytest.importorskip("torch", reason="PyTorch is not installed, and no dependency")
ftt: Any = importlib.import_module("faltung.torch")
# PyTorch's own, the first time that derivatives run forwards.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")


def random(*shape: int, dtype: Any = torch.float64, seed: int = 0) -> Any:
    return torch.rand(shape, dtype=dtype, generator=torch.Generator().manual_seed(seed + sum(shape))) - 0.5


def test_kernels_are_those_of_numbers() -> None:
    double = torch.float64
    for made, expected in [
        (ftt.kernels.gaussian(torch.tensor(1.7, dtype=double)), ft.kernels.gaussian(1.7)),
        (ftt.kernels.gaussian(torch.tensor([1.0, 2.0], dtype=double)), ft.kernels.gaussian([1, 2])),
        (ftt.kernels.gaussian([torch.tensor(1.0, dtype=double), torch.tensor(2.0, dtype=double)], truncate=3),
         ft.kernels.gaussian([1, 2], truncate=3)),
        (ftt.kernels.exponential(torch.tensor(2.5, dtype=double)), ft.kernels.exponential(2.5)),
        (ftt.kernels.box(torch.tensor(5.0, dtype=double), 2), ft.kernels.box(5, 2)),
    ]:  # fmt: skip
        torch.testing.assert_close(made, torch.tensor(expected.values, dtype=double))
    assert ftt.kernels.gaussian(2).dtype == torch.float32
    assert ftt.kernels.box(4.0).tolist() == [0.125, 0.25, 0.25, 0.25, 0.125]


@pytest.mark.parametrize(
    "kernel",
    [
        lambda s: ftt.kernels.gaussian(s, ndim=2, radius=2),
        lambda s: ftt.kernels.gaussian([s, 2 * s], truncate=2.0),
        lambda s: ftt.kernels.exponential(s, length=5),
        lambda s: ftt.kernels.box(2 * s, ndim=2),
    ],
)
def test_layers_are_differentiable_by_the_parameters_of_their_kernels(kernel: Any) -> None:
    sigma = torch.tensor(1.2, dtype=torch.float64, requires_grad=True)

    def layer(sigma: Any) -> Any:
        w = kernel(sigma)
        return ftt.convolve(random(1, 1, *[7] * w.ndim), w[None, None], padding="same", boundary="reflect")

    assert torch.autograd.gradcheck(layer, (sigma,))
    assert torch.autograd.gradgradcheck(layer, (sigma,))


def test_kernels_are_mapped_over_their_parameters() -> None:
    sigmas = torch.tensor([0.5, 1.0, 2.0])
    many = torch.func.vmap(lambda sigma: ftt.kernels.gaussian(sigma, radius=3))(sigmas)
    torch.testing.assert_close(many, torch.stack([ftt.kernels.gaussian(sigma, radius=3) for sigma in sigmas]))
    with pytest.raises(ValueError, match="sigma is traced"):
        torch.func.vmap(ftt.kernels.gaussian)(sigmas)
    with pytest.raises(ValueError, match=r"sigma=-1\.0: expected a finite number above 0"):
        ftt.kernels.gaussian(torch.tensor(-1.0))


@pytest.mark.parametrize(
    ("kernel", "value"),
    [(ftt.kernels.gaussian, 0.0), (ftt.kernels.gaussian, -1.0), (ftt.kernels.gaussian, float("nan")),
     (ftt.kernels.box, 0.5), (ftt.kernels.exponential, -2.0)],
)  # fmt: skip
def test_parameters_are_checked_where_the_samples_are_said(kernel: Any, value: float) -> None:
    samples = {"length": 4} if kernel == ftt.kernels.exponential else {"radius": 2}
    with pytest.raises(ValueError, match=f"={value}: expected a finite number"):
        kernel(torch.tensor(value), **samples)
    with pytest.raises(ValueError, match="radius=-1: expected an integer"):
        ft.kernels.gaussian(1.3, radius=-1)
    made = ftt.kernels.gaussian(torch.tensor(1.3, dtype=torch.float64), radius=4)
    torch.testing.assert_close(made, torch.tensor(ft.kernels.gaussian(1.3, radius=4).values))


def test_the_width_of_a_blur_is_learned() -> None:
    x = random(1, 1, 40, dtype=torch.float32)
    y = ftt.convolve(x, ftt.kernels.gaussian(1.5, radius=8)[None, None], padding="same")
    sigma = torch.tensor(0.8, requires_grad=True)
    optimiser = torch.optim.Adam([sigma], lr=0.05)
    for _ in range(150):
        optimiser.zero_grad()
        loss = (ftt.convolve(x, ftt.kernels.gaussian(sigma, radius=8)[None, None], padding="same") - y).square().sum()
        loss.backward()
        optimiser.step()
    assert abs(sigma.item() - 1.5) < 0.01
