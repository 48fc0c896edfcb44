"""MP3: tags, frames, tags; and what else stands between them; read and written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from synthmark.errors import LimitError, UnreadableError, UnsupportedError
from synthmark.limits import Limits
from synthmark.media import id3, mpeg, xing
from synthmark.media.formats import MP3
from synthmark.media.inventory import Item
from synthmark.media.picture import Block, Metadata, counted, note, obstacle
from synthmark.media.pieces import Pieces, Span
from synthmark.media.sound import Track
from synthmark.report import Finding, Severity

APE = "APEv2"
"""Kind of the block that holds a whole APE tag."""

LYRICS = "Lyrics3"
"""Kind of the block that holds a whole Lyrics3 tag."""

JUNK = "MP3 junk"
"""Place of what is neither frame nor tag."""

PART = "MP3 part"
"""Place, and what stands before it, of tags in the middle: of a file that was joined on."""

_BEHIND = (LYRICS, APE, id3.ENHANCED, id3.TAIL)
_TAGS = (id3.HEADER, *_BEHIND)
_INDEX, _FRAMES, _CUT, _PADDING = "index", "frames", "cut frame", "padding"
_ZEROS = re.compile(rb"\0+")
_MARK = re.compile(rb"ID3[\2-\4]|TAG|APETAGEX|LYRICSBEGIN")
# Bytes of the longest frame; more that is none means damage.
_MOST_LOOSE = 1441
# Bytes of junk that are searched for frames, in all.
_MOST_SEARCHED = 2**20
# Frames that must follow one another to be believed where they differ from those before.
_LEAST_FOREIGN = 4
# Lyrics of version 1 and their marks (id3.org, Lyrics3).
_MOST_LYRICS = 5_100 + 20
# LAME's scale against clipping, which libsndfile cannot switch off: by the bit rate that is asked
# for in kbit/s, from which one on it holds (LAME 3.100, presets.c, `abr_switch_map` and
# `nearestBitrateFullIndex`; measured through libsndfile at every bit rate).
_SCALES = ((240, 1.0), (208, 0.98), (176, 0.97), (0, 0.95))


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
class _Parts:
    """The parts before the first frames, between them, and behind the last."""

    front: tuple[Piece, ...]
    middle: tuple[Piece, ...]
    behind: tuple[Piece, ...]

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> _Parts:
        places = [place for place, each in enumerate(pieces) if each.kind in (_INDEX, _FRAMES)]
        first, last = places[0], places[-1]
        return cls(tuple(pieces[:first]), tuple(pieces[first:last]), tuple(pieces[last + 1 :]))

    @property
    def whole(self) -> bool:
        """Whether no frame is damaged or cut short, as far as can be told."""
        damage = [each for each in self.middle if each.kind == JUNK]
        damage += [
            each
            for each in self.behind
            if each.kind == _CUT or (each.kind == JUNK and each.end - each.start > _MOST_LOOSE)
        ]
        return not damage


def parse(data: bytes, limits: Limits) -> Track:
    """Read tags and frame headers; decode nothing.

    All frames count, whatever the index says: of a file that others were joined to, it knows the
    first only. What the first encoder made up in front is left out, and what it made up behind
    where nothing was joined; so players do.

    Raises:
        UnreadableError: There are no frames.
        LimitError: A tag is larger than the limit, or the sound is.
    """
    pieces = tuple(counted(layout(data)))
    _check(pieces, limits)
    runs = [piece.run for piece in pieces if piece.run is not None]
    if not runs:
        if any(mpeg.is_free(data, each.start) for each in pieces if each.kind == JUNK):
            raise UnsupportedError(
                "this is MP3 of free format, which has a bit rate of its own: save it with one of "
                "the standard's",
                code="media.mp3-free-format",
            )
        raise UnreadableError("no MP3 frames are in this file", code="media.damaged")
    first = runs[0].first
    index = next((xing.read(data, each.start) for each in pieces if each.kind == _INDEX), None)
    view = memoryview(data)
    sound: list[bytes | memoryview] = [view[run.start : run.end] for run in runs]
    count = sum(run.frames for run in runs)
    for each in pieces:
        if each.kind == _CUT and (frame := mpeg.header(data, each.start)) is not None:
            sound.append(data[each.start : each.end].ljust(frame.length, b"\0"))
            count += 1
    size = sum(map(len, sound))
    start, end = _heard(index, count, first.samples)
    limits.check_sound(end - start, first.sample_rate, first.channels)
    # In a joined file a later part's index is a frame of silence, and its bit rate of no account.
    rates = {
        rate for run in runs for rate, place in run.bit_rates if xing.read(data, place) is None
    }
    parts = _Parts.of(pieces)
    blocks, tag_notes = _tags(data, parts)
    head = bytes(sound[0][: mpeg.HEAD])
    new_index = xing.for_decoder(head, count, size, start=start, end=end)
    return Track(
        media_type=MP3,
        codec="MP3",
        sample_rate=first.sample_rate,
        channels=first.channels,
        frames=end - start,
        metadata=Metadata(blocks=tuple(blocks)),
        # The decoder believes an index; and it is given no damage to complain about.
        bare=Pieces(new_index, *sound),
        bit_rate=8 * size * first.sample_rate / (count * first.samples),
        variable=len(rates) > 1,
        whole=parts.whole,
        obstacle=_mixed(runs),
        notes=(*_notes(parts, index, count), *tag_notes),
    )


def layout(data: bytes) -> Iterator[Piece]:
    """Yield what stands in a file, part by part, to its end."""
    searched = 0
    tail = tuple(_tail(data))
    end = tail[0].start if tail else len(data)
    place = 0
    known: mpeg.Frame | None = None
    while place < end:
        tag = _tag(data, place, end)
        if tag is not None:
            yield tag
            place = tag.end
            continue
        zeros = _ZEROS.match(data, place, end)
        if zeros is not None:
            yield Piece(_PADDING, place, zeros.end())
            place = zeros.end()
            continue
        run = _run(data, place, end, known)
        if run is not None and known is None and xing.read(data, place) is not None:
            known = run.first
            yield Piece(_INDEX, place, place + known.length)
            place += known.length
            continue
        if run is not None:
            known = known or run.first
            yield Piece(_FRAMES, place, run.end, run)
            place = run.end
            continue
        if _is_cut(data, place, end, known):
            yield Piece(_CUT, place, end)
            break
        following = _next(data, place + 1, min(end, place + _MOST_SEARCHED - searched))
        yield Piece(JUNK, place, following)
        searched += following - place
        place = following
        if searched >= _MOST_SEARCHED and place < end:
            yield Piece(JUNK, place, end)
            break
    yield from tail


def assemble(coded: BinaryIO, metadata: Metadata) -> Pieces:
    """Return the bare MP3 `coded` between its tags."""
    tags = id3.tags(metadata.blocks, _BEHIND)
    behind = [each.data for kind in _BEHIND for each in metadata.blocks if each.kind == kind]
    return Pieces(*map(id3.build, tags), Span(coded, 0, coded.seek(0, os.SEEK_END)), *behind)


def with_index(coded: BinaryIO, frames: int) -> None:
    """Put an index before a bare MP3 whose encoder wrote none.

    It does not where a frame of the bit rate is too short to hold one; without one the sound would
    start late and end later.

    Args:
        coded: A file to be read and written.
        frames: Moments that were coded.
    """
    coded.seek(0)
    encoded = coded.read()
    run = mpeg.run(encoded, 0, len(encoded))
    if run is None or xing.read(encoded, 0) is not None:
        return
    index = xing.build(
        encoded[: mpeg.HEAD],
        run.frames,
        run.end,
        delay=xing.ENCODER_DELAY,
        padding=run.frames * run.first.samples - xing.ENCODER_DELAY - frames,
    )
    coded.seek(0)
    coded.write(index + encoded)


def scale(bit_rate: float) -> float:
    """Return by how much LAME makes a sound quieter that it is to encode at `bit_rate` (bit/s)."""
    return next(scale for least, scale in _SCALES if bit_rate >= 1000 * least)


def version(metadata: Metadata) -> int:
    """Return the version of the first ID3v2 tag, the newest where there is none yet."""
    head = next((each.data for each in metadata.blocks if each.kind == id3.HEADER), None)
    return int(head) if head else id3.NEWEST


def with_frame(metadata: Metadata, frame: Block) -> Metadata:
    """Return metadata with one more frame, the first of the first ID3v2 tag.

    Where that is a new tag, what an ID3v1 tag says stands in it as well, as it hides that one.
    """
    blocks, notes = list(metadata.blocks), metadata.notes
    kinds = [each.kind for each in blocks]
    if id3.HEADER in kinds:
        blocks.insert(kinds.index(id3.HEADER) + 1, frame)
        return replace(metadata, blocks=tuple(blocks))
    said: tuple[Block, ...] = ()
    if id3.TAIL in kinds:
        said = id3.from_version_1(blocks[kinds.index(id3.TAIL)].data)
        told = note(
            "media.id3v1",
            "what the ID3v1 tag of this MP3 says stands in the new ID3v2 tag as well",
            accounts_for=tuple(f"ID3 {each.kind}" for each in said),
        )
        notes = (*notes, told)
    tag = id3.blocks(id3.Tag(id3.NEWEST, (frame, *said)))
    return replace(metadata, blocks=(*tag, *blocks), notes=notes)


def items(data: bytes) -> Iterator[Item]:
    """Yield every frame and field of every tag, and what is neither tag nor sound."""
    pieces = tuple(counted(layout(data)))
    sound = [place for place, each in enumerate(pieces) if each.run is not None]
    middle = range(sound[0], sound[-1]) if sound else range(0)
    for place, piece in enumerate(pieces):
        part = data[piece.start : piece.end]
        found: Iterable[Item] = ()
        if piece.kind == id3.HEADER:
            found = counted(id3.items(part))
        elif piece.kind == APE:
            found = counted(_ape_items(part))
        elif piece.kind in (*_BEHIND, JUNK):
            found = (Item(piece.kind, part),)
        for item in found:
            joined = place in middle and piece.kind != JUNK
            yield Item(f"{PART} {item.place}", item.data) if joined else item


def _heard(index: xing.Index | None, count: int, samples: int) -> tuple[int, int]:
    """Return the first moment that a player plays, and the one behind the last."""
    total = count * samples
    if index is None or index.delay is None:
        return 0, total
    start = min(index.delay + xing.DECODER_DELAY, total)
    counted_end = (index.frames or 0) * samples - max(index.padding - xing.DECODER_DELAY, 0)
    # Where more follows than the index counts, the end that it knows is in the middle.
    end = min(total, counted_end) if (index.frames or 0) >= count else total
    return start, max(start, end)


def _check(pieces: Iterable[Piece], limits: Limits) -> None:
    for piece in pieces:
        if piece.kind in _TAGS and piece.end - piece.start > limits.metadata_bytes:
            raise LimitError(
                f"the {piece.kind} tag of this MP3 exceeds {limits.metadata_bytes} bytes",
                code="limit.metadata",
            )


def _notes(parts: _Parts, index: xing.Index | None, count: int) -> Iterator[Finding]:
    leading = parts.front[:1] if parts.front and parts.front[0].kind == _PADDING else ()
    loose = [each for each in (*parts.front, *parts.behind) if each.kind == JUNK]
    if loose or leading:
        size = sum(each.end - each.start for each in (*leading, *loose))
        yield note(
            "media.junk",
            f"{size} bytes around the sound of this MP3 belong to nothing; they are left out",
            accounts_for=(JUNK,),
        )
    known = count if index is None or index.frames is None else index.frames
    # Some encoders count the index itself.
    if not parts.whole or known > count + 1:
        yield note(
            "media.truncated",
            "this MP3 is damaged or cut short",
            Severity.WARNING,
            accounts_for=(JUNK,),
        )
    if known < count:
        yield note(
            "media.joined",
            f"the index of this MP3 counts {known} of {count} frames: more was joined on, and is "
            "kept",
        )
    if any(each.kind in _TAGS for each in parts.middle):
        yield note(
            "media.joined-tags",
            "this MP3 was joined from parts; the tags of the later ones are left out",
            Severity.WARNING,
            accounts_for=(PART,),
        )


def _mixed(runs: Sequence[mpeg.Run]) -> Finding | None:
    kinds = {(run.first.sample_rate, run.first.channels) for run in runs}
    if len(kinds) == 1:
        return None
    words = ", ".join(
        f"{rate} Hz {'mono' if channels == 1 else 'stereo'}" for rate, channels in sorted(kinds)
    )
    return obstacle(
        "media.mp3-mixed",
        f"this MP3 was joined from parts of different kinds ({words}): save it as one sound first",
    )


def _tags(data: bytes, parts: _Parts) -> tuple[list[Block], list[Finding]]:
    """Return the tags around the sound, those of ID3v2 first, and what is said of them."""
    blocks: list[Block] = []
    behind: list[Block] = []
    notes = []
    for piece in (*parts.front, *parts.behind):
        if piece.kind in _BEHIND:
            behind.append(Block(piece.kind, data[piece.start : piece.end]))
        if piece.kind != id3.HEADER:
            continue
        tag = id3.parse(data[piece.start : piece.end])
        if tag is None:
            message = "an ID3 tag of this MP3 is of an unknown version; it is left out"
            notes.append(
                note("media.id3-version", message, Severity.WARNING, accounts_for=(id3.REST,))
            )
            continue
        blocks += counted(id3.blocks(tag))
        if tag.recoded:
            message = (
                "the ID3 tag of this MP3 is written in its plain form; its frames say the same"
            )
            notes.append(note("media.id3-recoded", message))
        if piece in parts.behind:
            message = "an ID3v2 tag stood behind the sound of this MP3; it stands before it now"
            notes.append(note("media.id3-moved", message))
    return [*blocks, *behind], notes


def _ape_items(tag: bytes) -> Iterator[Item]:
    """Yield the items of an APE tag (its version 2: size, flags, key, NUL, value)."""
    place = 32 if tag.startswith(b"APETAGEX") and len(tag) > 32 else 0
    end = len(tag) - 32
    while place + 8 < end:
        size = int.from_bytes(tag[place : place + 4], "little")
        key = tag.find(b"\0", place + 8, end)
        if key < 0 or key + 1 + size > end:
            break
        name = tag[place + 8 : key].decode("ascii", "replace")
        yield Item(f"APE {name}", tag[key + 1 : key + 1 + size])
        place = key + 1 + size
    if place < end:
        yield Item("APE rest", tag[place:end])


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
    """Return where the next frames or the next tag may begin, else `end`."""
    frames = mpeg.find(data, place, end)
    mark = _MARK.search(data, place, end if frames is None else frames)
    if mark is not None:
        return mark.start()
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
