"""What a cell's neighbours predict of its level, as this very sound teaches it.

The error of the best linear interpolation is, up to scale, the row of the inverse covariance: what
an optimal detector looks at. Neighbours that lie alike around a cell share one weight; the weights
are those of least squares over the sound, apart for each eighth of the bands, because the harmonics
of a voice, the tones of a piano and the noise of rain predict their neighbours differently.
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
"""Groups of neighbouring bands that have weights of their own."""
_RIDGE = 1e-5
"""Added to the equations, as a share and in squared levels: bands that are silent predict nothing,
and would leave them without a single solution."""
_TOGETHER = 64
"""Slots whose products single precision can add up; their sums are added in double precision."""


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


@kernel("void(float32[:, ::1], int64, float32[:, ::1])")
def surroundings(padded: NDArray[np.float32], slot: int, sums: NDArray[np.float32]) -> None:
    """Write the sums over each ring around each cell of a slot, and then the levels themselves.

    Args:
        padded: From `mirrored`.
        slot: Which one.
        sums: The result, float32 (rings + 1, bands).
    """
    before3, before2, before = padded[slot], padded[slot + 1], padded[slot + 2]
    here, after, after2, after3 = (
        padded[slot + 3],
        padded[slot + 4],
        padded[slot + 5],
        padded[slot + 6],
    )
    for b in range(sums.shape[1]):
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
        sums[10, b] = here[b + 3]


def fit(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the weight of each ring in each band, float32 (rings, bands).

    Args:
        levels: float32 (slots, bands).
    """
    products = moments(mirrored(levels))
    own = np.arange(len(RINGS))
    products[:, own, own] *= 1 + _RIDGE
    products[:, own, own] += _RIDGE
    solved = np.linalg.solve(products[:, :-1, :-1], products[:, :-1, -1:])[..., 0]
    return np.ascontiguousarray(np.repeat(solved, levels.shape[1] // GROUPS, axis=0).T, np.float32)


@kernel("float64[:, :, ::1](float32[:, ::1])")
def moments(padded: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the sums of products of rings and level, float64 (groups, rings + 1, rings + 1).

    Args:
        padded: From `mirrored`.
    """
    slots, bands = padded.shape[0] - 2 * REACH, padded.shape[1] - 2 * REACH
    width, count = bands // GROUPS, len(RINGS) + 1
    found = np.zeros((GROUPS, count, count), np.float64)
    sums = np.zeros((_TOGETHER, count, bands), np.float32)
    total = np.empty(bands, np.float32)
    for begin in range(0, slots, _TOGETHER):
        for place in range(_TOGETHER):
            if begin + place < slots:
                surroundings(padded, begin + place, sums[place])
            else:
                sums[place] = 0
        for one in range(count):
            for other in range(one + 1):
                total[:] = 0
                # Four slots in one pass, one after the other: fewer and longer loops.
                for place in range(0, _TOGETHER, 4):
                    a, b = sums[place], sums[place + 1]
                    c, d = sums[place + 2], sums[place + 3]
                    for band in range(bands):
                        part = total[band] + a[one, band] * a[other, band]
                        part += b[one, band] * b[other, band]
                        part += c[one, band] * c[other, band]
                        total[band] = part + d[one, band] * d[other, band]
                for band in range(bands):
                    found[band // width, one, other] += total[band]
    for group in range(GROUPS):
        for one in range(count):
            for other in range(one):
                found[group, other, one] = found[group, one, other]
    return found
