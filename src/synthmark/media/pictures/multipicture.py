"""The index of the Multi-Picture Format (CIPA DC-007, 5): where a JPEG's further pictures lie.

Views, depth and gain maps stand behind the end of the first picture; the index counts from its own
first byte. So it has to follow when anything in between grows.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from synthmark.media.parts.directory import byte_order

HEADER = b"MPF\0"
_JPEG = b"\xff\xd8"
_ENTRIES = 0xB002
_ENTRY_BYTES = 16
_MOST_ENTRIES = 1000


@dataclass(frozen=True, slots=True)
class _Entry:
    """One picture: where its entry stands in the segment, its length and where it begins."""

    place: int
    length: int
    offset: int


def is_sound(segment: bytes, position: int, end: int, data: bytes) -> bool:
    """Whether each further picture of the index is one, behind the end of the first.

    Args:
        segment: The payload of the index's segment.
        position: Where it stands in the file.
        end: Where the first picture ends.
        data: The file.
    """
    further = list(_entries(segment))[1:]
    starts = [position + len(HEADER) + entry.offset for entry in further]
    return bool(further) and all(
        end <= start and start + entry.length <= len(data) and data.startswith(_JPEG, start)
        for start, entry in zip(starts, further, strict=True)
    )


def from_end(segment: bytes, position: int, end: int) -> bytes:
    """Return the index as it counts from the end of the first picture, whose length it leaves out.

    Args:
        segment: The payload of the index's segment.
        position: Where it stands in the file.
        end: Where the first picture ends.
    """
    return _moved(segment, position + len(HEADER) - end, 0)


def placed(segment: bytes, position: int, end: int) -> bytes:
    """Return the index as it counts in a file; the inverse of `from_end`."""
    return _moved(segment, end - position - len(HEADER), end)


def lengthened(segment: bytes, by: int) -> bytes:
    """Return the index of a file whose first picture grew in front of it."""
    first = next(_entries(segment), None)
    return segment if first is None else _moved(segment, 0, first.length + by)


def _moved(segment: bytes, shift: int, length: int) -> bytes:
    order = "<" if byte_order(segment[len(HEADER) :]) == "<" else ">"
    changed = bytearray(segment)
    for number, entry in enumerate(_entries(segment)):
        if number:
            struct.pack_into(
                order + "I", changed, entry.place + 8, entry.offset + shift & 0xFFFFFFFF
            )
        else:
            struct.pack_into(order + "I", changed, entry.place + 4, length)
    return bytes(changed)


def _entries(segment: bytes) -> Iterator[_Entry]:
    base = len(HEADER)
    order = byte_order(segment[base:])
    if order is None or len(segment) < base + 8:
        return
    (first,) = struct.unpack_from(order + "I", segment, base + 4)
    directory = base + first
    if directory + 2 > len(segment):
        return
    (count,) = struct.unpack_from(order + "H", segment, directory)
    for place in range(directory + 2, directory + 2 + 12 * min(count, _MOST_ENTRIES), 12):
        if place + 12 > len(segment):
            return
        tag, _, size, value = struct.unpack_from(order + "HHII", segment, place)
        if tag != _ENTRIES:
            continue
        start = base + value
        for each in range(start, min(start + size, len(segment) - 15), _ENTRY_BYTES):
            length, offset = struct.unpack_from(order + "II", segment, each + 4)
            yield _Entry(each, length, offset)
        return
