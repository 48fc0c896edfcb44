"""What is left of a sound once its own course is predicted: values close to unit noise.

Each cell's level is compared with what its neighbours in time and frequency foretell; the error of
that interpolation is, up to scale, the row of the inverse covariance, which is what an optimal
detector looks at. Steady tones are foretold better by time alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.audio import cells
from synthmark.watermark.audio.cells import DECIBEL
from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_SLOTS = 8
"""Fewest slots that can be whitened."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The cells of a sound on one grid; each array is float32 (slots, bands).

    Attributes:
        levels: Natural logarithms of power.
        values: Whitened levels, within +-2.
        deviation: Of the levels about what was foretold; negative where nothing happens.
        weights: What each cell is worth to the detector, 0 to 1.
    """

    levels: NDArray[np.float32]
    values: NDArray[np.float32]
    deviation: NDArray[np.float32]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, bands: NDArray[np.float32], start: float, stretch: float = 1.0) -> View:
        """Look at bands, float32 (frames, bands), in slots that begin at frame `start`.

        Args:
            bands: From `cells.band_levels`.
            start: First frame of the first slot.
            stretch: Length of a slot, 1 for the embedder's own.
        """
        levels = cells.slot_levels(bands, start, cells.SLOT * stretch)
        values, deviation = whiten(levels)
        return cls(levels, values, deviation, weights(levels, deviation, floors(levels)))


# Weights of the neighbours, fitted by least squares on speech and music: in time at distance one
# and two, in frequency at distance one and two, diagonal.
_TIME_1, _TIME_2, _BAND_1, _BAND_2, _DIAGONAL = 0.448, -0.015, 0.381, 0.041, -0.175
_REACH = 8
_LEAST, _LEAST_IN_TIME = 0.12, 0.04
_PREFERENCE = 1.4
_MOST_SQUARE = 9.0
_CLIP = 2.0


@kernel("UniTuple(float32[:, ::1], 2)(float32[:, ::1])")
def whiten(levels: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the whitened level of each cell, within +-2, and the deviation it was divided by.

    Args:
        levels: float32 (slots, bands), at least `LEAST_SLOTS` slots and 3 bands.

    Returns:
        Two arrays like `levels`. The deviation is that of the error in both directions, negative
        where it is at its floor: nothing happens there.
    """
    slots, bands = levels.shape
    error = np.empty((slots, bands), np.float32)
    in_time = np.empty((slots, bands), np.float32)
    for slot in range(slots):
        before, after = abs(slot - 1), slots - 1 - abs(slots - 2 - slot)
        before2, after2 = abs(slot - 2), slots - 1 - abs(slots - 3 - slot)
        for band in range(bands):
            below, above = abs(band - 1), bands - 1 - abs(bands - 2 - band)
            below2, above2 = abs(band - 2), bands - 1 - abs(bands - 3 - band)
            level = levels[slot, band]
            beside = levels[before, band] + levels[after, band]
            foretold = (
                np.float32(_TIME_1) * beside
                + np.float32(_TIME_2) * (levels[before2, band] + levels[after2, band])
                + np.float32(_BAND_1) * (levels[slot, below] + levels[slot, above])
                + np.float32(_BAND_2) * (levels[slot, below2] + levels[slot, above2])
                + np.float32(_DIAGONAL)
                * (
                    levels[before, below]
                    + levels[before, above]
                    + levels[after, below]
                    + levels[after, above]
                )
            )
            error[slot, band] = level - foretold
            in_time[slot, band] = level - np.float32(0.5) * beside
    # Sums over +-8 slots, by adding what enters and taking away what leaves.
    around = np.zeros((slots, bands), np.float32)
    around_in_time = np.zeros((slots, bands), np.float32)
    sums = np.zeros((2, bands), np.float64)
    most = np.float32(_MOST_SQUARE)
    for slot in range(-_REACH, slots):
        enters, leaves = slot + _REACH, slot - _REACH - 1
        for band in range(bands):
            if enters < slots:
                sums[0, band] += min(error[enters, band] ** 2, most)
                sums[1, band] += min(in_time[enters, band] ** 2, most)
            if leaves >= 0:
                sums[0, band] -= min(error[leaves, band] ** 2, most)
                sums[1, band] -= min(in_time[leaves, band] ** 2, most)
            if slot >= 0:
                around[slot, band] = sums[0, band]
                around_in_time[slot, band] = sums[1, band]
    deviation = np.empty((slots, bands), np.float32)
    clip = np.float32(_CLIP)
    for slot in range(slots):
        count = min(slot + _REACH, slots - 1) - max(slot - _REACH, 0) + 1
        for band in range(bands):
            low, high = max(band - 1, 0), min(band + 1, bands - 1)
            total = np.float32(0)
            for near in range(low, high + 1):
                total += around[slot, near]
            both = np.sqrt(max(total, np.float32(0)) / np.float32(count * (high - low + 1)))
            alone = np.sqrt(max(around_in_time[slot, band], np.float32(0)) / np.float32(count))
            deviation[slot, band] = both if both > _LEAST else np.float32(-_LEAST)
            both = max(both, np.float32(_LEAST))
            alone = max(alone, np.float32(_LEAST_IN_TIME))
            value = error[slot, band] / both
            if np.float32(_PREFERENCE) * alone < both:
                value = in_time[slot, band] / alone
            error[slot, band] = min(max(value, -clip), clip)
    return error, deviation


