"""The continuous wing: functions and densities that `faltung.convolve` takes as it takes arrays.

Needs SciPy: ``pip install "faltung[functions]"``.
"""

from __future__ import annotations

from faltung.functions.density import Density
from faltung.functions.function import Function
from faltung.functions.weighted_average import weighted_average

__all__ = ["Density", "Function", "weighted_average"]
