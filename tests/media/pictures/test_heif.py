"""AVIF and HEIC: what their boxes say, and that it is kept."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib import util
from typing import Any

import encypher_c2pa
import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.AvifImagePlugin import AvifImageFile

from synthmark import Embedder, Verifier, labels, media
from synthmark.errors import LimitError, MediaError, UnreadableError, UnsupportedError
from synthmark.limits import Limits
from synthmark.media import Format
from synthmark.media.formats import AVIF, HEIC
from synthmark.media.parts import exif as stored_exif
from synthmark.media.pictures.picture import _upright
from synthmark.report import Verdict
from tests.media.samples import ICC, coded, colours, exif, header, heic
from tests.pictures import coded as shared
from tests.pictures import scene

XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"


def avif(pixels: np.ndarray[Any, np.dtype[np.uint8]], **options: Any) -> bytes:
    return coded(pixels, "AVIF", **{"quality": 90, "speed": 9} | options)


MAKERS: dict[Format, Callable[..., bytes]] = {AVIF: avif, HEIC: heic}


@pytest.mark.parametrize("format", MAKERS)
def test_pixels_metadata_and_profile_are_kept(format: Format) -> None:
    block = exif(1)
    data = MAKERS[format](colours(), exif=block, xmp=XMP, icc_profile=ICC)
    assert media.sniff(data) == format
    picture = media.Picture.decode(data)
    assert picture.metadata.xmp == XMP
    assert picture.container.icc == ICC
    assert np.abs(picture.pixels.astype(int) - colours()).mean() < 8
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    again = media.Picture.decode(encoded)
    assert again.format is format
    assert again.metadata == picture.metadata
    assert stored_exif.value(again.metadata.exif or b"", 0x0131) == b"camera 1.0\0"
    assert again.container.icc == ICC
    assert np.abs(again.pixels.astype(int) - picture.pixels).mean() < 4


@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_avif_keeps_its_subsampling(sampling: str) -> None:
    picture = media.Picture.decode(avif(colours(), subsampling=sampling))
    data = picture.encode(picture.pixels, metadata=picture.metadata)
    assert header(data).form.sampling == sampling == picture.container.form.sampling


@pytest.mark.parametrize("format", MAKERS)
def test_alpha_is_kept(format: Format) -> None:
    picture = media.Picture.decode(MAKERS[format](colours(channels=4)))
    assert picture.container.mode == "RGBA"
    assert picture.alpha is not None
    again = media.Picture.decode(picture.encode(picture.pixels, metadata=picture.metadata))
    assert again.alpha is not None
    assert np.abs(again.alpha.astype(int) - picture.alpha).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_avif_is_looked_at_upright_and_stays_as_it_lies(orientation: int) -> None:
    data = avif(colours(), exif=exif(orientation))
    picture = media.Picture.decode(data)
    straight = media.Picture.decode(avif(colours()))
    turned = _upright(straight.pixels, orientation)
    assert picture.pixels.shape == turned.shape
    assert np.abs(picture.pixels.astype(int) - turned).mean() < 1
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    seen = ImageOps.exif_transpose(AvifImageFile(io.BytesIO(encoded)))
    assert np.abs(np.asarray(seen).astype(int) - turned).mean() < 3
    again = media.Picture.decode(encoded)
    assert again.orientation == picture.orientation == orientation
    assert np.abs(again.pixels.astype(int) - turned).mean() < 3
    assert set(media.items(encoded, AVIF)) == set(media.items(data, AVIF))


def test_colours_named_by_numbers_are_named_again() -> None:
    data = avif(colours())
    place = data.index(b"colrnclx") + 8
    wide = data[:place] + b"\0\x0c\0\x0d" + data[place + 4 :]
    picture = media.Picture.decode(wide)
    encoded = picture.encode(picture.pixels, metadata=picture.metadata)
    assert encoded[encoded.index(b"colrnclx") + 8 :][:4] == b"\0\x0c\0\x0d"
    assert media.Picture.decode(encoded).container.form.colours == b"\0\x0c\0\x0d\0\6\x80"


def test_high_dynamic_range_is_refused() -> None:
    data = avif(colours())
    place = data.index(b"colrnclx") + 8
    with pytest.raises(UnsupportedError, match="high dynamic range"):
        media.Picture.decode(data[:place] + b"\0\x09\0\x10" + data[place + 4 :])


def test_a_sequence_is_refused_by_name() -> None:
    frames = [Image.fromarray(colours(32, 32 + k)[:, :32]) for k in range(3)]
    out = io.BytesIO()
    frames[0].save(out, "AVIF", save_all=True, append_images=frames[1:], duration=100)
    with pytest.raises(UnsupportedError, match="AVIF is a sequence") as caught:
        media.Picture.decode(out.getvalue())
    assert caught.value.code == "media.animated"


def test_without_the_extra_heic_names_it_and_is_read_as_far_as_it_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("synthmark.media.pictures.heif.find_spec", lambda name: None)
    data = heic(colours(), xmp=XMP)
    with pytest.raises(UnsupportedError, match=r"pip install synthmark\[heif\]") as caught:
        media.Picture.decode(data)
    assert caught.value.code == "media.no-heif"
    assert header(data).metadata.xmp == XMP
    assert labels.read(data, HEIC).aigc is None
    assert media.Picture.decode(avif(colours())).pixels.shape == (48, 64, 3)


def test_the_extra_is_one_of_the_project() -> None:
    assert util.find_spec("pillow_heif") is not None


def refusal(data: bytes) -> MediaError | None:
    try:
        media.Picture.decode(data)
    except MediaError as error:
        return error
    return None


@pytest.mark.parametrize("format", MAKERS)
def test_a_file_cut_anywhere_raises_one_line(format: Format) -> None:
    data = MAKERS[format](colours(), xmp=XMP)
    for length in {*range(12, 700, 7), *range(700, len(data) - 1, 301)}:
        error = refusal(data[:length])
        assert error is None or "\n" not in str(error)
    with pytest.raises(UnreadableError, match="truncated"):
        media.Picture.decode(data[: len(data) * 3 // 4])


@pytest.mark.parametrize("format", MAKERS)
def test_any_changed_byte_raises_one_line(format: Format) -> None:
    data = MAKERS[format](colours(16, 16), xmp=XMP)
    for place in range(8, data.index(b"mdat"), 3):
        for value in (0, 255):
            error = refusal(data[:place] + bytes((value,)) + data[place + 1 :])
            assert error is None or "\n" not in str(error)


@pytest.mark.parametrize("format", MAKERS)
def test_claims_are_checked_before_anything_is_decoded(format: Format) -> None:
    data = MAKERS[format](colours(), xmp=bytes(3000))
    place = data.index(b"ispe") + 8
    large = data[:place] + b"\0\0\xff\xff\0\0\xff\xff" + data[place + 8 :]
    with pytest.raises(LimitError, match="the picture claims"):
        media.Picture.decode(large)
    with pytest.raises(LimitError) as caught:
        media.inspect(data, limits=Limits(metadata_bytes=2000))
    assert caught.value.code == "limit.metadata"


@pytest.mark.parametrize("format", MAKERS)
def test_the_whole_chain(format: Format) -> None:
    result = Embedder().embed(MAKERS[format](scene(30)))
    assert result.report.verdict is Verdict.VERIFIED
    assert result.report.labels.aigc is not None
    found = encypher_c2pa.verify(result.asset, format.media_type, telemetry=False, online=False)
    assert (found["integrity"], found["signature"]) == ("valid", "valid")
    again = shared(media.Picture.decode(result.asset).pixels, "JPEG", quality=80)
    assert Verifier().verify(again).watermark.content_id == result.content_id
