"""The FLAC container (RFC 9639): its metadata blocks, read and written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from synthmark.errors import LimitError, UnreadableError
from synthmark.limits import Limits
from synthmark.media import id3, vorbis
from synthmark.media.formats import FLAC
from synthmark.media.picture import Block, Metadata, counted, obstacle
from synthmark.media.pieces import Pieces, Span
from synthmark.media.sound import Track

_SIGNATURE = b"fLaC"
_INFO, _COMMENTS = 0, 4
_KEPT = {2: "APPLICATION", 5: "CUESHEET", 6: "PICTURE"}
_NUMBERS = {name: number for number, name in _KEPT.items()}
_DEPTHS = (8, 16, 24)
# Bytes within which libsndfile's blocks end.
_HEAD = 2**16


def parse(data: bytes, limits: Limits) -> Track:
    """Read the metadata blocks of a FLAC file; decode nothing.

    An ID3 tag in front, where C2PA has its manifest, is kept.

    Raises:
        UnreadableError: There is no sound header.
        LimitError: The sound or a metadata block is larger than the limit.
    """
    tag, start = id3.leading(data), id3.leading_end(data)
    blocks: list[Block] = []
    info, end = b"", start + len(_SIGNATURE)
    budget = limits.metadata_bytes
    for kind, begin, stop in counted(_blocks(data, end)):
        end = stop
        budget -= stop - begin if kind != _INFO else 0
        if budget < 0:
            raise LimitError(
                f"the metadata of this FLAC exceeds {limits.metadata_bytes} bytes",
                code="limit.metadata",
            )
        if kind == _INFO and not info:
            info = data[begin:stop]
        elif kind == _COMMENTS:
            blocks += vorbis.parse(data[begin:stop])[1]
        elif kind in _KEPT:
            blocks.append(Block(_KEPT[kind], data[begin:stop]))
    if tag is not None:
        blocks += counted(id3.blocks(tag))
    if len(info) != 34:
        raise UnreadableError("this FLAC has no sound header", code="media.damaged")
    packed = int.from_bytes(info[10:18])
    rate, channels = packed >> 44, (packed >> 41 & 7) + 1
    depth, frames = (packed >> 36 & 31) + 1, packed & 2**36 - 1
    if not rate:
        raise UnreadableError("the header of this FLAC is damaged", code="media.damaged")
    limits.check_sound(frames, rate, channels)
    return Track(
        media_type=FLAC,
        codec="FLAC",
        sample_rate=rate,
        channels=channels,
        frames=frames or None,
        metadata=Metadata(blocks=tuple(blocks)),
        bare=Pieces(_SIGNATURE, _block(_INFO, info, last=True), memoryview(data)[end:]),
        depth=depth,
        obstacle=None
        if depth in _DEPTHS
        else obstacle(
            "media.flac-depth",
            f"this FLAC has {depth} bits a sample; 8, 16 and 24 are supported",
        ),
    )


def assemble(coded: BinaryIO, metadata: Metadata) -> Pieces:
    """Return the bare FLAC `coded` with the comments and other blocks of `metadata`."""
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
            vendor = vorbis.parse(head[begin:stop])[0]
    others = [each for each in metadata.blocks if each.kind in _NUMBERS]
    tags = [id3.build(tag) for tag in id3.tags(metadata.blocks, (vorbis.COMMENT, *_NUMBERS))]
    parts = [*tags, _SIGNATURE, _block(_INFO, info)]
    parts.append(_block(_COMMENTS, vorbis.build(vendor, metadata.blocks), last=not others))
    parts += [_block(_NUMBERS[each.kind], each.data, last=each is others[-1]) for each in others]
    return Pieces(*parts, Span(coded, end, length - end))


def _blocks(data: bytes, offset: int) -> Iterator[tuple[int, int, int]]:
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
