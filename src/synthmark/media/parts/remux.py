"""New sound in the place of an M4A's old one; everything else of the file stays as it was.

Times, languages, names, references, chapters: only the sound's own tables are another coder's.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from fractions import Fraction
from itertools import takewhile
from math import ceil

from synthmark.errors import UnreadableError
from synthmark.media.parts import boxes, movie
from synthmark.media.parts.boxes import Span
from synthmark.media.parts.movie import TABLE, Trak

LAID_OUT_ANEW = frozenset({
    b"moov", b"free", b"skip", b"wide",
    # Movie fragments and their indexes (ISO/IEC 14496-12, 8.8 and 8.16).
    b"moof", b"mfra", b"sidx", b"ssix", b"styp",
})  # fmt: skip
# Brands that promise segments: of DASH (ISO/IEC 23009-1) and CMAF (ISO/IEC 23000-19).
_SEGMENTS = frozenset({b"dash", b"msdh", b"msix", b"lmsg", b"cmfc", b"cmf2", b"cmff", b"cmfs",
                       b"cmfl", b"caac", b"caaa"})  # fmt: skip
_M4A = b"M4A "
_REFERENCE = (b"mdia", b"minf", b"dinf")
NORMAL = 1 << 16
"""Rate of an edit that is played as it is, in 65536ths."""


def shell(data: bytes, span: Span, sound: Trak, left_out: frozenset[bytes]) -> bytes:
    """Return the file without its sound: file type, movie, media data and further boxes.

    The movie stands before or behind the media data as it did. Chunk offsets count from the
    content of the media data, which holds the samples of the other tracks.

    Args:
        data: The file.
        span: Content of its movie box.
        sound: The track whose sound is left out.
        left_out: Types of boxes there and in the movie that are not wanted, of ``uuid`` ones the
            16 bytes of the type.
    """
    begin, rest, movie_first = b"", [], True
    fragmented = boxes.within(data, (0, len(data)), b"moof") is not None
    for kind, start, content, end in boxes.each(data, 0, len(data)):
        if kind == b"ftyp":
            brands = data[content:end]
            begin = boxes.build(kind, _without_segments(brands) if fragmented else brands)
        elif kind == b"mdat":
            movie_first = movie_first and content > span[0]
        elif kind not in LAID_OUT_ANEW and data[content : content + 16] not in left_out:
            rest.append(data[start:end])
    parts, samples = [], b""
    for kind, start, content, end in boxes.each(data, *span):
        other = kind == b"trak" and content != sound.span[0] and movie.track(data, (content, end))
        if other:
            pieces = [data[a:b] for a, b in movie.chunks(data, other)]
            places = [len(samples) + sum(map(len, pieces[:n])) for n in range(len(pieces))]
            parts.append(boxes.build(b"trak", _with_offsets(data, other, places)))
            samples += b"".join(pieces)
        elif kind not in left_out | {b"mvex"}:
            parts.append(data[start:end])
    pair = [boxes.build(b"moov", *parts), boxes.build(b"mdat", samples)]
    return b"".join((begin, *(pair if movie_first else pair[::-1]), *rest))


def _without_segments(brands: bytes) -> bytes:
    """Return the content of a file type box without the brands of files that lie in segments."""
    words = [brands[place : place + 4] for place in range(0, len(brands), 4)]
    if not _SEGMENTS.intersection(words):
        return brands
    major, version, *others = [_M4A if word in _SEGMENTS else word for word in words]
    return b"".join((major, version, *dict.fromkeys(others)))


def fill(
    form: bytes, encoded: bytes, source: Trak, heard: Fraction, *, same: bool, more: bytes
) -> bytes:
    """Return the file that a `shell` makes with the one track of another file as its sound.

    Args:
        form: The shell.
        encoded: An M4A of one track.
        source: That track.
        heard: Seconds that are heard of it.
        same: Whether that is as long as what was left out.
        more: Boxes to put into the movie.

    Raises:
        UnreadableError: The shell or the other file is not what it should be.
    """
    span, kept = _found(form, b"moov"), _found(form, b"mdat")
    new = _found(encoded, b"mdat")
    begin, first = min(span[0], kept[0]) - 8, span[0] < kept[0]
    scale = movie.timescale(form, span)
    sound = [place - new[0] + kept[1] - kept[0] for place, _ in movie.chunks(encoded, source)]

    def written(place: int) -> bytes:
        """Return the movie of a file whose media data has its content at `place`."""
        parts, lasting = [], 0
        for kind, start, content, end in boxes.each(form, *span):
            track = movie.track(form, (content, end)) if kind == b"trak" else None
            if track is None:
                parts.append(form[start:end])
                continue
            if track.handler == b"soun":
                moved = _with_offsets(encoded, source, [place + each for each in sound])
                edits = _edits(track, source, scale, heard, same=same)
                part = _with_sound(form, track, moved, edits)
            else:
                places = [place + each for each, _ in movie.chunks(form, track)]
                part = _with_offsets(form, track, places)
            lasting = max(lasting, _number(boxes.content(part, (0, len(part)), b"tkhd"), 20, 28))
            parts.append(boxes.build(b"trak", part))
        whole = b"".join((*parts, more))
        head = boxes.content(form, span, b"mvhd")
        if not same or not _number(head, 16, 24):
            head = _with_number(head, 16, 24, lasting)
        header = boxes.build(b"mvhd", head)
        return boxes.build(b"moov", _edited(whole, (0, len(whole)), {(b"mvhd",): header}))

    middle = written(begin + 8 + (len(written(0)) if first else 0))
    mdat = boxes.build(b"mdat", form[kept[0] : kept[1]], encoded[new[0] : new[1]])
    pair = (middle, mdat) if first else (mdat, middle)
    return b"".join((form[:begin], *pair, form[max(span[1], kept[1]) :]))


def _edits(
    track: Trak, source: Trak, scale: int, seconds: Fraction, *, same: bool
) -> list[tuple[int, int, int]]:
    """Return the edits of the new sound: silence in front as before, the coder's delay left out."""
    silence = list(takewhile(lambda edit: edit[1] < 0, track.edits))
    lasting = sum(length for length, begin, _ in track.edits if begin >= 0)
    delay = next((begin for _, begin, _ in source.edits if begin >= 0), 0)
    return [*silence, (lasting if same and lasting else ceil(seconds * scale), delay, NORMAL)]


