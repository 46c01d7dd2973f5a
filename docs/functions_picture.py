"""Draw the two pictures of docs/functions.md, the convolution integral, with the library's own functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import faltung as ft

HERE = Path(__file__).parent
WINDOW = (-3.0, 7.0)
X, W, PRODUCT = "C0", "C1", "C3"

x = ft.Function(np.sin, support=(0, np.pi))
w = ft.Function.exponential(rate=1.5)
s = ft.convolve(x, w)


def shifted(t: float) -> ft.Function:
    """w(t - a) as a function of a."""
    return w.reflect().shift(t)


def product(t: float) -> ft.Function:
    """x(a) w(t - a) as a function of a."""
    other = shifted(t)
    inside = [t] if 0 < t < np.pi else []
    return ft.Function(lambda a: x(a) * other(a), (0, np.pi), breakpoints=inside)


def shade(ax: Any, t: float) -> None:
    """The product, and the area below it."""
    a = np.linspace(*WINDOW, 2001)
    ax.fill_between(a, product(t)(a), color=PRODUCT, alpha=0.3, linewidth=0)
    product(t).plot(ax, window=WINDOW, color=PRODUCT)


def clean(ax: Any) -> None:
    """The same window everywhere, and no more ink than needed."""
    ax.set(xlim=WINDOW, ylim=(-0.05, 1.62))
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)


def four_steps(t: float) -> Figure:
    """Reflect, shift, multiply, integrate."""
    figure = Figure(figsize=(8, 6.4), layout="constrained", dpi=110)
    (reflect, shift), (multiply, integrate) = axes = figure.subplots(2, 2, sharex=True)
    titles = ("1  reflect", f"2  shift by t = {t}", "3  multiply", "4  integrate, for every t")
    for ax, title in zip(axes.flat, titles, strict=True):
        clean(ax)
        ax.set_title(title, loc="left", fontsize=11, fontweight="bold")
    x.plot(reflect, window=WINDOW, color=X, label="$x(a)$")
    w.plot(reflect, window=WINDOW, color=W, alpha=0.45, linestyle="--", label="$w(a)$")
    w.reflect().plot(reflect, window=WINDOW, color=W, label="$w(-a)$")
    x.plot(shift, window=WINDOW, color=X, label="$x(a)$")
    shifted(t).plot(shift, window=WINDOW, color=W, label="$w(t-a)$")
    x.plot(multiply, window=WINDOW, color=X, alpha=0.45)
    shifted(t).plot(multiply, window=WINDOW, color=W, alpha=0.45)
    shade(multiply, t)
    multiply.annotate(
        f"$x(a)\\,w(t-a)$\narea {s(t):.4f}", (t - 0.3, 0.5), (3.6, 0.75), color=PRODUCT, fontsize=10,
        arrowprops={"arrowstyle": "-", "color": PRODUCT, "alpha": 0.6},
    )  # fmt: skip
    s.plot(integrate, window=WINDOW, color=PRODUCT, label="$s(t)$")
    integrate.plot([t, t], [-0.05, s(t)], ":", color=PRODUCT)
    integrate.plot(t, s(t), "o", color=PRODUCT)
    integrate.annotate(f"$s({t})$ = {s(t):.4f}", (t, s(t)), (8, 6), textcoords="offset points", color=PRODUCT)
    for ax in (reflect, shift, integrate):
        ax.legend(frameon=False, fontsize=10)
    multiply.set_xlabel("a")
    integrate.set_xlabel("t")
    return figure


def sliding(times: tuple[float, ...]) -> Figure:
    """The shifted kernel at several times, above the result."""
    figure = Figure(figsize=(8, 4.6), layout="constrained", dpi=110)
    grid = figure.add_gridspec(2, len(times), height_ratios=(1, 1.5))
    below = figure.add_subplot(grid[1, :])
    s.plot(below, window=WINDOW, color=PRODUCT)
    for column, t in enumerate(times):
        ax = figure.add_subplot(grid[0, column])
        x.plot(ax, window=WINDOW, color=X, alpha=0.6)
        shifted(t).plot(ax, window=WINDOW, color=W, alpha=0.6)
        shade(ax, t)
        clean(ax)
        ax.set_title(f"$t$ = {t:g}", fontsize=10)
        ax.set(xticks=[], yticks=[])
        below.plot([t, t], [-0.05, s(t)], ":", color=PRODUCT)
        below.plot(t, s(t), "o", color=PRODUCT)
        below.annotate(f"{s(t):.3f}", (t, s(t)), (6, 5), textcoords="offset points", fontsize=9, color=PRODUCT)
    clean(below)
    below.set(ylim=(-0.05, 1.1), xlabel="t", ylabel="area above: $s(t)$")
    return figure


four_steps(2.2).savefig(HERE / "functions.png")
sliding((-0.5, 0.7, 2.2, 3.5, 5.0)).savefig(HERE / "functions_sliding.png")
