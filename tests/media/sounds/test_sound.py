from __future__ import annotations

import dataclasses
import io
import struct
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from synthmark import media
from synthmark.facts import Medium
from synthmark.media import Block, Format, Sound
from synthmark.media.formats import FLAC, MP3, OGG, WAV
from tests.media.sound_files import KINDS, LOSSLESS, LOSSY, coded, heard
from tests.sounds import music, voice

RATES = {"opus": 48_000}


def again(sound: Sound, **changes: Any) -> Sound:
    return media.Sound.decode(dataclasses.replace(sound, **changes).encode(sound.metadata))


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_lossless_sound_comes_back_bit_for_bit(kind: str, channels: int) -> None:
    wave = np.random.default_rng(0).uniform(-1, 1, (3000, channels)).astype(np.float32)
    wave[100:400] = 0
    sound = media.Sound.decode(coded(wave, kind, 22_050))
    other = again(sound)
    assert other.samples.dtype == sound.samples.dtype
    assert np.array_equal(other.samples, sound.samples)
    assert (other.track.codec, other.track.depth) == (sound.track.codec, sound.track.depth)
    assert other.track.sample_rate == 22_050
    assert not other.notes


@given(
    arrays.arrays(
        np.int16, st.tuples(st.integers(1, 400), st.integers(1, 8)), elements=st.integers(-99, 99)
    ),
    st.sampled_from(["wav16", "flac16", "wav24"]),
    st.sampled_from([8_000, 11_025, 12_345, 44_100, 65_535, 96_000, 176_400, 192_000]),
)
@settings(max_examples=60)
def test_any_shape_and_rate_comes_back(samples: Any, kind: str, rate: int) -> None:
    sound = media.Sound.decode(coded(samples, kind, rate))
    other = again(sound)
    assert np.array_equal(other.samples, sound.samples)
    assert other.track.sample_rate == rate


@pytest.mark.parametrize("kind", LOSSLESS)
def test_only_what_is_changed_changes(kind: str) -> None:
    sound = media.Sound.decode(coded(music(0.5), kind, 44_100))
    change = np.zeros(sound.samples.shape, np.float32)
    change[5000:6000] = 0.05 * np.sin(np.arange(1000) / 5)[:, None]
    new = again(sound, source=sound.track.changed(sound.samples, change))
    assert np.array_equal(new.samples[:5000], sound.samples[:5000])
    assert np.array_equal(new.samples[6000:], sound.samples[6000:])
    moved = new.wave[5000:6000] - sound.wave[5000:6000]
    step = {"wav8": 2e-2, "flac8": 2e-2, "mu-law": 0.04, "a-law": 0.04}.get(kind, 1e-4)
    assert np.abs(moved - change[5000:6000]).max() <= step


@pytest.mark.parametrize("kind", ["wav16", "wav24", "flac24", "wav32"])
def test_no_change_passes_full_scale(kind: str) -> None:
    full = np.full((600, 1), 0.9999, np.float32) * np.sign(np.sin(np.arange(600)))[:, None]
    sound = media.Sound.decode(coded(full.astype(np.float32), kind))
    change = np.asarray(0.1 * np.sign(full), np.float32)
    changed = sound.track.changed(sound.samples, change)
    assert (np.sign(changed) == np.sign(full)).all()
    assert np.array_equal(again(sound, source=changed).samples, changed)


@pytest.mark.parametrize("kind", LOSSY)
def test_lossy_sound_keeps_codec_class_of_rate_and_length(kind: str) -> None:
    rate = RATES.get(kind, 44_100)
    sound = media.Sound.decode(coded(music(3.0, rate=rate), kind, rate))
    other = again(sound)
    assert other.samples.shape == sound.samples.shape
    assert other.track.codec == sound.track.codec
    assert other.track.variable == sound.track.variable == (kind in ("vbr", "opus"))
    assert other.track.bit_rate == pytest.approx(sound.track.bit_rate, rel=0.15)
    error = other.samples - sound.samples
    assert np.square(error).mean() < 0.02 * np.square(sound.samples).mean()


