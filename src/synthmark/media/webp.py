"""The WebP container (RFC 9649): its chunks, read. libwebp itself writes them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from synthmark.errors import LimitError, UnreadableError
from synthmark.limits import Limits
from synthmark.media.formats import WEBP
from synthmark.media.picture import Container, Metadata, counted

_ALPHA = 0x10
_METADATA = {"ICCP": "ICC profile", "EXIF": "EXIF", "XMP ": "XMP"}


def parse(data: bytes, limits: Limits) -> Container:
    """Read the chunks of a WebP file up to the first damage; decode nothing.

    Raises:
        UnreadableError: There is no sound header.
        LimitError: The picture or a metadata block is larger than the limit.
    """
    sizes: list[tuple[int, int]] = []
    alpha = lossless = False
    durations: list[int] = []
    loop: int | None = None
    blocks: dict[str, bytes] = {}
    for kind, start, end in counted(_chunks(data)):
        head = data[start : start + 10]
        if kind == "VP8X" and len(head) == 10:
            alpha = alpha or bool(head[0] & _ALPHA)
            sizes.append((_uint24(head[4:7]) + 1, _uint24(head[7:10]) + 1))
        elif kind == "VP8 " and head[3:6] == b"\x9d\x01\x2a" and len(head) == 10:
            width, height = struct.unpack_from("<HH", head, 6)
            sizes.append((width & 0x3FFF, height & 0x3FFF))
        elif kind == "VP8L" and head[:1] == b"\x2f" and len(head) >= 5:
            (bits,) = struct.unpack_from("<I", head, 1)
            sizes.append(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
            lossless, alpha = True, alpha or bool(bits >> 28 & 1)
        elif kind == "ANIM" and end - start >= 6:
            (loop,) = struct.unpack_from("<H", data, start + 4)
        elif kind == "ANMF" and end - start >= 24:
            durations.append(_uint24(data[start + 12 : start + 15]))
            lossless = lossless or data[start + 16 : start + 20] == b"VP8L"
        elif kind in _METADATA and kind not in blocks:
            if end - start > limits.metadata_bytes:
                raise LimitError(
                    f"the {_METADATA[kind]} in this WebP exceeds {limits.metadata_bytes} bytes",
                    code="limit.metadata",
                )
            blocks[kind] = data[start:end]
    if not sizes or not all(map(all, sizes)):
        raise UnreadableError("this WebP has no sound header", code="media.damaged")
    for width, height in sizes:
        limits.check_picture(width, height)
    limits.check_frames(*sizes[0], len(durations))
    return Container(
        media_type=WEBP,
        width=sizes[0][0],
        height=sizes[0][1],
        mode="RGBA" if alpha else "RGB",
        metadata=Metadata(xmp=blocks.get("XMP "), exif=blocks.get("EXIF")),
        bare=data,
        whole=len(data) >= 8 + struct.unpack_from("<I", data, 4)[0],
        icc=blocks.get("ICCP"),
        lossless=lossless,
        durations=tuple(durations),
        loop=loop,
    )


def _chunks(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield type, start and end of each chunk's payload; the last may be cut short."""
    offset = 12
    while offset + 8 <= len(data):
        kind = data[offset : offset + 4].decode("latin-1")
        (length,) = struct.unpack_from("<I", data, offset + 4)
        start = offset + 8
        yield kind, start, min(start + length, len(data))
        offset = start + length + (length & 1)


def _uint24(data: bytes) -> int:
    return int.from_bytes(data, "little")
