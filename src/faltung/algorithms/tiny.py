"""``tiny``: two small float arrays and default options, in one native call.

The planner is never reached; the bits are those of ``direct``, whose code it runs.
"""

from __future__ import annotations

from typing import Any

from faltung import settings
from faltung._native import _core

_MODES = {"full": 0, "same": 1, "valid": 2}


def attempt(x: Any, w: Any, mode: Any, correlate: bool) -> Any:
    """The feature map, or None if this is no tiny problem."""
    code = _MODES.get(mode, -1) if mode.__class__ is str else -1
    return _core.tiny(x, w, code, correlate, settings.level()) if code >= 0 else None
