"""Whiten a plane: what is left of the picture is close to noise.

The high-pass residual is divided by its own local strength and clipped, so that busy and flat parts
count alike.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HIGH_PASS_SIGMA = 1.5
_LOCAL_SIGMA = 2.5
# The floor under the local variance: relative where a picture is smooth throughout (blurred, say),
# at most one squared level where it is not.
_FLOOR_SHARE, _MOST_FLOOR, _LEAST_FLOOR = 0.3, 1.0, 1e-4
_CLIP = 2.0


def whiten(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the high-pass residual over its local deviation, float32 (h, w) within +-2."""
    residual = blur(plane, _HIGH_PASS_SIGMA)
    squares = np.empty_like(residual)
    high_pass(plane, residual, squares)
    variance = blur(squares, _LOCAL_SIGMA)
    typical = float(np.median(variance[::4, ::4]))
    floor = min(_MOST_FLOOR, _FLOOR_SHARE * typical) + _LEAST_FLOOR
    normalise(residual, variance, floor)
    return residual


def blur(plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Return a Gaussian blur, cut at 2.5 sigma, the border reflected."""
    width = 2 * math.ceil(2.5 * sigma) + 1
    return np.asarray(cv2.GaussianBlur(plane, (width, width), sigma), np.float32)


@kernel("void(float32[:, ::1], float32[:, ::1], float32[:, ::1])")
def high_pass(
    plane: NDArray[np.float32], blurred: NDArray[np.float32], squares: NDArray[np.float32]
) -> None:
    """Turn `blurred` into the residual plane - blurred, and write its squares."""
    height, width = plane.shape
    for y in range(height):
        for x in range(width):
            residual = plane[y, x] - blurred[y, x]
            blurred[y, x] = residual
            squares[y, x] = residual * residual


@kernel("void(float32[:, ::1], float32[:, ::1], float64)")
def normalise(residual: NDArray[np.float32], variance: NDArray[np.float32], floor: float) -> None:
    """Divide `residual` by the square root of variance + floor, within +-2."""
    height, width = residual.shape
    least = np.float32(floor)
    clip = np.float32(_CLIP)
    for y in range(height):
        for x in range(width):
            value = residual[y, x] / np.sqrt(variance[y, x] + least)
            residual[y, x] = min(max(value, -clip), clip)
