from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest

from synthmark import media
from synthmark.errors import LimitError
from synthmark.limits import Limits
from synthmark.media.parts.directory import numeric
from synthmark.media.pictures import png
from tests.media.samples import (
    chunk,
    coded,
    colours,
    raw_png,
    raw_tiff,
    segment,
    with_chunks,
    with_segments,
)

VP8X = struct.pack("<IBBBB", 10, 0, 0, 0, 0)
BOMBS = {
    "png": raw_png(60_000, 60_000, 8, 2, b""),
    "long png": raw_png(2, 10**6, 8, 2, b""),
    "jpeg": b"\xff\xd8" + segment(0xC0, b"\x08\xff\xff\xff\xff\x01\x01\x11\0") + b"\xff\xd9",
    "tiff": raw_tiff(np.zeros((1, 1), np.uint8), 1, numeric(256, [60_000], "<")),
    "tile of a tiff": raw_tiff(
        colours(channels=1),
        1,
        *(numeric(322, [60_000], "<"), numeric(323, [60_000], "<"), numeric(324, [8], "<")),
    ),
    "webp": b"RIFF\x16\0\0\0WEBPVP8X" + VP8X + b"\xff\xff\xff" * 2,
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_claimed_size_is_refused_before_anything_is_decoded(kind: str) -> None:
    tracemalloc.start()
    with pytest.raises(LimitError, match="the picture claims") as caught:
        media.Picture.decode(BOMBS[kind])
    assert caught.value.code == "limit.pixels"
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_a_larger_limit_lets_a_picture_pass_that_pillow_would_warn_of() -> None:
    # 100 million gray pixels: more than Pillow's own warning at 89 million.
    rows = (b"\0" + bytes(2_500)) * 40_000
    data = raw_png(20_000, 40_000, 1, 0, rows)
    with pytest.raises(LimitError):
        media.Picture.decode(data)
    picture = png.FORMAT.parse(data, Limits(pixels=2**30, side=50_000))
    assert (picture.width, picture.height) == (20_000, 40_000)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    limits = Limits(file_bytes=1000)
    (tmp_path / "large").write_bytes(bytes(5000))
    for asset in (bytes(5000), tmp_path / "large", io.BytesIO(bytes(5000))):
        with pytest.raises(LimitError) as caught:
            media.Source.of(asset, limits=limits)
        assert caught.value.code == "limit.bytes"
        assert "has 5000 bytes, the limit is 1000" in caught.value.message


class Endless(io.RawIOBase):
    """Bytes as long as somebody reads them, as a device or a pipe gives them."""

    def __init__(self, head: bytes = b"") -> None:
        self._head = head

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "all of it was asked for"
        part, self._head = self._head[:size], self._head[size:]
        return part.ljust(size, b"\0")


@pytest.mark.parametrize(("head", "limit"), [(b"", 10**6), (b"RIFF\0\0\0\0WAVE", 10**7)])
def test_a_stream_that_does_not_end(head: bytes, limit: int) -> None:
    limits = Limits(file_bytes=10**6, sound_bytes=10**7)
    with pytest.raises(LimitError, match=f"more than {limit} bytes, the limit is {limit}"):
        media.Source.of(Endless(head), limits=limits)  # type: ignore[arg-type]


def test_sound_may_have_more_bytes_than_a_picture(tmp_path: Path) -> None:
    limits = Limits(file_bytes=1000, sound_bytes=6000)
    data = b"RIFF\0\0\0\0WAVE".ljust(5000, b"\0")
    (tmp_path / "sound").write_bytes(data)
    for asset in (data, tmp_path / "sound", io.BytesIO(data)):
        assert bytes(media.Source.of(asset, limits=limits).data) == data
    with pytest.raises(LimitError, match="has 7000 bytes, the limit is 6000"):
        media.Source.of(data.ljust(7000, b"\0"), limits=limits)


@pytest.mark.parametrize(("rate", "channels", "bits"), [
    (44_100, 2, 16), (44_100, 2, 32), (48_000, 2, 32), (96_000, 2, 24), (48_000, 6, 16),
])  # fmt: skip
def test_an_hour_of_ordinary_sound_is_within_the_limits(
    rate: int, channels: int, bits: int
) -> None:
    limits, frames = Limits(), 3600 * rate
    limits.check_sound(frames + 2 * 1152, rate, channels)
    limits.check_file(frames * channels * bits // 8 + 2**20, sound=True)
    with pytest.raises(LimitError, match="3601 s"):
        limits.check_sound(frames + rate, rate, channels)


@pytest.mark.parametrize(
    ("kind", "head"),
    [(b"zTXt", b"key\0\0"), (b"iTXt", b"key\0\1\0\0\0"), (b"iCCP", b"name\0\0")],
)
def test_a_compressed_block_that_bursts(kind: bytes, head: bytes) -> None:
    bomb = head + zlib.compress(bytes(64 * 2**20))
    data = with_chunks(coded(colours(), "PNG"), chunk(kind, bomb))
    tracemalloc.start()
    with pytest.raises(LimitError) as caught:
        media.Picture.decode(data)
    assert caught.value.code == "limit.metadata"
    assert tracemalloc.get_traced_memory()[1] < 12 * 2**20
    tracemalloc.stop()


def test_many_texts_share_one_limit() -> None:
    text = chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(2**20)))
    with pytest.raises(LimitError, match="text"):
        media.Picture.decode(with_chunks(coded(colours(), "PNG"), *[text] * 5))


def test_exif_profile_and_xmp_blocks() -> None:
    limits = Limits(metadata_bytes=1000)
    large = bytes(2000)
    for data in (
        with_chunks(coded(colours(), "PNG"), chunk(b"eXIf", large)),
        coded(colours(), "WEBP", xmp=large),
        coded(colours(), "JPEG", icc_profile=large),
    ):
        with pytest.raises(LimitError) as caught:
            media.Picture.decode(data, limits=limits)
        assert caught.value.code == "limit.metadata"


def test_a_jpeg_with_scans_without_end() -> None:
    data = coded(colours(), "JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    with pytest.raises(LimitError, match="scans") as caught:
        media.Picture.decode(data[:-2] + data[scan:-2] * 120 + b"\xff\xd9")
    assert caught.value.code == "limit.scans"


def test_blocks_without_end() -> None:
    for data in (
        with_chunks(coded(colours(), "PNG"), chunk(b"tEXt", b"") * 150_000),
        with_segments(coded(colours(), "JPEG"), segment(0xE5, b"") * 150_000),
        b"RIFF\xff\xff\xff\0WEBP" + b"ABCD\0\0\0\0" * 150_000,
    ):
        with pytest.raises(LimitError, match="blocks") as caught:
            media.Picture.decode(data)
        assert caught.value.code == "limit.blocks"
