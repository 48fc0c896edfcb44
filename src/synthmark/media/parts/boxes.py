"""Boxes of ISO base media files (ISO/IEC 14496-12, 4.2): found, and built."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from synthmark.media.header import counted
from synthmark.media.parts.pieces import Data

Box = tuple[bytes, int, int, int]
"""Type, start, start of the content, and end."""
Span = tuple[int, int]
"""Start and end of a content."""

_MOST_BRANDS = 64


def each(data: Data, start: int, end: int) -> Iterator[Box]:
    """Yield each whole box from `start` to `end`.

    Raises:
        LimitError: There are more than any writer makes.
    """
    return iter(counted(_each(data, start, end)))


def within(data: Data, span: Span, *path: bytes) -> Span | None:
    """Return the content of the first box that `path` leads to, None without one."""
    found: Span | None = span
    for name in path:
        found = found and next(
            ((content, end) for kind, _, content, end in each(data, *found) if kind == name), None
        )
    return found


def content(data: Data, span: Span, *path: bytes) -> bytes:
    """Return the bytes that `within` finds, none where it finds nothing."""
    found = within(data, span, *path)
    return data[found[0] : found[1]] if found else b""


def build(kind: bytes, *parts: bytes) -> bytes:
    """Return a box of these contents, one behind the other."""
    return struct.pack(">I4s", 8 + sum(map(len, parts)), kind) + b"".join(parts)


def children(data: Data, content: int, end: int) -> int:
    """Return where the boxes in a ``meta`` begin: QuickTime's has no version before them."""
    return content if data[content + 4 : min(content + 8, end)] == b"hdlr" else content + 4


def _each(data: Data, start: int, end: int) -> Iterator[Box]:
    while start + 8 <= end:
        size, kind = struct.unpack(">I4s", data[start : start + 8])
        head = 8
        if size == 1 and start + 16 <= end:
            (size,), head = struct.unpack(">Q", data[start + 8 : start + 16]), 16
        size = size or end - start
        if size < head or start + size > end:
            return
        yield kind, start, start + head, start + size
        start += size


def brands(data: Data) -> frozenset[bytes]:
    """Return the brands of an ISO base media file (ISO/IEC 14496-12, 4.3), none of another."""
    if data[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(data[:4]), 16 + 4 * _MOST_BRANDS)
    return frozenset(data[place : place + 4] for place in (8, *range(16, end, 4)))
