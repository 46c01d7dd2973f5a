"""Hypothesis: the same examples on every run, however slow the machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("faltung", derandomize=True, deadline=None)
settings.load_profile("faltung")
