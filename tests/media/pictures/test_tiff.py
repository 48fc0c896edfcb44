"""TIFF in all its layouts, written by others and read by others."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from synthmark import media
from synthmark.errors import LimitError, UnsupportedError
from synthmark.limits import Limits
from synthmark.media import Metadata
from synthmark.media.formats import TIFF
from synthmark.media.parts.directory import Field, numeric, pack
from tests.media.samples import ICC, coded, colours, raw_tiff

XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"


def again(picture: media.Picture) -> media.Picture:
    return media.Picture.decode(picture.encode(picture.pixels, metadata=picture.metadata))


@pytest.mark.parametrize(
    "compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits"]
)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_sample_is_read_and_written(compression: str, channels: int) -> None:
    samples = colours(channels=channels)
    picture = media.Picture.decode(coded(samples, "TIFF", compression=compression))
    planes = picture.pixels if picture.alpha is None else np.dstack((picture.pixels, picture.alpha))
    assert (planes == samples).all()
    data = picture.encode(picture.pixels, metadata=picture.metadata)
    with Image.open(io.BytesIO(data)) as seen:
        assert seen.format == "TIFF"
        assert (np.asarray(seen) == samples).all()
        stored = seen.info["compression"]
    assert stored == ("raw" if compression == "raw" else "tiff_adobe_deflate")
    assert again(picture).container.mode == picture.container.mode


def test_jpeg_within_is_read() -> None:
    samples = colours(64, 96)
    picture = media.Picture.decode(coded(samples, "TIFF", compression="jpeg", quality=95))
    assert np.abs(picture.pixels.astype(int) - samples).mean() < 6
    assert "media.compression" in {note.code for note in picture.notes}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_both_byte_orders(order: str, dtype: type[np.uint8], channels: int) -> None:
    samples = colours(channels=channels).astype(dtype) * dtype(1 if dtype == np.uint8 else 255)
    more = [numeric(338, [2], order)] if channels == 4 else []
    data = raw_tiff(samples, 1 if channels == 1 else 2, *more, order=order)
    picture = media.Picture.decode(data)
    other = again(picture)
    for found in (picture, other):
        assert (found.pixels == (samples[..., :3] if channels > 1 else samples)).all()
        assert found.container.form.byte_order == order


def test_white_may_be_zero() -> None:
    for samples in (colours(channels=1), colours(channels=1).astype(np.uint16) * 3):
        picture = media.Picture.decode(raw_tiff(samples, 0))
        assert (picture.pixels == ~samples).all()
        assert (again(picture).pixels == picture.pixels).all()


def test_bilevel_and_palette() -> None:
    out = io.BytesIO()
    Image.fromarray(colours(channels=1)).convert("1").save(out, "TIFF", compression="group4")
    picture = media.Picture.decode(out.getvalue())
    with Image.open(out) as seen:
        assert (picture.pixels == np.asarray(seen.convert("L"))).all()
    assert "media.depth" in {note.code for note in picture.notes}
    out = io.BytesIO()
    Image.fromarray(colours()).quantize(50).save(out, "TIFF")
    picture = media.Picture.decode(out.getvalue())
    with Image.open(out) as seen:
        assert (picture.pixels == np.asarray(seen.convert("RGB"))).all()
    assert "media.palette" in {note.code for note in picture.notes}
    assert again(picture).container.mode == "RGB"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_premultiplied_colours_become_straight(dtype: type[np.uint8]) -> None:
    full = np.iinfo(dtype).max
    colour = np.array([[[full, full // 2, 0]] * 3], dtype)
    alpha = np.array([[0, full // 2, full]], dtype)
    stored = (colour * (alpha[..., None] / full)).round().astype(dtype)
    picture = media.Picture.decode(raw_tiff(np.dstack((stored, alpha)), 2, numeric(338, [1], "<")))
    assert "media.premultiplied" in {note.code for note in picture.notes}
    assert picture.pixels[0, 0].tolist() == [0, 0, 0]
    assert np.abs(picture.pixels[0, 1:].astype(int) - colour[0, 1:]).max() <= 1
    other = again(picture)
    assert not other.container.form.premultiplied
    assert other.alpha is not None
    assert (other.alpha == alpha).all()


def test_separate_planes_are_read() -> None:
    samples = colours()
    order = "<"
    size = 48 * 64
    fields = [
        numeric(256, [64], order),
        numeric(257, [48], order),
        numeric(258, [8] * 3, order),
        numeric(262, [2], order),
        numeric(273, [8, 8 + size, 8 + 2 * size], order, long=True),
        numeric(277, [3], order),
        numeric(278, [48], order),
        numeric(279, [size] * 3, order, long=True),
        numeric(284, [2], order),
    ]
    planes = np.moveaxis(samples, 2, 0).tobytes()
    start = numeric(0, [8 + 3 * size], order, long=True).value
    data = b"II*\0" + start + planes + pack(fields, order, 8 + 3 * size)
    assert (media.Picture.decode(data).pixels == samples).all()


def test_metadata_is_kept_without_what_spoke_of_the_old_pixels() -> None:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[270], info[274], info[305], info[315] = "a cat", 6, "camera 1.0", "Ann"
    info[282], info[283], info[296] = 300.0, 200.0, 2
    info[700], info.tagtype[700] = XMP, 7
    info[52545], info.tagtype[52545] = b"an old manifest", 7
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2026:01:02 03:04:05"
    out = io.BytesIO()
    info[34665] = exif.get_ifd(0x8769)
    Image.fromarray(colours()).save(out, "TIFF", tiffinfo=info, icc_profile=ICC)
    picture = media.Picture.decode(out.getvalue())
    assert picture.orientation == 6
    assert picture.pixels.shape == (64, 48, 3)
    assert picture.metadata.xmp == XMP
    data = picture.encode(picture.pixels, metadata=picture.metadata)
    assert b"an old manifest" not in data
    with TiffImagePlugin.TiffImageFile(io.BytesIO(data)) as seen:
        tags = seen.tag_v2
        assert (tags[270], tags[274], tags[305], tags[315]) == ("a cat", 6, "camera 1.0", "Ann")
        assert (tags[282], tags[283], tags[296]) == (300.0, 200.0, 2)
        assert tags[700] == (XMP,)
        assert tags.tagtype[700] == 7
        assert seen.info["icc_profile"] == ICC
        assert seen.getexif().get_ifd(0x8769)[0x9003] == "2026:01:02 03:04:05"
    other = media.Picture.decode(data)
    assert other.metadata == picture.metadata
    assert (other.pixels == picture.pixels).all()


def test_a_reduced_copy_is_left_out_with_a_note() -> None:
    data = raw_tiff(colours(), 2, page=1)
    picture = media.Picture.decode(data)
    (note,) = (note for note in picture.notes if note.code == "media.reduced-copies")
    further = {item.place for item in media.items(data, TIFF)}
    assert all(place.startswith(note.accounts_for) for place in further)
    assert "further EXIF 0x00fe" in further


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [1, 7])
def test_every_field_stays_with_its_kind(kind: int, order: str) -> None:
    fields = [
        numeric(254, [0], order, long=True),
        numeric(255, [1], order),
        Field(269, 2, b"a document\0"),
        Field(285, 2, b"a page\0"),
        numeric(297, [0, 1], order),
        numeric(336, [0, 255], order),
        Field(700, kind, XMP),
        Field(33550, 12, bytes(24)),
        numeric(34735, [1, 1, 0, 0], order),
        Field(65000, 7, b"private"),
    ]
    data = raw_tiff(colours(), 2, *fields, order=order)
    picture = media.Picture.decode(data)
    assert picture.notes == ()
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert media.items(encoded, TIFF) == media.items(data, TIFF)
    with TiffImagePlugin.TiffImageFile(io.BytesIO(encoded)) as seen:
        assert seen.tag_v2.tagtype[700] == kind
        assert seen.tag_v2[297] == (0, 1)


def test_fields_that_stop_being_true_are_named() -> None:
    stale = [numeric(280, [3], "<"), numeric(281, [200], "<"), numeric(291, [1, 2, 3], "<")]
    data = raw_tiff(colours(channels=1), 0, *stale)
    picture = media.Picture.decode(data)
    (note,) = picture.notes
    assert note.code == "media.fields"
    assert set(note.accounts_for) == {item.place for item in media.items(data, TIFF)}
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert media.items(encoded, TIFF) == ()


def test_bytes_may_be_filled_from_the_other_end() -> None:
    samples = colours(channels=1)
    reversed_bits = np.packbits(np.unpackbits(samples, axis=1, bitorder="little"), axis=1)
    data = raw_tiff(reversed_bits, 1, numeric(266, [2], "<"))
    with Image.open(io.BytesIO(data)) as seen:
        expected = np.asarray(seen)
    picture = media.Picture.decode(data)
    assert (picture.pixels == expected).all()
    assert (again(picture).pixels == expected).all()


REFUSED = {
    "compressed as Zstandard": raw_tiff(colours(), 2, numeric(259, [50000], "<")),
    "floating-point": raw_tiff(colours(), 2, numeric(339, [3] * 3, "<")),
    "colour space CIELab": raw_tiff(colours(), 8),
    "5 samples": raw_tiff(colours(channels=5), 2),
    "32 bits": raw_tiff(colours(channels=1).astype(np.uint32), 1),
    "YCbCr": raw_tiff(colours(), 6),
    "16 bits": raw_tiff(colours(channels=2).astype(np.uint16), 1),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_layout_that_is_not_handled_is_named(what: str) -> None:
    with pytest.raises(UnsupportedError, match=f"this TIFF .*{what}.*; save it ") as caught:
        media.Picture.decode(REFUSED[what])
    assert caught.value.code.startswith("media.tiff-")


def test_a_file_without_descriptions_gets_none() -> None:
    picture = media.Picture.decode(raw_tiff(colours(), 2))
    assert picture.metadata == Metadata()
    assert media.Picture.decode(picture.encode(picture.pixels, metadata=Metadata())).metadata == (
        Metadata()
    )


def test_values_that_all_lie_in_the_same_place_are_counted() -> None:
    many = [Field(tag, 7, bytes(2000)) for tag in range(60000, 60600)]
    with pytest.raises(LimitError) as caught:
        media.inspect(raw_tiff(colours(), 2, *many), limits=Limits(metadata_bytes=2**20))
    assert caught.value.code == "limit.metadata"
