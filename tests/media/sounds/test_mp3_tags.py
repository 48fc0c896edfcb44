"""Tags around and between the frames of an MP3: kept in their order, or said."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthmark import labels, media
from synthmark.facts import LabelLayer
from synthmark.limits import Limits
from synthmark.media import Item
from synthmark.media.formats import MP3
from synthmark.media.parts import id3
from synthmark.media.sounds import mp3
from tests.labels.test_places import NEW
from tests.media.sound_files import coded, frame, tag
from tests.sounds import voice

SOUND = coded(voice(0.5), "mp3")
TITLE, ARTIST = frame(b"TIT2", b"\3A title"), frame(b"TPE1", b"\3An artist")
OLD = frame(b"TT2", b"\0An old title", 2)
LYRICS = b"LYRICSBEGININD0000210LYR00005hello000034LYRICS200"
SHORT_LYRICS = b"LYRICSBEGINhello there LYRICSEND"
VERSION_1 = b"TAG" + b"Title".ljust(30, b"\0") + bytes(94) + b"\xff"
ENHANCED = b"TAG+" + bytes(223)


def ape(*fields: tuple[bytes, bytes], header: bool = True) -> bytes:
    body = b"".join(
        len(value).to_bytes(4, "little") + bytes(4) + key + b"\0" + value for key, value in fields
    )
    size = (len(body) + 32).to_bytes(4, "little")
    head = b"APETAGEX" + (2000).to_bytes(4, "little") + size + len(fields).to_bytes(4, "little")
    flags = 0x80000000 * header
    front = head + (flags | 0x20000000).to_bytes(4, "little") + bytes(8) if header else b""
    return front + body + head + flags.to_bytes(4, "little") + bytes(8)


def again(data: bytes, *, label: bool = False) -> tuple[bytes, list[str]]:
    """The same frames between the tags as they are written, and what is said of them."""
    track = mp3.parse(data, Limits())
    metadata = track.metadata
    if label:
        metadata = labels.write(metadata, MP3, aigc=NEW, source_type="").metadata
    new = bytes(mp3.assemble(io.BytesIO(SOUND), track, metadata))
    return new, [note.code for note in (*track.notes, *metadata.notes)]


@pytest.mark.parametrize(
    "behind",
    [ape((b"Title", b"t")), ape((b"Title", b"t"), header=False), LYRICS, SHORT_LYRICS, b""],
    ids=["ape", "ape without header", "lyrics", "short lyrics", "nothing"],
)
@pytest.mark.parametrize("last", [VERSION_1, ENHANCED + VERSION_1, b""])
@pytest.mark.parametrize("front", [b"", tag(TITLE), tag(TITLE) + tag(ARTIST)])
def test_tags_stay_byte_for_byte(front: bytes, behind: bytes, last: bytes) -> None:
    data = front + SOUND + behind + last
    assert again(data) == (data, [])
    new, _ = again(data, label=True)
    labelled = list(mp3.items(new))
    held = [item for item in mp3.items(data) if not (last and not front and "ID3 " in item.place)]
    assert [item for item in labelled if item in held] == held


def test_all_is_listed() -> None:
    data = tag(TITLE, ARTIST, ARTIST) + tag(OLD, version=2) + b"junk" + SOUND
    data += tag(TITLE) + VERSION_1 + SOUND
    data += ape((b"Artist", b"a"), (b"Title", b"t")) + LYRICS + ENHANCED + VERSION_1
    assert [item.place for item in mp3.items(data)] == [
        "ID3 TIT2",
        "ID3 TPE1",
        "ID3 TPE1",
        "ID3 TT2",
        "MP3 junk",
        "MP3 part ID3 TIT2",
        "MP3 part ID3v1",
        "APE Artist",
        "APE Title",
        "Lyrics3",
        "ID3v1 enhanced",
        "ID3v1",
    ]
    assert media.items(data, MP3) == tuple(mp3.items(data))
    assert Item("ID3 TT2", b"\0An old title") in mp3.items(data)


def test_tags_of_two_versions_stay_two() -> None:
    front = tag(OLD, version=2) + tag(TITLE)
    assert again(front + SOUND) == (front + SOUND, [])
    new, _ = again(front + SOUND, label=True)
    assert new[3] == 2
    assert new[id3.length(new) :].startswith(tag(TITLE))


def test_a_tag_at_the_end_is_read_and_said_to_be_moved() -> None:
    body = tag(TITLE)[10:]
    size = tag(TITLE)[6:10]
    end = b"ID3\4\0\x10" + size + body + b"3DI\4\0\x10" + size
    for behind in (end, end + VERSION_1):
        new, codes = again(tag(ARTIST) + SOUND + behind)
        assert new == tag(ARTIST) + tag(TITLE) + SOUND + behind[len(end) :]
        assert codes == ["media.id3-moved"]


def test_version_1_alone_is_said_in_the_new_tag_too() -> None:
    new, codes = again(SOUND + VERSION_1, label=True)
    assert codes == ["media.id3v1"]
    assert Item("ID3 TIT2", b"\0Title") in mp3.items(new)
    assert new.endswith(VERSION_1)
    # With a tag of version 2 players never looked into the other.
    new, codes = again(tag(ARTIST) + SOUND + VERSION_1, label=True)
    assert codes == []
    assert Item("ID3 TIT2", b"\0Title") not in mp3.items(new)


def test_a_tag_of_an_unknown_version_is_said() -> None:
    data = tag(TITLE, version=5) + SOUND
    track = mp3.parse(data, Limits())
    (note,) = track.notes
    assert note.code == "media.id3-version"
    assert [item.place.startswith(note.accounts_for) for item in mp3.items(data)] == [True]


SLOPPY = {
    "PRIV without NUL": frame(b"PRIV", b"PeakValue", 3),
    "empty text": frame(b"TIT2", b"", 3),
    "short POPM": frame(b"POPM", b"me", 3),
    "short COMM": frame(b"COMM", b"\0en", 3),
    "short APIC": frame(b"APIC", b"\0image/png", 3),
    "encoding byte 5": frame(b"TPE1", b"\5Artist", 3),
}


@pytest.mark.parametrize("name", SLOPPY)
def test_a_label_is_found_beside_a_sloppy_frame(name: str) -> None:
    data = tag(SLOPPY[name], frame(b"TALB", b"\0Album", 3), version=3) + SOUND
    new, _ = again(data, label=True)
    found = labels.read(new, MP3)
    assert found.aigc is not None
    assert found.aigc.values == NEW
    assert [item for item in mp3.items(data) if item not in mp3.items(new)] == []


def test_c2pas_frame_is_no_label() -> None:
    content = b"\0application/c2pa\0c2pa\0c2pa manifest store\0ContentProducer AIGC"
    found = labels.read(tag(frame(b"GEOB", content)) + SOUND, MP3)
    assert found == LabelLayer()


@given(
    st.lists(
        st.tuples(
            st.sampled_from((b"TIT2", b"TPE1", b"COMM", b"PRIV", b"APIC", b"XYZ1")),
            st.binary(max_size=100),
        ),
        max_size=12,
    ),
    st.sampled_from((3, 4)),
    st.lists(st.sampled_from((LYRICS, ape((b"A", b"b")), VERSION_1)), unique=True, max_size=3),
)
def test_whatever_the_tags_say_comes_out(
    frames: list[tuple[bytes, bytes]], version: int, behind: list[bytes]
) -> None:
    order = (LYRICS, ape((b"A", b"b")), VERSION_1)
    tail = b"".join(each for each in order if each in behind)
    front = tag(*(frame(*each, version) for each in frames), version=version) if frames else b""
    data = front + SOUND + tail
    new, _ = again(data)
    assert list(mp3.items(new)) == list(mp3.items(data))
    assert new == data
