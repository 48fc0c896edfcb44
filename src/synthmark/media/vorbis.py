"""Vorbis comments (Vorbis I, section 5): the texts of FLAC, Ogg Vorbis and Ogg Opus."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from synthmark.media.picture import Block

COMMENT = "comment"
"""Kind of a block that holds one comment, ``NAME=text``."""

_MOST = 10_000


def parse(data: bytes) -> tuple[bytes, tuple[Block, ...]]:
    """Return the vendor and the comments, up to the first damage."""
    reader = _lengths(data)
    vendor = next(reader, b"")
    return vendor, tuple(Block(COMMENT, each) for each in reader)


def build(vendor: bytes, blocks: Iterable[Block]) -> bytes:
    """Return the comments among `blocks`, under the name of who coded the sound."""
    comments = [each.data for each in blocks if each.kind == COMMENT]
    parts = [struct.pack("<I", len(vendor)), vendor, struct.pack("<I", len(comments))]
    for each in comments:
        parts += [struct.pack("<I", len(each)), each]
    return b"".join(parts)


def split(comment: Block) -> tuple[str, bytes]:
    """Return the name, in capitals, and the text."""
    name, _, text = comment.data.partition(b"=")
    return name.decode("ascii", "replace").upper(), text


def _lengths(data: bytes) -> Iterator[bytes]:
    """Yield the vendor, then each comment."""
    offset = 0
    count = None
    while offset + 4 <= len(data) and (count is None or count > 0):
        (length,) = struct.unpack_from("<I", data, offset)
        offset += 4
        if offset + length > len(data):
            return
        yield data[offset : offset + length]
        offset += length
        if count is None:
            (count,) = struct.unpack_from("<I", data.ljust(offset + 4, b"\0"), offset)
            offset += 4
            count = min(count, _MOST)
        else:
            count -= 1
