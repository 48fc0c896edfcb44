"""The HEIF container of AVIF and HEIC (ISO/IEC 14496-12 and 23008-12): its items, read and written.

The codecs' own libraries code one picture. Its bytes take the place of the old ones; what stands
beside them (gain map, depth, alpha, thumbnails, metadata) stays and still belongs to it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec

from synthmark.errors import LimitError, UnreadableError
from synthmark.facts import Finding
from synthmark.limits import Limits
from synthmark.media.header import Form, Metadata, Obstacle
from synthmark.media.parts import inventory, metabox
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.metabox import Entry, Meta, Property
from synthmark.media.parts.pieces import Data
from synthmark.media.pictures.container import HDR, HDR_TRANSFERS, Container, PictureFormat

AV1, HEVC = b"av01", b"hvc1"
"""Kinds of items that are coded so."""

_XMP = b"application/rdf+xml"
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
BT601 = 6
"""Number of the usual matrix between RGB and YCbCr (ITU-T H.273)."""
# Pictures that are put together from others.
_DERIVED = (b"grid", b"iden", b"iovl")
# How a coded picture is shown, in the order in which it is done.
_TRANSFORMS = (b"clap", b"irot", b"imir")
# What tells how coded bytes are read.
_CODING = (b"ispe", b"pixi", b"av1C", b"hvcC", b"a1op", b"a1lx", b"lsel")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeifForm(Form):
    """What an AVIF or HEIC alone says.

    Attributes:
        sampling: Chroma subsampling: ``4:4:4``, ``4:2:2`` or ``4:2:0``, of gray ``4:0:0``.
        colours: Primaries, transfer and matrix (ITU-T H.273), three 16-bit numbers, and a byte
            whose first bit is set for the full range; empty where they are not told.
        window: Top, left, bottom and right of what is shown of the stored picture; None for all.
        rest: The file without the coded bytes of its picture.
    """

    sampling: str
    colours: bytes
    window: tuple[int, int, int, int] | None
    rest: bytes

    def facts(self) -> dict[str, object]:
        """Return how the pixels are coded."""
        return {"colours": self.colours, "sampling": self.sampling}


def parse(
    data: Data, limits: Limits, format: PictureFormat, *, coder: bytes
) -> Container[HeifForm]:
    """Read the boxes of an AVIF or HEIC file; decode nothing.

    Args:
        data: The whole file.
        limits: What its pictures and metadata cannot pass.
        format: Which of the two it is.
        coder: The kind of an item that this format's decoder takes.

    Raises:
        UnreadableError: It describes no picture, or is damaged.
        LimitError: A picture or a metadata block is larger than the limit.
    """
    data = bytes(data)
    try:
        meta = metabox.read(data)
    except (struct.error, IndexError):
        raise _damaged(format) from None
    for entry in meta.items.values():
        limits.check_picture(*metabox.size(entry))
    own = meta.items.get(meta.primary, Entry())
    width, height = metabox.size(own)
    if not width or not height:
        raise _damaged(format)
    signal = meta.parts(meta.primary)
    try:
        bare, rest = _bare(data, meta, signal), _rest(data, meta, signal)
    except (struct.error, ValueError):
        raise _damaged(format) from None
    kind, sampling, depth = _coding(meta, signal)
    colours = {each[:4]: each[4:] for n in reversed(signal) for each in _colours(meta.items[n])}
    profile = colours.get(b"prof", colours.get(b"rICC"))
    if profile is not None and len(profile) > limits.metadata_bytes:
        raise _over("ICC profile", limits)
    return Container(
        format=format,
        width=width,
        height=height,
        mode=_mode(gray=sampling == "4:0:0", alpha=meta.alpha() is not None),
        bit_depth=depth,
        metadata=Metadata(
            xmp=_described(data, meta, b"mime", limits),
            exif=_exif(_described(data, meta, b"Exif", limits)),
        ),
        whole=meta.end <= len(data),
        obstacle=_obstacle(meta, format, kind, coder, colours.get(b"nclx", b"")),
        bare=bare,
        coded=_coded(meta, signal),
        icc=profile,
        orientation=metabox.orientation(own),
        form=HeifForm(
            sampling=sampling,
            colours=colours.get(b"nclx", b""),
            window=metabox.window(own, width, height),
            rest=rest,
        ),
        notes=_notes(meta, signal, depth, matrix=colours.get(b"nclx") if coder == AV1 else None),
    )


def items(data: Data) -> Iterator[Item]:
    """Yield every item but the picture's coded bytes, its properties, and all boxes beside."""
    data = bytes(data)
    meta = metabox.read(data)
    signal = meta.parts(meta.primary)
    roles = _roles(meta, signal)
    for number, entry in meta.items.items():
        role = roles[number]
        for each in entry.properties:
            if number in signal[1:] or each.kind in _CODING:
                continue
            kind = each.kind + (b" " + each.data[:4] if each.kind == b"colr" else b"")
            yield Item(f"{role} {_text(kind)}".strip(), each.data)
        if number in signal:
            continue
        content = metabox.content(data, entry)
        if role == "Exif":
            yield from inventory.exif(_exif(content) or content)
        else:
            yield Item(role, content)
    for box in (*meta.before, *meta.others, *meta.after):
        if box[4:8] not in (b"ftyp", b"hdlr", b"dinf", b"moov") and not _is_manifest(box):
            yield Item(_text(box[4:8]), box)


