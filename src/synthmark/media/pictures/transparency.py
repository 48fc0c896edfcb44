"""What a compositor shows of a picture with alpha, and how a change of that goes back into it.

A watermark has to live in what is seen, and what is seen of a transparent picture depends on what
lies behind it. White is taken: it is what pages show behind pictures and what a picture gets when
it becomes a JPEG. So the mark is made for the picture on white and looked for in the picture on
white, and then:

- under full transparency nothing changes. No compositor shows those colours, whatever they are, and
  they must not be seen when somebody blurs or scales without regard to alpha.
- in soft edges the colour gets the whole change, so that what is seen of it is as weak as the edge
  itself. Dividing by alpha would keep its strength, and put loud colours beside the edge.
- alpha itself never changes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from synthmark.media.pictures.container import Samples
from synthmark.media.pictures.picture import Picture

# Rows are worked on a few at a time, so that the wider numbers need little memory.
_BAND_PIXELS = 2**18


def on_white(picture: Picture) -> Samples:
    """Return the pixels as they look on white, the type and shape of ``picture.pixels``.

    Without alpha, or where it is opaque throughout, they are the pixels themselves.
    """
    full = np.iinfo(picture.pixels.dtype).max
    alpha = picture.alpha
    if alpha is None or (alpha == full).all():
        return picture.pixels
    shown = np.empty_like(picture.pixels)
    for rows in _bands(picture):
        opacity = _beside(alpha[rows], picture.pixels).astype(np.uint32)
        # 65,535 squared and half of it again just fit 32 bits.
        mixed = picture.pixels[rows] * opacity + full * (full - opacity)
        shown[rows] = (mixed + full // 2) // full
    return shown


def changed(picture: Picture, shown: Samples, marked: Samples) -> Samples:
    """Return ``picture.pixels`` with the change that was made to them on white.

    Args:
        picture: The picture.
        shown: What `on_white` returned.
        marked: The same with a change, such as a watermark.
    """
    if shown is picture.pixels or picture.alpha is None:
        return marked
    full = np.iinfo(shown.dtype).max
    pixels = np.empty_like(picture.pixels)
    for rows in _bands(picture):
        change = marked[rows].astype(np.int32) - shown[rows]
        change *= _beside(picture.alpha[rows], shown) > 0
        pixels[rows] = np.clip(picture.pixels[rows] + change, 0, full)
    return pixels


def _bands(picture: Picture) -> Iterator[slice]:
    height, width = picture.pixels.shape[:2]
    step = max(1, _BAND_PIXELS // width)
    yield from (slice(top, top + step) for top in range(0, height, step))


def _beside(alpha: Samples, pixels: Samples) -> Samples:
    return alpha if pixels.ndim == 2 else alpha[:, :, None]
