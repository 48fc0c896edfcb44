"""The JPEG container (ISO/IEC 10918-1): its segments, read and written."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from PIL.JpegImagePlugin import zigzag_index

from synthmark.errors import LimitError, UnreadableError
from synthmark.limits import Limits
from synthmark.media.formats import JPEG, SUPPORTED
from synthmark.media.picture import Block, Container, Metadata, counted, note, obstacle
from synthmark.report import Finding, Severity

XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION_HEADER = b"http://ns.adobe.com/xmp/extension/\0"
EXIF_HEADER = b"Exif\0\0"
ICC_HEADER = b"ICC_PROFILE\0"
LONGEST_SEGMENT = 65533
"""Bytes a segment can hold beside its length."""

# Any marker but fill bytes, escaped FF, TEM and the restart markers inside a scan.
_MARKER = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd7])")
_SOI, _EOI, _SOS, _DQT, _DHT, _COM = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xFE
_JPG, _DAC = 0xC8, 0xCC
_FRAMES = frozenset(range(0xC0, 0xD0)) - {_DHT, _JPG, _DAC}
_DECODABLE = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
# A progressive picture has about ten scans; each further one costs a pass over every block.
_MOST_SCANS = 100


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
    pictures: bool = False
    whole: bool = False
    trailer: int = 0


def parse(data: bytes, limits: Limits) -> Container:
    """Read the segments of a JPEG file up to the first damage; decode nothing.

    Raises:
        UnreadableError: There is no sound frame header.
        LimitError: The picture, its profile or its ExtendedXMP is larger than the limit.
    """
    found = _gather(data)
    if found.frame is None:
        raise UnreadableError("this JPEG has no frame header", code="media.damaged")
    marker, frame = found.frame
    bits, width, height, components = _frame(frame)
    obstructed = _obstacle(marker, bits, len(components))
    limits.check_picture(width, height)
    if sum(map(len, found.profile)) > limits.metadata_bytes:
        raise LimitError(
            f"the ICC profile in this JPEG exceeds {limits.metadata_bytes} bytes",
            code="limit.metadata",
        )
    notes = _peculiarities(found)
    # CMYK is written as RGB; in YCCK the first three components are those of YCbCr.
    colours = components[:3]
    sampling = _sampling([factors for _, factors, _ in colours])
    if len(colours) == 3 and not sampling:
        sampling = "4:4:4"
        notes.append(
            note(
                "media.sampling",
                "this JPEG's rare chroma subsampling is written as 4:4:4",
                accounts_for=("sampling",),
            )
        )
    return Container(
        media_type=JPEG,
        width=width,
        height=height,
        mode={1: "gray", 4: "CMYK"}.get(len(components), "RGB"),
        bit_depth=bits,
        metadata=Metadata(
            xmp=found.xmp,
            extended_xmp=_extended(found, limits),
            exif=found.exif,
            blocks=tuple(found.blocks),
        ),
        bare=b"".join(found.bare),
        whole=found.whole,
        obstacle=obstructed,
        icc=_profile(found.profile),
        kept=tuple(Block("APP2", ICC_HEADER + part) for part in found.profile),
        progressive=marker in (0xC2, 0xCA),
        rgb=_stores_rgb(found, [name for name, _, _ in components]),
        sampling=sampling,
        tables=() if obstructed else _tables(found, [table for _, _, table in colours]),
        density=_density(found.jfif),
        notes=tuple(notes),
    )


def assemble(encoded: bytes, container: Container, metadata: Metadata) -> bytes:
    """Return the JPEG `encoded` with every kept segment in front.

    Raises:
        LimitError: XMP or EXIF is longer than one segment can hold.
    """
    head, body = [encoded[:2]], 2
    if encoded[2:4] == b"\xff\xe0":
        body = 20
        if container.density is not None:
            density = struct.pack(">BHH", *container.density)
            head.append(encoded[2:13] + density + encoded[18:20])
    if metadata.exif is not None:
        head.append(_segment("APP1", EXIF_HEADER + metadata.exif))
    if metadata.xmp is not None:
        head.append(_segment("APP1", XMP_HEADER + metadata.xmp))
    head += [_segment(block.kind, block.data) for block in (*container.kept, *metadata.blocks)]
    return b"".join(head) + encoded[body:]


def _gather(data: bytes) -> _Segments:
    found, scans = _Segments(), 0
    found.bare.append(data[:2])
    for marker, start, end in counted(_walk(data)):
        payload = data[start:end]
        if marker == _EOI:
            found.whole = True
            found.trailer = len(data[end:].strip(b"\0"))
        elif marker == _SOS:
            scans += 1
            if scans > _MOST_SCANS:
                raise LimitError(f"this JPEG has more than {_MOST_SCANS} scans", code="limit.scans")
            if scans == 1:
                found.bare.append(data[start - 4 :])
        elif marker == _DQT:
            _read_tables(payload, found.tables)
        elif marker in _FRAMES and found.frame is None:
            found.frame = marker, payload
        if scans:
            continue
        speaks = 0xE0 <= marker <= 0xEF or marker == _COM
        if not speaks or _file(found, marker, payload):
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


def _file(found: _Segments, marker: int, payload: bytes) -> bool:
    """Put an application segment or comment where it belongs; whether the decoder needs it.

    Dropped are what the encoder writes anew (JFIF, Adobe), what speaks of bytes that go away (JFXX
    thumbnails, the MPF index, JUMBF with the old manifest, which the signer reads from the source).
    """
    kind = "COM" if marker == _COM else f"APP{marker - 0xE0}"
    if kind == "APP0" and payload.startswith(b"JFIF\0"):
        found.jfif = found.jfif or payload
        return len(payload) >= 12
    if kind == "APP14" and payload.startswith(b"Adobe"):
        found.adobe = found.adobe or payload
        return len(payload) >= 12
    if kind == "APP2" and payload.startswith(ICC_HEADER):
        found.profile.append(payload[len(ICC_HEADER) :])
    elif kind == "APP2" and payload.startswith(b"MPF\0"):
        found.pictures = True
    elif kind == "APP1" and found.exif is None and payload.startswith(EXIF_HEADER):
        found.exif = payload[len(EXIF_HEADER) :]
    elif kind == "APP1" and found.xmp is None and payload.startswith(XMP_HEADER):
        found.xmp = payload[len(XMP_HEADER) :]
    elif kind not in ("APP0", "APP11"):
        found.blocks.append(Block(kind, payload))
    return False


def _frame(payload: bytes) -> tuple[int, int, int, list[tuple[int, tuple[int, int], int]]]:
    """Return bits, width, height and (name, sampling factors, table) of each component."""
    if len(payload) < 6 or len(payload) < 6 + 3 * payload[5]:
        raise UnreadableError("the frame header of this JPEG is damaged", code="media.damaged")
    bits, height, width, count = struct.unpack_from(">BHHB", payload)
    components = [
        (name, (factors >> 4, factors & 15), table)
        for name, factors, table in struct.iter_unpack("BBB", payload[6 : 6 + 3 * count])
    ]
    if not width or not height or not components:
        raise UnreadableError("this JPEG claims no size", code="media.damaged")
    if any(0 in factors for _, factors, _ in components):
        raise UnreadableError("the frame header of this JPEG is damaged", code="media.damaged")
    return bits, width, height, components


def _obstacle(marker: int, bits: int, count: int) -> Finding | None:
    if marker not in _DECODABLE or bits != 8:
        return obstacle(
            "media.jpeg-process",
            f"this JPEG is lossless, hierarchical or has {bits} bits a sample; {SUPPORTED}",
        )
    if count not in (1, 3, 4):
        return obstacle(
            "media.components",
            f"this JPEG has {count} components; {SUPPORTED} in gray, RGB or CMYK",
        )
    return None


def _sampling(factors: Sequence[tuple[int, int]]) -> str:
    """Return the subsampling as the encoder names it, empty for gray and for what it lacks."""
    if len(factors) != 3 or factors[1] != factors[2]:
        return ""
    (wide, high), (chroma_wide, chroma_high) = factors[:2]
    ratio = wide / chroma_wide, high / chroma_high
    return {(1.0, 1.0): "4:4:4", (2.0, 1.0): "4:2:2", (2.0, 2.0): "4:2:0"}.get(ratio, "")


def _read_tables(payload: bytes, tables: dict[int, tuple[int, ...]]) -> None:
    offset = 0
    while offset < len(payload):
        wide, name = payload[offset] >> 4, payload[offset] & 15
        layout = ">64H" if wide else ">64B"
        if offset + 1 + struct.calcsize(layout) > len(payload):
            return
        stored = struct.unpack_from(layout, payload, offset + 1)
        tables.setdefault(name, tuple(stored[place] for place in zigzag_index))
        offset += 1 + struct.calcsize(layout)


def _tables(found: _Segments, names: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Return the components' tables; the encoder repeats the last for the components after it."""
    if any(name not in found.tables for name in names):
        raise UnreadableError("this JPEG lacks a quantisation table", code="media.damaged")
    tables = [found.tables[name] for name in names]
    while len(tables) > 1 and tables[-1] == tables[-2]:
        tables.pop()
    return tuple(tables)


