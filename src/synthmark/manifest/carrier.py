"""How much of a file is its manifest store, counted before anything parses it."""

from __future__ import annotations

import struct

_APP11 = b"\xff\xeb"


def manifest_size(data: bytes, media_type: str) -> int:
    """Return the bytes of C2PA data in a PNG, JPEG or WebP file, 0 in any other.

    C2PA specification 2.2, A.3: ``caBX`` chunks of PNG, APP11 segments of JPEG, ``C2PA`` chunks
    of RIFF.
    """
    count = {"image/png": _in_png, "image/jpeg": _in_jpeg, "image/webp": _in_webp}.get(media_type)
    return count(data) if count else 0


def _in_png(data: bytes) -> int:
    size, offset = 0, 8
    while offset + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, offset)
        if kind == b"caBX":
            size += min(length, len(data) - offset)
        offset += 12 + length
    return size


def _in_jpeg(data: bytes) -> int:
    """Count segments wherever their marker stands, so that no broken one hides the rest.

    Coded pixels cannot hold it (a 0xFF there is followed by 0 or a restart marker); in other
    metadata it is chance, which adds at most as much as that metadata is long.
    """
    size, offset = 0, data.find(_APP11)
    while offset >= 0:
        length = int.from_bytes(data[offset + 2 : offset + 4])
        size += min(length, len(data) - offset)
        offset = data.find(_APP11, offset + 2 + length)
    return size


def _in_webp(data: bytes) -> int:
    size, offset = 0, 12
    while offset + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, offset)
        if kind == b"C2PA":
            size += min(length, len(data) - offset)
        offset += 8 + length + (length & 1)
    return size
