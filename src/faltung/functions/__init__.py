"""The continuous wing: functions and densities that `faltung.convolve` takes as it takes arrays.

Needs SciPy: ``pip install "faltung[functions]"``.
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("scipy") is None:
    raise ImportError('faltung.functions needs SciPy: pip install "faltung[functions]"')

from faltung.functions.averaging import weighted_average
from faltung.functions.density import Density
from faltung.functions.function import Function
from faltung.functions.periodic import circular_convolve
from faltung.functions.powers import convolution_power, plan_power

__all__ = ["Density", "Function", "circular_convolve", "convolution_power", "plan_power", "weighted_average"]
