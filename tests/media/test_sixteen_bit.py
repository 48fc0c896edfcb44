from __future__ import annotations

import numpy as np
import pytest

from synthmark import labels, media
from synthmark.errors import UnsupportedError
from tests.media.samples import chunk, coded, raw_png


def test_sixteen_bit_png_is_refused_by_name() -> None:
    gray = (np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)
    for data in (coded(gray, "PNG"), raw_png(1, 1, 16, 6, bytes(9))):  # type: ignore[arg-type]
        with pytest.raises(UnsupportedError, match="PNG has 16 bits") as caught:
            media.decode(data)
        assert caught.value.code == "media.sixteen-bit"
        assert "8 bits a sample are supported" in str(caught.value)


def test_its_labels_are_read_all_the_same() -> None:
    label = chunk(b"tEXt", b'AIGC\0{"Label":"1","ContentProducer":"a","ProduceID":"b"}')
    layer = labels.read(raw_png(1, 1, 16, 2, bytes(7), label), "image/png")
    assert layer.aigc is not None
    assert layer.aigc.values["ProduceID"] == "b"
