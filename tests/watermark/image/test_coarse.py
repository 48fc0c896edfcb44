from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.facts import WatermarkState
from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark import image
from synthmark.watermark.image import coarse, frame, presence
from tests.pictures import Pixels, scene

GOLDEN = Path(__file__).parents[2] / "golden" / "lattices.json"
KEYS = [OPEN_KEY, WatermarkKey("one", bytes(32)), WatermarkKey("two", bytes(range(32)))]
LATTICE = coarse.Lattice.of(OPEN_KEY)
OTHER = coarse.Lattice.of(WatermarkKey("other", bytes(range(32))))
PAYLOAD = bytes(range(16))
GRAY = frame.luma(scene(2, 480, 640))
CODE = np.random.default_rng(4).choice([-1, 1], LATTICE.scheme.code_bits).astype(np.float32)


def marked(gray: NDArray[np.uint8] = GRAY, deviation: float = 0.6) -> NDArray[np.float32]:
    host = coarse.coefficients(gray, LATTICE)
    change = coarse.change(host, CODE, LATTICE, deviation, gray.shape)
    return np.asarray(gray + change, np.float32)


def series(
    plane: Pixels | NDArray[np.float32], lattice: coarse.Lattice = LATTICE
) -> NDArray[np.float32]:
    return coarse.series(coarse.view(plane), lattice, plane.shape)


def agreement(plane: Pixels | NDArray[np.float32]) -> float:
    """Return the share of code bits whose soft value has the right sign."""
    fitted = coarse.fit(series(plane), LATTICE, plane.shape)
    return float(np.mean(np.sign(coarse.soft_values(LATTICE, fitted)) == CODE))


def blurred(
    plane: NDArray[np.float32], sigma: float, border: int = cv2.BORDER_REFLECT_101
) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=border), np.float32)


def test_waves_keep_their_right_angles_and_fade_out() -> None:
    waves = coarse._waves(256, LATTICE.scheme)[0].astype(float)
    assert np.allclose(waves @ waves.T, np.eye(32), atol=1e-5)
    assert np.abs(waves[:, [0, -1]]).max() < 1e-6


def test_coefficients_are_those_of_a_local_cosine_transform() -> None:
    """By hand, wave by wave: the smoothstep of fourth order, its sine, a cosine."""
    plane = np.random.default_rng(1).normal(128, 30, (64, 96)).astype(np.float32)

    def wave(number: int, length: int) -> NDArray[np.float64]:
        place = (np.arange(length) + 0.5) / length
        t = np.clip(np.minimum(place, 1 - place) * 6, 0, 1)
        step = 126 * t**5 - 420 * t**6 + 540 * t**7 - 315 * t**8 + 70 * t**9
        cosine = np.cos(np.pi * (number + 0.5) * (place - 1 / 12) * 6 / 5)
        return np.asarray(np.sin(np.pi / 2 * step) * cosine * np.sqrt(2 * 6 / 5 / length))

    found = coarse.coefficients(plane, LATTICE)
    for number in range(0, len(found), 97):
        down, across = wave(LATTICE.down[number], 64), wave(LATTICE.across[number], 96)
        expected = down @ plane @ across * 64 / np.sqrt(plane.size)
        assert found[number] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    "border",
    [cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT, cv2.BORDER_REFLECT_101, cv2.BORDER_CONSTANT],
)
def test_the_border_of_a_blur_does_not_matter(border: int) -> None:
    """Its inverse gives the coefficients back that there were, as far as it weakened them."""
    plane, sigma = np.asarray(GRAY, np.float32), 4.0
    strength = 2 * (np.pi * sigma * 64 / (2 * 480)) ** 2
    through = series(blurred(plane, sigma, border))
    left = sum(row * np.float32(strength**order) for order, row in enumerate(through))
    gain = np.exp(-strength * coarse._radius2(LATTICE, plane.shape))
    before = coarse.coefficients(plane, LATTICE)
    assert np.abs(left / gain - before).max() < 0.15
    # Without, some are off by much more than the mark's strength.
    assert np.abs(through[0] / gain - before).max() > 0.6