def _with_sound(form: bytes, track: Trak, moved: bytes, edits: list[tuple[int, int, int]]) -> bytes:
    """Return a track whose tables, data reference and times are those of the track `moved`."""
    whole = (0, len(moved))
    wide = any(max(length, begin) >= 2**31 for length, begin, _ in edits)
    rows = [struct.pack(">QqI" if wide else ">IiI", *edit) for edit in edits]
    listed = boxes.build(b"elst", struct.pack(">BxxxI", wide, len(rows)), *rows)
    head = boxes.content(form, track.span, b"tkhd")
    head = _with_number(head, 20, 28, sum(length for length, *_ in edits))
    media = boxes.content(form, track.span, b"mdia", b"mdhd")
    other = boxes.content(moved, whole, b"mdia", b"mdhd")
    media = _with_number(media, 16, 24, _number(other, 16, 24))
    place = 20 if media[0] == 1 else 12
    media = media[:place] + other[12:16] + media[place + 4 :]
    changes = {
        (b"tkhd",): boxes.build(b"tkhd", head) + boxes.build(b"edts", listed),
        (b"edts",): b"",
        (b"mdia", b"mdhd"): boxes.build(b"mdhd", media),
        TABLE: boxes.build(b"stbl", boxes.content(moved, whole, *TABLE)),
        _REFERENCE: boxes.build(b"dinf", boxes.content(moved, whole, *_REFERENCE)),
    }
    return _edited(form, track.span, changes)


def _with_offsets(data: bytes, track: Trak, places: list[int]) -> bytes:
    """Return the content of a track whose chunks begin at `places`."""
    table = boxes.build(b"stco", struct.pack(f">II{len(places)}I", 0, len(places), *places))
    return _edited(data, track.span, {(*TABLE, b"stco"): table, (*TABLE, b"co64"): table})


def _edited(
    data: bytes, span: Span, changes: Mapping[tuple[bytes, ...], bytes], *path: bytes
) -> bytes:
    """Return the boxes in `span` with those at the paths of `changes` replaced."""
    parts = []
    for kind, start, content, end in boxes.each(data, *span):
        here = (*path, kind)
        if here in changes:
            parts.append(changes[here])
        elif any(each[: len(here)] == here for each in changes):
            parts.append(boxes.build(kind, _edited(data, (content, end), changes, *here)))
        else:
            parts.append(data[start:end])
    return b"".join(parts)


def _number(body: bytes, narrow: int, wide: int) -> int:
    """Return a time of a header, which stands elsewhere, in 64 bits, where its version is 1."""
    if body[:1] == b"\1":
        return int.from_bytes(body[wide : wide + 8])
    return int.from_bytes(body[narrow : narrow + 4])


def _with_number(body: bytes, narrow: int, wide: int, value: int) -> bytes:
    if body[:1] == b"\1":
        return body[:wide] + value.to_bytes(8) + body[wide + 8 :]
    return body[:narrow] + min(value, 2**32 - 1).to_bytes(4) + body[narrow + 4 :]


def _found(data: bytes, name: bytes) -> Span:
    found = boxes.within(data, (0, len(data)), name)
    if found is None:
        raise UnreadableError(f"there is no box {name.decode()}", code="media.damaged")
    return found
