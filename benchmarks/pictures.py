"""Pictures and what happens to them: decoding, re-saving, and the surgery of a forger."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}


def pixels(asset: Path | bytes, mode: str = "RGB") -> Pixels:
    """Decode to uint8 (H, W, 3)."""
    with Image.open(io.BytesIO(asset) if isinstance(asset, bytes) else asset) as image:
        return np.asarray(image.convert(mode))


def coded(picture: Pixels, kind: str = "PNG", **options: Any) -> bytes:
    """Encode without any metadata; PNG fast rather than small."""
    if kind == "PNG":
        options = {"compress_level": 1} | options
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return file.getvalue()


def resized(picture: Pixels, width: int, height: int) -> Pixels:
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))


def scaled(picture: Pixels, factor: float) -> Pixels:
    height, width = picture.shape[:2]
    return resized(picture, round(width * factor), round(height * factor))


def brighter(picture: Pixels, factor: float) -> Pixels:
    return np.asarray(np.minimum(picture * np.float32(factor), 255), np.uint8)


def gray(picture: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(picture).convert("L"))


def psnr(picture: Pixels, other: Pixels) -> float:
    """Return the PSNR over all samples in dB; where none differ, as if one did by one level."""
    error = float(np.square(picture.astype(np.float64) - other).mean())
    return 10 * math.log10(255**2 / max(error, 1 / picture.size))


def ssim(picture: Pixels, other: Pixels) -> float:
    """Return the mean SSIM of the luma (Wang et al. 2004: 11x11 window, sigma 1.5)."""
    x, y = (np.asarray(Image.fromarray(each).convert("L"), np.float64) for each in (picture, other))

    def mean(plane: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(plane, (11, 11), 1.5)[5:-5, 5:-5], np.float64)

    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    alike = (2 * mx * my + low) * (2 * cov + high)
    return float(np.mean(alike / ((mx * mx + my * my + low) * (vx + vy + high))))


def ssimulacra2(picture: Pixels, other: Pixels) -> float:
    """Return SSIMULACRA2 of `other` against `picture`, 100 where they are equal."""
    import ssimulacra2 as metric

    first, second = io.BytesIO(coded(picture)), io.BytesIO(coded(other))
    return float(metric.compute_ssimulacra2(first, second))


ATTACKS: dict[str, Callable[[Pixels], bytes]] = {
    "png": coded,
    "jpeg 90": lambda picture: coded(picture, "JPEG", quality=90),
    "jpeg 70": lambda picture: coded(picture, "JPEG", quality=70),
    "jpeg 50": lambda picture: coded(picture, "JPEG", quality=50),
    "webp 60": lambda picture: coded(picture, "WEBP", quality=60),
    "resize 0.5": lambda picture: coded(scaled(picture, 0.5)),
    "resize 1.5": lambda picture: coded(scaled(picture, 1.5)),
    "brightness 1.3": lambda picture: coded(brighter(picture, 1.3)),
    "gray": lambda picture: coded(gray(picture)),
}
"""Re-saving without any metadata."""


def painted(picture: Pixels) -> Pixels:
    """Paint over one block of a twelfth of each side, a little off the middle."""
    height, width = picture.shape[:2]
    changed = picture.copy()
    block = changed[height // 3 :, width // 3 :][: max(1, height // 12), : max(1, width // 12)]
    block[...] = 0 if block.mean() > 127 else 255
    return changed


def transplanted(marked: Pixels, original: Pixels, other: Pixels) -> Pixels:
    """Add the watermark of one picture to another, brought to the same size."""
    height, width = marked.shape[:2]
    mark = marked.astype(np.int16) - original
    return np.clip(resized(other, width, height) + mark, 0, 255).astype(np.uint8)


def with_chunks_of(signed: bytes, picture: Pixels, kinds: frozenset[bytes] | None = None) -> bytes:
    """Put other pixels under the metadata of a PNG, manifest included.

    Args:
        signed: The PNG whose chunks are carried over.
        picture: Pixels of the new one.
        kinds: Chunk types to carry, None for all but header, pixels and end.
    """
    kept = b"".join(
        chunk
        for kind, chunk in _chunks(signed)
        if (kinds is None and kind not in (b"IHDR", b"IDAT", b"IEND"))
        or (kinds is not None and kind in kinds)
    )
    new = coded(picture)
    return new[:33] + kept + new[33:]


MANIFEST = frozenset({b"caBX"})


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, place)
        yield png[place + 4 : place + 8], png[place : place + 12 + length]
        place += 12 + length
