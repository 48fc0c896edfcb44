from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthmark.facts import WatermarkState
from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark import audio
from synthmark.watermark.audio.detection import _Piece, detect_whole
from synthmark.watermark.audio.hearing import Hearing
from tests.sounds import RATE, Wave, music, voice

PAYLOAD = bytes(range(100, 116))
SHORT = bytes(range(200, 208))
OTHER_KEY = WatermarkKey("other", bytes(range(32)))


@pytest.fixture(scope="module")
def marked() -> Wave:
    samples = audio.embed(voice(8), RATE, PAYLOAD, key=OPEN_KEY).samples
    return samples.astype(np.float32)


def test_what_was_embedded_is_found(marked: Wave) -> None:
    found = audio.detect(marked, RATE)
    assert found.state is WatermarkState.DECODED
    assert found.payload == PAYLOAD
    assert found.key == "OPEN"
    assert found.p_value is not None
    assert 0 < found.p_value < 1e-6


@pytest.mark.parametrize("begin", [0.01, 0.5, 1.234, 3.3, 4.99])
def test_any_cut_of_three_seconds_holds_it(marked: Wave, begin: float) -> None:
    first = round(begin * RATE)
    assert audio.detect(marked[first : first + 3 * RATE], RATE).payload == PAYLOAD


def test_the_short_form_needs_two_seconds() -> None:
    short = audio.embed(voice(2, 3), RATE, SHORT, key=OPEN_KEY).samples
    assert audio.detect(short, RATE).payload == SHORT


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 96_000])
def test_each_rate_holds_it(rate: int) -> None:
    samples = audio.embed(voice(4, 2, rate), rate, SHORT, key=OPEN_KEY).samples
    assert audio.detect(samples, rate).payload == SHORT


def test_every_channel_and_every_mix_holds_it() -> None:
    samples = audio.embed(music(6), 44_100, SHORT, key=OPEN_KEY).samples
    for mix in (samples, samples[:, 0], samples[:, 1], samples.mean(axis=1), -samples):
        mixed = np.ascontiguousarray(mix, np.float32)
        assert audio.detect(mixed, 44_100).payload == SHORT


def test_channels_that_cancel_hold_it() -> None:
    wave = voice(4, 4)
    samples = audio.embed(np.stack((wave, -wave), axis=1), RATE, SHORT, key=OPEN_KEY).samples
    assert audio.detect(samples, RATE).payload == SHORT


def test_warmup_goes_through_embedding_and_detection(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    monkeypatch.setattr(audio, "detect", lambda *sound: read.append(detect_whole(*sound)))
    audio.warmup()
    assert read[0].payload == bytes(16)


def test_integers_hold_it() -> None:
    quiet = (voice(5, 6) * 2000).astype(np.int16)
    samples = audio.embed(quiet, RATE, SHORT, key=OPEN_KEY).samples
    assert audio.detect(samples, RATE).payload == SHORT


def test_gain_and_noise_leave_it(marked: Wave) -> None:
    noise = np.random.default_rng(0).normal(scale=1e-3, size=marked.shape)
    assert audio.detect((0.1 * marked).astype(np.float32), RATE).payload == PAYLOAD
    assert audio.detect((marked + noise).astype(np.float32), RATE).payload == PAYLOAD


@settings(max_examples=8)
@given(st.binary(min_size=8, max_size=8) | st.binary(min_size=16, max_size=16), st.integers(0, 9))
def test_any_payload_comes_back_from_any_voice(payload: bytes, seed: int) -> None:
    samples = audio.embed(voice(4, seed), RATE, payload, key=OPEN_KEY).samples
    assert audio.detect(samples, RATE).payload == payload


def test_the_right_key_of_several_is_named() -> None:
    samples = audio.embed(voice(4, 8), RATE, PAYLOAD, key=OTHER_KEY).samples
    found = audio.detect(samples, RATE, keys=[OPEN_KEY, OTHER_KEY])
    assert (found.payload, found.key) == (PAYLOAD, "other")
    assert audio.detect(samples, RATE).state is WatermarkState.ABSENT


@pytest.mark.parametrize("seed", range(5))
def test_unmarked_sound_holds_nothing(seed: int) -> None:
    found = audio.detect(voice(6, seed), RATE)
    assert found.state is WatermarkState.ABSENT
    assert (found.payload, found.key) == (None, None)


@pytest.mark.parametrize("count", [0, 1, 100, 8_000, 16_000])
def test_degenerate_sounds_end_in_a_result(count: int) -> None:
    square = np.where(np.arange(count) % 100 < 50, 1, -1).astype(np.float32)
    for samples in (np.zeros(count, np.float32), np.ones(count, np.float32), square):
        assert audio.detect(samples, RATE).state is WatermarkState.ABSENT


def test_a_piece_is_heard_once_for_all_pitches(monkeypatch: pytest.MonkeyPatch) -> None:
    hearing = Hearing(music(2, rate=RATE), RATE)
    alone = [_Piece(hearing, 10, 200).closely(pitch) for pitch in (0.9, 1.1)]
    together = _Piece(hearing, 10, 200)
    together.hear({0.9, 1.1})
    monkeypatch.setattr(Hearing, "closely", None)
    for pitch, expected in zip((0.9, 1.1), alone, strict=True):
        assert all(map(np.array_equal, together.closely(pitch), expected))
