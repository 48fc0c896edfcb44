"""The canonical frame: luma at one of four sizes, so that plain rescaling costs nothing.

The watermark is made and read in the frame; on the way back it is spread to the picture's own size
and rounded with a dither, so that a luma change below one level survives 8 bits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from synthmark.errors import UsageError
from synthmark.watermark.jit import kernel
from synthmark.watermark.scheme import IMAGE_1

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Pixels = NDArray[Any]  # uint8 or uint16
    Finish = Callable[[NDArray[np.uint8], NDArray[np.float32]], NDArray[np.float32]]

# Kernels bake the tile in, and outlines are laid out in frames without a key: a generation of
# another tile or of other frames has to pass them.
TILE = IMAGE_1.tile
"""Side of the repeated tile, in frame pixels."""

LEAST_SIDE = 16
"""Fewest pixels a side; below, not even the longest carriers fit."""

# How many times a plane may be as large as what it shrinks to for linear interpolation to do: a
# quarter of a cycle a frame pixel, the mark's highest frequency, is what folds over from half a
# cycle a pixel of a picture so many times as large.
_LITTLE = 1.5
# Pictures of more pixels are worked on some rows at a time,
_LARGE_PIXELS = 2**22
# of about so many pixels.
_BAND_PIXELS = 2**20
# Interleaved gradient noise (Jimenez 2014) at x, y: the fraction of _STRETCH times the fraction of
# _ACROSS x + _DOWN y.
_ACROSS = 0.06711056
_DOWN = 0.00583715
_STRETCH = 52.9829189
# Range of the thresholds that rounding goes by, in levels around a half: less than a whole one, as
# the three channels of a pixel round apart. By trial.
_DITHER = 0.5
# A marked picture is looked for at these scales of its first size: down to a quarter, up to where
# the search for poses ends.
_SMALLEST_SCALE, _LARGEST_SCALE = 0.24, 3.4


def check_pixels(pixels: Pixels) -> None:
    """Raise UsageError unless `pixels` are uint8 or uint16, (H, W, 3) or (H, W), and not empty."""
    fits = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if pixels.dtype not in (np.uint8, np.uint16) or not fits or not pixels.size:
        raise UsageError(
            f"pixels are {pixels.dtype} {pixels.shape}, not uint8 or uint16, (H, W, 3) or (H, W)"
        )


def luma(pixels: Pixels) -> NDArray[np.uint8]:
    """Return the 8-bit luma (H, W) of (H, W, 3) RGB, of a scheme's shares as OpenCV rounds them.

    Gray (H, W) is its own luma.
    """
    gray = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.asarray(gray if gray.dtype == np.uint8 else cv2.convertScaleAbs(gray, alpha=1 / 257))


def side(short: int) -> int:
    """Return the frame's short side for a picture whose short side is `short` pixels."""
    return next(side for below, side in IMAGE_1.frames if short < below)


def plausible_sides(short: int) -> list[int]:
    """Return the short sides of frames that a picture may have been marked in, likeliest first.

    Args:
        short: Short side of the picture as it is now, perhaps scaled since it was marked.
    """
    own = side(short)
    found = []
    smallest = 1.0
    for below, frame in IMAGE_1.frames:
        if smallest * _SMALLEST_SCALE <= short <= below * _LARGEST_SCALE:
            found.append(frame)
        smallest = below
    return sorted(found, key=lambda frame: abs(math.log(frame / own)))


def to_frame(gray: NDArray[np.uint8], short_side: int) -> NDArray[np.float32]:
    """Return luma scaled to a frame, float32 (h, w) with short side `short_side`."""
    height, width = gray.shape
    scale = short_side / min(height, width)
    size = round(width * scale), round(height * scale)
    return resize(gray, *size)


def resize(plane: Pixels, width: int, height: int) -> NDArray[np.float32]:
    """Return a plane scaled by area where it shrinks, by cubic interpolation where it grows.

    Where it shrinks a little, linear interpolation does: what it folds over lies above the mark's
    frequencies.

    Of a large one, rows are scaled some at a time and columns after them: the same numbers, but a
    large plane never exists in 32 bits.
    """
    if plane.shape == (height, width):
        return np.asarray(plane, np.float32)
    shrinks = plane.shape[1] / width
    method = cv2.INTER_CUBIC if shrinks <= 1 else cv2.INTER_AREA
    if 1 < shrinks <= _LITTLE:
        method = cv2.INTER_LINEAR
    narrow = np.empty((plane.shape[0], width), np.float32)
    bands = list(_bands(*plane.shape))
    if len(bands) == 1:
        narrow = np.asarray(plane, np.float32)
    else:
        for rows in bands:
            band = np.asarray(plane[rows], np.float32)
            narrow[rows] = cv2.resize(band, (width, len(band)), interpolation=method)
    return np.asarray(cv2.resize(narrow, (width, height), interpolation=method), np.float32)