def _stores_rgb(found: _Segments, names: Sequence[int]) -> bool:
    """Whether a decoder takes the components for RGB, by libjpeg's rules."""
    if len(names) != 3 or found.jfif is not None:
        return False
    if found.adobe is not None and len(found.adobe) >= 12:
        return found.adobe[11] == 0
    return bytes(names) == b"RGB"


def _density(jfif: bytes | None) -> tuple[int, int, int] | None:
    if jfif is None or len(jfif) < 12:
        return None
    unit, x, y = struct.unpack_from(">BHH", jfif, 7)
    return unit, x, y


def _profile(parts: list[bytes]) -> bytes | None:
    """Return the ICC profile put together by its parts' numbers, None when one is missing."""
    ordered = sorted(parts)
    numbers = [part[0] if part else 0 for part in ordered]
    if not ordered or numbers != list(range(1, len(ordered) + 1)):
        return None
    return b"".join(part[2:] for part in ordered)


def _extended(found: _Segments, limits: Limits) -> bytes | None:
    """Return ExtendedXMP (XMP specification part 3, 1.1.3.1), None when there is none whole."""
    parts = []
    for block in found.blocks:
        name, size, offset = _extension(block)
        if name and found.xmp is not None and name in found.xmp:
            if size > limits.metadata_bytes:
                raise LimitError(
                    f"the ExtendedXMP in this JPEG exceeds {limits.metadata_bytes} bytes",
                    code="limit.metadata",
                )
            parts.append((offset, size, block.data[len(EXTENSION_HEADER) + 40 :]))
    packet = b""
    for offset, _, part in sorted(parts):
        if offset != len(packet):
            return None
        packet += part
    return packet if parts and len(packet) == parts[0][1] else None


def _extension(block: Block) -> tuple[bytes, int, int]:
    """Return name, whole size and offset of an ExtendedXMP part; an empty name for other blocks."""
    start = len(EXTENSION_HEADER)
    if not block.data.startswith(EXTENSION_HEADER) or len(block.data) < start + 40:
        return b"", 0, 0
    size, offset = struct.unpack_from(">II", block.data, start + 32)
    return block.data[start : start + 32], size, offset


def _peculiarities(found: _Segments) -> list[Finding]:
    notes = []
    if found.pictures:
        notes.append(
            note(
                "media.more-pictures",
                "this file holds further pictures (MPF: depth, gain map or views); only the first "
                "is looked at, and only the first is written",
                Severity.WARNING,
            )
        )
    elif found.trailer:
        notes.append(
            note(
                "media.trailer",
                f"{found.trailer} bytes follow the end of this JPEG; they are not written",
                Severity.WARNING,
            )
        )
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
