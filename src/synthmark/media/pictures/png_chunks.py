"""The chunks of PNG (ISO/IEC 15948, 5.3), and its rows in files of their own."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from synthmark.media.pictures.container import Bands, Container

SIGNATURE = b"\x89PNG\r\n\x1a\n"

GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
"""Colour types."""

# Samples a pixel by colour type.
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Compressed bytes that are inflated at a time, to a thousand times as many at most.
_PIECE = 2**13


def each(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield type, start and end of each whole chunk's payload, IEND the last."""
    offset = len(SIGNATURE)
    while offset + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, offset)
        kind = data[offset + 4 : offset + 8].decode("latin-1")
        start = offset + 8
        offset = start + length + 4
        if offset > len(data):
            return
        yield kind, start, start + length
        if kind == "IEND":
            return


def build(kind: str, payload: bytes) -> bytes:
    """Return a chunk with its length and checksum."""
    name = kind.encode("latin-1")
    return b"".join(
        (
            struct.pack(">I", len(payload)),
            name,
            payload,
            struct.pack(">I", zlib.crc32(payload, zlib.crc32(name))),
        )
    )


def bands(container: Container[Any], rows: int) -> Bands | None:
    """Cut a still picture into PNG files of some rows each.

    A row is stored as its difference from the one above. So every band but the first begins with
    the last row of the one before, whose samples the generator is sent.

    Returns:
        None where the file does not lie row by row: interlaced, or of less than 8 bits a sample.
    """
    _, start, end = next(each(container.bare))
    header = container.bare[start:end]
    return None if header[8] < 8 or header[12] else _bands(container, header, rows)


def _bands(container: Container[Any], header: bytes, rows: int) -> Bands:
    data = container.bare
    palette = b"".join(build(k, data[a:b]) for k, a, b in each(data) if k == "PLTE")
    row = 1 + container.width * _CHANNELS[header[9]] * header[8] // 8
    counts = [min(rows, container.height - top) for top in range(0, container.height, rows)]
    above = b""
    for count, stored in zip(counts, _inflated(data, row, counts), strict=True):
        high = count + bool(above)
        parts = [SIGNATURE, build("IHDR", header[:4] + struct.pack(">I", high) + header[8:])]
        parts += [palette, build("IDAT", zlib.compress(above + stored, 0)), build("IEND", b"")]
        samples = yield count, replace(container, height=high, bare=b"".join(parts))
        above = b"\0" + samples[-1].astype(samples.dtype.newbyteorder(">")).tobytes()


def _inflated(data: bytes, row: int, counts: list[int]) -> Iterator[bytes]:
    """Yield so many rows of `row` bytes at a time, as they are filtered."""
    inflate, held = zlib.decompressobj(), bytearray()
    pieces = (
        data[place : min(place + _PIECE, end)]
        for kind, start, end in each(data)
        if kind == "IDAT"
        for place in range(start, end, _PIECE)
    )
    for count in counts:
        while len(held) < count * row:
            piece = next(pieces, None)
            if piece is None:
                raise EOFError("the pixels end early")
            held += inflate.decompress(piece)
        yield bytes(held[: count * row])
        del held[: count * row]


def significant(stored: bytes, depth: int, colour: int) -> bytes:
    """Return ``sBIT`` for the colour type that is written; what is new is all significant."""
    if not 1 <= len(stored) <= 4:
        return stored
    alpha = [stored[-1]] if len(stored) in (2, 4) else [depth]
    colours = list(stored[:3] if len(stored) > 2 else stored[:1] * 3)
    if colour in (GRAY, GRAY_ALPHA):
        colours = colours[:1]
    return bytes(colours + (alpha if colour in (GRAY_ALPHA, RGBA) else []))


def background(
    stored: bytes, container: Container[Any], palette: bytes, depth: int, colour: int
) -> bytes:
    """Return ``bKGD`` for the colour type that is written; as it is where it makes no sense."""
    if len(stored) == 1:
        values = tuple(palette[3 * stored[0] :][:3])
    else:
        full, old = 2**depth - 1, 2**container.bit_depth - 1
        told = stored if len(stored) in (2, 6) else b""
        values = tuple(each[0] * full // old for each in struct.iter_unpack(">H", told))
    if colour in (RGB, RGBA) and len(values) == 1:
        values *= 3
    sound = len(values) == (1 if colour in (GRAY, GRAY_ALPHA) else 3)
    return struct.pack(f">{len(values)}H", *values) if sound else stored
