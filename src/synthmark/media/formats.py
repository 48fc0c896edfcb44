"""The formats that are supported, and what follows from their records.

A new one is a module that ends in its `FORMAT`, an entry here and a sample in
``tests/media/samples.py``.
"""

from __future__ import annotations

from synthmark.errors import UnreadableError, UnsupportedError
from synthmark.facts import Medium
from synthmark.limits import Limits
from synthmark.media import unsupported
from synthmark.media.format import Format
from synthmark.media.header import Header
from synthmark.media.parts.inventory import Item
from synthmark.media.parts.pieces import Data
from synthmark.media.pictures.avif import FORMAT as AVIF
from synthmark.media.pictures.gif import FORMAT as GIF
from synthmark.media.pictures.heic import FORMAT as HEIC
from synthmark.media.pictures.jpeg import FORMAT as JPEG
from synthmark.media.pictures.png import FORMAT as PNG
from synthmark.media.pictures.tiff import FORMAT as TIFF
from synthmark.media.pictures.webp import FORMAT as WEBP
from synthmark.media.sounds import mp3
from synthmark.media.sounds.flac import FORMAT as FLAC
from synthmark.media.sounds.m4a import FORMAT as M4A
from synthmark.media.sounds.mp3 import FORMAT as MP3
from synthmark.media.sounds.ogg import FORMAT as OGG
from synthmark.media.sounds.wav import FORMAT as WAV

__all__ = [
    "AVIF",
    "FLAC",
    "FORMATS",
    "GIF",
    "HEIC",
    "JPEG",
    "M4A",
    "MP3",
    "OGG",
    "PNG",
    "SUPPORTED",
    "TIFF",
    "WAV",
    "WEBP",
    "inspect",
    "items",
    "named",
    "promised",
    "sniff",
]

_DEFAULT_LIMITS = Limits()

FORMATS: tuple[Format, ...] = (
    *(PNG, JPEG, WEBP, GIF, TIFF, AVIF, HEIC),
    # MP3 has no signature: what looks like its frames may begin another format.
    *(WAV, FLAC, OGG, M4A, MP3),
)
"""All of them, in the order in which a file's first bytes are held against them."""


def sniff(data: Data) -> Format:
    """Return the format of a file, by its bytes alone.

    Raises:
        UnreadableError: There are no bytes at all.
        UnsupportedError: Any other format, named as far as it is known.
    """
    if not data:
        raise UnreadableError("the file is empty", code="media.empty")
    for each in FORMATS:
        if each.begins(data):
            return each
    name = unsupported.name(data)
    if name is not None:
        raise UnsupportedError(f"this is {name}; {SUPPORTED}", code="media.unsupported-format")
    # Only where nothing else is known: an MP3 may begin behind bytes that belong to nothing.
    if mp3.begins_later(data):
        return MP3
    raise UnsupportedError(
        f"neither a picture nor a sound that synthmark knows; {SUPPORTED}",
        code="media.unknown-format",
    )


def inspect(
    data: Data, format: Format | None = None, *, limits: Limits = _DEFAULT_LIMITS
) -> Header:
    """Read a file's header and metadata; decode nothing.

    Args:
        data: The whole file.
        format: What `sniff` said; sniffed when not given.
        limits: What the file, its signal and its metadata blocks cannot pass.

    Raises:
        UnreadableError: Empty, or without a header that can be read.
        UnsupportedError: Another format; what a known one lacks support for is the header's
            obstacle.
        LimitError: The file, its signal or a metadata block is too large.
    """
    format = format or sniff(data)
    limits.check_file(len(data), sound=format.medium is Medium.SOUND)
    return format.parse(data, limits)


def items(data: Data, format: Format) -> tuple[Item, ...]:
    """Return what a file says beside its signal, item by item, in the file's order.

    The manifest is left out.

    Raises:
        LimitError: There are more items than any writer makes.
    """
    return tuple(format.items(data))


def named(media_type: str) -> Format:
    """Return the format of a MIME type.

    Raises:
        KeyError: It is none of those that are supported.
    """
    return _BY_MEDIA_TYPE[media_type]


def promised(suffix: str) -> Format | None:
    """Return the format that a file name's suffix promises, None where it promises none."""
    return next((each for each in FORMATS if suffix.lower() in each.suffixes), None)


def _listed(medium: Medium) -> str:
    *names, last = (each.name for each in FORMATS if each.medium is medium)
    return f"{', '.join(names)} and {last}"


_BY_MEDIA_TYPE = {each.media_type: each for each in FORMATS}
SUPPORTED = f"{_listed(Medium.PICTURE)} pictures and {_listed(Medium.SOUND)} sound are supported"
"""What a refusal offers instead."""
