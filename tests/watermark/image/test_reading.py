from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from synthmark.facts import WatermarkState
from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark import image
from synthmark.watermark.image import frame, presence, reading
from synthmark.watermark.image.geometry import in_frame
from synthmark.watermark.image.reading import Reader
from tests.pictures import Pixels, scene

PAYLOAD = bytes(range(40, 56))


def chart(width: int = 860, height: int = 660) -> Pixels:
    """Draw bars on white, with words below them."""
    sheet = Image.new("RGB", (width, height), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    for number, tall in enumerate((0.3, 0.55, 0.42, 0.7, 0.62, 0.2)):
        left, low = 60 + number * width // 7, height - 90
        corners = (left, low - round(tall * height), left + width // 12, low)
        draw.rectangle(corners, (30 + 35 * number, 90, 160))
        draw.text((left, low + 20), f"in {2020 + number}", (0, 0, 0), ImageFont.load_default(24))
    return np.asarray(sheet)


def panels(width: int = 700, height: int = 700) -> Pixels:
    """Draw what a comic is made of: even fields with black lines around them."""
    sheet = Image.new("RGB", (width, height), (250, 240, 220))
    draw = ImageDraw.Draw(sheet)
    for number in range(9):
        left, top = 20 + number % 3 * width // 3, 20 + number // 3 * height // 3
        corners = (left, top, left + width // 3 - 30, top + height // 3 - 30)
        draw.rectangle(corners, (255 - 25 * number, 120 + 15 * number, 60), (0, 0, 0), 5)
        draw.ellipse((left + 40, top + 50, left + 150, top + 170), (255, 224, 189), (0, 0, 0), 4)
    return np.asarray(sheet)


def saved(pixels: Pixels, kind: str, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def halved(pixels: Pixels) -> Pixels:
    small = Image.fromarray(pixels)
    return np.asarray(small.resize((small.width // 2, small.height // 2), Image.Resampling.LANCZOS))


def payload(pixels: Pixels, *keys: WatermarkKey) -> bytes | None:
    found = reading.in_frames(frame.luma(pixels), [Reader(key) for key in keys or (OPEN_KEY,)])
    return found and found[0]


@pytest.fixture(scope="module", params=[chart, panels], ids=["chart", "panels"])
def flat(request: pytest.FixtureRequest) -> Pixels:
    return image.embed(request.param(), PAYLOAD, key=OPEN_KEY).pixels


@pytest.mark.parametrize(("kind", "quality"), [("WEBP", 80), ("WEBP", 70), ("JPEG", 30)])
def test_flat_graphics_are_read_after_lossy_coding(flat: Pixels, kind: str, quality: int) -> None:
    assert payload(saved(flat, kind, quality)) == PAYLOAD


def test_flat_graphics_are_read_from_a_small_copy(flat: Pixels) -> None:
    assert payload(saved(halved(flat), "JPEG", 85)) == PAYLOAD


def test_ranks_read_what_the_local_deviation_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    coded = saved(image.embed(chart(), PAYLOAD, key=OPEN_KEY).pixels, "WEBP", 70)
    whitened, ranked = reading._READINGS
    monkeypatch.setattr(reading, "_READINGS", (whitened,))
    assert payload(coded) is None
    monkeypatch.setattr(reading, "_READINGS", (ranked,))
    assert payload(coded) == PAYLOAD


def test_ranks_are_not_made_where_they_are_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads without them costs no more than it did."""

    def never(plane: object) -> None:
        raise AssertionError("ranks were made")

    monkeypatch.setattr(reading, "_READINGS", (reading._READINGS[0], (never, presence.RANKED)))
    marked = image.embed(scene(4), PAYLOAD, key=OPEN_KEY).pixels
    for pixels in (marked, halved(marked), np.ascontiguousarray(marked[::-1]), 255 - marked):
        assert payload(pixels) == PAYLOAD


@pytest.mark.parametrize("turns", [0, 1, 3])
@pytest.mark.parametrize("mirrored", [False, True])
def test_an_inverted_picture_is_read_however_it_lies(turns: int, mirrored: bool) -> None:
    marked = image.embed(scene(4), PAYLOAD, key=OPEN_KEY).pixels
    lying = np.ascontiguousarray(np.rot90(marked[:, ::-1] if mirrored else marked, turns))
    found = image.detect(255 - lying)
    assert found.payload == PAYLOAD
    where = in_frame((512, 512), 1.0, mirrored=mirrored, turns=turns, inverted=True)
    assert found.geometry == where


def test_an_inverted_graphic_is_read_after_lossy_coding(flat: Pixels) -> None:
    assert payload(saved(255 - flat, "JPEG", 60)) == PAYLOAD
    assert payload(saved(255 - flat, "WEBP", 80)) == PAYLOAD


def test_bars_beside_an_inverted_picture_are_left_out_of_its_place() -> None:
    marked = 255 - image.embed(scene(4), PAYLOAD, key=OPEN_KEY).pixels
    barred = np.pad(marked, ((0, 0), (256, 256), (0, 0)), constant_values=0)
    found = image.detect(barred)
    assert found.payload == PAYLOAD
    assert found.geometry is not None
    left, right = (found.geometry.corners[place][0] for place in (0, 1))
    assert left == pytest.approx(256, abs=40)
    assert right == pytest.approx(768, abs=40)


def test_every_check_counts_in_the_chance() -> None:
    """A picture that only the second reading gets at states the checks of the first as well."""
    marked = image.embed(chart(), PAYLOAD, key=OPEN_KEY).pixels
    reader = Reader(OPEN_KEY)
    found = reading.in_frames(frame.luma(saved(marked, "JPEG", 30)), [reader])
    assert found is not None
    assert (
        image.detect(saved(marked, "JPEG", 30)).p_value
        == reader.checks / 2**reader.scheme.check_bits
    )


def test_an_inverted_mark_too_damaged_to_be_read_is_seen() -> None:
    marked = 255 - image.embed(scene(4), PAYLOAD, key=OPEN_KEY).pixels
    noise = np.random.default_rng(1).normal(0, 1, marked.shape[:2])[..., None]
    noisy = (
        np.clip(marked + sigma * noise, 0, 255).astype(np.uint8) for sigma in range(20, 120, 5)
    )
    found = image.detect(next(pixels for pixels in noisy if payload(pixels) is None))
    assert found.payload is None
    assert found.state is WatermarkState.PRESENT
    assert found.p_value is not None
    assert found.p_value <= presence.MOST_CHANCE
    assert found.geometry is not None
    assert found.geometry.inverted


@pytest.mark.parametrize("draw", [chart, panels])
@pytest.mark.parametrize("inverted", [False, True])
def test_unmarked_graphics_hold_nothing(draw: Callable[[], Pixels], inverted: bool) -> None:
    pixels = saved(draw(), "JPEG", 60)
    reader = Reader(OPEN_KEY)
    assert reading.in_frames(frame.luma(255 - pixels if inverted else pixels), [reader]) is None
    chance, _, _ = reader.likeliest()
    assert chance > presence.MOST_CHANCE
