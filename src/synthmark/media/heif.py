"""The HEIF container of AVIF and HEIC (ISO/IEC 14496-12 and 23008-12): its items, read.

The codecs' own libraries write it; one box of colours is corrected afterwards.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.util import find_spec

from synthmark.errors import LimitError, UnreadableError
from synthmark.limits import Limits
from synthmark.media import exif
from synthmark.media.formats import AVIF, SUPPORTED
from synthmark.media.picture import Container, Metadata, counted, note, obstacle
from synthmark.report import Finding, Severity

_INSIDE = {b"meta": 4, b"iprp": 0, b"ipco": 0}
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
_XMP = b"application/rdf+xml"
# Perceptual quantiser and hybrid log-gamma (ITU-T H.273): eight bits would show steps.
_HDR = (16, 18)
_SRGB_PRIMARIES, _SRGB_TRANSFER = (1, 2), (1, 2, 6, 13)
_MOST_DEPTH = 4


@dataclass(slots=True)
class _Items:
    """What a walk over the boxes gathers.

    Attributes:
        primary: Number of the item that is the picture.
        kinds: Type and content type of each item.
        kind_offsets: Where the type of each item stands in the file.
        places: Start and length of each item's parts.
        properties: Kind and payload of each property, in order.
        associations: Numbers of each item's properties, from 1.
        auxiliary: Items that go with another one.
    """

    primary: int = 0
    kinds: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)
    kind_offsets: dict[int, int] = field(default_factory=dict)
    places: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    associations: dict[int, list[int]] = field(default_factory=dict)
    data: tuple[int, int] = (0, 0)
    moving: bool = False
    end: int = 0

    def of(self, item: int) -> dict[bytes, bytes]:
        """Return the properties of an item by kind."""
        numbers = self.associations.get(item, ())
        return dict(self.properties[n - 1] for n in numbers if 0 < n <= len(self.properties))


def parse(data: bytes, limits: Limits, media_type: str) -> Container:
    """Read the boxes of an AVIF or HEIC file; decode nothing.

    Raises:
        UnreadableError: There is no sound description of a picture.
        LimitError: A picture or a metadata block is larger than the limit.
    """
    items = _Items()
    try:
        _walk(data, 0, len(data), items, 0)
    except (struct.error, IndexError):
        raise _damaged(media_type) from None
    for kind, payload in items.properties:
        if kind == b"ispe" and len(payload) >= 12:
            limits.check_picture(*struct.unpack_from(">II", payload, 4))
    own = items.of(items.primary)
    if len(own.get(b"ispe", b"")) < 12:
        raise _damaged(media_type)
    width, height = struct.unpack_from(">II", own[b"ispe"], 4)
    if not width or not height:
        raise _damaged(media_type)
    depth = max(own.get(b"pixi", b"\0\0\0\0\x01\x08")[5:], default=8)
    coding = own.get(b"av1C", b"")
    if len(coding) >= 3:
        depth = max(depth, 12 if coding[2] & 0x20 else 10 if coding[2] & 0x40 else 8)
    profile = next((p for k, p in _colours(items) if k in (b"prof", b"rICC")), None)
    coded = next((p for k, p in _colours(items) if k == b"nclx"), b"")
    if profile is not None and len(profile) > limits.metadata_bytes:
        raise _over("ICC profile", limits)
    alpha = any(p[4:].startswith(_ALPHA) for k, p in items.properties if k == b"auxC")
    gray = len(coding) >= 3 and bool(coding[2] & 0x10)
    return Container(
        media_type=media_type,
        width=width,
        height=height,
        mode=("gray and alpha" if alpha else "gray") if gray else "RGBA" if alpha else "RGB",
        bit_depth=depth,
        metadata=Metadata(
            xmp=_content(data, items, limits, b"mime", _XMP),
            exif=_exif(_content(data, items, limits, b"Exif", b"")),
        ),
        whole=items.end <= len(data),
        obstacle=_obstacle(items, coded, media_type),
        bare=_bare(data, items),
        icc=profile,
        sampling=_sampling(coding),
        colours=coded[:4] if profile is None else b"",
        notes=_notes(items, depth),
    )


def assemble(encoded: bytes, container: Container) -> bytes:
    """Return the file with the colours of the old one named: primaries and transfer (H.273)."""
    place = encoded.find(b"colrnclx")
    if len(container.colours) < 4 or place < 0:
        return encoded
    return encoded[: place + 8] + container.colours + encoded[place + 12 :]


def upright(container: Container, height: int, width: int) -> Container:
    """Return what there is to say of the picture once it lies as it is shown."""
    metadata = container.metadata
    if metadata.exif is not None:
        metadata = replace(metadata, exif=exif.without(metadata.exif, exif.ORIENTATION))
    return replace(container, width=width, height=height, metadata=metadata)


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and end of each box's payload; the last may be cut short."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            (size,), head = struct.unpack_from(">Q", data, start + 8), 16
        elif size == 0:
            size = end - start
        if size < head:
            return
        yield kind, start + head, start + size
        start += size


def _walk(data: bytes, start: int, end: int, items: _Items, depth: int) -> None:
    for kind, first, past in counted(_boxes(data, start, end)):
        items.end = max(items.end, past)
        last = min(past, end)
        body = data[first:last] if kind != b"mdat" else b""
        if kind in _INSIDE and depth < _MOST_DEPTH:
            if kind == b"ipco":
                items.properties += [
                    (k, data[a : min(b, last)]) for k, a, b in _boxes(data, first, last)
                ]
            else:
                _walk(data, first + _INSIDE[kind], last, items, depth + 1)
        elif kind == b"moov":
            items.moving = True
        elif kind == b"pitm" and depth:
            items.primary = int.from_bytes(body[4 : 8 if body[0] else 6])
        elif kind == b"iinf" and depth:
            _read_kinds(data, first + (8 if body[0] else 6), last, items)
        elif kind == b"iloc" and depth:
            items.places |= _read_places(body)
        elif kind == b"ipma" and depth:
            _read_associations(body, items)
        elif kind == b"idat" and depth:
            items.data = first, last


def _read_kinds(data: bytes, start: int, end: int, items: _Items) -> None:
    for kind, first, last in _boxes(data, start, end):
        version = data[first]
        if kind != b"infe" or version < 2:
            continue
        wide = 4 if version > 2 else 2
        number = int.from_bytes(data[first + 4 : first + 4 + wide])
        place = first + 4 + wide + 2
        words = data[place + 4 : min(last, end)].split(b"\0")
        items.kinds[number] = data[place : place + 4], words[1] if len(words) > 1 else b""
        items.kind_offsets[number] = place


def _read_places(body: bytes) -> dict[int, list[tuple[int, int]]]:
    """Return the parts of each item; those inside ``idat`` are marked by a negative start."""
    version, sizes = body[0], int.from_bytes(body[4:6])
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    wide = 4 if version > 1 else 2
    at = 6

    def number(size: int) -> int:
        nonlocal at
        at += size
        if at > len(body):
            raise IndexError
        return int.from_bytes(body[at - size : at])

    found: dict[int, list[tuple[int, int]]] = {}
    for _ in range(number(wide)):
        item = number(wide)
        method = number(2) & 15 if version else 0
        number(2)
        base, parts = number(base_size), []
        for _ in range(number(2)):
            number(index_size)
            start, length = base + number(offset_size), number(length_size)
            parts.append((-1 - start if method == 1 else start, length))
        if method < 2:
            found[item] = parts
    return found


def _read_associations(body: bytes, items: _Items) -> None:
    item_size, wide = (4 if body[0] else 2), 2 if body[3] & 1 else 1
    (count,), at = struct.unpack_from(">I", body, 4), 8
    for _ in range(count):
        item = int.from_bytes(body[at : at + item_size])
        at += item_size
        numbers = []
        for place in range(at + 1, at + 1 + wide * body[at], wide):
            numbers.append(
                int.from_bytes(body[place : place + wide]) & (0x7FFF if wide > 1 else 127)
            )
        at += 1 + wide * body[at]
        items.associations.setdefault(item, []).extend(numbers)


def _content(
    data: bytes, items: _Items, limits: Limits, kind: bytes, content_type: bytes
) -> bytes | None:
    """Return the first item of a kind, None without one or where it lies outside the file."""
    for number, (found, said) in items.kinds.items():
        if found != kind or (content_type and said != content_type):
            continue
        parts = items.places.get(number, [])
        if sum(length for _, length in parts) > limits.metadata_bytes:
            raise _over("metadata", limits)
        content = b""
        for start, length in parts:
            place = start if start >= 0 else items.data[0] - 1 - start
            content += data[place : place + length]
        if content:
            return content
    return None


def _exif(content: bytes | None) -> bytes | None:
    """Return the TIFF structure of an Exif item; its first number says where that begins."""
    if content is None or len(content) < 8:
        return None
    return content[4 + int.from_bytes(content[:4]) :] or None


def _colours(items: _Items) -> list[tuple[bytes, bytes]]:
    numbers = items.associations.get(items.primary, ())
    boxes = (items.properties[n - 1] for n in numbers if 0 < n <= len(items.properties))
    return [(payload[:4], payload[4:]) for kind, payload in boxes if kind == b"colr"]


def _sampling(coding: bytes) -> str:
    """Return the chroma subsampling of AV1, empty where it is not told."""
    if len(coding) < 3:
        return ""
    return {0: "4:4:4", 0x08: "4:2:2", 0x0C: "4:2:0"}.get(coding[2] & 0x0C, "")


def _obstacle(items: _Items, coded: bytes, media_type: str) -> Finding | None:
    name = media_type.removeprefix("image/").upper()
    if items.moving:
        return obstacle(
            "media.animated", f"this {name} is a sequence; {SUPPORTED}, without {name} sequences"
        )
    if len(coded) >= 4 and int.from_bytes(coded[2:4]) in _HDR:
        return obstacle("media.hdr", f"this {name} has a high dynamic range, which is not handled")
    if media_type != AVIF and find_spec("pillow_heif") is None:
        return obstacle(
            "media.no-heif", "this is a HEIC picture, which needs: pip install synthmark[heif]"
        )
    return None


def _notes(items: _Items, depth: int) -> tuple[Finding, ...]:
    notes = []
    if depth > 8:
        notes.append(
            note(
                "media.depth",
                f"{depth} bits a sample are written as 8",
                Severity.WARNING,
                accounts_for=("depth",),
            )
        )
    if items.of(items.primary).keys() & {b"irot", b"imir", b"clap"}:
        notes.append(
            note(
                "media.upright",
                "the picture is written turned and cut as it is shown",
                accounts_for=("size",),
            )
        )
    return tuple(notes)


def _bare(data: bytes, items: _Items) -> bytes:
    """Return the file with its metadata items renamed, so that no decoder reads them."""
    changed = bytearray(data)
    for number, (kind, _) in items.kinds.items():
        if kind in (b"Exif", b"mime"):
            place = items.kind_offsets[number]
            changed[place : place + 4] = b"none"
    return bytes(changed)


def _damaged(media_type: str) -> UnreadableError:
    name = media_type.removeprefix("image/").upper()
    return UnreadableError(f"this {name} describes no picture", code="media.damaged")


def _over(what: str, limits: Limits) -> LimitError:
    return LimitError(
        f"the {what} in this picture exceeds {limits.metadata_bytes} bytes", code="limit.metadata"
    )
