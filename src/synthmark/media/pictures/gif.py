"""The GIF container (GIF89a, CompuServe 1990): its blocks, read and written."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from synthmark.errors import LimitError, UnreadableError
from synthmark.facts import Finding, Medium
from synthmark.limits import Limits
from synthmark.media.format import LabelPlace, ManifestPlace
from synthmark.media.header import AFTER, Block, Form, Metadata, counted, trailer
from synthmark.media.parts import inventory
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.pieces import Data
from synthmark.media.pictures import decoding
from synthmark.media.pictures.container import Container, PictureFormat, Planes, Samples

COMMENT = "GIF comment"

_TRAILER, _IMAGE, _EXTENSION = 0x3B, 0x2C, 0x21
_CONTROL, _COMMENT, _APPLICATION = 0xF9, 0xFE, 0xFF
_LOOP = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_XMP = b"XMP DataXMP"
_MANIFEST = b"C2PA_GIF\1\0\0"
_ASPECT, _APPLICATIONS = "aspect", "application"
# Of 256 palette entries the last one is the clear one.
_CLEAR = 255
# A reader that takes the packet for sub-blocks lands in here wherever it is, and is led to the end
# (XMP specification part 3, 1.1.2).
_XMP_END = b"\x01" + bytes(range(255, -1, -1)) + b"\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class GifForm(Form):
    """What a GIF alone says.

    Attributes:
        rest: The bytes after its end.
    """

    rest: bytes


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


@dataclass(slots=True)
class _Blocks:
    """What a walk over the file gathers."""

    bare: list[bytes]
    durations: list[int] = field(default_factory=list)
    comments: list[Block] = field(default_factory=list)
    kept: list[Block] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    xmp: bytes | None = None
    loop: int | None = None
    whole: bool = False
    rest: bytes = b""


def parse(data: Data, limits: Limits) -> Container[GifForm]:
    """Read the blocks of a GIF file up to the first damage; decode nothing.

    Raises:
        UnreadableError: Its header is damaged, or it has no picture.
        LimitError: The frames together, or a metadata block, are larger than the limit.
    """
    data = bytes(data)
    if len(data) < 13:
        raise UnreadableError(
            "this GIF is damaged: its header cannot be read", code="media.damaged"
        )
    width, height = struct.unpack_from("<HH", data, 6)
    limits.check_picture(width, height)
    found, size, delay = _Blocks(bare=[data[: _after_table(data, 13, data[10])]]), 0, 0
    for kind, start, end in counted(_blocks(data)):
        label, application = _named(data, kind, start)
        if label in (_COMMENT, _APPLICATION):
            size += end - start
            if size > limits.metadata_bytes and application != _MANIFEST:
                raise LimitError(
                    f"the metadata in this GIF exceeds {limits.metadata_bytes} bytes",
                    code="limit.metadata",
                )
        if kind == _TRAILER:
            found.whole, found.rest = True, data[end:]
        elif kind == _IMAGE:
            left, top, wide, high = struct.unpack_from("<HHHH", data, start + 1)
            limits.check_picture(max(width, left + wide), max(height, top + high))
            found.durations.append(10 * delay)
            limits.check_frames(width, height, len(found.durations))
            delay = 0
        elif label == _CONTROL and end >= start + 8:
            (delay,) = struct.unpack_from("<H", data, start + 4)
        else:
            _file(data, start, end, found)
        if label not in (_COMMENT, _APPLICATION):
            found.bare.append(data[start:end])
    if not width or not height or not found.durations:
        raise UnreadableError("this GIF has no picture", code="media.damaged")
    return Container(
        format=FORMAT,
        width=width,
        height=height,
        mode="palette",
        metadata=Metadata(xmp=found.xmp, blocks=tuple(found.comments)),
        whole=found.whole,
        bare=b"".join(found.bare),
        kept=(Block(_ASPECT, data[12:13]), *found.kept),
        form=GifForm(rest=found.rest),
        durations=tuple(found.durations),
        loop=found.loop,
        notes=_notes(found),
    )


def _named(data: bytes, kind: int, start: int) -> tuple[int, bytes]:
    """Return an extension's label, 0 of other blocks, and the application that it names."""
    label = data[start + 1] if kind == _EXTENSION else 0
    return label, data[start + 3 : start + 14] if label == _APPLICATION else b""


