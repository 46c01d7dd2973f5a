"""What the demo does: each job a kernel, an operation and what one sees in the result."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from faltung import kernels, operations
from faltung.cli import photograph
from faltung.cli.convolving import Outcome, Way, convolve
from faltung.cli.demo.recordings import Series
from faltung.cli.photograph import Photograph
from faltung.meaning.extent import Operation
from faltung.task.kernel import Kernel

AGE = 12
"""Time constant of the smoothing, in months."""


@dataclass(frozen=True)
class Done:
    """One convolution, for the table."""

    file: str
    operation: Operation
    kernel: str
    outcome: Outcome


@dataclass(frozen=True)
class Panel:
    """A picture, its title, and a caption that says what one sees."""

    file: str
    title: str
    caption: str
    picture: Photograph
    done: tuple[Done, ...] = ()


@dataclass(frozen=True)
class Smoothing:
    """A series and the average of its past at each time."""

    file: str
    series: Series
    smooth: Outcome
    done: Done


def panels(picture: Photograph) -> list[Panel]:
    """The photograph, and what each kernel makes of it."""
    grey = Photograph(photograph.grey(picture), picture.white)
    return [
        Panel("photograph.png", "The photograph", "as it was taken", picture),
        _blurred(picture),
        _sharpened(picture),
        _edges(grey),
        _relief("convolved.png", "Convolved", "a slope kernel, flipped:\nlit from the upper left", grey, "convolve"),
        _relief("correlated.png", "Correlated", "the same, not flipped:\nlit from the lower right", grey, "correlate"),
    ]


def smoothing(series: Series) -> Smoothing:
    """s(t) = (x * w)(t): the average of the readings so far, the newest counting most."""
    file = "sunspots.png"
    way = Way("convolve", "same", "normalize")
    outcome = convolve(series.readings, kernels.exponential(AGE), way)
    done = Done(file, way.operation, f"exponential, age {AGE}", outcome)
    return Smoothing(file, series, outcome, done)


def _blurred(picture: Photograph) -> Panel:
    done = _convolved("blur.png", picture, kernels.gaussian(6, 2), "gaussian, σ = 6")
    caption = "every pixel the average\nof those around it"
    return Panel(done.file, "Blur", caption, replace(picture, light=done.outcome.values), (done,))


def _sharpened(picture: Photograph) -> Panel:
    done = _convolved("sharpen.png", picture, kernels.sharpen(1), "sharpen, amount 1")
    caption = "every pixel moved away\nfrom those around it"
    return Panel(done.file, "Sharpen", caption, replace(picture, light=done.outcome.values), (done,))


def _edges(grey: Photograph) -> Panel:
    file = "edges.png"
    slopes = [_convolved(file, grey, kernels.sobel(axis), f"sobel, axis {axis}") for axis in (0, 1)]
    steepness = np.hypot(slopes[0].outcome.values, slopes[1].outcome.values)
    # A sobel slope of 4 white is a step from black to white; a third of it is drawn as black.
    drawing = replace(grey, light=grey.white - steepness * (3 / 4))
    return Panel(file, "Edges", "the darker, the steeper\nthe change of brightness", drawing, tuple(slopes))


def _relief(file: str, title: str, caption: str, grey: Photograph, operation: Operation) -> Panel:
    # A slope across the diagonal, of the picture a little blurred: one kernel made of two.
    across = kernels.emboss() - kernels.identity(2)
    kernel = operations.convolve(kernels.gaussian(1.5, 2), across)
    done = _convolved(file, grey, kernel, "gaussian, σ = 1.5, * slope", operation)
    drawing = replace(grey, light=grey.white / 2 + 2 * done.outcome.values)
    return Panel(file, title, caption, drawing, (done,))


def _convolved(file: str, picture: Photograph, kernel: Kernel, words: str, operation: Operation = "convolve") -> Done:
    outcome = convolve(picture.light, kernel, Way(operation, "same", "symmetric"), (0, 1))
    size = "×".join(map(str, kernel.shape))
    return Done(file, operation, f"{words}, {size}", outcome)
