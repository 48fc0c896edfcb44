"""Find how a picture was turned, scaled, mirrored or stretched since it was marked.

The pilots of a repeated tile are lines in the spectrum of the whole picture. A turn and a scaling
move them together: on a log-polar map of the spectrum that is a shift of the whole constellation.
Every shift is scored by adding rows of the map, some forty million additions of bytes that the
compiler turns into vector instructions. Stretch and shear change the constellation itself; in a
part of the picture the map may be coarse, and then a hundred constellations cost no more than one.
In perspective each part shows the constellation stretched in another way. What one part alone
leaves in doubt the others decide: of a pose that chance made they see nothing, at any tilt.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from synthmark.watermark.image.frame import TILE
from synthmark.watermark.image.pose import Pose, improved
from synthmark.watermark.jit import kernel
from synthmark.watermark.scheme import IMAGE_1

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.watermark.image.carriers import Carriers

    Bytes = NDArray[np.uint8]
    Matrix = NDArray[np.float64]

LEAST_SCALE, MOST_SCALE = 0.29, 2.86
"""Frame pixels a pixel of the picture: it may be 3.4 times as large as it was, or a third."""

# Steps of the map that turns and scales are searched in: radians, and as much of the logarithm of
# the scale. Half of one moves the outermost pilot by 0.4 cycles in 1,024 pixels,
_STEP = 0.003
# and here, where stretch and shear are searched, too, by 0.3 in a window of 256.
_COARSE_STEP = 0.008
# Largest turn from upright or from a quarter turn that is searched with stretch and shear, radians.
_MOST_TURN = 0.35
# Stretch and shear, as the logarithm of half the proportion of the sides: their steps,
_BEND_STEP = 0.04
# and the largest.
_MOST_BEND = 0.25
# Tilts to try, each way.
_TILTS = 9
# The largest, as the share by which the farthest part recedes.
_MOST_TILT = 0.2
# Radius of the lowest pilot at the least scale, in cycles a pixel of the picture: where maps begin.
_LEAST_RADIUS = IMAGE_1.pilots_inner * LEAST_SCALE
# Points a side over which the mean power around a point is taken: wide beside a pilot's line.
_NEIGHBOURHOOD = 31
# The power of one point over that mean is exponential by chance; more than so much says no more.
_MOST_POWER = 8.0
_UNIT = 30
"""Levels of a map of bytes for power equal to its surroundings: 8 times that still fits."""


def power_map(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the spectrum's power over that of its surroundings, at most 8.

    Args:
        plane: float32 (h, w), whitened; its middle 1,024 pixels a side count.

    Returns:
        float32 (n, n / 2 - 1): ky from -n/2 upwards, kx from 1 upwards, in cycles in n pixels.
    """
    size = 512 if max(plane.shape) <= 512 else 1024
    top, left = (max(0, length - size) // 2 for length in plane.shape)
    part = plane[top : top + size, left : left + size]
    padded = np.zeros((size, size), np.float32)
    padded[: part.shape[0], : part.shape[1]] = part * _window(*part.shape)
    packed = np.asarray(cv2.dft(padded), np.float32)
    power = packed[:, 1:-1:2] ** 2 + packed[:, 2::2] ** 2
    power = np.concatenate((power[size // 2 :], power[: size // 2]))
    around = np.asarray(cv2.blur(power, (_NEIGHBOURHOOD, _NEIGHBOURHOOD)), np.float32)
    return np.minimum(power / (around + 1e-9), np.float32(_MOST_POWER))


def similar(powers: NDArray[np.float32], carriers: Carriers, most: int) -> list[Pose]:
    """Return the best poses that turn and scale, mirrored or not."""
    polar = _sampled(powers, *_polar_places(len(powers), _STEP))
    found = []
    for mirrored in (False, True):
        ky, kx = carriers.pilots.frequency.T.astype(np.float64) / TILE
        if mirrored:
            kx = -kx
        turn = np.rint((np.arctan2(ky, kx) % np.pi) / _STEP).astype(np.int64)
        place = np.log(np.hypot(ky, kx) * LEAST_SCALE / _LEAST_RADIUS) / _STEP
        steps = int(math.log(MOST_SCALE / LEAST_SCALE) / _STEP)
        scores = constellation(polar, turn, np.rint(place).astype(np.int64), steps)
        for row, column in _peaks(scores, most):
            angle, scale = row * _STEP, LEAST_SCALE * math.exp(column * _STEP)
            turned = scale * np.diag([1.0, -1.0 if mirrored else 1.0]) @ _rotation(angle)
            found.append((int(scores[row, column]), turned))
    return _climbed(powers, carriers, found, most)


def bent(
    powers: NDArray[np.float32], carriers: Carriers, most: int, *, mirrors: tuple[bool, ...]
) -> list[Pose]:
    """Return the best poses that also stretch and shear, within 20 degrees of a quarter turn.

    Args:
        powers: Of a part of the picture small enough that a perspective is nearly affine there.
        carriers: Of the key.
        most: Number of poses.
        mirrors: Whether to look for the picture as it is, mirrored, or both.
    """
    polar = _sampled(powers, *_polar_places(len(powers), _COARSE_STEP))
    reach = int(_MOST_TURN / _COARSE_STEP)
    steps = int(math.log(MOST_SCALE / LEAST_SCALE) / _COARSE_STEP)
    bends = _bends()
    found = []
    for mirrored in mirrors:
        flip = np.diag([1.0, -1.0 if mirrored else 1.0])
        pilots = carriers.pilots.frequency.astype(np.float64) / TILE @ flip
        for quarter in (0.0, np.pi / 2):
            first = int(quarter / _COARSE_STEP) - reach
            best = bent_constellation(
                polar, pilots, bends, np.array([first, 2 * reach + 1, steps]), _COARSE_STEP,
                LEAST_SCALE / _LEAST_RADIUS,
            )  # fmt: skip
            for place in np.argsort(-best[:, 0], kind="stable")[: 2 * most]:
                score, row, column = best[place].tolist()
                scale = LEAST_SCALE * math.exp(column * _COARSE_STEP)
                turned = _rotation((first + row) * _COARSE_STEP)
                found.append((score, scale * flip @ _stretch(*bends[place]) @ turned))
    return _climbed(powers, carriers, found, most)


def seen_together(
    maps: NDArray[np.float32], places: Matrix, carriers: Carriers, pose: Pose
) -> Pose:
    """Return a pose of one part with the tilt in which all parts together see it best.

    Args:
        maps: float32 (m, n, n / 2 - 1), from `power_map`, of parts of the picture.
        places: float64 (m, 2), middle (y, x) of each, in pixels from that of the pose's own part.
        carriers: Of the key.
        pose: From `bent`.
    """
    steps = np.linspace(-_MOST_TILT, _MOST_TILT, _TILTS) / max(float(np.abs(places).max()), 1.0)
    tilts = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=2).reshape(-1, 2)
    return improved(maps, places, tilts, carriers, pose.matrix)


# --- scoring -------------------------------------------------------------------------------------


@kernel("uint16[:, ::1](uint8[:, ::1], int64[::1], int64[::1], int64)")
def constellation(
    polar: Bytes, turn: NDArray[np.int64], place: NDArray[np.int64], steps: int
) -> NDArray[np.uint16]:
    """Return the sum over all pilots of the map, for every turn (cyclic) and scale.

    Args:
        polar: uint8 (turns, radii).
        turn: int64 (pilots,), row of each pilot at no turn.
        place: int64 (pilots,), column of each pilot at the least scale.
        steps: Number of scales.
    """
    turns = polar.shape[0]
    scores = np.zeros((turns, steps), np.uint16)
    for row in range(turns):
        total = scores[row]
        for pilot in range(turn.shape[0]):
            source = polar[(row + turn[pilot]) % turns, place[pilot] :]
            for i in range(steps):
                total[i] += source[i]
    return scores


@kernel(
    "int64[:, ::1](uint8[:, ::1], float64[:, ::1], float64[:, ::1], int64[::1], float64, float64)"
)
def bent_constellation(
    polar: Bytes,
    pilots: Matrix,
    bends: Matrix,
    sizes: NDArray[np.int64],
    step: float,
    unit: float,
) -> NDArray[np.int64]:
    """Return for each bend the best sum over all pilots, and its turn and scale.

    Args:
        polar: uint8 (turns, radii).
        pilots: float64 (pilots, 2), ky and kx in cycles a frame pixel.
        bends: float64 (bends, 2), stretch and shear.
        sizes: int64 (3,), the first turn, the number of turns and the number of scales.
        step: Of turns in radians and of scales in their logarithm.
        unit: Radius (cycles a frame pixel) to column 0 at the least scale, as a factor.

    Returns:
        int64 (bends, 3): score, turn counted from the first, scale.
    """
    first, turns, scales = sizes[0], sizes[1], sizes[2]
    total = np.empty((turns, scales), np.uint16)
    found = np.zeros((bends.shape[0], 3), np.int64)
    for bend in range(bends.shape[0]):
        total[:] = 0
        stretch, shear = bends[bend, 0], bends[bend, 1]
        size = np.sqrt(stretch * stretch + shear * shear)
        even = np.cosh(size)
        odd = np.sinh(size) / size if size > 0 else 1.0
        for pilot in range(pilots.shape[0]):
            y, x = pilots[pilot, 0], pilots[pilot, 1]
            ky = even * y + odd * (stretch * y + shear * x)
            kx = even * x + odd * (shear * y - stretch * x)
            row = int(np.rint((np.arctan2(ky, kx) % np.pi) / step)) + first
            column = max(int(np.rint(np.log(np.sqrt(ky * ky + kx * kx) * unit) / step)), 0)
            for turn in range(turns):
                source = polar[(row + turn) % polar.shape[0], column:]
                sums = total[turn]
                for i in range(scales):
                    sums[i] += source[i]
        for turn in range(turns):
            for i in range(scales):
                if total[turn, i] > found[bend, 0]:
                    found[bend, 0] = total[turn, i]
                    found[bend, 1] = turn
                    found[bend, 2] = i
    return found


# --- maps and candidates -------------------------------------------------------------------------


def _climbed(
    powers: NDArray[np.float32],
    carriers: Carriers,
    found: list[tuple[int, Matrix]],
    most: int,
) -> list[Pose]:
    """Climb from the best starts; of those that meet keep one."""
    poses: list[Pose] = []
    for _, start in sorted(found, key=lambda each: -each[0])[: 2 * most]:
        climbed = improved(powers[None], np.zeros((1, 2)), np.zeros((1, 2)), carriers, start)
        if not any(np.abs(climbed.matrix - pose.matrix).max() < _STEP for pose in poses):
            poses.append(climbed)
    return sorted(poses, key=lambda pose: -pose.score)[:most]


def _peaks(scores: NDArray[np.uint16], most: int) -> list[tuple[int, int]]:
    """Return the places of the highest values that are not beside a higher one."""
    wide = np.asarray(cv2.dilate(scores, np.ones((7, 7), np.uint8)))
    tops = np.flatnonzero(scores.ravel() == wide.ravel())
    best = tops[np.argsort(-scores.ravel()[tops].astype(np.int64), kind="stable")[:most]]
    return [(int(place) // scores.shape[1], int(place) % scores.shape[1]) for place in best]


def _sampled(powers: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]) -> Bytes:
    levels = np.minimum(powers * np.float32(_UNIT), np.float32(255)).astype(np.uint8)
    # Beyond the spectrum a pilot neither helps nor harms.
    beyond = int(levels.mean())
    return np.asarray(
        cv2.remap(
            levels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=beyond
        ),
        np.uint8,
    )


@lru_cache(maxsize=1)
def _bends() -> Matrix:
    """Return stretches and shears in a disc, float64 (bends, 2)."""
    count = int(_MOST_BEND / _BEND_STEP)
    steps = np.arange(-count, count + 1) * _BEND_STEP
    both = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=2).reshape(-1, 2)
    return np.ascontiguousarray(both[np.hypot(*both.T) <= _MOST_BEND])


def _stretch(stretch: float, shear: float) -> Matrix:
    """Return the symmetric matrix of unit determinant that stretches and shears."""
    size = math.hypot(stretch, shear)
    odd = math.sinh(size) / size if size else 1.0
    return math.cosh(size) * np.eye(2) + odd * np.array([[stretch, shear], [shear, -stretch]])


@lru_cache(maxsize=16)
def _window(height: int, width: int) -> NDArray[np.float32]:
    """Return the square root of a Hann window."""
    down, across = (np.sin(np.pi * (np.arange(n) + 0.5) / n) for n in (height, width))
    return np.outer(down, across).astype(np.float32)


@lru_cache(maxsize=4)
def _polar_places(size: int, step: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where the map of `size` is sampled: rows turn from 0 to pi, columns grow in radius."""
    angle = np.arange(0, np.pi, step)[:, None]
    # A stretch carries the outermost pilot beyond its radius.
    most = math.log(IMAGE_1.outer * MOST_SCALE / _LEAST_RADIUS) + 2 * _MOST_BEND
    radius = _LEAST_RADIUS * np.exp(np.arange(0, most + step, step)) * size
    ky, kx = radius * np.sin(angle), radius * np.cos(angle)
    return _places(ky, kx, size)


def _places(
    ky: NDArray[np.float64], kx: NDArray[np.float64], size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Turn frequencies into columns and rows of the power map, on its half kx > 0."""
    flipped = np.where(kx < 0, -1.0, 1.0)
    x, y = kx * flipped - 1, ky * flipped + size // 2
    return x.astype(np.float32), y.astype(np.float32)


def _rotation(angle: float) -> Matrix:
    """Return the matrix whose transpose turns a frequency (ky, kx) by `angle`, kx towards ky."""
    sine, cosine = math.sin(angle), math.cos(angle)
    return np.array([[cosine, -sine], [sine, cosine]])
