"""The WebP container (RFC 9649): its chunks, read and written. libwebp codes the pixels."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image
from PIL.WebPImagePlugin import WebPImageFile

from synthmark.errors import LimitError, UnreadableError
from synthmark.facts import Finding, Medium
from synthmark.limits import Limits
from synthmark.media.format import LabelPlace, ManifestPlace
from synthmark.media.header import AFTER, Block, Form, Metadata, counted, trailer
from synthmark.media.parts import inventory
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.pieces import Data
from synthmark.media.pictures import decoding, rate
from synthmark.media.pictures.container import Container, PictureFormat, Planes, Samples

_ALPHA = 0x10
# Flags of what follows the header.
_FLAGS = {"ICCP": 0x20, "EXIF": 0x08, "XMP ": 0x04, "ANIM": 0x02}
_METADATA = {"ICCP": "ICC profile", "EXIF": "EXIF", "XMP ": "XMP"}
_CODED = ("VP8 ", "VP8L", "ALPH", "ANMF")
_MANIFEST = "C2PA"
# Lossless: 0.24 s a megapixel, within 3 % of the size that the default effort needs 0.64 s for.
_LOSSLESS = {"lossless": True, "quality": 25, "method": 2}
# Method 2 halves the time of the default 4 for 3 % more bytes.
_LOSSY = {"lossless": False, "method": 2}
# Of eight pictures six to seven were read at 28.
_CODER = rate.Coder(sizes=(-0.87, -0.52, -0.25, 0.0, 0.52, 0.98, 1.6), first=75, least=28)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebpForm(Form):
    """What a WebP alone says.

    Attributes:
        background: The colour behind an animation, four bytes.
    """

    background: bytes


@dataclass(slots=True)
class _Chunks:
    """What a walk over the file gathers."""

    sizes: list[tuple[int, int]] = field(default_factory=list)
    alpha: bool = False
    lossless: bool = False
    coded: int = 0
    durations: list[int] = field(default_factory=list)
    blocks: dict[str, bytes] = field(default_factory=dict)
    kept: list[Block] = field(default_factory=list)
    again: list[str] = field(default_factory=list)


def parse(data: Data, limits: Limits) -> Container[WebpForm]:
    """Read the chunks of a WebP file up to the first damage; decode nothing.

    Raises:
        UnreadableError: Its header is damaged.
        LimitError: The picture or a metadata block is larger than the limit.
    """
    data = bytes(data)
    found = _Chunks()
    for kind, start, end in counted(_chunks(data)):
        if kind in ("VP8X", *_CODED):
            _read_header(kind, data[start : start + 20], found)
            found.coded += 0 if kind in ("VP8X", "ALPH") else end - start
        elif kind in found.blocks:
            found.again.append(kind)
        elif kind in (*_METADATA, "ANIM"):
            if end - start > limits.metadata_bytes:
                raise LimitError(
                    f"the {_METADATA.get(kind)} in this WebP exceeds {limits.metadata_bytes} bytes",
                    code="limit.metadata",
                )
            found.blocks[kind] = data[start:end]
        elif kind != _MANIFEST:
            found.kept.append(Block(kind, data[start:end]))
    sizes, blocks = found.sizes, found.blocks
    if not sizes or not all(map(all, sizes)):
        raise UnreadableError(
            "this WebP is damaged: its header cannot be read", code="media.damaged"
        )
    for width, height in sizes:
        limits.check_picture(width, height)
    limits.check_frames(*sizes[0], len(found.durations))
    moving = blocks.get("ANIM", b"")
    end = _end(data)
    return Container(
        format=FORMAT,
        width=sizes[0][0],
        height=sizes[0][1],
        mode="RGBA" if found.alpha else "RGB",
        metadata=Metadata(xmp=blocks.get("XMP "), exif=blocks.get("EXIF")),
        bare=data,
        whole=len(data) >= end,
        icc=blocks.get("ICCP"),
        kept=tuple(found.kept),
        lossless=found.lossless,
        form=WebpForm(background=moving[:4]),
        coded=0 if found.lossless else found.coded,
        durations=tuple(found.durations),
        loop=int.from_bytes(moving[4:6], "little") if len(moving) >= 6 else None,
        notes=_notes(found.again, data[end:]),
    )


def _read_header(kind: str, head: bytes, found: _Chunks) -> None:
    """Take size, alpha and time from the first bytes of a chunk that codes pixels."""
    if kind == "VP8X" and len(head) >= 10:
        found.alpha |= bool(head[0] & _ALPHA)
        found.sizes.append((_uint24(head[4:7]) + 1, _uint24(head[7:10]) + 1))
    elif kind == "VP8 " and head[3:6] == b"\x9d\x01\x2a" and len(head) >= 10:
        width, height = struct.unpack_from("<HH", head, 6)
        found.sizes.append((width & 0x3FFF, height & 0x3FFF))
    elif kind == "VP8L" and head[:1] == b"\x2f" and len(head) >= 5:
        (bits,) = struct.unpack_from("<I", head, 1)
        found.sizes.append(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
        found.lossless, found.alpha = True, found.alpha or bool(bits >> 28 & 1)
    elif kind == "ANMF" and len(head) == 20:
        found.durations.append(_uint24(head[12:15]))
        found.lossless = found.lossless or head[16:20] == b"VP8L"


def _end(data: bytes) -> int:
    size = 8 + struct.unpack_from("<I", data, 4)[0]
    return int(size + size % 2)


def items(data: Data) -> Iterator[Item]:
    """Yield every chunk but the header, the pixels and the manifest; EXIF field by field."""
    data = bytes(data)
    for kind, start, end in counted(_chunks(data)):
        content = data[start:end]
        if kind in (*_CODED, "VP8X", _MANIFEST):
            continue
        if kind == "EXIF":
            yield from inventory.exif(content)
        else:
            yield Item(inventory.XMP if kind == "XMP " else kind.strip(), content)
    if after := data[_end(data) :]:
        yield Item(AFTER, after)


def assemble(encoded: bytes, container: Container[WebpForm], metadata: Metadata) -> bytes:
    """Return the bare WebP `encoded` with profile and metadata around its pixels."""
    chunks = [(kind, encoded[start:end]) for kind, start, end in _chunks(encoded)]
    around = {"ICCP": container.icc, "EXIF": metadata.exif, "XMP ": metadata.xmp}
    after = [(kind, around[kind]) for kind in ("EXIF", "XMP ")]
    after += [(block.kind, block.data) for block in container.kept]
    parts = [(kind, content) for kind, content in chunks if kind in _CODED]
    moving = [
        (kind, container.form.background.ljust(4, b"\0") + content[4:])
        for kind, content in chunks
        if kind == "ANIM"
    ]
    written = [("ICCP", around["ICCP"]), *moving, *parts, *after]
    present = [(kind, content) for kind, content in written if content is not None]
    extended = {kind for kind, _ in present} - {"VP8 ", "VP8L"}
    if extended:
        head = next((content for kind, content in chunks if kind == "VP8X"), b"")
        flags = sum(flag for kind, flag in _FLAGS.items() if kind in extended)
        alpha = head[0] & _ALPHA if head else _ALPHA * _is_clear(parts)
        size = (container.width - 1).to_bytes(3, "little")
        size += (container.height - 1).to_bytes(3, "little")
        present.insert(0, ("VP8X", bytes((flags | alpha, 0, 0, 0)) + size))
    body = b"".join(
        kind.encode("latin-1") + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
        for kind, content in present
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def decode(container: Container[WebpForm]) -> tuple[list[Planes], list[Finding]]:
    """Decode the pixels of each frame."""
    if container.durations:
        return decoding.frames(container, WebPImageFile), []
    return decoding.planes(container, _samples)


def encode(
    frames: Sequence[Samples], container: Container[WebpForm], metadata: Metadata, least: int = 0
) -> bytes:
    """Return a WebP of one picture, or an animation of several.

    What was stored losslessly is so again; else it is coded about as finely as it was.
    """
    first, *later = map(Image.fromarray, frames)
    moving: dict[str, Any] = {}
    if container.durations:
        moving = {"save_all": True, "append_images": later, "loop": container.loop or 0}
        moving["duration"] = list(container.durations)

    def code(image: Image.Image, quality: int | None) -> bytes:
        out = io.BytesIO()
        how = _LOSSLESS if quality is None else {"quality": quality, **_LOSSY}
        # Transparent pixels keep their colours.
        image.save(out, "WEBP", exact=True, **how, **moving)
        return out.getvalue()

    if container.lossless:
        return assemble(code(first, None), container, metadata)
    encoded = rate.near(
        *(first, container.coded, code, coded_bytes),
        coder=_CODER,
        least=least,
        in_parts=not moving,
    )
    return assemble(encoded, container, metadata)


def _samples(container: Container[WebpForm]) -> Samples:
    """Return the samples of a still WebP from OpenCV, which hands them to libwebp to be filled.

    Pillow takes it for an animation of one frame, for which libwebp keeps two canvases and Pillow
    two more, each of four bytes a pixel.
    """
    import cv2

    clear = container.mode == "RGBA"
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    stored = np.frombuffer(container.bare, np.uint8)
    samples = cv2.imdecode(stored, cv2.IMREAD_UNCHANGED if clear else flags)
    if samples is None:
        raise ValueError("libwebp cannot decode it")
    if clear:
        cv2.cvtColor(samples, cv2.COLOR_BGRA2RGBA, dst=samples)
    return np.asarray(samples, np.uint8)


def coded_bytes(encoded: bytes) -> int:
    """Return how many bytes the colours are coded in, and all of its frames of an animation."""
    chunks = _chunks(encoded)
    return sum(end - start for kind, start, end in chunks if kind in ("VP8 ", "VP8L", "ANMF"))


def _is_clear(parts: list[tuple[str, bytes]]) -> bool:
    """Whether losslessly coded pixels say that they have alpha."""
    return any(kind == "VP8L" and content[4:5] and content[4] >> 4 & 1 for kind, content in parts)


def _notes(again: list[str], after: bytes) -> tuple[Finding, ...]:
    notes = []
    if again:
        kinds = tuple(dict.fromkeys(kind.strip() for kind in again))
        notes.append(Finding.warning("media.repeated-chunks", chunks=kinds, accounts_for=kinds))
    if after:
        notes.append(trailer("WebP", after, kept=False))
    return tuple(notes)


def _chunks(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield type, start and end of each chunk's payload; the last may be cut short."""
    offset, last = 12, min(_end(data), len(data))
    while offset + 8 <= last:
        kind = data[offset : offset + 4].decode("latin-1")
        (length,) = struct.unpack_from("<I", data, offset + 4)
        start = offset + 8
        yield kind, start, min(start + length, len(data))
        offset = start + length + (length & 1)


def _uint24(data: bytes) -> int:
    return int.from_bytes(data, "little")


FORMAT = PictureFormat(
    media_type="image/webp",
    name="WebP",
    medium=Medium.PICTURE,
    suffixes=(".webp",),
    begins=lambda data: data.startswith(b"RIFF") and data[8:12] == b"WEBP",
    parse=parse,
    items=items,
    decode=decode,
    encode=encode,
    label_place=LabelPlace.XMP,
    manifest_place=ManifestPlace.RIFF_CHUNK,
)
