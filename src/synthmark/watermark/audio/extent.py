"""Where in a sound a payload that was read lies, from when to when."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.audio.layout import PERIOD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.watermark.audio.whitening import View

_TOGETHER = 64
"""Slots that are judged together: 1.5 s."""
_GAP = 128
"""Longest gap within a range, in slots: 3 s."""
_LEAST_SCORE = 2.5
"""Score that such slots need, in standard deviations of normal noise."""
_LEAST_SHARE = 0.4
"""The same as a share of what the best of the sound have."""


def extent(view: View, template: NDArray[np.float32], start: int) -> tuple[int, int]:
    """Return the first and the last slot but one of the longest range that agrees with a template.

    Args:
        view: The sound, on the grid on which the payload was read.
        template: float32 (24, 128), the signs of the whole period, sync and data.
        start: Slot at which the period begins.
    """
    slots = len(view.values)
    place = (np.arange(slots) - start) % PERIOD
    weighted = view.values * view.weights
    agreement = ((weighted[:, 0::2] - weighted[:, 1::2]) * template.T[place]).sum(axis=1)
    energy = np.square(weighted).sum(axis=1)
    together = np.ones(min(_TOGETHER, slots))
    score = np.convolve(agreement, together, "same")
    score /= np.sqrt(np.convolve(energy, together, "same")) + 1e-9
    least = max(_LEAST_SCORE, _LEAST_SHARE * float(np.quantile(score, 0.95)))
    agreeing = np.flatnonzero(score > least)
    if not len(agreeing):
        return 0, slots
    parts = np.split(agreeing, np.flatnonzero(np.diff(agreeing) > _GAP) + 1)
    longest = max(parts, key=len)
    inside = slice(longest[0], longest[-1] + 1)
    # The logarithm of how much likelier each slot is with the mark at half its usual gain than
    # without one, for weighted noise that is normal: quiet slots, which weigh little, hardly tell.
    # At less than half, as where a codec was coarse, a mark is not told from none.
    gain = agreement[inside].sum() / max(energy[inside].sum(), 1e-9) / 2
    evidence = gain * (agreement - gain / 2 * energy)
    first = slots - _end(evidence[::-1], slots - 1 - longest[0])
    return first, _end(evidence, longest[-1])


def _end(evidence: NDArray[np.float32], around: int) -> int:
    """Return the likeliest slot near `around` for a range to end before.

    A mark as likely ends with the sound as anywhere within it, all other places being alike. So
    where the last slots hardly tell, it is taken to reach to the end.
    """
    slots = len(evidence)
    low, high = max(around - _TOGETHER, 0), min(around + _TOGETHER, slots)
    total = np.cumsum(evidence[low:high])
    if high == slots:
        total[-1] += math.log(slots)
    return low + int(np.argmax(total)) + 1
