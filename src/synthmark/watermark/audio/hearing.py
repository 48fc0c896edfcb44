"""A sound as the detector hears it: once over in the mean of its channels, then closely.

Every channel and every mix of channels carries the same change of its levels, over a host of its
own. What the mean cannot tell, both channels and their difference may tell together with it, and so
may another floor under the same spectrum: host and noise are then not quite the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.audio import cells, spectrum
from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Share of the channels' power below which their mean is no picture of them, and of the mean's below
# which their difference is none.
_CANCELLED, _ALIKE = 0.01, 1e-4
_BEFORE = 8
# Samples that are added up side by side.
_BLOCK = 1024


class Hearing:
    """One sound: the logarithms of its mean's power, and those of other mixes when asked for.

    Attributes:
        logs: float32 (frames, bins), of the mean of the channels.
    """

    def __init__(self, wave: NDArray[np.float32], rate: int) -> None:
        """Take samples, float32 (n, channels), and their rate."""
        self._wave = wave
        self._rate = rate
        self._mean = spectrum.resample(mixed(wave), rate, spectrum.RATE)
        self.logs = cells.firm_log_power(spectrum.power(self._mean))

    def closely(self, begin: int, end: int) -> Iterator[NDArray[np.float32]]:
        """Yield logarithms of power of every mix with every floor, frames `begin` to `end`."""
        # The first frames of a sound know nothing of what was before it.
        first = max(begin - _BEFORE, 0)
        for mix in self._mixes(first * spectrum.HOP, end * spectrum.HOP + spectrum.WINDOW):
            power = spectrum.power(mix, begin - first, end - first)
            firm = cells.firm_floor(power)
            for around in cells.CLOSELY:
                yield cells.firm_log_power(power, around, firm)

    def _mixes(self, begin: int, end: int) -> Iterator[NDArray[np.float32]]:
        """Yield each mix from sample `begin` to `end`, counted at 16 kHz."""
        mean = self._mean[begin:end]
        yield mean
        if self._wave.shape[1] != 2:
            return
        scale = self._rate / spectrum.RATE
        wave = self._wave[round(begin * scale) : round(end * scale)]
        side = (wave[:, 0] - wave[:, 1]) / 2
        if np.square(side).mean() > _ALIKE * np.square(mean).mean():
            for mix in (*wave.T, side):
                yield spectrum.resample(mix, self._rate, spectrum.RATE, len(mean))


def mixed(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of the channels, float32 (n,), or the loudest when they cancel."""
    channels = wave.shape[1]
    if channels == 1:
        return np.ascontiguousarray(wave[:, 0])
    # Not by a matrix product: BLAS would start threads for it.
    mean, of_mean, of_all = averaged(np.ascontiguousarray(wave))
    if of_mean < _CANCELLED / channels * of_all:
        power = np.einsum("nc,nc->c", wave, wave, dtype=np.float64)
        return np.ascontiguousarray(wave[:, power.argmax()])
    return mean


@kernel("Tuple((float32[::1], float64, float64))(float32[:, ::1])")
def averaged(wave: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, float]:
    """Return the mean of the channels, float32 (n,), its power and that of all channels."""
    count, channels = wave.shape
    mean = np.empty(count, np.float32)
    share = np.float32(1 / channels)
    # Powers are added up side by side, which becomes vector instructions, and then together.
    of_mean, of_all = np.zeros(_BLOCK, np.float32), np.zeros(_BLOCK, np.float32)
    for begin in range(0, count, _BLOCK):
        here, part = wave[begin : begin + _BLOCK], mean[begin : begin + _BLOCK]
        if channels == 2:
            for place in range(len(part)):
                left, right = here[place, 0], here[place, 1]
                part[place] = (left + right) * share
                of_all[place] += left * left + right * right
        else:
            for place in range(len(part)):
                total, power = np.float32(0), np.float32(0)
                for channel in range(channels):
                    total += here[place, channel]
                    power += here[place, channel] * here[place, channel]
                part[place] = total * share
                of_all[place] += power
        for place in range(len(part)):
            of_mean[place] += part[place] * part[place]
    return mean, of_mean.sum(), of_all.sum()
