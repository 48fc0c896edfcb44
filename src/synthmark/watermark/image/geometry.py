"""Put in words how a marked picture lies in the picture at hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from synthmark.facts import Geometry
from synthmark.watermark.image import blocks, tracking
from synthmark.watermark.image.frame import TILE
from synthmark.watermark.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.watermark.image.carriers import Carriers
    from synthmark.watermark.image.sync import Sync

    Matrix = NDArray[np.float64]


# All by trial. A part of the plane belongs to the found picture when it agrees with the pilots more
# than this share of what the picture does on the whole.
_EVIDENCE = 0.35
# Times that an extent is narrowed, down and across.
_NARROWINGS = 4
# Share of the long side from which on all of it is said to be marked.
_NEARLY_ALL = 0.92
# Most rounds of tracking after a payload was read.
_ROUNDS = 4
# Once the corners move by less in a round, in frame pixels, no further one is needed; the first
# only moves and stretches.
_SETTLED = 1.0


def in_frame(
    shape: tuple[int, int],
    scale: float,
    mirrored: bool,
    turns: int,
    held: tuple[float, float] = (0.0, 1.0),
    *,
    inverted: bool = False,
) -> Geometry:
    """Return the geometry of a picture that fills its frame, but perhaps for bars at its ends.

    Args:
        shape: Height and width of the picture at hand.
        scale: Its pixels for each frame pixel.
        mirrored: Whether it was mirrored left to right.
        turns: Quarter turns counter-clockwise, after mirroring.
        held: Where along the long side the marked picture begins and ends, in shares of it.
        inverted: Whether light and dark have changed places.
    """
    height, width = map(float, shape)
    top, left, bottom, right = 0.0, 0.0, height, width
    if width >= height:
        left, right = width * held[0], width * held[1]
    else:
        top, bottom = height * held[0], height * held[1]
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    # A turn carries the first corner down the left side; a mirrored picture begins at the right.
    corners = corners[-turns:] + corners[:-turns] if turns else corners
    if mirrored:
        corners = [corners[1], corners[0], corners[3], corners[2]]
    return Geometry(90.0 * turns, mirrored, scale, tuple(corners), inverted)


def held(plane: NDArray[np.float32], found: Sync, carriers: Carriers) -> tuple[float, float]:
    """Return where along the long side of a frame the mark begins and ends, in shares of it.

    A picture with bars at its ends keeps its frame, for that follows the short side. Where nearly
    all of the side carries the mark, all does: a flat end that compression emptied says nothing.

    Args:
        plane: float32 (h, w), the whitened frame.
        found: How the tile lies in it.
        carriers: Of the key.
    """
    angle = carriers.pilots.frequency @ np.array(found.shift, np.float32)
    turn = found.polarity * np.exp(-2j * np.pi / TILE * angle)
    half = np.zeros(TILE * TILE, np.complex64)
    half[carriers.pilots.index[found.orientation]] = carriers.phases * carriers.pilots.shape * turn
    tile = np.ascontiguousarray(np.fft.ifft2(half.reshape(TILE, TILE)).real, np.float32)
    if plane.shape[1] < plane.shape[0]:
        plane, tile = np.ascontiguousarray(plane.T), np.ascontiguousarray(tile.T)
    agreement, power = along(plane, tile)
    share = _EVIDENCE * float(agreement.sum()) / (float(power.sum()) + 1e-9)
    start, end = _best_run(agreement - share * power)
    if end - start >= _NEARLY_ALL * len(power):
        return 0.0, 1.0
    return start / len(power), end / len(power)


@kernel("float32[:, ::1](float32[:, ::1], float32[:, ::1])")
def along(plane: NDArray[np.float32], tile: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how a plane agrees with a repeated tile, and its power, column by column.

    Args:
        plane: float32 (h, w).
        tile: float32 (TILE, TILE), its corner at that of the plane.

    Returns:
        float32 (2, w): sums of the products with the tile, sums of squares.
    """
    height, width = plane.shape
    sums = np.zeros((2, width), np.float32)
    agreement, power = sums[0], sums[1]
    for y in range(height):
        row = tile[y % TILE]
        for start in range(0, width, TILE):
            for x in range(min(TILE, width - start)):
                value = plane[y, start + x]
                agreement[start + x] += value * row[x]
                power[start + x] += value * value
    return sums


