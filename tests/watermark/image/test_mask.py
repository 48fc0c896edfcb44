from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.watermark.image import mask

Plane = NDArray[np.float32]


def halves() -> Plane:
    """Flat on the left, busy on the right."""
    plane = np.full((128, 256), 128, np.float32)
    plane[:, 128:] += np.random.default_rng(1).normal(0, 15, (128, 128)).astype(np.float32)
    return plane


def test_flat_parts_hide_least_and_busy_parts_most() -> None:
    found = mask.strength(halves())
    assert found.dtype == np.float32
    assert found[:, :100] == pytest.approx(1, abs=1e-3)
    assert found[20:-20, 170:-20].min() > 3
    assert found.max() <= 5


def test_an_edge_alone_hides_nothing_beside_it() -> None:
    """Else a halo would be drawn along outlines on flat ground."""
    plane = np.zeros((128, 128), np.float32)
    plane[:, 64:] = 255
    found = mask.strength(plane)
    assert found[:, :48].max() < 1.05
    assert found[:, 80:].max() < 1.05


def test_a_picture_that_is_brighter_hides_the_same() -> None:
    plane = halves()
    assert np.allclose(mask.strength(plane), mask.strength(plane + 50), atol=1e-3)