def _file(data: bytes, start: int, end: int, found: _Blocks) -> None:
    """Put an extension where it belongs."""
    label, application = _named(data, _EXTENSION, start)
    if label == _COMMENT:
        found.comments.append(Block(COMMENT, _joined(data, start + 2)))
    elif application == _XMP and found.xmp is None:
        found.xmp = data[start + 14 : end - len(_XMP_END)]
    elif label == _APPLICATION and application != _MANIFEST:
        found.kept.append(Block(_APPLICATIONS, data[start:end]))
        if application in _LOOP and end >= start + 18:
            (found.loop,) = struct.unpack_from("<H", data, start + 16)
    elif label not in (_CONTROL, _APPLICATION):
        found.dropped.append(_extension(label))


def items(data: Data) -> Iterator[Item]:
    """Yield every extension but those that time the frames and hold the manifest."""
    data = bytes(data)
    if data[12:13] != b"\0":
        yield Item(_ASPECT, data[12:13])
    for kind, start, end in counted(_blocks(data)):
        label, application = _named(data, kind, start)
        if kind == _TRAILER and end < len(data):
            yield Item(AFTER, data[end:])
        elif label == _COMMENT:
            yield Item(COMMENT, _joined(data, start + 2))
        elif application == _XMP:
            yield Item(inventory.XMP, data[start + 14 : end - len(_XMP_END)])
        elif application and application != _MANIFEST:
            name = application.decode("latin-1")
            yield Item(f"{_APPLICATIONS} {name}", data[start + 14 : end])
        elif label and label not in (_CONTROL, _APPLICATION):
            yield Item(_extension(label), data[start + 2 : end])


def assemble(frames: Sequence[Drawn], container: Container[GifForm], metadata: Metadata) -> bytes:
    """Return a GIF of frames that each cover the canvas and bring their own palette."""
    size = struct.pack("<HH", container.width, container.height)
    aspect = b"".join(block.data for block in container.kept if block.kind == _ASPECT)
    parts = [b"GIF89a", size, b"\x70\0", aspect]
    parts += [block.data for block in container.kept if block.kind == _APPLICATIONS]
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
    return b"".join((*parts, bytes((_TRAILER,)), container.form.rest))


def decode(container: Container[GifForm]) -> tuple[list[Planes], list[Finding]]:
    """Decode the pixels of each frame."""
    return decoding.frames(container, GifImageFile), []


def encode(
    frames: Sequence[Samples], container: Container[GifForm], metadata: Metadata, least: int = 0
) -> bytes:
    """Return an animation; `least` changes nothing."""
    return assemble(list(_drawn(frames)), container, metadata)


def _drawn(frames: Sequence[Samples]) -> Iterator[Drawn]:
    """Yield frames that draw only what changes: what stays the same cannot flicker.

    Each brings the 255 colours that suit it. They are not dithered: a watermark survives without,
    and dither would be seen to move.
    """
    for number, frame in enumerate(frames):
        hidden = _hidden(frame)
        kept = hidden
        if number and not (hidden & ~_hidden(frames[number - 1])).any():
            kept = hidden | ((frame == frames[number - 1]).all(axis=2) & ~hidden)
        following = frames[number + 1] if number + 1 < len(frames) else frame
        quantised = Image.fromarray(np.ascontiguousarray(frame[..., :3])).quantize(
            _CLEAR, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        )
        indices = np.array(quantised)
        indices[kept] = _CLEAR
        still = Image.fromarray(indices)
        still.putpalette(bytes(quantised.getpalette() or ()).ljust(768, b"\0"))
        out = io.BytesIO()
        still.save(out, "GIF", optimize=False, interlace=False)
        vanishes = bool((_hidden(following) & ~hidden).any())
        yield Drawn(out.getvalue(), _CLEAR, vanishes)


def _hidden(frame: Samples) -> NDArray[np.bool_]:
    """Return which pixels GIF, which knows no half transparency, leaves out."""
    return frame[..., 3] < 128 if frame.shape[2] == 4 else np.zeros(frame.shape[:2], np.bool_)


def _extension(label: int) -> str:
    return f"extension 0x{label:02x}"


def _notes(found: _Blocks) -> tuple[Finding, ...]:
    notes = [Finding.info("media.palettes")]
    if found.dropped:
        kinds = tuple(dict.fromkeys(found.dropped))
        notes.append(Finding.warning("media.unshown", blocks=kinds, accounts_for=kinds))
    if found.rest:
        notes.append(trailer("GIF", found.rest))
    return tuple(notes)


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


FORMAT = PictureFormat(
    media_type="image/gif",
    name="GIF",
    medium=Medium.PICTURE,
    suffixes=(".gif",),
    begins=lambda data: data.startswith((b"GIF87a", b"GIF89a")),
    parse=parse,
    items=items,
    decode=decode,
    encode=encode,
    label_place=LabelPlace.XMP,
    manifest_place=ManifestPlace.GIF_BLOCK,
)
