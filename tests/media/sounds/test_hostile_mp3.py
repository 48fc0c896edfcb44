"""Whatever the bytes, an MP3 is read or refused in one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthmark import labels, media
from synthmark.errors import MediaError
from synthmark.limits import Limits
from synthmark.media.formats import MP3
from synthmark.media.sounds import mp3
from tests.media.sound_files import coded, frame, tag
from tests.media.sounds.test_mp3_tags import ENHANCED, LYRICS, VERSION_1, ape
from tests.sounds import voice

SOUND = coded(voice(0.4), "mp3")
RICH = tag(frame(b"TIT2", b"\3A title"), frame(b"TXXX", b"\3AIGC\0{}")) + tag(
    frame(b"TT2", b"\0t", 2), version=2
)
RICH += SOUND + tag(frame(b"TPE1", b"\3B")) + SOUND
RICH += ape((b"Title", b"t")) + LYRICS + ENHANCED + VERSION_1
SMALL = Limits(metadata_bytes=2**16)


def refusal(data: bytes) -> MediaError | None:
    try:
        media_type = media.sniff(data)
        labels.read(data, media_type, limits=SMALL)
        media.items(data, media_type)
        if media_type == MP3:
            media.Sound.decode(data, limits=SMALL)
    except MediaError as error:
        return error
    return None


def look(data: bytes) -> None:
    error = refusal(data)
    if error is not None:
        assert "\n" not in str(error)
        assert error.code.startswith(("media", "limit"))


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=9))
def test_changed_bytes(changes: list[tuple[int, int]]) -> None:
    data = bytearray(RICH)
    for place, value in changes:
        data[place % len(data)] = value
    look(bytes(data))


@given(st.integers(0, 10**6), st.integers(0, 900), st.binary(max_size=20))
def test_bytes_taken_out_and_put_in(place: int, gap: int, more: bytes) -> None:
    place %= len(RICH)
    look(RICH[:place] + more + RICH[place + gap :])


@given(st.integers(0, len(RICH)), st.integers(0, len(RICH)))
def test_any_part_of_it(begin: int, end: int) -> None:
    look(RICH[begin:end])


@pytest.mark.parametrize(
    "data",
    [
        2_000 * VERSION_1,
        2_000 * ape(),
        2_000 * b"LYRICSBEGINLYRICS200",
        4_000 * b"ID3\4\0\0\0\0\0\0",
        SOUND + 2**17 * b"\xff",
        SOUND + 2**14 * b"\xff\xfb\x90\x44TAG",
        b"\xff\xfb\x90\x44" * 2**15,
    ],
    ids=["version 1", "ape", "lyrics", "empty tags", "ones", "heads", "only heads"],
)
def test_more_parts_than_any_writer_makes(data: bytes) -> None:
    look(SOUND + data)
    look(data)


def test_a_tag_that_is_too_large() -> None:
    data = tag(*(600 * [frame(b"TIT2", bytes(120))])) + SOUND
    with pytest.raises(MediaError, match="exceeds") as caught:
        mp3.parse(data, SMALL)
    assert caught.value.code == "limit.metadata"
