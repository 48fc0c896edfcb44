"""HEIC (ISO/IEC 23008-12, annex B): a HEIF file whose picture is coded as HEVC."""

from __future__ import annotations

from synthmark.facts import Medium
from synthmark.limits import Limits
from synthmark.media.format import LabelPlace, ManifestPlace
from synthmark.media.parts import boxes
from synthmark.media.parts.pieces import Data
from synthmark.media.pictures import heif
from synthmark.media.pictures.picture import Container, PictureFormat

_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})


def parse(data: Data, limits: Limits) -> Container:
    """Read the boxes of a HEIC file; as `heif.parse`."""
    return heif.parse(data, limits, FORMAT, coder=heif.HEVC)


FORMAT = PictureFormat(
    media_type="image/heic",
    name="HEIC",
    medium=Medium.PICTURE,
    suffixes=(".heic", ".heif"),
    begins=lambda data: bool(boxes.brands(data) & _BRANDS),
    parse=parse,
    items=heif.items,
    label_place=LabelPlace.XMP,
    manifest_place=ManifestPlace.BOX,
    extra="heif",
)
