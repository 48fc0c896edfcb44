"""Directories of a TIFF structure (TIFF 6.0, section 2), read with their values and written."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from synthmark.errors import LimitError

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of one item of each kind of value."""

_LINKS = frozenset({0x8769, 0x8825, 0xA005})  # Exif, GPS and Interoperability directories
_MOST_ENTRIES = 4096
_MOST_DEPTH = 3
_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a directory.

    Attributes:
        tag: Its number.
        kind: The kind of its items, 1 to 13.
        value: Its bytes, in the byte order of the file.
        inner: The fields of the directory that it points to, empty for an ordinary value.
    """

    tag: int
    kind: int
    value: bytes
    inner: tuple[Field, ...] = ()

    def numbers(self, order: str) -> tuple[int, ...]:
        """Return the value as whole numbers, empty when it holds none."""
        code = _NUMBERS.get(self.kind)
        count = len(self.value) // SIZES.get(self.kind, 1)
        return struct.unpack(f"{order}{count}{code}", self.value) if code else ()


def byte_order(data: bytes) -> str | None:
    """Return ``<`` or ``>``, as the first bytes of a TIFF structure say; None when it is none."""
    return {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])


def read(
    data: bytes, order: str, offset: int, *, most: int, depth: int = 0
) -> tuple[dict[int, Field], int]:
    """Return the fields of the directory at `offset` by tag, and the offset of the next directory.

    A field whose value lies outside `data` is left out, and so is all that follows a damaged entry.

    Args:
        data: The TIFF structure.
        order: Its byte order.
        offset: Where the directory begins.
        most: Bytes that its values may have, together.
        depth: How many directories point to this one.

    Raises:
        LimitError: The values are longer than `most`.
    """
    found: dict[int, Field] = {}
    if offset + 2 > len(data):
        return found, 0
    (count,) = struct.unpack_from(order + "H", data, offset)
    total = 0
    for place in range(offset + 2, offset + 2 + 12 * min(count, _MOST_ENTRIES), 12):
        if place + 12 > len(data):
            return found, 0
        tag, kind, items, value = struct.unpack_from(order + "HHII", data, place)
        size = items * SIZES.get(kind, 0)
        start = place + 8 if size <= 4 else value
        if not size or start + size > len(data) or tag in found:
            continue
        total += size
        if total > most:
            raise LimitError(
                f"the metadata in this TIFF exceeds {most} bytes", code="limit.metadata"
            )
        inner: dict[int, Field] = {}
        if tag in _LINKS:
            if depth < _MOST_DEPTH:
                inner, _ = read(data, order, value, most=most, depth=depth + 1)
            if not inner:
                continue
        found[tag] = Field(tag, kind, data[start : start + size], tuple(inner.values()))
    end = offset + 2 + 12 * count
    following = struct.unpack_from(order + "I", data, end)[0] if end + 4 <= len(data) else 0
    return found, following


def pack(fields: Iterable[Field], order: str, at: int) -> bytes:
    """Return a directory and the values it points to, to stand at offset `at` of a file."""
    ordered = sorted(fields, key=lambda field: field.tag)
    entries = [struct.pack(order + "H", len(ordered))]
    heap = bytearray()
    start = at + 2 + 12 * len(ordered) + 4
    for field in ordered:
        kind, count, value = field.kind, len(field.value) // SIZES[field.kind], field.value
        if field.inner:
            kind, count = 4, 1
            value = struct.pack(order + "I", start + len(heap))
            heap += pack(field.inner, order, start + len(heap))
        elif len(value) > 4:
            place = struct.pack(order + "I", start + len(heap))
            heap += value + bytes(len(value) % 2)
            value = place
        entries.append(struct.pack(order + "HHI", field.tag, kind, count) + value.ljust(4, b"\0"))
    return b"".join((*entries, bytes(4), heap))


def numeric(tag: int, values: Iterable[int], order: str, *, long: bool = False) -> Field:
    """Return a field of 16-bit numbers, or of 32-bit ones."""
    numbers = tuple(values)
    layout = f"{order}{len(numbers)}{'I' if long else 'H'}"
    return Field(tag, 4 if long else 3, struct.pack(layout, *numbers))
