"""The GIF container (GIF89a, CompuServe 1990): its blocks, read and written."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from synthmark.errors import LimitError, UnreadableError
from synthmark.limits import Limits
from synthmark.media.formats import GIF
from synthmark.media.picture import Block, Container, Metadata, counted

COMMENT = "GIF comment"

_TRAILER, _IMAGE, _EXTENSION = 0x3B, 0x2C, 0x21
_CONTROL, _COMMENT, _APPLICATION = 0xF9, 0xFE, 0xFF
_LOOP = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_XMP = b"XMP DataXMP"
# A reader that takes the packet for sub-blocks lands in here wherever it is, and is led to the end
# (XMP specification part 3, 1.1.2).
_XMP_END = b"\x01" + bytes(range(255, -1, -1)) + b"\0"


@dataclass(frozen=True, slots=True)
class Drawn:
    """One frame to be written.

    Attributes:
        still: A GIF of this frame alone, of the size of the canvas.
        clear: The palette index that leaves what lies below as it is.
        vanishes: Whether the canvas is cleared before the next frame.
    """

    still: bytes
    clear: int
    vanishes: bool


def parse(data: bytes, limits: Limits) -> Container:
    """Read the blocks of a GIF file up to the first damage; decode nothing.

    Raises:
        UnreadableError: There is no sound header, or no picture.
        LimitError: The frames together, or a metadata block, are larger than the limit.
    """
    if len(data) < 13:
        raise UnreadableError("this GIF has no sound header", code="media.damaged")
    width, height = struct.unpack_from("<HH", data, 6)
    limits.check_picture(width, height)
    durations: list[int] = []
    comments, size = [], 0
    xmp, loop, delay, whole = None, None, 0, False
    bare = [data[: _after_table(data, 13, data[10])]]
    for kind, start, end in counted(_blocks(data)):
        label = data[start + 1] if kind == _EXTENSION else 0
        application = data[start + 3 : start + 14] if label == _APPLICATION else b""
        if label in (_COMMENT, _APPLICATION):
            size += end - start
            if size > limits.metadata_bytes and application != b"C2PA_GIF\1\0\0":
                raise LimitError(
                    f"the metadata in this GIF exceeds {limits.metadata_bytes} bytes",
                    code="limit.metadata",
                )
        if kind == _TRAILER:
            whole = True
        elif kind == _IMAGE:
            left, top, wide, high = struct.unpack_from("<HHHH", data, start + 1)
            limits.check_picture(max(width, left + wide), max(height, top + high))
            durations.append(10 * delay)
            limits.check_frames(width, height, len(durations))
            delay = 0
        elif label == _COMMENT:
            comments.append(Block(COMMENT, _joined(data, start + 2)))
        elif application == _XMP and xmp is None:
            xmp = data[start + 14 : end - len(_XMP_END)]
        elif application in _LOOP and end >= start + 18:
            (loop,) = struct.unpack_from("<H", data, start + 16)
        elif label == _CONTROL and end >= start + 8:
            (delay,) = struct.unpack_from("<H", data, start + 4)
        if label not in (_COMMENT, _APPLICATION):
            bare.append(data[start:end])
    if not width or not height or not durations:
        raise UnreadableError("this GIF has no picture", code="media.damaged")
    return Container(
        media_type=GIF,
        width=width,
        height=height,
        mode="palette",
        metadata=Metadata(xmp=xmp, blocks=tuple(comments)),
        whole=whole,
        bare=b"".join(bare),
        durations=tuple(durations),
        loop=loop,
    )


def assemble(frames: Sequence[Drawn], container: Container, metadata: Metadata) -> bytes:
    """Return a GIF of frames that each cover the canvas and bring their own palette."""
    parts = [b"GIF89a", struct.pack("<HHBBB", container.width, container.height, 0x70, 0, 0)]
    if container.loop is not None:
        parts.append(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", container.loop, 0))
    if metadata.xmp is not None:
        parts.append(b"\x21\xff\x0b" + _XMP + metadata.xmp + _XMP_END)
    for block in metadata.blocks:
        cut = (block.data[at : at + 255] for at in range(0, len(block.data), 255))
        parts.append(b"\x21\xfe" + b"".join(bytes((len(each),)) + each for each in cut) + b"\0")
    for frame, duration in zip(frames, container.durations, strict=True):
        disposal = 2 if frame.vanishes else 1
        delay = min(duration // 10, 0xFFFF)
        parts.append(struct.pack("<4BHBB", 0x21, 0xF9, 4, disposal << 2 | 1, delay, frame.clear, 0))
        parts.append(_image(frame.still))
    return b"".join((*parts, bytes((_TRAILER,))))


def _image(still: bytes) -> bytes:
    """Return the image of a GIF of one frame, its palette made local."""
    flags = still[10] & 7
    palette = still[13 : _after_table(still, 13, still[10])]
    for kind, start, end in _blocks(still):
        if kind == _IMAGE:
            return (
                still[start : start + 9]
                + bytes((0x80 | flags,))
                + palette
                + still[start + 10 : end]
            )
    return b""


def _blocks(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield kind, start and end of each whole block, the trailer the last; an image may be cut."""
    place = _after_table(data, 13, data[10])
    while place < len(data):
        start, kind = place, data[place]
        if kind == _TRAILER:
            yield kind, start, start + 1
            return
        if kind == _EXTENSION:
            place += 2
        elif kind == _IMAGE and place + 10 < len(data):
            # The byte after the palette is the code size of what follows.
            place = _after_table(data, place + 10, data[place + 9]) + 1
        else:
            return
        while place < len(data) and data[place]:
            place += 1 + data[place]
        place += 1
        if place > len(data) and kind != _IMAGE:
            return
        yield kind, start, min(place, len(data))


def _after_table(data: bytes, place: int, flags: int) -> int:
    return place + (3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0)


def _joined(data: bytes, place: int) -> bytes:
    parts = []
    while data[place]:
        parts.append(data[place + 1 : place + 1 + data[place]])
        place += 1 + data[place]
    return b"".join(parts)
