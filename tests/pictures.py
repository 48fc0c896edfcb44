"""Pictures that look like pictures: light over distance, shapes with edges, texture."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def scene(seed: int = 0, height: int = 512, width: int = 512) -> Pixels:
    """Draw a scene of its own for every seed: uint8, (height, width, 3)."""
    generator = np.random.default_rng(seed)
    luma = _clouds(generator, height, width) * 120 + 60
    y, x = np.mgrid[:height, :width] / max(height, width)
    for _ in range(12):
        centre_y, centre_x, radius = generator.uniform(0, 1, 3) * (1, 1, 0.22)
        inside = (y - centre_y) ** 2 + (x - centre_x) ** 2 < radius**2
        luma[inside] += generator.uniform(-70, 70)
    tint = generator.uniform(0.75, 1.2, 3)
    hue = _clouds(generator, height, width)[..., None] * generator.uniform(-40, 40, 3)
    picture = luma[..., None] * tint + hue + generator.normal(0, 2, (height, width, 1))
    return np.clip(picture, 0, 255).astype(np.uint8)


def flat(height: int = 512, width: int = 512, tone: int = 128) -> Pixels:
    return np.full((height, width, 3), tone, np.uint8)


def painted(pixels: Pixels, part: float = 0.1, tone: int = 0) -> Pixels:
    """Paint over a block of `part` of the area, a little off the middle."""
    height, width = pixels.shape[:2]
    tall, wide = round(height * part**0.5), round(width * part**0.5)
    top, left = (height - tall) // 3, (width - wide) // 3
    changed = pixels.copy()
    changed[top : top + tall, left : left + wide] = tone
    return changed


def coded(pixels: Pixels, kind: str = "PNG", **options: Any) -> bytes:
    """Encode without any metadata."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def decoded(data: bytes, mode: str = "RGB") -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert(mode))


def shared(data: bytes, quality: int = 80) -> bytes:
    """Save again as a JPEG without any metadata, as a social network does."""
    return coded(decoded(data), "JPEG", quality=quality)


def with_metadata_of(signed: bytes, pixels: Pixels, *, only: bytes | None = None) -> bytes:
    """Put other pixels under all chunks of a signed PNG, or only under those of one kind."""
    chunks, place = [], 33
    while signed[place + 4 : place + 8] != b"IEND":
        (length,) = struct.unpack_from(">I", signed, place)
        kind = signed[place + 4 : place + 8]
        if kind == only or (only is None and kind != b"IDAT"):
            chunks.append(signed[place : place + 12 + length])
        place += 12 + length
    bare = coded(pixels)
    return bare[:33] + b"".join(chunks) + bare[33:]


def transplanted(marked: Pixels, original: Pixels, other: Pixels) -> Pixels:
    """Add the watermark of one picture to another of the same size."""
    mark = marked.astype(np.int16) - original
    return np.clip(other + mark, 0, 255).astype(np.uint8)


def _clouds(generator: np.random.Generator, height: int, width: int) -> NDArray[np.float64]:
    """Noise whose amplitude falls with frequency, as it does in pictures; 0 to 1."""
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)
    frequency = np.sqrt(down**2 + across**2) + 1 / max(height, width)
    noise = np.fft.rfft2(generator.normal(size=(height, width))) / frequency**1.6
    cloud = np.fft.irfft2(noise, (height, width))
    low, high = np.percentile(cloud, (1, 99))
    return np.asarray(np.clip((cloud - low) / (high - low), 0, 1))
