"""What an AVIF or HEIC holds beside its picture, and how finely that is coded."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile

from synthmark import Embedder, media, words
from synthmark.errors import LimitError, MediaError
from synthmark.media import Format
from synthmark.media.formats import AVIF, HEIC
from synthmark.media.parts import metabox
from synthmark.media.parts.metabox import Entry, Property
from tests.media.samples import ICC, coded, colours, exif, header
from tests.pictures import scene

Array = NDArray[np.uint8]
APPLE = b"urn:com:apple:photo:2020:aux:hdrgainmap"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"


def avif(pixels: Array, **options: Any) -> bytes:
    return coded(pixels, "AVIF", **{"quality": 85, "speed": 9} | options)


def heic(pixels: Array, **options: Any) -> bytes:
    out = io.BytesIO()
    how = {"quality": 60, "enc_params": {"preset": "superfast"}} | options
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(out, **how)
    return out.getvalue()


MAKERS: dict[Format, Callable[..., bytes]] = {AVIF: avif, HEIC: heic}


def taken_apart(data: bytes) -> tuple[metabox.Meta, dict[int, bytes]]:
    meta = metabox.read(data)
    return meta, {number: metabox.content(data, entry) for number, entry in meta.items.items()}


def with_pictures(data: bytes, other: bytes) -> bytes:
    """The file with the picture of `other` as gain map, thumbnail and a picture of its own.

    The gain map has an XMP packet of its own, which stands before the picture's.
    """
    meta, contents = taken_apart(data)
    source, pictures = taken_apart(other)
    first = source.items[source.primary]
    auxiliary = Property(b"auxC", bytes(4) + APPLE + b"\0")
    numbers = {"gain map": 50, "thumbnail": 51, "own": 52}
    for name, number in numbers.items():
        more = [auxiliary] if name == "gain map" else []
        meta.items[number] = Entry(
            first.kind, b"\0", properties=[*first.properties, *more], flags=b"\0\0\1"
        )
        contents[number] = pictures[source.primary]
    meta.items = {60: Entry(b"mime", b"\0application/rdf+xml\0"), **meta.items}
    contents[60] = XMP.replace(b"/>", b" a='1'/>")
    meta.references += [
        (b"auxl", 50, (meta.primary,)),
        (b"thmb", 51, (meta.primary,)),
        (b"cdsc", 60, (50,)),
    ]
    meta.others.append(struct.pack(">I4s", 12, b"grpl") + b"abcd")
    meta.after.append(struct.pack(">I4s", 12, b"mpvd") + b"film")
    return metabox.write(meta, contents)


def with_gain_map(data: bytes, other: bytes) -> bytes:
    """The file with a derived picture of its own picture and a gain map (ISO 21496-1)."""
    meta, contents = taken_apart(data)
    source, pictures = taken_apart(other)
    first = source.items[source.primary]
    meta.items[50] = Entry(first.kind, b"\0", properties=first.properties, flags=b"\0\0\1")
    contents[50] = pictures[source.primary]
    size = [each for each in meta.items[meta.primary].properties if each.kind == b"ispe"]
    meta.items[51] = Entry(b"tmap", b"\0", properties=size)
    contents[51] = bytes(62)
    meta.sources[51] = [meta.primary, 50]
    brands = meta.before[0] + b"tmap"
    meta.before[0] = struct.pack(">I", len(brands)) + brands[4:]
    return metabox.write(meta, contents)


@pytest.mark.parametrize("format", MAKERS)
def test_what_stands_beside_the_picture_stays(format: Format) -> None:
    make = MAKERS[format]
    data = with_pictures(make(colours(), exif=exif(1), xmp=XMP), make(colours(32, 32)))
    picture = media.Picture.decode(data)
    assert picture.metadata.xmp == XMP
    assert [note.code for note in picture.notes] == ["media.more-pictures"]
    assert APPLE.decode() in words.sentence(picture.notes[0])
    assert "thumbnail" not in words.sentence(picture.notes[0])
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert media.items(encoded, format) == media.items(data, format)
    old, contents = taken_apart(data)
    new, others = taken_apart(encoded)
    for number in (50, 51, 52, 60):
        assert others[number] == contents[number]
        assert new.items[number].properties == old.items[number].properties
    assert new.references == old.references
    places = {item.place for item in media.items(data, format)}
    assert places >= {f"auxiliary {APPLE.decode()}", "thumbnail", "XMP", "mpvd", "grpl"}


@pytest.mark.parametrize("format", MAKERS)
def test_a_gain_map_belongs_to_the_marked_picture(format: Format) -> None:
    make = MAKERS[format]
    data = with_gain_map(make(scene(33)), make(scene(34)[::4, ::4]))
    result = Embedder().embed(data)
    assert "media.more-pictures" in {finding.code for finding in result.findings}
    new, contents = taken_apart(result.asset)
    assert new.sources[51] == [new.primary, 50]
    assert contents[50] == taken_apart(data)[1][50]
    assert b"tmap" in new.before[0]
    if format == AVIF:
        # libavif refuses a file that promises a gain map and has none.
        AvifImageFile(io.BytesIO(result.asset)).load()


@pytest.mark.parametrize("format", MAKERS)
def test_alpha_stays_bit_for_bit_even_where_it_was_coarse(format: Format) -> None:
    samples = colours(96, 96, channels=4)
    samples[:, :, 3] = np.arange(96)[None, :] * 2 + 30
    data = MAKERS[format](samples, quality=30)
    picture = media.Picture.decode(data)
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    again = media.Picture.decode(encoded)
    assert picture.alpha is not None
    assert again.alpha is not None
    assert (again.alpha == picture.alpha).all()
    planes = [item for item in media.items(data, format) if item.place.startswith("auxiliary")]
    alpha = max(planes, key=lambda item: len(item.data))
    assert alpha in media.items(encoded, format)


NAMED = {
    "primaries and transfer": (12, 13, 6, 1),
    "BT.709, limited": (1, 1, 1, 0),
    "BT.601, limited": (5, 6, 5, 0),
    "BT.2020, full": (9, 14, 9, 1),
}


@pytest.mark.parametrize("numbers", NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("size", [(64, 64), (47, 63)])
def test_heic_keeps_the_numbers_of_its_colours_and_the_colours(
    numbers: tuple[int, int, int, int], size: tuple[int, int]
) -> None:
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[:, : size[1] // 2] = (230, 20, 40)
    pixels[: size[0] // 2] //= 2
    primaries, transfer, matrix, full = numbers
    data = heic(
        pixels,
        quality=90,
        chroma=444,
        color_primaries=primaries,
        transfer_characteristics=transfer,
        matrix_coefficients=matrix,
        full_range_flag=full,
    )
    picture = media.Picture.decode(data)
    assert picture.pixels.shape == pixels.shape
    assert np.abs(picture.pixels.astype(int) - pixels).mean() < 2
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert header(encoded).form.sampling == "4:4:4"
    assert media.items(encoded, HEIC) == media.items(data, HEIC)
    shown = np.asarray(pillow_heif.open_heif(io.BytesIO(encoded)).to_pillow())
    assert shown.shape == pixels.shape
    assert np.abs(shown.astype(int) - picture.pixels).mean() < 2


@pytest.mark.parametrize("limited", [False, True])
def test_avif_keeps_its_range_and_says_where_its_matrix_changes(limited: bool) -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, 32:] = (230, 20, 40)
    data = avif(pixels, range="limited" if limited else "full", subsampling="4:4:4")
    picture = media.Picture.decode(data)
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert media.items(encoded, AVIF) == media.items(data, AVIF)
    place = data.index(b"colrnclx") + 8
    other = data[: place + 4] + b"\0\1" + data[place + 6 :]
    picture = media.Picture.decode(other)
    assert [note.code for note in picture.notes] == ["media.matrix"]
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    # Whatever matrix it names, it is the one that it is coded with.
    assert np.abs(media.Picture.decode(encoded).pixels.astype(int) - picture.pixels).mean() < 2
    shown = np.asarray(AvifImageFile(io.BytesIO(encoded)).convert("RGB"))
    assert np.abs(shown.astype(int) - picture.pixels).mean() < 2


def test_a_grid_becomes_one_picture_with_all_its_properties() -> None:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(colours(128, 192))).save(
        out, quality=80, tile_size=64, enc_params={"preset": "superfast"}, exif=exif(1)
    )
    data = out.getvalue()
    old, _ = taken_apart(data)
    assert old.items[old.primary].kind == b"grid"
    assert len(old.sources[old.primary]) == 6
    picture = media.Picture.decode(data)
    assert np.abs(picture.pixels.astype(int) - colours(128, 192)).mean() < 8
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    new, _ = taken_apart(encoded)
    assert new.items[new.primary].kind == b"hvc1"
    assert len(new.items) == len(old.items) - 6
    assert media.items(encoded, HEIC) == media.items(data, HEIC)
    shown = np.asarray(pillow_heif.open_heif(io.BytesIO(encoded)).to_pillow())
    assert np.abs(shown.astype(int) - picture.pixels).mean() < 4


def test_the_clean_aperture_is_what_is_marked_and_shown() -> None:
    # The coder fills odd sizes up, and says so in an aperture.
    data = heic(colours(47, 63), quality=90, chroma=444)
    assert b"clap" in data
    picture = media.Picture.decode(data)
    assert picture.pixels.shape == (47, 63, 3)
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    shown = np.asarray(pillow_heif.open_heif(io.BytesIO(encoded)).to_pillow())
    assert np.abs(shown.astype(int) - picture.pixels).mean() < 4


@pytest.mark.parametrize("kind", ["AVIF", "HEIC", "WEBP"])
@pytest.mark.parametrize("quality", [45, 75, 90])
def test_a_picture_is_coded_about_as_finely_as_it_was(kind: str, quality: int) -> None:
    pixels = scene(35)
    data = heic(pixels, quality=quality) if kind == "HEIC" else coded(pixels, kind, quality=quality)
    picture = media.Picture.decode(data)
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert 0.8 <= len(encoded) / len(data) <= 1.3
    error = np.abs(media.Picture.decode(encoded).pixels.astype(int) - picture.pixels).mean()
    first = np.abs(picture.pixels.astype(int) - pixels).mean()
    assert error <= 1.6 * first + 1


@pytest.mark.parametrize("kind", ["AVIF", "HEIC", "WEBP"])
def test_a_picture_too_coarse_for_a_mark_is_coded_more_finely_and_that_is_said(kind: str) -> None:
    pixels = scene(36)
    data = heic(pixels, quality=8) if kind == "HEIC" else coded(pixels, kind, quality=2)
    result = Embedder().embed(data)
    (said,) = (words.sentence(each) for each in result.findings if each.code == "media.rate")
    assert "times as many bytes" in said
    times = header(result.asset).coded / header(data).coded
    assert times > 1.3
    assert f"{times:.2g}" in said


def test_a_large_picture_is_tried_in_parts() -> None:
    pixels = np.tile(scene(37), (3, 2, 1))[:1400]
    data = coded(pixels, "WEBP", quality=82)
    picture = media.Picture.decode(data)
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert 0.8 <= len(encoded) / len(data) <= 1.3


@pytest.mark.parametrize("format", MAKERS)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(64, 96), (63, 97)])
@pytest.mark.parametrize("orientation", [1, 6, 7])
def test_every_sort_of_pixels_comes_out_as_it_lay(
    format: Format, channels: int, size: tuple[int, int], orientation: int
) -> None:
    data = MAKERS[format](colours(*size, channels), exif=exif(orientation))
    picture = media.Picture.decode(data)
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    again = media.Picture.decode(encoded)
    assert again.pixels.shape == picture.pixels.shape
    assert np.abs(again.pixels.astype(int) - picture.pixels).mean() < 3
    assert again.container.mode == picture.container.mode
    assert again.orientation == picture.orientation
    assert media.items(encoded, format) == media.items(data, format)


@pytest.mark.parametrize(("mode", "channels"), [("RGB;16", 3), ("RGBA;16", 4), ("L;16", 1)])
def test_ten_bits_become_eight_alpha_too(mode: str, channels: int) -> None:
    pixels = scene(38) if channels > 1 else scene(38)[:, :, 0]
    if channels == 4:
        pixels = np.dstack((pixels, np.full(pixels.shape[:2], 200, np.uint8)))
    out = io.BytesIO()
    stored = (pixels.astype(np.uint16) << 8).tobytes()
    pillow_heif.encode(mode, pixels.shape[1::-1], stored, out, quality=70, bit_depth=10)
    result = Embedder().embed(out.getvalue())
    assert "media.depth" in {finding.code for finding in result.findings}
    found = media.Picture.decode(result.asset)
    assert found.container.bit_depth == 8
    assert (
        np.abs(found.pixels.astype(int) - (pixels[..., :3] if channels > 1 else pixels)).mean() < 4
    )
    assert found.alpha is None or np.abs(found.alpha.astype(int) - 200).max() < 4


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


@pytest.mark.parametrize(
    "body",
    [
        # Parts of no bytes, four thousand million of them.
        box(b"iloc", bytes(6) + b"\xff\xff" + (b"\0\1\0\0\xff\xff") * 65535),
        box(b"iref", bytes(4) + box(b"dimg", b"\0\1\0\1\0\2") * 200_000),
        box(b"ipco", box(b"free", b"")) + box(b"ipma", bytes(8)),
        box(b"iinf", bytes(6) + box(b"infe", b"\2" + bytes(11)) * 200_000),
    ],
)
def test_boxes_without_end_are_refused_at_once(body: bytes) -> None:
    data = box(b"ftyp", b"avif\0\0\0\0avif") + box(b"meta", bytes(4) + body)
    with pytest.raises(MediaError) as caught:
        media.Picture.decode(data)
    assert "\n" not in str(caught.value)


def test_items_that_share_all_bytes_many_times_are_refused() -> None:
    meta, contents = taken_apart(avif(colours()))
    data = metabox.write(meta, contents)
    for number in range(10, 60):
        meta.items[number] = Entry(b"free", b"\0")
        contents[number] = b""
    spread = bytearray(metabox.write(meta, contents))
    place = spread.index(b"iloc") + 12
    for number in range(len(meta.items)):
        struct.pack_into(">II", spread, place + 16 * number + 8, 0, len(spread))
    with pytest.raises(LimitError, match="longer than the file"):
        media.Picture.decode(bytes(spread))
    assert media.Picture.decode(data).pixels.shape == (48, 64, 3)


def test_a_profile_and_numbers_stand_side_by_side() -> None:
    data = avif(colours(), icc_profile=ICC)
    kinds = {item.place for item in media.items(data, AVIF)}
    assert {"colr prof", "colr nclx"} <= kinds
    picture = media.Picture.decode(data)
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert media.items(encoded, AVIF) == media.items(data, AVIF)
