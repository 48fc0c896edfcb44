"""A plane laid out in the frame and cut into blocks, each with the pilots' values in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from synthmark.watermark.image.frame import TILE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from synthmark.watermark.image.carriers import Carriers

    Matrix = NDArray[np.float64]

STRIDE = TILE // 2
"""Frame pixels from one block to the next: half a block, so that tapered blocks overlap."""

# Longest side of a laid-out plane in frame pixels, for time and memory.
_LARGEST_LAYOUT = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Overlapping blocks of TILE pixels a side, STRIDE apart.

    Attributes:
        middles: float64 (rows, columns, 2), place (y, x) of each middle in the frame.
        values: complex64 (rows, columns, pilots), each pilot's value over its known phase and over
            the mean size of the block's pilots; about 1 where the tile lies where it should.
    """

    middles: Matrix
    values: NDArray[np.complex64]


def cut(
    plane: NDArray[np.float32],
    transform: Matrix,
    carriers: Carriers,
    *,
    centre: NDArray[np.float64] | None = None,
    radius: float = np.inf,
) -> Blocks | None:
    """Return the blocks of a plane seen through a transform, None when it cannot be laid out.

    Args:
        plane: float32 (h, w), whitened.
        transform: float64 (3, 3), from (y, x, 1) in the plane to the frame, the tile's origin at 0.
        carriers: Of the key.
        centre: Place (y, x) in the frame around which blocks are wanted.
        radius: How far from there, in frame pixels; blocks beyond have values of 0.
    """
    layout = lay_out(plane, transform)
    if layout is None:
        return None
    laid, corner = layout
    rows, columns = ((length - TILE) // STRIDE + 1 for length in laid.shape)
    places = np.moveaxis(np.mgrid[:rows, :columns], 0, 2) * STRIDE + np.array(corner)
    middles = places.astype(np.float64) + TILE / 2
    wanted = np.ones((rows, columns), bool)
    if centre is not None:
        wanted = np.hypot(*np.moveaxis(middles - centre, 2, 0)) <= radius
    values = _spectra(laid, wanted, carriers.pilots.frequency) * carriers.phases.conj()
    angle = places.astype(np.float32) @ carriers.pilots.frequency.T * np.float32(2 * np.pi / TILE)
    values = values * np.exp(-1j * angle)
    values = values / (np.abs(values).mean(axis=2, keepdims=True) + 1e-9)
    return Blocks(middles, values.astype(np.complex64))


def _spectra(
    laid: NDArray[np.float32], wanted: NDArray[np.bool_], frequency: NDArray[np.float32]
) -> NDArray[np.complex64]:
    """Return each wanted block's spectrum, tapered, at some frequencies, 0 for the other blocks.

    The few columns of the spectrum that matter are made for all rows of the plane at once, and
    serve every block that a row is part of.

    Args:
        laid: float32 (h, w).
        wanted: bool (rows, columns).
        frequency: float32 (n, 2), ky and kx in cycles a block.
    """
    values = np.zeros((*wanted.shape, len(frequency)), np.complex64)
    if not wanted.any():
        return values
    (top, bottom), (left, right) = (
        (int(there[0]), int(there[-1]) + 1)
        for there in (np.flatnonzero(wanted.any(axis=axis)) for axis in (1, 0))
    )
    place = np.arange(TILE)
    taper = (np.sin(np.pi * (place + 0.5) / TILE) ** 2)[:, None]
    columns, which = np.unique(frequency[:, 1], return_inverse=True)
    across = (taper * np.exp(-2j * np.pi / TILE * np.outer(place, columns))).astype(np.complex64)
    down = (taper * np.exp(-2j * np.pi / TILE * np.outer(place, frequency[:, 0]))).astype(
        np.complex64
    )
    part = laid[top * STRIDE : (bottom - 1) * STRIDE + TILE]
    windows = np.lib.stride_tricks.sliding_window_view(part, TILE, axis=1)[:, ::STRIDE]
    flat = np.ascontiguousarray(windows[:, left:right]).reshape(-1, TILE)
    # Real and imaginary parts are columns of one product.
    lines = (flat @ across.view(np.float32)).view(np.complex64)
    lines = lines.reshape(len(part), right - left, len(columns))
    for row in range(top, bottom):
        start = (row - top) * STRIDE
        block = lines[start : start + TILE][:, :, which]
        values[row, left:right] = np.einsum("ycp,yp->cp", block, down)
    values[~wanted] = 0
    return values


def lay_out(
    plane: NDArray[np.float32], transform: Matrix
) -> tuple[NDArray[np.float32], tuple[int, int]] | None:
    """Return a plane laid out in the frame, and the place (y, x) of its corner there.

    Args:
        plane: float32 (h, w).
        transform: float64 (3, 3), from (y, x, 1) in the plane to the frame.

    Returns:
        float32 (down, across), 0 beyond the plane, and a whole number of strides each way; None
        where the frame would be smaller than a tile, too large, or folded over.
    """
    height, width = plane.shape
    corners = np.array([(0, 0), (0, width), (height, width), (height, 0)], np.float64)
    weights = corners @ transform[2, :2] + transform[2, 2]
    if weights.min() <= 0.05 * weights.max():
        return None
    found = through(transform, corners)
    top, left = (np.floor(found.min(axis=0) / STRIDE) * STRIDE).astype(int)
    down, across = (np.ceil(found.max(axis=0)).astype(int) - (top, left)).tolist()
    if max(down, across) > _LARGEST_LAYOUT or min(down, across) < TILE:
        return None
    swap = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], np.float64)
    move = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]], np.float64)
    matrix = move @ swap @ transform @ swap
    laid = cv2.warpPerspective(plane, matrix, (across, down), flags=cv2.INTER_LINEAR)
    return np.asarray(laid, np.float32), (int(top), int(left))


def smoothed(surfaces: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean over three blocks a side of (rows, columns, n) values."""
    padded = np.pad(surfaces, ((1, 1), (1, 1), (0, 0)), mode="edge")
    down = padded[:-2] + padded[1:-1] + padded[2:]
    return np.asarray((down[:, :-2] + down[:, 1:-1] + down[:, 2:]) / 9, np.float32)


def through(transform: Matrix, points: Matrix) -> Matrix:
    """Return points (n, 2) mapped by a homography."""
    mapped = points @ transform[:, :2].T + transform[:, 2]
    return np.asarray(mapped[:, :2] / mapped[:, 2:])
