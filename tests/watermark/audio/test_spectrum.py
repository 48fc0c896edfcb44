from __future__ import annotations

import cv2
import numpy as np
import pytest

from synthmark.watermark.audio import spectrum
from tests.sounds import RATE, voice


def ones(start: int, stop: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.ones((stop - start, spectrum.BINS), np.float32)


@pytest.mark.parametrize("length", [1, 127, 128, 5000, 16001])
def test_gains_of_one_give_the_sound_back(length: int) -> None:
    sound = np.stack((voice(2, 1)[:length], voice(2, 2)[:length]), axis=1)
    assert np.allclose(spectrum.filtered(sound, ones), sound, atol=1e-6)


def test_long_sound_is_filtered_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = voice(3)
    whole, power = spectrum.filtered(sound[:, None], ones), spectrum.power(sound)
    monkeypatch.setattr(spectrum, "_CHUNK", 50)
    assert np.allclose(spectrum.filtered(sound[:, None], ones), whole, atol=1e-7)
    assert np.array_equal(spectrum.power(sound), power)


@pytest.mark.kernel
def test_packed_spectra_hold_power_and_take_gains() -> None:
    """Against NumPy's transform, which packs nothing."""
    generator = np.random.default_rng(0)
    frames = generator.normal(size=(3, spectrum.WINDOW)).astype(np.float32)
    gains = generator.normal(size=(3, spectrum.BINS)).astype(np.float32)
    packed = np.asarray(cv2.dft(frames, flags=cv2.DFT_ROWS), np.float32)
    expected = np.fft.rfft(frames)
    power = np.empty((3, spectrum.BINS), np.float32)
    spectrum.squared(packed, power)
    assert np.allclose(power, np.abs(expected) ** 2, rtol=1e-4, atol=1e-3)
    spectrum.scale(packed, gains)
    back = cv2.dft(packed, flags=cv2.DFT_ROWS | cv2.DFT_INVERSE | cv2.DFT_SCALE)
    assert np.allclose(back, np.fft.irfft(expected * gains), atol=1e-5)


@pytest.mark.kernel
@pytest.mark.parametrize(("length", "begin"), [(1000, -512), (1000, 300), (40, -500), (40, -20)])
def test_frames_are_cut_out_and_laid_over_each_other(length: int, begin: int) -> None:
    generator = np.random.default_rng(length)
    sound = generator.normal(size=length).astype(np.float32)
    window = generator.random(spectrum.WINDOW, np.float32)
    frames = np.full((4, spectrum.WINDOW), np.nan, np.float32)
    spectrum.windowed(sound, begin, window, frames)
    padded = np.pad(sound, (1024, 2048))
    total = np.zeros(length, np.float32)
    spectrum.overlap(frames, begin, window, total)
    expected = np.zeros(len(padded), np.float32)
    for number, frame in enumerate(frames):
        place = slice(first := 1024 + begin + 128 * number, first + spectrum.WINDOW)
        assert np.allclose(frame, padded[place] * window)
        expected[place] += frame * window
    assert np.allclose(total, expected[1024 : 1024 + length], atol=1e-5)


def test_a_frame_is_centred_where_it_is_said_to_be() -> None:
    """A click on sample 128 t - 256 has its energy in frame t, and frames lie alike around it."""
    for t in (2, 10, 40):
        sound = np.zeros(6000, np.float32)
        sound[128 * t - 256] = 1
        energy = spectrum.power(sound).sum(axis=1)
        assert energy.argmax() == t
        assert energy[t - 1] == pytest.approx(energy[t + 1], rel=0.05)


def test_a_tone_lies_in_its_bin() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    power = spectrum.power(tone)
    assert power.shape == (spectrum.frame_count(RATE), spectrum.BINS)
    assert (power[10:-10].argmax(axis=1) == 32).all()
    assert power[50, 32] == pytest.approx(128**2, rel=0.01)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 192_000])
def test_resampling_there_and_back_keeps_place_and_length(rate: int) -> None:
    sound = voice(1, rate=rate)
    low = spectrum.resample(sound, rate, spectrum.RATE)
    back = spectrum.resample(low, spectrum.RATE, rate, len(sound))
    assert back.shape == sound.shape
    assert np.corrcoef(sound, back)[0, 1] > 0.98


def test_resampling_fits_the_length_that_is_asked_for() -> None:
    pair = np.ones((10, 2), np.float32)
    assert spectrum.resample(pair, RATE, RATE) is pair
    assert spectrum.resample(pair, RATE, RATE, 12).sum() == 20
    assert spectrum.resample(pair, RATE, RATE, 8).shape == (8, 2)
