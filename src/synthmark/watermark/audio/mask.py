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
# slot, of which a steady tone has almost none. Set by PEAQ grades and by what attacks leave, on the
# tuning files of docs/measured/sound-robustness.md.
_ROUGHNESS = 0.61
"""Decibels of change for each decibel of a cell's unpredicted level."""
_ACTIVITY = 0.88
"""Decibels of change for each decibel of RMS change from slot to slot."""
_LEAST = 0.05
"""Least change of a cell that counts fully, in dB."""
_MOST = 1.77
"""Largest change of such a cell, in dB."""
_REACH = 2
"""Slots before and behind a cell over which its change from slot to slot is averaged."""

# What hides before and behind a moment: Zwicker and Fastl, Psychoacoustics, chapter 4.4: masking
# before a sound is gone within 2 to 5 ms, that behind it lasts 100 ms and more.
_MOMENT = RATE // 1000
"""Samples that are heard as one moment: 1 ms."""
_BEFORE = 12.0
"""How fast what a sound hides falls off before it, in dB a moment."""
_AFTER = 0.25
"""How fast it falls off behind it, in dB a moment."""
_BELOW = 8.0
"""How far below that a change stays, in dB: within a sound it does anyway, as no level moves by
more than 2.9 dB."""


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

    Args:
        change: float32 (n, channels), at 16 kHz.
        host: float32 (n, channels), what it will be added to.
    """
    for channel in range(host.shape[1]):
        hidden = moment_powers(host, channel)
        spread_masking(hidden)
        weaken(change, channel, hidden, moment_powers(change, channel))


@kernel("float32[::1](float32[:, ::1], int64)")
def moment_powers(wave: NDArray[np.float32], channel: int) -> NDArray[np.float32]:
    """Return the power of each moment of a channel, float32 (moments,).

    It is that of the first difference, as the ear hears low frequencies less.
    """
    count = len(wave)
    powers = np.zeros(-(-count // _MOMENT), np.float32)
    for moment in range(len(powers)):
        total = np.float32(0)
        for place in range(max(moment * _MOMENT, 1), min((moment + 1) * _MOMENT, count)):
            step = wave[place, channel] - wave[place - 1, channel]
            total += step * step
        powers[moment] = total
    return powers


@kernel("void(float32[::1])")
def spread_masking(powers: NDArray[np.float32]) -> None:
    """Let each moment hide what those behind and before it hold, in place."""
    before, after = np.float32(10 ** (-_BEFORE / 10)), np.float32(10 ** (-_AFTER / 10))
    for moment in range(1, len(powers)):
        powers[moment] = max(powers[moment], powers[moment - 1] * after)
    for moment in range(len(powers) - 2, -1, -1):
        powers[moment] = max(powers[moment], powers[moment + 1] * before)


@kernel("void(float32[:, ::1], int64, float32[::1], float32[::1])")
def weaken(
    change: NDArray[np.float32],
    channel: int,
    hidden: NDArray[np.float32],
    heard: NDArray[np.float32],
) -> None:
    """Weaken a channel of a change, in place, where it is louder than what hides it.

    The gain of each moment holds for its middle; between two it is interpolated.

    Args:
        change: float32 (n, channels).
        channel: Which one.
        hidden: float32 (moments,), the power that each moment hides.
        heard: float32 (moments,), the power that the change has there.
    """
    count, moments = len(change), len(hidden)
    below, one = np.float32(10 ** (-_BELOW / 10)), np.float32(1)
    gains = np.empty(moments + 2, np.float32)
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
            change[place, channel] *= gain + step * (np.float32(place - begin) + np.float32(0.5))
