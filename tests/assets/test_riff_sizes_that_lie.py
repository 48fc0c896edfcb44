from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthmark import Embedder, Verdict, Verifier, media
from synthmark.errors import MediaError
from tests.media.sound_files import chunk, coded, with_chunks
from tests.sounds import voice

DATA = coded(voice(6.0))


def lying(place: int, size: int) -> bytes:
    return DATA[:place] + size.to_bytes(4, "little") + DATA[place + 4 :]


@pytest.mark.parametrize("size", [0, 1, 36, 10**6, 2**31, 2**32 - 1])
def test_the_size_of_the_whole_does_not_matter(size: int, embedder: Embedder) -> None:
    result = embedder.embed(lying(4, size))
    assert result.report.verdict is Verdict.VERIFIED
    assert int.from_bytes(result.asset[4:8], "little") == len(result.asset) - 8


@pytest.mark.parametrize("size", [10**6, 2**31, 2**32 - 2])
def test_more_samples_claimed_than_there_are(
    size: int, embedder: Embedder, verifier: Verifier
) -> None:
    data = lying(40, size)
    assert "media.truncated" in {finding.code for finding in verifier.verify(data).findings}
    result = embedder.embed(data)
    assert len(media.Sound.decode(result.asset).samples) == 6 * 16_000
    assert "media.truncated" in {finding.code for finding in result.findings}


def test_fewer_samples_claimed_than_there_are(verifier: Verifier) -> None:
    report = verifier.verify(lying(40, 32_000))
    assert report.verdict is Verdict.UNMARKED
    assert len(media.Sound.decode(lying(40, 32_000)).samples) == 16_000


def test_a_chunk_that_claims_all(verifier: Verifier) -> None:
    data = with_chunks(DATA, b"AIGC\xff\xff\xff\xff{}")
    assert verifier.verify(data).verdict is Verdict.UNMARKED


def test_chunks_without_end(verifier: Verifier) -> None:
    data = with_chunks(DATA, chunk(b"abcd", b"") * 200_000)
    with pytest.raises(MediaError, match="more than 100000 blocks"):
        verifier.verify(data)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), min_size=1, max_size=6))
@settings(max_examples=150)
def test_any_damage_to_the_header_is_borne(changes: list[tuple[int, int]]) -> None:
    data = bytearray(coded(np.zeros(64, np.int16)))
    for place, value in changes:
        data[place] = value
    try:
        media.Sound.decode(bytes(data))
    except MediaError:
        return
