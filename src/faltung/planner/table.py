"""The table of algorithms: the whole truth, in one place."""

from __future__ import annotations

from faltung.algorithms.algorithm import Algorithm
from faltung.algorithms.channel_product import CHANNEL_PRODUCT
from faltung.algorithms.definition import DEFINITION
from faltung.algorithms.direct import DIRECT
from faltung.algorithms.fft import FFT
from faltung.algorithms.inner_product import INNER_PRODUCT
from faltung.algorithms.separable import SEPARABLE
from faltung.algorithms.winograd import WINOGRAD

ALGORITHMS: tuple[Algorithm, ...] = (
    SEPARABLE,
    FFT,
    DIRECT,
    CHANNEL_PRODUCT,
    INNER_PRODUCT,
    WINOGRAD,
    DEFINITION,
)

METHODS: tuple[str, ...] = ("auto", *(algorithm.name for algorithm in ALGORITHMS))
