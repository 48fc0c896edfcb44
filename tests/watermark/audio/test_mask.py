from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.keys import OPEN_KEY
from synthmark.watermark import audio
from synthmark.watermark.audio import cells, mask
from synthmark.watermark.audio.whitening import View
from tests.sounds import Wave


def strength(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    view = View.of(np.repeat(levels, 3, axis=0), 0)
    return mask.strength(view.levels, view.deviation, cells.BY_BAND)


@pytest.mark.kernel
def test_strength_follows_the_oracle() -> None:
    """The less of roughness and of the RMS change from slot to slot around each cell."""
    generator = np.random.default_rng(0)
    levels = generator.normal(scale=0.05, size=(20, 3)).astype(np.float32)
    deviation = generator.normal(size=(20, 3)).astype(np.float32)
    deviation[:5] *= 0.02
    granted = np.array([0.3, 0.5, 1], np.float32)
    found = mask.strength(levels, deviation, granted)
    change = np.diff(levels, axis=0, prepend=levels[:1])
    for slot in range(20):
        around = change[max(slot - 2, 0) : slot + 3]
        activity = np.sqrt(np.mean(around**2, axis=0) / 2) * 10 / np.log(10)
        roughness = np.abs(deviation[slot]) * 10 / np.log(10)
        expected = np.clip(np.minimum(0.61 * roughness, 0.88 * activity), 0.05, 1.77) * granted
        assert np.allclose(found[slot], expected, atol=1e-4)
    assert len(np.unique(found)) > 30


def test_steady_sound_gets_almost_nothing_and_rough_sound_its_share() -> None:
    generator = np.random.default_rng(1)
    levels = generator.normal(scale=0.005, size=(60, 48)).astype(np.float32)
    levels[:, 30:] = generator.normal(scale=0.8, size=(60, 18))
    found = strength(levels)
    assert found[:, 12:26].max() < 0.06
    assert np.median(found[:, 34:]) > 0.8
    assert 1.7 < found.max() < 1.78


def test_low_bands_are_spared() -> None:
    levels = np.random.default_rng(2).normal(size=(400, 48)).astype(np.float32)
    found = strength(levels).mean(axis=0)
    assert found[0] == pytest.approx(0.32 * found[20], rel=0.1)
    assert (np.diff(found[:17:4]) > 0).all()


def hidden(change: NDArray[np.float32], host: NDArray[np.float32]) -> NDArray[np.float32]:
    """`mask.hide_in_time` for one channel, by arrays."""
    moments = -(-len(host) // 16)

    def powers(wave: NDArray[np.float32]) -> NDArray[np.float64]:
        steps = np.diff(wave, prepend=wave[0]).astype(np.float64) ** 2
        return np.asarray(np.bincount(np.arange(len(wave)) // 16, steps, moments), np.float64)

    apart = np.subtract.outer(np.arange(moments), np.arange(moments))
    falls = np.where(apart >= 0, 0.25 * apart, -12.0 * apart)
    behind = powers(host) * 10 ** (-np.where(apart >= 0, falls, np.inf) / 10)
    best = behind.max(axis=1)
    ahead = best * 10 ** (-np.where(apart <= 0, falls, np.inf) / 10)
    most, heard = 10**-0.8 * ahead.max(axis=1), powers(change)
    gains = np.sqrt(np.minimum(most / np.maximum(heard, 1e-30), 1))
    middles = 16 * np.arange(moments) + 7.5
    return np.asarray(change * np.interp(np.arange(len(host)), middles, gains), np.float32)


@pytest.mark.kernel
@pytest.mark.parametrize("count", [15, 16, 17, 1000])
def test_hide_in_time_against_its_oracle(count: int) -> None:
    generator = np.random.default_rng(count)
    shape = (np.arange(count) // 100 % 3 == 1) + 1e-4
    host = (shape[:, None] * generator.normal(size=(count, 2))).astype(np.float32)
    change = generator.normal(scale=0.1, size=(count, 2)).astype(np.float32)
    found = change.copy()
    mask.hide_in_time(found, host)
    for channel in range(2):
        expected = hidden(change[:, channel], host[:, channel])
        assert np.allclose(found[:, channel], expected, rtol=2e-3, atol=1e-6)


def test_what_a_sound_hides_is_left_alone() -> None:
    host = np.random.default_rng(3).normal(size=(16_000, 1)).astype(np.float32)
    change = np.roll(host, 40, axis=0) * np.float32(0.15)
    before = change.copy()
    mask.hide_in_time(change, host)
    assert np.array_equal(change, before)


def clicks(rate: int, floor: float) -> tuple[Wave, NDArray[np.int64]]:
    """Wood on wood, three times a second over almost nothing, and where each begins."""
    generator = np.random.default_rng(7)
    wave = generator.normal(scale=floor, size=6 * rate)
    begins = np.arange(rate // 3, len(wave) - rate // 4, rate // 3)
    time = np.arange(rate // 6) / rate
    for begin in begins:
        ring = sum(np.sin(2 * np.pi * hertz * time + hertz) for hertz in (900, 2300, 4100))
        wave[begin : begin + len(time)] += 0.2 * np.exp(-time * 60) * ring
    return np.asarray(wave, np.float32), begins


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_mark_is_not_heard_before_the_attack_it_is_made_for(rate: int, streamed: bool) -> None:
    wave, begins = clicks(rate, 1e-4)
    if streamed:
        stream = audio.EmbedStream(rate, 1, bytes(8), key=OPEN_KEY)
        parts = (stream.push(wave[:, None]), stream.finish())
        marked = np.asarray(np.concatenate(parts)[:, 0], np.float32)
    else:
        marked = np.asarray(audio.embed(wave, rate, bytes(8), key=OPEN_KEY).samples, np.float32)
    change = marked - wave

    def level(first: float, last: float) -> float:
        """Return the level of the change so many milliseconds from the attacks, in dB."""
        parts = [
            change[begin + round(first * rate / 1000) : begin + round(last * rate / 1000)]
            for begin in begins
        ]
        return float(10 * np.log10(np.mean(np.square(parts, dtype=np.float64)) + 1e-20))

    assert level(-16, -5) < -80
    assert level(-5, -3) < -60
    assert level(0, 10) > -40
    assert audio.detect(marked, rate, reach=audio.Search.NONE).payload == bytes(8)
