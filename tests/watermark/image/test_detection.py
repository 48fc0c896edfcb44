from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.report import WatermarkState
from synthmark.watermark import image
from synthmark.watermark.image.geometry import in_frame
from tests.pictures import Pixels, flat, scene

PAYLOAD = bytes(range(100, 116))
OTHER_KEY = WatermarkKey("other", bytes(range(32)))


@pytest.fixture(scope="module")
def marked() -> Pixels:
    return image.embed(scene(4), PAYLOAD, key=OPEN_KEY).pixels


def saved(pixels: Pixels, kind: str, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def scaled(pixels: Pixels, scale: float) -> Pixels:
    size = round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def test_what_was_embedded_is_found(marked: Pixels) -> None:
    found = image.detect(marked)
    assert found.state is WatermarkState.DECODED
    assert found.payload == PAYLOAD
    assert found.key == "OPEN"
    assert found.p_value is not None
    assert 0 < found.p_value < 1e-6
    assert found.geometry == in_frame((512, 512), 1.0, mirrored=False, turns=0)


@pytest.mark.parametrize(
    ("kind", "quality"), [("JPEG", 90), ("JPEG", 70), ("JPEG", 50), ("WEBP", 80)]
)
def test_it_survives_lossy_coding(marked: Pixels, kind: str, quality: int) -> None:
    assert image.detect(saved(marked, kind, quality)).payload == PAYLOAD


@pytest.mark.parametrize("scale", [0.5, 0.75, 1.5, 2.0])
def test_it_survives_scaling(marked: Pixels, scale: float) -> None:
    assert image.detect(scaled(marked, scale)).payload == PAYLOAD


def test_it_survives_a_change_of_tone(marked: Pixels) -> None:
    assert image.detect(np.clip(marked * 1.3, 0, 255).astype(np.uint8)).payload == PAYLOAD
    gray = np.asarray(Image.fromarray(marked).convert("L"))
    assert image.detect(gray).payload == PAYLOAD


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_it_is_found_however_the_picture_lies(marked: Pixels, turns: int, mirrored: bool) -> None:
    lying = np.ascontiguousarray(np.rot90(marked[:, ::-1] if mirrored else marked, turns))
    found = image.detect(lying)
    assert found.payload == PAYLOAD
    assert found.geometry == in_frame((512, 512), 1.0, mirrored=mirrored, turns=turns)


def test_it_is_found_after_whole_rows_are_cut_off_at_the_same_scale() -> None:
    """A crop of the long side only keeps the frame, and moves the tile's origin."""
    pixels = image.embed(scene(5, 512, 800), PAYLOAD, key=OPEN_KEY).pixels
    assert image.detect(pixels[:, 123:]).payload == PAYLOAD


@pytest.mark.parametrize("size", [(200, 200), (128, 256), (300, 400), (720, 800)])
def test_each_size_class_holds_it(size: tuple[int, int]) -> None:
    pixels = image.embed(scene(6, *size), PAYLOAD, key=OPEN_KEY).pixels
    assert image.detect(pixels).payload == PAYLOAD


def test_gray_pictures_hold_it() -> None:
    gray = scene(7)[..., 0]
    pixels = image.embed(gray, PAYLOAD, key=OPEN_KEY).pixels
    assert pixels.shape == gray.shape
    assert image.detect(pixels).payload == PAYLOAD


@pytest.mark.parametrize("tone", [0, 128, 255])
def test_flat_pictures_hold_it(tone: int) -> None:
    pixels = image.embed(flat(512, 512, tone), PAYLOAD, key=OPEN_KEY).pixels
    assert image.detect(pixels).payload == PAYLOAD


@settings(max_examples=10, deadline=None)
@given(st.binary(min_size=16, max_size=16), st.integers(0, 100))
def test_any_payload_comes_back_from_any_scene(payload: bytes, seed: int) -> None:
    pixels = image.embed(scene(seed, 256, 256), payload, key=OPEN_KEY).pixels
    assert image.detect(pixels).payload == payload


def test_the_right_key_of_several_is_named() -> None:
    pixels = image.embed(scene(8), PAYLOAD, key=OTHER_KEY).pixels
    found = image.detect(pixels, keys=[OPEN_KEY, OTHER_KEY])
    assert found.payload == PAYLOAD
    assert found.key == "other"


def test_another_key_finds_nothing(marked: Pixels) -> None:
    assert image.detect(marked, keys=[OTHER_KEY]).state is WatermarkState.ABSENT


@pytest.mark.parametrize("seed", range(10))
def test_unmarked_pictures_hold_nothing(seed: int) -> None:
    found = image.detect(scene(seed, 400, 500))
    assert found.state is WatermarkState.ABSENT
    assert (found.payload, found.key, found.p_value, found.geometry) == (None,) * 4


def test_the_last_mark_counts(marked: Pixels) -> None:
    again = image.embed(marked, bytes(16), key=OPEN_KEY).pixels
    assert image.detect(again).payload == bytes(16)


def test_degenerate_pictures_end_in_a_result() -> None:
    generator = np.random.default_rng(1)
    for pixels in (
        flat(16, 16),
        flat(16, 3000),
        generator.integers(0, 256, (17, 2000, 3), np.uint8),
        generator.choice(np.array([0, 255], np.uint8), (300, 300)),
    ):
        assert image.detect(pixels).state is WatermarkState.ABSENT
