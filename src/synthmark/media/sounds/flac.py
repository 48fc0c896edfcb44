"""The FLAC container (RFC 9639): its metadata blocks, read and written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from synthmark.errors import LimitError, UnreadableError
from synthmark.facts import Finding, Medium
from synthmark.limits import Limits
from synthmark.media.format import LabelPlace, ManifestPlace
from synthmark.media.header import Block, Form, Metadata, Obstacle, counted
from synthmark.media.parts import id3, vorbis
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.pieces import Data, Pieces, Span
from synthmark.media.sounds import flac_frames, libsndfile
from synthmark.media.sounds.track import Samples, SoundFormat, Track

_SIGNATURE = b"fLaC"
_INFO, _PADDING, _SEEKS, _COMMENTS = 0, 1, 3, 4
_NAMES = {
    _PADDING: "PADDING",
    2: "APPLICATION",
    _SEEKS: "SEEKTABLE",
    _COMMENTS: "VORBIS_COMMENT",
    5: "CUESHEET",
    6: "PICTURE",
}
"""Kinds of blocks. That of the comments is empty and stands where they do; others are reserved."""
_RESERVED = "reserved "
_DEPTHS = (8, 16, 24)
# Bytes within which libsndfile's blocks end.
_HEAD = 2**16
_ID3V1, _ID3V1_SIZE = b"TAG", 128
_APE, _APE_FOOTER = b"APETAGEX", 32
_BEHIND = "behind FLAC"
_DAMAGED = Finding.warning("media.comments", format="FLAC", accounts_for=("damaged comments",))
_TAGGED = Finding.warning("media.trailing-tag", accounts_for=(_BEHIND,))


def parse(data: Data, limits: Limits) -> Track[Form]:
    """Read the metadata blocks of a FLAC file; decode nothing.

    An ID3 tag in front, where C2PA has its manifest, is kept.

    Raises:
        UnreadableError: Its header is damaged.
        LimitError: The sound or a metadata block is larger than the limit.
    """
    tag, start = id3.leading(data), id3.leading_end(data)
    blocks: list[Block] = []
    notes: list[Finding] = []
    info, end = b"", start + len(_SIGNATURE)
    budget = limits.metadata_bytes
    for kind, begin, stop in counted(_blocks(data, end)):
        end = stop
        budget -= stop - begin if kind not in (_INFO, _PADDING, _SEEKS) else 0
        if budget < 0:
            raise LimitError(
                f"the metadata of this FLAC exceeds {limits.metadata_bytes} bytes",
                code="limit.metadata",
            )
        if kind == _INFO and not info:
            info = data[begin:stop]
        elif kind == _COMMENTS:
            comments = vorbis.parse(data[begin:stop])
            # Of several, which there should not be, the first stands for all.
            place = Block(_NAMES[kind], b"")
            blocks += [*([] if place in blocks else [place]), *comments.blocks]
            notes += [vorbis.RECODED, *((_DAMAGED,) if any(comments.rest) else ())]
        elif kind != _INFO:
            blocks.append(Block(_NAMES.get(kind, f"{_RESERVED}{kind}"), data[begin:stop]))
    if tag is not None:
        blocks += counted(id3.blocks(tag))
    notes += [_TAGGED] if any(True for _ in _behind(data)) else []
    rate, channels, depth, frames = _told(info)
    limits.check_sound(frames, rate, channels)
    return Track(
        format=FORMAT,
        form=Form(),
        codec="FLAC",
        sample_rate=rate,
        channels=channels,
        frames=frames or None,
        metadata=Metadata(blocks=tuple(blocks), notes=tuple(notes)),
        bare=Pieces(_SIGNATURE, _block(_INFO, info, last=True), Pieces(data).cut(end)),
        depth=depth,
        obstacle=None
        if depth in _DEPTHS
        else Obstacle(
            "media.flac-depth",
            f"this FLAC has {depth} bits a sample; 8, 16 and 24 are supported",
        ),
    )


def _told(info: bytes) -> tuple[int, int, int, int]:
    """Return rate, channels, bits a sample and moments (RFC 9639, 8.2); 0 moments are unknown."""
    packed = int.from_bytes(info[10:18])
    if len(info) != 34 or not packed >> 44:
        raise UnreadableError(
            "this FLAC is damaged: its header cannot be read", code="media.damaged"
        )
    return packed >> 44, (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1, packed & 2**36 - 1


def assemble(coded: BinaryIO, track: Track[Form], metadata: Metadata) -> Pieces:
    """Return the bare FLAC `coded` with the blocks of `metadata`, in their order.

    Where there was a table of seek points, there is one again, of the frames that hold the same
    samples.
    """
    length = coded.seek(0, os.SEEK_END)
    coded.seek(0)
    head = coded.read(_HEAD)
    vendor = info = b""
    end = len(_SIGNATURE)
    for kind, begin, stop in _blocks(head, end):
        end = stop
        if kind == _INFO:
            info = head[begin:stop]
        elif kind == _COMMENTS:
            vendor = vorbis.parse(head[begin:stop]).vendor
    comments = (_COMMENTS, vorbis.build(vendor, metadata.blocks))
    written = [(_INFO, info)]
    if all(each.kind != _NAMES[_COMMENTS] for each in metadata.blocks):
        written.append(comments)
    for each in metadata.blocks:
        number = _number(each.kind)
        if number == _SEEKS:
            written.append((_SEEKS, flac_frames.seek_table(coded, end, info, each.data)))
        elif number is not None:
            written.append(comments if number == _COMMENTS else (number, each.data))
    last = len(written) - 1
    parts = [
        _block(number, payload, last=place == last)
        for place, (number, payload) in enumerate(written)
    ]
    frames = [each for each in metadata.blocks if not _is_own(each)]
    tags = [id3.build(tag) for tag in id3.tags(frames, ())]
    return Pieces(*tags, _SIGNATURE, *parts, Span(coded, end, length - end))


def code(file: BinaryIO, blocks: Iterable[Samples], track: Track[Form]) -> None:
    """Write a FLAC of nothing but samples, of the depth of a track."""
    subtype = "PCM_S8" if track.depth == 8 else f"PCM_{track.depth}"
    rate, channels = track.sample_rate, track.channels
    libsndfile.code(file, blocks, rate, channels, kind="FLAC", subtype=subtype)


def items(data: Data) -> Iterator[Item]:
    """Yield every block but stream info, seek points and padding, the comments one by one."""
    place, start = 0, id3.leading_end(data)
    while place < start:
        size = id3.length(data[place:start])
        yield from id3.items(data[place : place + size])
        place += size
    for kind, begin, stop in counted(_blocks(data, start + len(_SIGNATURE))):
        content = data[begin:stop]
        if kind == _COMMENTS:
            comments = vorbis.parse(content)
            yield from vorbis.items(comments)
            if any(comments.rest):
                yield Item("damaged comments", comments.rest)
        elif kind not in (_INFO, _PADDING, _SEEKS):
            yield Item(_NAMES.get(kind, f"{_RESERVED}{kind}"), content)
    yield from _behind(data)


def _behind(data: Data) -> Iterator[Item]:
    """Yield the tags of other formats behind the last frame."""
    end = len(data)
    if data[-_ID3V1_SIZE:].startswith(_ID3V1):
        end -= _ID3V1_SIZE
        yield Item(f"{_BEHIND} ID3v1", data[end:])
    footer = data[max(end - _APE_FOOTER, 0) : end]
    if footer.startswith(_APE):
        size = int.from_bytes(footer[12:16], "little")
        yield Item(f"{_BEHIND} APE", data[max(end - size, 0) : end])


def _number(kind: str) -> int | None:
    """Return the type of a block, None where it is none of FLAC."""
    reserved = kind.removeprefix(_RESERVED)
    if reserved != kind:
        return int(reserved)
    return next((number for number, name in _NAMES.items() if name == kind), None)


def _is_own(block: Block) -> bool:
    return block.kind == vorbis.COMMENT or _number(block.kind) is not None


def _blocks(data: Data, offset: int) -> Iterator[tuple[int, int, int]]:
    """Yield type, start and end of each whole metadata block."""
    last = False
    while not last and offset + 4 <= len(data):
        kind, length = data[offset] & 127, int.from_bytes(data[offset + 1 : offset + 4])
        last = bool(data[offset] & 128)
        offset += 4
        if offset + length > len(data) or kind == 127:
            return
        yield kind, offset, offset + length
        offset += length


def _block(kind: int, payload: bytes, *, last: bool = False) -> bytes:
    return bytes((kind | 128 * last,)) + len(payload).to_bytes(3) + payload


FORMAT = SoundFormat(
    media_type="audio/flac",
    name="FLAC",
    medium=Medium.SOUND,
    suffixes=(".flac",),
    # The C2PA engine puts an ID3 tag even before FLAC.
    begins=lambda data: data.startswith(_SIGNATURE, id3.leading_end(data)),
    parse=parse,
    items=items,
    decode=libsndfile.decode,
    code=code,
    assemble=assemble,
    label_place=LabelPlace.VORBIS_COMMENT,
    manifest_place=ManifestPlace.ID3_FRAME,
)
