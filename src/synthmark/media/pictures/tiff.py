"""The TIFF container (TIFF 6.0 and its technical notes): its first directory, read and written."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from PIL.TiffImagePlugin import TiffImageFile

from synthmark.errors import UnreadableError
from synthmark.facts import Finding, Medium
from synthmark.limits import Limits
from synthmark.media.format import LabelPlace, ManifestPlace
from synthmark.media.header import Form, Metadata, Obstacle
from synthmark.media.parts import inventory
from synthmark.media.parts.directory import Field, byte_order, numeric, pack, read
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.pieces import Data
from synthmark.media.pictures import decoding
from synthmark.media.pictures.container import Bands, Container, PictureFormat, Planes, Samples
from synthmark.media.pictures.tiff_header import (
    BITS,
    COLOURS,
    COMPRESSION,
    COUNTS,
    DEFLATE,
    EXTRA,
    GRAYS,
    HEIGHT,
    ICC,
    MANIFEST,
    OFFSETS,
    PHOTOMETRIC,
    PLANAR,
    PREDICTOR,
    RGB,
    ROWS,
    SAMPLE_FORMAT,
    SAMPLES,
    STRAIGHT,
    SUBFILE,
    TILE_COUNTS,
    TILE_HEIGHT,
    TILE_OFFSETS,
    TILE_WIDTH,
    UNCOMPRESSED,
    WIDTH,
    XMP,
    TiffHeader,
)

# How the pixels are stored: written anew, and all that the decoder is given.
_DECODED = frozenset(
    {WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, 266, OFFSETS, SAMPLES, ROWS, COUNTS}
    | {PLANAR, 292, 293, PREDICTOR, COLOURS, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS}
    | {TILE_COUNTS, EXTRA, SAMPLE_FORMAT, 347, 529, 530, 531, 532}
)
# Copies of the picture, and the coder's own tables: none are written.
_COPIES, _TABLES = 330, frozenset({512, 513, 514, 515, 517, 518, 519, 520, 521})
# Gaps in the file, and the extremes of samples that are no longer the same.
_STALE = frozenset({280, 281, 288, 289, 340, 341})
# What tells of inks, and of grays that count from white.
_INKS, _GRAYS_TOLD = frozenset({332, 333, 334, 336, 337}), frozenset({290, 291})
# What speaks of pixels, copies or inks that are gone, and what has a place of its own.
_REPLACED = _DECODED | _TABLES | _STALE | {_COPIES, XMP, ICC, MANIFEST}
_MOST_PAGES = 1000
_BYTE = 1
_STRIP_BYTES = 2**18
# Level 6 takes three times as long for a few per cent.
_DEFLATE_LEVEL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffForm(Form):
    """What a TIFF alone says.

    Attributes:
        byte_order: ``<`` or ``>``.
        compression: Number of the compression.
        palette: Its colours, 8-bit RGB one after the other.
        premultiplied: Whether colours were multiplied by alpha.
        white_is_zero: Whether gray counts from white to black.
        xmp_kind: Kind of the values of the XMP field: bytes (1) or without a type (7).
    """

    byte_order: str
    compression: int
    palette: bytes
    premultiplied: bool
    white_is_zero: bool
    xmp_kind: int

    def facts(self) -> dict[str, object]:
        """Return the byte order."""
        return {"byte order": self.byte_order}


def parse(data: Data, limits: Limits) -> Container[TiffForm]:
    """Read the first directory of a TIFF file; decode nothing.

    Raises:
        UnreadableError: Its directory is damaged.
        LimitError: The picture, one of its tiles or the metadata is larger than the limit.
    """
    data = bytes(data)
    order = byte_order(data) or "<"
    first = _integer(data[4:8], order)
    fields, following = read(data, order, first, most=limits.metadata_bytes)
    header = TiffHeader(fields, order)
    limits.check_picture(header.width, header.height)
    if header.tiled:
        limits.check_picture(header.one(TILE_WIDTH, 0), header.one(TILE_HEIGHT, 0))
    single, reduced = _pages(data, order, following, limits)
    obstructed = header.obstacle()
    if obstructed is None and not single:
        obstructed = Obstacle(
            "media.pages", "this TIFF has several pages; save each as a file of its own"
        )
    gone = _gone(fields, header)
    described = tuple(field for tag, field in fields.items() if tag not in _REPLACED | gone)
    return Container(
        format=FORMAT,
        width=header.width,
        height=header.height,
        mode=header.mode,
        bit_depth=header.depth,
        lossless=True,
        metadata=Metadata(
            xmp=fields[XMP].value if XMP in fields else None,
            exif=data[:4] + numeric(0, [8], order, long=True).value + pack(described, order, 8)
            if described
            else None,
        ),
        whole=header.end <= len(data),
        obstacle=obstructed,
        bare=b"" if obstructed else _bare(data, header),
        icc=fields[ICC].value if ICC in fields else None,
        form=TiffForm(
            byte_order=order,
            compression=header.one(COMPRESSION, 1),
            palette=header.palette(),
            premultiplied=header.premultiplied,
            white_is_zero=header.photometric == 0,
            xmp_kind=fields[XMP].kind if XMP in fields else _BYTE,
        ),
        notes=_notes(header, gone, reduced=reduced),
    )


def items(data: Data) -> Iterator[Item]:
    """Yield every field of every directory but those that lay out the pixels and the manifest."""
    data = bytes(data)
    order = byte_order(data) or "<"
    offset, seen, prefix = _integer(data[4:8], order), set[int](), ""
    while offset and offset not in seen and len(seen) < _MOST_PAGES:
        seen.add(offset)
        fields, offset = read(data, order, offset, most=len(data))
        told = [field for tag, field in fields.items() if tag not in _DECODED | {MANIFEST}]
        if not prefix:
            yield from (Item(inventory.XMP, field.value) for field in told if field.tag == XMP)
            told = [field for field in told if field.tag != XMP]
        yield from inventory.fields(f"{prefix}EXIF", told)
        prefix = "further "


def decode(container: Container[TiffForm]) -> tuple[list[Planes], list[Finding]]:
    """Decode the pixels; inks become RGB, gray counts from black, alpha is straight."""
    if not container.whole:
        # The decoder would say so itself, on a stream that is not its own.
        raise UnreadableError(
            "this TIFF is truncated: its pixels end early", code="media.truncated"
        )
    form = container.form
    if container.mode == "CMYK":
        return decoding.inks(container, TiffImageFile)
    [(colour, alpha)], notes = decoding.planes(
        container,
        lambda whole: decoding.by_bands(whole, _samples, bands),
        palette=form.palette,
    )
    if form.white_is_zero:
        colour = ~colour
    if form.premultiplied and alpha is not None:
        colour = _straight(colour, alpha)
    return [(colour, alpha)], notes


def encode(
    frames: Sequence[Samples], container: Container[TiffForm], metadata: Metadata, least: int = 0
) -> bytes:
    """Return a TIFF of one page; `least` changes nothing."""
    return assemble(frames[0], container, metadata)


def _samples(container: Container[TiffForm]) -> Samples:
    return decoding.sixteen_bits(container, TiffImageFile, order=container.form.byte_order)


def _straight(colour: Samples, alpha: Samples) -> Samples:
    """Return colours divided by their alpha; transparent pixels have none."""
    full = np.iinfo(colour.dtype).max
    opacity = alpha if colour.ndim == 2 else alpha[:, :, None]
    divided = (colour.astype(np.float32) * full / np.maximum(opacity, 1) + 0.5).clip(0, full)
    return divided.astype(colour.dtype)


def bands(container: Container[TiffForm], rows: int) -> Bands | None:
    """Cut a picture into TIFF files of about so many rows each, along its strips or tiles.

    Returns:
        None where each colour has strips of its own, or they are not those the size asks for.
    """
    data, order = container.bare, container.form.byte_order
    fields, _ = read(data, order, _integer(data[4:8], order), most=len(data))
    header = TiffHeader(fields, order)
    places, sizes = (TILE_OFFSETS, TILE_COUNTS) if header.tiled else (OFFSETS, COUNTS)
    high = header.one(TILE_HEIGHT if header.tiled else ROWS, container.height)
    wide = header.one(TILE_WIDTH, 0) if header.tiled else container.width
    if not high or not wide or (header.samples > 1 and header.one(PLANAR, 1) != 1):
        return None
    across, down = -(-container.width // wide), -(-container.height // high)
    parts = list(zip(header.all(places), header.all(sizes), strict=False))
    # Strips that share their bytes would be copied many times.
    shared = sum(size for _, size in parts) > len(data)
    if len(parts) != across * down or shared or (header.tiled and OFFSETS in fields):
        return None

    def cut() -> Bands:
        step = max(1, rows // high)
        for top in range(0, down, step):
            count = min(step * high, container.height - top * high)
            own = parts[top * across : (top + step) * across]
            *starts, end = accumulate((size for _, size in own), initial=8)
            changed = dict(fields)
            changed[HEIGHT] = numeric(HEIGHT, [count], order, long=True)
            changed[places] = numeric(places, starts, order, long=True)
            changed[sizes] = numeric(sizes, (size for _, size in own), order, long=True)
            if not header.tiled:
                changed[ROWS] = numeric(ROWS, [high], order, long=True)
            file = [data[:4], numeric(0, [end], order, long=True).value]
            file += [data[place : place + size] for place, size in own]
            file.append(pack(changed.values(), order, end))
            yield count, replace(container, height=count, bare=b"".join(file))

    return cut()


def assemble(samples: Samples, container: Container[TiffForm], metadata: Metadata) -> bytes:
    """Return a TIFF file of one page.

    Args:
        samples: uint8 or uint16, (H, W) gray or (H, W, C) with 2 to 4 samples a pixel, as stored.
        container: Byte order and profile; whether the pixels stay uncompressed or get Deflate.
        metadata: XMP, and the other fields as an EXIF block.
    """
    order = container.form.byte_order
    height, width = samples.shape[:2]
    count = 1 if samples.ndim == 2 else samples.shape[2]
    compressed = container.form.compression != UNCOMPRESSED
    rows = max(1, _STRIP_BYTES // (width * count * samples.itemsize))
    strips = list(_strips(samples.reshape(height, width, count), rows, order, compressed))
    offsets, place = [], 8
    for strip in strips:
        offsets.append(place)
        place += len(strip) + len(strip) % 2
    fields = [
        numeric(WIDTH, [width], order, long=True),
        numeric(HEIGHT, [height], order, long=True),
        numeric(BITS, [8 * samples.itemsize] * count, order),
        numeric(COMPRESSION, [DEFLATE if compressed else UNCOMPRESSED], order),
        numeric(PHOTOMETRIC, [RGB if count > 2 else 1], order),
        numeric(OFFSETS, offsets, order, long=True),
        numeric(SAMPLES, [count], order),
        numeric(ROWS, [rows], order, long=True),
        numeric(COUNTS, map(len, strips), order, long=True),
        numeric(PLANAR, [1], order),
    ]
    if compressed:
        fields.append(numeric(PREDICTOR, [2], order))
    if count in (2, 4):
        fields.append(numeric(EXTRA, [STRAIGHT], order))
    if metadata.xmp is not None:
        fields.append(Field(XMP, container.form.xmp_kind, metadata.xmp))
    if container.icc is not None:
        fields.append(Field(ICC, 7, container.icc))
    fields += _described(metadata.exif, order)
    parts = [b"II*\0" if order == "<" else b"MM\0*", numeric(0, [place], order, long=True).value]
    for strip in strips:
        parts += [strip, bytes(len(strip) % 2)]
    return b"".join((*parts, pack(fields, order, place)))


def _pages(data: bytes, order: str, offset: int, limits: Limits) -> tuple[bool, bool]:
    """Return whether all further pages are reduced copies or masks, and whether there are any."""
    seen: set[int] = set()
    while offset and offset not in seen and len(seen) < _MOST_PAGES:
        seen.add(offset)
        fields, offset = read(data, order, offset, most=limits.metadata_bytes)
        kind = fields[SUBFILE].numbers(order) if SUBFILE in fields else ()
        if fields and not (kind and kind[0] & 5):
            return False, False
    return True, bool(seen)


def _gone(fields: Mapping[int, Field], header: TiffHeader) -> frozenset[int]:
    """Return the fields that stop being true: of inks, and of gray whose order is turned round."""
    gone = _INKS if header.mode == "CMYK" else frozenset()
    return (gone | (_GRAYS_TOLD if header.photometric == 0 else frozenset())) & fields.keys()


def _notes(header: TiffHeader, gone: frozenset[int], *, reduced: bool) -> tuple[Finding, ...]:
    notes = []
    if reduced or _COPIES in header.fields:
        notes.append(
            Finding.warning("media.reduced-copies", accounts_for=("further EXIF", _place(_COPIES)))
        )
    stale = sorted(gone | (header.fields.keys() & (_STALE | _TABLES)))
    if stale:
        places = tuple(map(_place, stale))
        notes.append(Finding.info("media.fields", fields=places, accounts_for=places))
    if header.premultiplied:
        notes.append(Finding.info("media.premultiplied"))
    if header.one(COMPRESSION, 1) not in (UNCOMPRESSED, DEFLATE, 32946):
        notes.append(Finding.info("media.compression"))
    return tuple(notes)


def _place(tag: int) -> str:
    return f"EXIF 0x{tag:04x}"


def _bare(data: bytes, header: TiffHeader) -> bytes:
    """Return the file with a new directory at its end that holds only what tells the pixels.

    Gray is given as black is zero, alpha as straight: so the decoder changes no sample.
    """
    fields = {tag: field for tag, field in header.fields.items() if tag in _DECODED}
    if header.photometric in GRAYS:
        fields[PHOTOMETRIC] = numeric(PHOTOMETRIC, [1], header.order)
    if header.alpha:
        fields[EXTRA] = numeric(EXTRA, [STRAIGHT], header.order)
    place = len(data) + len(data) % 2
    start = numeric(0, [place], header.order, long=True).value
    return b"".join(
        (
            data[:4],
            start,
            data[8:],
            bytes(place - len(data)),
            pack(fields.values(), header.order, place),
        )
    )


def _described(block: bytes | None, order: str) -> list[Field]:
    """Return the fields of the EXIF block that the picture came with."""
    if block is None or byte_order(block) != order:
        return []
    fields, _ = read(block, order, _integer(block[4:8], order), most=len(block))
    return [field for tag, field in fields.items() if tag not in _REPLACED]


def _strips(samples: Samples, rows: int, order: str, compressed: bool) -> Iterator[bytes]:
    """Yield the rows as stored, some at a time; Deflate sees differences of neighbours."""
    for top in range(0, len(samples), rows):
        band = samples[top : top + rows]
        if compressed:
            band = band.copy()
            band[:, 1:] -= samples[top : top + rows, :-1]
        strip = band.astype(f"{order}u{band.itemsize}").tobytes()
        yield zlib.compress(strip, _DEFLATE_LEVEL) if compressed else strip


def _integer(data: bytes, order: str) -> int:
    return int.from_bytes(data, "little" if order == "<" else "big")


FORMAT = PictureFormat(
    media_type="image/tiff",
    name="TIFF",
    medium=Medium.PICTURE,
    suffixes=(".tif", ".tiff"),
    begins=lambda data: data.startswith((b"II*\0", b"MM\0*")),
    parse=parse,
    items=items,
    decode=decode,
    encode=encode,
    label_place=LabelPlace.XMP,
    manifest_place=ManifestPlace.TIFF_FIELD,
)
