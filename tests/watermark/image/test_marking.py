from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from synthmark.errors import UnmarkableError, UsageError
from synthmark.facts import Strength
from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark import image
from synthmark.watermark.image import folding, frame, jpeg, marking, sync, whitening
from synthmark.watermark.image.carriers import Carriers
from synthmark.watermark.image.perception import Quality
from tests.pictures import Pixels, flat, scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOLDEN = Path(__file__).parents[2] / "golden" / "marked.npz"
PAYLOAD = bytes(range(16))
OTHER_KEY = WatermarkKey("other", bytes(range(32)))
STRENGTHS = list(Strength)


def drawn() -> Pixels:
    """A picture by whole-number arithmetic, the same on every machine: 144 x 160."""
    y, x = np.mgrid[:144, :160]
    planes = [x * (k + 2) // 3 + (x * x + y * y * (k + 1)) // 97 % 61 + y for k in range(3)]
    return (np.stack(planes, axis=2) % 256).astype(np.uint8)


def test_a_stronger_mark_is_more_visible_and_holds_better() -> None:
    assert [each.name for each in Strength] == ["INVISIBLE", "BALANCED", "ROBUST"]
    read = dict.fromkeys(Strength, 0)
    for number in (1, 3, 7):
        picture = scene(number, 512, 512)
        marks = [image.embed(picture, PAYLOAD, key=OPEN_KEY, strength=each) for each in Strength]
        assert marks[0].psnr > marks[1].psnr > marks[2].psnr > 35
        assert min(each.margin for each in marks) > 6
        for strength, each in zip(Strength, marks, strict=True):
            saved = jpeg.recoded(frame.luma(each.pixels), 10)
            read[strength] += image.detect(saved).payload == PAYLOAD
    assert read[Strength.INVISIBLE] < read[Strength.BALANCED] <= read[Strength.ROBUST]


@pytest.mark.parametrize("size", [(512, 512), (130, 300), (300, 130), (200, 256), (720, 740)])
def test_size_and_type_stay_and_the_input_is_not_changed(size: tuple[int, int]) -> None:
    pixels = scene(1, *size)
    before = pixels.copy()
    marked = image.embed(pixels, PAYLOAD, key=OPEN_KEY)
    assert marked.pixels.shape == pixels.shape
    assert marked.pixels.dtype == np.uint8
    assert np.array_equal(pixels, before)
    assert not np.array_equal(marked.pixels, before)


def test_the_change_is_the_same_in_every_channel_up_to_rounding() -> None:
    pixels = scene(2)
    change = image.embed(pixels, PAYLOAD, key=OPEN_KEY).pixels.astype(int) - pixels
    unclipped = ((pixels > 15) & (pixels < 240)).all(axis=2)
    assert np.ptp(change[unclipped], axis=1).max() <= 1


def test_the_same_inputs_give_the_same_pixels_and_others_do_not() -> None:
    pixels = scene(3, 256, 256)
    one = image.embed(pixels, PAYLOAD, key=OPEN_KEY).pixels
    assert np.array_equal(one, image.embed(pixels, PAYLOAD, key=OPEN_KEY).pixels)
    assert not np.array_equal(one, image.embed(pixels, PAYLOAD, key=OTHER_KEY).pixels)
    assert not np.array_equal(one, image.embed(pixels, bytes(16), key=OPEN_KEY).pixels)


def spectrum(number: int) -> NDArray[np.complex64]:
    return folding.spectrum(whitening.whiten(frame.to_frame(frame.luma(scene(number)), 512)))


def test_the_tile_begins_where_the_picture_already_agrees_with_the_pilots() -> None:
    carriers = Carriers.of(OPEN_KEY)
    for number in range(4):
        surface = sync.matched(spectrum(number), carriers, 0)[2]
        down, across = map(int, marking.origin([(spectrum(number), 2)], carriers))
        assert surface[down, across] == surface.max()


def test_an_origin_may_have_to_suit_two_spectra() -> None:
    carriers = Carriers.of(OPEN_KEY)
    surfaces = [sync.matched(spectrum(number), carriers, 0)[1] for number in (0, 1)]
    found = marking.origin([(spectrum(0), 1), (spectrum(1), 1)], carriers)
    down, across = map(int, found)
    assert (
        surfaces[0][down, across] + surfaces[1][down, across] == (surfaces[0] + surfaces[1]).max()
    )


def test_a_picture_without_any_agreement_has_an_origin() -> None:
    assert marking.origin([(np.zeros((128, 128), np.complex64), 1)], Carriers.of(OPEN_KEY)) == (
        0,
        0,
    )


def test_a_flat_picture_is_marked_with_care() -> None:
    marked = image.embed(flat(), PAYLOAD, key=OPEN_KEY)
    assert np.abs(marked.pixels.astype(int) - 128).max() <= 8


def test_golden_marked_array() -> None:
    """Other processors may round a rare sample the other way; old output must stay readable."""
    with np.load(GOLDEN) as golden:
        expected, payload = golden["pixels"], golden["payload"].tobytes()
    marked = image.embed(drawn(), payload, key=OPEN_KEY).pixels
    apart = np.abs(marked.astype(int) - expected)
    assert apart.max() <= 1
    assert np.mean(apart) < 0.002
    assert image.detect(expected).payload == payload


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((64, 64, 3), np.float32),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((64,), np.uint8),
        np.zeros((0, 64, 3), np.uint8),
    ],
)
def test_pixels_of_another_kind_are_refused(pixels: Pixels) -> None:
    with pytest.raises(UsageError, match="not uint8"):
        image.embed(pixels, PAYLOAD, key=OPEN_KEY)
    with pytest.raises(UsageError, match="not uint8"):
        image.detect(pixels)


