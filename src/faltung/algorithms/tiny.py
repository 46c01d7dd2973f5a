"""``tiny``: two small float arrays and default options, in one native call.

The planner is never reached; the bits are those of ``direct``, whose code it runs.
"""

from __future__ import annotations

from typing import Any

from faltung import settings
from faltung._native import _core


def attempt(x: Any, w: Any, mode: object, said: tuple[Any, ...], defaults: tuple[Any, ...], correlate: bool) -> Any:
    """The feature map, or None if this is no tiny problem, or an option is not its default."""
    return _core.tiny(x, w, mode, said, defaults, correlate, settings.level())
