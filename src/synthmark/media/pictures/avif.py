"""AVIF (AV1 Image File Format, 1.1): a HEIF file whose picture is coded as AV1."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile

from synthmark.facts import Finding, Medium
from synthmark.limits import Limits
from synthmark.media.format import LabelPlace, ManifestPlace
from synthmark.media.header import Metadata
from synthmark.media.parts import boxes
from synthmark.media.parts.pieces import Data
from synthmark.media.pictures import decoding, heif, heif_pixels, rate
from synthmark.media.pictures.container import Container, PictureFormat, Planes, Samples
from synthmark.media.pictures.heif import HeifForm

_BRANDS = frozenset({b"avif", b"avis"})

# Speed 8 takes a quarter of the time of the default for a tenth more bytes.
_HOW = {"speed": 8, "max_threads": 1}
# Of eight pictures six to seven were read at 46, two at 40.
_CODER = rate.Coder(sizes=(-2.2, -1.45, -0.67, 0.0, 0.37, 0.88, 1.4), first=75, least=46)


def parse(data: Data, limits: Limits) -> Container[HeifForm]:
    """Read the boxes of an AVIF file; as `heif.parse`."""
    return heif.parse(data, limits, FORMAT, coder=heif.AV1)


def decode(container: Container[HeifForm]) -> tuple[list[Planes], list[Finding]]:
    """Decode the pixels that are shown."""

    def sample(container: Container[HeifForm]) -> Samples:
        return heif_pixels.single(container, decoding.eight_bits(container, AvifImageFile))

    [planes], notes = decoding.planes(container, sample)
    return [heif_pixels.shown(container, planes)], notes


def encode(
    frames: Sequence[Samples], container: Container[HeifForm], metadata: Metadata, least: int = 0
) -> bytes:
    """Return an AVIF whose picture is coded about as finely as it was."""
    form = container.form

    def code(image: Image.Image, quality: int) -> bytes:
        out = io.BytesIO()
        image.save(
            out,
            "AVIF",
            quality=quality,
            subsampling="4:0:0" if image.mode.startswith("L") else form.sampling,
            range="full" if heif.is_full(form.colours) else "limited",
            **_HOW,
        )
        return out.getvalue()

    return heif_pixels.encoded(frames[0], container, metadata, code, coder=_CODER, least=least)


FORMAT = PictureFormat(
    media_type="image/avif",
    name="AVIF",
    medium=Medium.PICTURE,
    suffixes=(".avif",),
    begins=lambda data: bool(boxes.brands(data) & _BRANDS),
    parse=parse,
    items=heif.items,
    decode=decode,
    encode=encode,
    label_place=LabelPlace.XMP,
    manifest_place=ManifestPlace.BOX,
)
