"""A sound that comes back as it went in is known from one that lost something on the way."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from synthmark import media
from synthmark.assets.sound_trace import SoundTrace
from synthmark.media import Track
from tests.media.sound_files import KINDS, LOSSLESS, LOSSY, coded
from tests.sounds import Wave, music, voice

Fault = Callable[[Wave], Wave]
VOICE = voice(4.0, seed=3)[:, None]


def track(kind: str = "wav16", channels: int = 1) -> Track[Any]:
    found = media.inspect(coded(np.zeros((800, channels), np.float32), kind))
    assert isinstance(found, Track)
    return found


def taken(
    wave: Wave, of: Track[Any], *, like: SoundTrace | None = None, block: int = 10_000
) -> SoundTrace:
    trace = SoundTrace(of, like=like)
    for begin in range(0, len(wave), block):
        trace.add(wave[begin : begin + block])
    return trace


def compared(wave: Wave, found: Wave, of: Track[Any]) -> list[str]:
    return taken(found, of, like=taken(wave, of)).differences()


def quieter(wave: Wave, decibels: float = 3.0) -> Wave:
    return wave * np.float32(10 ** (-decibels / 20))


def without_a_frame(wave: Wave) -> Wave:
    middle = len(wave) // 2
    return np.concatenate((wave[:middle], wave[middle + 1152 :]))


def a_frame_short_but_filled_up(wave: Wave) -> Wave:
    return np.concatenate((without_a_frame(wave), np.zeros((1152, wave.shape[1]), np.float32)))


def late(wave: Wave) -> Wave:
    return np.concatenate((np.zeros((1105, wave.shape[1]), np.float32), wave[:-1105]))


def faded(wave: Wave) -> Wave:
    return np.concatenate((wave[: len(wave) * 8 // 10], 0 * wave[len(wave) * 8 // 10 :]))


FAULTS: dict[str, tuple[Fault, str]] = {
    "one sample late": (lambda wave: np.roll(wave, 1, axis=0), "came back 1 late"),
    "one sample early": (lambda wave: np.roll(wave, -1, axis=0), "came back 1 early"),
    "a coder's delay": (late, "came back 1105 late"),
    "3 dB quieter": (quieter, "dB quieter"),
    "without a frame": (without_a_frame, "{count} samples came back as {less}"),
    "a frame short, filled up": (a_frame_short_but_filled_up, "came back 1152 early"),
    "cut short": (lambda wave: wave[: len(wave) // 3], "{count} samples came back as {third}"),
    "twice": (lambda wave: np.concatenate((wave, wave)), "{count} samples came back as {double}"),
    "the end silent": (faded, "quieter"),
    "silent": (lambda wave: 0 * wave, "quieter"),
}


def beyond_speech(kind: str) -> bytes:
    """A voice at a rate at which Opus is not in its mode for speech, which slips by itself."""
    if kind != "opus":
        return coded(VOICE, kind)
    file = io.BytesIO()
    soundfile.write(file, VOICE, 16_000, "OPUS", format="OGG", compression_level=0.5)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["mp3", "vorbis", "opus"])
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_a_lossy_coder_is_seen(kind: str, fault: str) -> None:
    change, said = FAULTS[fault]
    first = media.Sound.decode(beyond_speech(kind))
    coder = first.code(first.read())
    second = media.Sound.decode(first.assemble(coder, first.metadata))
    assert compared(first.wave, second.wave, first.track) == []
    (difference,) = compared(first.wave, change(second.wave), first.track)
    count = len(first.samples)
    counts = {"count": count, "less": count - 1152, "third": count // 3, "double": 2 * count}
    assert said.format(**counts) in difference


@pytest.mark.parametrize("kind", LOSSY)
def test_where_a_coder_codes_finely_a_quarter_of_a_decibel_is_seen(kind: str) -> None:
    of = replace(track(kind), bit_rate=192e3)
    (difference,) = compared(VOICE, quieter(VOICE, 0.25), of)
    assert "0.25 dB quieter" in difference


@pytest.mark.parametrize("kind", [kind for kind in LOSSLESS if "law" not in kind])
def test_of_lossless_sound_every_sample_counts(kind: str) -> None:
    sound = media.Sound.decode(coded(VOICE, kind))
    samples = sound.samples
    assert compared(samples, samples, sound.track) == []
    changed = samples.copy()
    changed[1234] = -samples[1234]
    assert compared(samples, changed, sound.track)
    assert compared(samples, samples[:-1], sound.track)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wave", [VOICE, music(3.0, rate=16_000), 0 * VOICE, VOICE[:3000]])
def test_an_honest_coder_is_believed(kind: str, wave: Wave) -> None:
    first = media.Sound.decode(coded(wave, kind))
    trace = SoundTrace(first.track)
    data = first.assemble(first.code(trace.following(first.read())), first.metadata)
    second = media.Sound.decode(data)
    again = SoundTrace(second.track, like=trace)
    for block in second.read():
        again.add(block)
    assert again.differences() == []


@settings(max_examples=25)
@given(
    st.integers(1, 200_000),
    st.integers(1, 70_000),
    st.integers(1, 70_000),
    st.sampled_from(LOSSY),
)
def test_how_the_blocks_are_cut_is_no_difference(
    length: int, block: int, other: int, kind: str
) -> None:
    # Blocks of single samples are tried as well, of sounds of up to some thousand of them.
    wave = np.tile(VOICE, (4, 1))[: min(length, 5_000 * min(block, other))]
    of = track(kind)
    like = taken(wave, of, block=block)
    assert taken(wave, of, like=like, block=other).differences() == []
    assert np.allclose(like.power, np.square(wave, dtype=np.float64).sum(axis=0))


def test_a_long_sound_takes_no_more_memory_than_a_short_one() -> None:
    of = track("mp3")
    kept = [
        sum(each.samples.nbytes for each in taken(np.tile(VOICE, (times, 1)), of).excerpts)
        for times in (4, 40)
    ]
    assert max(kept) <= 8 * 8192 * 4


def test_channels_are_told_apart() -> None:
    stereo, of = music(3.0, rate=16_000), track("mp3", 2)
    assert compared(stereo, stereo, of) == []
    softer = stereo * np.array([1, 0.8], np.float32)
    (difference,) = compared(stereo, softer, of)
    assert difference.startswith("channel 2 came back 1.94 dB quieter")
    alone = taken(stereo[:, :1], track("mp3", 1), like=taken(stereo, of))
    assert alone.differences() == ["2 channels came back as 1"]
