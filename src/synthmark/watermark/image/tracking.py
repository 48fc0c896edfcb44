"""Follow the tile over a picture that was bent: from one pose to a homography.

The whitened picture is laid out in the frame and cut into blocks. In each block the pilots tell
how far the tile lies from where it should; a homography is fitted to these displacements, and the
picture is laid out anew, until the blocks agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthmark.watermark.image.blocks import STRIDE, Blocks, cut, smoothed, through
from synthmark.watermark.image.frame import TILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from synthmark.watermark.image.carriers import Carriers

    Matrix = NDArray[np.float64]

# How far a block's tile may be off to be found, in frame pixels: a sixteenth of a tile.
_REACH = 8
_OFFSETS = np.arange(-_REACH, _REACH + 1)
# Blocks below which nothing is fitted; a homography, of eight numbers, needs twice as many.
_FEWEST_BLOCKS = 6
# Peak of a block's surface over its deviation from which on it counts; chance alone reaches 3.
_LEAST_SCORE = 2.5
# Rounds in which blocks that disagree with the fit are given less weight. By trial.
_REWEIGHTINGS = 6
# First rounds, in which blocks share what they see with their neighbours
# (docs/measured/ablation.md).
_SMOOTHED = 2


def track(
    plane: NDArray[np.float32],
    transform: Matrix,
    carriers: Carriers,
    *,
    centre: tuple[float, float] | None = None,
    radii: tuple[float, ...] = (np.inf, np.inf, np.inf),
) -> Iterator[Matrix]:
    """Yield better and better transforms, one a round.

    Args:
        plane: float32 (h, w), whitened.
        transform: float64 (3, 3), from (y, x, 1) in the plane to the frame, the tile's origin at 0.
        carriers: Of the key.
        centre: Place in the plane where the transform holds best, its middle unless given.
        radii: For each round how far from there, in frame pixels, blocks count.
    """
    height, width = plane.shape
    middle = centre or (height / 2, width / 2)
    for number, radius in enumerate(radii):
        start = through(transform, np.array([middle]))[0]
        reach = radius + STRIDE if number < _SMOOTHED else radius
        blocks = cut(plane, transform, carriers, centre=start, radius=reach)
        if blocks is None:
            return
        offsets, scores = _displacements(blocks, carriers, smooth=number < _SMOOTHED)
        places = blocks.middles.reshape(-1, 2)
        near = np.hypot(*(places - start).T) <= radius
        good = near & (scores > _LEAST_SCORE)
        if np.count_nonzero(good) < _FEWEST_BLOCKS:
            return
        weights = (scores[good] - _LEAST_SCORE + 0.5) ** 2
        bend = number > 0 and int(np.count_nonzero(good)) >= 2 * _FEWEST_BLOCKS
        transform = (
            _fitted(places[good], places[good] - offsets[good], weights, projective=bend)
            @ transform
        )
        yield transform


def _displacements(blocks: Blocks, carriers: Carriers, *, smooth: bool) -> tuple[Matrix, Matrix]:
    """Return for every block how far the tile is off there, (blocks, 2), and how surely.

    Args:
        blocks: Of the plane.
        carriers: Of the key.
        smooth: Whether blocks share their surfaces with their eight neighbours.
    """
    dy, dx = (part.ravel() for part in np.meshgrid(_OFFSETS, _OFFSETS, indexing="ij"))
    turn = carriers.pilots.frequency @ np.stack((dy, dx)).astype(np.float32)
    steering = np.exp(1j * turn * np.float32(2 * np.pi / TILE)).astype(np.complex64)
    rows, columns, pilots = blocks.values.shape
    surfaces = (blocks.values.reshape(-1, pilots) @ steering).real.reshape(rows, columns, -1)
    if smooth:
        surfaces = smoothed(surfaces)
    return _tops(surfaces.reshape(-1, len(_OFFSETS), len(_OFFSETS)))


def _tops(surfaces: NDArray[np.float32]) -> tuple[Matrix, Matrix]:
    """Return the peak of each surface to a part of a step, and its height over the deviation."""
    count, size = surfaces.shape[:2]
    flat = surfaces.reshape(count, -1)
    peak = flat.argmax(axis=1)
    row, column = np.clip(peak // size, 1, size - 2), np.clip(peak % size, 1, size - 2)
    each = np.arange(count)
    offsets = np.empty((count, 2))
    for axis, (down, across) in enumerate(((1, 0), (0, 1))):
        before = surfaces[each, row - down, column - across]
        here = surfaces[each, row, column]
        after = surfaces[each, row + down, column + across]
        bend = before - 2 * here + after
        part = np.where(bend < 0, (before - after) / np.where(bend < 0, 2 * bend, 1), 0)
        offsets[:, axis] = (row, column)[axis] - _REACH + np.clip(part, -0.5, 0.5)
    return offsets, (flat.max(axis=1) / (flat.std(axis=1) + 1e-9)).astype(np.float64)


def _fitted(source: Matrix, target: Matrix, weights: Matrix, *, projective: bool) -> Matrix:
    """Return the affine map or homography from `source` to `target`, outliers weighed down."""
    middle = source.mean(axis=0)
    scale = float(np.abs(source - middle).max()) + 1e-9
    normal = np.diag([1 / scale, 1 / scale, 1.0])
    normal[:2, 2] = -middle / scale
    a, b = (through(normal, points) for points in (source, target))
    one, nought = np.ones((len(a), 1)), np.zeros((len(a), 3))
    rows = np.vstack((np.hstack((a, one, nought)), np.hstack((nought, a, one))))
    right = np.concatenate((b[:, 0], b[:, 1]))
    if projective:
        bends = np.vstack((-a * b[:, :1], -a * b[:, 1:]))
        rows = np.hstack((rows, bends))
    used = np.concatenate((weights, weights))
    found = np.eye(3)
    for _ in range(_REWEIGHTINGS):
        root = np.sqrt(used)[:, None]
        solved = np.linalg.lstsq(rows * root, right * root[:, 0], rcond=None)[0]
        found = np.array([*solved[:6], *(solved[6:] if projective else (0, 0)), 1]).reshape(3, 3)
        miss = np.hypot(*((through(found, a) - b) * scale).T)
        trust = weights / (1 + miss**2)
        used = np.concatenate((trust, trust))
    return np.linalg.inv(normal) @ found @ normal
