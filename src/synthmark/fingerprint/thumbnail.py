"""A small gray picture that is kept, and how much of another picture agrees with it.

Two pictures are compared tile by tile: the correlation of each textured 8 x 8 tile, and of those
the median. So up to half of a picture may be painted over without effect, and what two
unrelated pictures share (a bright sky above a dark ground) weighs nothing inside a tile.

A picture that does not agree in place is also looked for inside the kept one, as a crop of it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 128
_QUALITY = 75
_TILE = 8
# Gray levels: a tile that varies less holds noise rather than structure.
_TEXTURE = 3.0
# Fewer textured tiles than these say nothing: mostly flat pictures stay undecided.
_FEWEST_TILES = 16
_SMALLEST_CROP = 0.5
_SCALE_STEP = 0.98


def make(gray: Image.Image) -> bytes:
    """Return `gray` (Pillow mode L) as a JPEG with a long side of 128 pixels, about 4 kB."""
    scale = SIDE / max(gray.size)
    size = max(1, round(gray.width * scale)), max(1, round(gray.height * scale))
    file = io.BytesIO()
    Image.fromarray(_resize(np.asarray(gray), *size)).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def correlate(thumbnail: bytes, gray: NDArray[np.uint8], *, enough: float) -> float | None:
    """Return how well a picture agrees with a thumbnail: -1 to 1, 0 by chance.

    Args:
        thumbnail: What `make` returned.
        gray: uint8 (H, W), turned and mirrored as the picture that the thumbnail was made of.
        enough: Crops are searched only when the agreement in place is less.

    Returns:
        The median correlation of textured tiles, the better of in place and as a crop; None when
        the thumbnail cannot be read or there is too little texture to tell.
    """
    kept = _load(thumbnail)
    if kept is None:
        return None
    height, width = kept.shape
    in_place = _agreement(kept, _resize(gray, width, height).astype(np.float32))
    if in_place is None or in_place >= enough:
        return in_place
    as_crop = _agreement(*_find(kept, gray))
    return in_place if as_crop is None else max(in_place, as_crop)


def _load(thumbnail: bytes) -> NDArray[np.float32] | None:
    try:
        with JpegImageFile(io.BytesIO(thumbnail)) as image:
            ours = image.mode == "L" and max(image.size) <= SIDE
            return np.asarray(image, np.float32) if ours else None
    except (OSError, ValueError, SyntaxError):
        return None


def _resize(gray: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Scale by area; enlarging, which areas cannot do, is linear."""
    enlarging = width > gray.shape[1] or height > gray.shape[0]
    method = cv2.INTER_LINEAR if enlarging else cv2.INTER_AREA
    return np.asarray(cv2.resize(gray, (width, height), interpolation=method), np.uint8)


def _agreement(kept: NDArray[np.float32], other: NDArray[np.float32]) -> float | None:
    """Return the median correlation of the tiles that are textured in `kept`, both (H, W)."""
    one, two = _tiles(kept), _tiles(other)
    one = one - one.mean(axis=1, keepdims=True)
    two = two - two.mean(axis=1, keepdims=True)
    textured = np.sqrt((one * one).mean(axis=1)) >= _TEXTURE
    if np.count_nonzero(textured) < _FEWEST_TILES:
        return None
    one, two = one[textured], two[textured]
    energy = np.sqrt((one * one).sum(axis=1) * (two * two).sum(axis=1))
    # A tile that is flat in the other picture has no direction to agree in: it counts as 0.
    found: NDArray[Any] = (one * two).sum(axis=1) / np.maximum(energy, 1.0)
    return float(np.median(found))


def _tiles(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut (H, W) into rows of 64 values, one tile each; what is over at the far edges is left."""
    rows, columns = gray.shape[0] // _TILE, gray.shape[1] // _TILE
    cut = gray[: rows * _TILE, : columns * _TILE].reshape(rows, _TILE, columns, _TILE)
    return cut.transpose(0, 2, 1, 3).reshape(rows * columns, _TILE * _TILE)


def _find(
    kept: NDArray[np.float32], gray: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Place `gray` in `kept` where it correlates best, at scales from the whole to half of it.

    Returns:
        That part of `kept`, and `gray` at the same size.
    """
    best = -2.0
    found = kept, kept
    fit = min(kept.shape[0] / gray.shape[0], kept.shape[1] / gray.shape[1])
    scale = 1.0
    while scale >= _SMALLEST_CROP:
        height, width = (max(1, round(side * fit * scale)) for side in gray.shape)
        part = _resize(gray, width, height).astype(np.float32)
        surface = cv2.matchTemplate(kept, part, cv2.TM_CCOEFF_NORMED)
        _, peak, _, (x, y) = cv2.minMaxLoc(surface)
        if peak > best:
            best = peak
            found = kept[y : y + height, x : x + width], part
        scale *= _SCALE_STEP
    return found
