"""ExtendedXMP (XMP specification part 3, 1.1.3.1): a packet in several segments of a JPEG."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from synthmark.errors import LimitError
from synthmark.media.header import Block

HEADER = b"http://ns.adobe.com/xmp/extension/\0"
"""What such a segment begins with."""


def joined(blocks: Iterable[Block], xmp: bytes | None, *, most: int) -> bytes | None:
    """Return the extension that a main packet names, None when there is none whole.

    Args:
        blocks: The segments of a JPEG that are carried over.
        xmp: The main packet.
        most: Bytes that it may have.

    Raises:
        LimitError: It has more.
    """
    parts = []
    for block in blocks:
        name, size, offset = _extension(block)
        if name and xmp is not None and name in xmp:
            if size > most:
                raise LimitError(
                    f"the ExtendedXMP in this JPEG exceeds {most} bytes",
                    code="limit.metadata",
                )
            parts.append((offset, size, block.data[len(HEADER) + 40 :]))
    packet = b""
    for offset, _, part in sorted(parts):
        if offset != len(packet):
            return None
        packet += part
    return packet if parts and len(packet) == parts[0][1] else None


def _extension(block: Block) -> tuple[bytes, int, int]:
    """Return name, whole size and offset of an ExtendedXMP part; an empty name for other blocks."""
    start = len(HEADER)
    if not block.data.startswith(HEADER) or len(block.data) < start + 40:
        return b"", 0, 0
    size, offset = struct.unpack_from(">II", block.data, start + 32)
    return block.data[start : start + 32], size, offset
