from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.cli.running import Run, untouched
from tests.pictures import coded, scene

PIXELS = scene(1, 64, 64)
FILES = {
    "a.jp2": (coded(PIXELS, "JPEG2000"), "JPEG 2000"),
    "a.bmp": (coded(PIXELS, "BMP"), "BMP"),
    "a.txt": (b"a letter, not a picture", "PNG"),
    "a.png": (coded(PIXELS, "ICO"), "Windows icon"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("verb", ["embed", "verify", "inspect"])
def test_it_says_what_it_is_and_what_is_supported(
    synthmark: Run, tmp_path: Path, verb: str, name: str
) -> None:
    data, word = FILES[name]
    (tmp_path / name).write_bytes(data)
    synthmark(verb, name).refused(3, f"{name}: ", word, "PNG", "JPEG", "WebP")
    untouched(tmp_path, name)


def test_what_cannot_be_decoded_cannot_be_labelled(synthmark: Run, tmp_path: Path) -> None:
    first, second = (Image.fromarray(scene(seed, 64, 64)) for seed in (1, 2))
    first.save(tmp_path / "a.tiff", save_all=True, append_images=[second])
    synthmark("embed", "a.tiff").refused(3, "a.tiff: this TIFF has several pages", "save each")
    untouched(tmp_path, "a.tiff")
