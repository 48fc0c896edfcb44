"""How likely chance alone makes a sync score: a mark can be seen although it cannot be read.

The null is measured: scores of unmarked pictures under wrong keys, in every orientation. Its upper
hundredth falls off exponentially, which is more cautious than the Gaussian it nearly is.
"""

from __future__ import annotations

import math

MOST_CHANCE = 1e-6
"""A mark is called present at this chance or less, over everything that was tried."""

# The 99 % quantile, and the mean excess over it: 16,960 scores of pictures under 40 wrong keys gave
# 4.72 and 0.182, 2,400 of white noise 4.84 and 0.17; both are rounded up.
_QUANTILE, _SHARE, _EXCESS = 4.85, 0.01, 0.19


def chance(score: float, trials: int) -> float:
    """Return an upper bound on the chance that the best of `trials` scores reaches `score`.

    Args:
        score: Of `sync.find`, in a frame (a pose that was searched for is no fair trial).
        trials: Orientations, frames and keys that were looked at.
    """
    if score <= _QUANTILE:
        return 1.0
    return min(1.0, trials * _SHARE * math.exp(-(score - _QUANTILE) / _EXCESS))
