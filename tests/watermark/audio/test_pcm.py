from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from synthmark.keys import OPEN_KEY
from synthmark.watermark import audio
from synthmark.watermark.audio import pcm
from tests.sounds import Wave, music, voice

SHORT = bytes(range(8))
TOP = np.float32(1 - 2**-14)
STEP = 2**-23


@pytest.mark.kernel
@pytest.mark.parametrize("seed", range(8))
def test_silence_is_a_run_of_64_zeros_or_more(seed: int) -> None:
    generator = np.random.default_rng(seed)
    wave = np.ones((600, 2), np.float32)
    for _ in range(8):
        begin = int(generator.integers(600))
        wave[begin : begin + generator.choice([1, 30, 63, 64, 65, 200]), generator.integers(2)] = 0
    expected = np.zeros(wave.shape, bool)
    for begin in range(600 - 63):
        for channel in range(2):
            if not wave[begin : begin + 64, channel].any():
                expected[begin : begin + 64, channel] = True
    assert np.array_equal(pcm.silent(wave), expected)
    assert not pcm.silent(wave[:63] * 0).any()


def bent(change: Wave, wave: Wave, until: int) -> Wave:
    """`pcm.bend` for one channel, by arrays."""
    change = change.copy()
    for shape, times in ((pcm.bump(44.1), 4), (pcm.bump(88.2), 1)):
        half = len(shape) // 2
        for _ in range(times):
            for place in range(until):
                total = wave[place] + change[place]
                excess = abs(total) - max(abs(wave[place]), TOP)
                if excess <= 0:
                    continue
                near = slice(max(place - half, 0), place + half + 1)
                part = shape[max(half - place, 0) :][: len(change[near])]
                if times == 1:
                    share = (excess + np.float32(2**-23)) / abs(change[place])
                    change[near] *= 1 - min(share, np.float32(1)) * part
                else:
                    change[near] -= np.sign(total) * excess * part
    return change


@pytest.mark.kernel
@pytest.mark.parametrize("until", [0, 150, 300])
def test_bend_against_its_oracle(until: int) -> None:
    generator = np.random.default_rng(until)
    wave = np.clip(generator.normal(size=(300, 2)), -1, 1).astype(np.float32)
    change = generator.normal(scale=0.1, size=(300, 2)).astype(np.float32)
    found = change.copy()
    pcm.within_scale(found, wave, 44_100, until)
    for channel in range(2):
        expected = bent(change[:, channel], wave[:, channel], until)
        assert np.allclose(found[:, channel], expected, atol=1e-5)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 3), st.sampled_from([8_000, 44_100, 192_000]))
def test_no_sample_is_clipped_or_comes_newly_to_the_rail(seed: int, loud: float, rate: int) -> None:
    generator = np.random.default_rng(seed)
    wave = np.clip(generator.normal(scale=loud, size=(400, 1)), -1, 1).astype(np.float32)
    wave[100:200] = np.sign(wave[100:200])
    change = generator.normal(scale=0.3, size=wave.shape).astype(np.float32)
    pcm.within_scale(change, wave, rate)
    assert (np.abs(wave + change) <= np.maximum(np.abs(wave), TOP) + STEP).all()


@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
def test_only_what_is_around_a_peak_is_bent(rate: int) -> None:
    wave = np.full((2000, 1), 0.9, np.float32)
    wave[1000] = 0.99
    change = np.full((2000, 1), 0.05, np.float32)
    pcm.within_scale(change, wave, rate)
    (bent,) = np.nonzero(change[:, 0] != np.float32(0.05))
    assert len(bent) > 3
    assert np.abs(bent - 1000).max() <= pcm.reach(rate)


def test_a_change_that_fits_is_left_alone() -> None:
    wave = np.full((500, 2), 0.9, np.float32)
    change = np.full((500, 2), 0.09, np.float32)
    pcm.within_scale(change, wave, 44_100)
    assert (change == np.float32(0.09)).all()


def loud(wave: Wave, peak: float) -> Wave:
    """The sound so loud that it is clipped, as a mastering limiter would leave it."""
    louder = np.clip(wave * (peak / np.abs(wave).max()), -1, 1 - 2**-15)
    return np.asarray(louder, np.float32)


def above(change: NDArray[np.float64], rate: int, hertz: float) -> float:
    """Return the peak of what lies above a frequency, in dB of full scale; ends do not count."""
    spectrum = np.fft.rfft(change, axis=0)
    spectrum[np.fft.rfftfreq(len(change), 1 / rate) < hertz] = 0
    heard = np.fft.irfft(spectrum, len(change), axis=0)[rate // 100 : -rate // 100]
    return float(20 * np.log10(np.abs(heard).max() + 1e-12))


@pytest.mark.parametrize("peak", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("kind", [np.float32, np.int16])
def test_a_mark_on_a_loud_sound_neither_clips_nor_clicks(peak: float, kind: type) -> None:
    wave = loud(music(6, 3), peak)
    samples = wave if kind is np.float32 else np.rint(wave * 32768).astype(np.int16)
    marked = audio.embed(samples, 44_100, SHORT, key=OPEN_KEY).samples
    scale = 1 if kind is np.float32 else 32768
    host, found = samples / scale, marked / scale
    assert (np.abs(found) <= np.maximum(np.abs(host), TOP) + STEP).all()
    if kind is np.float32:
        # The click was at -25 to -45 dB; nothing else is made above 8 kHz.
        assert above(found - host, 44_100, 8_500) < -70
    assert audio.detect(marked, 44_100, reach=audio.Search.NONE).payload == SHORT


def test_a_loud_sound_is_streamed_without_a_click_too() -> None:
    wave = loud(music(12, 3), 1.5)
    stream = audio.EmbedStream(44_100, 2, SHORT, key=OPEN_KEY)
    parts = [stream.push(wave[begin : begin + 4_410]) for begin in range(0, len(wave), 4_410)]
    marked = np.concatenate([*parts, stream.finish()])
    assert (np.abs(marked) <= np.maximum(np.abs(wave), TOP) + STEP).all()
    assert above(marked - wave, 44_100, 8_500) < -70


def test_peaks_beyond_full_scale_come_no_farther_out() -> None:
    wave = (voice(4) * 4).astype(np.float32)
    marked = audio.embed(wave, 16_000, SHORT, key=OPEN_KEY).samples
    assert (np.abs(marked) <= np.maximum(np.abs(wave), TOP) + 4 * STEP).all()
    assert np.abs(marked - wave).max() > 0.01


@pytest.mark.kernel
@pytest.mark.parametrize("count", [0, 1, 1024, 5000, 70_000])
def test_energy_follows_the_oracle(count: int) -> None:
    samples = np.random.default_rng(count).normal(size=count).astype(np.float32)
    expected = float(np.square(samples, dtype=np.float64).sum())
    assert pcm.energy(samples) == pytest.approx(expected, rel=1e-6)
