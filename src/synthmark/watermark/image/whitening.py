"""Whiten a frame and fold it into one tile: what is left of the picture is close to noise.

The high-pass residual is divided by its own local strength and clipped, so that busy and flat parts
count alike; then all repeats of the tile are averaged, in which the picture cancels and the
watermark does not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from synthmark.watermark.image.frame import TILE

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HIGH_PASS_SIGMA = 1.5
_LOCAL_SIGMA = 2.5
# The floor under the local variance: relative where a picture is smooth throughout (blurred, say),
# at most one squared level where it is not.
_FLOOR_SHARE, _MOST_FLOOR, _LEAST_FLOOR = 0.3, 1.0, 1e-4
_CLIP = 2.0


def spectrum(frame: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Return the spectrum of the folded, whitened frame, complex64 (TILE, TILE).

    Args:
        frame: float32 (h, w), luma in 8-bit levels.
    """
    return np.fft.fft2(fold(whiten(frame))).astype(np.complex64)


def blur(plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Return a Gaussian blur, cut at 2.5 sigma, the border reflected."""
    width = 2 * math.ceil(2.5 * sigma) + 1
    return np.asarray(cv2.GaussianBlur(plane, (width, width), sigma), np.float32)


def whiten(frame: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the high-pass residual over its local deviation, float32 (h, w) within +-2."""
    residual = frame - blur(frame, _HIGH_PASS_SIGMA)
    variance = blur(residual * residual, _LOCAL_SIGMA)
    floor = min(_MOST_FLOOR, _FLOOR_SHARE * float(np.median(variance[::4, ::4]))) + _LEAST_FLOOR
    whitened = residual / np.sqrt(variance + np.float32(floor))
    return np.asarray(np.clip(whitened, -_CLIP, _CLIP), np.float32)


def fold(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of all tiles of a plane, float32 (TILE, TILE); partial tiles count too."""
    height, width = plane.shape
    padded = np.zeros((-(-height // TILE) * TILE, -(-width // TILE) * TILE), np.float32)
    padded[:height, :width] = plane
    total = padded.reshape(-1, TILE, padded.shape[1] // TILE, TILE).sum(axis=(0, 2))
    return np.asarray(total / np.outer(_repeats(height), _repeats(width)), np.float32)


def _repeats(length: int) -> NDArray[np.int64]:
    """Return how often each place of the tile occurs along `length` pixels, at least 1."""
    return np.maximum((length - np.arange(TILE) + TILE - 1) // TILE, 1)
