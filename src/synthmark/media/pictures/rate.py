"""Code a picture about as finely as it was coded before.

WebP, AVIF and HEIC do not tell at which quality they were written, and their coders count it in
ways of their own. What can be compared is the size: the quality is looked for at which the picture
needs about as many bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from synthmark.media.format import Format
from synthmark.media.formats import AVIF, HEIC, WEBP

_QUALITIES = (30, 45, 60, 75, 85, 92, 98)
# How many times as many bytes as at 75 each quality needs, as a power of two; medians of five
# photographs and generated pictures of 512 pixels. Beyond 98 nothing is gained.
_SIZES: dict[Format, tuple[float, ...]] = {
    WEBP: (-0.87, -0.52, -0.25, 0.0, 0.52, 0.98, 1.6),
    AVIF: (-2.2, -1.45, -0.67, 0.0, 0.37, 0.88, 1.4),
    HEIC: (-2.55, -1.5, -0.75, 0.0, 0.42, 0.65, 0.7),
}
_FIRST: dict[Format, int] = {WEBP: 75, AVIF: 75, HEIC: 50}
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
    format: Format,
    least: int,
    in_parts: bool = True,
) -> bytes:
    """Return the picture coded in about `size` bytes, in more where `least` needs more.

    Args:
        image: The picture.
        size: Bytes.
        code: Codes it, or a part of it, in a quality up to 98.
        measure: Tells how many of its bytes count.
        format: WebP, AVIF or HEIC.
        least: Quality below which it is not coded.
        in_parts: Whether a quality may be tried on a part of a large picture.
    """
    curve = _SIZES[format]

    def better(quality: int, found: int, wanted: float) -> int:
        step = math.log2(_WANTED * wanted / max(found, 1))
        reached = float(np.interp(quality, _QUALITIES, curve)) + step
        return max(least, round(float(np.interp(reached, curve, _QUALITIES))))

    part = _bands(image) if in_parts else image
    quality, parts = max(_FIRST[format], least), size
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
