"""Whiten a plane: what is left of the picture is close to noise. There are two ways.

`whiten` divides the high-pass residual by its own local strength and clips it, so that busy and
flat parts count alike: best where there is noise. `rank` only asks whether a pixel is lighter or
darker than those near it (the rank transform, Zabih and Woodfill 1994, doi 10.1007/BFb0028345): an
edge, however high, spoils the few pixels beside it and not all around it. Best where compression
has emptied the flat parts of a picture and only its edges are left to carry the mark.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

# All by trial; lengths in frame pixels. Sigma of the blur whose residual is kept: it passes the
# frequencies of the mark and not the strongest of the picture.
_HIGH_PASS_SIGMA = 1.5
# Sigma over which the residual's variance is averaged.
_LOCAL_SIGMA = 2.5
# The floor under the local variance is this share of its median, for pictures that are smooth
# throughout (blurred, say),
_FLOOR_SHARE = 0.3
# but at most so many squared levels,
_MOST_FLOOR = 1.0
# and so many more, that it is never 0.
_LEAST_FLOOR = 1e-4
# Deviations at which the whitened residual is clipped.
_CLIP = 2.0
# Neighbours up, down, left and right that a pixel is ranked among lie up to so many pixels away.
_LAGS = 2
# Squared levels at which a difference counts for 0.7 of its sign: steps of the mark itself.
_KNEE = np.float32(4)


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


def rank(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the soft rank of each pixel among its eight neighbours, float32 (h, w) within +-8.

    Neighbours lie one and two pixels up, down, left and right. A difference d from one of them
    counts d / sqrt(d^2 + 4); those beyond the border are left out.
    """
    ranks = np.zeros_like(plane)
    add_ranks(plane, ranks)
    return ranks


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


@kernel("void(float32[:, ::1], float32[:, ::1])")
def add_ranks(plane: NDArray[np.float32], ranks: NDArray[np.float32]) -> None:
    """Add to `ranks` the soft signs of each pixel's differences from its neighbours.

    A difference counts for one pixel and against the other, so it is made once.
    """
    height, width = plane.shape
    signs = np.empty(width, np.float32)
    for y in range(height):
        for lag in range(1, _LAGS + 1):
            for x in range(width - lag):
                apart = plane[y, x + lag] - plane[y, x]
                signs[x] = apart / np.sqrt(apart * apart + _KNEE)
            for x in range(width - lag):
                ranks[y, x] -= signs[x]
            for x in range(width - lag):
                ranks[y, x + lag] += signs[x]
            if y >= lag:
                for x in range(width):
                    apart = plane[y, x] - plane[y - lag, x]
                    sign = apart / np.sqrt(apart * apart + _KNEE)
                    ranks[y, x] += sign
                    ranks[y - lag, x] -= sign
