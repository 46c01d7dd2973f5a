"""The continuous wing: functions and densities that `faltung.convolve` takes as it takes arrays.

Needs SciPy: ``pip install "faltung[functions]"``.
"""

from __future__ import annotations

from faltung.functions.averaging import weighted_average
from faltung.functions.density import Density
from faltung.functions.function import Function

__all__ = ["Density", "Function", "weighted_average"]