def assemble(encoded: bytes, container: Container[HeifForm], metadata: Metadata) -> bytes:
    """Return the old file with the coded picture of `encoded`, and with this metadata.

    Args:
        encoded: A file of the same format that holds the new picture, as stored.
        container: What the old file held.
        metadata: XMP and EXIF; what is the same stays as it stands.
    """
    old = metabox.read(container.form.rest)
    contents = {n: metabox.content(container.form.rest, entry) for n, entry in old.items.items()}
    new = metabox.read(encoded)
    _replace(old, contents, old.primary, new, new.primary, encoded)
    alpha = new.alpha()
    if alpha is not None:
        number = old.alpha()
        if number is None:
            number = _added(old, b"auxl")
        _replace(old, contents, number, new, alpha, encoded)
    # The decoder gives colours that are not multiplied by alpha, and so does the encoder.
    old.references = [each for each in old.references if each[0] != b"prem"]
    exif = None if metadata.exif is None else bytes(4) + metadata.exif
    if metadata.exif != container.metadata.exif:
        _describe(old, contents, Entry(b"Exif", b"\0"), exif)
    _describe(old, contents, Entry(b"mime", b"\0" + _XMP + b"\0"), metadata.xmp)
    return metabox.write(old, contents)


def coded_bytes(encoded: bytes) -> int:
    """Return how many bytes a picture alone is coded in."""
    meta = metabox.read(encoded)
    return _coded(meta, meta.parts(meta.primary))


def is_full(colours: bytes) -> bool:
    """Whether samples have the full range of their bits; so they do where it is not told."""
    return len(colours) < 7 or bool(colours[6] >> 7)


def _replace(
    old: Meta, contents: dict[int, bytes], number: int, new: Meta, coded: int, encoded: bytes
) -> None:
    """Put one item of a new file in the place of one of the old, with what tells its coding."""
    entry, source = old.items[number], new.items[coded]
    parts = old.parts(number)[1:]
    contents[number] = metabox.content(encoded, source)
    coding = [each for each in source.properties if each.kind in _CODING]
    if not any(each.kind == b"auxC" for each in entry.properties):
        coding += [each for each in source.properties if each.kind == b"auxC"]
    kept = [_matched(each, source) for each in entry.properties if each.kind not in _CODING]
    entry.kind, entry.inside, entry.properties = source.kind, False, coding + kept
    # What it was put together from goes, unless something else is made of that.
    old.sources.pop(number, None)
    wanted = {each for to in old.sources.values() for each in to}
    wanted |= {each for _, _, to in old.references for each in to}
    gone = {part for part in parts if part not in wanted}
    old.references = [each for each in old.references if each[1] not in gone]
    for part in gone:
        old.sources.pop(part, None)
        del old.items[part], contents[part]


def _matched(old: Property, source: Entry) -> Property:
    """Return the colours of the old picture with matrix and range of the new one's coding."""
    if old.kind != b"colr" or old.data[:4] != b"nclx":
        return old
    new = next((each for each in _colours(source) if each[:4] == b"nclx"), old.data)
    same = _matrix(old.data[4:]) == _matrix(new[4:])
    return old if same else replace(old, data=old.data[:8] + new[8:])


