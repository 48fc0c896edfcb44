"""Find and take out single fields of an EXIF block without touching the others.

An EXIF block is a TIFF structure: directories of 12-byte entries whose longer values lie elsewhere
at absolute offsets (CIPA DC-008). Nothing here moves a value, so offsets, thumbnails and maker
notes stay valid.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from synthmark.media.parts.directory import SIZES

IMAGE_DESCRIPTION = 0x010E
ORIENTATION = 0x0112
USER_COMMENT = 0x9286

_EXIF_DIRECTORY = 0x8769
_PREFIX = b"Exif\0\0"
_MOST_ENTRIES = 4096


@dataclass(frozen=True, slots=True)
class Entry:
    """One directory entry.

    Attributes:
        tag: Number of the field.
        directory: Offset of its directory in the block.
        place: Its place in the directory, from 0.
        start: Offset of its value in the block.
        size: Bytes of its value.
        order: Byte order of the block, ``<`` or ``>``.
    """

    tag: int
    directory: int
    place: int
    start: int
    size: int
    order: str


def entries(block: bytes) -> Iterator[Entry]:
    """Yield the entries of the main and of the Exif directory; stop where the block is damaged."""
    base = len(_PREFIX) if block.startswith(_PREFIX) else 0
    order = {b"II": "<", b"MM": ">"}.get(block[base : base + 2])
    if order is None or len(block) < base + 8:
        return
    (first,) = struct.unpack_from(order + "I", block, base + 4)
    directories = [base + first]
    for directory in directories:
        if directory + 2 > len(block):
            continue
        (count,) = struct.unpack_from(order + "H", block, directory)
        for place in range(min(count, _MOST_ENTRIES)):
            offset = directory + 2 + 12 * place
            if offset + 12 > len(block):
                return
            tag, kind, items, value = struct.unpack_from(order + "HHII", block, offset)
            size = items * SIZES.get(kind, 1)
            start = offset + 8 if size <= 4 else base + value
            if tag == _EXIF_DIRECTORY and len(directories) == 1:
                directories.append(base + value)
            if start + size <= len(block):
                yield Entry(tag, directory, place, start, size, order)


def find(block: bytes, tag: int) -> Entry | None:
    """Return the first entry of field `tag`, None when the block has none."""
    return next((entry for entry in entries(block) if entry.tag == tag), None)


def value(block: bytes, tag: int) -> bytes | None:
    """Return the bytes of field `tag`, None when the block has none."""
    entry = find(block, tag)
    return None if entry is None else block[entry.start : entry.start + entry.size]


def orientation(block: bytes | None) -> int:
    """Return the EXIF orientation, 1 to 8; 1 when there is none or it makes no sense."""
    entry = find(block, ORIENTATION) if block else None
    if block is None or entry is None or entry.size != 2:
        return 1
    (number,) = struct.unpack_from(entry.order + "H", block, entry.start)
    return number if 1 <= number <= 8 else 1


def without(block: bytes, tag: int) -> bytes:
    """Return `block` with field `tag` taken out: its entry is closed up, its value zeroed."""
    entry = find(block, tag)
    if entry is None:
        return block
    changed = bytearray(block)
    changed[entry.start : entry.start + entry.size] = bytes(entry.size)
    (count,) = struct.unpack_from(entry.order + "H", block, entry.directory)
    struct.pack_into(entry.order + "H", changed, entry.directory, count - 1)
    # The later entries and the link to the next directory move up by one entry of 12 bytes.
    here = entry.directory + 2 + 12 * entry.place
    end = entry.directory + 2 + 12 * count + 4
    changed[here:end] = changed[here + 12 : end] + bytes(12)
    return bytes(changed)
