"""Find a picture that lies on a plain ground by its outline: four straight sides tell its pose.

A picture that was turned or put in perspective is seldom cut to fit: it lies on black or white, and
its own sides say where it lies, better than any search for what is in it. Where they say nothing (a
picture as dark as what it lies on, one that was cut, one on a table) only the time to look is lost.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from synthmark.watermark.image import frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

# All by trial. Least share of the border that shows the ground.
_MOSTLY = 0.5
# Levels within which the border is ground.
_PLAIN = 3
# Levels by which a picture on it differs: more, for a coarse quantiser rings.
_LIT = 6
# What is smaller than this, in pixels of the view, is no picture.
_SPECK = np.ones((3, 3), np.uint8)
# Corners of the hull that are this near to a straight line are none, in shares of the long side.
_STRAIGHT = 0.004
# Least share of the view that an outline encloses.
_LEAST_AREA = 0.1
# How far beyond the view its corners may lie, in shares of the view's sides.
_BEYOND = 0.5
# Difference of two proportions, as a logarithm, below which they are the same.
_SAME_SHAPE = 0.01


def transforms(view: NDArray[np.float32]) -> Iterator[Matrix]:
    """Yield transforms that make a picture's outline fill a frame; none if it has no outline.

    Args:
        view: float32 (h, w), luma in 8-bit levels.

    Yields:
        float64 (3, 3), from (y, x, 1) in the view to the frame.
    """
    found = corners(view)
    if found is None:
        return
    sides = np.hypot(*(np.roll(found, -1, axis=0) - found).T)
    across, down = (float(side) for side in (sides[:2] + sides[2:]) / 2)
    # What was turned or bent has often kept the canvas that it filled before.
    shapes: list[tuple[float, float]] = [view.shape[:2], (down, across)]
    if abs(math.log(across / down * view.shape[0] / view.shape[1])) < _SAME_SHAPE:
        del shapes[1]
    unit = np.array([(0, 0), (0, 1), (1, 1), (1, 0)])
    for height, width in shapes:
        for side in frame.plausible_sides(round(min(down, across))):
            whole = unit * np.array([height, width]) * side / min(height, width)
            # A pixel's place is that of its middle.
            matrix = cv2.getPerspectiveTransform(
                (found - 0.5).astype(np.float32), (whole - 0.5).astype(np.float32)
            )
            yield np.asarray(matrix, np.float64)


def corners(view: NDArray[np.float32]) -> Matrix | None:
    """Return the corners of the outline of what lies on a plain ground, None if there is none.

    Args:
        view: float32 (h, w), luma in 8-bit levels.

    Returns:
        float64 (4, 2), (y, x) clockwise from the one at the top left, counted from the corner of
        the first pixel.
    """
    border = np.concatenate((view[0], view[-1], view[:, 0], view[:, -1]))
    ground = np.median(border)
    if np.mean(np.abs(border - ground) <= _PLAIN) < _MOSTLY:
        return None
    lit = (np.abs(view - ground) > _LIT).astype(np.uint8)
    points = _hull(np.asarray(cv2.morphologyEx(lit, cv2.MORPH_OPEN, _SPECK), np.uint8))
    if len(points) < 4:
        return None
    # The four longest sides, extended until they meet.
    sides = np.roll(points, -1, axis=0) - points
    longest = np.sort(np.argsort(-np.hypot(*sides.T), kind="stable")[:4])
    before = np.roll(longest, 1)
    apart = _cross(sides[before], sides[longest])
    if np.abs(apart).min() < 1e-9:
        return None
    along = _cross(points[longest] - points[before], sides[longest]) / apart
    return _in_order(points[before] + sides[before] * along[:, None], view.shape)


def _hull(lit: NDArray[np.uint8]) -> Matrix:
    """Return the corners (y, x) of the convex hull of all pixels that are 1, float64 (n, 2)."""
    rows = np.flatnonzero(lit.any(axis=1))
    if not len(rows):
        return np.zeros((0, 2))
    left = lit[rows].argmax(axis=1)
    right = lit.shape[1] - lit[rows, ::-1].argmax(axis=1)
    ends = [np.stack((x, y), axis=1) for x in (left, right) for y in (rows, rows + 1)]
    hull = cv2.convexHull(np.concatenate(ends).astype(np.float32))
    straight = cv2.approxPolyDP(hull, _STRAIGHT * max(lit.shape), closed=True)
    return np.asarray(straight[:, 0, ::-1], np.float64)


def _in_order(found: Matrix, shape: tuple[int, ...]) -> Matrix | None:
    """Return corners clockwise from the top left, None where they are no outline of a picture."""
    size = np.array(shape)
    sides = np.roll(found, -1, axis=0) - found
    turns = _cross(sides, np.roll(sides, -1, axis=0))
    if not ((turns > 0).all() or (turns < 0).all()):
        return None
    if (found < -_BEYOND * size).any() or (found > (1 + _BEYOND) * size).any():
        return None
    if cv2.contourArea(found.astype(np.float32)) < _LEAST_AREA * size.prod():
        return None
    if turns[0] > 0:
        found = found[::-1]
    return np.roll(found, -int((found / size).sum(axis=1).argmin()), axis=0)


def _cross(one: Matrix, other: Matrix) -> Matrix:
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])
