"""How far each cell's level may be moved before it is heard: the perceptual mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.audio import cells
from synthmark.watermark.audio.cells import DECIBEL
from synthmark.watermark.audio.whitening import View

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A change hides in what the levels do anyway: in their roughness, and in their change from slot to
# slot, of which a steady tone has almost none.
_ROUGHNESS, _ACTIVITY = 0.61, 0.88
_LEAST, _MOST = 0.05, 1.77
_REACH = 2


def strength(levels: NDArray[np.float32], deviation: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the change each cell may get in dB, float32 (slots, 48).

    Args:
        levels: float32 (slots, 48), natural logarithms of power.
        deviation: From `whitening.whiten`.
    """
    roughness = np.abs(deviation) * np.float32(_ROUGHNESS * DECIBEL)
    room = np.maximum(activity(levels) * np.float32(_ACTIVITY), np.float32(_LEAST))
    limit = np.clip(np.minimum(roughness, room), np.float32(_LEAST), np.float32(_MOST))
    return np.asarray(limit * cells.BY_BAND, np.float32)


def strength_of(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the change each cell of the embedder's grid may get in dB, float32 (slots, 48).

    Args:
        power: From `spectrum.power`, of the mean of the channels.
    """
    bands = cells.band_levels(cells.log_power(power), cells.edges())
    view = View.of(bands, cells.FIRST_FRAME)
    return strength(view.levels, view.deviation)


def activity(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the RMS change of each cell's level from slot to slot around it, in dB."""
    change = np.diff(levels, axis=0, prepend=levels[:1])
    total = np.cumsum(np.square(change, dtype=np.float64), axis=0)
    total = np.concatenate((np.zeros((1, levels.shape[1])), total))
    slots = np.arange(len(levels))
    low, high = np.maximum(slots - _REACH, 0), np.minimum(slots + _REACH + 1, len(levels))
    mean = (total[high] - total[low]) / (high - low)[:, None]
    return np.asarray(np.sqrt(np.maximum(mean, 0) / 2) * DECIBEL, np.float32)
