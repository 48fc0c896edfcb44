"""The movie box of an M4A: what its tracks say (ISO/IEC 14496-12, section 8)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthmark.media.parts import boxes
from synthmark.media.parts.boxes import Span
from synthmark.media.parts.pieces import Data

TABLE = (b"mdia", b"minf", b"stbl")
"""Path from a track to the tables of its samples."""


@dataclass(frozen=True, slots=True)
class Trak:
    """One track of a movie.

    Attributes:
        span: Its content.
        handler: ``soun``, ``vide``, ``text`` and so on.
        number: By which others refer to it.
        chapters: Numbers of the tracks that hold its chapters.
        scale: Units of its own time in a second.
        entry: Its first sample entry, whole; empty without one.
        edits: Of each edit the length in the movie's units, where it begins in its own (-1 for
            silence), and its rate in 65536ths.
    """

    span: Span
    handler: bytes
    number: int
    chapters: tuple[int, ...]
    scale: int
    entry: bytes
    edits: tuple[tuple[int, int, int], ...]


def tracks(data: Data, movie: Span) -> list[Trak]:
    """Return the tracks of a movie that are whole enough to be told."""
    spans = [
        (content, end) for kind, _, content, end in boxes.each(data, *movie) if kind == b"trak"
    ]
    return [each for span in spans if (each := track(data, span)) is not None]


def timescale(data: Data, movie: Span) -> int:
    """Return how many units of the movie's time make a second, 1 where nothing says."""
    body = boxes.content(data, movie, b"mvhd")
    place = 20 if body[:1] == b"\1" else 12
    return int.from_bytes(body[place : place + 4]) or 1


def coded(data: Data, movie: Span, track: Trak) -> tuple[int, int]:
    """Return how many units of its own time a track's samples last, and their bytes."""
    lasting = int(_rows(data, track, b"stts", 2).prod(axis=1).sum())
    taken = int(sizes(data, track).sum())
    for duration, size in _fragments(data, movie, track.number):
        lasting, taken = lasting + duration, taken + size
    return lasting, taken


def heard(track: Trak, lasting: int, scale: int) -> Fraction:
    """Return for how many seconds a track is heard.

    Args:
        track: The track.
        lasting: Units of its own time that its samples last.
        scale: Units of the movie's time in a second. Edits are told in them, so coarsely that the
            samples decide where both agree within one.
    """
    edits = [edit for edit in track.edits if edit[1] >= 0]
    if not edits:
        return Fraction(lasting, track.scale)
    left = Fraction(max(lasting - edits[0][1], 0), track.scale)
    told = Fraction(sum(length for length, *_ in edits), scale)
    if len(edits) == 1 and (not told or told > left - Fraction(1, scale)):
        return left
    return told


def is_elsewhere(data: Data, track: Trak) -> bool:
    """Tell whether a track's samples lie in another file, as a data reference says (8.7.2)."""
    found = boxes.within(data, track.span, b"mdia", b"minf", b"dinf", b"dref")
    entries = boxes.each(data, found[0] + 8, found[1]) if found else ()
    return any(not int.from_bytes(data[content : content + 4]) & 1 for _, _, content, _ in entries)


def chunks(data: Data, track: Trak) -> Iterator[Span]:
    """Yield where each chunk of a track's samples begins and ends."""
    wide = boxes.within(data, track.span, *TABLE, b"co64") is not None
    offsets = _rows(data, track, b"co64" if wide else b"stco", 1, 8 if wide else 4)[:, 0]
    ends = np.concatenate(([0], np.cumsum(sizes(data, track))))
    runs = _rows(data, track, b"stsc", 3)
    counts = np.zeros(len(offsets), np.int64)
    for first, count, _ in runs:
        counts[max(int(first) - 1, 0) :] = count
    marks = np.minimum(np.concatenate(([0], np.cumsum(counts))), len(ends) - 1)
    for offset, begin, stop in zip(offsets, marks, marks[1:], strict=False):
        yield int(offset), int(offset + ends[stop] - ends[begin])


