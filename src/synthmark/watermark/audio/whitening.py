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
    def of(
        cls,
        bands: NDArray[np.float32],
        start: float,
        stretch: float = 1.0,
        floor: NDArray[np.float32] | None = None,
    ) -> View:
        """Look at bands, float32 (frames, bands), in slots that begin at frame `start`.

        Args:
            bands: From `cells.band_levels`.
            start: First frame of the first slot.
            stretch: Length of a slot, 1 for the embedder's own.
            floor: From `floors`, when it is known already.
        """
        levels = cells.slot_levels(bands, start, cells.SLOT * stretch)
        values, deviation = whiten(levels)
        if floor is None:
            floor = floors(levels)
        return cls(levels, values, deviation, weights(levels, deviation, floor))


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
    padded = np.empty((slots + 4, bands + 4), np.float32)
    padded[2:-2, 2:-2] = levels
    for side in (1, 2):
        padded[:, 2 - side] = padded[:, 2 + side]
        padded[:, bands + 1 + side] = padded[:, bands + 1 - side]
    for side in (1, 2):
        padded[2 - side] = padded[2 + side]
        padded[slots + 1 + side] = padded[slots + 1 - side]
    error = np.empty((slots, bands), np.float32)
    in_time = np.empty((slots, bands), np.float32)
    squares, squares_in_time = np.empty_like(error), np.empty_like(error)
    most = np.float32(_MOST_SQUARE)
    for slot in range(slots):
        first, before, here = padded[slot], padded[slot + 1], padded[slot + 2]
        after, last = padded[slot + 3], padded[slot + 4]
        for band in range(bands):
            beside = before[band + 2] + after[band + 2]
            wrong = (
                here[band + 2]
                - np.float32(_TIME_1) * beside
                - np.float32(_TIME_2) * (first[band + 2] + last[band + 2])
                - np.float32(_BAND_1) * (here[band + 1] + here[band + 3])
                - np.float32(_BAND_2) * (here[band] + here[band + 4])
                - np.float32(_DIAGONAL)
                * (before[band + 1] + before[band + 3] + after[band + 1] + after[band + 3])
            )
            moved = here[band + 2] - np.float32(0.5) * beside
            error[slot, band] = wrong
            in_time[slot, band] = moved
            squares[slot, band] = min(wrong * wrong, most)
            squares_in_time[slot, band] = min(moved * moved, most)
    # Sums over +-8 slots, by adding what enters and taking away what leaves.
    sums, sums_in_time = np.zeros(bands + 2, np.float64), np.zeros(bands + 2, np.float64)
    deviation = np.empty((slots, bands), np.float32)
    nothing, clip = np.float32(0), np.float32(_CLIP)
    least, least_in_time = np.float32(_LEAST), np.float32(_LEAST_IN_TIME)
    for slot in range(-_REACH, slots):
        enters, leaves = slot + _REACH, slot - _REACH - 1
        if enters < slots:
            for band in range(bands):
                sums[band + 1] += squares[enters, band]
                sums_in_time[band + 1] += squares_in_time[enters, band]
        if leaves >= 0:
            for band in range(bands):
                sums[band + 1] -= squares[leaves, band]
                sums_in_time[band + 1] -= squares_in_time[leaves, band]
        if slot < 0:
            continue
        count = min(enters, slots - 1) - max(leaves + 1, 0) + 1
        one, two, three = np.float32(1 / count), np.float32(0.5 / count), np.float32(1 / 3 / count)
        for band in range(bands):
            share = three if 0 < band < bands - 1 else two
            around = np.float32(sums[band] + sums[band + 1] + sums[band + 2])
            both = np.sqrt(max(around, nothing) * share)
            alone = np.sqrt(max(np.float32(sums_in_time[band + 1]), nothing) * one)
            alone = max(alone, least_in_time)
            deviation[slot, band] = both if both > least else -least
            both = max(both, least)
            by_both, by_time = error[slot, band] / both, in_time[slot, band] / alone
            value = by_time if np.float32(_PREFERENCE) * alone < both else by_both
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


@kernel("float32[:, ::1](float32[:, ::1], float32[:, ::1], float32[::1])")
def weights(
    levels: NDArray[np.float32], deviation: NDArray[np.float32], floor: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return what each cell is worth to the detector, 0 to 1.

    A cell counts by how far it lies above its band's floor. Less so in a noisy band, one in which
    (or beside which) many cells lie near the floor: what is there is the noise.

    Args:
        levels: float32 (slots, bands).
        deviation: From `whiten`.
        floor: From `floors`.
    """
    slots, bands = levels.shape
    near = np.zeros(bands, np.float32)
    least = np.float32(-np.inf)
    for slot in range(slots):
        for band in range(bands):
            level = levels[slot, band]
            least = max(least, level)
            near[band] += level < floor[band] + np.float32(_NEAR_FLOOR / DECIBEL)
    least -= np.float32(_DEAD / DECIBEL)
    noisy = np.empty(bands, np.float32)
    for band in range(bands):
        total = np.float32(0)
        for beside in range(band - _SMOOTH // 2, band + _SMOOTH // 2 + 1):
            share = near[min(max(beside, 0), bands - 1)] / np.float32(slots)
            part = (share - np.float32(_NOISY_SHARE)) / np.float32(_NOISY_RANGE)
            total += min(max(part, np.float32(0)), np.float32(1))
        noisy[band] = total / np.float32(_SMOOTH)
    found = np.empty((slots, bands), np.float32)
    one = np.float32(1)
    for slot in range(slots):
        for band in range(bands):
            level = levels[slot, band]
            above = (level - floor[band]) * np.float32(DECIBEL)
            clean = np.float32(_CLEAN[0]) + (above - np.float32(_CLEAN[1])) / np.float32(_CLEAN[2])
            noise = np.float32(_NOISY[0]) + (above - np.float32(_NOISY[1])) / np.float32(_NOISY[2])
            clean = min(max(clean, np.float32(_CLEAN[0])), one)
            noise = min(max(noise, np.float32(_NOISY[0])), one)
            worth = clean + noisy[band] * (noise - clean)
            dead = level < least or deviation[slot, band] < 0
            found[slot, band] = np.float32(_DEAD_WEIGHT) if dead else worth
    return found