def through(
    plane: NDArray[np.float32], transform: Matrix, carriers: Carriers, view_scale: float
) -> Geometry:
    """Return the geometry of a picture that was found through a transform.

    Args:
        plane: float32 (h, w), the whitened view.
        transform: float64 (3, 3), from (y, x, 1) in the view to the frame.
        carriers: Of the key.
        view_scale: View pixels for each pixel of the picture.
    """
    # What was read through one pose of the whole may still be bent a little.
    height, width = plane.shape
    corners = np.array([(0, 0), (0, width), (height, width), (height, 0)], np.float64)
    radii = (np.inf,) * _ROUNDS
    rounds = tracking.track(plane, transform, carriers, radii=radii)
    for number, better in enumerate(rounds):
        moved = blocks.through(better, corners) - blocks.through(transform, corners)
        transform = better
        if number and np.abs(moved).max() < _SETTLED:
            break
    back = np.linalg.inv(transform).astype(np.float64)
    top, left, bottom, right = _extent(plane, transform, carriers)
    found = np.array([(top, left), (top, right), (bottom, right), (bottom, left)])
    corners = blocks.through(back, found) / view_scale
    middle = blocks.through(back, found.mean(axis=0)[None])[0]
    near = blocks.through(transform, middle + np.array([(0, 0), (1, 0), (0, 1)]))
    # Its rows are steps of one pixel down and across, as they move in the frame.
    steps = near[1:] - near[0]
    mirrored = bool(np.linalg.det(steps) < 0)
    if mirrored:
        steps = steps @ np.diag([1.0, -1.0])
    rotation = math.degrees(math.atan2(steps[1, 0] - steps[0, 1], steps[0, 0] + steps[1, 1]))
    scale = 1 / math.sqrt(abs(float(np.linalg.det(steps)))) / view_scale
    quadrilateral = tuple((float(x), float(y)) for y, x in corners)
    # Rounded first, else a turn a little below 0 is one of 360 degrees.
    return Geometry(round(rotation, 2) % 360, mirrored, scale, quadrilateral)


def _extent(
    plane: NDArray[np.float32], transform: Matrix, carriers: Carriers
) -> tuple[float, float, float, float]:
    """Return the top, left, bottom and right of the part of the frame that carries the tile.

    That is the rectangle in which the plane follows the pilots most: its product with their pattern
    less a part of its own power, summed, is positive inside and negative beyond.
    """
    height, width = plane.shape
    sides = np.array([(0, 0), (0, width), (height, width), (height, 0)], np.float64)
    whole = blocks.through(transform, sides)
    low, high = whole.min(axis=0), whole.max(axis=0)
    layout = blocks.lay_out(plane, transform)
    if layout is not None:
        laid, corner = layout
        sums = [
            np.asarray(cv2.integral(product))
            for product in (laid * _pilots(laid.shape, corner, carriers), laid * laid)
        ]
        top, left = 0, 0
        bottom, right = laid.shape
        for _ in range(_NARROWINGS):
            agreement, power = (each[:, right] - each[:, left] for each in sums)
            share = agreement[bottom] - agreement[top]
            share *= _EVIDENCE / (power[bottom] - power[top] + 1e-9)
            top, bottom = _best_run(np.diff(agreement - share * power))
            agreement, power = (each[bottom] - each[top] for each in sums)
            left, right = _best_run(np.diff(agreement - share * power))
        low = np.maximum(low, np.array((top, left)) + corner)
        high = np.minimum(high, np.array((bottom, right)) + corner)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _pilots(
    shape: tuple[int, ...], corner: tuple[int, int], carriers: Carriers
) -> NDArray[np.float32]:
    """Return the pattern of the pilots alone, float32 of `shape`, from a place of the frame on.

    The higher count for more: they stand out further, and tell more sharply where the tile ends.
    """
    amplitude = carriers.pilots.shape * np.sqrt(carriers.pilots.radius2)
    half = np.zeros(TILE * TILE, np.complex64)
    half[carriers.pilots.index[0]] = carriers.phases * amplitude
    tile = np.roll(np.fft.ifft2(half.reshape(TILE, TILE)).real, (-corner[0], -corner[1]), (0, 1))
    repeated = np.tile(tile, [-(-side // TILE) for side in shape])
    return repeated[: shape[0], : shape[1]].astype(np.float32)


def _best_run(gain: NDArray[np.floating[Any]]) -> tuple[int, int]:
    """Return where the run of the largest sum begins and ends; the whole if no sum is above 0."""
    total = np.concatenate(([0.0], np.cumsum(gain, dtype=np.float64)))
    rise = total - np.minimum.accumulate(total)
    end = int(rise.argmax())
    return (int(total[: end + 1].argmin()), end) if end else (0, len(gain))
