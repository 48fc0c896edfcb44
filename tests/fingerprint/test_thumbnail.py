from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from synthmark.fingerprint import thumbnail
from tests.pictures import Pixels, coded, flat, painted, scene

ENOUGH = 0.75


def gray(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels).convert("L")


def correlate(kept: Pixels, other: Pixels) -> float | None:
    return thumbnail.correlate(thumbnail.make(gray(kept)), np.asarray(gray(other)), enough=ENOUGH)


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (512, 512, (128, 128)),
        (300, 900, (128, 43)),
        (900, 300, (43, 128)),
        (64, 64, (128, 128)),
        (1, 5000, (128, 1)),
    ],
)
def test_the_long_side_is_128(height: int, width: int, size: tuple[int, int]) -> None:
    with Image.open(io.BytesIO(thumbnail.make(gray(scene(0, height, width))))) as made:
        assert (made.format, made.mode, made.size) == ("JPEG", "L", size)


def test_it_takes_few_bytes() -> None:
    assert len(thumbnail.make(gray(scene(1, 1024, 1024)))) < 10_000


def test_a_picture_agrees_with_itself_at_any_size() -> None:
    picture = scene(2, 600, 800)
    small = np.asarray(Image.fromarray(picture).resize((200, 150), Image.Resampling.LANCZOS))
    for other in (picture, small, picture // 2 + 60):
        agreement = correlate(picture, other)
        assert agreement is not None
        assert agreement > 0.9


def test_a_block_painted_over_changes_nothing_in_the_median() -> None:
    agreement = correlate(scene(3), painted(scene(3), 0.15))
    assert agreement is not None
    assert agreement > 0.9


def test_a_crop_is_found_inside() -> None:
    picture = scene(4)
    agreement = correlate(picture, picture[60:400, 90:430])
    assert agreement is not None
    assert agreement > ENOUGH


def test_another_picture_does_not_agree() -> None:
    agreement = correlate(scene(5), scene(6))
    assert agreement is not None
    assert agreement < 0.5


def test_too_little_texture_says_nothing() -> None:
    assert correlate(flat(), scene(7)) is None
    mostly_flat = flat()
    mostly_flat[:40, :40] = scene(7)[:40, :40]
    assert correlate(mostly_flat, mostly_flat) is None


def test_a_flat_picture_beside_a_textured_thumbnail_agrees_in_nothing() -> None:
    assert correlate(scene(8), flat()) == pytest.approx(0, abs=0.05)


def test_a_picture_of_one_pixel_is_no_trouble() -> None:
    assert correlate(scene(9), scene(9)[:1, :1]) is not None


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"nonsense",
        coded(scene(0, 64, 64)),
        coded(scene(0, 64, 64), "JPEG")[:300],
        coded(scene(0, 200, 200), "JPEG"),
        coded(flat(1, 65_000), "JPEG"),
        b"\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\x01\x01\x11\0\xff\xd9",
    ],
    ids=["empty", "text", "png", "cut", "too large", "too long", "bomb"],
)
def test_a_hostile_thumbnail_is_left_out(hostile: bytes) -> None:
    assert thumbnail.correlate(hostile, np.asarray(gray(scene(0))), enough=ENOUGH) is None


def test_a_thumbnail_in_colour_is_no_thumbnail_of_ours() -> None:
    kept = coded(scene(0, 64, 64), "JPEG")
    assert thumbnail.correlate(kept, np.asarray(gray(scene(0))), enough=ENOUGH) is None
