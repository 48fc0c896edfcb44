"""An animation is marked where it has room, and refused where it has none."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from synthmark import Embedder, Verdict
from synthmark.errors import UnmarkableError
from tests.pictures import Pixels, scene


def animation(*frames: Pixels) -> bytes:
    out = io.BytesIO()
    first, *others = (Image.fromarray(frame) for frame in frames)
    first.save(out, "PNG", save_all=True, append_images=others, duration=100)
    return out.getvalue()


def crowded(seed: int) -> Pixels:
    """Black and white at random, with no room between for what would be added."""
    return np.random.default_rng(seed).integers(0, 2, (160, 160, 3), np.uint8) * np.uint8(255)


def test_a_frame_that_holds_it_carries_it_for_all(embedder: Embedder) -> None:
    result = embedder.embed(animation(crowded(1), scene(3, 160, 160)))
    assert result.report.verdict is Verdict.VERIFIED
    first = Image.open(io.BytesIO(result.asset))
    assert np.array_equal(np.asarray(first.convert("RGB")), crowded(1))


def test_frames_without_room_are_refused(embedder: Embedder) -> None:
    with pytest.raises(UnmarkableError, match="does not read back: this picture is"):
        embedder.embed(animation(crowded(1), crowded(2)))
