"""All frames of an MP3 are sound, its index or not; saved again it is neither late nor long."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from synthmark import media
from synthmark.errors import UnsupportedError
from synthmark.media import Sound
from synthmark.media.sounds import mpeg, xing
from synthmark.media.sounds.track import Samples
from tests.media.sound_files import coded, frame, heard, tag
from tests.sounds import Wave, music, voice

RATE = 16_000
# What players leave out in front: LAME's delay and that of every decoder.
DELAY = 576 + 529
# Kilobits a second, samples a second, channels: no frame has room for an index.
LOW = [(8, 8_000, 1), (16, 8_000, 2), (8, 16_000, 1), (24, 16_000, 2), (32, 22_050, 1)]
LOW += [(48, 24_000, 2), (32, 44_100, 1), (56, 44_100, 2), (48, 48_000, 1), (32, 32_000, 2)]
WAVE = voice(2.0)
PLAIN = coded(WAVE, "mp3")
VARIABLE = coded(music(3.0, rate=RATE), "vbr")


def index_length(data: bytes) -> int:
    first = mpeg.header(data, 0)
    assert first is not None
    assert xing.read(data, 0) is not None
    return first.length


def with_count(data: bytes, count: int) -> bytes:
    place = max(data.find(b"Info", 0, 64), data.find(b"Xing", 0, 64))
    return data[: place + 8] + count.to_bytes(4) + data[place + 12 :]


def codes(sound: Sound) -> list[str]:
    return [note.code for note in sound.notes]


def same(samples: Samples, expected: Samples) -> None:
    """Compare as many as are expected; where they lie in memory moves the last bit."""
    assert np.abs(samples[: len(expected)] - expected).max() < 1e-6


def again(data: bytes) -> bytes:
    sound = media.Sound.decode(data)
    return sound.encode(sound.metadata)


def at_rate(kilobits: int, rate: int, wave: Wave, mode: str = "CONSTANT") -> bytes:
    top, bottom = (320, 32) if rate >= 32_000 else (160, 8) if rate >= 16_000 else (64, 8)
    level = min((top - kilobits) / (top - bottom), 0.99)
    file = io.BytesIO()
    options: dict[str, Any] = {"bitrate_mode": mode, "compression_level": level}
    with soundfile.SoundFile(
        file, "w", rate, wave.shape[1], "MPEG_LAYER_III", format="MP3", **options
    ) as target:
        target.write(wave)
    return file.getvalue()


@pytest.mark.parametrize("data", [PLAIN, VARIABLE], ids=["constant", "variable"])
def test_without_an_index_every_frame_is_heard(data: bytes) -> None:
    whole = media.Sound.decode(data)
    bare = media.Sound.decode(data[index_length(data) :])
    first = mpeg.run(data, index_length(data), len(data))
    assert first is not None
    assert len(bare.samples) == first.frames * first.first.samples
    assert bare.track.frames == len(bare.samples)
    same(bare.samples[DELAY:], whole.samples)
    assert bare.track.variable == whole.track.variable
    assert bare.track.bit_rate == pytest.approx(whole.track.bit_rate, rel=1e-3)
    assert codes(bare) == []


@pytest.mark.parametrize("between", [b"", tag(frame(b"TIT2", b"\3Two")), b"TAG" + bytes(125)])
def test_what_was_joined_on_is_heard(between: bytes) -> None:
    data = PLAIN + between + PLAIN
    one, two = media.Sound.decode(PLAIN), media.Sound.decode(data)
    frames = mpeg.run(PLAIN, 0, len(PLAIN))
    assert frames is not None
    # The second index is a frame of silence to every player.
    assert len(two.samples) == (2 * frames.frames - 1) * frames.first.samples - DELAY
    count = len(one.samples)
    same(two.samples, one.samples)
    begin = frames.frames * frames.first.samples
    assert np.abs(two.samples[begin : begin + count] - one.samples).max() < 1e-4
    assert "media.joined" in codes(two)
    assert ("media.joined-tags" in codes(two)) == bool(between)
    assert two.track.variable is False
    assert len(media.Sound.decode(again(data)).samples) == len(two.samples)


@pytest.mark.parametrize("count", [0, 1, 17, 10**6])
def test_a_wrong_count_changes_nothing_that_is_heard(count: int) -> None:
    whole, wrong = (media.Sound.decode(data) for data in (PLAIN, with_count(PLAIN, count)))
    same(wrong.samples, whole.samples)
    # Where the count is wrong, the end that the encoder made up cannot be told.
    assert len(wrong.samples) - len(whole.samples) in range(1, 1152)
    assert codes(wrong) == {0: [], 10**6: ["media.truncated"]}.get(count, ["media.joined"])


def test_a_frame_cut_off_is_heard_as_far_as_it_is_there() -> None:
    whole = media.Sound.decode(PLAIN)
    run = mpeg.run(PLAIN, 0, len(PLAIN))
    assert run is not None
    length = run.first.length
    cut = media.Sound.decode(PLAIN[: 20 * length + length // 2])
    assert len(cut.samples) == 20 * run.first.samples - DELAY
    sure = 18 * run.first.samples - DELAY
    same(cut.samples, whole.samples[:sure])
    assert codes(cut) == ["media.truncated"]


def test_parts_of_different_kinds_are_refused() -> None:
    other = coded(voice(1.0, rate=24_000), "mp3", 24_000)
    with pytest.raises(UnsupportedError, match="16000 Hz mono, 24000 Hz mono") as caught:
        media.Sound.decode(PLAIN + other)
    assert caught.value.code == "media.mp3-mixed"


@pytest.mark.parametrize(
    ("kilobits", "rate", "channels"),
    LOW,
)
def test_low_rates_get_an_index_and_stay_where_they_were(
    kilobits: int, rate: int, channels: int
) -> None:
    wave = np.repeat(voice(2.0, rate=rate).reshape(-1, 1), channels, axis=1)
    data = at_rate(kilobits, rate, wave)
    assert xing.read(data, 0) is None
    sound = media.Sound.decode(data)
    for _ in range(2):
        new = again(sound.encode(sound.metadata))
        samples, heard_rate = heard(new)
        assert heard_rate == rate
        assert samples.shape == sound.samples.shape
        size = 2 * len(samples)
        spectra = [np.fft.rfft(each.sum(axis=1), size) for each in (samples, sound.samples)]
        assert int(np.argmax(np.fft.irfft(spectra[0] * spectra[1].conj()))) == 0
        first = mpeg.header(new, index_length(new))
        assert first is not None
        assert first.bit_rate == 1000 * kilobits
        assert first.channels == channels


def test_the_index_is_the_encoders_own() -> None:
    """Ours says of the same frames what LAME's does, and has the same checksum."""
    theirs = PLAIN[: index_length(PLAIN)]
    read = xing.read(theirs, 0)
    assert read is not None
    assert read.frames is not None
    assert read.delay is not None
    size = len(PLAIN) - len(theirs)
    ours = xing.build(PLAIN[:4], read.frames, size, delay=read.delay, padding=read.padding)
    assert xing.read(ours, 0) == read
    place = theirs.index(b"Info")
    end = place + 8 + 4 + 4 + 100 + 4 + 34
    assert xing.checksum(theirs[:end]) == int.from_bytes(theirs[end : end + 2])


