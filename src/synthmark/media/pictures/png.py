"""The PNG container (ISO/IEC 15948, W3C PNG third edition): its chunks, read and written."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from synthmark.errors import LimitError, UnreadableError
from synthmark.facts import Finding, Medium
from synthmark.limits import Limits
from synthmark.media.format import LabelPlace, ManifestPlace
from synthmark.media.header import AFTER, Block, Form, Metadata, Obstacle, counted, trailer
from synthmark.media.parts import inventory
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.pieces import Data
from synthmark.media.pictures import decoding, png_chunks
from synthmark.media.pictures.container import (
    HDR,
    HDR_TRANSFERS,
    Container,
    PictureFormat,
    Planes,
    Samples,
)
from synthmark.media.pictures.png_chunks import PALETTE, RGB, RGBA, SIGNATURE

XMP_KEYWORD = b"XML:com.adobe.xmp"

_TEXT = ("tEXt", "zTXt", "iTXt")
# What is still true of the marked picture: colour, density, time, background. Of the unknown, what
# may be copied to changed pixels (PNG 14.2, the case of the fourth letter) is kept as well.
_KEPT = (
    *("cHRM", "gAMA", "iCCP", "sRGB", "cICP", "mDCV", "cLLI", "sBIT", "bKGD"),
    *("pHYs", "oFFs", "pCAL", "sCAL", "sTER", "tIME"),
)
_KEPT_SEVERAL = ("sPLT", "gIFg", "gIFt", "gIFx")
_ANIMATION = ("acTL", "fcTL", "fdAT")
_CRITICAL = ("IHDR", "PLTE", "IDAT", "IEND")
# The pixels and what decodes them, and the manifest, which is always a new one.
_SIGNAL = ("IHDR", "IDAT", "acTL", "fdAT", "fcTL", "IEND", "caBX")
_SINGLE = ("IHDR", "PLTE", "tRNS", "acTL", "eXIf", "IEND", *_KEPT)
_MODES = {0: "gray", 2: "RGB", 3: "palette", 4: "gray and alpha", 6: "RGBA"}
_DEEP = Obstacle(
    "media.animated", "this PNG is an animation of 16 bits a sample; save it with 8 bits"
)
_HDR = Obstacle("media.hdr", HDR.format("PNG"))
_CRUSHED = Obstacle(
    "media.crushed", "this PNG is one of Apple's own sort (CgBI); save it as an ordinary PNG"
)
_OPAQUE = Finding.info("media.opaque", accounts_for=("mode", "sBIT"))
# Run-length matches only: on generated 1 MP pictures 0.07 s and 2 % smaller than zlib level 6 in
# 0.34 s; on screenshots and line art up to a fifth larger than level 6, which costs twice the time.
_STRATEGY = 3
_END = b"\0\0\0\0IEND\xaeB`\x82"
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PngForm(Form):
    """What a PNG alone says.

    Attributes:
        palette: Its colours, 8-bit RGB one after the other.
        transparency: ``tRNS``.
        rest: What is kept behind the pixels, to the end of the file.
        default_image: Whether the first picture of an APNG is for those that show no animations.
    """

    palette: bytes
    transparency: bytes
    rest: bytes
    default_image: bool

    def facts(self) -> dict[str, object]:
        """Return which pictures an animation shows."""
        return {"default image": self.default_image}


@dataclass(slots=True)
class _Chunks:
    """What a walk over the file gathers."""

    single: dict[str, bytes] = field(default_factory=dict)
    written: list[Block] = field(default_factory=list)
    kept: list[Block] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    controls: list[bytes] = field(default_factory=list)
    bare: list[tuple[str, bytes]] = field(default_factory=lambda: [("", SIGNATURE)])
    rest: list[bytes] = field(default_factory=list)
    trailer: bytes = b""
    default_image: bool = False

    @property
    def colour(self) -> int:
        return self.single.get("IHDR", b"").ljust(10, b"\0")[9]


def parse(data: Data, limits: Limits) -> Container[PngForm]:
    """Read the chunks of a PNG file up to the first damage; decode nothing.

    Raises:
        UnreadableError: Its header is damaged.
        LimitError: A compressed profile or text is larger than the limit.
    """
    data = bytes(data)
    found = _gather(data)
    single = found.single
    width, height, depth, colour = _header(single.get("IHDR", b""))
    limits.check_picture(width, height)
    durations, loop = _timing(single.get("acTL"), found.controls, found.default_image)
    limits.check_frames(width, height, len(durations))
    exif = single.get("eXIf")
    if exif is not None and len(exif) > limits.metadata_bytes:
        raise _over("EXIF", limits.metadata_bytes)
    icc = _profile(single.get("iCCP", b""), limits)
    if icc is None and "iCCP" in single:
        found.kept = [block for block in found.kept if block.kind != "iCCP"]
        found.dropped.append("iCCP")
    xmp, texts = _texts(found.written, limits)
    return Container(
        format=FORMAT,
        width=width,
        height=height,
        mode=_MODES[colour],
        bit_depth=depth,
        lossless=True,
        metadata=Metadata(xmp=xmp, exif=exif, blocks=texts),
        whole="IEND" in single,
        obstacle=_obstacle(found, deep=bool(durations) and depth == 16),
        bare=b"".join(part for kind, part in found.bare if durations or kind not in _ANIMATION),
        icc=icc,
        kept=tuple(found.kept),
        durations=durations,
        loop=loop,
        form=PngForm(
            palette=single.get("PLTE", b""),
            transparency=single.get("tRNS", b""),
            rest=b"".join((*found.rest, _END, found.trailer)),
            default_image=found.default_image and bool(durations),
        ),
        notes=_notes(found),
    )


def _gather(data: bytes) -> _Chunks:
    found, begun = _Chunks(), False
    for kind, start, end in counted(png_chunks.each(data)):
        whole = slice(start - 8, end + 4)
        # Pixels are copied but once: in a panorama every copy counts.
        content = b"" if kind in ("IDAT", "fdAT") else data[start:end]
        single, again = kind in _SINGLE, kind in found.single
        if kind == "IHDR":
            found.bare.append((kind, png_chunks.build(kind, _decodable(content))))
        elif kind in _CRITICAL or kind in _ANIMATION:
            found.bare.append((kind, data[whole]))
        if kind == "IDAT" and not begun:
            begun, found.default_image = True, not found.controls
        elif kind == "fcTL":
            found.controls.append(content)
        elif kind == "IEND":
            found.trailer = data[end + 4 :]
        if kind in _TEXT:
            found.written.append(Block(kind, content))
        elif single and not again:
            found.single[kind] = content
        if not (single and again) and _is_kept(kind, found):
            if begun and not single:
                found.rest.append(data[whole])
            else:
                found.kept.append(Block(kind, content))
        elif (single and again) or not _is_spoken_for(kind, found):
            found.dropped.append(kind)
    return found


def items(data: Data) -> Iterator[Item]:
    """Yield every chunk but the header, the pixels and the manifest; EXIF field by field."""
    data = bytes(data)
    after, described = len(data), False
    for kind, start, end in counted(png_chunks.each(data)):
        content = data[start:end]
        if kind == "IEND":
            after = end + 4
        elif kind in _SIGNAL:
            continue
        elif kind == "eXIf" and not described:
            described = True
            yield from inventory.exif(content)
        elif kind == "iTXt" and content.startswith(XMP_KEYWORD + bytes(5)):
            yield Item(inventory.XMP, content[len(XMP_KEYWORD) + 5 :])
        else:
            yield Item(kind, content)
    if after < len(data):
        yield Item(AFTER, data[after:])


def assemble(encoded: bytes, container: Container[PngForm], metadata: Metadata) -> bytes:
    """Return the bare PNG `encoded` with every kept chunk on the side of the pixels it stood on.

    A picture of 16-bit gray and alpha comes as 8-bit RGBA, the way that it is decoded.
    """
    first = len(SIGNATURE) + 8 + 13 + 4
    header = encoded[len(SIGNATURE) + 8 : first - 4]
    if container.bit_depth == 16 and container.mode == "gray and alpha":
        header = header[:8] + b"\x10\x04" + header[10:]
    parts: list[bytes | memoryview] = [SIGNATURE, png_chunks.build("IHDR", header)]
    for block in container.kept:
        content, palette = block.data, container.form.palette
        if block.kind == "sBIT":
            content = png_chunks.significant(content, *header[8:10])
        elif block.kind == "bKGD":
            content = png_chunks.background(content, container, palette, *header[8:10])
        parts.append(png_chunks.build(block.kind, content))
    if metadata.exif is not None:
        parts.append(png_chunks.build("eXIf", metadata.exif))
    if metadata.xmp is not None:
        # Uncompressed, as the XMP specification (part 3, 1.1.5) asks of PNG.
        parts.append(png_chunks.build("iTXt", XMP_KEYWORD + bytes(5) + metadata.xmp))
    parts += [png_chunks.build(block.kind, block.data) for block in metadata.blocks]
    # A copy of a panorama's pixels would count.
    parts.append(memoryview(encoded)[first : -len(_END)])
    return b"".join((*parts, container.form.rest))


def decode(container: Container[PngForm]) -> tuple[list[Planes], list[Finding]]:
    """Decode the pixels of each frame."""
    form = container.form
    if container.durations:
        found = decoding.frames(container, PngImageFile)
        notes = decoding.changes(container, form.transparency)
        if found[0][1] is None and container.mode.endswith(("A", "alpha")):
            notes.append(_OPAQUE)
        return found, notes
    return decoding.planes(
        container,
        lambda whole: decoding.by_bands(whole, _samples, png_chunks.bands),
        palette=form.palette,
        transparency=form.transparency,
    )


def encode(
    frames: Sequence[Samples], container: Container[PngForm], metadata: Metadata, least: int = 0
) -> bytes:
    """Return a PNG of one picture, or an animation of several; `least` changes nothing."""
    if not container.durations:
        return assemble(_still(frames[0]), container, metadata)
    out = io.BytesIO()
    first, *later = map(Image.fromarray, frames)
    first.save(
        out,
        "PNG",
        compress_type=_STRATEGY,
        save_all=True,
        append_images=later,
        duration=list(container.durations[1 if container.form.default_image else 0 :]),
        default_image=container.form.default_image,
        loop=container.loop or 0,
    )
    return assemble(out.getvalue(), container, metadata)


def _samples(container: Container[Any]) -> Samples:
    return decoding.sixteen_bits(container, PngImageFile)


def _still(samples: Samples) -> bytes:
    if samples.dtype == np.uint16 and samples.ndim == 3 and samples.shape[2] != 2:
        import cv2

        # Pillow writes no 16-bit colours; OpenCV wants blue first.
        order = [2, 1, 0, 3][: samples.shape[2]]
        _, encoded = cv2.imencode(
            ".png", samples[:, :, order], [cv2.IMWRITE_PNG_STRATEGY, _STRATEGY]
        )
        return encoded.tobytes()
    if samples.dtype == np.uint16 and samples.ndim == 3:
        # Neither writes 16-bit gray with alpha, whose bytes lie like those of 8-bit RGBA.
        samples = samples.astype(">u2").view(np.uint8)
    out = io.BytesIO()
    Image.fromarray(samples).save(out, "PNG", compress_type=_STRATEGY)
    return out.getvalue()


def _is_kept(kind: str, found: _Chunks) -> bool:
    """Whether a chunk is written back; a palette is where it is only proposed for true colours."""
    if kind in ("PLTE", "hIST"):
        return found.colour in (RGB, RGBA)
    known = kind in (*_TEXT, *_SIGNAL, *_SINGLE)
    copied = kind[:1].islower() and kind[3:].islower()
    return kind in (*_KEPT, *_KEPT_SEVERAL) or (copied and not known)


def _is_spoken_for(kind: str, found: _Chunks) -> bool:
    """Whether a chunk has a place of its own, or goes with a palette, which is told of."""
    if kind in ("PLTE", "hIST"):
        return found.colour == PALETTE
    return kind in (*_TEXT, *_SIGNAL, "tRNS", "eXIf")


def _obstacle(found: _Chunks, *, deep: bool) -> Obstacle | None:
    if "CgBI" in found.dropped:
        return _CRUSHED
    if found.single.get("cICP", b"").ljust(2, b"\0")[1] in HDR_TRANSFERS:
        return _HDR
    return _DEEP if deep else None


def _notes(found: _Chunks) -> tuple[Finding, ...]:
    notes = []
    if found.dropped:
        kinds = tuple(dict.fromkeys(found.dropped))
        named = tuple("".join(c if c.isalnum() else "?" for c in kind) for kind in kinds[:5])
        notes.append(Finding.warning("media.chunks", chunks=named, accounts_for=kinds))
    if found.trailer:
        notes.append(trailer("PNG", found.trailer))
    return tuple(notes)


def read_text(block: Block, most: int) -> tuple[bytes, bytes]:
    """Return keyword and content of a text chunk; content is empty where it cannot be inflated.

    Raises:
        LimitError: The content is larger than `most` bytes.
    """
    keyword, _, rest = block.data.partition(b"\0")
    compressed = False
    if block.kind == "zTXt":
        compressed, rest = True, rest[1:]
    elif block.kind == "iTXt":
        compressed, rest = rest[:1] == b"\1", rest[2:]
        rest = rest.partition(b"\0")[2].partition(b"\0")[2]
    if compressed:
        return keyword, _inflate(rest, most, "text") or b""
    if len(rest) > most:
        raise _over("text", most)
    return keyword, rest


def _header(payload: bytes) -> tuple[int, int, int, int]:
    if len(payload) != 13:
        raise UnreadableError("the header (IHDR) of this PNG is damaged", code="media.damaged")
    width, height, depth, colour = struct.unpack_from(">IIBB", payload)
    if not width or not height or colour not in _MODES:
        raise UnreadableError("the header (IHDR) of this PNG is damaged", code="media.damaged")
    if depth not in _DEPTHS[colour]:
        raise UnreadableError("the header (IHDR) of this PNG is damaged", code="media.damaged")
    return width, height, depth, colour


def _decodable(header: bytes) -> bytes:
    """Return the header that the decoder is given.

    Pillow knows no 16-bit gray with alpha. Its four bytes a pixel are filtered just like those of
    8-bit RGBA, so they are decoded as such.
    """
    return header[:8] + b"\x08\x06" + header[10:] if header[8:10] == b"\x10\x04" else header


def _timing(
    control: bytes | None, frames: list[bytes], default_image: bool
) -> tuple[tuple[int, ...], int | None]:
    """Return the milliseconds of each picture of an animation and how often it is shown.

    One that does not have the frames it claims is a still picture, as viewers take it.
    """
    if not frames or control is None or len(control) != 8:
        return (), None
    if int.from_bytes(control[:4]) != len(frames):
        return (), None
    durations = [0] if default_image else []
    for frame in frames:
        over, under = struct.unpack_from(">HH", frame.ljust(26, b"\0"), 20)
        durations.append(round(1000 * over / (under or 100)))
    return tuple(durations), int.from_bytes(control[4:])


def _profile(payload: bytes, limits: Limits) -> bytes | None:
    """Return the ICC profile, None where it cannot be inflated."""
    return _inflate(payload.partition(b"\0")[2][1:], limits.metadata_bytes, "ICC profile")


def _texts(written: list[Block], limits: Limits) -> tuple[bytes | None, tuple[Block, ...]]:
    """Return the first XMP packet and the other texts; together they keep one limit."""
    xmp, others, budget = None, [], limits.metadata_bytes
    for block in written:
        keyword, content = read_text(block, budget)
        budget -= len(content)
        if xmp is None and block.kind == "iTXt" and keyword == XMP_KEYWORD:
            xmp = content
        else:
            others.append(block)
    return xmp, tuple(others)


def _inflate(compressed: bytes, most: int, what: str) -> bytes | None:
    try:
        content = zlib.decompressobj().decompress(compressed, most + 1)
    except zlib.error:
        return None
    if len(content) > most:
        raise _over(what, most)
    return content


def _over(what: str, most: int) -> LimitError:
    return LimitError(f"the {what} in this PNG exceeds {most} bytes", code="limit.metadata")


FORMAT = PictureFormat(
    media_type="image/png",
    name="PNG",
    medium=Medium.PICTURE,
    suffixes=(".png",),
    begins=lambda data: data.startswith(SIGNATURE),
    parse=parse,
    items=items,
    decode=decode,
    encode=encode,
    label_place=LabelPlace.XMP,
    manifest_place=ManifestPlace.PNG_CHUNK,
)