# --- how much each cell is worth -----------------------------------------------------------------

# Weight at the band's floor, decibels above the floor where it begins to rise, decibels to 1: in a
# clean band, where quiet cells still tell something, and in a noisy one, where they do not.
_CLEAN, _NOISY = (0.25, 0.0, 14.0), (0.04, 3.0, 9.0)
_NEAR_FLOOR, _NOISY_SHARE, _NOISY_RANGE = 6.0, 0.45, 0.25
_SMOOTH = 5
_DEAD, _DEAD_WEIGHT = 88.0, 0.05


def floors(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the level below which a tenth of each band's cells lie, float32 (bands,)."""
    place = len(levels) // 10
    found: NDArray[np.float32] = np.partition(levels, place, axis=0)[place]
    return found


def weights(
    levels: NDArray[np.float32], deviation: NDArray[np.float32], floor: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return what each cell is worth to the detector, 0 to 1.

    Args:
        levels: float32 (slots, bands).
        deviation: From `whiten`.
        floor: From `floors`.
    """
    above = (levels - floor) * np.float32(DECIBEL)
    near = np.mean(above < _NEAR_FLOOR, axis=0)
    noisy = np.clip((near - _NOISY_SHARE) / _NOISY_RANGE, 0, 1)
    reach = _SMOOTH // 2
    padded = np.pad(noisy, reach, mode="edge")
    blend = np.convolve(padded, np.full(_SMOOTH, 1 / _SMOOTH), "valid").astype(np.float32)
    least = float(levels.max()) - _DEAD / DECIBEL
    return weigh(levels, deviation, floor, blend, least)


@kernel("float32[:, ::1](float32[:, ::1], float32[:, ::1], float32[::1], float32[::1], float64)")
def weigh(
    levels: NDArray[np.float32],
    deviation: NDArray[np.float32],
    floor: NDArray[np.float32],
    noisy: NDArray[np.float32],
    least: float,
) -> NDArray[np.float32]:
    """Return the weight of each cell, by its level above the floor and by how noisy its band is.

    Args:
        levels: float32 (slots, bands).
        deviation: From `whiten`.
        floor: float32 (bands,).
        noisy: float32 (bands,), 0 for a clean band to 1 for a noisy one.
        least: Level below which a cell is dead.
    """
    slots, bands = levels.shape
    found = np.empty((slots, bands), np.float32)
    one = np.float32(1)
    low, begin, rise = np.float32(_CLEAN[0]), np.float32(_CLEAN[1]), np.float32(_CLEAN[2])
    low_n, begin_n, rise_n = np.float32(_NOISY[0]), np.float32(_NOISY[1]), np.float32(_NOISY[2])
    for slot in range(slots):
        for band in range(bands):
            level = levels[slot, band]
            if level < least or deviation[slot, band] < 0:
                found[slot, band] = _DEAD_WEIGHT
                continue
            above = (level - floor[band]) * np.float32(DECIBEL)
            clean = min(max(low + (above - begin) / rise, low), one)
            noise = min(max(low_n + (above - begin_n) / rise_n, low_n), one)
            found[slot, band] = clean + noisy[band] * (noise - clean)
    return found
