"""16 bits a sample stay 16 bits, through a decoder and an encoder that are not ours."""

from __future__ import annotations

import zlib

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark import labels, media
from synthmark.media.formats import PNG
from tests.media.samples import chunk, coded, colours, raw_png

Deep = NDArray[np.uint16]


def deep(channels: int = 3) -> Deep:
    noise = np.random.default_rng(channels).integers(0, 256, (48, 64, channels), np.uint16)
    picture = colours(channels=channels).reshape(48, 64, channels).astype(np.uint16) * 256 + noise
    return np.asarray(picture[:, :, 0] if channels == 1 else picture, np.uint16)


def opencv(samples: Deep, kind: str, *options: int) -> bytes:
    """Encode with OpenCV, which wants blue first."""
    order = [2, 1, 0, 3][: samples.shape[2]] if samples.ndim == 3 else ...
    done, encoded = cv2.imencode(
        f".{kind}", samples[..., order] if samples.ndim == 3 else samples, options
    )
    assert done
    return encoded.tobytes()


def read_by_opencv(data: bytes) -> Deep:
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None
    order = [2, 1, 0, 3][: found.shape[2]] if found.ndim == 3 else ...
    return np.asarray(found[..., order] if found.ndim == 3 else found, np.uint16)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("png", ()),
        ("tiff", (cv2.IMWRITE_TIFF_COMPRESSION, 1)),
        ("tiff", (cv2.IMWRITE_TIFF_COMPRESSION, 5)),
        ("tiff", (cv2.IMWRITE_TIFF_COMPRESSION, 8)),
    ],
)
def test_every_sample_is_read_and_written(
    channels: int, kind: str, options: tuple[int, ...]
) -> None:
    samples = deep(channels)
    picture = media.Picture.decode(opencv(samples, kind, *options))
    assert picture.pixels.dtype == np.uint16
    assert picture.container.bit_depth == 16
    found = picture.pixels
    if channels == 4:
        assert picture.alpha is not None
        found = np.dstack((picture.pixels, picture.alpha))
    assert (found == samples).all()

    changed = picture.pixels ^ np.uint16(0x0101)
    data = picture.encode(changed, metadata=picture.metadata)
    assert (media.Picture.decode(data).pixels == changed).all()
    seen = read_by_opencv(data)
    assert (seen[..., :3] if channels > 1 else seen).tobytes() == changed.tobytes()


def test_gray_with_alpha() -> None:
    samples = deep(2)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    picture = media.Picture.decode(raw_png(64, 48, 16, 4, rows))
    assert picture.alpha is not None
    assert (np.dstack((picture.pixels, picture.alpha)) == samples).all()
    data = picture.encode(picture.pixels, metadata=picture.metadata)
    assert data[24:26] == b"\x10\x04"
    seen = read_by_opencv(data)
    assert (seen[..., 0] == samples[..., 0]).all()
    assert (seen[..., 3] == samples[..., 1]).all()


def test_a_clear_colour_is_compared_with_all_its_bits() -> None:
    clear = chunk(b"tRNS", bytes((0, 1, 0, 2, 0, 3)))
    row = b"\0" + bytes((0, 1, 0, 2, 0, 3)) + bytes((0, 1, 0, 2, 1, 3))
    picture = media.Picture.decode(raw_png(2, 1, 16, 2, row, clear))
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[0, 65535]]


def test_it_may_be_interlaced() -> None:
    # Adam7 of 1x1 pixels is one pass of one row.
    header = bytes((0, 0, 0, 1, 0, 0, 0, 1, 16, 2, 0, 0, 1))
    rows = zlib.compress(b"\0" + bytes((1, 2, 3, 4, 5, 6)))
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    picture = media.Picture.decode(b"\x89PNG\r\n\x1a\n" + parts)
    assert picture.pixels.tolist() == [[[0x0102, 0x0304, 0x0506]]]


def test_labels_are_read() -> None:
    label = chunk(b"tEXt", b'AIGC\0{"Label":"1","ContentProducer":"a","ProduceID":"b"}')
    layer = labels.read(raw_png(1, 1, 16, 2, bytes(7), label), PNG)
    assert layer.aigc is not None
    assert layer.aigc.values["ProduceID"] == "b"


def test_eight_bits_stay_eight() -> None:
    assert media.Picture.decode(coded(colours(), "PNG")).pixels.dtype == np.uint8
