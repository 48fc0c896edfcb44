"""A decoded picture, and what its container holds beside the pixels."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from synthmark.facts import Finding
from synthmark.limits import Limits
from synthmark.media.format import Format
from synthmark.media.header import Block, Header, Metadata
from synthmark.media.parts.pieces import Data

Samples = NDArray[Any]
"""uint8 or uint16."""

HDR_TRANSFERS = (16, 18)
"""Perceptual quantiser and hybrid log-gamma (ITU-T H.273): eight bits would show steps, and the
mark is made for neither."""
HDR = "this {} has a high dynamic range (PQ or HLG), which is not handled; save it as SDR"
"""What stands in the way of such a picture, for the name of its format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container(Header):
    """What the header of a picture file says.

    Attributes:
        width: Stored width in pixels, before EXIF orientation.
        height: Stored height in pixels.
        mode: What the samples are, in words: ``gray``, ``RGB``, ``RGBA``, ``palette`` or ``CMYK``,
            gray and palettes perhaps with `` and alpha``.
        bit_depth: Bits a sample, 1 to 16.
        icc: The ICC profile, uncompressed, None without one.
        kept: Chunks of PNG and WebP, extensions of GIF, and JPEG segments of density and colour,
            written back as they are.
        background: WebP's colour behind an animation, four bytes.
        palette: Its colours, 8-bit RGB one after the other.
        transparency: PNG ``tRNS``.
        lossless: Whether WebP stores the pixels losslessly.
        progressive: Whether JPEG is progressive.
        rgb: Whether JPEG stores RGB instead of YCbCr.
        sampling: Chroma subsampling of JPEG or AVIF: ``4:4:4``, ``4:2:2`` or ``4:2:0``, empty for
            gray.
        tables: JPEG quantisation tables by component, 64 natural-order values each; a table that
            the following components share is named once.
        colours: HEIF's primaries, transfer and matrix (ITU-T H.273), three 16-bit numbers, and a
            byte whose first bit is set for the full range; empty where it does not tell them.
        orientation: EXIF orientation that HEIF's own turn and mirroring amount to, 1 to 8.
        window: Top, left, bottom and right of what HEIF shows of the stored picture; None for all.
        coded: Bytes of the coded picture, of HEIF and lossy WebP, whose coders do not tell how
            finely they worked.
        rest: What the file holds beside its picture: HEIF's other items with all boxes,
            JPEG's bytes after its end.
        byte_order: TIFF byte order, ``<`` or ``>``.
        compression: TIFF number of the compression.
        xmp_kind: Kind of the values of TIFF's XMP field: bytes (1) or without a type (7).
        premultiplied: Whether TIFF colours were multiplied by alpha.
        white_is_zero: Whether TIFF gray counts from white to black.
        durations: Milliseconds that each frame of an animation is shown; empty for a still picture.
        loop: How often an animation is shown, as its format counts; None where GIF says nothing.
        default_image: Whether the first picture of an APNG is for those that show no animations.
        restart: Blocks between restart markers of JPEG, 0 without any.
        bare: The same file without metadata: what the pixel decoder is given, so that no
            metadata can harm it; empty once it has been.
    """

    format: PictureFormat
    width: int
    height: int
    mode: str
    bare: bytes
    bit_depth: int = 8
    icc: bytes | None = None
    kept: tuple[Block, ...] = ()
    palette: bytes = b""
    transparency: bytes = b""
    lossless: bool = False
    progressive: bool = False
    rgb: bool = False
    sampling: str = ""
    tables: tuple[tuple[int, ...], ...] = ()
    colours: bytes = b""
    orientation: int = 1
    window: tuple[int, int, int, int] | None = None
    coded: int = 0
    rest: bytes = b""
    byte_order: str = ""
    compression: int = 0
    xmp_kind: int = 1
    premultiplied: bool = False
    white_is_zero: bool = False
    durations: tuple[int, ...] = ()
    loop: int | None = None
    background: bytes = b""
    default_image: bool = False
    restart: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PictureFormat(Format):
    """A format of pictures."""

    parse: Callable[[Data, Limits], Container]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A decoded picture, upright.

    Attributes:
        pixels: uint8 or uint16, (H, W, 3) RGB, or (H, W) for gray; as one would look at it.
        alpha: (H, W), the type of `pixels`, 0 clear to 255 or 65535 opaque, None when the container
            has none.
        container: How the file was laid out, enough to write the same sort of file again.
        orientation: EXIF orientation, 1 to 8, by which the stored layout differs.
        notes: What was changed on the way.
        later: The frames after the first, of an animation; each as it is shown, the whole canvas.
    """

    pixels: Samples
    alpha: Samples | None
    container: Container
    orientation: int = 1
    notes: tuple[Finding, ...] = ()
    later: tuple[Picture, ...] = ()

    @property
    def frames(self) -> tuple[Picture, ...]:
        """All frames of an animation; a still picture is its own only frame."""
        return (self, *self.later)

    @property
    def format(self) -> PictureFormat:
        """The format of the file."""
        return self.container.format

    @property
    def metadata(self) -> Metadata:
        """XMP, EXIF and text of the container."""
        return self.container.metadata


Bands = Generator[tuple[int, Container], Samples, None]
"""The rows of a band and a container of them, perhaps below some of the band before; each is
answered with its samples."""
