"""How much of a file is its manifest store, counted before anything parses it."""

from __future__ import annotations

import struct

from synthmark.media import Data, Format, ManifestPlace

_APP11 = b"\xff\xeb"
_TIFF = 52545
_GIF = b"\x21\xff\x0bC2PA_GIF\x01\0\0"
_MANIFESTS = (b"application/c2pa", b"application/x-c2pa-manifest-store")
_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def manifest_size(data: Data, format: Format) -> int:
    """Return the bytes of C2PA data in a file, 0 where its format has no place for it.

    C2PA specification 2.2, A.3: ``caBX`` chunks of PNG, APP11 segments of JPEG, ``C2PA`` chunks
    of RIFF, the tag 52545 of TIFF, ``uuid`` boxes of AVIF and HEIC,
    application extensions of GIF, ID3 frames before MP3 and FLAC.
    """
    return _COUNTS[format.manifest_place](data) if format.manifest_place else 0


def _in_png(data: Data) -> int:
    data = bytes(data)
    size, offset = 0, 8
    while offset + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, offset)
        if kind == b"caBX":
            size += min(length, len(data) - offset)
        offset += 12 + length
    return size


def _in_jpeg(data: Data) -> int:
    """Count segments wherever their marker stands, so that no broken one hides the rest.

    Coded pixels cannot hold it (a 0xFF there is followed by 0 or a restart marker); in other
    metadata it is chance, which adds at most as much as that metadata is long.
    """
    data = bytes(data)
    size, offset = 0, data.find(_APP11)
    while offset >= 0:
        length = int.from_bytes(data[offset + 2 : offset + 4])
        size += min(length, len(data) - offset)
        offset = data.find(_APP11, offset + 2 + length)
    return size


def _in_riff(data: Data) -> int:
    size, offset = 0, 12
    while offset + 8 <= len(data):
        kind, length = struct.unpack("<4sI", data[offset : offset + 8])
        if kind == b"C2PA":
            size += min(length, len(data) - offset)
        offset += 8 + length + (length & 1)
    return size


def _in_boxes(data: Data) -> int:
    size, offset = 0, 0
    while offset + 16 <= len(data):
        length, kind = struct.unpack(">I4s", data[offset : offset + 8])
        head = 8
        if length == 1:
            length, head = int.from_bytes(data[offset + 8 : offset + 16]), 16
        length = length or len(data) - offset
        if length < head:
            break
        if kind == b"uuid" and data.startswith(_UUID, offset + head):
            size += min(length, len(data) - offset)
        offset += length
    return size


def _in_id3(data: Data) -> int:
    """Count the whole tag, whichever of its frames hold it: no parser needs to be believed."""
    size = int("".join(f"{each & 127:07b}" for each in data[6:10]) or "0", 2)
    tag = data[: 10 + size] if data.startswith(b"ID3") else b""
    return len(tag) if any(each in tag for each in _MANIFESTS) else 0


def _in_gif(data: Data) -> int:
    """Count extensions wherever they stand, each to the end of its sub-blocks."""
    data = bytes(data)
    size, start = 0, data.find(_GIF)
    while start >= 0:
        place = start + len(_GIF)
        while place < len(data) and data[place]:
            size += min(1 + data[place], len(data) - place)
            place += 1 + data[place]
        start = data.find(_GIF, place)
    return size


def _in_tiff(data: Data) -> int:
    """Count in the first directory, which is the one that holds it."""
    data = bytes(data)
    order = "<" if data.startswith(b"II") else ">"
    place = int.from_bytes(data[4:8], "little" if order == "<" else "big")
    if place + 2 > len(data):
        return 0
    (count,) = struct.unpack_from(order + "H", data, place)
    entries = data[place + 2 : place + 2 + 12 * count]
    fields = struct.iter_unpack(order + "HHII", entries[: len(entries) // 12 * 12])
    sizes = (min(length, max(len(data) - at, 0)) for tag, _, length, at in fields if tag == _TIFF)
    return sum(sizes)


_COUNTS = {
    ManifestPlace.PNG_CHUNK: _in_png,
    ManifestPlace.JPEG_SEGMENT: _in_jpeg,
    ManifestPlace.RIFF_CHUNK: _in_riff,
    ManifestPlace.TIFF_FIELD: _in_tiff,
    ManifestPlace.GIF_BLOCK: _in_gif,
    ManifestPlace.BOX: _in_boxes,
    ManifestPlace.ID3_FRAME: _in_id3,
}
