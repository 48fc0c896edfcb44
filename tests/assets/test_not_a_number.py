from __future__ import annotations

import numpy as np
import pytest

from synthmark import Embedder, Verdict, Verifier, media
from synthmark.errors import UnmarkableError, UnreadableError
from tests.media.sound_files import coded, heard
from tests.sounds import voice

VALUES = [np.nan, np.inf, -np.inf]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("kind", ["float", "double"])
def test_it_is_looked_past_and_never_written(
    value: float, kind: str, embedder: Embedder, verifier: Verifier
) -> None:
    marked = heard(embedder.embed(coded(voice(6.0))).asset)[0]
    marked[3000:3010] = value
    data = coded(marked, kind)
    report = verifier.verify(data)
    assert report.verdict is Verdict.RECOVERED
    assert "media.not-finite" in {finding.code for finding in report.findings}
    with pytest.raises(UnreadableError, match="not numbers"):
        embedder.embed(data)


def test_nothing_but_such_values(embedder: Embedder, verifier: Verifier) -> None:
    data = coded(np.full(16_000, np.nan, np.float32), "float")
    assert verifier.verify(data).verdict is Verdict.UNMARKED
    with pytest.raises(UnreadableError):
        embedder.embed(data)


def test_samples_beyond_reason(embedder: Embedder, verifier: Verifier) -> None:
    data = coded(np.asarray(voice(3.0) * 1e30, np.float32), "float")
    assert verifier.verify(data).verdict is Verdict.UNMARKED
    with pytest.raises(UnmarkableError, match="scale the sound first"):
        embedder.embed(data)


def test_marked_sound_scaled_to_integers_is_read(embedder: Embedder, verifier: Verifier) -> None:
    marked = heard(embedder.embed(coded(voice(6.0))).asset)[0]
    for factor in (32_768, 2.0**31):
        data = coded(np.asarray(marked * factor, np.float32), "float")
        assert verifier.verify(data).verdict is Verdict.RECOVERED


def test_denormal_samples(verifier: Verifier) -> None:
    data = coded(np.asarray(voice(3.0) * 1e-42, np.float32), "float")
    assert verifier.verify(data).verdict is Verdict.UNMARKED
    assert media.Sound.decode(data).samples.any()
