"""An MP3 that begins late is found; other data is not taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthmark import media, words
from synthmark.errors import MediaError, UnsupportedError
from synthmark.media import formats
from tests.media.sound_files import coded, frame, tag
from tests.sounds import voice

MP3 = coded(voice(1.0), "mp3")
TITLE = tag(frame(b"TIT2", b"\3A title"))


@pytest.mark.parametrize(
    "front",
    [bytes(5000), bytes(1), b"<html>not found</html>\r\n", MP3[750:1050], bytes(9) + TITLE],
    ids=["zeros", "a zero", "words", "half a frame", "zeros before a tag"],
)
def test_what_stands_before_is_left_out_and_said(front: bytes) -> None:
    assert media.sniff(front + MP3) == formats.MP3
    plain, late = media.Sound.decode(MP3), media.Sound.decode(front + MP3)
    assert np.abs(late.samples - plain.samples).max() < 1e-6
    (note,) = late.notes
    assert note.code == "media.junk"
    assert words.sentence(note).startswith(
        f"{len(front) - len(TITLE) * front.endswith(TITLE)} bytes"
    )
    assert note.accounts_for == ("MP3 junk",)


def test_padding_behind_a_tag_is_nothing_to_speak_of() -> None:
    sound = media.Sound.decode(TITLE + bytes(300) + MP3)
    assert sound.notes == ()
    assert len(sound.samples) == len(media.Sound.decode(MP3).samples)


def test_words_behind_are_left_out_and_said() -> None:
    sound = media.Sound.decode(MP3 + b"the end")
    assert [note.code for note in sound.notes] == ["media.junk"]


@given(st.binary(max_size=4000), st.integers(0, 3))
@settings(max_examples=200, deadline=None)
def test_no_other_data_is_taken_for_mp3(data: bytes, heads: int) -> None:
    # Single headers at chance places make no MP3.
    for number in range(heads):
        place = 997 * (number + 1)
        data = data[:place] + MP3[:4] + data[place:]
    with pytest.raises(MediaError, match=r"neither a picture nor a sound|this is"):
        media.sniff(b"\1" + data)


def free_format(length: int = 1000, frames: int = 5) -> bytes:
    """Frames of silence of a bit rate that no header names."""
    return frames * (b"\xff\xfb\x04\xc0" + bytes(length - 4))


@pytest.mark.parametrize("front", [b"", TITLE])
def test_free_format_is_refused_by_its_name(front: bytes) -> None:
    with pytest.raises(UnsupportedError, match="free format") as caught:
        media.Sound.decode(front + free_format())
    assert caught.value.code == "media.mp3-free-format"
