"""FLAC with every sort of block comes back with them, in their order, and true to its checksum."""

from __future__ import annotations

import hashlib
import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from synthmark import media
from synthmark.errors import UnsupportedError
from synthmark.media.formats import FLAC
from synthmark.media.sounds import flac_frames
from tests.media.sound_files import coded, comments
from tests.sounds import music

RATE = 44_100
WAVE = music(14.0, rate=RATE)
PLAIN = coded(WAVE, "flac16", RATE)
PLACEHOLDER = struct.pack(">QQH", 2**64 - 1, 0, 0)


def block(kind: int, payload: bytes, *, last: bool = False) -> bytes:
    return bytes((kind | 128 * last,)) + len(payload).to_bytes(3) + payload


def frames(data: bytes) -> int:
    """Where the first frame begins."""
    place, last = 4, False
    while not last:
        last = bool(data[place] & 128)
        place += 4 + int.from_bytes(data[place + 1 : place + 4])
    return place


def with_blocks(data: bytes, *blocks: tuple[int, bytes]) -> bytes:
    info = data[8:42]
    parts = [b"fLaC", block(0, info, last=not blocks)]
    parts += [block(kind, payload, last=number == len(blocks))
              for number, (kind, payload) in enumerate(blocks, 1)]  # fmt: skip
    return b"".join((*parts, data[frames(data) :]))


def blocks(data: bytes) -> list[tuple[int, bytes]]:
    found, place = [], 4
    while place < frames(data):
        length = int.from_bytes(data[place + 1 : place + 4])
        found.append((data[place] & 127, data[place + 4 : place + 4 + length]))
        place += 4 + length
    return found


def again(data: bytes) -> bytes:
    sound = media.Sound.decode(data)
    return sound.encode(sound.metadata)


def table(*samples: int) -> bytes:
    return b"".join(
        struct.pack(">QQH", sample, 7, 4096) if sample >= 0 else PLACEHOLDER for sample in samples
    )


def test_every_block_stays_in_its_place() -> None:
    front, back = struct.pack(">II", 3, 9) + b"image/png", struct.pack(">II", 4, 9) + b"image/gif"
    made = [
        (2, b"riff" + bytes(10)),
        (6, front),
        (4, comments(b"TITLE=one", b"TITLE=two", b"Artist=\xff no UTF-8")),
        (1, bytes(300)),
        (5, bytes(396)),
        (6, back),
        (77, b"reserved"),
        (2, b"ATCH again"),
        (1, bytes(8192)),
    ]  # fmt: skip
    data = with_blocks(PLAIN, *made)
    new = again(data)
    written = blocks(new)[1:]
    assert [kind for kind, _ in written] == [kind for kind, _ in made]
    assert [each for each in written if each[0] != 4] == [each for each in made if each[0] != 4]
    vendor = 4 + int.from_bytes(written[2][1][:4], "little")
    assert written[2][1][vendor:] == made[2][1][7:]
    differing = set(media.items(data, FLAC)) ^ set(media.items(new, FLAC))
    assert {item.place for item in differing} == {"comment vendor"}
    said = {
        place for note in media.Sound.decode(data).metadata.notes for place in note.accounts_for
    }
    assert said == {"comment vendor"}


def test_the_checksum_is_that_of_the_samples() -> None:
    sound = media.Sound.decode(PLAIN)
    change = np.full(sound.samples.shape, 1e-3, np.float32)
    samples = sound.track.changed(sound.samples, change)
    coded = sound.code([samples])
    new = bytes(sound.assemble(coded, sound.metadata))
    found = hashlib.md5(samples.astype("<i2").tobytes(), usedforsecurity=False)
    assert blocks(new)[0][1][18:] == found.digest()


def test_seek_points_lead_to_the_same_samples() -> None:
    wanted = (0, 44_100, 88_200, 88_201, 132_300, 400_000, len(WAVE) - 1, 10**9, -1)
    new = again(with_blocks(PLAIN, (3, table(*wanted)), (4, comments())))
    (points,) = [payload for kind, payload in blocks(new) if kind == 3]
    assert len(points) == 18 * len(wanted)
    first = frames(new)
    found = [point for point in struct.iter_unpack(">QQH", points) if point[0] < 2**64 - 1]
    # Two lie in one frame, one is behind the end, one was a placeholder.
    assert len(found) == 6
    assert points.endswith(PLACEHOLDER * 3)
    for sample, offset, count in found:
        header = new[first + offset : first + offset + 16]
        assert flac_frames._is_header(header, sample // 4096)
        assert any(sample <= each < sample + count for each in wanted)
    assert [sample for sample, _, _ in found] == sorted(sample for sample, _, _ in found)


@given(st.integers(0, 2**36 - 1))
def test_numbers_of_frames_are_coded_as_utf_8_is(number: int) -> None:
    coded = flac_frames._coded_number(number)
    if number < 0xD800:
        assert coded == chr(number).encode()
    assert len(coded) == next(
        length for length, bits in enumerate((7, 11, 16, 21, 26, 31, 36), 1) if number < 2**bits
    )


def test_fewer_samples_than_the_header_says() -> None:
    packed = int.from_bytes(PLAIN[18:26])
    more = PLAIN[:18] + (packed + 3 * len(WAVE)).to_bytes(8) + PLAIN[26:]
    for data in (more, PLAIN[: len(PLAIN) // 2]):
        sound = media.Sound.decode(data)
        (said,) = sound.notes
        assert said.code == "media.truncated"
        assert len(sound.samples) < (sound.track.frames or 0)
        assert data != more or len(sound.samples) > len(WAVE) - 64
        new = media.Sound.decode(again(data))
        assert np.array_equal(new.samples, sound.samples)
        assert not new.notes


@pytest.mark.parametrize(
    "tail", [b"TAG" + bytes(125), b"APETAGEX" + bytes(4) + b"\x20" + bytes(19)]
)
def test_a_tag_behind_the_end_is_said(tail: bytes) -> None:
    sound = media.Sound.decode(PLAIN + tail)
    assert len(sound.samples) == len(WAVE)
    (place,) = {item.place for item in media.items(PLAIN + tail, FLAC)} - {"comment vendor"}
    assert any(place.startswith(note.accounts_for) for note in sound.metadata.notes)


@pytest.mark.parametrize("depth", [12, 20])
def test_other_depths_are_named(depth: int) -> None:
    packed = int.from_bytes(PLAIN[18:26])
    odd = packed & ~(31 << 36) | (depth - 1) << 36
    with pytest.raises(UnsupportedError, match=f"{depth} bits a sample; 8, 16 and 24"):
        media.Sound.decode(PLAIN[:18] + odd.to_bytes(8) + PLAIN[26:])


def test_others_read_all_of_it() -> None:
    data = again(with_blocks(PLAIN, (3, table(0, 100_000)), (4, comments(b"TITLE=A title"))))
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert (file.title, file.frames) == ("A title", len(WAVE))
        file.seek(100_001)
        sought = file.read(500, dtype="int16")
    assert np.array_equal(sought, media.Sound.decode(PLAIN).samples[100_001:100_501])
