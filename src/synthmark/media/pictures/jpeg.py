"""The JPEG container (ISO/IEC 10918-1): its segments, read and written."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from synthmark.errors import LimitError, UnreadableError
from synthmark.facts import Finding, Medium
from synthmark.limits import Limits
from synthmark.media.format import LabelPlace, ManifestPlace
from synthmark.media.header import AFTER, Block, Form, Metadata, counted, trailer
from synthmark.media.parts import inventory
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.pieces import Data
from synthmark.media.pictures import decoding, extended_xmp, jpeg_frame, multipicture
from synthmark.media.pictures.container import Container, PictureFormat, Planes, Samples

XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
EXIF_HEADER = b"Exif\0\0"
ICC_HEADER = b"ICC_PROFILE\0"
LONGEST_SEGMENT = 65533
"""Bytes a segment can hold beside its length."""

# Any marker but fill bytes, escaped FF, TEM and the restart markers inside a scan.
_MARKER = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd7])")
_SOI, _EOI, _SOS, _DQT, _DHT, _COM = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xFE
_JPG, _DAC, _DRI = 0xC8, 0xCC, 0xDD
_FRAMES = frozenset(range(0xC0, 0xD0)) - {_DHT, _JPG, _DAC}
# The first segment of a JUMBF box of another type than C2PA's (ISO 19566-5): number, sequence,
# heads of two boxes, type.
_FOREIGN = re.compile(rb"JP(..)\0\0\0\x01....jumb....jumd(?!c2pa)", re.DOTALL)
# A progressive picture has about ten scans; each further one costs a pass over every block.
_MOST_SCANS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegForm(Form):
    """What a JPEG alone says.

    Attributes:
        tables: Quantisation tables by component, 64 natural-order values each; a table that the
            following components share is named once.
        sampling: Chroma subsampling: ``4:4:4``, ``4:2:2`` or ``4:2:0``, empty for gray.
        progressive: Whether it comes in scans of growing detail.
        rgb: Whether it stores RGB instead of YCbCr.
        restart: Blocks between restart markers, 0 without any.
        rest: The bytes after its end.
    """

    tables: tuple[tuple[int, ...], ...]
    sampling: str
    progressive: bool
    rgb: bool
    restart: int
    rest: bytes

    def facts(self) -> dict[str, object]:
        """Return how the pixels are coded."""
        return {
            "progressive": self.progressive,
            "stores RGB": self.rgb,
            "sampling": self.sampling,
            "tables": self.tables,
        }

    def described(self) -> dict[str, Any]:
        """Return how the pixels are coded."""
        return {
            "progressive": self.progressive,
            "sampling": self.sampling,
            "quantisation_tables": [list(table) for table in self.tables],
        }


@dataclass(slots=True)
class _Segments:
    """What a walk over the file gathers."""

    frame: tuple[int, bytes] | None = None
    tables: dict[int, tuple[int, ...]] = field(default_factory=dict)
    bare: list[bytes] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    profile: list[bytes] = field(default_factory=list)
    exif: bytes | None = None
    xmp: bytes | None = None
    jfif: bytes | None = None
    adobe: bytes | None = None
    index: tuple[int, bytes] | None = None
    restart: int = 0
    whole: bool = False
    end: int = 0


def parse(data: Data, limits: Limits) -> Container[JpegForm]:
    """Read the segments of a JPEG file up to the first damage; decode nothing.

    Raises:
        UnreadableError: Its frame header is damaged or missing.
        LimitError: The picture, its profile or its ExtendedXMP is larger than the limit.
    """
    data = bytes(data)
    found = _gather(data)
    rest = data[found.end :] if found.whole else b""
    index = _index(found, data)
    if found.frame is None:
        raise UnreadableError("this JPEG has no frame header", code="media.damaged")
    marker, frame = found.frame
    bits, width, height, components = jpeg_frame.components(frame)
    obstructed = jpeg_frame.hindrance(marker, bits, len(components))
    limits.check_picture(width, height)
    if sum(map(len, found.profile)) > limits.metadata_bytes:
        raise LimitError(
            f"the ICC profile in this JPEG exceeds {limits.metadata_bytes} bytes",
            code="limit.metadata",
        )
    notes = _peculiarities(found, marker, rest, indexed=index is not None)
    # CMYK is written as RGB; in YCCK the first three components are those of YCbCr.
    colours = components[:3]
    sampling = jpeg_frame.sampling([factors for _, factors, _ in colours])
    if len(colours) == 3 and not sampling:
        sampling = "4:4:4"
        notes.append(Finding.info("media.sampling", accounts_for=("sampling",)))
    return Container(
        format=FORMAT,
        width=width,
        height=height,
        mode={1: "gray", 4: "CMYK"}.get(len(components), "RGB"),
        bit_depth=bits,
        metadata=Metadata(
            xmp=found.xmp,
            extended_xmp=extended_xmp.joined(found.blocks, found.xmp, most=limits.metadata_bytes),
            exif=found.exif,
            blocks=tuple(found.blocks),
        ),
        bare=b"".join(found.bare),
        whole=found.whole,
        obstacle=obstructed,
        icc=_profile(found.profile),
        kept=_kept(found, index, inks=len(components) == 4),
        form=JpegForm(
            tables=()
            if obstructed
            else jpeg_frame.used_tables(found.tables, [table for _, _, table in colours]),
            sampling=sampling,
            progressive=marker in jpeg_frame.PROGRESSIVE,
            rgb=jpeg_frame.stores_rgb(
                [name for name, _, _ in components], jfif=found.jfif, adobe=found.adobe
            ),
            restart=found.restart,
            rest=rest,
        ),
        notes=tuple(notes),
    )


def items(data: Data) -> Iterator[Item]:
    """Yield every application segment and comment, and what follows the end of the picture.

    The index of further pictures is given as it counts from the end of the first.
    """
    data = bytes(data)
    end, foreign, index = len(data), set[bytes](), None
    for marker, start, stop in counted(_walk(data)):
        payload, kind = data[start:stop], _name(marker)
        if marker == _EOI:
            end = stop
        elif kind == "APP11" and _is_manifest(payload, foreign):
            continue
        elif kind == "APP1" and payload.startswith(EXIF_HEADER):
            yield from inventory.exif(payload)
        elif kind == "APP1" and payload.startswith(XMP_HEADER):
            yield Item(inventory.XMP, payload[len(XMP_HEADER) :])
        elif kind == "APP2" and payload.startswith(multipicture.HEADER):
            index = start, payload
        elif kind:
            yield Item(_place(kind, payload), payload)
    if index is not None:
        start, payload = index
        yield Item("APP2 MPF", multipicture.from_end(payload, start, end))
    if end < len(data):
        yield Item(AFTER, data[end:])


def assemble(encoded: bytes, container: Container[JpegForm], metadata: Metadata) -> bytes:
    """Return the JPEG `encoded` with every kept segment in front, and what follows its end.

    Raises:
        LimitError: XMP or EXIF is longer than one segment can hold.
    """
    own = {block.kind for block in container.kept}
    body = 2
    while (name := _name(encoded[body + 1])) in ("APP0", "APP14"):
        if name == "APP14" and name not in own:
            break
        body += 2 + int.from_bytes(encoded[body + 2 : body + 4])
    first = [block for block in container.kept if block.kind == "APP0"]
    index = [block for block in container.kept if block.data.startswith(multipicture.HEADER)]
    others = [block for block in container.kept if block not in first and block not in index]
    head = [encoded[:2], *(_segment(block.kind, block.data) for block in first)]
    if metadata.exif is not None:
        head.append(_segment("APP1", EXIF_HEADER + metadata.exif))
    if metadata.xmp is not None:
        head.append(_segment("APP1", XMP_HEADER + metadata.xmp))
    head += [_segment(block.kind, block.data) for block in (*others, *metadata.blocks)]
    for block in index:
        place = sum(map(len, head)) + 4
        end = place + len(block.data) + len(encoded) - body
        head.append(_segment(block.kind, multipicture.placed(block.data, place, end)))
    return b"".join((*head, encoded[body:], container.form.rest))


def lengthened(data: bytes, by: int) -> bytes | None:
    """Return the file whose index tells that its first picture is so many bytes longer.

    None without an index of further pictures.
    """
    for marker, start, stop in _walk(data):
        payload = data[start:stop]
        if _name(marker) == "APP2" and payload.startswith(multipicture.HEADER):
            return data[:start] + multipicture.lengthened(payload, by) + data[stop:]
        if marker == _SOS:
            break
    return None


def decode(container: Container[JpegForm]) -> tuple[list[Planes], list[Finding]]:
    """Decode the pixels; inks become RGB."""
    if container.mode == "CMYK":
        return decoding.inks(container, JpegImageFile)
    return decoding.planes(container, lambda whole: decoding.eight_bits(whole, JpegImageFile))


def encode(
    frames: Sequence[Samples], container: Container[JpegForm], metadata: Metadata, least: int = 0
) -> bytes:
    """Return a JPEG with the old tables and subsampling; `least` changes nothing."""
    form, out = container.form, io.BytesIO()
    Image.fromarray(frames[0]).save(
        out,
        "JPEG",
        qtables=[list(table) for table in form.tables],
        subsampling=form.sampling or -1,
        progressive=form.progressive,
        keep_rgb=form.rgb,
        restart_marker_blocks=form.restart,
    )
    return assemble(out.getvalue(), container, metadata)


def _kept(found: _Segments, index: bytes | None, *, inks: bool) -> tuple[Block, ...]:
    """Return what is written back; profile and Adobe's segment of inks are not: there are none."""
    told = [("APP14", found.adobe), *(("APP2", ICC_HEADER + part) for part in found.profile)]
    segments = [("APP0", found.jfif), *([] if inks else told), ("APP2", index)]
    return tuple(Block(kind, payload) for kind, payload in segments if payload is not None)


