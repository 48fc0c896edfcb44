"""CMYK pictures are converted, and the result says so."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from synthmark import media, words
from tests.media.samples import ICC, coded, colours, header, raw_tiff

INK = Image.fromarray(colours()).convert("CMYK")


def gray_inks() -> bytes:
    """A CMYK profile whose cyan, magenta and yellow are all gray (ICC.1, 10.10)."""
    matrix = struct.pack(">9i", *(0x10000 * (k % 4 == 0) for k in range(9)))
    inputs = bytes(range(256)) * 4
    grid = bytearray()
    for corner in range(16):
        inks = [corner >> 3 & 1, corner >> 2 & 1, corner >> 1 & 1, corner & 1]
        light = 0 if inks[3] else 255 - 60 * sum(inks[:3])
        grid += bytes((light, 128, 128))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix
    table += inputs + grid + bytes(range(256)) * 3
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    start = 128 + 4 + 2 * 12
    tags = struct.pack(">I", 2)
    tags += struct.pack(">4sII", b"A2B0", start, len(table))
    tags += struct.pack(">4sII", b"wtpt", start + len(table), len(white))
    size = start + len(table) + len(white)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02400000, b"prtr", b"CMYK", b"Lab ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    return head.ljust(128, b"\0") + tags + table + white


def inked(kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    INK.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_it_becomes_rgb_and_says_so(kind: str) -> None:
    data = inked(kind, **({"quality": 95} if kind == "JPEG" else {}))
    assert header(data).mode == "CMYK"
    picture = media.Picture.decode(data)
    (said,) = [note for note in picture.notes if note.code == "media.cmyk"]
    assert "without a profile" in words.sentence(said)
    with Image.open(io.BytesIO(data)) as seen:
        assert (picture.pixels == np.asarray(seen.convert("RGB"))).all()
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    with Image.open(io.BytesIO(encoded)) as written:
        assert (written.format, written.mode) == (kind, "RGB")
        near = np.abs(np.asarray(written).astype(int) - picture.pixels)
    assert near.mean() < 3
    assert "media.cmyk" not in {note.code for note in media.Picture.decode(encoded).notes}


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_the_profile_of_the_inks_decides_and_is_not_kept(kind: str) -> None:
    picture = media.Picture.decode(inked(kind, icc_profile=gray_inks()))
    (said,) = [note for note in picture.notes if note.code == "media.cmyk"]
    assert "through its ICC profile" in words.sentence(said)
    assert np.ptp(picture.pixels.astype(int), axis=2).max() <= 2
    assert np.ptp(picture.pixels) > 100
    assert picture.container.icc is None
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert b"ICC_PROFILE" not in encoded
    assert header(encoded).icc is None


@pytest.mark.parametrize(
    "profile", [ICC, ICC[:16] + b"CMYK" + ICC[20:], gray_inks()[:400], b"CMYK" * 40]
)
def test_a_profile_that_cannot_be_used_is_left_aside(profile: bytes) -> None:
    picture = media.Picture.decode(inked(icc_profile=profile))
    assert "without a profile" in words.sentence(picture.notes[0])
    assert (picture.pixels == media.Picture.decode(inked()).pixels).all()


def test_sixteen_bits_of_ink_become_eight_of_light() -> None:
    samples = np.asarray(INK).astype(np.uint16) * 257
    picture = media.Picture.decode(raw_tiff(samples, 5))
    assert picture.pixels.dtype == np.uint8
    assert (picture.pixels == media.Picture.decode(inked("TIFF")).pixels).all()


def test_the_first_tables_are_kept() -> None:
    picture = media.Picture.decode(inked(qtables=[[5] * 64, [9] * 64]))
    again = header(picture.encode(picture.pixels, metadata=picture.metadata))
    assert again.form.tables[0] == (5,) * 64


def test_rgb_pictures_are_not_touched() -> None:
    assert media.Picture.decode(coded(colours(), "JPEG")).notes == ()
