from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.watermark.image import frame

Pixels = NDArray[np.uint8]


def noise(*shape: int) -> Pixels:
    return np.random.default_rng(shape[0]).integers(0, 256, shape, np.uint8)


def changes(height: int, width: int) -> NDArray[np.float32]:
    generator = np.random.default_rng(7)
    return generator.normal(0, 3, (height, width)).astype(np.float32)


def dithered(pixels: Pixels, change: NDArray[np.float32]) -> Pixels:
    """floor(samples + change + threshold), channel by channel, on float32 planes."""
    y, x = (place.astype(np.float32) for place in np.indices(change.shape))
    gradient = np.float32(0.06711056) * x + np.float32(0.00583715) * y
    spread = np.float32(52.9829189) * (gradient - np.floor(gradient))
    planes = pixels.reshape(*change.shape, -1)
    rounded = np.empty_like(planes)
    for channel in range(planes.shape[2]):
        place = spread + np.float32(channel) / np.float32(3)
        threshold = np.float32(0.25) + np.float32(0.5) * (place - np.floor(place))
        rounded[..., channel] = np.clip(np.floor(planes[..., channel] + change + threshold), 0, 255)
    return rounded.reshape(pixels.shape)


@pytest.mark.kernel
@pytest.mark.parametrize("shape", [(9, 13, 3), (16, 5), (1, 4, 3)])
def test_rounding_follows_the_oracle(shape: tuple[int, ...]) -> None:
    pixels, change = noise(*shape), changes(*shape[:2])
    found, psnr = frame.add(pixels, change)
    expected = dithered(pixels, change)
    # A threshold that falls on a sample may round either way with fused arithmetic.
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert np.mean(found != expected) < 0.01
    squares = np.mean((found.astype(float) - pixels) ** 2)
    assert psnr == pytest.approx(10 * math.log10(255**2 / squares), abs=1e-6)


def test_sixteen_bits_get_the_change_itself() -> None:
    pixels = np.random.default_rng(2).integers(0, 65536, (9, 13, 3), np.uint16)
    change = changes(9, 13)
    found, psnr = frame.add(pixels, change)
    expected = np.clip(np.rint(pixels + change[..., None] * np.float32(257)), 0, 65535)
    assert found.dtype == np.uint16
    assert (found == expected).all()
    squares = np.mean((found.astype(float) - pixels) ** 2)
    assert psnr == pytest.approx(10 * math.log10(65535**2 / squares), abs=1e-6)


@pytest.mark.parametrize("shape", [(90, 130, 3), (90, 131)])
def test_bands_make_the_same_picture(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels, change = noise(*shape), changes(40, 58)
    whole, psnr = frame.add(pixels, change)
    gray = frame.luma(pixels)
    small = frame.resize(gray, 58, 40)
    monkeypatch.setattr(frame, "_LARGE_PIXELS", 0)
    monkeypatch.setattr(frame, "_BAND_PIXELS", 7 * 130)
    found, again = frame.add(pixels, change)
    # Scaling rows before columns rounds a few float32 otherwise.
    assert np.mean(found != whole) < 1e-3
    assert np.abs(found.astype(int) - whole).max() <= 1
    assert again == pytest.approx(psnr, abs=1e-3)
    assert np.abs(frame.resize(gray, 58, 40) - small).max() < 1e-3


def test_no_change_changes_nothing() -> None:
    pixels = noise(20, 30, 3)
    found, psnr = frame.add(pixels, np.zeros((20, 30), np.float32))
    assert np.array_equal(found, pixels)
    assert psnr == math.inf


@pytest.mark.parametrize("part", [-0.4, -0.1, 0.1, 0.3])
def test_a_part_of_a_level_survives_rounding(part: float) -> None:
    gray = np.full((128, 128, 3), 100, np.uint8)
    found, _ = frame.add(gray, np.full((128, 128), part, np.float32))
    # The thresholds span half a level, so a change is stretched and cut, never lost.
    expected = math.copysign(max(0.0, 2 * abs(part) - 0.5), part)
    assert found.mean() - 100 == pytest.approx(expected, abs=0.03)


def test_levels_stay_within_a_byte() -> None:
    for tone, change in ((0, -9.0), (255, 9.0)):
        found, _ = frame.add(
            np.full((8, 8, 3), tone, np.uint8), np.full((8, 8), change, np.float32)
        )
        assert (found == tone).all()


def test_read_only_pixels_are_not_written_to() -> None:
    pixels = noise(12, 12, 3)
    pixels.flags.writeable = False
    before = pixels.copy()
    frame.add(pixels, changes(12, 12))
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize(
    ("short", "side"),
    [
        (16, 128),
        (191, 128),
        (192, 256),
        (383, 256),
        (384, 512),
        (703, 512),
        (704, 768),
        (9000, 768),
    ],
)
def test_the_frame_depends_on_the_short_side(short: int, side: int) -> None:
    assert frame.side(short) == side


@pytest.mark.parametrize("short", [150, 192, 300, 384, 512, 703, 704, 1024, 2000])
@pytest.mark.parametrize("scale", [0.36, 0.5, 0.75, 1.0, 1.5, 2.0, 3.3])
def test_a_scaled_picture_is_looked_for_in_its_own_frame(short: int, scale: float) -> None:
    plausible = frame.plausible_sides(round(short * scale))
    assert frame.side(short) in plausible
    assert plausible[0] == frame.side(round(short * scale))


def test_an_absurd_scale_is_not_tried() -> None:
    assert 128 not in frame.plausible_sides(1024)
    assert 768 not in frame.plausible_sides(128)


@pytest.mark.parametrize("shape", [(1024, 768), (600, 800), (100, 333), (512, 512)])
def test_the_short_side_fits_and_the_proportion_stays(shape: tuple[int, int]) -> None:
    made = frame.to_frame(noise(*shape), frame.side(min(shape)))
    assert made.dtype == np.float32
    assert min(made.shape) == frame.side(min(shape))
    assert made.shape[1] / made.shape[0] == pytest.approx(shape[1] / shape[0], rel=0.01)


def test_luma_is_that_of_bt_601() -> None:
    pixels = noise(10, 10, 3)
    expected = pixels @ np.array([0.299, 0.587, 0.114])
    assert np.abs(frame.luma(pixels) - expected).max() <= 0.51
    gray = noise(5, 5)
    assert np.array_equal(frame.luma(gray), gray)
    deep = pixels.astype(np.uint16) * 257
    assert np.abs(frame.luma(deep).astype(int) - frame.luma(pixels)).max() <= 1
    assert np.array_equal(frame.luma(gray.astype(np.uint16) * 257), gray)
