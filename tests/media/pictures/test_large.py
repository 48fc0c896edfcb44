"""A large picture is decoded some rows at a time, and comes out as it does all at once."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from synthmark import media
from synthmark.errors import UnreadableError
from synthmark.media.parts.directory import numeric, pack
from synthmark.media.pictures import decoding
from tests.media.samples import coded, colours, raw_tiff

HEIGHT, WIDTH = 150, 90


def deep(channels: int) -> NDArray[np.uint16]:
    fine = np.random.default_rng(channels).integers(0, 256, (HEIGHT, WIDTH, channels), np.uint16)
    high = colours(HEIGHT, WIDTH, max(channels, 2))[:, :, :channels].astype(np.uint16)
    return np.asarray(np.squeeze(256 * high + fine), np.uint16)


def opencv(pixels: NDArray[Any], suffix: str) -> bytes:
    return cv2.imencode(suffix, pixels)[1].tobytes()


def palette(colours_kept: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(colours(HEIGHT, WIDTH)).quantize(colours_kept).save(out, "PNG")
    return out.getvalue()


def tiff(mode: str, compression: str) -> bytes:
    out = io.BytesIO()
    image = Image.fromarray(colours(HEIGHT, WIDTH)).convert(mode)
    image.save(out, "TIFF", compression=compression, tiffinfo={278: 16})
    return out.getvalue()


def tiled() -> bytes:
    """An uncompressed TIFF of 32 x 48 tiles, which reach beyond the picture."""
    whole = np.zeros((160, 96, 3), np.uint8)
    whole[:HEIGHT, :WIDTH] = colours(HEIGHT, WIDTH)
    tiles = [whole[y : y + 32, x : x + 48].tobytes() for y in range(0, 160, 32) for x in (0, 48)]
    size = len(tiles[0])
    offsets = [8 + size * number for number in range(len(tiles))]
    fields = [
        numeric(256, [WIDTH], "<"),
        numeric(257, [HEIGHT], "<"),
        numeric(258, [8, 8, 8], "<"),
        numeric(259, [1], "<"),
        numeric(262, [2], "<"),
        numeric(277, [3], "<"),
        numeric(322, [48], "<"),
        numeric(323, [32], "<"),
        numeric(324, offsets, "<", long=True),
        numeric(325, [size] * len(tiles), "<", long=True),
    ]
    end = 8 + size * len(tiles)
    start = b"II*\0" + numeric(0, [end], "<", long=True).value
    return b"".join((start, *tiles, pack(fields, "<", end)))


FILES = {
    "png": coded(colours(HEIGHT, WIDTH), "PNG"),
    "png-gray": coded(colours(HEIGHT, WIDTH, 1), "PNG"),
    "png-alpha": coded(colours(HEIGHT, WIDTH, 4), "PNG"),
    "png-gray-alpha": coded(colours(HEIGHT, WIDTH, 2), "PNG"),
    "png-palette": palette(200),
    "png-few-bits": palette(4),
    "png-16": opencv(deep(3), ".png"),
    "png-16-gray": opencv(deep(1), ".png"),
    "png-16-alpha": opencv(deep(4), ".png"),
    "tiff-lzw": tiff("RGB", "tiff_lzw"),
    "tiff-deflate-alpha": tiff("RGBA", "tiff_adobe_deflate"),
    "tiff-jpeg": tiff("RGB", "jpeg"),
    "tiff-fax": tiff("1", "group4"),
    "tiff-palette": tiff("P", "packbits"),
    "tiff-16": opencv(deep(3), ".tiff"),
    "tiff-one-strip": raw_tiff(colours(HEIGHT, WIDTH), 2),
    "tiff-big-endian": raw_tiff(deep(3), 2, order=">"),
    "tiff-tiled": tiled(),
}


@pytest.fixture
def by_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_LARGE_PIXELS", 1)
    monkeypatch.setattr(decoding, "_BAND_PIXELS", 40 * WIDTH)


@pytest.mark.parametrize("name", FILES)
def test_it_comes_out_the_same(name: str, request: pytest.FixtureRequest) -> None:
    whole = media.Picture.decode(FILES[name])
    request.getfixturevalue("by_rows")
    rows = media.Picture.decode(FILES[name])
    assert rows.pixels.dtype == whole.pixels.dtype
    np.testing.assert_array_equal(rows.pixels, whole.pixels)
    assert (rows.alpha is None) == (whole.alpha is None)
    if rows.alpha is not None:
        np.testing.assert_array_equal(rows.alpha, whole.alpha)


@pytest.mark.usefixtures("by_rows")
@pytest.mark.parametrize("name", ["png", "png-16-alpha", "tiff-lzw", "tiff-tiled"])
def test_no_more_than_a_band_is_decoded_at_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    heights = []
    decode = decoding.sixteen_bits

    def noted(container: Any, *given: Any, **more: Any) -> Any:
        heights.append(container.height)
        return decode(container, *given, **more)

    monkeypatch.setattr(decoding, "sixteen_bits", noted)
    media.Picture.decode(FILES[name])
    assert len(heights) >= 4
    assert max(heights) <= 41


@pytest.mark.usefixtures("by_rows")
@pytest.mark.parametrize("name", ["png", "png-16"])
def test_a_truncated_one_is_refused(name: str) -> None:
    with pytest.raises(UnreadableError, match="truncated"):
        media.Picture.decode(FILES[name][: len(FILES[name]) // 2])


@pytest.mark.usefixtures("by_rows")
def test_one_that_ends_early_and_says_it_does_not_is_refused() -> None:
    whole = FILES["png"]
    short = coded(colours(HEIGHT, WIDTH)[: HEIGHT // 2], "PNG")
    with pytest.raises(UnreadableError, match="damaged"):
        media.Picture.decode(whole[:33] + short[33:])


@pytest.mark.usefixtures("by_rows")
def test_damaged_pixels_are_refused() -> None:
    data = bytearray(FILES["png"])
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    with pytest.raises(UnreadableError, match="damaged"):
        media.Picture.decode(bytes(data))


@pytest.mark.usefixtures("by_rows")
def test_strips_that_share_their_bytes_are_not_copied_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = np.tile(np.arange(WIDTH, dtype=np.uint8)[:, None], 3)
    count = HEIGHT * WIDTH * 3
    data = raw_tiff(
        np.repeat(row[None], HEIGHT, axis=0),
        2,
        numeric(278, [1], "<"),
        numeric(273, [8] * HEIGHT, "<", long=True),
        numeric(279, [count] * HEIGHT, "<", long=True),
    )
    sizes = []
    decode = decoding.sixteen_bits

    def noted(container: Any, *given: Any, **more: Any) -> Any:
        sizes.append(len(container.bare))
        return decode(container, *given, **more)

    monkeypatch.setattr(decoding, "sixteen_bits", noted)
    picture = media.Picture.decode(data)
    assert picture.pixels.shape == (HEIGHT, WIDTH, 3)
    assert max(sizes) < 2 * len(data)
