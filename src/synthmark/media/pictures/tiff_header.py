"""What the first directory of a TIFF says of its pixels (TIFF 6.0 and its technical notes)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthmark.errors import UnreadableError
from synthmark.media.header import Obstacle
from synthmark.media.parts.directory import Field

# Numbers of fields.
SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
OFFSETS, SAMPLES, ROWS, COUNTS, PLANAR, PREDICTOR = 273, 277, 278, 279, 284, 317
COLOURS, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS = 320, 322, 323, 324, 325
EXTRA, SAMPLE_FORMAT, XMP, ICC, MANIFEST = 338, 339, 700, 34675, 52545

COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 7, 8, 32773, 32946})
JPEG = 7
UNCOMPRESSED, DEFLATE = 1, 8
GRAYS, RGB, PALETTE, CMYK, YCBCR = (0, 1), 2, 3, 5, 6
PREMULTIPLIED, STRAIGHT = 1, 2
# Compressions and colour spaces (PhotometricInterpretation) that are named in messages.
NAMES = {
    6: "old-style JPEG",
    34661: "JBIG",
    34712: "JPEG 2000",
    34887: "LERC",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
}
SPACES = {4: "of a mask", 8: "CIELab", 9: "ICCLab", 10: "ITULab", 32803: "of a raw sensor"}


class TiffHeader:
    """What the first directory says of the pixels; raises UnreadableError where it says nothing."""

    def __init__(self, fields: Mapping[int, Field], order: str) -> None:
        self.fields = fields
        self.order = order
        self.width, self.height = self.one(WIDTH, 0), self.one(HEIGHT, 0)
        self.photometric = self.one(PHOTOMETRIC, -1)
        self.samples = self.one(SAMPLES, 1)
        self.bits = self.all(BITS) or (1,)
        self.depth = max(self.bits)
        self.tiled = TILE_OFFSETS in fields
        offsets = self.all(TILE_OFFSETS if self.tiled else OFFSETS)
        counts = self.all(TILE_COUNTS if self.tiled else COUNTS)
        if not self.width or not self.height or not offsets or self.photometric < 0:
            raise UnreadableError(
                "this TIFF is damaged: its directory cannot be read", code="media.damaged"
            )
        self.end = max(map(sum, zip(offsets, counts, strict=False)), default=0)
        extra = self.all(EXTRA)
        colours = {RGB: 3, YCBCR: 3, CMYK: 4}.get(self.photometric, 1)
        self.colours = colours
        # A further sample is taken for alpha even where it has no meaning, as other readers do.
        self.alpha = self.samples == colours + 1
        self.premultiplied = self.alpha and extra[:1] == (PREMULTIPLIED,)

    def all(self, tag: int) -> tuple[int, ...]:
        """Return the numbers of a field, none without it."""
        return self.fields[tag].numbers(self.order) if tag in self.fields else ()

    def one(self, tag: int, default: int) -> int:
        """Return the first number of a field."""
        return next(iter(self.all(tag)), default)

    @property
    def mode(self) -> str:
        """What the samples are, in the words of `Container.mode`."""
        names = {
            RGB: "RGB",
            YCBCR: "RGB",
            PALETTE: "palette",
            CMYK: "CMYK",
            0: "gray",
            1: "gray",
        }
        name = names.get(self.photometric, f"photometric {self.photometric}")
        if not self.alpha or name == "CMYK":
            return name
        return "RGBA" if name == "RGB" else f"{name} and alpha"

    def palette(self) -> bytes:
        """Return the palette as 8-bit RGB triplets; in the file each colour has 16-bit rows."""
        table = np.array(self.all(COLOURS), np.uint16)
        if len(table) % 3 or self.photometric != PALETTE:
            return b""
        return (table.reshape(3, -1).T >> 8).astype(np.uint8).tobytes()

    def obstacle(self) -> Obstacle | None:
        """Return why these pixels are not decoded, None when they are."""
        compression, ycbcr = self.one(COMPRESSION, 1), self.photometric == YCBCR
        several, alpha = self.samples > 1, self.samples == self.colours + 1
        simple = not (alpha and self.colours == 1) and self.photometric != PALETTE
        deep = simple and not (several and self.one(PLANAR, 1) == 2)
        depths = (8, 16) if several and deep else (8,) if several else (1, 2, 4, 8, 16)
        known = (*GRAYS, RGB, PALETTE, CMYK, YCBCR)
        faults = (
            (
                compression not in COMPRESSIONS,
                "media.tiff-compression",
                f"is compressed as {NAMES.get(compression, f'number {compression}')}",
            ),
            (
                set(self.all(SAMPLE_FORMAT)) - {1} != set(),
                "media.tiff-samples",
                "has signed or floating-point samples",
            ),
            (
                self.photometric not in known,
                "media.tiff-colours",
                f"has the colour space {SPACES.get(self.photometric, self.photometric)}",
            ),
            (ycbcr and compression != JPEG, "media.tiff-colours", "stores YCbCr without JPEG"),
            (
                len(set(self.bits)) != 1 or len(self.bits) not in (1, self.samples),
                "media.tiff-samples",
                "has samples of several depths",
            ),
            (
                self.samples != self.colours and (not alpha or ycbcr or self.colours == 4),
                "media.tiff-samples",
                f"has {self.samples} samples a pixel",
            ),
            (
                self.depth not in depths or (self.depth == 16 and not deep),
                "media.tiff-samples",
                f"has {self.depth} bits a sample in this layout",
            ),
        )
        return next((_unsupported(code, what) for wrong, code, what in faults if wrong), None)


def _unsupported(code: str, what: str) -> Obstacle:
    better = "in RGB or gray of 8 or 16 bits"
    if code == "media.tiff-compression":
        better = "with Deflate, LZW or without compression"
    return Obstacle(code, f"this TIFF {what}; save it {better}")
