"""MP3: tags, frames, tags; and what else stands between them; read and written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

from synthmark.errors import LimitError, MediaError, UnreadableError, UnsupportedError
from synthmark.facts import Finding, Medium
from synthmark.limits import Limits
from synthmark.media.format import LabelPlace, ManifestPlace
from synthmark.media.header import Block, Form, Metadata, Obstacle, counted
from synthmark.media.parts import id3
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.pieces import Data, Pieces, Span
from synthmark.media.sounds import lame, libsndfile, mpeg, xing
from synthmark.media.sounds.mp3_layout import (
    APE,
    BEHIND,
    CUT,
    INDEX,
    JUNK,
    PADDING,
    TAGS,
    Parts,
    Piece,
    layout,
)
from synthmark.media.sounds.track import SoundFormat, Track

PART = "MP3 part"
"""Place, and what stands before it, of tags in the middle: of a file that was joined on."""

_UNKNOWN_TAG = Finding.warning("media.id3-version", accounts_for=(id3.REST,))
_RECODED_TAG = Finding.info("media.id3-recoded")
_MOVED_TAG = Finding.info("media.id3-moved")
# Bytes before an MP3 that are searched; and frames that must follow one another there: chance
# makes as many of fewer than one in 10^9 files.
_MOST_JUNK = 2**16
_SURE = 4
# Bytes of an index, with the silence behind it.
_MOST_INDEX = 2**12


def parse(data: Data, limits: Limits) -> Track[Form]:
    """Read tags and frame headers; decode nothing.

    All frames count, whatever the index says: of a file that others were joined to, it knows the
    first only. What the first encoder made up in front is left out, and what it made up behind
    where nothing was joined; so players do.

    Raises:
        UnreadableError: There are no frames.
        LimitError: A tag is larger than the limit, or the sound is.
    """
    data = bytes(data)
    pieces = tuple(counted(layout(data)))
    _check(pieces, limits)
    runs = [piece.run for piece in pieces if piece.run is not None]
    if not runs:
        raise _without_frames(data, pieces)
    first = runs[0].first
    indexed = next((each.start for each in pieces if each.kind == INDEX), len(data))
    index, gains = xing.read(data, indexed), xing.gains(data, indexed)
    view = memoryview(data)
    sound: list[bytes | memoryview] = [view[run.start : run.end] for run in runs]
    count = sum(run.frames for run in runs)
    for each in pieces:
        if each.kind == CUT and (frame := mpeg.header(data, each.start)) is not None:
            sound.append(data[each.start : each.end].ljust(frame.length, b"\0"))
            count += 1
    size = sum(map(len, sound))
    start, end = _heard(index, count, first.samples)
    limits.check_sound(end - start, first.sample_rate, first.channels)
    # In a joined file a later part's index is a frame of silence, and its bit rate of no account.
    rates = {
        rate for run in runs for rate, place in run.bit_rates if xing.read(data, place) is None
    }
    parts = Parts.of(pieces)
    blocks, tag_notes = _tags(data, parts)
    blocks += [Block(xing.GAINS, gains)] if gains else []
    head = bytes(sound[0][: mpeg.HEAD])
    new_index = xing.for_decoder(head, count, size, start=start, end=end)
    return Track(
        format=FORMAT,
        form=Form(),
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


def _without_frames(data: bytes, pieces: Sequence[Piece]) -> MediaError:
    """Return what is wrong with a file in which no frames were found."""
    loose = next((each.start for each in pieces if each.kind == JUNK), len(data))
    if mpeg.is_free(data, loose):
        return UnsupportedError(
            "this is MP3 of free format, which has a bit rate of its own: save it with one of the "
            "standard's",
            code="media.mp3-free-format",
        )
    return UnreadableError("no MP3 frames are in this file", code="media.damaged")


def assemble(coded: BinaryIO, track: Track[Form], metadata: Metadata) -> Pieces:
    """Return the bare MP3 `coded` between its tags, its index with the old one's loudness."""
    blocks = metadata.blocks
    tags = id3.tags(blocks, (*BEHIND, xing.GAINS))
    behind = [each.data for kind in BEHIND for each in blocks if each.kind == kind]
    length = coded.seek(0, os.SEEK_END)
    coded.seek(0)
    head = coded.read(_MOST_INDEX)
    frame = mpeg.header(head, 0)
    index = head[: frame.length] if frame else b""
    told = next((each.data for each in blocks if each.kind == xing.GAINS), b"")
    sound = xing.with_gains(index, told), Span(coded, len(index), length - len(index))
    return Pieces(*map(id3.build, tags), *sound, *behind)


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
        told = Finding.info("media.id3v1", accounts_for=tuple(f"ID3 {each.kind}" for each in said))
        notes = (*notes, told)
    tag = id3.blocks(id3.Tag(id3.NEWEST, (frame, *said)))
    return replace(metadata, blocks=(*tag, *blocks), notes=notes)


