"""The ISCC Image-Code of ISO 24138:2024, 256 bits, made by its reference implementation."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

BITS = 256
_SIDE = 32
_PREFIX = "ISCC:"
# Main type CONTENT (2), sub type IMAGE (1), version 0, length 256 bits (7): one nibble each.
_HEADER = bytes([0x21, 0x07])


def image_code(pixels: NDArray[np.uint8], gray: Image.Image) -> str:
    """Return the Image-Code of a picture, as ``ISCC:`` and base32.

    Args:
        pixels: uint8, (H, W, 3) or (H, W), upright.
        gray: The same picture in Pillow's mode L (ITU-R 601 luma, as the standard's SDK makes it).
    """
    # 0.2 s, so only where a code is really made.
    import iscc_core

    small = gray.crop(_filled(pixels)).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    code: str = iscc_core.gen_image_code_v0(small.tobytes(), bits=BITS)["iscc"]
    return code


def digest(iscc: str) -> bytes | None:
    """Return the 32 bytes of a 256-bit Image-Code, None when `iscc` is not one."""
    body = iscc.removeprefix(_PREFIX)
    try:
        raw = base64.b32decode(body + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError):
        return None
    return raw[2:] if raw[:2] == _HEADER and len(raw) == 2 + BITS // 8 else None


def distance(one: bytes, other: bytes) -> int:
    """Return in how many bits two digests differ."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def _filled(pixels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return the box (left, top, right, bottom) that differs from the upper left pixel."""
    height, width = pixels.shape[:2]
    corner = pixels[0, 0]
    edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    if all((edge != corner).any() for edge in edges):
        return 0, 0, width, height
    differs = pixels != corner
    if pixels.ndim == 3:
        differs = differs.any(axis=2)
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not rows.size:
        return 0, 0, width, height
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
