from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthmark import Embedder, Verdict, Verifier, media
from synthmark.errors import MediaError
from tests.media.sound_files import LOSSY, coded
from tests.sounds import voice


@pytest.mark.parametrize("kind", ["mp3", "vbr", "flac16", "vorbis", "opus"])
def test_what_is_left_is_looked_at_and_said_to_be_cut(
    kind: str, embedder: Embedder, verifier: Verifier
) -> None:
    whole = embedder.embed(coded(voice(14.0), kind))
    report = verifier.verify(whole.asset[: len(whole.asset) * 2 // 3 + 1])
    assert report.watermark.content_id == whole.content_id
    assert report.verdict is not Verdict.VERIFIED
    assert "media.truncated" in {finding.code for finding in report.findings}


def test_a_cut_mp3_can_be_labelled(embedder: Embedder) -> None:
    data = coded(voice(9.0), "mp3")
    result = embedder.embed(data[: len(data) * 3 // 4 + 5])
    assert result.report.verdict is Verdict.VERIFIED
    assert "media.truncated" in {finding.code for finding in result.findings}


def test_an_mp3_with_a_hole(verifier: Verifier) -> None:
    data = bytearray(coded(voice(6.0), "mp3"))
    data[20_000:23_000] = bytes(3000)
    report = verifier.verify(bytes(data))
    assert report.verdict is Verdict.UNMARKED
    assert "media.truncated" in {finding.code for finding in report.findings}


def test_sync_bytes_without_end(verifier: Verifier) -> None:
    head = coded(voice(0.3), "mp3")
    with pytest.raises(MediaError):
        verifier.verify(b"\xff\xfb\x90\x64" + b"\xff" * 3_000_000)
    assert verifier.verify(head + b"\xff" * 3_000_000).verdict is Verdict.UNMARKED


@pytest.mark.parametrize("kind", [*LOSSY, "flac16"])
@given(data=st.data())
@settings(max_examples=40)
def test_any_damage_is_borne(kind: str, data: st.DataObject) -> None:
    whole = bytearray(coded(voice(0.6), kind))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(1, len(whole)))
    try:
        sound = media.Sound.decode(bytes(whole[:end]))
    except MediaError:
        return
    assert len(sound.samples)
