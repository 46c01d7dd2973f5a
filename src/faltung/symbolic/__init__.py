"""The symbolic wing: exact convolutions of SymPy expressions, in the words of `faltung.convolve`.

It loads when an operand is a SymPy expression: ``pip install "faltung[symbolic]"``.
"""

from __future__ import annotations

from faltung.symbolic.convolving import operate, plan_operands

__all__ = ["operate", "plan_operands"]
