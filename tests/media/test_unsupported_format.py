from __future__ import annotations

import pytest

from synthmark import media
from synthmark.errors import UnsupportedError
from synthmark.media.formats import JPEG, PNG, WEBP
from tests.media.samples import coded, colours, segment

FORMATS = {
    "BMP": coded(colours(8, 8), "BMP"),
    "Canon raw": b"\0\0\0\x18ftypcrx \0\0\0\0" + bytes(8),
    "JPEG 2000": coded(colours(64, 64), "JPEG2000"),
    "Windows icon": coded(colours(16, 16), "ICO"),
    "PPM": coded(colours(8, 8), "PPM"),
    "MP4": b"\0\0\0\x18ftypisom\0\0\0\0",
    "JPEG XL": b"\xff\x0a" + bytes(20),
    "Photoshop": b"8BPS\0\1" + bytes(20),
    "WAV": b"RF64\xff\xff\xff\xffWAVEds64",
    "AIFF": b"FORM\0\0\0\x24AIFFCOMM",
    "AAC": b"\xff\xf1\x50\x80" + bytes(20),
    "AVI": b"RIFF\x24\0\0\0AVI LIST",
    "RIFF": b"RIFF\x24\0\0\0ABCD",
    "Matroska": b"\x1a\x45\xdf\xa3" + bytes(20),
    "PDF": b"%PDF-1.7",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_format_and_what_is_supported_are_named(name: str) -> None:
    with pytest.raises(UnsupportedError, match=name) as caught:
        media.Picture.decode(FORMATS[name])
    assert "PNG, JPEG, WebP" in str(caught.value)
    assert caught.value.code == "media.unsupported-format"


@pytest.mark.parametrize("magic", [b"II+\0", b"MM\0+"])
def test_a_bigtiff_is_no_tiff_and_what_to_do_is_said(magic: bytes) -> None:
    with pytest.raises(UnsupportedError) as caught:
        media.Picture.decode(magic + bytes(20))
    assert str(caught.value).startswith(
        "this is a BigTIFF picture, a TIFF of 64-bit offsets: save it as an ordinary TIFF"
    )


@pytest.mark.parametrize("data", [b"hello", b"\0" * 100, b"\x89PN", b"\xff\xd8", b"RIFF"])
def test_what_is_no_picture(data: bytes) -> None:
    with pytest.raises(UnsupportedError, match="PNG, JPEG, WebP"):
        media.sniff(data)


def test_the_content_decides_not_the_name() -> None:
    assert media.sniff(coded(colours(8, 8), "WEBP")) == WEBP
    assert media.sniff(coded(colours(8, 8), "JPEG")) == JPEG
    assert media.sniff(coded(colours(8, 8), "PNG")) == PNG


@pytest.mark.parametrize(("marker", "bits"), [(0xC3, 8), (0xC1, 12)])
def test_lossless_and_twelve_bit_jpeg(marker: int, bits: int) -> None:
    frame = bytes((bits, 0, 8, 0, 8, 1, 1, 0x11, 0))
    with pytest.raises(UnsupportedError, match=f"{bits} bits") as caught:
        media.Picture.decode(b"\xff\xd8" + segment(marker, frame) + b"\xff\xd9")
    assert caught.value.code == "media.jpeg-process"


def test_two_components() -> None:
    frame = bytes((8, 0, 8, 0, 8, 2, 1, 0x11, 0, 2, 0x11, 0))
    with pytest.raises(UnsupportedError, match="2 components"):
        media.Picture.decode(b"\xff\xd8" + segment(0xC0, frame) + b"\xff\xd9")
