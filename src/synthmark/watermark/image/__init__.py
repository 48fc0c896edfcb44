"""The image watermark: pixels and a payload in, marked pixels out, and back.

    marked = image.embed(rgb, payload, key=key)                  # -> Marked(pixels, psnr, margin)
    found = image.detect(rgb, keys=[key])                        # -> Detection(state, payload, ...)

The pieces, from the outside in: `frame` (the canonical size, and rounding), `mask` (what hides a
change), `whitening` (what is left of a picture), `carriers` (what a key decides), `channel` (soft
values and tiles), `sync` (how a picture lies), `reading` (a payload in a frame), `marking` and
`detection`.
"""

from __future__ import annotations

import numpy as np

from synthmark.keys import OPEN_KEY
from synthmark.watermark.image.detection import detect
from synthmark.watermark.image.frame import TILE
from synthmark.watermark.image.marking import NOT_HELD, embed
from synthmark.watermark.scheme import IMAGE_GENERATIONS

__all__ = ["NOT_HELD", "detect", "embed", "warmup"]


def warmup() -> None:
    """Compile or load every kernel that `embed` and `detect` use."""
    noise = np.random.default_rng(0).integers(120, 136, (TILE, TILE, 3), np.uint8)
    payload = bytes(IMAGE_GENERATIONS[0].payload_bytes[0])
    detect(embed(noise, payload, key=OPEN_KEY).pixels)
    # Without a mark, all that there is is tried.
    detect(noise)
