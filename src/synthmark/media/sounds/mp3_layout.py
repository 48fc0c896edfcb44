"""What an MP3 file is made of: tags, an index, frames, and what belongs to nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from synthmark.media.parts import id3
from synthmark.media.sounds import mpeg, xing

APE = "APEv2"
"""Kind of a whole APE tag."""

LYRICS = "Lyrics3"
"""Kind of a whole Lyrics3 tag."""

JUNK = "MP3 junk"
"""Kind of what is neither frame nor tag."""

INDEX, FRAMES, CUT, PADDING = "index", "frames", "cut frame", "padding"
"""Kinds of what is no tag."""

BEHIND = (LYRICS, APE, id3.ENHANCED, id3.TAIL)
"""Kinds of tags that stand behind the sound, in their order."""

TAGS = (id3.HEADER, *BEHIND)
"""Kinds of all tags."""

_ZEROS = re.compile(rb"\0+")
_MARK = re.compile(rb"ID3[\2-\4]|TAG|APETAGEX|LYRICSBEGIN")
# Bytes of the longest frame; more that is none means damage.
_MOST_LOOSE = 1441
# Bytes of junk that are searched for frames, in all.
_MOST_SEARCHED = 2**20
# Frames that must follow one another to be believed where they differ from those before.
_LEAST_FOREIGN = 4
# Bytes of lyrics of version 1 with their marks (id3.org, Lyrics3).
_MOST_LYRICS = 5_100 + 20


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a file.

    Attributes:
        kind: ``index``, ``frames`` or ``cut frame``, the name of a tag, ``padding`` or `JUNK`.
        start: Where it begins.
        end: Where it ends.
        run: The frames.
    """

    kind: str
    start: int
    end: int
    run: mpeg.Run | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """What stands before the first frames, between them, and behind the last."""

    front: tuple[Piece, ...]
    middle: tuple[Piece, ...]
    behind: tuple[Piece, ...]

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> Parts:
        """Sort the pieces of a file that has frames."""
        places = [place for place, each in enumerate(pieces) if each.kind in (INDEX, FRAMES)]
        first, last = places[0], places[-1]
        return cls(tuple(pieces[:first]), tuple(pieces[first:last]), tuple(pieces[last + 1 :]))

    @property
    def whole(self) -> bool:
        """Whether no frame is damaged or cut short, as far as can be told."""
        damage = [each for each in self.middle if each.kind == JUNK]
        damage += [
            each
            for each in self.behind
            if each.kind == CUT or (each.kind == JUNK and each.end - each.start > _MOST_LOOSE)
        ]
        return not damage


def layout(data: bytes) -> Iterator[Piece]:
    """Yield what stands in a file, part by part, to its end."""
    searched = 0
    tail = tuple(_tail(data))
    end = tail[0].start if tail else len(data)
    # Where the next word is that a tag may begin with.
    place = mark = 0
    known: mpeg.Frame | None = None
    while place < end:
        tag = _tag(data, place, end)
        if tag is not None:
            yield tag
            place = tag.end
            continue
        zeros = _ZEROS.match(data, place, end)
        if zeros is not None:
            yield Piece(PADDING, place, zeros.end())
            place = zeros.end()
            continue
        run = _run(data, place, end, known)
        if run is not None and known is None and xing.read(data, place) is not None:
            known = run.first
            yield Piece(INDEX, place, place + known.length)
            place += known.length
            continue
        if run is not None:
            known = known or run.first
            yield Piece(FRAMES, place, run.end, run)
            place = run.end
            continue
        if _is_cut(data, place, end, known):
            yield Piece(CUT, place, end)
            break
        if mark <= place:
            found = _MARK.search(data, place + 1, end)
            mark = end if found is None else found.start()
        following = _next(data, place + 1, min(mark, place + _MOST_SEARCHED - searched))
        yield Piece(JUNK, place, following)
        searched += following - place
        place = following
        if searched >= _MOST_SEARCHED and place < end:
            yield Piece(JUNK, place, end)
            break
    yield from tail


def _run(data: bytes, place: int, end: int, known: mpeg.Frame | None) -> mpeg.Run | None:
    run = mpeg.run(data, place, end)
    if run is None or run.end == end:
        return run
    least = 2 if known is None else 1 if known.like(run.first) else _LEAST_FOREIGN
    return run if run.frames >= least else None


def _is_cut(data: bytes, place: int, end: int, known: mpeg.Frame | None) -> bool:
    """Tell whether the last frame begins at `place`, as far as it is there."""
    frame = mpeg.header(data, place)
    if frame is None or not frame.like(known):
        return False
    return place + mpeg.HEAD + frame.side < end < place + frame.length


def _next(data: bytes, place: int, end: int) -> int:
    """Return where the next frames may begin, else `end`."""
    frames = mpeg.find(data, place, end)
    return end if frames is None else frames


def _tag(data: bytes, place: int, end: int) -> Piece | None:
    """Return the tag that begins at `place`."""
    size = id3.length(data[place : place + 10])
    if size:
        return Piece(id3.HEADER, place, min(place + size, end))
    kind = ""
    if data.startswith(b"TAG+", place):
        kind, size = id3.ENHANCED, id3.ENHANCED_SIZE
    elif data.startswith(b"TAG", place):
        kind, size = id3.TAIL, id3.TAIL_SIZE
    elif data.startswith(b"APETAGEX", place):
        kind, size = APE, 32 + int.from_bytes(data[place + 12 : place + 16], "little")
    elif data.startswith(b"LYRICSBEGIN", place):
        for mark in (b"LYRICS200", b"LYRICSEND"):
            found = data.find(mark, place, min(end, place + _MOST_LYRICS))
            if found >= 0:
                kind, size = LYRICS, found + len(mark) - place
                break
    return Piece(kind, place, place + size) if kind and place + size <= end else None


def _tail(data: bytes) -> list[Piece]:
    """Return the tags behind the frames that can be told by their ends, in the file's order."""
    found: list[Piece] = []
    end = len(data)
    while (piece := _last(data, end)) is not None:
        found.append(piece)
        end = piece.start
    return found[::-1]


def _last(data: bytes, end: int) -> Piece | None:
    """Return the tag that ends at `end`."""
    kind, begin = "", -1
    if data.startswith(b"TAG", max(end - id3.TAIL_SIZE, 0)):
        kind, begin = id3.TAIL, end - id3.TAIL_SIZE
    elif data.startswith(b"TAG+", max(end - id3.ENHANCED_SIZE, 0)):
        kind, begin = id3.ENHANCED, end - id3.ENHANCED_SIZE
    elif data.startswith(b"APETAGEX", max(end - 32, 0)):
        kind, begin = APE, end - int.from_bytes(data[end - 20 : end - 16], "little")
        begin -= 32 if data.startswith(b"APETAGEX", max(begin - 32, 0)) else 0
    elif data[max(end - 9, 0) : end] == b"LYRICS200" and data[end - 15 : end - 9].isdigit():
        kind, begin = LYRICS, end - 15 - int(data[end - 15 : end - 9])
    elif data[max(end - 9, 0) : end] == b"LYRICSEND":
        kind, begin = LYRICS, data.rfind(b"LYRICSBEGIN", max(end - _MOST_LYRICS, 0), end)
    elif data.startswith(b"3DI", max(end - 10, 0)):
        size = id3.length(b"ID3" + data[end - 7 : end])
        if data.startswith(b"ID3", max(end - size, 0)):
            kind, begin = id3.HEADER, end - size
    return Piece(kind, begin, end) if kind and 0 <= begin < end else None
