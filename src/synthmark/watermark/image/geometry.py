"""Put in words how a marked picture lies in the picture at hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from synthmark.report import Geometry
from synthmark.watermark.image import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.watermark.image.carriers import Carriers

    Matrix = NDArray[np.float64]


# A block belongs to the found picture when its pilots agree this well, a part of the best.
_EVIDENCE = 0.4


def in_frame(shape: tuple[int, int], scale: float, mirrored: bool, turns: int) -> Geometry:
    """Return the geometry of a picture that fills its frame.

    Args:
        shape: Height and width of the picture at hand.
        scale: Its pixels for each frame pixel.
        mirrored: Whether it was mirrored left to right.
        turns: Quarter turns counter-clockwise, after mirroring.
    """
    height, width = map(float, shape)
    corners = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
    # A turn carries the first corner down the left side; a mirrored picture begins at the right.
    corners = corners[-turns:] + corners[:-turns] if turns else corners
    if mirrored:
        corners = [corners[1], corners[0], corners[3], corners[2]]
    return Geometry(90.0 * turns, mirrored, scale, tuple(corners))


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
    return Geometry(rotation % 360, mirrored, scale, quadrilateral)


def _extent(
    plane: NDArray[np.float32], transform: Matrix, carriers: Carriers
) -> tuple[float, float, float, float]:
    """Return the top, left, bottom and right of the part of the frame that carries the tile."""
    height, width = plane.shape
    sides = np.array([(0, 0), (0, width), (height, width), (height, 0)], np.float64)
    whole = blocks.through(transform, sides)
    low, high = whole.min(axis=0), whole.max(axis=0)
    cut = blocks.cut(plane, transform, carriers)
    if cut is not None:
        agreement = blocks.smoothed(cut.values.real.mean(axis=2, keepdims=True))[..., 0]
        inside = agreement >= _EVIDENCE * float(np.quantile(agreement, 0.9))
        held = cut.middles[inside]
        reach = blocks.STRIDE
        low = np.maximum(low, held.min(axis=0) - reach)
        high = np.minimum(high, held.max(axis=0) + reach)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
