"""What there is to know of a format of files: one record each, at the end of its own module.

Nobody else names a media type: a suffix, a place of a label and what is supported follow from the
records that `synthmark.media.formats` gathers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from synthmark.facts import Medium

if TYPE_CHECKING:
    from synthmark.limits import Limits
    from synthmark.media.header import Header
    from synthmark.media.parts.inventory import Item
    from synthmark.media.parts.pieces import Data


class LabelPlace(Enum):
    """Where an AIGC label stands in a file (TC260-PG-20259A and TC260-PG-202510A)."""

    XMP = "XMP TC260:AIGC"
    RIFF_CHUNK = "WAV chunk AIGC"
    ID3_TEXT = "ID3 TXXX AIGC"
    VORBIS_COMMENT = "Vorbis comment AIGC"
    M4A_KEY = "M4A moov.udta.meta AIGC"


class ManifestPlace(Enum):
    """Where a manifest store stands in a file (C2PA specification 2.2, A.3)."""

    PNG_CHUNK = "caBX"
    JPEG_SEGMENT = "APP11"
    RIFF_CHUNK = "C2PA"
    GIF_BLOCK = "C2PA_GIF"
    TIFF_FIELD = "52545"
    BOX = "uuid"
    ID3_FRAME = "GEOB"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Format:
    """A format that is read and written.

    Attributes:
        media_type: MIME type.
        name: What messages call it.
        medium: What such a file holds.
        suffixes: Of file names, in lower case, the usual one first.
        begins: Tells whether bytes, perhaps of a file's beginning alone, are of this format.
        parse: Reads a file's header; decodes nothing.
        items: Yields what a file says beside its signal, in the file's order, without its manifest.
        label_place: Where its AIGC label stands; None where it can hold none.
        manifest_place: Where its manifest stands; None where that lies beside the file.
        extra: The extra of synthmark that decodes it, None where nothing more is needed.
    """

    media_type: str
    name: str
    medium: Medium
    suffixes: tuple[str, ...]
    begins: Callable[[Data], bool]
    parse: Callable[[Data, Limits], Header]
    items: Callable[[Data], Iterable[Item]]
    label_place: LabelPlace | None
    manifest_place: ManifestPlace | None
    extra: str | None = None
