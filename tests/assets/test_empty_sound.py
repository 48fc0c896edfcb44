from __future__ import annotations

import numpy as np
import pytest

from synthmark import Embedder, Verifier
from synthmark.errors import UnreadableError
from tests.media.sound_files import KINDS, coded
from tests.sounds import voice

NOTHING = np.zeros(0, np.float32)
HEADERS = {
    "no samples": coded(NOTHING),
    "no samples, FLAC": coded(NOTHING, "flac16"),
    "no samples, Vorbis": coded(NOTHING, "vorbis"),
    "only RIFF": b"RIFF\4\0\0\0WAVE",
    "only the signature of FLAC": b"fLaC",
    "only a tag": b"ID3\4\0\0\0\0\0\0",
    "only a page": b"OggS" + bytes(24),
    "nothing": b"",
}


@pytest.mark.parametrize("name", HEADERS)
def test_it_is_said_in_one_line(name: str, embedder: Embedder, verifier: Verifier) -> None:
    for verb in (embedder.embed, verifier.verify):
        with pytest.raises(UnreadableError) as caught:
            verb(HEADERS[name])
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_cut_of_a_header_is_an_error(kind: str, verifier: Verifier) -> None:
    data = coded(voice(0.1), kind)
    for end in range(12, 44, 2):
        with pytest.raises(UnreadableError):
            verifier.verify(data[:end])
