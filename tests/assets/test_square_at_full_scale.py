from __future__ import annotations

import numpy as np
import pytest

from synthmark import Embedder, Verdict, Verifier, media
from synthmark.errors import UnmarkableError
from tests.media.sound_files import coded


@pytest.mark.parametrize("kind", ["wav16", "wav24", "float", "mp3"])
@pytest.mark.parametrize("hertz", [50, 440, 3000])
def test_it_is_refused_or_marked_without_clipping_more(
    kind: str, hertz: int, embedder: Embedder, verifier: Verifier
) -> None:
    time = np.arange(6 * 16_000) / 16_000
    wave = np.where(np.sin(2 * np.pi * hertz * time + 0.1) > 0, 1.0, -1.0).astype(np.float32)
    data = coded(wave, kind)
    assert verifier.verify(data).verdict is Verdict.UNMARKED
    try:
        result = embedder.embed(data)
    except UnmarkableError:
        return
    assert result.report.verdict is Verdict.VERIFIED
    if kind != "mp3":
        assert np.abs(media.Sound.decode(result.asset).wave).max() <= 1.0
