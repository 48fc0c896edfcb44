"""A sound as the detector hears it: once over in the mean of its channels, then closely.

Every channel and every mix of channels carries the same change of its levels, over a host of its
own. What the mean cannot tell, both channels and their difference may tell together with it, and so
may another floor under the same spectrum: host and noise are then not quite the same.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.audio import cells, spectrum
from synthmark.watermark.audio.pcm import energy
from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

_CANCELLED = 0.01
"""Share of the channels' mean power below which their mean does not stand for them."""
_ALIKE = 1e-4
"""Share of the mean's power below which the channels' difference tells nothing."""
_BEFORE = 8
"""Frames before a part that are transformed with it."""


class Hearing:
    """One sound: the levels of its mean, and those of other mixes when asked for.

    Attributes:
        frames: How many there are.
        bands: float32 (frames, 48), levels of the mean of the channels.
    """

    def __init__(self, wave: NDArray[np.float32], rate: int) -> None:
        """Take samples, float32 (n, channels), and their rate."""
        self._wave = wave
        self._rate = rate
        self._mean = spectrum.resample(mixed(wave), rate, spectrum.RATE)
        self._power = spectrum.power(self._mean)
        self.frames = len(self._power)
        (self.bands,) = cells.firm_levels(self._power)

    @cached_property
    def logs(self) -> NDArray[np.float32]:
        """Logarithms of the mean's power, float32 (frames, bins), for bands at another pitch."""
        return cells.firm_log_power(self._power)

    def closely(
        self, begin: int, end: int, pitches: Sequence[float]
    ) -> Iterator[list[NDArray[np.float32]]]:
        """Yield the levels, float32 (end - begin, 48), of every mix with every floor.

        Args:
            begin: First frame.
            end: First frame not wanted any more.
            pitches: What frequencies are multiplied by; each item has the levels at each of these.
        """
        # The first frames of a sound know nothing of what was before it.
        first = max(begin - _BEFORE, 0)
        for mix in self._mixes(first * spectrum.HOP, end * spectrum.HOP + spectrum.WINDOW):
            power = spectrum.power(mix, begin - first, end - first)
            firm = cells.firm_floor(power)
            for around in cells.CLOSELY:
                yield cells.firm_levels(power, around, firm, pitches)

    def _mixes(self, begin: int, end: int) -> Iterator[NDArray[np.float32]]:
        """Yield each mix from sample `begin` to `end`, counted at 16 kHz."""
        mean = self._mean[begin:end]
        yield mean
        if self._wave.shape[1] != 2:
            return
        scale = self._rate / spectrum.RATE
        wave = self._wave[round(begin * scale) : round(end * scale)]
        low = spectrum.resample(wave, self._rate, spectrum.RATE, len(mean))
        side = (low[:, 0] - low[:, 1]) / 2
        if np.square(side).mean() > _ALIKE * np.square(mean).mean():
            yield from (*low.T, side)


def mixed(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of the channels, float32 (n,), or the loudest when they cancel."""
    channels = wave.shape[1]
    if channels == 1:
        return np.ascontiguousarray(wave[:, 0])
    # Not by a matrix product: BLAS would start threads for it.
    wave = np.ascontiguousarray(wave)
    mean = averaged(wave)
    if energy(mean) < _CANCELLED / channels * energy(wave.reshape(-1)):
        powers = [energy(np.ascontiguousarray(channel)) for channel in wave.T]
        return np.ascontiguousarray(wave[:, np.argmax(powers)])
    return mean


@kernel("float32[::1](float32[:, ::1])")
def averaged(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of the channels, float32 (n,)."""
    count, channels = wave.shape
    mean = np.empty(count, np.float32)
    share = np.float32(1 / channels)
    if channels == 2:
        # The usual case, in a form that becomes vector instructions.
        for place in range(count):
            mean[place] = (wave[place, 0] + wave[place, 1]) * share
        return mean
    for place in range(count):
        total = np.float32(0)
        for channel in range(channels):
            total += wave[place, channel]
        mean[place] = total * share
    return mean
