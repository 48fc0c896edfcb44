"""WAV as programs of the field write it: what is no sound stays beside it, bit for bit."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from synthmark import media
from synthmark.errors import UnreadableError, UnsupportedError
from synthmark.media import Item
from synthmark.media.formats import WAV
from tests.media.sound_files import chunk, coded, heard, with_chunks
from tests.sounds import voice

WAVE = voice(0.5)
RATE = 16_000
TITLE = chunk(b"LIST", b"INFO" + chunk(b"INAM", b"A title\0") + chunk(b"ICMT", b"odd"))
PCM = bytes.fromhex("000000001000800000aa00389b71")


def riff(*chunks: bytes) -> bytes:
    whole = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def form(channels: int = 1, bits: int = 16, held: int | None = None) -> bytes:
    align = channels * (held or bits) // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", 1, channels, RATE, RATE * align, align, bits))


def extensible(channels: int, held: int, valid: int, mask: int = 0x3F) -> bytes:
    align = channels * held // 8
    head = struct.pack("<HHIIHH", 0xFFFE, channels, RATE, RATE * align, align, held)
    return chunk(b"fmt ", head + struct.pack("<HHIH", 22, valid, mask, 1) + PCM)


def again(data: bytes) -> bytes:
    sound = media.Sound.decode(data)
    return sound.encode(sound.metadata)


def marked(data: bytes) -> bytes:
    """Write a file again with all its samples changed a little."""
    sound = media.Sound.decode(data)
    change = 1e-3 * np.sin(np.arange(len(sound.samples)))[:, None] * np.ones(sound.track.channels)
    samples = sound.track.changed(sound.samples, change.astype(np.float32))
    coded = sound.code([samples])
    return bytes(sound.assemble(coded, sound.metadata))


def test_chunks_after_an_empty_data_chunk_are_no_sound() -> None:
    noise = np.random.default_rng(0).bytes(5000)
    data = riff(
        form(), chunk(b"data", b""), chunk(b"regn", bytes(92)), chunk(b"DGDA", noise), TITLE
    )
    with pytest.raises(UnreadableError, match="no samples"):
        media.Sound.decode(data)
    assert [item.place for item in media.items(data, WAV)][:2] == ["regn", "DGDA"]


def test_samples_after_an_empty_data_chunk_are_sound() -> None:
    samples = np.random.default_rng(1).bytes(64_000)
    data = riff(form(), b"data" + bytes(4) + samples)
    sound = media.Sound.decode(data)
    assert sound.samples.tobytes() == samples
    assert not sound.notes
    assert media.items(data, WAV) == ()


@pytest.mark.parametrize("pad", [b"", b"\0", b"\xff"])
def test_an_odd_chunk_with_and_without_its_pad(pad: bytes) -> None:
    odd = b"odd " + struct.pack("<I", 3) + b"abc" + pad
    data = riff(form(), chunk(b"data", bytes(2000)), odd, TITLE)
    places = [item.place for item in media.items(data, WAV)]
    assert places == ["odd ", "LIST INFO INAM", "LIST INFO ICMT"]
    assert media.items(again(data), WAV) == media.items(data, WAV)


def test_odd_samples_without_a_pad() -> None:
    samples = np.random.default_rng(1).bytes(8001)
    data = riff(form(bits=8), b"data" + struct.pack("<I", len(samples)) + samples, TITLE)
    other = again(data)
    assert other[44 : 44 + 8001] == samples
    assert media.items(other, WAV) == media.items(data, WAV)


@pytest.mark.parametrize(("held", "valid"), [(32, 24), (24, 20), (32, 20), (16, 12), (16, 16)])
def test_no_bit_beyond_the_valid_ones_is_written(held: int, valid: int) -> None:
    spare = held - valid
    values = np.random.default_rng(0).integers(-(2 ** (valid - 1)), 2 ** (valid - 1), (4000, 2))
    values = (values // 2) << spare
    raw = b"".join(int(each).to_bytes(held // 8, "little", signed=True) for each in values.flat)
    data = riff(extensible(2, held, valid, 3), chunk(b"data", raw))
    sound = media.Sound.decode(data)
    assert (sound.track.depth, sound.track.codec) == (valid, f"PCM_{held}")
    assert again(data) == data
    new = media.Sound.decode(marked(data)).samples
    unused = 8 * new.itemsize - valid
    assert not np.array_equal(new, sound.samples)
    assert not (new & ((1 << unused) - 1)).any()


def test_twenty_bits_in_three_bytes_of_a_plain_header() -> None:
    raw = np.random.default_rng(0).bytes(3000)
    data = riff(form(bits=20, held=24), chunk(b"data", raw))
    assert media.Sound.decode(data).track.depth == 20
    assert again(data) == data


def test_the_mask_of_the_speakers_stays() -> None:
    data = riff(extensible(6, 16, 16, 0x60F), chunk(b"data", bytes(2400)))
    assert again(data) == data


def test_what_stands_before_the_samples_stays_before_them() -> None:
    before = [chunk(b"bext", bytes(602)), chunk(b"iXML", b"<x/>"), TITLE]
    behind = [
        chunk(b"cue ", bytes(28)),
        chunk(b"smpl", bytes(36)),
        chunk(b"id3 ", b"ID3\3" + bytes(8)),
    ]
    data = riff(form(), *before, chunk(b"data", bytes(2000)), *behind)
    assert again(data) == data


@given(
    st.lists(
        st.tuples(
            st.text("abcdXYZ 0189_", min_size=4, max_size=4).filter(lambda name: name != "data"),
            st.binary(max_size=40),
        ),
        max_size=8,
    ),
    st.integers(0, 8),
)
def test_any_chunks_stay_in_any_order(chunks: list[tuple[str, bytes]], front: int) -> None:
    made = [chunk(name.encode(), content) for name, content in chunks]
    data = riff(form(), *made[:front], chunk(b"data", bytes(200)), *made[front:])
    assert again(data) == data
    items = [Item(name, content) for name, content in chunks]
    assert media.items(data, WAV) == tuple(items)


@pytest.mark.parametrize("kind", ["float", "double"])
def test_peaks_of_floating_point_are_those_of_the_new_samples(kind: str) -> None:
    data = coded(WAVE, kind)
    place = data.index(b"PEAK")
    data = data[: place + 12] + struct.pack("<I", 1_000_000_000) + data[place + 16 :]
    new = marked(data)
    place = new.index(b"PEAK")
    version, time, peak, where = struct.unpack_from("<IIfI", new, place + 8)
    wave = heard(new)[0][:, 0]
    assert (version, time) == (1, 1_000_000_000)
    assert peak == pytest.approx(np.abs(wave).max(), rel=1e-6)
    assert abs(wave[where]) == pytest.approx(peak, rel=1e-6)
    assert new.index(b"PEAK") < new.index(b"data")
    said = media.Sound.decode(data).metadata.notes
    assert [(note.code, note.accounts_for) for note in said] == [("media.peak", ("PEAK",))]


@pytest.mark.parametrize(
    ("tail", "code", "place"),
    [
        (chunk(b"levl", bytes(80)), "media.stale", "levl"),
        (chunk(b"MD5 ", bytes(16)), "media.stale", "MD5 "),
        (chunk(b"data", bytes(200)), "media.second-samples", "data"),
        (b"tail" + struct.pack("<I", 1000) + b"cut", "media.cut-chunk", "tail"),
        (bytes(4) + b"junk", "media.trailing", "trailing"),
    ],
)
def test_what_does_not_stay_is_said(tail: bytes, code: str, place: str) -> None:
    data = riff(form(), chunk(b"data", bytes(2000))) + tail
    (said,) = media.Sound.decode(data).metadata.notes
    assert (said.code, said.accounts_for) == (code, (place,))
    lost = set(media.items(data, WAV)) - set(media.items(again(data), WAV))
    assert {item.place for item in lost} == {place}


def test_padding_is_not_missed() -> None:
    data = riff(chunk(b"JUNK", bytes(92)), form(), chunk(b"FLLR", bytes(400)),
                chunk(b"data", bytes(2000)))  # fmt: skip
    assert media.items(data, WAV) == ()
    assert media.Sound.decode(data + bytes(64)).metadata.notes == ()


@pytest.mark.parametrize("magic", [b"RF64", b"BW64", b"RIFX"])
def test_other_sorts_are_named(magic: bytes) -> None:
    data = magic + coded(WAVE)[4:]
    with pytest.raises(UnsupportedError, match=magic.decode()):
        media.sniff(data)


def test_others_read_the_title_and_all_samples() -> None:
    data = marked(with_chunks(coded(WAVE), TITLE))
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert (file.title, file.frames) == ("A title", len(WAVE))


def test_a_file_that_claims_to_be_longer_and_lacks_no_sample_is_said() -> None:
    data = bytearray(coded(np.zeros((800, 1), np.int16)))
    codes = [each.code for each in media.Sound.decode(bytes(data)).metadata.notes]
    assert "media.riff-size" not in codes
    data[4:8] = (len(data) + 92).to_bytes(4, "little")
    sound = media.Sound.decode(bytes(data))
    assert "media.riff-size" in [each.code for each in sound.metadata.notes]
    assert len(sound.samples) == 800
