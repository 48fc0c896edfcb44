"""M4A of every sort that services and programs write comes back whole, or is refused by name."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from synthmark import media
from synthmark.errors import UnsupportedError
from synthmark.media.formats import M4A
from synthmark.media.parts import boxes, esds, movie
from tests.media.programs import lag, made, played, probed
from tests.sounds import Wave, music

pytestmark = pytest.mark.ffmpeg

RATE = 22_050
AAC = ("-c:a", "aac", "-b:a", "64k")
CHAPTERS = """;FFMETADATA1
title=A book
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1300
title=One
[CHAPTER]
TIMEBASE=1/1000
START=1300
END=3017
title=Two
"""


def sounding(channels: int = 2, seconds: float = 3.017) -> Wave:
    one = music(seconds, rate=RATE)[:, 0]
    return np.stack([np.roll(one, 97 * each) for each in range(channels)], axis=1)


def again(data: bytes) -> bytes:
    sound = media.Sound.decode(data)
    return sound.encode(sound.metadata)


def facts(data: bytes, path: Path) -> dict[str, Any]:
    """What must not change: tags, chapters, and what each stream is; the rate is a class."""
    found = probed(data, path)
    kept = ("codec_name", "channels", "channel_layout", "sample_rate", "start_time", "tags")
    return {
        "tags": found["format"].get("tags"),
        "chapters": found["chapters"],
        "streams": [{name: each.get(name) for name in kept} for each in found["streams"]],
    }


def check(data: bytes, path: Path, channels: int) -> bytes:
    """Write a file again, and compare what independent readers make of both."""
    assert media.sniff(data) == M4A
    new = again(data)
    assert facts(new, path) == facts(data, path)
    assert media.items(new, M4A) == media.items(data, M4A)
    before, after = played(data, path, channels), played(new, path, channels)
    assert len(before) == len(after)
    assert lag(before, after) == 0
    one, other = (media.Sound.decode(each) for each in (data, new))
    assert len(one.samples) == len(other.samples)
    assert other.track.bit_rate == pytest.approx(one.track.bit_rate, rel=0.1)
    return new


@pytest.mark.parametrize(
    ("channels", "layout"),
    [(1, "mono"), (2, "stereo"), (3, "3.0"), (4, "quad"), (5, "5.0"), (6, "5.1"), (8, "7.1")],
)
def test_every_layout(channels: int, layout: str, tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    options = (
        "-af",
        f"aformat=channel_layouts={layout}",
        "-c:a",
        "aac",
        "-b:a",
        f"{32 * channels}k",
    )
    data = made(path, sounding(channels), RATE, *options)
    check(data, path, channels)


def test_the_sample_entry_does_not_decide(tmp_path: Path) -> None:
    data = made(tmp_path / "a.m4a", sounding(1), RATE, *AAC)
    span = boxes.within(data, (0, len(data)), b"moov")
    assert span is not None
    (track,) = movie.tracks(data, span)
    entry = track.entry[:24] + struct.pack(">H", 2) + track.entry[26:32] + struct.pack(">H", 9)
    lying = data.replace(track.entry, entry + track.entry[34:])
    sound = media.Sound.decode(lying)
    assert (sound.samples.shape[1], sound.track.sample_rate) == (1, RATE)
    check(lying, tmp_path / "a.m4a", 1)


@pytest.mark.parametrize("brand", [b"mp42", b"isom", b"iso5", b"M4B ", b"dash", b"mp41", b"3gp4"])
def test_the_tracks_decide_not_the_brand(brand: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    data = made(path, sounding(), RATE, *AAC).replace(b"ftypM4A ", b"ftyp" + brand)
    check(data, path, 2)


def test_quicktime_sound_descriptions(tmp_path: Path) -> None:
    path = tmp_path / "a.mov"
    data = made(path, sounding(), RATE, *AAC)
    new = check(data, path, 2)
    for each in (data, new):
        # The descriptor lies in a box of boxes, as QuickTime has it.
        assert b"wave" in each


@pytest.mark.parametrize("front", [False, True])
def test_chapters_times_languages_and_tags(front: bool, tmp_path: Path) -> None:
    path, listed = tmp_path / "a.m4b", tmp_path / "chapters.txt"
    listed.write_text(CHAPTERS)
    options = ["-i", str(listed), "-map_metadata", "1", "-f", "ipod", *AAC]
    options += ["-metadata", "creation_time=2023-05-06T07:08:09Z", "-metadata", "artist=AC/DC"]
    options += ["-metadata:s:a", "language=deu", "-movflags", "+faststart" if front else "0"]
    data = made(path, sounding(), RATE, *options)
    new = check(data, path, 2)
    found = probed(new, path)
    assert [each["tags"]["title"] for each in found["chapters"]] == ["One", "Two"]
    assert found["format"]["tags"]["creation_time"].startswith("2023-05-06T07:08:09")
    assert found["streams"][0]["tags"]["language"] == "deu"
    assert (new.index(b"moov") < new.index(b"mdat")) == front
    places = {item.place for item in media.items(new, M4A)}
    assert places >= {
        "ftyp",
        "moov.mvhd",
        "moov.trak soun.mdhd",
        "moov.trak soun.tref",
        "moov.trak text samples",
        "moov.udta.chpl",
        "moov.udta.meta.ilst.\xa9ART",
    }


def test_a_cover(tmp_path: Path) -> None:
    path, cover = tmp_path / "a.m4a", tmp_path / "cover.png"
    Image.new("RGB", (32, 32), "red").save(cover)
    options = ("-i", str(cover), "-map", "0", "-map", "1", "-c:v", "copy", *AAC)
    data = made(path, sounding(), RATE, *options, "-disposition:v", "attached_pic")
    assert b"covr" in data
    check(data, path, 2)


@pytest.mark.parametrize(
    "flags", ["frag_keyframe+empty_moov", "frag_keyframe+delay_moov", "dash+delay_moov"]
)
def test_fragments_keep_rate_and_length(flags: str, tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    options = ("-movflags", flags, "-frag_duration", "400000", "-metadata", "title=T")
    data = made(path, sounding(), RATE, *AAC, *options)
    sound = media.Sound.decode(data)
    new = again(data)
    other = media.Sound.decode(new)
    assert len(other.samples) == len(sound.samples)
    assert other.track.bit_rate == pytest.approx(sound.track.bit_rate, rel=0.1)
    assert len(new) < 1.1 * len(data)
    # What FFmpeg gives a time before 0, by the edit list, is not heard.
    unheard = -int(probed(data, path)["streams"][0]["start_pts"])
    assert lag(played(data, path, 2)[unheard:], played(new, path, 2)) == 0
    assert probed(new, path)["format"]["tags"]["title"] == "T"
    (said,) = sound.metadata.notes
    assert said.code == "media.fragments"
    items = [media.items(each, M4A) for each in (data, new)]
    differing = {item.place for item in set(items[0]) ^ set(items[1])}
    assert differing <= {"ftyp"}


def test_a_core_of_half_the_rate(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    data = made(path, sounding(1), RATE, *AAC)
    # FFmpeg says that there is no band replication; say that there is, to 44,100 Hz.
    start = data.index(b"\x56\xe5\x00")
    told = data[: start + 2] + b"\xa0" + data[start + 3 :]
    assert esds.read(told[told.index(b"mp4a") - 4 :]) == esds.Coding("AAC", "HE-AAC", 44_100, 1)
    sound = media.Sound.decode(told)
    assert sound.track.sample_rate == 44_100
    assert len(sound.samples) == 2 * len(sounding(1))
    assert [note.code for note in sound.metadata.notes] == ["media.aac-profile"]
    new = media.Sound.decode(again(told))
    assert new.samples.shape == sound.samples.shape
    assert lag(played(told, path, 1), played(again(told), path, 1)) == 0


@pytest.mark.parametrize(
    ("options", "name", "reason"),
    [
        (("-c:a", "alac"), "a.m4a", "coded as Apple Lossless"),
        (("-c:a", "libmp3lame"), "a.mp4", "coded as MP3"),
        (("-c:a", "ac3"), "a.mp4", "coded as AC-3"),
        ((*AAC, "-map", "0", "-map", "0"), "a.m4a", "2 tracks of sound"),
        (
            ("-af", "aformat=channel_layouts=7.1(wide)", "-c:a", "aac"),
            "a.m4a",
            "speakers of its 8 channels",
        ),
    ],
)
def test_what_cannot_be_kept_is_named(
    options: tuple[str, ...], name: str, reason: str, tmp_path: Path
) -> None:
    data = made(tmp_path / name, sounding(8 if "-af" in options else 2), 44_100, *options)
    with pytest.raises(UnsupportedError, match=reason):
        again(data)


@pytest.mark.parametrize(("name", "family"), [("a.mp4", "MP4"), ("a.mov", "QuickTime")])
def test_video_is_called_video(name: str, family: str, tmp_path: Path) -> None:
    options = ("-f", "lavfi", "-i", "testsrc=s=32x32:r=5:d=1", "-c:v", "mpeg4", "-shortest", *AAC)
    with pytest.raises(UnsupportedError, match=f"this is {family} video"):
        media.sniff(made(tmp_path / name, sounding(), RATE, *options))


def test_sound_in_webm_is_not_called_video(tmp_path: Path) -> None:
    data = made(tmp_path / "a.webm", sounding(), 48_000, "-c:a", "libopus")
    with pytest.raises(UnsupportedError, match="a Matroska or WebM file"):
        media.sniff(data)


def test_an_edit_list_that_cuts(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    data = made(path, sounding(), RATE, *AAC)
    start = data.index(b"elst") + 12
    cut = data[:start] + struct.pack(">Ii", 1500, 5000) + data[start + 8 :]
    sound = media.Sound.decode(cut)
    assert len(sound.samples) == round(1.5 * RATE)
    assert np.array_equal(
        sound.samples, media.Sound.decode(data).samples[3976:][: len(sound.samples)]
    )
    new = again(cut)
    assert len(media.Sound.decode(new).samples) == len(sound.samples)
    assert float(probed(new, path)["streams"][0]["duration"]) == pytest.approx(1.5, abs=0.001)


def test_half_a_file_says_so(tmp_path: Path) -> None:
    data = made(tmp_path / "a.m4a", sounding(), RATE, *AAC, "-movflags", "+faststart")
    sound = media.Sound.decode(data[: len(data) // 2])
    assert [note.code for note in sound.notes] == ["media.truncated"]