def sizes(data: Data, track: Trak) -> NDArray[np.int64]:
    """Return the bytes of each sample, of those outside fragments."""
    body = boxes.content(data, track.span, *TABLE, b"stsz")
    if len(body) >= 12:
        fixed, count = struct.unpack_from(">II", body, 4)
        if fixed:
            return np.full(min(count, len(data) // fixed), fixed, np.int64)
        return _numbers(body[12:], 4)[:count]
    body = boxes.content(data, track.span, *TABLE, b"stz2")
    if len(body) < 12 or body[7] not in (8, 16):
        return np.zeros(0, np.int64)
    return _numbers(body[12:], body[7] // 8)[: int.from_bytes(body[8:12])]


def track(data: Data, span: Span) -> Trak | None:
    """Return what the track with this content says, None where it is too damaged."""
    header = boxes.content(data, span, b"mdia", b"mdhd")
    number = boxes.content(data, span, b"tkhd")
    place = 20 if number[:1] == b"\1" else 12
    scale = int.from_bytes(header[20:24] if header[:1] == b"\1" else header[12:16])
    if len(header) < 20 or len(number) < place + 4 or not scale:
        return None
    return Trak(
        span,
        boxes.content(data, span, b"mdia", b"hdlr")[8:12],
        int.from_bytes(number[place : place + 4]),
        tuple(_numbers(boxes.content(data, span, b"tref", b"chap"), 4).tolist()),
        scale,
        boxes.content(data, span, *TABLE, b"stsd")[8:],
        tuple(_edits(boxes.content(data, span, b"edts", b"elst"))),
    )


def _edits(body: bytes) -> Iterator[tuple[int, int, int]]:
    form = ">QqI" if body[:1] == b"\1" else ">IiI"
    body = body[8:]
    whole = len(body) - len(body) % struct.calcsize(form)
    yield from struct.iter_unpack(form, body[:whole])


def _fragments(data: Data, movie: Span, number: int) -> Iterator[tuple[int, int]]:
    """Yield the units of time and the bytes of a track's part in each movie fragment (8.8)."""
    fallback = {}
    for kind, _, start, end in boxes.each(data, *(boxes.within(data, movie, b"mvex") or (0, 0))):
        if kind == b"trex" and end - start >= 20:
            fallback[int.from_bytes(data[start + 4 : start + 8])] = struct.unpack(
                ">II", data[start + 12 : start + 20]
            )
    for kind, _, start, end in boxes.each(data, 0, len(data)):
        if kind != b"moof":
            continue
        for part, _, inner, stop in boxes.each(data, start, end):
            head = boxes.content(data, (inner, stop), b"tfhd") if part == b"traf" else b""
            if len(head) >= 8 and int.from_bytes(head[4:8]) == number:
                yield from _runs(data, (inner, stop), head, fallback.get(number, (0, 0)))


def _runs(
    data: Data, span: Span, head: bytes, fallback: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    flags, place = int.from_bytes(head[1:4]), 8
    defaults = dict(zip((0x8, 0x10), fallback, strict=True))
    for flag, width in ((0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4)):
        if flags & flag:
            if flag in defaults:
                defaults[flag] = int.from_bytes(head[place : place + width])
            place += width
    for kind, _, start, end in boxes.each(data, *span):
        if kind != b"trun" or end - start < 8:
            continue
        flags, count = int.from_bytes(data[start + 1 : start + 4]), data[start + 4 : start + 8]
        most = min(int.from_bytes(count), len(data))
        place = start + 8 + 4 * bool(flags & 0x1) + 4 * bool(flags & 0x4)
        width = sum(bool(flags & flag) for flag in (0x100, 0x200, 0x400, 0x800))
        numbers = _numbers(data[place:end], 4)[: most * width]
        rows = numbers[: len(numbers) // max(width, 1) * width].reshape(-1, max(width, 1))
        column = int(bool(flags & 0x100))
        yield (
            int(rows[:, 0].sum()) if flags & 0x100 else most * defaults[0x8],
            int(rows[:, column].sum()) if flags & 0x200 else most * defaults[0x10],
        )


def _rows(
    data: Data, track: Trak, name: bytes, width: int, bytes_each: int = 4
) -> NDArray[np.int64]:
    """Return a counted table of rows of `width` numbers."""
    body = boxes.content(data, track.span, *TABLE, name)
    count = int.from_bytes(body[4:8])
    numbers = _numbers(body[8:], bytes_each)
    return numbers[: min(count, len(numbers) // width) * width].reshape(-1, width)


def _numbers(body: bytes, width: int) -> NDArray[np.int64]:
    whole: NDArray[Any] = np.frombuffer(body, f">u{width}", len(body) // width)
    return whole.astype(np.int64)
