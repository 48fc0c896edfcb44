from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import soxr

from synthmark.facts import Likeness
from synthmark.fingerprint import sound
from tests.media.sound_files import coded, heard
from tests.sounds import Wave, music, voice

RATE = 16_000
SPEECH = voice(12.0, seed=1)[:, None]
MUSIC = np.asarray(soxr.resample(music(12.0, seed=1), 44_100, RATE), np.float32)
NOISE = np.random.default_rng(0).normal(size=SPEECH.shape).astype(np.float32)

SAME: dict[str, Callable[[Wave], tuple[Any, int, float, float]]] = {
    "itself": lambda wave: (wave, RATE, 1, 1),
    "a part": lambda wave: (wave[50_000:130_000], RATE, 1, 1),
    "between two moments": lambda wave: (wave[50_512:130_000], RATE, 1, 1),
    "MP3": lambda wave: (*heard(coded(wave, "mp3", RATE)), 1, 1),
    "Opus": lambda wave: (*heard(coded(wave, "opus", RATE)), 1, 1),
    "noise": lambda wave: (wave + 0.05 * wave.std() * NOISE, RATE, 1, 1),
    "quieter": lambda wave: (wave / 30, RATE, 1, 1),
    "8 kHz": lambda wave: (np.asarray(soxr.resample(wave, RATE, 8000)), 8000, 1, 1),
    "faster": lambda wave: (np.asarray(soxr.resample(wave, RATE, RATE / 1.1)), RATE, 1 / 1.1, 1.1),
    "other sign": lambda wave: (-wave, RATE, 1, 1),
}


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("wave", [SPEECH, MUSIC], ids=["speech", "music"])
def test_the_same_content_is_near(name: str, wave: Wave) -> None:
    kept = sound.fingerprint(wave, RATE)
    other, rate, stretch, pitch = SAME[name](wave)
    found = sound.compare(
        np.asarray(other, np.float32), rate, kept, stretch=float(stretch), pitch=float(pitch)
    )
    assert found.likeness is Likeness.NEAR, found


@pytest.mark.parametrize("seconds", [4.0, 8.0])
def test_other_content_is_far(seconds: float) -> None:
    kept = [sound.fingerprint(voice(12.0, seed=seed)[:, None], RATE) for seed in range(4)]
    kept += [sound.fingerprint(MUSIC, RATE)]
    for seed in range(10, 14):
        other = voice(seconds, seed=seed)[:, None]
        found = [sound.compare(other, RATE, each).likeness for each in kept]
        assert Likeness.NEAR not in found
        assert found.count(Likeness.FAR) >= 4


def test_a_print_is_small() -> None:
    assert len(sound.fingerprint(SPEECH, RATE)) < 45 * 12


@pytest.mark.parametrize("kept", ["", "SMSP1:", "SMSP1:AA==", "ISCC:KEC", "SMSP1:é", "SMSP1:?"])
def test_what_is_no_print_is_unknown(kept: str) -> None:
    found = sound.compare(SPEECH, RATE, kept)
    assert found.likeness in (Likeness.UNKNOWN, Likeness.UNDECIDED)


def test_too_little_sound_is_undecided() -> None:
    kept = sound.fingerprint(SPEECH, RATE)
    silence = np.zeros((4 * RATE, 1), np.float32)
    for wave in (SPEECH[:8000], silence, SPEECH[:100]):
        assert sound.compare(wave, RATE, kept).likeness is Likeness.UNDECIDED
    empty = sound.fingerprint(silence, RATE)
    assert not any(base64.b64decode(empty.removeprefix("SMSP1:")))
    assert sound.compare(SPEECH, RATE, empty).likeness is Likeness.UNDECIDED


def test_channels_that_cancel() -> None:
    kept = sound.fingerprint(SPEECH, RATE)
    assert sound.compare(np.hstack((SPEECH, -SPEECH)), RATE, kept).likeness is Likeness.NEAR


@pytest.mark.parametrize("rate", [8_000, 44_100])
@pytest.mark.parametrize("block", [777, 100_000])
def test_blocks_of_a_sound_give_the_same_print(rate: int, block: int) -> None:
    wave = music(9.0, rate=rate)
    listener = sound.Listener(rate)
    for begin in range(0, len(wave), block):
        listener.push(wave[begin : begin + block])
    assert listener.finish() == sound.fingerprint(wave, rate)


def test_a_long_sound_has_the_print_of_its_parts() -> None:
    noise = np.random.default_rng(1).normal(scale=0.1, size=(300 * 8_000, 1)).astype(np.float32)
    noise *= 1 + np.sin(np.arange(len(noise)) / 3000)[:, None].astype(np.float32)
    # What was in memory before must not matter.
    left = np.full(4096, 1e30, np.float32)
    del left
    whole, part = (sound.fingerprint(each, 8_000) for each in (noise, noise[: 240 * 8_000]))
    bits = [
        np.unpackbits(np.frombuffer(base64.b64decode(each[6:]), np.uint8)) for each in (whole, part)
    ]
    assert np.mean(bits[0][: len(bits[1])] != bits[1]) < 0.001