def _matrix(coded: bytes) -> tuple[int, int]:
    """Return matrix (ITU-T H.273) and range; 5 and 6 are two names of the same matrix."""
    matrix = int.from_bytes(coded[4:6])
    return 6 if matrix == 5 else matrix, int(is_full(coded))


def _describe(meta: Meta, contents: dict[int, bytes], entry: Entry, content: bytes | None) -> None:
    """Put a metadata item of the picture in the place of the old one, or take that out."""
    number = _described_by(meta, entry.kind)
    if content is not None:
        if number is None:
            number = _added(meta, b"cdsc")
            meta.items[number] = entry
        contents[number] = content
    elif number is not None:
        meta.references = [each for each in meta.references if each[1] != number]
        del meta.items[number], contents[number]


def _added(meta: Meta, kind: bytes) -> int:
    """Return the number of a new item that refers to the picture."""
    number = max(meta.items) + 1
    meta.items[number] = Entry()
    meta.references.append((kind, number, (meta.primary,)))
    return number


def _mode(*, gray: bool, alpha: bool) -> str:
    return ("gray and alpha" if alpha else "gray") if gray else "RGBA" if alpha else "RGB"


def _coding(meta: Meta, signal: list[int]) -> tuple[bytes, str, int]:
    """Return coder, chroma subsampling and bits a sample of what the picture is made of."""
    entries = [meta.items[number] for number in signal]
    entry = next((each for each in entries if each.kind not in _DERIVED), Entry())
    depth = max(entry.get(b"pixi")[5:] or entries[0].get(b"pixi")[5:], default=8)
    sampling = ""
    if len(coding := entry.get(b"av1C")) >= 3:
        depth = 12 if coding[2] & 0x20 else 10 if coding[2] & 0x40 else 8
        sampling = "4:0:0" if coding[2] & 0x10 else {0: "4:4:4", 8: "4:2:2"}.get(coding[2] & 12, "")
    elif len(coding := entry.get(b"hvcC")) >= 18:
        depth = 8 + (coding[17] & 7)
        sampling = ("4:0:0", "", "4:2:2", "4:4:4")[coding[16] & 3]
    return entry.kind, sampling or "4:2:0", depth


def _coded(meta: Meta, signal: list[int]) -> int:
    return sum(length for number in signal for _, length in meta.items[number].parts)


def _colours(entry: Entry) -> list[bytes]:
    return [each.data for each in entry.properties if each.kind == b"colr"]


def _described_by(meta: Meta, kind: bytes) -> int | None:
    """Return the number of the picture's own metadata item of a kind.

    One of a gain map or a depth map is not the picture's; one that names nothing is.
    """
    loose, described = None, meta.targets(b"cdsc")
    for number, entry in meta.items.items():
        if entry.kind != kind or (kind == b"mime" and entry.content_type != _XMP):
            continue
        if meta.primary in described.get(number, ()):
            return number
        if number not in described and loose is None:
            loose = number
    return loose


def _described(data: bytes, meta: Meta, kind: bytes, limits: Limits) -> bytes | None:
    """Return the picture's own metadata of a kind, None without any in the file."""
    number = _described_by(meta, kind)
    if number is None:
        return None
    if sum(length for _, length in meta.items[number].parts) > limits.metadata_bytes:
        raise _over("metadata", limits)
    return metabox.content(data, meta.items[number]) or None


def _exif(content: bytes | None) -> bytes | None:
    """Return the TIFF structure of an Exif item; its first number says where that begins."""
    if content is None or len(content) < 8:
        return None
    return content[4 + int.from_bytes(content[:4]) :] or None


def _roles(meta: Meta, signal: list[int]) -> dict[int, str]:
    """Return what each item is to the picture: the place of what it holds."""
    own = {_described_by(meta, b"Exif"): "Exif", _described_by(meta, b"mime"): inventory.XMP}
    thumbnails = meta.targets(b"thmb")
    roles = dict.fromkeys(signal, "")
    for number, entry in meta.items.items():
        if number in roles:
            continue
        auxiliary = _text(entry.get(b"auxC")[4:].partition(b"\0")[0])
        role = "thumbnail" if number in thumbnails else _text(entry.kind)
        roles[number] = own.get(number) or (f"auxiliary {auxiliary}" if auxiliary else role)
    return roles


