from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from synthmark.watermark.image import frame
from synthmark.watermark.image.perception import Quality
from tests.pictures import flat, scene

GRAY = frame.luma(scene(3, 256, 256))
FLAT = frame.luma(flat(256, 256))


def change(height: int = 256, width: int = 256, deviation: float = 1.5) -> NDArray[np.float32]:
    """Noise as coarse as a watermark, so that some of it is left at a quarter of the size."""
    coarse = np.random.default_rng(2).normal(0, 1, (height // 4, width // 4))
    noise = np.kron(coarse, np.ones((4, 4)))
    return np.asarray(noise / noise.std() * deviation, np.float32)


def test_no_change_scores_all() -> None:
    assert Quality(GRAY, change()).score(0) == 100
    assert Quality(GRAY, change(deviation=0)).score(1) == pytest.approx(100, abs=1e-3)


@given(st.floats(0.05, 4), st.floats(1.01, 3))
def test_a_stronger_change_scores_lower(strength: float, more: float) -> None:
    quality = Quality(GRAY, change())
    assert quality.score(strength * more) < quality.score(strength)


@given(st.floats(20, 99.9))
def test_score_and_strength_are_inverse(score: float) -> None:
    quality = Quality(GRAY, change())
    assert quality.score(quality.strength(score)) == pytest.approx(score, abs=1e-6)


def test_another_change_takes_its_part_of_the_score() -> None:
    quality = Quality(GRAY, change())
    alone = quality.strength(90)
    quality.add(change() * np.float32(0.3))
    assert quality.score(0) < 100
    assert 0.8 * alone < quality.strength(90) < alone
    quality.add(change() * np.float32(9))
    assert quality.strength(90) == 0


def test_a_busy_picture_hides_more_than_a_flat_one() -> None:
    busy = np.random.default_rng(1).normal(128, 50, (256, 256)).clip(0, 255).astype(np.uint8)
    busy = np.repeat(np.repeat(busy[:64, :64], 4, 0), 4, 1)
    scores = [Quality(gray, change()).score(1) for gray in (FLAT, GRAY, busy)]
    assert scores == sorted(scores)
    assert scores[2] - scores[0] > 1


def test_a_change_that_is_gone_from_afar_is_seen_less() -> None:
    """A checkerboard and blocks of the same size in levels: SSIMULACRA2 weighs luma from afar."""
    y, x = np.mgrid[:256, :256]
    fine, coarse = ((-1.0) ** (y // side + x // side) * 1.5 for side in (1, 8))
    found = [Quality(FLAT, each.astype(np.float32)).score(1) for each in (fine, coarse)]
    assert found[0] > found[1] + 5


def test_a_twice_as_large_picture_is_judged_by_its_own_size() -> None:
    """The change is given in the frame; what is a quarter of the size differs with the picture."""
    large = np.repeat(np.repeat(GRAY, 2, 0), 2, 1)
    assert Quality(large, change()).score(1) == pytest.approx(
        Quality(large, np.repeat(np.repeat(change(), 2, 0), 2, 1)).score(1), abs=1.5
    )


@pytest.mark.parametrize("shape", [(16, 16), (16, 400), (3, 3), (1, 1)])
def test_tiny_pictures_have_a_score(shape: tuple[int, int]) -> None:
    quality = Quality(np.zeros(shape, np.uint8), change(128, 128))
    assert 0 < quality.strength(90) < 100
    assert quality.score(1) < 100
