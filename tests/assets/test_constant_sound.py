from __future__ import annotations

import numpy as np
import pytest

from synthmark import Embedder, Verdict, Verifier
from synthmark.errors import UnmarkableError
from tests.media.sound_files import coded

LEVELS = {"quiet": 0.01, "half": 0.5, "full": 0.9999}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", ["wav16", "float", "mp3"])
def test_a_constant_holds_no_mark(
    level: str, kind: str, embedder: Embedder, verifier: Verifier
) -> None:
    data = coded(np.full(6 * 16_000, LEVELS[level], np.float32), kind)
    assert verifier.verify(data).verdict is Verdict.UNMARKED
    with pytest.raises(UnmarkableError):
        embedder.embed(data)
