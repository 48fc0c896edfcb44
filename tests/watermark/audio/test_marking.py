from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.errors import UnmarkableError, UsageError
from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark import audio
from synthmark.watermark.audio import decoding, marking
from synthmark.watermark.audio.layout import Layout
from synthmark.watermark.payload import Checker
from synthmark.watermark.scheme import AUDIO_1
from tests.sounds import RATE, Wave, music, voice

PAYLOAD, SHORT = bytes(range(16)), bytes(range(8))
OTHER_KEY = WatermarkKey("other", bytes(range(32)))


def integers(wave: Wave) -> NDArray[np.int16]:
    return (wave * 32767).astype(np.int16)


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 192_000])
@pytest.mark.parametrize("channels", [0, 1, 2, 8])
def test_shape_and_type_stay_and_the_input_is_not_changed(rate: int, channels: int) -> None:
    wave = voice(4, rate=rate)
    if channels:
        wave = np.stack([wave * (1 - place / 20) for place in range(channels)], axis=1)
    samples: NDArray[np.float32] | NDArray[np.int16]
    for samples in (wave, integers(wave)):
        before = samples.copy()
        marked = audio.embed(samples, rate, SHORT, key=OPEN_KEY).samples
        assert (marked.shape, marked.dtype) == (samples.shape, samples.dtype)
        assert np.array_equal(samples, before)
        assert not np.array_equal(marked, before)


def test_the_change_is_small_and_told() -> None:
    wave = voice(4)
    marked = audio.embed(wave, RATE, PAYLOAD, key=OPEN_KEY)
    ratio = np.sum(wave**2) / np.sum((marked.samples - wave) ** 2)
    assert marked.snr == pytest.approx(10 * np.log10(ratio), abs=0.01)
    assert 18 < marked.snr < 35
    assert marked.margin > 3


def test_the_same_inputs_give_the_same_samples_and_others_do_not() -> None:
    wave = voice(1)
    one = audio.embed(wave, RATE, PAYLOAD, key=OPEN_KEY).samples
    assert np.array_equal(one, audio.embed(wave, RATE, PAYLOAD, key=OPEN_KEY).samples)
    assert not np.array_equal(one, audio.embed(wave, RATE, PAYLOAD, key=OTHER_KEY).samples)
    assert not np.array_equal(one, audio.embed(wave, RATE, bytes(16), key=OPEN_KEY).samples)


@pytest.mark.parametrize("kind", [np.float32, np.int16])
def test_digital_silence_stays_as_it_is(kind: type) -> None:
    wave = voice(3)
    wave[RATE : 2 * RATE] = 0
    pair = np.stack((wave, np.zeros_like(wave)), axis=1)
    samples = pair if kind is np.float32 else integers(pair)
    marked = audio.embed(samples, RATE, PAYLOAD, key=OPEN_KEY).samples
    assert not marked[RATE : 2 * RATE].any()
    assert not marked[:, 1].any()
    assert not np.array_equal(marked[:RATE, 0], samples[:RATE, 0])


def test_nothing_passes_full_scale_that_did_not() -> None:
    loud = voice(2)
    loud = np.clip(loud * 2.5, -1, 1).astype(np.float32)
    marked = audio.embed(loud, RATE, PAYLOAD, key=OPEN_KEY).samples
    assert np.abs(marked).max() <= 1
    most = audio.embed(integers(loud), RATE, PAYLOAD, key=OPEN_KEY).samples
    assert np.abs(most.astype(int) - integers(loud)).max() < 8000


def test_what_already_lies_beyond_full_scale_stays_within_its_own_peaks() -> None:
    wave = voice(2) * np.float32(4)
    marked = audio.embed(wave, RATE, PAYLOAD, key=OPEN_KEY).samples
    assert np.abs(marked).max() <= np.abs(wave).max()


def dull(wave: Wave, most: float) -> Wave:
    """The sound with little left above so many Hz."""
    spectrum = np.fft.rfft(wave)
    spectrum[np.fft.rfftfreq(len(wave), 1 / RATE) > most] *= 0.003
    return np.fft.irfft(spectrum, len(wave)).astype(np.float32)


