from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from synthmark.facts import WatermarkState
from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark import image
from synthmark.watermark.image import detection, marking
from synthmark.watermark.image.geometry import in_frame
from synthmark.watermark.scheme import IMAGE_1
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


@settings(max_examples=10)
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


def test_marks_of_every_generation_are_read(
    marked: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = replace(IMAGE_1, generation=2)
    for module in (marking, detection):
        monkeypatch.setattr(module, "IMAGE_GENERATIONS", (new, IMAGE_1))
    other = bytes(range(16))
    newer = image.embed(scene(4), other, key=OPEN_KEY).pixels
    assert [image.detect(each).payload for each in (marked, newer)] == [PAYLOAD, other]
    monkeypatch.setattr(detection, "IMAGE_GENERATIONS", (IMAGE_1,))
    assert image.detect(newer).payload is None


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


def test_pictures_of_16_bits_hold_it_and_stay_deep() -> None:
    deep = scene(9).astype(np.uint16) * 257 + 77
    marked = image.embed(deep, PAYLOAD, key=OPEN_KEY)
    assert marked.pixels.dtype == np.uint16
    assert (marked.pixels % 257 != 77).mean() > 0.9
    assert image.detect(marked.pixels).payload == PAYLOAD
    assert image.detect((marked.pixels >> 8).astype(np.uint8)).payload == PAYLOAD
    assert image.detect(image.embed(deep[..., 0], PAYLOAD, key=OPEN_KEY).pixels).payload == PAYLOAD


# --- through the search --------------------------------------------------------------------------


def turned(pixels: Pixels, degrees: float) -> Pixels:
    """Turn about the middle and cut the corners off."""
    turned = Image.fromarray(pixels).rotate(degrees, Image.Resampling.BICUBIC)
    return np.asarray(turned)


@pytest.mark.parametrize("degrees", [3.3, -61])
def test_a_turned_picture_is_read_after_lossy_coding(marked: Pixels, degrees: float) -> None:
    assert image.detect(saved(turned(marked, degrees), "JPEG", 70)).payload == PAYLOAD


def test_a_part_is_read_after_scaling_and_coding() -> None:
    pixels = image.embed(scene(10, 720, 900), PAYLOAD, key=OPEN_KEY).pixels
    part = scaled(pixels[100:600, 150:800], 0.9)
    assert image.detect(saved(part, "JPEG", 80)).payload == PAYLOAD


def test_a_turned_part_of_a_mirrored_picture_is_read() -> None:
    pixels = image.embed(scene(11, 720, 900), PAYLOAD, key=OPEN_KEY).pixels
    part = turned(np.ascontiguousarray(pixels[:, ::-1]), 17)[150:600, 200:750]
    found = image.detect(np.ascontiguousarray(part))
    assert found.payload == PAYLOAD
    assert found.geometry is not None
    assert found.geometry.mirrored


def test_the_search_names_the_right_key_of_several() -> None:
    pixels = turned(image.embed(scene(8), PAYLOAD, key=OTHER_KEY).pixels, 24)
    keys = [OPEN_KEY, WatermarkKey("third", bytes(32)), OTHER_KEY]
    found = image.detect(pixels, keys=keys)
    assert (found.payload, found.key) == (PAYLOAD, "other")
    alone = image.detect(pixels, keys=[OTHER_KEY])
    assert found.geometry == alone.geometry
    # Checks of all keys count, and there are never so many that a chance hit is likely.
    assert found.p_value is not None
    assert alone.p_value is not None
    assert alone.p_value <= found.p_value < 1e-5


def test_the_search_reads_nothing_with_another_key(marked: Pixels) -> None:
    """It sees the tile, whose phases do not fit."""
    assert image.detect(turned(marked, 24), keys=[OTHER_KEY]).state is WatermarkState.ABSENT


@pytest.mark.parametrize("seed", range(6))
def test_unmarked_pictures_that_were_turned_hold_nothing(seed: int) -> None:
    found = image.detect(saved(turned(scene(seed, 400, 500), 7 * seed + 5), "JPEG", 75))
    assert found.state is WatermarkState.ABSENT
    assert found.payload is None


@pytest.mark.parametrize("period", [8, 21, 64])
def test_lines_of_their_own_mislead_nobody(period: int) -> None:
    """Screens, fabrics and tiled pictures have lines in their spectrum as the watermark has."""
    y, x = np.mgrid[:512, :600]
    wave = 128 + 40 * np.sin(2 * np.pi * (3 * x + y) / period) + 30 * np.sin(2 * np.pi * y / period)
    tile = np.random.default_rng(period).normal(0, 20, (period, period))
    repeated = np.tile(tile, (512 // period + 1, 600 // period + 1))[:512, :600]
    for plane in (wave, 128 + repeated):
        found = image.detect(plane.clip(0, 255).astype(np.uint8))
        assert found.state is WatermarkState.ABSENT


@pytest.mark.parametrize(
    "shape", [(16, 4000), (4000, 16), (100, 5000), (127, 127), (129, 300), (300, 257), (700, 40)]
)
def test_noise_of_any_proportion_ends_in_a_result(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(shape[0]).integers(0, 256, shape, np.uint8)
    assert image.detect(noise).payload is None
