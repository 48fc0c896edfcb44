"""HEIC (ISO/IEC 23008-12, annex B): a HEIF file whose picture is coded as HEVC."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from synthmark.facts import Finding, Medium
from synthmark.limits import Limits
from synthmark.media.format import LabelPlace, ManifestPlace
from synthmark.media.header import Metadata
from synthmark.media.parts import boxes
from synthmark.media.parts.pieces import Data
from synthmark.media.pictures import decoding, heif, heif_pixels, rate
from synthmark.media.pictures.container import Container, PictureFormat, Planes, Samples
from synthmark.media.pictures.heif import HeifForm

_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})

# As good as medium; ultrafast takes a third of the time, and is 3 dB worse at the same size.
_HOW = {"enc_params": {"preset": "superfast"}}
# Of eight pictures six to seven were read at 40, one at 30.
_CODER = rate.Coder(sizes=(-2.55, -1.5, -0.75, 0.0, 0.42, 0.65, 0.7), first=50, least=40)


def parse(data: Data, limits: Limits) -> Container[HeifForm]:
    """Read the boxes of a HEIC file; as `heif.parse`."""
    return heif.parse(data, limits, FORMAT, coder=heif.HEVC)


def decode(container: Container[HeifForm]) -> tuple[list[Planes], list[Finding]]:
    """Decode the pixels that are shown."""
    [planes], notes = decoding.planes(container, _samples)
    return [heif_pixels.shown(container, planes)], notes


def encode(
    frames: Sequence[Samples], container: Container[HeifForm], metadata: Metadata, least: int = 0
) -> bytes:
    """Return a HEIC whose picture is coded about as finely as it was."""
    form = container.form

    def code(image: Image.Image, quality: int) -> bytes:
        import pillow_heif

        out = io.BytesIO()
        pillow_heif.from_pillow(image).save(
            out,
            quality=quality,
            # Gray is known by its image.
            chroma=form.sampling.replace(":", "").replace("400", "420"),
            matrix_coefficients=int.from_bytes(form.colours[4:6]) or heif.BT601,
            full_range_flag=int(heif.is_full(form.colours)),
            **_HOW,
        )
        return out.getvalue()

    return heif_pixels.encoded(frames[0], container, metadata, code, coder=_CODER, least=least)


def _samples(container: Container[HeifForm]) -> Samples:
    import pillow_heif

    file = pillow_heif.open_heif(io.BytesIO(container.bare), convert_hdr_to_8bit=True)
    samples = decoding.array(file.to_pillow())
    # Of gray it keeps more than eight bits, which are told to be lost.
    if samples.dtype != np.uint8:
        samples = (samples >> 8).astype(np.uint8)
    return heif_pixels.single(container, samples)


FORMAT = PictureFormat(
    media_type="image/heic",
    name="HEIC",
    medium=Medium.PICTURE,
    suffixes=(".heic", ".heif"),
    begins=lambda data: bool(boxes.brands(data) & _BRANDS),
    parse=parse,
    items=heif.items,
    decode=decode,
    encode=encode,
    label_place=LabelPlace.XMP,
    manifest_place=ManifestPlace.BOX,
    extra="heif",
)
