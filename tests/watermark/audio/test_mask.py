from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.watermark.audio import mask
from synthmark.watermark.audio.whitening import View


def strength(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    view = View.of(np.repeat(levels, 3, axis=0), 0)
    return mask.strength(view.levels, view.deviation)


def test_activity_is_the_rms_change_around_each_cell() -> None:
    levels = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    found = mask.activity(levels)
    change = np.diff(levels, axis=0, prepend=levels[:1])
    for slot in range(20):
        around = change[max(slot - 2, 0) : slot + 3]
        expected = np.sqrt(np.mean(around**2, axis=0) / 2) * 10 / np.log(10)
        assert np.allclose(found[slot], expected, atol=1e-4)


def test_steady_sound_gets_almost_nothing_and_rough_sound_its_share() -> None:
    generator = np.random.default_rng(1)
    levels = generator.normal(scale=0.005, size=(60, 48)).astype(np.float32)
    levels[:, 30:] = generator.normal(scale=0.8, size=(60, 18))
    found = strength(levels)
    assert found[:, 12:26].max() < 0.06
    assert np.median(found[:, 34:]) > 0.8
    assert 1.7 < found.max() < 1.78


def test_low_bands_are_spared() -> None:
    levels = np.random.default_rng(2).normal(size=(400, 48)).astype(np.float32)
    found = strength(levels).mean(axis=0)
    assert found[0] == pytest.approx(0.32 * found[20], rel=0.1)
    assert (np.diff(found[:17:4]) > 0).all()