def test_a_view_is_rounded_nowhere() -> None:
    pixels = scene(3, 384, 500)
    exact = pixels @ np.array([0.299, 0.587, 0.114])
    small = cv2.resize(exact, (256, 256), interpolation=cv2.INTER_AREA)
    assert np.abs(coarse.view(pixels) - small).max() < 1
    assert abs(float((coarse.view(pixels) - small).mean())) < 0.01
    small = cv2.resize(exact[:, :300], (256, 256), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(coarse.view(pixels[:, :300]), small, atol=1e-3)
    deep = pixels.astype(np.uint16) * 257
    np.testing.assert_allclose(coarse.view(deep), coarse.view(pixels), atol=1e-3)
    gray = frame.luma(pixels)
    np.testing.assert_allclose(coarse.view(gray), coarse.view(np.dstack([gray] * 3)), atol=1e-3)


def test_every_coefficient_is_in_the_ring_once_and_has_one_part() -> None:
    radius = np.hypot(LATTICE.down + 0.5, LATTICE.across + 0.5)
    assert radius.min() >= 4
    assert radius.max() < 32
    assert len({*zip(LATTICE.down.tolist(), LATTICE.across.tolist(), strict=True)}) == len(radius)
    both = np.concatenate((LATTICE.pilots, LATTICE.data))
    assert np.array_equal(np.sort(both), np.arange(len(radius)))
    assert np.bincount(LATTICE.bit, minlength=LATTICE.scheme.code_bits).min() >= 1


def test_keys_have_other_lattices() -> None:
    assert not np.allclose(LATTICE.dither, OTHER.dither)
    assert not np.array_equal(LATTICE.bit, OTHER.bit)


def test_golden_vectors() -> None:
    golden = json.loads(GOLDEN.read_text())
    for key in KEYS:
        lattice = coarse.Lattice.of(key)
        dither = np.rint(lattice.dither * 2**16).astype("<u2")
        assert {
            "dither": hashlib.sha256(dither.tobytes()).hexdigest(),
            "bits": hashlib.sha256(lattice.bit.astype("<u2").tobytes()).hexdigest(),
        } == golden[key.name]


def test_a_change_is_as_strong_as_was_asked() -> None:
    """Its deviation is stated for the highest radius, where it is least."""
    host = coarse.coefficients(GRAY, LATTICE)
    change = coarse.change(host, CODE, LATTICE, 0.5, GRAY.shape)
    moved = coarse.coefficients(change, LATTICE) * LATTICE.step[-1] / LATTICE.step
    assert float(moved.std()) == pytest.approx(0.5, rel=0.1)


def test_a_coefficient_moves_a_share_of_the_way() -> None:
    """By hand, point by point."""
    host = coarse.coefficients(GRAY, LATTICE)
    change = coarse.change(host, CODE, LATTICE, 0.5, (256, 256))
    moved = host + coarse.coefficients(change, LATTICE)
    place = LATTICE.dither.astype(float)
    place[LATTICE.data] += [0.0 if CODE[bit] > 0 else 0.5 for bit in LATTICE.bit]
    for number in range(0, len(host), 37):
        step = float(LATTICE.step[number]) * 0.5
        points = (np.arange(-1000, 1000) + place[number]) * step
        nearest = points[np.abs(points - host[number]).argmin()]
        expected = host[number] + 0.6 * (nearest - host[number])
        assert moved[number] == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("sigma", [0.0, 1.5, 3.0, 5.0])
def test_a_blur_leaves_the_code(sigma: float) -> None:
    plane = blurred(marked(), sigma) if sigma else marked()
    assert agreement(plane) > 0.95


@pytest.mark.parametrize("scale", [0.25, 0.35, 0.8, 1.7])
def test_any_size_leaves_the_code(scale: float) -> None:
    size = round(640 * scale), round(480 * scale)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(marked(), size, interpolation=method)
    assert agreement(np.asarray(resized, np.float32)) > 0.9


def test_the_fit_finds_the_fall_off_and_the_deviation() -> None:
    plane = blurred(marked(), 3)
    fitted = coarse.fit(series(plane), LATTICE, plane.shape)
    half_cycles = np.hypot(LATTICE.down + 0.5, (LATTICE.across + 0.5) * 480 / 640) * 6 / 5
    expected = np.exp(-2 * (np.pi * 3 * half_cycles / (2 * 480)) ** 2)
    assert np.allclose(fitted.gain, expected, rtol=0.02)
    assert fitted.deviation == pytest.approx(0.6)
    assert fitted.score > 8


def test_another_key_fits_by_chance_only() -> None:
    found = series(marked(), OTHER)
    assert coarse.fit(found, OTHER, GRAY.shape).score < 5.6


def test_the_null_is_not_worse_than_it_claims() -> None:
    """Unmarked scenes under wrong keys exceed the quantile about as often as said."""
    lattices = [coarse.Lattice.of(WatermarkKey(str(n), bytes([n] * 32))) for n in range(12)]
    grays = [frame.luma(scene(seed, 256, 320)) for seed in range(12)]
    scores = [
        coarse.fit(series(gray, lattice), lattice, gray.shape).score
        for gray in grays
        for lattice in lattices
    ]
    beyond = sum(score > presence.COARSE.quantile for score in scores)
    assert beyond <= 10
    assert max(scores) < 6


def test_deviations_are_few_and_follow_the_main_mark() -> None:
    found = [coarse.deviation(main, LATTICE) for main in (0.0, 0.5, 1.4, 1.5, 2.5, 125.0)]
    assert found == sorted(found)
    assert found[2] == found[3] == pytest.approx(0.3)


@pytest.fixture(scope="module")
def picture() -> Pixels:
    return image.embed(scene(6, 512, 640), PAYLOAD, key=OPEN_KEY).pixels


def test_a_strongly_blurred_picture_is_read(picture: Pixels) -> None:
    found = image.detect(np.asarray(cv2.GaussianBlur(picture, (0, 0), 4), np.uint8))
    assert found.payload == PAYLOAD
    assert found.geometry is not None
    assert found.geometry.corners == ((0, 0), (640, 0), (640, 512), (0, 512))


def test_a_blur_that_leaves_less_than_a_level_is_read(picture: Pixels) -> None:
    """Each channel rounds at other places: what one loses the three still hold."""
    found = image.detect(np.asarray(cv2.GaussianBlur(picture, (0, 0), 8), np.uint8))
    assert found.payload == PAYLOAD


def test_a_thumbnail_is_read(picture: Pixels) -> None:
    small = cv2.resize(picture, (160, 128), interpolation=cv2.INTER_AREA)
    assert image.detect(np.asarray(small, np.uint8)).payload == PAYLOAD


def test_a_blur_that_leaves_too_little_leaves_a_trace(picture: Pixels) -> None:
    found = next(
        found
        for sigma in range(6, 20)
        if (
            found := image.detect(np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8))
        ).payload
        is None
    )
    assert found.state is WatermarkState.PRESENT
    assert found.p_value is not None
    assert found.p_value <= presence.MOST_CHANCE


def test_a_small_picture_gets_none() -> None:
    """It would pay too much for it; its main mark is read all the same."""
    small = image.embed(scene(6, 256, 300), PAYLOAD, key=OPEN_KEY).pixels
    values = series(small)
    assert coarse.fit(values, LATTICE, small.shape[:2]).score < 6
    assert image.detect(small).payload == PAYLOAD
