"""Code a picture about as finely as it was coded before.

WebP, AVIF and HEIC do not tell at which quality they were written, and their coders count it in
ways of their own. What can be compared is the size: the quality is looked for at which the picture
needs about as many bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

QUALITIES = (30, 45, 60, 75, 85, 92, 98)
"""Beyond the last nothing is gained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coder:
    """How the bytes of a coder follow its quality.

    Attributes:
        sizes: How many times as many bytes as at 75 each of `QUALITIES` needs, as a power of two;
            medians of five photographs and generated pictures of 512 pixels.
        first: The quality that is tried first.
        least: The quality below which most marks are lost.
    """

    sizes: tuple[float, ...]
    first: int
    least: int


# In parts of the old size. A little above: the traces of the old coding are coded as well.
_WANTED, _LEAST, _MOST = 1.06, 0.92, 1.2
_MOST_TRIALS = 4
# Pixels of larger pictures that a quality is tried on, in so many bands across the picture.
_TRIED_PIXELS, _BANDS, _BLOCK = 2**18, 8, 16


def near(
    image: Image.Image,
    size: int,
    code: Callable[[Image.Image, int], bytes],
    measure: Callable[[bytes], int],
    *,
    coder: Coder,
    least: int,
    in_parts: bool = True,
) -> bytes:
    """Return the picture coded in about `size` bytes, in more where `least` needs more.

    Args:
        image: The picture.
        size: Bytes.
        code: Codes it, or a part of it, in a quality up to 98.
        measure: Tells how many of its bytes count.
        coder: Whose quality it is.
        least: Quality below which it is not coded, nor below that of the coder.
        in_parts: Whether a quality may be tried on a part of a large picture.
    """
    curve, least = coder.sizes, max(least, coder.least)

    def better(quality: int, found: int, wanted: float) -> int:
        step = math.log2(_WANTED * wanted / max(found, 1))
        reached = float(np.interp(quality, QUALITIES, curve)) + step
        return max(least, round(float(np.interp(reached, curve, QUALITIES))))

    part = _bands(image) if in_parts else image
    quality, parts = max(coder.first, least), size
    if part is not image:
        parts = size * part.width * part.height // (image.width * image.height)
        quality = better(quality, measure(code(part, quality)), parts)
        quality = better(quality, measure(code(part, quality)), parts)
    tried: dict[int, bytes] = {}
    while quality not in tried and len(tried) < _MOST_TRIALS:
        coded = tried[quality] = code(image, quality)
        found = measure(coded)
        if _LEAST * size <= found <= _MOST * size:
            return coded
        quality = better(quality, found, size)
    return min(tried.values(), key=lambda coded: abs(math.log2(max(measure(coded), 1) / size)))


def _bands(image: Image.Image) -> Image.Image:
    """Return bands of a large picture, one below the other, a small one as it is."""
    high = max(_BLOCK, _TRIED_PIXELS // (_BANDS * image.width) // _BLOCK * _BLOCK)
    if 2 * high * _BANDS > image.height:
        return image
    bands = Image.new(image.mode, (image.width, high * _BANDS))
    for number in range(_BANDS):
        top = number * (image.height - high) // (_BANDS - 1)
        band = image.crop((0, top, image.width, top + high))
        bands.paste(band, (0, number * high))
    return bands