def test_a_sound_that_would_lose_the_mark_in_noise_gets_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By what it lacks, up to the most that is granted; others get what they got."""

    def strengths(most_more: float) -> list[float]:
        monkeypatch.setattr(marking, "_MOST_MORE", most_more)
        sounds = (dull(voice(12, 1), 1500), dull(voice(12, 1), 2300), voice(12, 1))
        found = [audio.embed(each, RATE, PAYLOAD, key=OPEN_KEY) for each in sounds]
        return [each.snr for each in found]

    lacks_all, lacks_some, lacks_nothing = (
        before - after for before, after in zip(strengths(0.0), strengths(1.2), strict=True)
    )
    assert lacks_all == pytest.approx(1.2, abs=0.05)
    assert 0.3 < lacks_some < 1.1
    assert lacks_nothing == 0


def test_of_a_long_sound_the_beginning_is_tried() -> None:
    """Else what is repeated ten times would have to hold ten times as much."""
    wave = voice(60, 1)
    layout = Layout.of(OPEN_KEY)
    code = decoding.encode(Checker(OPEN_KEY, AUDIO_1).message(PAYLOAD, 16), 16)
    begun = wave[: 15 * RATE]
    assert marking.louder(wave, layout, code, 3) == marking.louder(begun, layout, code, 3)


def test_every_channel_gets_the_same_gains() -> None:
    sound = music(2)
    marked = audio.embed(sound, 44_100, PAYLOAD, key=OPEN_KEY).samples
    turned = audio.embed(sound[:, ::-1].copy(), 44_100, PAYLOAD, key=OPEN_KEY).samples
    assert np.allclose(marked[:, ::-1], turned, atol=1e-5)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(RATE, np.float64),
        np.zeros((RATE, 2, 2), np.float32),
        np.zeros((RATE, 9), np.float32),
        np.zeros((RATE, 0), np.float32),
        np.full(RATE, np.nan, np.float32),
        np.full(RATE, np.inf, np.float32),
        np.full(RATE, 3e38, np.float32),
    ],
    ids=["float64", "cube", "nine channels", "no channel", "nan", "inf", "huge"],
)
def test_samples_of_another_kind_are_refused(samples: Wave) -> None:
    with pytest.raises(UsageError):
        audio.embed(samples, RATE, PAYLOAD, key=OPEN_KEY)
    with pytest.raises(UsageError):
        audio.detect(samples, RATE)


@pytest.mark.parametrize("rate", [0, -16_000, 7_999, 192_001])
def test_rates_out_of_range_are_refused(rate: int) -> None:
    with pytest.raises(UsageError, match="sample rate"):
        audio.embed(voice(1), rate, PAYLOAD, key=OPEN_KEY)
    with pytest.raises(UsageError, match="sample rate"):
        audio.detect(voice(1), rate)


@pytest.mark.parametrize("length", [0, 7, 9, 15, 17])
def test_payloads_of_another_length_are_refused(length: int) -> None:
    with pytest.raises(UsageError, match=f"{length} bytes"):
        audio.embed(voice(1), RATE, bytes(length), key=OPEN_KEY)


@pytest.mark.parametrize("count", [0, 1, 7_999])
def test_what_is_too_short_is_refused(count: int) -> None:
    with pytest.raises(UnmarkableError, match="at least"):
        audio.embed(voice(1)[:count], RATE, PAYLOAD, key=OPEN_KEY)


@pytest.mark.parametrize("constant", [0, 1])
def test_silence_is_refused(constant: int) -> None:
    with pytest.raises(UnmarkableError, match="silent"):
        audio.embed(np.full(RATE, constant, np.float32), RATE, PAYLOAD, key=OPEN_KEY)


SQUARE = np.where(np.arange(RATE) % 100 < 50, 1, -1).astype(np.float32)
HUSHED = (voice(6) * 20).astype(np.int16)
"""A sound of a few steps, which have no room for a mark between them."""


@pytest.mark.parametrize(
    ("samples", "payload"),
    [
        (SQUARE, PAYLOAD),
        (integers(SQUARE), PAYLOAD),
        (HUSHED, SHORT),
        (voice(0.6), PAYLOAD),
    ],
    ids=["square", "square of integers", "hushed", "short"],
)
def test_a_sound_that_does_not_give_the_mark_back_is_refused(
    samples: NDArray[np.float32] | NDArray[np.int16], payload: bytes
) -> None:
    with pytest.raises(UnmarkableError, match="does not read back: this sound is") as refused:
        audio.embed(samples, RATE, payload, key=OPEN_KEY)
    assert refused.value.code == "watermark.not-held"


def test_a_mark_that_is_certain_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marking, "detect_whole", None)
    assert audio.embed(voice(4), RATE, SHORT, key=OPEN_KEY).margin > 2
