"""The page on pictures says enough: a reader written from it reads what synthmark marks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from synthmark.keys import OPEN_KEY, WatermarkKey
from synthmark.watermark import image
from tests.pictures import Pixels, scene
from tests.second_reader import image as second_reader

GOLDEN = Path(__file__).parents[1] / "golden"
KEY = WatermarkKey("other", bytes(range(32)))
PAYLOAD = bytes(range(100, 116))


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("marked*.npz")), ids=lambda path: path.stem)
def test_every_stored_picture_is_read(path: Path) -> None:
    with np.load(path) as golden:
        assert second_reader.read(golden["pixels"]) == golden["payload"].tobytes()


@pytest.fixture(scope="module")
def marked() -> Pixels:
    return image.embed(scene(4, 450, 400), PAYLOAD, key=KEY).pixels


def test_both_marks_of_a_picture_are_read(marked: Pixels) -> None:
    assert second_reader.read(marked, KEY.secret) == PAYLOAD
    assert second_reader.read_coarsely(marked, KEY.secret) == PAYLOAD


def test_another_key_and_a_picture_without_a_mark_hold_nothing(marked: Pixels) -> None:
    for read in (second_reader.read, second_reader.read_coarsely):
        assert read(marked, OPEN_KEY.secret) is None
        assert read(scene(4, 450, 400), KEY.secret) is None
