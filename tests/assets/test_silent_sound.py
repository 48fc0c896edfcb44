from __future__ import annotations

import numpy as np
import pytest

from synthmark import Embedder, Verdict, Verifier
from synthmark.errors import UnmarkableError
from synthmark.facts import WatermarkState
from tests.media.sound_files import coded
from tests.sounds import voice


@pytest.mark.parametrize("kind", ["wav16", "wav24", "float", "flac16", "mp3", "vorbis", "opus"])
def test_silence_is_refused_and_said_to_be_silent(
    kind: str, embedder: Embedder, verifier: Verifier
) -> None:
    data = coded(np.zeros((6 * 16_000, 2), np.float32), kind)
    with pytest.raises(UnmarkableError):
        embedder.embed(data)
    report = verifier.verify(data)
    assert report.verdict is Verdict.UNMARKED
    if report.watermark.state is WatermarkState.SKIPPED:
        assert "watermark.silent" in {finding.code for finding in report.findings}
    else:
        # Some codecs dither.
        assert kind in ("mp3", "vorbis", "opus")


def test_one_word_in_a_minute_of_silence(embedder: Embedder, verifier: Verifier) -> None:
    wave = np.zeros(60 * 16_000, np.float32)
    wave[20 * 16_000 : 26 * 16_000] = voice(6.0)
    result = embedder.embed(coded(wave))
    report = verifier.verify(result.asset)
    assert report.verdict is Verdict.VERIFIED
    (part,) = report.watermark.segments
    assert 18 < part.start < 22
    assert 24 < part.end < 28