def _gather(data: bytes) -> _Segments:
    found, scans = _Segments(), 0
    foreign: set[bytes] = set()
    found.bare.append(data[:2])
    for marker, start, end in counted(_walk(data)):
        payload = data[start:end]
        if marker == _EOI:
            found.whole, found.end = True, end
        elif marker == _SOS:
            scans += 1
            if scans > _MOST_SCANS:
                raise LimitError(f"this JPEG has more than {_MOST_SCANS} scans", code="limit.scans")
            if scans == 1:
                found.bare.append(data[start - 4 :])
        elif marker == _DQT:
            jpeg_frame.read_tables(payload, found.tables)
        elif marker == _DRI and len(payload) >= 2:
            found.restart = int.from_bytes(payload[:2])
        elif marker in _FRAMES and found.frame is None:
            found.frame = marker, payload
        kind = _name(marker)
        if kind == "APP11" and _is_manifest(payload, foreign):
            continue
        if kind and scans:
            found.blocks.append(Block(kind, payload))
        elif not scans and (not kind or _file(found, kind, start, payload)):
            found.bare.append(data[start - 4 : end])
    return found


def _walk(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each whole segment's payload, EOI the last."""
    offset = 2
    while match := _MARKER.search(data, offset):
        marker = match.group(1)[0]
        start = match.end()
        if marker == _EOI:
            yield marker, start, start
            return
        if marker == _SOI or start + 2 > len(data):
            offset = start
            continue
        (length,) = struct.unpack_from(">H", data, start)
        offset = start + length
        if length < 2 or offset > len(data):
            return
        yield marker, start + 2, offset


def _name(marker: int) -> str:
    """Return the name of an application segment or comment, empty for all that codes."""
    return "COM" if marker == _COM else f"APP{marker - 0xE0}" if 0xE0 <= marker <= 0xEF else ""


def _place(kind: str, payload: bytes) -> str:
    """Return a segment's kind and the name that it begins with, if it does."""
    name = payload[:80].partition(b"\0")[0].decode("latin-1")
    sound = kind != "COM" and 2 < len(name) < 80 and name.isascii() and name.isprintable()
    return f"{kind} {name}" if sound else kind


def _is_manifest(payload: bytes, foreign: set[bytes]) -> bool:
    """Whether an APP11 segment is of a manifest; `foreign` gathers the numbers of other boxes."""
    if begins := _FOREIGN.match(payload):
        foreign.add(begins.group(1))
    return payload.startswith(b"JP") and payload[2:4] not in foreign


def _file(found: _Segments, kind: str, start: int, payload: bytes) -> bool:
    """Put an application segment or comment where it belongs; whether the decoder needs it."""
    if kind == "APP0" and found.jfif is None and payload.startswith(b"JFIF\0"):
        found.jfif = payload
        return len(payload) >= 12
    if kind == "APP14" and found.adobe is None and payload.startswith(b"Adobe"):
        found.adobe = payload
        return len(payload) >= 12
    if kind == "APP2" and payload.startswith(ICC_HEADER):
        found.profile.append(payload[len(ICC_HEADER) :])
    elif kind == "APP2" and found.index is None and payload.startswith(multipicture.HEADER):
        found.index = start, payload
    elif kind == "APP1" and found.exif is None and payload.startswith(EXIF_HEADER):
        found.exif = payload[len(EXIF_HEADER) :]
    elif kind == "APP1" and found.xmp is None and payload.startswith(XMP_HEADER):
        found.xmp = payload[len(XMP_HEADER) :]
    else:
        found.blocks.append(Block(kind, payload))
    return False


def _index(found: _Segments, data: bytes) -> bytes | None:
    """Return the index of further pictures, counted from the end of the first; None without any."""
    if found.index is None or not found.whole:
        return None
    start, segment = found.index
    if not multipicture.is_sound(segment, start, found.end, data):
        return None
    return multipicture.from_end(segment, start, found.end)


def _profile(parts: list[bytes]) -> bytes | None:
    """Return the ICC profile put together by its parts' numbers, None when one is missing."""
    ordered = sorted(parts)
    numbers = [part[0] if part else 0 for part in ordered]
    if not ordered or numbers != list(range(1, len(ordered) + 1)):
        return None
    return b"".join(part[2:] for part in ordered)


def _peculiarities(found: _Segments, marker: int, rest: bytes, *, indexed: bool) -> list[Finding]:
    notes = []
    if found.index is not None and not indexed:
        notes.append(Finding.warning("media.index", accounts_for=("APP2 MPF",)))
    if indexed or rest.startswith(b"\xff\xd8"):
        notes.append(Finding.warning("media.more-pictures", kinds="views, depth or gain map"))
    elif rest[4:8] == b"ftyp":
        notes.append(Finding.warning("media.film"))
    elif rest:
        notes.append(trailer("JPEG", rest))
    if marker in jpeg_frame.ARITHMETIC:
        notes.append(Finding.info("media.coding"))
    return notes


def _segment(kind: str, payload: bytes) -> bytes:
    if len(payload) > LONGEST_SEGMENT:
        what = "XMP" if payload.startswith(XMP_HEADER) else "metadata"
        raise LimitError(
            f"the {what} has {len(payload)} bytes, a JPEG segment holds {LONGEST_SEGMENT}",
            code="limit.segment",
        )
    marker = _COM if kind == "COM" else 0xE0 + int(kind[3:])
    return b"\xff" + bytes((marker,)) + struct.pack(">H", len(payload) + 2) + payload


FORMAT = PictureFormat(
    media_type="image/jpeg",
    name="JPEG",
    medium=Medium.PICTURE,
    suffixes=(".jpg", ".jpeg"),
    begins=lambda data: data.startswith(b"\xff\xd8\xff"),
    parse=parse,
    items=items,
    decode=decode,
    encode=encode,
    label_place=LabelPlace.XMP,
    manifest_place=ManifestPlace.JPEG_SEGMENT,
)
