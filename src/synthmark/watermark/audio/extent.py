"""Where in a sound a payload that was read lies, from when to when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.audio.layout import PERIOD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.watermark.audio.whitening import View

# Slots that are judged together (1.5 s), the longest gap within a range, and the score slots need:
# in itself, and as a share of what the best of the sound have.
_TOGETHER, _GAP = 64, 128
_LEAST_SCORE, _LEAST_SHARE = 2.5, 0.4


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
    # Slots speak for the payload as far as they agree by more than half of what is usual; quiet
    # ones, which weigh little, hardly speak at all.
    usual = agreement[inside].sum() / max(energy[inside].sum(), 1e-9)
    evidence = agreement - usual / 2 * energy
    return _edge(evidence, longest[0], -1), _edge(evidence, longest[-1], 1)


def _edge(evidence: NDArray[np.float32], around: int, step: int) -> int:
    """Return the slot near `around` up to which, going by `step`, evidence adds up."""
    low, high = max(around - _TOGETHER, 0), min(around + _TOGETHER, len(evidence))
    total = np.cumsum(evidence[low:high])
    if step > 0:
        return low + int(np.argmax(total)) + 1
    return low + int(np.argmin(np.concatenate(([0], total))))
