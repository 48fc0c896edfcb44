"""How far each cell's level may be moved before it is heard: the perceptual mask.

A change of levels made in windows of 32 ms also sounds before what it was made for. Nothing hides
there: before an attack the ear is deaf for a few milliseconds only. So what was made is looked at
once more, millisecond by millisecond.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.audio import cells
from synthmark.watermark.audio.cells import DECIBEL
from synthmark.watermark.audio.spectrum import RATE
from synthmark.watermark.audio.whitening import View
from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A change hides in what the levels do anyway: in their roughness, and in their change from slot to
# slot, of which a steady tone has almost none.
_ROUGHNESS, _ACTIVITY = 0.61, 0.88
_LEAST, _MOST = 0.05, 1.77
_REACH = 2
# Samples that are heard as one moment, 1 ms; how fast what a sound hides falls off before and after
# it, in dB a moment; and how far below that a change stays. Masking before a sound is gone within 2
# to 5 ms, that behind it lasts 100 ms and more (Zwicker and Fastl, Psychoacoustics, chapter 4.4).
# No level is moved by more than 2.9 dB, so within a sound a change lies 8 dB or more below it.
_MOMENT = RATE // 1000
_BEFORE, _AFTER = 12.0, 0.25
_BELOW = 8.0


@kernel("float32[:, ::1](float32[:, ::1], float32[:, ::1], float32[::1])")
def strength(
    levels: NDArray[np.float32], deviation: NDArray[np.float32], granted: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the change each cell may get in dB, float32 (slots, bands).

    Args:
        levels: float32 (slots, bands), natural logarithms of power.
        deviation: From `whitening.whiten`.
        granted: float32 (bands,), `cells.BY_BAND`.
    """
    slots, bands = levels.shape
    found = np.empty((slots, bands), np.float32)
    # Squares of the changes from slot to slot, added up from the first slot to each.
    total = np.zeros((slots + 1, bands), np.float64)
    for slot in range(1, slots):
        for band in range(bands):
            change = np.float64(levels[slot, band] - levels[slot - 1, band])
            total[slot + 1, band] = total[slot, band] + change * change
    by_roughness = np.float32(_ROUGHNESS * DECIBEL)
    by_activity, least, most = np.float32(_ACTIVITY), np.float32(_LEAST), np.float32(_MOST)
    for slot in range(slots):
        low, high = max(slot - _REACH, 0), min(slot + _REACH + 1, slots)
        for band in range(bands):
            mean = (total[high, band] - total[low, band]) / (high - low)
            activity = np.float32(np.sqrt(max(mean, 0.0) / 2) * DECIBEL)
            room = max(activity * by_activity, least)
            limit = min(abs(deviation[slot, band]) * by_roughness, room)
            found[slot, band] = min(max(limit, least), most) * granted[band]
    return found


def strength_of(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the change each cell of the embedder's grid may get in dB, float32 (slots, 48).

    Args:
        power: From `spectrum.power`, of the mean of the channels.
    """
    view = View.of(cells.plain_levels(power), cells.FIRST_FRAME)
    return strength(view.levels, view.deviation, cells.BY_BAND)


@kernel("void(float32[:, ::1], float32[:, ::1])")
def hide_in_time(change: NDArray[np.float32], host: NDArray[np.float32]) -> None:
    """Weaken a change, in place, where nothing at its moment hides it: before an attack.

    Powers are those of the first difference, as the ear hears low frequencies less. The gain of
    each moment holds for its middle; between two it is interpolated.

    Args:
        change: float32 (n, channels), at 16 kHz.
        host: float32 (n, channels), what it will be added to.
    """
    count, channels = host.shape
    moments = -(-count // _MOMENT)
    before, after = np.float32(10 ** (-_BEFORE / 10)), np.float32(10 ** (-_AFTER / 10))
    below, one = np.float32(10 ** (-_BELOW / 10)), np.float32(1)
    hidden, heard = np.empty(moments, np.float32), np.empty(moments, np.float32)
    gains = np.empty(moments + 2, np.float32)
    for channel in range(channels):
        for moment in range(moments):
            of_host, of_change = np.float32(0), np.float32(0)
            for place in range(max(moment * _MOMENT, 1), min((moment + 1) * _MOMENT, count)):
                step = host[place, channel] - host[place - 1, channel]
                of_host += step * step
                step = change[place, channel] - change[place - 1, channel]
                of_change += step * step
            hidden[moment], heard[moment] = of_host, of_change
        for moment in range(1, moments):
            hidden[moment] = max(hidden[moment], hidden[moment - 1] * after)
        for moment in range(moments - 2, -1, -1):
            hidden[moment] = max(hidden[moment], hidden[moment + 1] * before)
        for moment in range(moments):
            most = below * hidden[moment]
            gains[moment + 1] = np.sqrt(most / heard[moment]) if heard[moment] > most else one
        gains[0], gains[moments + 1] = gains[1], gains[moments]
        for moment in range(moments + 1):
            gain, step = gains[moment], (gains[moment + 1] - gains[moment]) / np.float32(_MOMENT)
            if gain == one and step == 0:
                continue
            begin = moment * _MOMENT - _MOMENT // 2
            for place in range(max(begin, 0), min(begin + _MOMENT, count)):
                change[place, channel] *= gain + step * (
                    np.float32(place - begin) + np.float32(0.5)
                )
