"""Ogg as services write it: what the headers say stays, and other streams are named."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from synthmark import media
from synthmark.errors import LimitError, UnsupportedError
from synthmark.media import Block, Item, Metadata
from synthmark.media.formats import OGG
from synthmark.media.parts import vorbis
from synthmark.media.sounds import ogg
from tests.media.programs import lag, made, played, probed
from tests.media.sound_files import coded, comments
from tests.sounds import music

RATE = 48_000
WAVE = music(1.0, rate=RATE)[:, :1]
OPUS = coded(WAVE, "opus", RATE)
VORBIS = coded(WAVE, "vorbis", RATE)


def again(data: bytes) -> bytes:
    sound = media.Sound.decode(data)
    return sound.encode(sound.metadata)


def told(data: bytes, rate: int, gain: int = 0, family: int = 0) -> bytes:
    """Say another rate, gain in 1/256 dB, and mapping family in the header of an Opus."""
    place = data.index(b"OpusHead")
    head = bytearray(data[place : place + 19])
    head[12:18] = struct.pack("<Ih", rate, gain)
    head[18] = family
    page = data[:place] + head + data[place + 19 :]
    end = place + 19
    return ogg._numbered(page[:end], 0, int.from_bytes(data[14:18], "little")) + page[end:]


def commented(data: bytes, body: bytes) -> bytes:
    """Put another comment header into an Opus."""
    stream = ogg._headers(data, len(data))
    first = next(ogg._pages(data, 0)).end
    pages = list(ogg._paged([b"OpusTags" + body], stream.serial, number=1))
    parts = [data[:first], *pages]
    for number, page in enumerate(ogg._pages(data, stream.sound), len(parts)):
        parts.append(ogg._numbered(data[page.start : page.end], number, stream.serial))
    return b"".join(parts)


@pytest.mark.parametrize("rate", [0, 8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000])
def test_the_rate_in_the_header_of_opus_is_by_the_way(rate: int) -> None:
    data = told(OPUS, rate)
    sound = media.Sound.decode(data)
    assert sound.track.sample_rate == 48_000
    assert np.array_equal(sound.samples, media.Sound.decode(OPUS).samples)
    new = again(data)
    assert new[new.index(b"OpusHead") + 12 :][:4] == struct.pack("<I", rate)
    assert media.Sound.decode(new).samples.shape == sound.samples.shape


@pytest.mark.ffmpeg
@pytest.mark.parametrize("gain", [-2560, 0, 1536])
def test_the_gain_of_opus_stays_and_so_does_the_level(gain: int, tmp_path: Path) -> None:
    data = told(OPUS, 44_100, gain)
    new = again(data)
    assert Item("OpusHead gain", struct.pack("<h", gain)) in media.items(new, OGG)
    before, after = (played(each, tmp_path / "a.opus", 1) for each in (data, new))
    assert len(before) == len(after)
    assert lag(before, after) == 0
    change = 10 * np.log10(np.square(after).mean() / np.square(before).mean())
    assert abs(change) < 0.1


def test_channels_that_are_no_speakers_are_refused() -> None:
    # One channel of a discrete mapping: one stream, not coupled.
    place = OPUS.index(b"OpusHead") + 19
    page = bytearray(told(OPUS, 48_000, family=255)[:place])
    page[27] += 3
    first = ogg._numbered(bytes(page) + b"\1\0\0", 0, int.from_bytes(OPUS[14:18], "little"))
    with pytest.raises(UnsupportedError, match="family 255"):
        again(first + OPUS[place:])


@pytest.mark.parametrize("data", [OPUS, VORBIS], ids=["opus", "vorbis"])
def test_comments_and_serial_number_stay(data: bytes) -> None:
    serial = 0x12345678
    parts = [ogg._numbered(data[page.start : page.end], number, serial)
             for number, page in enumerate(ogg._pages(data, 0))]  # fmt: skip
    texts = (b"TITLE=one", b"title=two", b"R128_TRACK_GAIN=-573", b"ARTIST=\xff\xfe no UTF-8",
             b"METADATA_BLOCK_PICTURE=" + b"A" * 70_000, b"", b"no name")  # fmt: skip
    blocks = tuple(Block(vorbis.COMMENT, text) for text in texts)
    sound = media.Sound.decode(b"".join(parts))
    new = sound.encode(Metadata(blocks=blocks))
    assert {page.serial for page in ogg._pages(new, 0)} == {serial}
    assert media.Sound.decode(new).metadata.blocks == blocks
    twice = again(new)
    assert media.items(twice, OGG) == media.items(new, OGG)
    places = [item.place for item in media.items(twice, OGG)]
    assert places.count("comment TITLE") == 2


def test_what_follows_the_comments_of_opus_stays_where_it_matters() -> None:
    body = comments(b"TITLE=t")
    kept = commented(OPUS, body + b"\1binary")
    assert media.items(again(kept), OGG)[3:] == media.items(kept, OGG)[3:]
    assert Item(ogg.SUFFIX, b"\1binary") in media.items(again(kept), OGG)
    padded = media.Sound.decode(commented(OPUS, body + bytes(500)))
    assert [note.code for note in padded.metadata.notes] == ["media.vendor"]


def test_damaged_comments_are_said() -> None:
    broken = commented(OPUS, comments(b"TITLE=t", b"ARTIST=a")[:-3])
    sound = media.Sound.decode(broken)
    assert sound.metadata.blocks == (Block(vorbis.COMMENT, b"TITLE=t"),)
    said = {place for note in sound.metadata.notes for place in note.accounts_for}
    assert {item.place for item in media.items(broken, OGG)} - {
        item.place for item in media.items(again(broken), OGG)
    } <= said


def test_too_many_comments_are_over_the_limit() -> None:
    with pytest.raises(LimitError):
        vorbis.parse(comments(*[b""] * 100_001))


def test_packets_of_one_size_are_said_to_vary() -> None:
    sound = media.Sound.decode(OPUS)
    assert sound.track.variable
    assert "media.opus-rate" not in {note.code for note in sound.metadata.notes}


@pytest.mark.ffmpeg
def test_constant_rate(tmp_path: Path) -> None:
    options = ("-c:a", "libopus", "-vbr", "off", "-b:a", "64k")
    data = made(tmp_path / "a.opus", WAVE, RATE, *options)
    sound = media.Sound.decode(data)
    assert not sound.track.variable
    (said,) = [note for note in sound.metadata.notes if note.code == "media.opus-rate"]
    assert said.accounts_for == ("variable",)
    assert media.Sound.decode(again(data)).track.bit_rate == pytest.approx(64_000, rel=0.15)


@pytest.mark.ffmpeg
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.opus", ("-c:a", "libopus", "-b:a", "24k")),
        ("a.opus", ("-c:a", "libopus", "-b:a", "96k", "-frame_duration", "60")),
        ("a.ogg", ("-c:a", "libvorbis", "-q:a", "3")),
    ],
)
def test_length_start_and_tags_as_others_read_them(
    name: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / name
    wave = music(2.0137, rate=RATE)[:, :1]
    tags = ("-metadata", "title=T", "-metadata", "artist=AC/DC;b")
    data = made(path, wave, RATE, *options, *tags)
    new = again(data)
    before, after = probed(data, path), probed(new, path)
    for field in ("duration", "start_time"):
        assert after["format"][field] == before["format"][field]
    assert after["streams"][0]["tags"] == before["streams"][0]["tags"]
    assert len(played(data, path, 1)) == len(played(new, path, 1))
    assert abs(lag(played(data, path, 1), played(new, path, 1))) <= 2
    rates = [media.Sound.decode(each).track.bit_rate for each in (data, new)]
    assert rates[1] == pytest.approx(rates[0], rel=0.15)


@pytest.mark.ffmpeg
@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("a.ogg", ("-c:a", "flac"), "FLAC"),
        ("a.ogg", ("-ar", "16000", "-c:a", "libspeex"), "Speex"),
        ("a.ogg", ("-map", "0", "-map", "0", "-c:a", "libvorbis"), "several streams"),
        (
            "a.ogv",
            ("-f", "lavfi", "-i", "testsrc=s=32x32:d=1:r=5", "-c:v", "libtheora"),
            "Theora video",
        ),
    ],
)
def test_other_streams_are_named(
    name: str, options: tuple[str, ...], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedError, match=reason):
        media.Sound.decode(made(tmp_path / name, WAVE, RATE, *options))


@pytest.mark.parametrize("data", [OPUS, VORBIS], ids=["opus", "vorbis"])
def test_one_behind_the_other_is_named(data: bytes) -> None:
    with pytest.raises(UnsupportedError, match="several streams"):
        media.Sound.decode(data + VORBIS)


@pytest.mark.parametrize("data", [OPUS, VORBIS], ids=["opus", "vorbis"])
def test_a_stream_without_its_last_page_is_cut_short(data: bytes) -> None:
    pages = list(ogg._pages(data, 0))
    (said,) = media.Sound.decode(data[: pages[-1].start]).notes
    assert said.code == "media.truncated"