def _obstacle(
    meta: Meta, format: PictureFormat, kind: bytes, coder: bytes, coded: bytes
) -> Obstacle | None:
    name = format.name
    if meta.moving:
        what = f"this {name} is a sequence; save what is to be marked as single pictures"
        return Obstacle("media.animated", what)
    if kind != coder:
        return Obstacle(
            "media.coding",
            f"the picture in this {name} is coded as {_text(kind)}, not as "
            f"{_text(coder)}; save it as an ordinary {name}",
        )
    if len(coded) >= 4 and int.from_bytes(coded[2:4]) in HDR_TRANSFERS:
        return Obstacle("media.hdr", HDR.format(name))
    if format.extra is not None and find_spec("pillow_heif") is None:
        return Obstacle(
            "media.no-heif",
            f"this is a {name} picture, which needs: pip install synthmark[{format.extra}]",
        )
    return None


def _notes(
    meta: Meta, signal: list[int], depth: int, *, matrix: bytes | None
) -> tuple[Finding, ...]:
    notes = []
    if matrix is not None and _matrix(matrix)[0] != BT601:
        notes.append(Finding.info("media.matrix", accounts_for=("colours", "colr nclx")))
    if depth > 8:
        notes.append(
            Finding.warning(
                "media.depth",
                depth=depth,
                # Alpha has the depth of the colours, so it is coded anew.
                accounts_for=("depth", *(f"auxiliary {_text(urn)}" for urn in metabox.URN_ALPHA)),
            )
        )
    if any(name == b"prem" for name, _, _ in meta.references):
        notes.append(Finding.info("media.premultiplied"))
    others = _further(meta, signal)
    if others:
        notes.append(Finding.warning("media.more-pictures", kinds=tuple(others)))
    return tuple(notes)


def _further(meta: Meta, signal: list[int]) -> list[str]:
    """Return what the pictures are that are neither the primary one nor its alpha or thumbnail."""
    used, roles = {*signal, meta.alpha()}, _roles(meta, signal)
    found = []
    for number, entry in meta.items.items():
        if number in used or not entry.get(b"ispe"):
            continue
        used.update(meta.parts(number))
        role = roles[number]
        if role != "thumbnail":
            found.append("gain map" if entry.kind == b"tmap" else role.removeprefix("auxiliary "))
    return list(dict.fromkeys(found))


def _bare(data: bytes, meta: Meta, signal: list[int]) -> bytes:
    """Return a file of the picture and its alpha alone, as stored: neither turned nor cut."""
    alpha = meta.alpha()
    wanted = signal + ([] if alpha is None else meta.parts(alpha))
    # A brand that promises a gain map must have one.
    kind = b"".join(b for b in meta.before if b[4:8] == b"ftyp").replace(b"tmap", b"mif1")
    alone = Meta(primary=meta.primary, before=[kind])
    alone.others = [box for box in meta.others if box[4:8] == b"hdlr"]
    alone.items = {
        number: replace(
            meta.items[number],
            properties=[p for p in meta.items[number].properties if p.kind not in _TRANSFORMS],
        )
        for number in wanted
    }
    alone.sources = {each: to for each, to in meta.sources.items() if each in alone.items}
    alone.references = [
        each
        for each in meta.references
        if each[1] in alone.items and alone.items.keys() >= set(each[2])
    ]
    return metabox.write(alone, _contents(data, alone.items))


def _rest(data: bytes, meta: Meta, signal: list[int]) -> bytes:
    """Return the file without the coded bytes of its picture, and without its manifest."""
    left = replace(
        meta,
        before=[box for box in meta.before if not _is_manifest(box)],
        after=[box for box in meta.after if not _is_manifest(box)],
    )
    return metabox.write(left, _contents(data, meta.items) | dict.fromkeys(signal, b""))


def _contents(data: bytes, items: Mapping[int, Entry]) -> dict[int, bytes]:
    return {number: metabox.content(data, entry) for number, entry in items.items()}


def _is_manifest(box: bytes) -> bool:
    return box[4:8] == b"uuid" and _C2PA in box[8:32]


def _text(name: bytes) -> str:
    return name.decode("latin-1").strip()


def _damaged(format: PictureFormat) -> UnreadableError:
    return UnreadableError(f"this {format.name} describes no picture", code="media.damaged")


def _over(what: str, limits: Limits) -> LimitError:
    return LimitError(
        f"the {what} in this picture exceeds {limits.metadata_bytes} bytes", code="limit.metadata"
    )