@pytest.mark.ffmpeg
@pytest.mark.parametrize("kind", ["pipe", "joined", "cut", "low", "tagged"])
def test_ffmpeg_hears_as_much_before_and_after(kind: str, tmp_path: Path) -> None:
    source, piped = tmp_path / "a.wav", tmp_path / "a.mp3"
    source.write_bytes(coded(music(3.0, rate=44_100), "wav16", 44_100))
    quality = {"low": ["-b:a", "32k", "-ac", "1"], "tagged": ["-b:a", "128k"]}
    command = ["ffmpeg", "-v", "error", "-i", str(source), *quality.get(kind, ["-q:a", "4"])]
    command += ["-f", "mp3", "-" if kind in ("pipe", "low") else str(piped)]
    done = subprocess.run(command, capture_output=True, check=True)
    data = done.stdout or piped.read_bytes()
    data = {"joined": 2 * data[data.index(b"\xff\xfb") :], "cut": data[:-100]}.get(kind, data)

    def played(data: bytes) -> int:
        piped.write_bytes(data)
        command = ["ffmpeg", "-v", "quiet", "-i", str(piped), "-ac", "1", "-f", "s16le", "-"]
        return len(subprocess.run(command, capture_output=True, check=True).stdout) // 2

    assert played(again(data)) == played(data)
