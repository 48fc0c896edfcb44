"""The words of this room: the header of a picture file, and the record of its format."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray

from synthmark.facts import Finding
from synthmark.limits import Limits
from synthmark.media.format import Format
from synthmark.media.header import Block, Form, Header, Metadata
from synthmark.media.parts.pieces import Data

Samples = NDArray[Any]
"""uint8 or uint16."""

Planes = tuple[Samples, Samples | None]
"""Colour, (H, W, 3) RGB or (H, W) gray, and alpha, (H, W) or None; both as stored."""

HDR_TRANSFERS = (16, 18)
"""Perceptual quantiser and hybrid log-gamma (ITU-T H.273): eight bits would show steps, and the
mark is made for neither."""
HDR = "this {} has a high dynamic range (PQ or HLG), which is not handled; save it as SDR"
"""What stands in the way of such a picture, for the name of its format."""

OwnForm = TypeVar("OwnForm", bound=Form)


@dataclass(frozen=True, slots=True, kw_only=True)
class Container(Header, Generic[OwnForm]):
    """What the header of a picture file says.

    Attributes:
        form: What only this format says.
        width: Stored width in pixels, before any turn.
        height: Stored height in pixels.
        mode: What the samples are, in words: ``gray``, ``RGB``, ``RGBA``, ``palette`` or ``CMYK``,
            gray and palettes perhaps with `` and alpha``.
        bare: The same file without metadata: what the pixel decoder is given, so that no
            metadata can harm it; empty once it has been.
        bit_depth: Bits a sample, 1 to 16.
        lossless: Whether pixels come back as they were written.
        icc: The ICC profile, uncompressed, None without one.
        kept: Blocks beside the metadata that are written back as they are: of density, colours
            and time.
        orientation: EXIF orientation, 1 to 8, that the format tells in its own way; None where
            EXIF tells it.
        coded: Bytes of the coded picture, where its coder does not tell how finely it worked.
        durations: Milliseconds that each frame of an animation is shown; empty for a still picture.
        loop: How often an animation is shown, as its format counts; None where it is not said.
    """

    format: PictureFormat
    form: OwnForm
    width: int
    height: int
    mode: str
    bare: bytes
    bit_depth: int = 8
    lossless: bool = False
    icc: bytes | None = None
    kept: tuple[Block, ...] = ()
    orientation: int | None = None
    coded: int = 0
    durations: tuple[int, ...] = ()
    loop: int | None = None

    def facts(self) -> dict[str, object]:
        """Return what it says of the picture, by name."""
        return {
            "size": (self.width, self.height),
            # What an animation's frames are stored as is its coder's choice; what is shown counts.
            "mode": "" if self.durations else self.mode,
            "depth": self.bit_depth,
            "profile": self.icc,
            "lossless": self.lossless,
            "frames": len(self.durations),
            "durations": self.durations,
            "loop": self.loop,
        } | self.form.facts()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PictureFormat(Format):
    """A format of pictures.

    Attributes:
        parse: Reads a file's header; decodes nothing.
        decode: Returns the planes of each frame, and what was changed on the way.
        encode: Returns a file of frames like those of a container, (H, W) or (H, W, C) with 2 to 4
            samples a pixel, as stored; of lossy WebP, AVIF and HEIC in a quality, 0 to 100, of no
            less than its last argument.
    """

    parse: Callable[[Data, Limits], Container[Any]]
    decode: Callable[[Container[Any]], tuple[list[Planes], list[Finding]]]
    encode: Callable[[Sequence[Samples], Container[Any], Metadata, int], bytes]


Bands = Generator[tuple[int, Container[Any]], Samples, None]
"""The rows of a band and a container of them, perhaps below some of the band before; each is
answered with its samples."""