def items(data: Data) -> Iterator[Item]:
    """Yield every frame and field of every tag, and what is neither tag nor sound."""
    data = bytes(data)
    pieces = tuple(counted(layout(data)))
    sound = [place for place, each in enumerate(pieces) if each.run is not None]
    middle = range(sound[0], sound[-1]) if sound else range(0)
    for place, piece in enumerate(pieces):
        part = data[piece.start : piece.end] if piece.kind in (*TAGS, JUNK) else b""
        found: Iterable[Item] = ()
        if piece.kind == id3.HEADER:
            found = counted(id3.items(part))
        elif piece.kind == APE:
            found = counted(_ape_items(part))
        elif piece.kind in (*BEHIND, JUNK):
            found = (Item(piece.kind, part),)
        elif piece.kind == INDEX and (gains := xing.gains(data, piece.start)):
            found = (Item(xing.GAINS, gains),)
        for item in found:
            joined = place in middle and piece.kind != JUNK
            yield Item(f"{PART} {item.place}", item.data) if joined else item


def begins(data: Data) -> bool:
    """Tell whether a file begins with an ID3 tag or with frames."""
    return data.startswith(b"ID3") or mpeg.is_stream(data, 0, frames=2) or mpeg.is_free(data, 0)


def begins_later(data: Data) -> bool:
    """Tell whether an MP3 begins behind zeros, or behind a little else that is no format's."""
    start = _zeros(data)
    if start and data.startswith(b"ID3", start):
        return id3.length(data[start : start + 10]) > 0
    end = start + _MOST_JUNK
    place = mpeg.find(data, start, end)
    while place is not None and not mpeg.is_stream(data, place, frames=_SURE):
        place = mpeg.find(data, place + 1, end)
    return place is not None


def _zeros(data: Data) -> int:
    """Return how many zeros a file begins with."""
    place, part = 0, b""
    while place < len(data) and not (part := data[place : place + _MOST_JUNK]).strip(b"\0"):
        place += len(part)
    return place + len(part) - len(part.lstrip(b"\0")) if place < len(data) else place


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
        if piece.kind in TAGS and piece.end - piece.start > limits.metadata_bytes:
            raise LimitError(
                f"the {piece.kind} tag of this MP3 exceeds {limits.metadata_bytes} bytes",
                code="limit.metadata",
            )


def _notes(parts: Parts, index: xing.Index | None, count: int) -> Iterator[Finding]:
    leading = parts.front[:1] if parts.front and parts.front[0].kind == PADDING else ()
    loose = [each for each in (*parts.front, *parts.behind) if each.kind == JUNK]
    if loose or leading:
        size = sum(each.end - each.start for each in (*leading, *loose))
        yield Finding.info("media.junk", size=size, accounts_for=(JUNK,))
    known = count if index is None or index.frames is None else index.frames
    # Some encoders count the index itself.
    if not parts.whole or known > count + 1:
        yield Finding.warning("media.truncated", format="MP3", accounts_for=(JUNK,))
    if known < count:
        yield Finding.info("media.joined", known=known, count=count)
    if any(each.kind in TAGS for each in parts.middle):
        yield Finding.warning("media.joined-tags", accounts_for=(PART,))


def _mixed(runs: Sequence[mpeg.Run]) -> Obstacle | None:
    kinds = {(run.first.sample_rate, run.first.channels) for run in runs}
    if len(kinds) == 1:
        return None
    words = ", ".join(
        f"{rate} Hz {'mono' if channels == 1 else 'stereo'}" for rate, channels in sorted(kinds)
    )
    return Obstacle(
        "media.mp3-mixed",
        f"this MP3 was joined from parts of different kinds ({words}): save it as one sound first",
    )


def _tags(data: bytes, parts: Parts) -> tuple[list[Block], tuple[Finding, ...]]:
    """Return the tags around the sound, those of ID3v2 first, and what is said of them."""
    blocks: list[Block] = []
    behind: list[Block] = []
    notes: list[Finding] = []
    for piece in (*parts.front, *parts.behind):
        if piece.kind in BEHIND:
            behind.append(Block(piece.kind, data[piece.start : piece.end]))
        if piece.kind != id3.HEADER:
            continue
        tag = id3.parse(data[piece.start : piece.end])
        if tag is None:
            notes.append(_UNKNOWN_TAG)
            continue
        blocks += counted(id3.blocks(tag))
        if tag.recoded:
            notes.append(_RECODED_TAG)
    if any(piece.kind == id3.HEADER for piece in parts.behind):
        notes.append(_MOVED_TAG)
    return [*blocks, *behind], tuple(dict.fromkeys(notes))


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


FORMAT = SoundFormat(
    media_type="audio/mpeg",
    name="MP3",
    medium=Medium.SOUND,
    suffixes=(".mp3",),
    begins=begins,
    parse=parse,
    items=items,
    decode=libsndfile.decode,
    code=lame.code,
    assemble=assemble,
    label_place=LabelPlace.ID3_TEXT,
    manifest_place=ManifestPlace.ID3_FRAME,
)
