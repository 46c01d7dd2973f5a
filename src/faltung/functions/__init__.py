"""The continuous wing: functions and densities that `faltung.convolve` takes as it takes arrays.

Needs SciPy: ``pip install "faltung[functions]"``.
"""

from __future__ import annotations

from faltung.functions.function import Function

__all__ = ["Function"]
