from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from synthmark.keys import OPEN_KEY
from synthmark.watermark import image
from synthmark.watermark.image import outline
from tests.pictures import Pixels, flat, scene

PAYLOAD = bytes(range(100, 116))


def seen_at(pixels: Pixels, corners: NDArray[np.float64], ground: int = 0) -> Pixels:
    """Put a picture's corners at places (y, x) on a ground of its own size."""
    height, width = pixels.shape[:2]
    own = np.array([(0, 0), (width, 0), (width, height), (0, height)]) - 0.5
    matrix = cv2.getPerspectiveTransform(
        own.astype(np.float32), (corners[:, ::-1] - 0.5).astype(np.float32)
    )
    tone = (ground, ground, ground)
    return np.asarray(cv2.warpPerspective(pixels, matrix, (width, height), borderValue=tone))


def luma(pixels: Pixels) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)


@pytest.mark.parametrize("ground", [0, 255])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_corners_are_found_to_two_pixels(ground: int, seed: int) -> None:
    inward = np.random.default_rng(seed).uniform(0.02, 0.2, (4, 2))
    corners = np.array([(0, 0), (0, 400), (320, 400), (320, 0)]) + inward * np.array(
        [(320, 400), (320, -400), (-320, -400), (-320, 400)]
    )
    picture = np.clip(scene(1, 320, 400), 20, 235)
    found = outline.corners(luma(seen_at(picture, corners, ground)))
    assert found is not None
    assert np.abs(found - corners).max() < 2


@pytest.mark.parametrize(
    "pixels",
    [scene(2), flat(64, 64), np.zeros((1, 1, 3), np.uint8), np.zeros((16, 300, 3), np.uint8)],
    ids=["filled", "flat", "pixel", "strip"],
)
def test_what_lies_on_nothing_has_no_outline(pixels: Pixels) -> None:
    assert outline.corners(luma(pixels)) is None
    assert not list(outline.transforms(luma(pixels)))


def test_specks_and_lines_have_no_outline() -> None:
    ground = np.zeros((200, 200), np.float32)
    ground[50, 60] = ground[150, 20:180] = 255
    assert outline.corners(ground) is None
    ground[100:110, 20:180] = 255
    assert outline.corners(ground) is None


@pytest.mark.parametrize("orientation", range(8))
def test_a_picture_in_strong_perspective_is_read_however_it_lies(orientation: int) -> None:
    marked = image.embed(scene(3), PAYLOAD, key=OPEN_KEY).pixels
    mirrored, turns = divmod(orientation, 4)
    lying = np.ascontiguousarray(np.rot90(marked[:, ::-1] if mirrored else marked, turns))
    corners = np.array([(120.0, 30.0), (10.0, 490.0), (420.0, 400.0), (500.0, 90.0)])
    found = image.detect(seen_at(lying, corners))
    assert found.payload == PAYLOAD
    assert found.geometry is not None
    # In the marked picture's own order, from its top left clockwise.
    expected = np.roll(corners[:, ::-1], turns, axis=0)
    if mirrored:
        expected = expected[[1, 0, 3, 2]]
    np.testing.assert_allclose(found.geometry.corners, expected, atol=8)


def test_a_picture_of_other_proportions_than_its_ground_is_read() -> None:
    marked = image.embed(scene(4, 400, 560), PAYLOAD, key=OPEN_KEY).pixels
    page = np.full((900, 700, 3), 250, np.uint8)
    page[300:700, 70:630] = marked
    turn = cv2.getRotationMatrix2D((350, 450), 9, 1)
    turned = cv2.warpAffine(page, turn, (700, 900), borderValue=(250, 250, 250))
    assert image.detect(np.asarray(turned)).payload == PAYLOAD
