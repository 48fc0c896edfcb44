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
NEIGHBOURS = np.array(
    [
        (ring, REACH + y, REACH + x)
        for ring, (down, across) in enumerate(RINGS)
        for y in sorted({-down, down})
        for x in sorted({-across, across})
    ],
    np.int64,
)
"""Ring of each neighbour, and its slot and band from the corner of what is `mirrored`."""
GROUPS = 8
# Bands that are silent foretell nothing, and leave the equations without a single solution.
_RIDGE = 1e-5


@kernel("float32[:, ::1](float32[:, ::1])")
def mirrored(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return levels with `REACH` more on every side, mirrored at the edges.

    Args:
        levels: float32 (slots, bands), more than `REACH` of each.
    """
    slots, bands = levels.shape
    padded = np.empty((slots + 2 * REACH, bands + 2 * REACH), np.float32)
    for slot in range(slots + 2 * REACH):
        inner = abs(slot - REACH)
        row = levels[min(inner, 2 * (slots - 1) - inner)]
        for band in range(bands):
            padded[slot, REACH + band] = row[band]
        for side in range(1, REACH + 1):
            padded[slot, REACH - side] = row[side]
            padded[slot, REACH + bands - 1 + side] = row[bands - 1 - side]
    return padded


@kernel("float32[:, :, ::1](float32[:, ::1], int64[:, ::1])")
def surroundings(padded: NDArray[np.float32], neighbours: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the sums over each ring around each cell, float32 (slots, rings, bands).

    Args:
        padded: From `mirrored`.
        neighbours: `NEIGHBOURS`.
    """
    slots, bands = padded.shape[0] - 2 * REACH, padded.shape[1] - 2 * REACH
    found = np.zeros((slots, neighbours[-1, 0] + 1, bands), np.float32)
    for slot in range(slots):
        for place in range(neighbours.shape[0]):
            ring, down, across = neighbours[place]
            row, sums = padded[slot + down, across : across + bands], found[slot, ring]
            for band in range(bands):
                sums[band] += row[band]
    return found


def fit(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the weight of each ring in each band, float32 (rings, bands).

    Args:
        levels: float32 (slots, bands).
    """
    products = moments(levels, surroundings(mirrored(levels), NEIGHBOURS))
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
