"""Named kernels: what people reach for by name, each a `faltung.Kernel`.

``NAMES`` maps a name to the function that makes the kernel; the command line reads it.
"""

from __future__ import annotations

from collections.abc import Callable

from faltung.kernels.differences import emboss, laplacian, sharpen, sobel
from faltung.kernels.weights import box, exponential, gaussian, identity
from faltung.task.kernel import Kernel

NAMES: dict[str, Callable[..., Kernel]] = {
    function.__name__: function
    for function in (box, emboss, exponential, gaussian, identity, laplacian, sharpen, sobel)
}

__all__ = [
    "NAMES",
    "box",
    "emboss",
    "exponential",
    "gaussian",
    "identity",
    "laplacian",
    "sharpen",
    "sobel",
]
