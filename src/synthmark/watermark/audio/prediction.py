"""What a cell's neighbours foretell of its level, as this very sound teaches it.

The error of the best linear interpolation is, up to scale, the row of the inverse covariance: what
an optimal detector looks at. Neighbours that lie alike around a cell share one weight; the weights
are those of least squares over the sound, apart for each eighth of the bands, because the harmonics
of a voice, the tones of a piano and the noise of rain foretell their neighbours differently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

REACH = 3
"""How many slots and bands away the farthest neighbours lie."""
RINGS = ((1, 0), (2, 0), (3, 0), (0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (2, 1), (2, 2))
"""Slots and bands from a cell to the two or four neighbours that share a weight."""
GROUPS = 8
# Bands that are silent foretell nothing, and leave the equations without a single solution.
_RIDGE = 1e-5


@kernel("float32[:, :, ::1](float32[:, ::1])")
def surroundings(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sums over each ring around each cell, float32 (slots, rings, bands).

    Args:
        levels: float32 (slots, bands), more than `REACH` of each; beyond an edge it is mirrored.
    """
    slots, bands = levels.shape
    padded = np.empty((slots + 6, bands + 6), np.float32)
    padded[3:-3, 3:-3] = levels
    for side in (1, 2, 3):
        padded[:, 3 - side] = padded[:, 3 + side]
        padded[:, bands + 2 + side] = padded[:, bands + 2 - side]
    for side in (1, 2, 3):
        padded[3 - side] = padded[3 + side]
        padded[slots + 2 + side] = padded[slots + 2 - side]
    found = np.empty((slots, len(RINGS), bands), np.float32)
    for slot in range(slots):
        before3, before2, before = padded[slot], padded[slot + 1], padded[slot + 2]
        here, sums = padded[slot + 3], found[slot]
        after, after2, after3 = padded[slot + 4], padded[slot + 5], padded[slot + 6]
        for b in range(bands):
            # Column b + 3 is the cell's own.
            sums[0, b] = before[b + 3] + after[b + 3]
            sums[1, b] = before2[b + 3] + after2[b + 3]
            sums[2, b] = before3[b + 3] + after3[b + 3]
            sums[3, b] = here[b + 2] + here[b + 4]
            sums[4, b] = here[b + 1] + here[b + 5]
            sums[5, b] = here[b] + here[b + 6]
            sums[6, b] = before[b + 2] + before[b + 4] + after[b + 2] + after[b + 4]
            sums[7, b] = before[b + 1] + before[b + 5] + after[b + 1] + after[b + 5]
            sums[8, b] = before2[b + 2] + before2[b + 4] + after2[b + 2] + after2[b + 4]
            sums[9, b] = before2[b + 1] + before2[b + 5] + after2[b + 1] + after2[b + 5]
    return found


def fit(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the weight of each ring in each band, float32 (rings, bands).

    Args:
        levels: float32 (slots, bands).
    """
    products = moments(levels, surroundings(levels))
    own = np.arange(len(RINGS))
    products[:, own, own] *= 1 + _RIDGE
    products[:, own, own] += _RIDGE
    solved = np.linalg.solve(products[:, :-1, :-1], products[:, :-1, -1:])[..., 0]
    return np.ascontiguousarray(np.repeat(solved, levels.shape[1] // GROUPS, axis=0).T, np.float32)


@kernel("float64[:, :, ::1](float32[:, ::1], float32[:, :, ::1])")
def moments(levels: NDArray[np.float32], around: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the sums of products of rings and level, float64 (groups, rings + 1, rings + 1).

    Args:
        levels: float32 (slots, bands).
        around: From `surroundings`.
    """
    slots, rings, bands = around.shape
    width = bands // GROUPS
    found = np.zeros((GROUPS, rings + 1, rings + 1), np.float64)
    # Single precision holds for a while; then sums are moved into double precision.
    total = np.zeros((rings + 1, rings + 1, bands), np.float32)
    for slot in range(slots):
        for one in range(rings + 1):
            first = around[slot, one] if one < rings else levels[slot]
            for other in range(one + 1):
                second = around[slot, other] if other < rings else levels[slot]
                for band in range(bands):
                    total[one, other, band] += first[band] * second[band]
        if slot % 64 == 63 or slot == slots - 1:
            for one in range(rings + 1):
                for other in range(one + 1):
                    for band in range(bands):
                        found[band // width, one, other] += total[one, other, band]
                        total[one, other, band] = 0
    for group in range(GROUPS):
        for one in range(rings + 1):
            for other in range(one):
                found[group, other, one] = found[group, one, other]
    return found
