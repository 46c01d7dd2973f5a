"""Draw docs/functions.png, the convolution integral in four steps, with the library's own functions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import faltung as ft

T = 2.2
x = ft.Function(np.sin, support=(0, np.pi))
w = ft.Function.exponential(rate=1.5)
s = ft.convolve(x, w)
shifted = w.reflect().shift(T)
product = ft.Function(lambda a: x(a) * shifted(a), (0, np.pi), breakpoints=[T])

figure = Figure(figsize=(8, 6.4), layout="constrained", dpi=110)
(reflect, shift), (multiply, integrate) = axes = figure.subplots(2, 2, sharex=True)
x.plot(reflect, label="x(a)")
w.plot(reflect, label="w(a)", alpha=0.4)
w.reflect().plot(reflect, label="w(−a)")
x.plot(shift, label="x(a)")
shifted.plot(shift, label="w(t − a)", color="C2")
x.plot(multiply, alpha=0.4)
shifted.plot(multiply, alpha=0.4, color="C2")
product.plot(multiply, color="C3", label="x(a) w(t − a)")
a = np.linspace(0, np.pi, 500)
multiply.fill_between(a, product(a), color="C3", alpha=0.3)
s.plot(integrate, color="C3", label="s = x ∗ w")
integrate.plot([T], [s(T)], "o", color="C3")
integrate.annotate(f"s({T}) = {s(T):.4f}", (T, s(T)), (T + 0.3, s(T) + 0.12))

titles = ("1  reflect: w(−a)", f"2  shift: w(t − a), t = {T}", "3  multiply: x(a) w(t − a)", "4  integrate: s(t)")
for ax, title in zip(axes.flat, titles, strict=True):
    ax.set(xlim=(-3, 7), ylim=(-0.05, 1.62))
    ax.set_title(title, loc="left", fontsize=11)
    ax.grid(alpha=0.25)
    ax.legend(frameon=False, fontsize=9)
multiply.set_xlabel("a")
integrate.set_xlabel("t")
figure.savefig(Path(__file__).with_name("functions.png"))
