from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from synthmark import media
from synthmark.errors import LimitError, UsageError
from synthmark.media import Metadata
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


def again(picture: media.Picture, **changes: Any) -> media.Picture:
    return media.Picture.decode(
        picture.encode(picture.pixels, metadata=picture.metadata, **changes)
    )


@given(
    arrays.arrays(
        np.uint8,
        st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 2, 3, 4])),
    )
)
@settings(max_examples=80)
def test_png_returns_every_sample(samples: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    pixels = samples[:, :, 0] if samples.shape[2] == 1 else samples
    picture = media.Picture.decode(coded(pixels, "PNG"))
    other = again(picture)
    assert (other.pixels == picture.pixels).all()
    assert (other.alpha is None) == (picture.alpha is None) == (samples.shape[2] in (1, 3))
    if other.alpha is not None:
        assert (other.alpha == samples[:, :, -1]).all()
    assert other.container.mode == picture.container.mode


def test_png_keeps_its_chunks_byte_for_byte() -> None:
    chunks = [
        chunk(b"cHRM", struct.pack(">8I", *range(31270, 31278))),
        chunk(b"gAMA", struct.pack(">I", 45455)),
        chunk(b"iCCP", b"my profile\0\0" + zlib.compress(ICC, 9)),
        chunk(b"cICP", b"\1\x0d\0\1"),
        chunk(b"pHYs", struct.pack(">IIB", 3, 4, 0)),
        chunk(b"tIME", b"\x07\xea\1\2\3\4\5"),
        chunk(b"eXIf", exif(1)),
        chunk(b"tEXt", b"parameters\0a cat"),
        chunk(b"zTXt", b"prompt\0\0" + zlib.compress(b"a dog")),
        chunk(b"iTXt", "Titel\0\0\0de\0Titel\0Größe".encode()),
    ]
    data = with_chunks(coded(colours(), "PNG"), *chunks, chunk(b"caBX", b"an old manifest"))
    picture = media.Picture.decode(data)
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    for each in chunks:
        assert each in encoded
    assert b"caBX" not in encoded
    read = Image.open(io.BytesIO(encoded))
    assert read.info["icc_profile"] == ICC
    assert (np.asarray(read) == colours()).all()


TABLES = [
    [[1] * 64, [2] * 64],
    [list(range(1, 65)), list(range(64, 0, -1))],
    [[7] * 64],
    [[3] * 64, [4] * 64, [5] * 64],
]


@pytest.mark.parametrize("tables", TABLES)
@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_keeps_tables_and_sampling(
    tables: list[list[int]], sampling: str, progressive: bool
) -> None:
    data = coded(colours(), "JPEG", qtables=tables, subsampling=sampling, progressive=progressive)
    picture = media.Picture.decode(data)
    assert picture.container.form.tables == tuple(map(tuple, tables))
    other = again(picture)
    assert other.container.form.tables == picture.container.form.tables
    assert other.container.form.sampling == sampling
    assert other.container.form.progressive == progressive


def test_jpeg_keeps_its_segments_byte_for_byte() -> None:
    photoshop = segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\0")
    comment, other = segment(0xFE, b"made by hand"), segment(0xEC, b"Ducky\0stuff")
    manifest = segment(0xEB, b"JP\0\1an old manifest")
    data = coded(colours(), "JPEG", dpi=(300, 200), exif=b"Exif\0\0" + exif(1), icc_profile=ICC)
    picture = media.Picture.decode(with_segments(data, photoshop, manifest, comment, other))
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    for each in (photoshop, comment, other, segment(0xE1, b"Exif\0\0" + exif(1))):
        assert each in encoded
    assert b"an old manifest" not in encoded
    read = Image.open(io.BytesIO(encoded))
    assert read.info["icc_profile"] == ICC
    assert read.info["jfif_density"] == (300, 200)
    assert media.Picture.decode(encoded).container.icc == ICC


def test_a_profile_of_several_segments() -> None:
    profile = np.random.default_rng(1).bytes(150_000)
    picture = media.Picture.decode(coded(colours(), "JPEG", icc_profile=profile))
    assert picture.container.icc == profile
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert Image.open(io.BytesIO(encoded)).info["icc_profile"] == profile


def test_jpeg_that_stores_rgb_stays_so() -> None:
    picture = media.Picture.decode(
        coded(colours(), "JPEG", keep_rgb=True, quality=95, subsampling=0)
    )
    assert picture.container.form.rgb
    other = again(picture)
    assert other.container.form.rgb
    assert b"JFIF" not in picture.encode(picture.pixels, metadata=picture.metadata)
    assert np.abs(other.pixels.astype(int) - picture.pixels).max() < 20


def test_gray_jpeg_stays_gray() -> None:
    picture = media.Picture.decode(coded(colours(channels=1), "JPEG"))
    assert picture.pixels.ndim == 2
    assert again(picture).container.mode == "gray"


def test_a_jpeg_without_jfif_gets_none() -> None:
    data = coded(colours(), "JPEG")
    picture = media.Picture.decode(data[:2] + data[20:])
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert b"JFIF" not in encoded
    assert Image.open(io.BytesIO(encoded)).size == (64, 48)


def test_a_rare_subsampling_becomes_444_with_a_note() -> None:
    data = bytearray(coded(colours(48, 48, 3), "JPEG", subsampling="4:2:2"))
    frame = data.index(b"\xff\xc0") + 10
    data[frame + 1] = 0x12  # two blocks high instead of wide: 4:4:0
    picture = media.Picture.decode(bytes(data))
    assert [note.code for note in picture.notes] == ["media.sampling"]
    assert again(picture).container.form.sampling == "4:4:4"


def test_lossless_webp_stays_lossless_below_clear_pixels_too() -> None:
    samples = colours(channels=4)
    samples[:, :, 3] = 0
    data = coded(samples, "WEBP", lossless=True, exact=True, icc_profile=ICC, exif=exif(1))
    other = again(media.Picture.decode(data))
    assert other.container.lossless
    assert other.container.icc == ICC
    assert other.alpha is not None
    assert (other.alpha == 0).all()
    assert (other.pixels == samples[:, :, :3]).all()


def test_lossy_webp_keeps_alpha_bit_for_bit() -> None:
    picture = media.Picture.decode(coded(colours(channels=4), "WEBP", quality=80))
    other = again(picture)
    assert not other.container.lossless
    assert picture.alpha is not None
    assert other.alpha is not None
    assert (other.alpha == picture.alpha).all()
    assert np.abs(other.pixels.astype(int) - picture.pixels).mean() < 6


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_xmp_stands_where_the_container_wants_it(kind: str) -> None:
    packet = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b" " * 5000 + b"</x:xmpmeta>"
    picture = media.Picture.decode(coded(colours(), kind))
    encoded = picture.encode(picture.pixels, metadata=Metadata(xmp=packet))
    assert media.inspect(encoded).metadata.xmp == packet
    assert Image.open(io.BytesIO(encoded)).info["xmp"] == packet


def test_xmp_too_long_for_jpeg_is_said() -> None:
    picture = media.Picture.decode(coded(colours(), "JPEG"))
    with pytest.raises(LimitError, match="a JPEG segment holds") as caught:
        picture.encode(picture.pixels, metadata=Metadata(xmp=bytes(70_000)))
    assert caught.value.code == "limit.segment"


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_few_bits_of_gray_become_eight(depth: int) -> None:
    picture = media.Picture.decode(raw_png(8, 1, depth, 0, b"\0" + bytes((0b10110100,)) * depth))
    full = 255 // (2**depth - 1)
    bits = np.unpackbits(np.frombuffer(bytes((0b10110100,)) * depth, np.uint8))
    values = bits.reshape(8, depth) @ (1 << np.arange(depth)[::-1])
    assert (picture.pixels == values * full).all()
    assert [note.code for note in picture.notes] == ["media.depth"]


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_clear_gray_is_compared_in_its_own_depth(depth: int) -> None:
    clear = chunk(b"tRNS", struct.pack(">H", 1))
    row = b"\0" + bytes((0,)) * (depth - 1) + b"\1"
    picture = media.Picture.decode(raw_png(8, 1, depth, 0, row, clear))
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[255] * 7 + [0]]
    assert "media.clear-colour" in [note.code for note in picture.notes]


