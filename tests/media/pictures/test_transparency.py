"""What is seen of a transparent picture is marked; what is not seen stays as it was."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from synthmark import Embedder, Verifier, media
from synthmark.facts import WatermarkState
from synthmark.report import Verdict
from tests.media.samples import coded, colours, raw_tiff
from tests.pictures import decoded, scene

Array = np.ndarray[Any, np.dtype[Any]]


def picture(samples: Array) -> media.Picture:
    found = media.Picture.decode(raw_tiff(samples, 2))
    assert found.alpha is not None
    return found


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_it_looks_as_a_compositor_shows_it(dtype: type[np.uint8]) -> None:
    generator = np.random.default_rng(3)
    full = np.iinfo(dtype).max
    samples = generator.integers(0, full, (40, 30, 4), dtype, endpoint=True)
    samples[0, 0] = full
    samples[0, 1] = 0
    shown = media.on_white(picture(samples))
    alpha = samples[..., 3:].astype(float) / full
    expected = samples[..., :3] * alpha + full * (1 - alpha)
    assert shown.dtype == dtype
    assert np.abs(shown - expected).max() <= 0.5 + 1e-6


def test_pillow_shows_the_same() -> None:
    samples = colours(channels=4)
    image = Image.fromarray(samples)
    white = Image.new("RGBA", image.size, "white")
    seen = np.asarray(Image.alpha_composite(white, image).convert("RGB"))
    assert np.abs(media.on_white(picture(samples)).astype(int) - seen).max() <= 1


def test_opaque_pictures_are_not_copied() -> None:
    opaque = colours(channels=4)
    opaque[..., 3] = 255
    for found in (picture(opaque), media.Picture.decode(coded(colours(), "PNG"))):
        assert media.on_white(found) is found.pixels


@given(
    arrays.arrays(np.uint8, (3, 5, 4)),
    arrays.arrays(np.int16, (3, 5, 3), elements=st.integers(-9, 9)),
)
def test_a_change_goes_where_it_is_seen_and_nowhere_else(samples: Array, change: Array) -> None:
    found = picture(samples)
    shown = media.on_white(found)
    marked = np.clip(shown + change, 0, 255).astype(np.uint8)
    pixels = media.changed(found, shown, marked)
    clear = samples[..., 3] == 0
    assert (pixels[clear] == samples[..., :3][clear]).all()
    opaque = samples[..., 3] == 255
    assert (pixels[opaque] == marked[opaque]).all()
    # What is seen in soft edges never changes by more than what was asked for.
    seen = media.on_white(picture(np.dstack((pixels, samples[..., 3]))))
    assert (np.abs(seen.astype(int) - shown) <= np.abs(change) + 1).all()


def sticker(seed: int, hidden: int) -> Array:
    """A round picture with a soft edge, and under full transparency a colour nobody sees."""
    pixels = scene(seed, 512, 512)
    y, x = np.mgrid[-1:1:512j, -1:1:512j]
    alpha = np.clip((0.95 - np.hypot(y, x)) * 40, 0, 1)
    pixels[alpha == 0] = hidden
    return np.dstack((pixels, (alpha * 255).astype(np.uint8)))


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True})])
def test_a_sticker_is_marked_on_any_page(kind: str, options: dict[str, Any]) -> None:
    source = sticker(5, 77)
    file = io.BytesIO()
    Image.fromarray(source).save(file, kind, exact=True, **options)
    result = Embedder().embed(file.getvalue())
    assert result.report.verdict is Verdict.VERIFIED
    after = decoded(result.asset, "RGBA")
    clear = source[..., 3] == 0
    assert (after[..., 3] == source[..., 3]).all()
    assert (after[clear] == source[clear]).all()
    for page in ("white", "black", "orange"):
        ground = Image.new("RGBA", (512, 512), page)
        flat = Image.alpha_composite(ground, Image.fromarray(after)).convert("RGB")
        report = Verifier().verify(coded(np.asarray(flat), "JPEG", quality=85))
        assert report.watermark.state is WatermarkState.DECODED
        assert report.watermark.content_id == result.content_id
