from __future__ import annotations

import io

import pytest
from PIL import Image

from synthmark import media
from synthmark.errors import UnsupportedError
from tests.media.samples import colours


def test_a_tiff_of_several_pages_is_refused_by_name() -> None:
    out = io.BytesIO()
    pages = [Image.fromarray(colours(16, 16 + k)) for k in range(3)]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    with pytest.raises(UnsupportedError, match="several pages") as caught:
        media.Picture.decode(out.getvalue())
    assert caught.value.code == "media.pages"