def test_a_payload_of_another_length_is_refused() -> None:
    with pytest.raises(UsageError, match="15 bytes"):
        image.embed(scene(0, 128, 128), bytes(15), key=OPEN_KEY)


@pytest.mark.parametrize("size", [(1, 1), (15, 400), (400, 15)])
def test_a_picture_that_is_too_small_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(UnmarkableError, match="at least 16 a side"):
        image.embed(flat(*size), PAYLOAD, key=OPEN_KEY)
    assert image.detect(flat(*size)).payload is None


def test_a_frame_that_is_longer_than_any_jpeg_is_tried_in_part() -> None:
    marked = image.embed(scene(5, 64, 33_000), PAYLOAD, key=OPEN_KEY)
    assert marked.pixels.shape == (64, 33_000, 3)


@pytest.mark.parametrize("side", [64, 100])
def test_a_small_picture_that_holds_the_mark_gives_it_back(side: int) -> None:
    """A picture below its frame's size loses the high frequencies; the margin must say so."""
    marked = image.embed(scene(6, side, side), PAYLOAD, key=OPEN_KEY)
    assert marked.margin > 0
    assert image.detect(marked.pixels).payload == PAYLOAD


def black_and_white() -> Pixels:
    """No room between the rails for what would be added."""
    return np.random.default_rng(0).integers(0, 2, (160, 160), np.uint8) * np.uint8(255)


@pytest.mark.parametrize(
    "pixels", [scene(6, 16, 16), scene(6, 32, 32), black_and_white()], ids=["16", "32", "rails"]
)
def test_a_picture_that_does_not_give_the_mark_back_is_refused(pixels: Pixels) -> None:
    with pytest.raises(UnmarkableError, match="does not read back: this picture is") as refused:
        image.embed(pixels, PAYLOAD, key=OPEN_KEY)
    assert refused.value.code == "watermark.not-held"


def test_a_mark_that_is_certain_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marking, "read_as_it_lies", lambda *_: None)
    assert image.embed(scene(6, 256, 256), PAYLOAD, key=OPEN_KEY).margin > 6


def test_the_margin_of_a_small_picture_of_16_bits_is_that_of_8() -> None:
    pixels = scene(6, 100, 100)
    deep = image.embed(pixels.astype(np.uint16) * 257, PAYLOAD, key=OPEN_KEY)
    assert deep.margin == pytest.approx(image.embed(pixels, PAYLOAD, key=OPEN_KEY).margin, abs=1)


@pytest.mark.parametrize("seed", [1, 2])
def test_each_strength_is_more_than_the_one_before(seed: int) -> None:
    found = [
        image.embed(scene(seed), PAYLOAD, key=OPEN_KEY, strength=each).psnr for each in STRENGTHS
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] - found[-1] > 2


def test_every_strength_is_read() -> None:
    for strength in STRENGTHS:
        marked = image.embed(scene(7, 256, 256), PAYLOAD, key=OPEN_KEY, strength=strength)
        assert image.detect(marked.pixels).payload == PAYLOAD


def test_a_picture_that_would_lose_the_mark_in_jpeg_gets_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Down to the second score of its strength, and no further; others get what they got."""
    monkeypatch.setattr(marking, "_CERTAIN", -np.inf)
    busy = np.random.default_rng(3).normal(128, 45, (256, 256)).clip(0, 255).astype(np.uint8)
    calm = scene(4, 512, 512)
    raised, kept = (image.embed(each, PAYLOAD, key=OPEN_KEY).pixels for each in (busy, calm))
    preset = marking._PRESETS[Strength.INVISIBLE]
    score = Quality(busy, raised.astype(np.float32) - busy).score(1)
    assert preset.lowest - 1 < score < preset.score - 1
    monkeypatch.setattr(marking, "_TRIAL_MARGIN", -np.inf)
    untried = image.embed(busy, PAYLOAD, key=OPEN_KEY).pixels
    assert Quality(busy, untried.astype(np.float32) - busy).score(1) > score + 1
    assert np.array_equal(kept, image.embed(calm, PAYLOAD, key=OPEN_KEY).pixels)
