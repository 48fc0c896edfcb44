from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.watermark.audio import prediction

Plane = NDArray[np.float32]


def noise(slots: int, bands: int, seed: int = 0) -> Plane:
    return np.random.default_rng(seed).normal(-8, 2, (slots, bands)).astype(np.float32)


def rings(levels: Plane) -> NDArray[np.float64]:
    """Sums over each ring, neighbour by neighbour; beyond an edge the levels are mirrored."""
    padded = np.pad(levels.astype(np.float64), 3, mode="reflect")
    slots, bands = levels.shape
    found = np.zeros((slots, len(prediction.RINGS), bands))
    for ring, (down, across) in enumerate(prediction.RINGS):
        for y, x in {(down, across), (-down, across), (down, -across), (-down, -across)}:
            found[:, ring] += padded[3 + y : 3 + y + slots, 3 + x : 3 + x + bands]
    return found


@pytest.mark.kernel
@pytest.mark.parametrize("shape", [(4, 8), (30, 16), (9, 48)])
def test_surroundings_follow_the_oracle(shape: tuple[int, int]) -> None:
    levels = noise(*shape)
    padded = prediction.mirrored(levels)
    assert np.array_equal(padded, np.pad(levels, 3, mode="reflect"))
    found = np.empty((shape[0], len(prediction.RINGS) + 1, shape[1]), np.float32)
    for slot, sums in enumerate(found):
        prediction.surroundings(padded, slot, sums)
    assert np.allclose(found[:, :-1], rings(levels), atol=1e-4)
    assert np.array_equal(found[:, -1], levels)


@pytest.mark.kernel
def test_moments_follow_the_oracle() -> None:
    levels = noise(70, 16)
    whole = np.concatenate((rings(levels), levels[:, None]), axis=1).astype(np.float64)
    grouped = whole.reshape(70, 11, prediction.GROUPS, 2)
    expected = np.einsum("sigb,sjgb->gij", grouped, grouped)
    assert np.allclose(prediction.moments(prediction.mirrored(levels)), expected, rtol=1e-4)


def test_weights_are_those_of_least_squares() -> None:
    levels = noise(200, 48)
    levels[1:] += 0.5 * levels[:-1]
    weights = prediction.fit(levels)
    around = rings(levels)
    for band in (0, 20, 47):
        group = slice(band // 6 * 6, band // 6 * 6 + 6)
        equations = around[:, :, group].transpose(0, 2, 1).reshape(-1, 10)
        expected = np.linalg.lstsq(equations, levels[:, group].ravel(), rcond=None)[0]
        assert np.allclose(weights[:, band], expected, atol=0.01)


def test_what_is_constant_or_silent_is_predicted_without_harm() -> None:
    for levels in (np.full((40, 48), -25, np.float32), np.zeros((40, 48), np.float32)):
        weights = prediction.fit(levels)
        assert np.isfinite(weights).all()
        predicted = np.einsum("srb,rb->sb", rings(levels), weights)
        assert np.allclose(predicted, levels, atol=0.01)
