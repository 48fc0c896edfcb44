from __future__ import annotations

import pytest

from synthmark import media
from synthmark.errors import MediaError, UnreadableError
from tests.media.samples import coded, colours

WHOLE = {
    "png": coded(colours(), "PNG"),
    "jpeg": coded(colours(), "JPEG", quality=95),
    "progressive jpeg": coded(colours(), "JPEG", progressive=True),
    "gif": coded(colours(), "GIF"),
    "webp": coded(colours(), "WEBP", quality=90),
    "tiff": coded(colours(), "TIFF"),
    "deflated tiff": coded(colours(), "TIFF", compression="tiff_deflate"),
    "lossless webp": coded(colours(), "WEBP", lossless=True),
}


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "lossless webp", "tiff", "gif"])
def test_half_a_file_is_called_truncated(kind: str) -> None:
    data = WHOLE[kind]
    with pytest.raises(UnreadableError, match="truncated") as caught:
        media.Picture.decode(data[: len(data) // 2])
    assert caught.value.code == "media.truncated"
    assert "\n" not in str(caught.value)


def refusal(data: bytes) -> MediaError | None:
    try:
        assert media.Picture.decode(data).pixels.shape == (48, 64, 3)
    except MediaError as error:
        return error
    return None


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_cut_anywhere_raises_nothing_else(kind: str) -> None:
    data = WHOLE[kind]
    for length in {*range(1, min(len(data), 700)), *range(1, len(data), 97)}:
        error = refusal(data[:length])
        assert error is None or error.code.startswith("media.")
