"""Formats that are known by name alone, so that a refusal can say what a file is."""

from __future__ import annotations

from synthmark.media.parts import boxes, movie
from synthmark.media.parts.pieces import Data

_BEGINNINGS = (
    (b"BM", "a BMP picture"),
    (b"II+\0", "a BigTIFF picture, a TIFF of 64-bit offsets: save it as an ordinary TIFF"),
    (b"MM\0+", "a BigTIFF picture, a TIFF of 64-bit offsets: save it as an ordinary TIFF"),
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
    (b"RIFF", "a RIFF file"),
)
_RIFF_TYPES = {b"AVI ": "AVI video"}
_MAJOR_BRANDS = {
    b"crx ": "a Canon raw picture",
    b"mif1": "a HEIF picture that is neither AVIF nor HEIC",
}
_QUICKTIME = b"qt  "


def name(data: Data) -> str | None:
    """Return what a file of no supported format is, None where that is not known."""
    if data[4:8] == b"ftyp":
        return _boxed(data)
    if data.startswith(b"RIFF") and data[8:12] in _RIFF_TYPES:
        return _RIFF_TYPES[data[8:12]]
    return next((said for begin, said in _BEGINNINGS if data.startswith(begin)), None)


def _boxed(data: Data) -> str:
    """Name an ISO base media file by its major brand and by whether it holds tracks."""
    brand = data[8:12]
    if brand in _MAJOR_BRANDS:
        return _MAJOR_BRANDS[brand]
    family = "QuickTime" if brand == _QUICKTIME else "MP4"
    span = boxes.within(data, (0, len(data)), b"moov")
    moving = any(movie.tracks(data, span)) if span else False
    return f"{family} video" if moving else f"a file of the {family} family"
