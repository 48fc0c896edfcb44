from __future__ import annotations

import io

import pytest
from PIL import Image

from synthmark import media
from synthmark.errors import UnsupportedError
from tests.media.samples import colours


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_refused_by_name(kind: str) -> None:
    out = io.BytesIO()
    frames = [Image.fromarray(colours(16, 16 + k)[:, :16]) for k in range(3)]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
    with pytest.raises(UnsupportedError, match="animation") as caught:
        media.decode(out.getvalue())
    assert caught.value.code == "media.animated"
