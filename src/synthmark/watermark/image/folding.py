"""Fold a whitened plane into one tile: the picture averages out, the watermark adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from synthmark.watermark.image.frame import TILE
from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Points of the finer tile for each frame pixel, each way: to place a pixel at the nearest of them
# costs the outermost points of the spectrum a fortieth of their amplitude.
_FINE = 2


def spectrum(plane: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Return the spectrum of a folded frame, complex64 (TILE, TILE).

    Args:
        plane: float32 (h, w), a whitened frame.
    """
    return _transformed(fold(plane))


def spectrum_through(
    plane: NDArray[np.float32], transform: NDArray[np.float64]
) -> NDArray[np.complex64]:
    """Return the spectrum of a plane that is folded through a homography.

    Every pixel is put where it belongs on a tile of twice the resolution, so that nothing has to be
    resampled; the finer grid's own high frequencies are left out.

    Args:
        plane: float32 (h, w), whitened.
        transform: float64 (3, 3), from (y, x, 1) in the plane to the frame.
    """
    fine = _transformed(fold_through(plane, transform))
    half = TILE // 2
    rows = np.concatenate((fine[:half], fine[-half:]))
    return np.concatenate((rows[:, :half], rows[:, -half:]), axis=1)


def _transformed(tile: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Return the whole spectrum of a real tile, in single precision and so in half the time."""
    pairs = np.asarray(cv2.dft(tile, flags=cv2.DFT_COMPLEX_OUTPUT), np.float32)
    return pairs.view(np.complex64)[..., 0]


@kernel("float32[:, ::1](float32[:, ::1])")
def fold(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean over all tiles of a plane, partial ones too: float32 (TILE, TILE).

    Where no tile reaches, it is 0.
    """
    height, width = plane.shape
    total = np.zeros((TILE, TILE), np.float32)
    for y in range(height):
        row = total[y % TILE]
        for start in range(0, width, TILE):
            for x in range(min(TILE, width - start)):
                row[x] += plane[y, start + x]
    for y in range(TILE):
        down = max((height - y + TILE - 1) // TILE, 1)
        for x in range(TILE):
            total[y, x] /= np.float32(down * max((width - x + TILE - 1) // TILE, 1))
    return total


@kernel("float32[:, ::1](float32[:, ::1], float64[:, ::1])")
def fold_through(plane: NDArray[np.float32], transform: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the sum of a plane over a tile of 2 TILE a side, every pixel put where it belongs.

    Args:
        plane: float32 (h, w).
        transform: float64 (3, 3), from (y, x, 1) in the plane to the frame.
    """
    height, width = plane.shape
    size = _FINE * TILE
    total = np.zeros((size, size), np.float32)
    a, b, c = _FINE * transform[0, 0], _FINE * transform[0, 1], _FINE * transform[0, 2]
    d, e, f = _FINE * transform[1, 0], _FINE * transform[1, 1], _FINE * transform[1, 2]
    g, h, i = transform[2, 0], transform[2, 1], transform[2, 2]
    for y in range(height):
        down, across, weight = a * y + c, d * y + f, g * y + i
        for x in range(width):
            scale = 1.0 / (weight + h * x)
            row = int(np.floor((down + b * x) * scale + 0.5)) & (size - 1)
            column = int(np.floor((across + e * x) * scale + 0.5)) & (size - 1)
            total[row, column] += plane[y, x]
    return total
