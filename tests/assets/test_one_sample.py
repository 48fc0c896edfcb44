from __future__ import annotations

import numpy as np
import pytest

from synthmark import Embedder, Verdict, Verifier
from synthmark.errors import UnmarkableError
from synthmark.facts import WatermarkState
from tests.media.sound_files import coded
from tests.sounds import voice


@pytest.mark.parametrize("kind", ["wav16", "flac24", "float", "mp3", "vorbis", "opus"])
@pytest.mark.parametrize("count", [1, 7, 1000])
def test_too_short_sound_is_said_to_be(
    kind: str, count: int, embedder: Embedder, verifier: Verifier
) -> None:
    data = coded(voice(1.0)[5000 : 5000 + count], kind)
    with pytest.raises(UnmarkableError, match="at least"):
        embedder.embed(data)
    report = verifier.verify(data)
    assert (report.verdict, report.watermark.state) == (Verdict.UNMARKED, WatermarkState.SKIPPED)
    assert "watermark.too-short" in {finding.code for finding in report.findings}


def test_long_enough_to_try_but_too_quiet_to_hold_it(embedder: Embedder) -> None:
    # The mark lies below the steps of 16 bits, whichever id it holds.
    with pytest.raises(UnmarkableError, match="does not read back: this sound is too short"):
        embedder.embed(coded(voice(0.7) * np.float32(0.0003)))