@pytest.mark.parametrize("level", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100])
def test_mp3_keeps_its_constant_bit_rate(rate: int, level: float) -> None:
    form, subtype, options = KINDS["mp3"]
    file = io.BytesIO()
    options = options | {"compression_level": level}
    with soundfile.SoundFile(file, "w", rate, 1, format=form, subtype=subtype, **options) as target:
        target.write(voice(2.0, rate=rate))
    sound = media.Sound.decode(file.getvalue())
    assert again(sound).track.bit_rate == pytest.approx(sound.track.bit_rate, rel=0.01)


@pytest.mark.parametrize("kind", ["wav16", "mp3", "flac16", "vorbis", "opus"])
def test_others_hear_what_we_hear(kind: str) -> None:
    rate = RATES.get(kind, 16_000)
    data = coded(voice(1.0, rate=rate), kind, rate)
    wave, rate = heard(data)
    sound = media.Sound.decode(data)
    assert (rate, wave.shape) == (sound.track.sample_rate, sound.samples.shape)
    assert np.abs(wave - sound.wave).max() < 1e-6


def test_the_header_of_a_wav_stays() -> None:
    wave = np.zeros((200, 6), np.int16)
    plain = coded(wave, "wav16", 48_000)
    mask = struct.pack("<HHIIHHHHI", 0xFFFE, 6, 48_000, 576_000, 12, 16, 22, 16, 0x3F)
    guid = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    start = plain.index(b"data")
    form = b"fmt " + struct.pack("<I", 40) + mask + guid
    data = b"RIFF" + struct.pack("<I", 4 + len(form) + len(plain) - start)
    data += b"WAVE" + form + plain[start:]
    sound = media.Sound.decode(data)
    assert sound.encode(sound.metadata) == data


def test_a_stream_that_was_never_closed() -> None:
    data = coded(voice(0.5))
    for size in (b"\xff\xff\xff\xff", bytes(4)):
        open_ended = data[:40] + size + data[44:]
        sound = media.Sound.decode(open_ended)
        assert len(sound.samples) == 8000
        assert not sound.notes


@pytest.mark.parametrize(
    ("kind", "format"),
    [
        ("wav16", WAV),
        ("mp3", MP3),
        ("flac16", FLAC),
        ("vorbis", OGG),
        ("opus", OGG),
    ],
)
def test_what_a_file_is(kind: str, format: Format) -> None:
    data = coded(voice(0.3), kind)
    assert media.sniff(data) is format
    assert format.medium is Medium.SOUND
    assert media.Sound.decode(data).describe()["seconds"] == pytest.approx(0.3, abs=0.1)


def test_blocks_are_whole() -> None:
    sound = media.Sound.decode(coded(voice(0.2)))
    assert sound.metadata.blocks == ()
    kept = dataclasses.replace(sound.metadata, blocks=(Block("odd ", b"abc"),))
    assert media.Sound.decode(sound.encode(kept)).metadata.blocks == kept.blocks


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_sound_is_the_same_block_by_block(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = coded(music(4.0, rate=48_000), kind, 48_000)
    short = media.Sound.decode(data)
    monkeypatch.setattr("synthmark.media.sounds.sound._MOST_HELD", 1000)
    for module in ("sound", "libsndfile"):
        monkeypatch.setattr(f"synthmark.media.sounds.{module}.BLOCK", 30_000)
    long = media.Sound.decode(data)
    assert short.short
    assert not long.short
    # It can be read as often as one likes.
    for _ in range(2):
        reading = long.read()
        blocks = [*reading]
        assert len(blocks) > 3
        assert np.array_equal(np.concatenate(blocks), short.samples)
        assert (reading.frames, reading.notes) == (len(short.samples), short.notes)
    assert long.seconds == short.seconds
    coded_again = short.encode(short.metadata)
    assert len(long.encode(long.metadata)) == len(coded_again)


def test_what_a_long_sound_lacks_is_known_behind_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    wave = voice(2.0)[:, None].copy()
    wave[20_000] = np.nan
    monkeypatch.setattr("synthmark.media.sounds.sound._MOST_HELD", 1000)
    sound = media.Sound.decode(coded(wave, "float"))
    assert not sound.notes
    reading = sound.read()
    assert len([*reading]) == 1
    assert [each.code for each in reading.notes] == ["media.not-finite"]