def add(
    pixels: Pixels, change: NDArray[np.float32], finish: Finish | None = None
) -> tuple[Pixels, float]:
    """Add a luma change to every channel: 8 bits are rounded with a dither, 16 bits need none.

    Args:
        pixels: uint8 or uint16, (H, W, 3) or (H, W).
        change: float32, in 8-bit levels; of another size than the picture, it is scaled to it.
        finish: Has the last word on the change of some rows, given their luma, uint8 (h, W); they
            begin at a multiple of 8.

    Returns:
        The new pixels and the peak signal-to-noise ratio of the change in dB.
    """
    height, width = pixels.shape[:2]
    # Kernels know no read-only arrays; they do not write to this one.
    samples = np.require(pixels, requirements=("C", "W")).reshape(height, -1)
    changed = np.empty_like(samples)
    squares = 0.0
    bands = list(_bands(height, width))
    # Columns are scaled here, rows band by band.
    tall = resize(change, width if len(bands) == 1 else change.shape[1], height)
    for rows in bands:
        band = resize(tall[rows], width, len(tall[rows]))
        if finish is not None:
            band = finish(luma(pixels[rows]), band)
        if samples.dtype == np.uint8:
            add_dithered(samples[rows], band, changed[rows], rows.start)
        else:
            _add_finely(samples[rows], band, changed[rows])
        squares += cv2.norm(samples[rows], changed[rows], cv2.NORM_L2SQR)
    peak = np.iinfo(samples.dtype).max
    psnr = 10 * math.log10(peak**2 * samples.size / squares) if squares else math.inf
    return changed.reshape(pixels.shape), psnr


def _bands(height: int, width: int) -> Iterator[slice]:
    """Yield rows of a large picture some at a time, of others all at once."""
    step = max(1, _BAND_PIXELS // width // 8) * 8 if height * width > _LARGE_PIXELS else height
    yield from (slice(top, min(top + step, height)) for top in range(0, height, step))


def _add_finely(samples: Pixels, change: NDArray[np.float32], changed: Pixels) -> None:
    channels = samples.shape[1] // change.shape[1]
    levels = samples + np.repeat(change * np.float32(257), channels, axis=1)
    np.clip(np.rint(levels, out=levels), 0, 65535, out=levels)
    changed[:] = levels


@kernel("void(uint8[:, ::1], float32[:, ::1], uint8[:, ::1], int64)")
def add_dithered(
    samples: NDArray[np.uint8],
    change: NDArray[np.float32],
    changed: NDArray[np.uint8],
    top: int,
) -> None:
    """Write floor(samples + change + threshold) into `changed`, within 0 and 255.

    The threshold is interleaved gradient noise (Jimenez 2014), a third of its range apart in each
    channel: the three channels of a pixel round at different places, and their luma in between.

    Args:
        samples: uint8 (H, W x channels), the channels of a pixel side by side.
        change: float32 (H, W), in 8-bit levels.
        changed: uint8 (H, W x channels), the result.
        top: Which row of the picture the first one is.
    """
    height, width = change.shape
    channels = samples.shape[1] // width
    noise = np.empty(width, np.float32)
    lift = np.empty(width * channels, np.float32)
    # Three plain loops, each of which the compiler turns into vector instructions.
    for y in range(height):
        start = np.float32(_DOWN) * np.float32(top + y)
        for x in range(width):
            gradient = np.float32(_ACROSS) * np.float32(x) + start
            noise[x] = np.float32(_STRETCH) * (gradient - np.floor(gradient))
        for c in range(channels):
            apart = np.float32(c) / np.float32(3)
            for x in range(width):
                place = noise[x] + apart
                share = place - np.floor(place)
                threshold = np.float32(0.5 - _DITHER / 2) + np.float32(_DITHER) * share
                lift[x * channels + c] = change[y, x] + threshold
        for i in range(width * channels):
            level = np.float32(samples[y, i]) + lift[i]
            changed[y, i] = np.uint8(np.int32(min(max(level, np.float32(0)), np.float32(255))))
