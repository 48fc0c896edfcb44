"""LAME turns down what it encodes below 256 kbit/s; a sound that is saved again stays as loud."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from synthmark import media
from synthmark.media.formats import MP3
from synthmark.media.sounds import lame, mpeg, xing
from tests.media.samples import header
from tests.media.sound_files import coded, heard
from tests.media.sounds.test_mp3_length import again, at_rate
from tests.sounds import Wave, music, voice

RATES = (
    *((kilobits, 44_100) for kilobits in (64, 96, 112, 128, 160, 192, 224, 256, 320)),
    *((kilobits, 22_050) for kilobits in (32, 56, 80, 112, 160)),
    *((kilobits, 8_000) for kilobits in (16, 32, 64)),
)


def tone(rate: int, level: float = 0.4) -> Wave:
    time = np.arange(2 * rate) / rate
    return (level * np.sin(2 * np.pi * rate / 50 * time)[:, None]).astype(np.float32)


def loudness(wave: Wave) -> float:
    """RMS in dB of the middle, away from the ends."""
    middle = wave[len(wave) // 4 : -len(wave) // 4].astype(np.float64)
    return float(10 * np.log10(np.square(middle).mean()))


@pytest.mark.parametrize("mode", ["CONSTANT", "AVERAGE"])
@pytest.mark.parametrize(("kilobits", "rate"), RATES)
def test_the_level_stays(kilobits: int, rate: int, mode: str) -> None:
    data = at_rate(kilobits, rate, tone(rate), mode)
    new = again(again(data))
    assert loudness(heard(new)[0]) == pytest.approx(loudness(heard(data)[0]), abs=0.02)


@pytest.mark.parametrize("kilobits", [64, 128, 192])
def test_full_scale_is_not_clipped_on_the_way(kilobits: int) -> None:
    data = at_rate(kilobits, 44_100, tone(44_100, 1.1))
    before, after = heard(data)[0], heard(again(data))[0]
    assert np.abs(before).max() > 1.02
    error = (after - before)[4000:-4000]
    assert np.square(error).mean() < 1e-4 * np.square(before).mean()


@pytest.mark.parametrize("level", [0.0, 0.2, 0.5, 0.9])
def test_a_variable_rate_keeps_its_mean(level: float) -> None:
    for wave in (music(4.0), np.stack(2 * [voice(4.0, rate=44_100)], axis=1)):
        file = io.BytesIO()
        with soundfile.SoundFile(
            file,
            "w",
            44_100,
            2,
            "MPEG_LAYER_III",
            format="MP3",
            bitrate_mode="VARIABLE",
            compression_level=level,
        ) as target:
            target.write(wave)
        before, after = (
            header(data).bit_rate for data in (file.getvalue(), again(file.getvalue()))
        )
        assert after == pytest.approx(before, rel=0.1)


def test_the_scale_of_each_rate() -> None:
    scales = {kilobits: lame.scale(kilobits) for kilobits in (32, 160, 192, 224, 256)}
    assert scales == {32: 0.95, 160: 0.95, 192: 0.97, 224: 0.98, 256: 1.0}


def test_peak_and_loudness_of_the_index_stay() -> None:
    told = b"\0\x40\0\0\x2c\x12\x4c\x05"
    plain = coded(voice(1.0), "mp3")
    frame = mpeg.header(plain, 0)
    assert frame is not None
    index = xing.with_gains(plain[: frame.length], told)
    assert xing.gains(index, 0) == told
    assert xing.read(index, 0) == xing.read(plain, 0)
    # Its own checksum holds.
    lame = index.index(b"LAME")
    assert int.from_bytes(index[lame + 34 : lame + 36]) == xing.checksum(index[: lame + 34])
    data = index + plain[frame.length :]
    assert [item.place for item in media.items(data, MP3)] == [xing.GAINS]
    sound = media.Sound.decode(data)
    again = sound.encode(sound.metadata)
    assert [item.data for item in media.items(again, MP3)] == [told]
    assert not [*media.items(plain, MP3)]
