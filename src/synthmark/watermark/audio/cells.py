"""Cells of time and frequency: how loud each one is, and gains spread over them.

A cell is one of 48 bands of 140.6 Hz between 250 and 7000 Hz, during one slot of three frames
(24 ms). Two neighbouring bands in one slot are a dipole, the chip unit: one of its cells gets
louder by what the other gets softer, which leaves the energy of a critical band nearly as it was.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from synthmark.watermark.audio.spectrum import BINS, RATE, WINDOW
from synthmark.watermark.jit import kernel
from synthmark.watermark.scheme import AUDIO_1

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

BANDS = AUDIO_1.bands
DIPOLES = BANDS // 2
SLOT = AUDIO_1.slot_frames
"""Frames in a slot."""
FIRST_FRAME = 2
"""First frame of the embedder's first slot: the one centred on the first sample."""
LOWEST = AUDIO_1.lowest
"""Lower edge of the first band, in Hz."""
WIDTH = AUDIO_1.band_width
"""Width of a band, in Hz."""
DECIBEL = 10 / np.log(10)
"""Decibels in a unit of the levels, which are natural logarithms of power."""

_LOW_SHARE = 0.3
"""Share of the change that the lowest band gets: there the ear follows single harmonics (PEAQ)."""
_LOW_RANGE = 2500.0
"""Hertz over which that share rises to 1."""
_ABOVE = np.clip(WIDTH * (np.arange(BANDS) + 0.5) / _LOW_RANGE, 0, 1)
BY_BAND = (_LOW_SHARE + (1 - _LOW_SHARE) * _ABOVE).astype(np.float32)
"""How much of the change each band gets, float32 (48,), and so what it is worth: 0.3 to 1."""

# Levels are floored, so that codec holes and the noise between harmonics cannot dominate a mean of
# logarithms; for the detector also at the power below which a tenth of the band's frames lie, and
# at a share of the power around each bin.
_FLOOR = 1e-6
"""Share of each bin's mean power that is added to it: 60 dB below."""
_SILENCE = 1e-11
"""Power that is added to each bin, full scale being 1."""


class Around(NamedTuple):
    """What is around a bin, and the share of its mean power that becomes the bin's floor.

    Attributes:
        first: First frame, counted from the bin's own.
        last: Last frame.
        bins: How many bins to each side.
        share: Of the mean power.
    """

    first: int
    last: int
    bins: int
    share: float


NEAR = Around(-1, 1, 2, 0.1)
CLOSELY = (NEAR, Around(-4, 4, 7, 0.1), Around(-12, 12, 20, 0.1), Around(-26, -2, 4, 0.5))
"""Floors that show the same sound a little differently; the last one hides reverberation."""
_FEW = 4
"""Bins to each side that are added one by one, which becomes vector instructions."""
_AT_ONCE = 128
"""Frames whose levels are taken at once, few enough to stay in the processor's cache."""
_BIN = RATE / WINDOW
"""Width of a bin, in Hz."""