def test_palettes_become_colours() -> None:
    palette = chunk(b"PLTE", bytes(range(12)))
    picture = media.Picture.decode(raw_png(4, 1, 2, 3, b"\0\x1b", palette))
    assert picture.pixels.tolist() == [[[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]]
    assert picture.alpha is None
    assert [note.code for note in picture.notes] == ["media.palette"]
    clear = media.Picture.decode(
        raw_png(4, 1, 2, 3, b"\0\x1b", palette, chunk(b"tRNS", b"\x07\x09"))
    )
    assert clear.alpha is not None
    assert clear.alpha.tolist() == [[7, 9, 255, 255]]
    assert again(clear).container.mode == "RGBA"


def test_clear_colours_become_alpha() -> None:
    clear = chunk(b"tRNS", struct.pack(">3H", 1, 2, 3))
    picture = media.Picture.decode(raw_png(2, 1, 8, 2, b"\0\1\2\3\1\2\4", clear))
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[0, 255]]


def test_what_follows_the_end_of_a_jpeg_is_told_of() -> None:
    for after, code in (
        (b"a note", "media.trailer"),
        (bytes(9), "media.trailer"),
        (b"\0\0\0\x18ftypmp42", "media.film"),
        (coded(colours(), "JPEG"), "media.more-pictures"),
    ):
        picture = media.Picture.decode(coded(colours(), "JPEG") + after)
        assert [note.code for note in picture.notes] == [code]
        encoded = picture.encode(picture.pixels, metadata=picture.metadata)
        assert encoded.endswith(b"\xff\xd9" + after)


def test_an_index_that_points_to_no_picture_is_left_out() -> None:
    data = with_segments(coded(colours(), "JPEG"), segment(0xE2, b"MPF\0II*\0"))
    picture = media.Picture.decode(data)
    assert [note.code for note in picture.notes] == ["media.index"]
    assert picture.notes[0].accounts_for == ("APP2 MPF",)
    assert b"MPF" not in picture.encode(picture.pixels, metadata=picture.metadata)


def test_pixels_of_another_shape_are_a_mistake_of_the_caller() -> None:
    picture = media.Picture.decode(coded(colours(), "PNG"))
    with pytest.raises(UsageError, match="not uint8"):
        picture.encode(picture.pixels[1:], metadata=picture.metadata)
    with pytest.raises(UsageError, match="uint8"):
        picture.encode(
            picture.pixels.astype(np.uint16),
            metadata=picture.metadata,
        )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_can_be_described(kind: str) -> None:
    said = media.Picture.decode(coded(colours(), kind)).describe()
    assert said["stored_size"] == [64, 48]
    assert (said["lossless"], "sampling" in said) == (kind == "PNG", kind == "JPEG")
