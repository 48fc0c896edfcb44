"""Draws the picture of the README: an original, the same marked, and their difference times 20.

python examples/readme_picture.py docs/images/difference.jpg
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from demo_pictures import draw
from PIL import Image

from synthmark import OPEN_KEY, watermark

TIMES = 20
# The part of the picture that is shown, and the gap between the three, in pixels.
PART = (600, 70, 984, 438)
GAP = 8


def panels(original: Image.Image) -> list[Image.Image]:
    """Mark the whole picture; return a part of it, the same marked, and what differs, on gray."""
    pixels = np.asarray(original)
    marked = watermark.image.embed(pixels, bytes(range(16)), key=OPEN_KEY).pixels
    change = marked.astype(np.int16) - pixels
    shown = np.clip(128 + TIMES * change, 0, 255).astype(np.uint8)
    return [Image.fromarray(each).crop(PART) for each in (pixels, marked, shown)]


def main(target: str) -> None:
    """Draw the three beside each other."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "picture.png")
        draw(str(path))
        with Image.open(path) as opened:
            parts = panels(opened.convert("RGB"))
    width, height = parts[0].size
    sheet = Image.new("RGB", (3 * width + 2 * GAP, height), "white")
    for place, part in enumerate(parts):
        sheet.paste(part, (place * (width + GAP), 0))
    sheet.save(target, quality=92, subsampling=0)


if __name__ == "__main__":
    main(sys.argv[1])
