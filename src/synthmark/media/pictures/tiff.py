"""The TIFF container (TIFF 6.0 and its technical notes): its first directory, read and written."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from synthmark.errors import UnreadableError
from synthmark.facts import Finding, Medium
from synthmark.limits import Limits
from synthmark.media.format import LabelPlace, ManifestPlace
from synthmark.media.header import Metadata
from synthmark.media.parts import inventory
from synthmark.media.parts.directory import Field, byte_order, numeric, pack, read
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.pieces import Data
from synthmark.media.pictures.picture import Container, PictureFormat

if TYPE_CHECKING:
    from synthmark.media.pictures.picture import Bands, Samples

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_OFFSETS, _SAMPLES, _ROWS, _COUNTS, _PLANAR, _PREDICTOR = 273, 277, 278, 279, 284, 317
_COLOURS, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS = 320, 322, 323, 324, 325
_EXTRA, _FORMAT, _XMP, _ICC, _MANIFEST = 338, 339, 700, 34675, 52545

# How the pixels are stored: written anew, and all that the decoder is given.
_DECODED = frozenset(
    {_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, 266, _OFFSETS, _SAMPLES, _ROWS, _COUNTS}
    | {_PLANAR, 292, 293, _PREDICTOR, _COLOURS, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS}
    | {_TILE_COUNTS, _EXTRA, _FORMAT, 347, 529, 530, 531, 532}
)
# Copies of the picture, and the coder's own tables: none are written.
_COPIES, _TABLES = 330, frozenset({512, 513, 514, 515, 517, 518, 519, 520, 521})
# Gaps in the file, and the extremes of samples that are no longer the same.
_STALE = frozenset({280, 281, 288, 289, 340, 341})
# What tells of inks, and of grays that count from white.
_INKS, _GRAYS_TOLD = frozenset({332, 333, 334, 336, 337}), frozenset({290, 291})
# What speaks of pixels, copies or inks that are gone, and what has a place of its own.
_REPLACED = _DECODED | _TABLES | _STALE | {_COPIES, _XMP, _ICC, _MANIFEST}
_COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 7, 8, 32773, 32946})
_JPEG = 7
_UNCOMPRESSED, _DEFLATE = 1, 8
_GRAYS, _RGB, _PALETTE, _CMYK, _YCBCR = (0, 1), 2, 3, 5, 6
_PREMULTIPLIED, _STRAIGHT = 1, 2
# Compressions and colour spaces (PhotometricInterpretation) that are named in messages.
_NAMES = {
    6: "old-style JPEG",
    34661: "JBIG",
    34712: "JPEG 2000",
    34887: "LERC",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
}
_SPACES = {4: "of a mask", 8: "CIELab", 9: "ICCLab", 10: "ITULab", 32803: "of a raw sensor"}
_MOST_PAGES = 1000
_BYTE = 1
_STRIP_BYTES = 2**18
# Level 6 takes three times as long for a few per cent.
_DEFLATE_LEVEL = 3


def parse(data: Data, limits: Limits) -> Container:
    """Read the first directory of a TIFF file; decode nothing.

    Raises:
        UnreadableError: There is no sound directory.
        LimitError: The picture, one of its tiles or the metadata is larger than the limit.
    """
    data = bytes(data)
    order = byte_order(data) or "<"
    first = _integer(data[4:8], order)
    fields, following = read(data, order, first, most=limits.metadata_bytes)
    header = _Header(fields, order)
    limits.check_picture(header.width, header.height)
    if header.tiled:
        limits.check_picture(header.one(_TILE_WIDTH, 0), header.one(_TILE_HEIGHT, 0))
    single, reduced = _pages(data, order, following, limits)
    obstructed = header.obstacle()
    if obstructed is None and not single:
        obstructed = Finding.error(
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
        metadata=Metadata(
            xmp=fields[_XMP].value if _XMP in fields else None,
            exif=data[:4] + numeric(0, [8], order, long=True).value + pack(described, order, 8)
            if described
            else None,
        ),
        whole=header.end <= len(data),
        obstacle=obstructed,
        bare=b"" if obstructed else _bare(data, header),
        icc=fields[_ICC].value if _ICC in fields else None,
        palette=header.palette(),
        byte_order=order,
        compression=header.one(_COMPRESSION, 1),
        premultiplied=header.premultiplied,
        white_is_zero=header.photometric == 0,
        xmp_kind=fields[_XMP].kind if _XMP in fields else _BYTE,
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
        told = [field for tag, field in fields.items() if tag not in _DECODED | {_MANIFEST}]
        if not prefix:
            yield from (Item(inventory.XMP, field.value) for field in told if field.tag == _XMP)
            told = [field for field in told if field.tag != _XMP]
        yield from inventory.fields(f"{prefix}EXIF", told)
        prefix = "further "


def bands(container: Container, rows: int) -> Bands | None:
    """Cut a picture into TIFF files of about so many rows each, along its strips or tiles.

    Returns:
        None where each colour has strips of its own, or they are not those the size asks for.
    """
    data, order = container.bare, container.byte_order
    fields, _ = read(data, order, _integer(data[4:8], order), most=len(data))
    header = _Header(fields, order)
    places, sizes = (_TILE_OFFSETS, _TILE_COUNTS) if header.tiled else (_OFFSETS, _COUNTS)
    high = header.one(_TILE_HEIGHT if header.tiled else _ROWS, container.height)
    wide = header.one(_TILE_WIDTH, 0) if header.tiled else container.width
    if not high or not wide or (header.samples > 1 and header.one(_PLANAR, 1) != 1):
        return None
    across, down = -(-container.width // wide), -(-container.height // high)
    parts = list(zip(header.all(places), header.all(sizes), strict=False))
    # Strips that share their bytes would be copied many times.
    shared = sum(size for _, size in parts) > len(data)
    if len(parts) != across * down or shared or (header.tiled and _OFFSETS in fields):
        return None

    def cut() -> Bands:
        step = max(1, rows // high)
        for top in range(0, down, step):
            count = min(step * high, container.height - top * high)
            own = parts[top * across : (top + step) * across]
            *starts, end = accumulate((size for _, size in own), initial=8)
            changed = dict(fields)
            changed[_HEIGHT] = numeric(_HEIGHT, [count], order, long=True)
            changed[places] = numeric(places, starts, order, long=True)
            changed[sizes] = numeric(sizes, (size for _, size in own), order, long=True)
            if not header.tiled:
                changed[_ROWS] = numeric(_ROWS, [high], order, long=True)
            file = [data[:4], numeric(0, [end], order, long=True).value]
            file += [data[place : place + size] for place, size in own]
            file.append(pack(changed.values(), order, end))
            yield count, replace(container, height=count, bare=b"".join(file))

    return cut()


def assemble(samples: Samples, container: Container, metadata: Metadata) -> bytes:
    """Return a TIFF file of one page.

    Args:
        samples: uint8 or uint16, (H, W) gray or (H, W, C) with 2 to 4 samples a pixel, as stored.
        container: Byte order and profile; whether the pixels stay uncompressed or get Deflate.
        metadata: XMP, and the other fields as an EXIF block.
    """
    order = container.byte_order
    height, width = samples.shape[:2]
    count = 1 if samples.ndim == 2 else samples.shape[2]
    compressed = container.compression != _UNCOMPRESSED
    rows = max(1, _STRIP_BYTES // (width * count * samples.itemsize))
    strips = list(_strips(samples.reshape(height, width, count), rows, order, compressed))
    offsets, place = [], 8
    for strip in strips:
        offsets.append(place)
        place += len(strip) + len(strip) % 2
    fields = [
        numeric(_WIDTH, [width], order, long=True),
        numeric(_HEIGHT, [height], order, long=True),
        numeric(_BITS, [8 * samples.itemsize] * count, order),
        numeric(_COMPRESSION, [_DEFLATE if compressed else _UNCOMPRESSED], order),
        numeric(_PHOTOMETRIC, [_RGB if count > 2 else 1], order),
        numeric(_OFFSETS, offsets, order, long=True),
        numeric(_SAMPLES, [count], order),
        numeric(_ROWS, [rows], order, long=True),
        numeric(_COUNTS, map(len, strips), order, long=True),
        numeric(_PLANAR, [1], order),
    ]
    if compressed:
        fields.append(numeric(_PREDICTOR, [2], order))
    if count in (2, 4):
        fields.append(numeric(_EXTRA, [_STRAIGHT], order))
    if metadata.xmp is not None:
        fields.append(Field(_XMP, container.xmp_kind, metadata.xmp))
    if container.icc is not None:
        fields.append(Field(_ICC, 7, container.icc))
    fields += _described(metadata.exif, order)
    parts = [b"II*\0" if order == "<" else b"MM\0*", numeric(0, [place], order, long=True).value]
    for strip in strips:
        parts += [strip, bytes(len(strip) % 2)]
    return b"".join((*parts, pack(fields, order, place)))


class _Header:
    """What the first directory says of the pixels; raises UnreadableError where it says nothing."""

    def __init__(self, fields: Mapping[int, Field], order: str) -> None:
        self.fields = fields
        self.order = order
        self.width, self.height = self.one(_WIDTH, 0), self.one(_HEIGHT, 0)
        self.photometric = self.one(_PHOTOMETRIC, -1)
        self.samples = self.one(_SAMPLES, 1)
        self.bits = self.all(_BITS) or (1,)
        self.depth = max(self.bits)
        self.tiled = _TILE_OFFSETS in fields
        offsets = self.all(_TILE_OFFSETS if self.tiled else _OFFSETS)
        counts = self.all(_TILE_COUNTS if self.tiled else _COUNTS)
        if not self.width or not self.height or not offsets or self.photometric < 0:
            raise UnreadableError("this TIFF has no sound directory", code="media.damaged")
        self.end = max(map(sum, zip(offsets, counts, strict=False)), default=0)
        extra = self.all(_EXTRA)
        colours = {_RGB: 3, _YCBCR: 3, _CMYK: 4}.get(self.photometric, 1)
        self.colours = colours
        # A further sample is taken for alpha even where it has no meaning, as other readers do.
        self.alpha = self.samples == colours + 1
        self.premultiplied = self.alpha and extra[:1] == (_PREMULTIPLIED,)

    def all(self, tag: int) -> tuple[int, ...]:
        return self.fields[tag].numbers(self.order) if tag in self.fields else ()

    def one(self, tag: int, default: int) -> int:
        return next(iter(self.all(tag)), default)

    @property
    def mode(self) -> str:
        names = {
            _RGB: "RGB",
            _YCBCR: "RGB",
            _PALETTE: "palette",
            _CMYK: "CMYK",
            0: "gray",
            1: "gray",
        }
        name = names.get(self.photometric, f"photometric {self.photometric}")
        if not self.alpha or name == "CMYK":
            return name
        return "RGBA" if name == "RGB" else f"{name} and alpha"

    def palette(self) -> bytes:
        """Return the palette as 8-bit RGB triplets; in the file each colour has 16-bit rows."""
        table = np.array(self.all(_COLOURS), np.uint16)
        if len(table) % 3 or self.photometric != _PALETTE:
            return b""
        return (table.reshape(3, -1).T >> 8).astype(np.uint8).tobytes()

    def obstacle(self) -> Finding | None:
        """Return why these pixels are not decoded, None when they are."""
        compression, ycbcr = self.one(_COMPRESSION, 1), self.photometric == _YCBCR
        several, alpha = self.samples > 1, self.samples == self.colours + 1
        simple = not (alpha and self.colours == 1) and self.photometric != _PALETTE
        deep = simple and not (several and self.one(_PLANAR, 1) == 2)
        depths = (8, 16) if several and deep else (8,) if several else (1, 2, 4, 8, 16)
        known = (*_GRAYS, _RGB, _PALETTE, _CMYK, _YCBCR)
        faults = (
            (
                compression not in _COMPRESSIONS,
                "compression",
                f"is compressed as {_NAMES.get(compression, f'number {compression}')}",
            ),
            (
                set(self.all(_FORMAT)) - {1} != set(),
                "samples",
                "has signed or floating-point samples",
            ),
            (
                self.photometric not in known,
                "colours",
                f"has the colour space {_SPACES.get(self.photometric, self.photometric)}",
            ),
            (ycbcr and compression != _JPEG, "colours", "stores YCbCr without JPEG"),
            (
                len(set(self.bits)) != 1 or len(self.bits) not in (1, self.samples),
                "samples",
                "has samples of several depths",
            ),
            (
                self.samples != self.colours and (not alpha or ycbcr or self.colours == 4),
                "samples",
                f"has {self.samples} samples a pixel",
            ),
            (
                self.depth not in depths or (self.depth == 16 and not deep),
                "samples",
                f"has {self.depth} bits a sample in this layout",
            ),
        )
        return next((_unsupported(code, what) for wrong, code, what in faults if wrong), None)


def _unsupported(code: str, what: str) -> Finding:
    better = "in RGB or gray of 8 or 16 bits"
    if code == "compression":
        better = "with Deflate, LZW or without compression"
    return Finding.error(f"media.tiff-{code}", f"this TIFF {what}; save it {better}")


def _pages(data: bytes, order: str, offset: int, limits: Limits) -> tuple[bool, bool]:
    """Return whether all further pages are reduced copies or masks, and whether there are any."""
    seen: set[int] = set()
    while offset and offset not in seen and len(seen) < _MOST_PAGES:
        seen.add(offset)
        fields, offset = read(data, order, offset, most=limits.metadata_bytes)
        kind = fields[_SUBFILE].numbers(order) if _SUBFILE in fields else ()
        if fields and not (kind and kind[0] & 5):
            return False, False
    return True, bool(seen)


def _gone(fields: Mapping[int, Field], header: _Header) -> frozenset[int]:
    """Return the fields that stop being true: of inks, and of gray whose order is turned round."""
    gone = _INKS if header.mode == "CMYK" else frozenset()
    return (gone | (_GRAYS_TOLD if header.photometric == 0 else frozenset())) & fields.keys()


def _notes(header: _Header, gone: frozenset[int], *, reduced: bool) -> tuple[Finding, ...]:
    notes = []
    if reduced or _COPIES in header.fields:
        notes.append(
            Finding.warning(
                "media.more-pictures",
                "this TIFF holds reduced copies or masks of its picture; they are not written",
                accounts_for=("further EXIF", _place(_COPIES)),
            )
        )
    stale = sorted(gone | (header.fields.keys() & (_STALE | _TABLES)))
    if stale:
        places = tuple(map(_place, stale))
        message = f"fields of this TIFF that do not hold for what is written: {', '.join(places)}"
        notes.append(Finding.info("media.fields", message, accounts_for=places))
    if header.premultiplied:
        notes.append(
            Finding.info("media.premultiplied", "premultiplied alpha is written as straight alpha")
        )
    if header.one(_COMPRESSION, 1) not in (_UNCOMPRESSED, _DEFLATE, 32946):
        notes.append(
            Finding.info("media.compression", "this TIFF's pixels are written with Deflate")
        )
    return tuple(notes)


def _place(tag: int) -> str:
    return f"EXIF 0x{tag:04x}"


def _bare(data: bytes, header: _Header) -> bytes:
    """Return the file with a new directory at its end that holds only what tells the pixels.

    Gray is given as black is zero, alpha as straight: so the decoder changes no sample.
    """
    fields = {tag: field for tag, field in header.fields.items() if tag in _DECODED}
    if header.photometric in _GRAYS:
        fields[_PHOTOMETRIC] = numeric(_PHOTOMETRIC, [1], header.order)
    if header.alpha:
        fields[_EXTRA] = numeric(_EXTRA, [_STRAIGHT], header.order)
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
    label_place=LabelPlace.XMP,
    manifest_place=ManifestPlace.TIFF_FIELD,
)
