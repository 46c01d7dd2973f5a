"""A small network of convolutions learns to read handwritten digits, and shows what it learned.

    python examples/digits.py --output digits

trains for some seconds on scikit-learn's bundled digits (1,797 images of 8 × 8 pixels), says how
many of the test images it reads, and draws the kernels of its first layer and what they see.
Needs ``pip install "faltung[torch]" scikit-learn matplotlib``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import faltung.torch as ftt

EPOCHS, BATCH = 16, 64
INK, PAPER, ACCENT = "#1f2430", "#ffffff", "#2a6f97"


class Data(NamedTuple):
    """Images, (N, 1, 8, 8) from 0 to 1, and the digits that they show."""

    images: Any
    digits: Any


def read_digits() -> tuple[Data, Data]:
    """Three quarters to learn from, the rest to be tested on."""
    bunch = load_digits()
    images = (bunch.images / 16).astype(np.float32)[:, np.newaxis]
    parts = train_test_split(images, bunch.target, test_size=0.25, random_state=0, stratify=bunch.target)
    x_train, x_test, y_train, y_test = map(torch.from_numpy, parts)
    return Data(x_train, y_train), Data(x_test, y_test)


def network() -> Any:
    """Two layers of kernels, then one number for each digit."""
    return torch.nn.Sequential(
        ftt.Convolution2d(1, 12, 5, padding="same", boundary="edge"),
        torch.nn.ReLU(),
        ftt.Convolution2d(12, 24, 3, padding="same", stride=2),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(24 * 4 * 4, 10),
    )


def train(model: Any, data: Data, epochs: int = EPOCHS) -> None:
    """PyTorch's own optimiser, on batches in a new order each time."""
    optimiser = torch.optim.Adam(model.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    for _ in range(epochs):
        for batch in torch.randperm(len(data.digits)).split(BATCH):
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(data.images[batch]), data.digits[batch])
            loss.backward()
            optimiser.step()
        schedule.step()


def accuracy(model: Any, data: Data) -> float:
    """Share of the images whose digit the model says."""
    with torch.no_grad():
        return float((model(data.images).argmax(dim=1) == data.digits).float().mean())


# pictures ----------------------------------------------------------------------------------


def draw_kernels(layer: Any) -> Figure:
    """The kernels of a layer with one input channel: blue takes away, red adds."""
    kernels = layer.weight.detach()[:, 0].numpy()
    strongest = abs(kernels).max()
    columns = 6
    figure = Figure(figsize=(columns * 1.1, len(kernels) / columns * 1.1 + 0.7), facecolor=PAPER, layout="constrained")
    figure.suptitle("What the first layer looks for", color=INK, fontsize=12, x=0.01, ha="left")
    for ax, kernel in zip(figure.subplots(len(kernels) // columns, columns).flat, kernels, strict=True):
        ax.imshow(kernel, cmap="RdBu_r", vmin=-strongest, vmax=strongest)
        _bare(ax)
    return figure


def draw_feature_maps(layer: Any, images: Any, digits: Any) -> Figure:
    """Some images, and how strongly each kernel answers to each place of them."""
    with torch.no_grad():
        maps = layer(images).clamp(min=0).numpy()
    rows, columns = len(images), maps.shape[1] + 1
    figure = Figure(figsize=(columns * 0.72, rows * 0.72 + 0.6), facecolor=PAPER, layout="constrained")
    figure.suptitle("Digits, and the feature maps that the first layer makes of them", color=INK, fontsize=12, x=0.01, ha="left")
    grid = figure.subplots(rows, columns)
    for row, image, answers, digit in zip(grid, images, maps, digits, strict=True):
        row[0].imshow(image[0], cmap="Greys")
        row[0].set_ylabel(str(int(digit)), rotation=0, labelpad=10, va="center", color=ACCENT, fontsize=12)
        for ax, answer in zip(row[1:], answers, strict=True):
            ax.imshow(answer, cmap="viridis", vmin=0, vmax=maps.max())
        for ax in row:
            _bare(ax)
    return figure


def _bare(ax: Any) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_color("#c8ccd4")
        spine.set_linewidth(0.6)


def main() -> None:
    """Learn, say how well, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", "-o", type=Path, default=Path("digits"), help="folder for the pictures")
    folder = parser.parse_args().output
    torch.manual_seed(0)
    training, test = read_digits()
    model, start = network(), time.perf_counter()
    train(model, training)
    seconds = time.perf_counter() - start
    print(f"learned from {len(training.digits)} images in {seconds:.1f} s")
    print(f"reads {accuracy(model, test):.1%} of {len(test.digits)} others")
    folder.mkdir(parents=True, exist_ok=True)
    draw_kernels(model[0]).savefig(folder / "kernels.png", dpi=150)
    shown = [int(np.flatnonzero(test.digits.numpy() == digit)[0]) for digit in range(10)]
    draw_feature_maps(model[0], test.images[shown], test.digits[shown]).savefig(folder / "feature_maps.png", dpi=150)
    print(f"wrote {folder}/kernels.png and {folder}/feature_maps.png")


if __name__ == "__main__":
    main()
