from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthmark import labels, media, words
from synthmark.errors import MediaError, UnreadableError
from synthmark.limits import Limits
from tests.media.samples import (
    ICC,
    chunk,
    coded,
    colours,
    exif,
    raw_png,
    segment,
    with_chunks,
    with_segments,
)

SMALL = Limits(pixels=2**18, metadata_bytes=2**16)
XMP = labels.xmp.make("{}", "x")
RICH = [
    with_chunks(
        coded(colours(24, 32, 4), "PNG", icc_profile=ICC),
        chunk(b"eXIf", exif(6)),
        chunk(b"zTXt", b"AIGC\0\0" + zlib.compress(b'{"Label":"1"}')),
        chunk(b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + XMP),
    ),
    coded(colours(24, 32), "JPEG", exif=b"Exif\0\0" + exif(3), xmp=XMP, icc_profile=ICC),
    coded(colours(24, 32), "JPEG", progressive=True, subsampling=2),
    coded(colours(24, 32, 4), "WEBP", lossless=True, exif=exif(8), xmp=XMP, icc_profile=ICC),
    coded(colours(24, 32, 4), "WEBP"),
]
STARTS = (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\x20\0\0\0WEBPVP8X")


def refusal(data: bytes) -> MediaError | None:
    try:
        media_type = media.sniff(data)
        layer = labels.read(data, media_type, limits=SMALL)
        assert all("\n" not in words.sentence(problem) for problem in layer.problems)
        picture = media.Picture.decode(data, limits=SMALL)
        picture.encode(picture.pixels, metadata=picture.metadata)
    except MediaError as error:
        return error
    return None


def look(data: bytes) -> None:
    """Whatever the bytes, nothing but a MediaError comes out, in one line."""
    error = refusal(data)
    if error is not None:
        assert "\n" not in str(error)
        assert error.code.startswith(("media", "limit"))


@given(st.sampled_from(STARTS), st.binary(max_size=300))
@settings(max_examples=150)
def test_random_bytes(start: bytes, rest: bytes) -> None:
    look(start + rest)


@given(
    st.sampled_from(RICH),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8),
)
@settings(max_examples=300)
def test_changed_bytes(data: bytes, changes: list[tuple[int, int]]) -> None:
    changed = bytearray(data)
    for place, value in changes:
        changed[place % len(changed)] = value
    look(bytes(changed))


@given(st.sampled_from(RICH), st.integers(0, 10**6), st.integers(0, 40), st.binary(max_size=20))
@settings(max_examples=150)
def test_bytes_taken_out_and_put_in(data: bytes, place: int, gap: int, more: bytes) -> None:
    place %= len(data)
    look(data[:place] + more + data[place + gap :])


@pytest.mark.parametrize(
    "header",
    [
        struct.pack(">IIBBBBB", 0, 8, 8, 2, 0, 0, 0),
        struct.pack(">IIBBBBB", 8, 8, 8, 5, 0, 0, 0),
        struct.pack(">IIBBBBB", 8, 8, 3, 0, 0, 0, 0),
        b"short",
    ],
)
def test_a_png_header_that_makes_no_sense(header: bytes) -> None:
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IEND", b"")
    with pytest.raises(UnreadableError, match="IHDR"):
        media.Picture.decode(data)


def test_a_png_palette_that_is_not_there() -> None:
    with pytest.raises(UnreadableError, match="palette"):
        media.Picture.decode(raw_png(2, 1, 8, 3, b"\0\0\0"))


def test_a_png_clear_colour_of_the_wrong_size() -> None:
    with pytest.raises(UnreadableError, match="clear colour"):
        media.Picture.decode(raw_png(1, 1, 8, 2, b"\0\1\2\3", chunk(b"tRNS", b"\0")))


def test_a_jpeg_without_frame() -> None:
    with pytest.raises(UnreadableError, match="frame header"):
        media.Picture.decode(b"\xff\xd8" + segment(0xFE, b"only a comment") + b"\xff\xd9")


def test_metadata_that_is_broken_does_no_harm() -> None:
    pixels = colours()
    png = with_chunks(
        coded(pixels, "PNG"),
        chunk(b"iCCP", b"name\0\0not zlib"),
        chunk(b"zTXt", b"key\0\0not zlib"),
        chunk(b"eXIf", b"II*\0\xff\xff\xff\xff"),
        chunk(b"gAMA", b"1"),
        chunk(b"tEXt", b"\xff" * 40),
    )
    assert (media.Picture.decode(png).pixels == pixels).all()
    jpeg = with_segments(
        coded(pixels, "JPEG"),
        segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff"),
        segment(0xE2, b"ICC_PROFILE\0\x03\x07abc"),
        segment(0xE2, b"MPF\0broken"),
        segment(0xED, b"Photoshop 3.0\x008BIM\xff"),
        segment(0xEE, b"Adobe"),
    )
    assert media.Picture.decode(jpeg).pixels.shape == pixels.shape
