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

EPOCHS, BATCH, RATE = 20, 64, 0.01
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
        ftt.Convolution2d(12, 32, 3, padding="same", stride=2),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Dropout(0.4),
        torch.nn.Linear(32 * 4 * 4, 10),
    )


def train(model: Any, data: Data, epochs: int = EPOCHS) -> None:
    """PyTorch's own optimiser, on batches in a new order each time."""
    batches = -(-len(data.digits) // BATCH)
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=epochs * batches)
    model.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(data.digits)).split(BATCH):
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(data.images[batch]), data.digits[batch])
            loss.backward()
            optimiser.step()
            schedule.step()
    model.eval()


def accuracy(model: Any, data: Data) -> float:
    """Share of the images whose digit the model says."""
    with torch.no_grad():
        return float((model(data.images).argmax(dim=1) == data.digits).float().mean())


# pictures ----------------------------------------------------------------------------------


def draw_kernels(layer: Any) -> Figure:
    """The kernels of a layer with one input channel."""
    kernels = layer.weight.detach()[:, 0].numpy()
    strongest, columns = abs(kernels).max(), 6
    figure = Figure(figsize=(8.0, 3.3), facecolor=PAPER, layout="constrained")
    _title(figure, "The kernels that the first layer learned")
    axes = figure.subplots(-(-len(kernels) // columns), columns)
    for ax, kernel in zip(axes.flat, kernels, strict=False):
        shown = ax.imshow(kernel, cmap="RdBu_r", vmin=-strongest, vmax=strongest)
        _bare(ax)
    bar = figure.colorbar(shown, ax=axes, shrink=0.9, aspect=24)
    bar.set_label("weight", color=INK)
    bar.outline.set_visible(False)
    return figure


def draw_feature_maps(layer: Any, images: Any, digits: Any) -> Figure:
    """Some images, and how strongly each kernel answers to each place of them."""
    with torch.no_grad():
        maps = layer(images).clamp(min=0).numpy()
    kernels = layer.weight.detach()[:, 0].numpy()
    rows, columns = len(images) + 1, maps.shape[1] + 1
    figure = Figure(figsize=(columns * 0.72, rows * 0.72 + 0.5), facecolor=PAPER, layout="constrained")
    _title(figure, "Kernels (top), digits (left), and the feature map that each kernel makes of each digit")
    grid = figure.subplots(rows, columns)
    grid[0, 0].set_axis_off()
    for ax, kernel in zip(grid[0, 1:], kernels, strict=True):
        ax.imshow(kernel, cmap="RdBu_r", vmin=-abs(kernels).max(), vmax=abs(kernels).max())
        _bare(ax)
    for row, image, answers, digit in zip(grid[1:], images.numpy(), maps, digits, strict=True):
        row[0].imshow(image[0], cmap="Greys")
        row[0].set_ylabel(str(int(digit)), rotation=0, labelpad=10, va="center", color=ACCENT, fontsize=12)
        for ax, answer in zip(row[1:], answers, strict=True):
            ax.imshow(answer, cmap="viridis", vmin=0, vmax=maps.max())
        for ax in row:
            _bare(ax)
    return figure


def _title(figure: Figure, text: str) -> None:
    figure.suptitle(text, color=INK, fontsize=12, x=0.01, ha="left")


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