def plain_levels(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the level of each band in each frame, float32 (frames, 48), as the mask takes it.

    Args:
        power: From `spectrum.power`. It counts down to 60 dB below each bin's own mean.
    """
    least = _least(power)
    (found,) = _levels(len(power), lambda begin, end: power[begin:end] + least, (1.0,))
    return found


def firm_levels(
    power: NDArray[np.float32],
    around: Around = NEAR,
    firm: NDArray[np.float32] | None = None,
    scales: Sequence[float] = (1.0,),
) -> list[NDArray[np.float32]]:
    """Return `band_levels` of `firm_log_power`, float32 (frames, 48), of each of several scales.

    What lies between is never held as a whole: parts of it stay in the processor's cache.
    """
    least = firm_floor(power) if firm is None else firm
    sums = np.zeros(power.shape[1], np.float64)
    return _levels(
        len(power), lambda begin, end: floored(power, least, *around, begin, end, sums), scales
    )


def firm_log_power(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ln(power + floor), float32 (frames, bins), with the floors of the detector.

    Args:
        power: From `spectrum.power`.
    """
    sums = np.zeros(power.shape[1], np.float64)
    found = floored(power, firm_floor(power), *NEAR, 0, len(power), sums)
    np.log(found, out=found)
    return found


def _levels(
    frames: int,
    raised: Callable[[int, int], NDArray[np.float32]],
    scales: Sequence[float],
) -> list[NDArray[np.float32]]:
    """Return the levels, at each scale, of the power that `raised` gives of a range of frames."""
    found = [np.empty((frames, BANDS), np.float32) for _ in scales]
    lowest, highest = edges(min(scales))[0], edges(max(scales))[-1]
    for begin in range(0, frames, _AT_ONCE):
        end = min(begin + _AT_ONCE, frames)
        part = raised(begin, end)
        used = part[:, int(lowest) : int(highest) + 1]
        np.log(used, out=used)
        rows = turned(part)
        for levels, scale in zip(found, scales, strict=True):
            levels[begin:end] = turned_levels(rows, scale)
    return found


def firm_floor(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the floor of each bin that holds for the whole sound, float32 (bins,)."""
    return np.asarray(_least(power) + _quiet(power), np.float32)


def _least(power: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(_FLOOR * (over_time(power) / len(power)) + _SILENCE, np.float32)


@kernel("float64[::1](float32[:, ::1])")
def over_time(power: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the sum of each bin over all frames, float64 (bins,)."""
    total = np.zeros(power.shape[1], np.float64)
    for frame in range(len(power)):
        row = power[frame]
        for place in range(len(row)):
            total[place] += row[place]
    return total


def _quiet(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the power below which a tenth of the frames lie, band by band, float32 (bins,)."""
    bands = np.empty((BANDS, len(power)), np.float32)
    for begin in range(0, len(power), _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        bands[:, part] = levels_by_band(turned(power[part]), *portions(1.0, power.shape[1]))
    place = len(power) // 10
    quiet = np.partition(bands, place, axis=1)[:, place]
    bounds = edges()
    centres = (bounds[1:] + bounds[:-1] - 1) / 2
    return np.asarray(np.interp(np.arange(power.shape[1]), centres, quiet), np.float32)


@kernel(
    "float32[:, ::1](float32[:, ::1], float32[::1], int64, int64, int64, float64, int64,"
    " int64, float64[::1])"
)
def floored(
    power: NDArray[np.float32],
    least: NDArray[np.float32],
    first: int,
    last: int,
    bins: int,
    share: float,
    begin: int,
    end: int,
    added_up: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Return power + least + a share of the mean around each bin, float32 (end - begin, bins).

    A spectrum is taken at once, or part after part from its beginning.

    Args:
        power: float32 (frames, bins).
        least: float32 (bins,).
        first: See `Around`.
        last: See `Around`.
        bins: See `Around`.
        share: See `Around`.
        begin: First frame wanted.
        end: First frame not wanted any more.
        added_up: float64 (bins,), what was added up over time so far, zeros at first.
    """
    count, width = power.shape
    found = np.empty((end - begin, width), np.float32)
    # Sums over time of each bin, with as many zeros on either side as bins count together.
    sums = np.zeros(width + 2 * bins, np.float64)
    together = np.empty(width, np.float64)
    most = np.empty(width, np.float64)
    for place in range(width):
        most[place] = share / (min(place + bins + 1, width) - max(place - bins, 0))
    own = sums[bins : bins + width]
    own[:] = added_up
    for frame in range(min(-last, 0) if begin == 0 else begin, end):
        enters, leaves = frame + last, frame + first - 1
        if 0 <= enters < count:
            row = power[enters]
            for place in range(width):
                own[place] += row[place]
        if 0 <= leaves < count:
            row = power[leaves]
            for place in range(width):
                own[place] -= row[place]
        if frame < 0:
            continue
        rows = max(min(enters, count - 1) - max(leaves + 1, 0) + 1, 1)
        add_beside(sums, bins, together)
        row, here = power[frame], found[frame - begin]
        for place in range(width):
            mean = max(together[place] * (most[place] / rows), 0.0)
            here[place] = row[place] + least[place] + np.float32(mean)
    added_up[:] = own
    return found


@kernel("void(float64[::1], int64, float64[::1])")
def add_beside(sums: NDArray[np.float64], bins: int, together: NDArray[np.float64]) -> None:
    """Write the sum of each bin and of `bins` on either side of it.

    Args:
        sums: float64 (width + 2 bins,), zeros in the first and last `bins`.
        bins: How many.
        together: The result, float64 (width,).
    """
    width = len(together)
    if bins <= _FEW:
        together[:] = 0
        for beside in range(2 * bins + 1):
            part = sums[beside : beside + width]
            for place in range(width):
                together[place] += part[place]
        return
    total = 0.0
    for place in range(bins, 2 * bins):
        total += sums[place]
    for place in range(width):
        total += sums[place + 2 * bins]
        together[place] = total
        total -= sums[place]


def edges(scale: float = 1.0) -> NDArray[np.float64]:
    """Return the 49 edges of the bands in bins, frequencies multiplied by `scale`.

    Bin k reaches from k to k + 1 on this axis, half a bin to each side of its centre.
    """
    hertz = LOWEST + WIDTH * np.arange(BANDS + 1, dtype=np.float64)
    return np.asarray(hertz * scale / _BIN + 0.5, np.float64)


def band_levels(logs: NDArray[np.float32], scale: float = 1.0) -> NDArray[np.float32]:
    """Return the mean level of each band in each frame, float32 (frames, 48).

    Args:
        logs: float32 (frames, bins), logarithms of power.
        scale: What the frequencies of the bands are multiplied by; what lies above the last bin
            is taken from it.
    """
    return turned_levels(turned(logs), scale)


def turned_levels(rows: NDArray[np.float32], scale: float = 1.0) -> NDArray[np.float32]:
    """Return `band_levels` of logarithms that are `turned`, for bands at many scales."""
    return turned(levels_by_band(rows, *portions(scale, len(rows))))


def turned(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a plane with its axes exchanged, each row in one piece: (frames, bins) for example."""
    return np.asarray(cv2.transpose(plane), np.float32)


@lru_cache(maxsize=128)
def portions(scale: float, bins: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return which bins each band begins and ends in, and what they and those between count.

    Args:
        scale: As in `edges`.
        bins: How many there are; the last one goes on for ever.

    Returns:
        int64 (2, bands), and float32 (3, bands): shares of the first, the last and any other bin.
    """
    bounds = edges(scale)
    low, high = bounds[:-1], bounds[1:]
    first = np.minimum(low.astype(np.int64), bins - 1)
    last = np.minimum(high.astype(np.int64), bins - 1)
    head = np.where(first == bins - 1, high, np.minimum(first + 1.0, high)) - low
    tail = np.where(last > first, high - last, 0)
    shares = np.array((head, tail, np.ones_like(low))) / (high - low)
    return np.array((first, last)), shares.astype(np.float32)


@kernel("float32[:, ::1](float32[:, ::1], int64[:, ::1], float32[:, ::1])")
def levels_by_band(
    rows: NDArray[np.float32], ends: NDArray[np.int64], shares: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the mean level of each band in each frame, float32 (bands, frames).

    Args:
        rows: float32 (bins, frames), logarithms of power; frames side by side are vectors.
        ends: From `portions`.
        shares: From `portions`.
    """
    frames, bands = rows.shape[1], ends.shape[1]
    found = np.zeros((bands, frames), np.float32)
    for band in range(bands):
        first, last = ends[0, band], ends[1, band]
        head, tail, whole = shares[0, band], shares[1, band], shares[2, band]
        total = found[band]
        for place in range(first + 1, last):
            row = rows[place]
            for frame in range(frames):
                total[frame] += row[frame]
        lowest, highest = rows[first], rows[last]
        for frame in range(frames):
            total[frame] = lowest[frame] * head + total[frame] * whole + highest[frame] * tail
    return found


@kernel("float32[:, ::1](float32[:, ::1], float64, float64)")
def slot_levels(bands: NDArray[np.float32], start: float, length: float) -> NDArray[np.float32]:
    """Return the mean level of each cell, float32 (slots, bands): whole slots only.

    Args:
        bands: float32 (frames, bands); frame t reaches from t to t + 1.
        start: Where the first slot begins, in frames, at least 0.
        length: Frames in a slot, at least 1.
    """
    frames, width = bands.shape
    slots = max(0, int((frames - start) / length))
    found = np.zeros((slots, width), np.float32)
    for slot in range(slots):
        low = start + slot * length
        high = low + length
        first = int(low)
        last = min(int(high), frames - 1)
        for frame in range(first, last + 1):
            share = np.float32((min(frame + 1.0, high) - max(float(frame), low)) / length)
            if share > 0:
                for band in range(width):
                    found[slot, band] += share * bands[frame, band]
    return found


def _shares() -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return, of each bin, the lower of two bands it lies in and the share of each, (BINS, 2)."""
    bounds = edges()
    bins = np.arange(BINS)
    low, high = bounds[:-1, None], bounds[1:, None]
    overlap = np.clip(np.minimum(high, bins + 1) - np.maximum(low, bins), 0, None)
    overlap /= np.maximum(overlap.sum(axis=0), 1e-9)
    first = np.minimum(overlap.argmax(axis=0), BANDS - 2)
    # A bin is narrower than a band, so it lies in one or in two.
    first -= (first > 0) & (overlap[first - 1, bins] > 0)
    return first, np.ascontiguousarray([overlap[first, bins], overlap[first + 1, bins]], np.float32)


_BAND_OF, _SHARE_OF = _shares()


def frame_gains(gains: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float32]:
    """Return what the gains add to each amplitude, float32 (stop - start, BINS): factor minus one.

    Args:
        gains: float32 (slots, 48), gain of each cell in dB.
        start: First frame wanted.
        stop: First frame not wanted any more.
    """
    factors = np.zeros((stop - start, BINS), np.float32)
    first = max((start - FIRST_FRAME) // SLOT, 0)
    last = min(-((FIRST_FRAME - stop) // SLOT), len(gains))
    if first < last:
        spread = spread_over_bins(gains[first:last], _BAND_OF, _SHARE_OF)
        np.exp(spread, out=spread)
        hold(spread, FIRST_FRAME + first * SLOT - start, factors)
    return factors


@kernel("void(float32[:, ::1], int64, float32[:, ::1])")
def hold(spread: NDArray[np.float32], begin: int, factors: NDArray[np.float32]) -> None:
    """Write the factors of slots, less one, into each of their frames, float32 (frames, BINS).

    Args:
        spread: float32 (slots, BINS), factors of the amplitude.
        begin: First frame of the first slot; it may be negative.
        factors: The result; what no slot reaches stays as it is.
    """
    for frame in range(max(begin, 0), min(begin + SLOT * len(spread), len(factors))):
        row, here = spread[(frame - begin) // SLOT], factors[frame]
        for place in range(len(row)):
            here[place] = row[place] - np.float32(1)


@kernel("float32[:, ::1](float32[:, ::1], int64[::1], float32[:, ::1])")
def spread_over_bins(
    gains: NDArray[np.float32], band: NDArray[np.int64], share: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the logarithm of the factor of each bin's amplitude, float32 (slots, BINS).

    Args:
        gains: float32 (slots, bands), in dB.
        band: int64 (BINS,), the lower of the two bands that a bin may lie in.
        share: float32 (2, BINS), how much of the bin lies in either.
    """
    slots, bins = len(gains), len(band)
    found = np.empty((slots, bins), np.float32)
    unit = np.float32(np.log(10) / 20)
    for slot in range(slots):
        for place in range(bins):
            low, high = gains[slot, band[place]], gains[slot, band[place] + 1]
            found[slot, place] = (low * share[0, place] + high * share[1, place]) * unit
    return found
