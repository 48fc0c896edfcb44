from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from synthmark import Embedder, Limits, Verifier, media
from synthmark.errors import LimitError
from tests.media.sound_files import coded
from tests.sounds import voice

TEN_HOURS = 36_000 * 44_100


def claiming(data: bytes, frames: int) -> bytes:
    """A FLAC whose header claims so many samples a channel."""
    packed = int.from_bytes(data[18:26]) >> 36 << 36 | frames
    return data[:18] + packed.to_bytes(8) + data[26:]


def test_a_small_flac_that_claims_ten_hours(embedder: Embedder, verifier: Verifier) -> None:
    data = claiming(coded(voice(0.5, rate=44_100), "flac16", 44_100), TEN_HOURS)
    for verb in (embedder.embed, verifier.verify):
        with pytest.raises(LimitError, match="36000 s") as caught:
            verb(data)
        assert caught.value.code == "limit.samples"


@pytest.mark.parametrize("claim", [0])
def test_silence_longer_than_it_claims(claim: int) -> None:
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 44_100, 2, format="FLAC", subtype="PCM_16") as target:
        for _ in range(100):
            target.write(np.zeros((44_100, 2), np.int16))
    data = claiming(file.getvalue(), claim)
    assert len(data) < 60_000
    limits = Limits(seconds=20)
    with pytest.raises(LimitError, match="limit is 20 s"):
        media.Sound.decode(data, limits=limits)


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_a_last_page_that_claims_ten_hours(kind: str, verifier: Verifier) -> None:
    data = coded(voice(0.5), kind)
    last = data.rindex(b"OggS")
    lying = data[: last + 6] + (10**10).to_bytes(8, "little") + data[last + 14 :]
    with pytest.raises(LimitError, match="claims"):
        verifier.verify(lying)


def test_an_mp3_of_more_than_the_limit(verifier: Verifier) -> None:
    data = coded(voice(1.0), "mp3")
    with pytest.raises(LimitError, match="the limit is 3600 s"):
        verifier.verify(data + data[len(data) // 2 :] * 0 + _silence(4000.0))


def _silence(seconds: float) -> bytes:
    """Frames of silence at 8 kbit/s: an hour in 3.6 MB."""
    file = io.BytesIO()
    with soundfile.SoundFile(
        file, "w", 16_000, 1, format="MP3", subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT", compression_level=0.6,
    ) as target:  # fmt: skip
        target.write(np.zeros(16_000, np.int16))
    frames = file.getvalue()
    start = len(frames) // 2
    begin = frames.index(frames[start : start + 3], start)
    length = 72 * 64_000 // 16_000
    return frames[begin : begin + length] * round(seconds * 16_000 / 576)
