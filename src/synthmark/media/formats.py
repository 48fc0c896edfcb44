"""Tell formats apart by their first bytes, never by their names."""

from __future__ import annotations

import re

from synthmark.errors import UnreadableError, UnsupportedError
from synthmark.media.parts import boxes, id3, movie
from synthmark.media.sounds import mpeg

PNG = "image/png"
JPEG = "image/jpeg"
WEBP = "image/webp"
TIFF = "image/tiff"
GIF = "image/gif"
AVIF = "image/avif"
HEIC = "image/heic"
WAV = "audio/wav"
MP3 = "audio/mpeg"
FLAC = "audio/flac"
OGG = "audio/ogg"
M4A = "audio/mp4"

SOUNDS = frozenset({WAV, MP3, FLAC, OGG, M4A})
SUPPORTED = (
    "PNG, JPEG, WebP, GIF, TIFF, AVIF and HEIC pictures and WAV, MP3, FLAC, Ogg and M4A sound are "
    "supported"
)

_SUPPORTED = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"fLaC", FLAC),
    (b"OggS", OGG),
)
_KNOWN = (
    (b"BM", "a BMP picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 codestream"),
    (b"8BPS", "a Photoshop document"),
    (b"\0\0\1\0", "a Windows icon"),
    (b"\0\0\2\0", "a Windows cursor"),
    (b"\x8aMNG\r\n\x1a\n", "an MNG animation"),
    (b"qoif", "a QOI picture"),
    (b"P4", "a PBM picture"),
    (b"P5", "a PGM picture"),
    (b"P6", "a PPM picture"),
    (b"%PDF", "a PDF document"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML document"),
    (b"RF64", "WAV sound of the 64-bit sort (RF64)"),
    (b"BW64", "WAV sound of the 64-bit sort (BW64)"),
    (b"RIFX", "WAV sound with the highest byte first (RIFX)"),
    (b"#!AMR", "AMR sound"),
    (b"FORM", "AIFF sound"),
    (b"caff", "sound of Apple's Core Audio"),
    (b".snd", "AU sound"),
    (b"\xff\xf1", "AAC sound"),
    (b"\xff\xf9", "AAC sound"),
    (b"FLV\1", "Flash video"),
    (b"\x1a\x45\xdf\xa3", "a Matroska or WebM file"),
    (b"PK\3\4", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
)
_BIG_TIFF = (b"II+\0", b"MM\0+")
_RIFF_TYPES = {b"WEBP": WEBP, b"WAVE": WAV}
_RIFF = {b"AVI ": "AVI video"}
_BRANDS = {
    b"crx ": "a Canon raw picture",
    b"qt  ": "QuickTime",
    b"mif1": "a HEIF picture that is neither AVIF nor HEIC",
}
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_M4A_BRANDS = frozenset({b"M4A ", b"M4B "})
_SOUND, _VIDEO = b"soun", b"vide"
_MOST_BRANDS = 64
_ZEROS = re.compile(rb"\0+")
# Bytes before an MP3 that are searched; and frames that must follow one another there: chance
# makes as many of fewer than one in 10^9 files.
_MOST_JUNK = 2**16
_SURE = 4


def sniff(data: bytes) -> str:
    """Return the media type of `data`, one of those in this module.

    Raises:
        UnreadableError: There are no bytes at all.
        UnsupportedError: Any other format, named as far as it is known.
    """
    if not data:
        raise UnreadableError("the file is empty", code="media.empty")
    media_type = _known(data)
    if media_type is not None:
        return media_type
    if data.startswith(_BIG_TIFF):
        raise UnsupportedError(
            "this is a BigTIFF picture, a TIFF of 64-bit offsets; save it as an ordinary TIFF",
            code="media.unsupported-format",
        )
    name = _name(data)
    if name is None and _is_late_mp3(data):
        return MP3
    if name is None:
        raise UnsupportedError(
            f"neither a picture nor a sound that synthmark knows; {SUPPORTED}",
            code="media.unknown-format",
        )
    raise UnsupportedError(f"this is {name}; {SUPPORTED}", code="media.unsupported-format")


def _known(data: bytes) -> str | None:
    for magic, media_type in _SUPPORTED:
        if data.startswith(magic):
            return media_type
    if data.startswith(b"RIFF"):
        return _RIFF_TYPES.get(data[8:12])
    if data.startswith(b"ID3"):
        # The C2PA engine puts such a tag even before FLAC.
        return FLAC if data.startswith(b"fLaC", id3.leading_end(data)) else MP3
    if data[4:8] == b"ftyp":
        return _boxed(data)
    return MP3 if mpeg.is_stream(data, 0, frames=2) or mpeg.is_free(data, 0) else None


def _is_late_mp3(data: bytes) -> bool:
    """Tell whether an MP3 begins behind zeros, or behind a little else that is no format's."""
    zeros = _ZEROS.match(data)
    start = zeros.end() if zeros is not None else 0
    if start and data.startswith(b"ID3", start):
        return id3.length(data[start : start + 10]) > 0
    end = start + _MOST_JUNK
    place = mpeg.find(data, start, end)
    while place is not None and not mpeg.is_stream(data, place, frames=_SURE):
        place = mpeg.find(data, place + 1, end)
    return place is not None


def _boxed(data: bytes) -> str | None:
    """Return what an ISO base media file is."""
    brands = _brands(data)
    if brands & _AVIF_BRANDS:
        return AVIF
    if brands & _HEIC_BRANDS:
        return HEIC
    return M4A if _is_sound(data) else None


def _brands(data: bytes) -> frozenset[bytes]:
    """Return the brands of an ISO base media file (ISO/IEC 14496-12, 4.3)."""
    end = min(int.from_bytes(data[:4]), 16 + 4 * _MOST_BRANDS)
    return frozenset(data[place : place + 4] for place in (8, *range(16, end, 4)))


def _is_sound(data: bytes) -> bool:
    """Tell whether a file is sound by its tracks: the brand says little of what is in it.

    Pictures that a track of sound refers to are its chapters'.
    """
    tracks = _tracks(data)
    if not tracks:
        return data[8:12] in _M4A_BRANDS
    chapters = {number for each in tracks for number in each.chapters}
    sorts = {each.handler for each in tracks if each.number not in chapters}
    return _SOUND in sorts and _VIDEO not in sorts


def _tracks(data: bytes) -> list[movie.Trak]:
    span = boxes.within(data, (0, len(data)), b"moov")
    return movie.tracks(data, span) if span else []


def _name(data: bytes) -> str | None:
    if data[4:8] == b"ftyp":
        family = _BRANDS.get(data[8:12], "MP4")
        if " " in family:
            return family
        return f"{family} video" if any(_tracks(data)) else f"a file of the {family} family"
    if data.startswith(b"RIFF"):
        return _RIFF.get(data[8:12], "a RIFF file")
    for magic, name in _KNOWN:
        if data.startswith(magic):
            return name
    return None
