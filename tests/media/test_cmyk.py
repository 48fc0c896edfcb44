from __future__ import annotations

import io

import pytest
from PIL import Image

from synthmark import media
from synthmark.errors import UnsupportedError


def test_cmyk_jpeg_is_refused_by_name() -> None:
    out = io.BytesIO()
    Image.new("CMYK", (16, 16), (10, 20, 30, 40)).save(out, "JPEG")
    with pytest.raises(UnsupportedError, match="CMYK") as caught:
        media.decode(out.getvalue())
    assert caught.value.code == "media.cmyk"
    assert media.inspect(out.getvalue()).mode == "CMYK"
