"""AVIF (AV1 Image File Format, 1.1): a HEIF file whose picture is coded as AV1."""

from __future__ import annotations

from synthmark.facts import Medium
from synthmark.limits import Limits
from synthmark.media.format import LabelPlace, ManifestPlace
from synthmark.media.parts import boxes
from synthmark.media.parts.pieces import Data
from synthmark.media.pictures import heif
from synthmark.media.pictures.picture import Container, PictureFormat

_BRANDS = frozenset({b"avif", b"avis"})


def parse(data: Data, limits: Limits) -> Container:
    """Read the boxes of an AVIF file; as `heif.parse`."""
    return heif.parse(data, limits, FORMAT, coder=heif.AV1)


FORMAT = PictureFormat(
    media_type="image/avif",
    name="AVIF",
    medium=Medium.PICTURE,
    suffixes=(".avif",),
    begins=lambda data: bool(boxes.brands(data) & _BRANDS),
    parse=parse,
    items=heif.items,
    label_place=LabelPlace.XMP,
    manifest_place=ManifestPlace.BOX,
)
