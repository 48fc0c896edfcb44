"""What a JPEG's frame header and quantisation tables say of its coding (ISO/IEC 10918-1, B.2)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from PIL.JpegImagePlugin import zigzag_index

from synthmark.errors import UnreadableError
from synthmark.media.header import Obstacle

PROGRESSIVE, ARITHMETIC = (0xC2, 0xCA), (0xC9, 0xCA)
"""Markers of frames that are coded so."""

_DECODABLE = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
_LOSSLESS = (0xC3, 0xC7, 0xCB, 0xCF)


def components(payload: bytes) -> tuple[int, int, int, list[tuple[int, tuple[int, int], int]]]:
    """Return bits, width, height and (name, sampling factors, table) of each component."""
    if len(payload) < 6 or len(payload) < 6 + 3 * payload[5]:
        raise UnreadableError("the frame header of this JPEG is damaged", code="media.damaged")
    bits, height, width, count = struct.unpack_from(">BHHB", payload)
    found = [
        (name, (factors >> 4, factors & 15), table)
        for name, factors, table in struct.iter_unpack("BBB", payload[6 : 6 + 3 * count])
    ]
    if not width or not height or not found:
        raise UnreadableError("this JPEG claims no size", code="media.damaged")
    if any(0 in factors for _, factors, _ in found):
        raise UnreadableError("the frame header of this JPEG is damaged", code="media.damaged")
    return bits, width, height, found


def hindrance(marker: int, bits: int, count: int) -> Obstacle | None:
    """Return why a picture of such a frame cannot be decoded, None when it can."""
    if marker not in _DECODABLE or bits != 8:
        what = "is lossless" if marker in _LOSSLESS else "is hierarchical"
        if marker in _DECODABLE:
            what = f"has {bits} bits a sample"
        better = "save it as an ordinary JPEG of 8 bits, or as PNG"
        return Obstacle("media.jpeg-process", f"this JPEG {what}; {better}")
    if count not in (1, 3, 4):
        return Obstacle(
            "media.components",
            f"this JPEG has {count} components; save it in gray, RGB or CMYK",
        )
    return None


def sampling(factors: Sequence[tuple[int, int]]) -> str:
    """Return the subsampling as the encoder names it, empty for gray and for what it lacks."""
    if len(factors) != 3 or factors[1] != factors[2]:
        return ""
    (wide, high), (chroma_wide, chroma_high) = factors[:2]
    ratio = wide / chroma_wide, high / chroma_high
    return {(1.0, 1.0): "4:4:4", (2.0, 1.0): "4:2:2", (2.0, 2.0): "4:2:0"}.get(ratio, "")


def read_tables(payload: bytes, tables: dict[int, tuple[int, ...]]) -> None:
    """Add the tables of a DQT segment to `tables`, by their numbers, row by row."""
    offset = 0
    while offset < len(payload):
        wide, name = payload[offset] >> 4, payload[offset] & 15
        layout = ">64H" if wide else ">64B"
        if offset + 1 + struct.calcsize(layout) > len(payload):
            return
        stored = struct.unpack_from(layout, payload, offset + 1)
        tables.setdefault(name, tuple(stored[place] for place in zigzag_index))
        offset += 1 + struct.calcsize(layout)


def used_tables(
    tables: Mapping[int, tuple[int, ...]], names: Sequence[int]
) -> tuple[tuple[int, ...], ...]:
    """Return the components' tables; the encoder repeats the last for the components after it."""
    if any(name not in tables for name in names):
        raise UnreadableError("this JPEG lacks a quantisation table", code="media.damaged")
    used = [tables[name] for name in names]
    while len(used) > 1 and used[-1] == used[-2]:
        used.pop()
    return tuple(used)


def stores_rgb(names: Sequence[int], *, jfif: bytes | None, adobe: bytes | None) -> bool:
    """Whether a decoder takes the components for RGB, by libjpeg's rules."""
    if len(names) != 3 or jfif is not None:
        return False
    if adobe is not None and len(adobe) >= 12:
        return adobe[11] == 0
    return bytes(names) == b"RGB"
