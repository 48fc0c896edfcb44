from __future__ import annotations

import numpy as np
import pytest

from synthmark import Embedder, Verdict, Verifier, labels
from synthmark.errors import LimitError, UnsupportedError
from synthmark.label import ContentId, Provider
from tests.media.sound_files import chunk, coded, with_chunks

CODE = "001191110102MACQD9K64010000"


@pytest.mark.parametrize("channels", [9, 200])
def test_it_cannot_be_marked_but_its_labels_are_read(
    channels: int, embedder: Embedder, verifier: Verifier
) -> None:
    values = labels.aigc.compose(Provider(code=CODE), ContentId(bytes(16)))
    label = chunk(b"AIGC", labels.aigc.serialise(values).encode())
    data = with_chunks(coded(np.zeros((100, channels), np.int16)), label)
    with pytest.raises(UnsupportedError, match=f"has {channels} channels"):
        embedder.embed(data)
    report = verifier.verify(data)
    assert report.verdict is Verdict.MARKED
    assert "watermark.skipped" in {finding.code for finding in report.findings}


def test_65535_channels_in_a_small_file(verifier: Verifier) -> None:
    data = bytearray(coded(np.zeros((1000, 2), np.int16)))
    data[22:24] = b"\xff\xff"
    data[32:34] = (65_535 * 2 % 65_536).to_bytes(2, "little")
    with pytest.raises((UnsupportedError, LimitError, Exception), match=r"channels|damaged"):
        verifier.verify(bytes(data))
