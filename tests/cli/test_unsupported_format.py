from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run, untouched
from tests.pictures import coded, scene

PIXELS = scene(1, 64, 64)
FILES = {
    "a.gif": (coded(PIXELS, "GIF"), "GIF"),
    "a.bmp": (coded(PIXELS, "BMP"), "BMP"),
    "a.txt": (b"a letter, not a picture", "PNG"),
    "a.png": (coded(PIXELS, "TIFF"), "TIFF"),
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
    frames = [scene(seed, 64, 64) for seed in (1, 2)]
    from PIL import Image

    first, second = (Image.fromarray(frame) for frame in frames)
    first.save(tmp_path / "a.webp", save_all=True, append_images=[second])
    synthmark("embed", "a.webp").refused(3, "a.webp: this WebP is an animation", "8 bits a sample")
    untouched(tmp_path, "a.webp")
