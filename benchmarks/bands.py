"""Bands: what a handful of samples says, and whether it says anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FEWEST = 5
"""Rounds below which a band decides nothing: five alike happen by chance once in sixteen times."""


@dataclass(frozen=True, slots=True)
class Band:
    """Median of the samples between their 10th and 90th percentile."""

    low: float
    middle: float
    high: float
    count: int

    @property
    def differs(self) -> bool:
        """Whether a ratio with this band is not 1: the band excludes it, and comes from enough rounds."""
        return self.count >= FEWEST and not self.low <= 1.0 <= self.high


def band(samples: Sequence[float]) -> Band:
    """Where the samples lie."""
    low, middle, high = np.percentile(np.asarray(samples, dtype=np.float64), (10, 50, 90))
    return Band(float(low), float(middle), float(high), len(samples))


def ratio(upper: Sequence[float], lower: Sequence[float]) -> Band:
    """The ratios of what was measured in the same round: noise that both saw cancels.

    One sample alone stands beside every round of the other.
    """
    rounds = max(len(upper), len(lower))
    if {len(upper), len(lower)} - {1, rounds}:
        raise ValueError(f"{len(upper)} and {len(lower)} samples were not taken in the same rounds")
    return band(list(np.divide(upper, lower)))
