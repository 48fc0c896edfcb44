"""The frames of a FLAC stream: where each begins, and a table of seek points to them (RFC 9639)."""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator
from typing import BinaryIO

# How a frame of a stream with blocks of one size begins (section 9.1).
_SYNC = re.compile(rb"\xff\xf8")
_POINT = struct.Struct(">QQH")
_PLACEHOLDER = 2**64 - 1
# Bytes that are searched at once, and of the longest frame header (9.1).
_PART, _LONGEST = 2**20, 16
# x^8 + x^2 + x + 1 (9.1.8).
_POLYNOMIAL = 0x107


def seek_table(coded: BinaryIO, start: int, info: bytes, old: bytes) -> bytes:
    """Return a table of as many seek points as the old one, to the same samples.

    Args:
        coded: The file, whose blocks have all the same size but the last.
        start: Where its first frame begins.
        info: Its stream info.
        old: The old table, whose points lie elsewhere in bytes.
    """
    size = int.from_bytes(info[:2])
    total = int.from_bytes(info[10:18]) & 2**36 - 1
    offsets = list(_offsets(coded, start, int.from_bytes(info[4:7])))
    whole = len(old) - len(old) % _POINT.size
    wanted = [sample for sample, _, _ in _POINT.iter_unpack(old[:whole]) if sample < total]
    frames = sorted({min(sample // size, len(offsets) - 1) for sample in wanted} if offsets else ())
    points = [
        _POINT.pack(each * size, offsets[each], min(size, total - each * size)) for each in frames
    ]
    points += [_POINT.pack(_PLACEHOLDER, 0, 0)] * (whole // _POINT.size - len(points))
    return b"".join(points)


def _offsets(coded: BinaryIO, start: int, least: int) -> Iterator[int]:
    """Yield where each frame begins, from the first on.

    Args:
        coded: The file.
        start: Where the first begins.
        least: Bytes of the smallest frame.
    """
    coded.seek(start)
    held, base, number, following = b"", start, 0, start
    while part := coded.read(_PART):
        held += part
        last = len(part) < _PART
        for match in _SYNC.finditer(held):
            place = base + match.start()
            if match.start() + _LONGEST > len(held) and not last:
                break
            header = held[match.start() : match.start() + _LONGEST]
            if place >= following and _is_header(header, number):
                yield place - start
                number, following = number + 1, place + max(least, 1)
        kept = min(len(held), _LONGEST)
        held, base = held[len(held) - kept :], base + len(held) - kept


def _is_header(header: bytes, number: int) -> bool:
    """Tell whether a frame of this number begins so."""
    counted = _coded_number(number)
    end = 4 + len(counted)
    # The size of the block and the rate may follow in bytes of their own (9.1.1, 9.1.2).
    end += {6: 1, 7: 2}.get(header[2] >> 4, 0) if len(header) > 3 else 0
    end += {12: 1, 13: 2, 14: 2}.get(header[2] & 15, 0) if len(header) > 3 else 0
    return (
        header[4 : 4 + len(counted)] == counted
        and len(header) > end
        and _checksum(header[:end]) == header[end]
    )


def _coded_number(number: int) -> bytes:
    """Return a number as frame headers have it: UTF-8, drawn out to 36 bits (9.1.5)."""
    if number < 0x80:
        return bytes((number,))
    count = bisect_right((0x7FF, 0xFFFF, 0x1FFFFF, 0x3FFFFFF, 0x7FFFFFFF), number - 1) + 1
    tail = [0x80 | number >> 6 * place & 0x3F for place in reversed(range(count))]
    return bytes(((0xFF00 >> count + 1) & 0xFF | number >> 6 * count, *tail))


def _checksum(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value << 1 ^ (_POLYNOMIAL if value & 0x80 else 0)
    return value
