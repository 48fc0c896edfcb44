from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthmark.watermark.audio import prediction, whitening
from synthmark.watermark.audio.whitening import Host, View

Plane = NDArray[np.float32]


def rough(slots: int, bands: int, seed: int = 0) -> Plane:
    """Levels with a course in time, a slope in frequency, steady parts and dead ones."""
    generator = np.random.default_rng(seed)
    levels = (
        generator.normal(size=(slots, bands)) + np.cumsum(generator.normal(size=slots))[:, None]
    )
    levels[:, bands // 2] = 3 + 0.02 * generator.normal(size=slots)
    levels[:, -1] = -20
    return levels.astype(np.float32)


@pytest.mark.kernel
@pytest.mark.parametrize("shape", [(8, 8), (30, 16), (20, 48)])
def test_whitening_follows_the_oracle(shape: tuple[int, int]) -> None:
    levels = rough(*shape)
    padded = prediction.mirrored(levels)
    rings = prediction.fit(levels)
    value, deviation = whitening.whiten(padded, rings)
    around = np.empty((shape[0], len(rings) + 1, shape[1]), np.float32)
    for slot, sums in enumerate(around):
        prediction.surroundings(padded, slot, sums)
    error = levels - np.einsum("srb,rb->sb", around[:, :-1].astype(np.float64), rings)
    for i, b in np.ndindex(*shape):
        near = error[max(i - 8, 0) : i + 9, max(b - 1, 0) : b + 2]
        spread = np.sqrt(np.mean(np.minimum(near**2, 9)))
        assert deviation[i, b] == pytest.approx(spread if spread > 0.06 else -0.06, abs=2e-3)
        expected = np.clip(error[i, b] / max(spread, 0.06), -2, 2)
        assert value[i, b] == pytest.approx(expected, abs=5e-3)


def weight(above: float, around: float, noisy: float) -> float:
    """Return what a cell is worth, decibels above the floor and those of nine cells given."""
    clean = np.clip(0.35 + above / 38, 0.35, 1)
    noise = np.clip((above + 1) / 9, 0, 1) * np.clip((around - 1) / 2, 0, 1)
    return float(clean + noisy * (max(noise, 0.03) - clean))


@pytest.mark.kernel
def test_weights_follow_the_oracle() -> None:
    levels = rough(40, 8, seed=1)
    levels[::2, :3] = levels[:, :3].min() + 0.1
    deviation = np.full_like(levels, 0.5)
    deviation[3, 2] = -0.12
    floor = levels.min(axis=0) + 1
    granted = np.linspace(0.3, 1, 8, dtype=np.float32)
    found = whitening.weights(levels, deviation, floor, granted)
    above = (levels - floor) * 10 / np.log(10)
    padded = np.pad(np.clip((np.mean(above < 6, axis=0) - 0.45) / 0.25, 0, 1), 2, mode="edge")
    noisy = np.convolve(padded, np.full(5, 0.2), "valid")
    assert noisy.max() > 0.5
    beyond = np.pad(above, 1, mode="edge")
    for i, b in np.ndindex(*levels.shape):
        around = beyond[i : i + 3, b : b + 3].mean()
        dead = levels[i, b] < levels.max() - 88 * np.log(10) / 10 or deviation[i, b] < 0
        worth = weight(float(above[i, b]), float(around), float(noisy[b])) * granted[b]
        assert found[i, b] == pytest.approx(0.05 if dead else worth, abs=1e-4)


def test_a_tenth_of_each_band_lies_below_its_floor() -> None:
    levels = rough(200, 6)[:, :5]
    assert np.allclose(np.mean(levels < whitening.floors(levels), axis=0), 0.1, atol=0.01)


def test_cells_of_a_noisy_band_count_where_their_neighbours_rise_too() -> None:
    levels = np.random.default_rng(2).normal(scale=0.3, size=(300, 48)).astype(np.float32)
    levels[::20, ::6] += 1
    levels[100:104] += 1
    deviation, granted = np.full_like(levels, 0.5), np.ones(48, np.float32)
    found = whitening.weights(levels, deviation, whitening.floors(levels), granted)
    assert found[150:].mean() < 0.15
    together = found[101:103].mean()
    assert together > 0.6
    assert found[160::20, ::6].mean() < 0.6 * together


def test_whitened_noise_has_unit_deviation() -> None:
    noise = np.random.default_rng(3).normal(size=(1200, 48)).astype(np.float32)
    view = View.of(noise, 0)
    assert view.values.shape == (400, 48)
    assert view.values.std() == pytest.approx(0.95, abs=0.05)
    assert abs(view.values.mean()) < 0.02


def test_a_steady_tone_is_predicted_and_leaves_its_neighbours_alone() -> None:
    levels = np.random.default_rng(4).normal(scale=0.3, size=(300, 48)).astype(np.float32)
    levels[:, 20] += 8
    view = View.of(np.repeat(levels, 3, axis=0), 0)
    for band in (19, 20, 21):
        assert abs(view.values[:, band].mean()) < 0.5
        assert view.values[:, band].std() > 0.5


def test_what_a_sound_taught_holds_for_another_grid_of_it() -> None:
    noise = np.random.default_rng(5).normal(size=(900, 48)).astype(np.float32)
    host = View.of(noise, 0)
    again = View.of(noise, 0, host=Host.of(host.levels))
    assert np.array_equal(again.values, host.values)
    shifted = View.of(noise, 1.5, 1.1, Host.of(host.levels))
    assert shifted.values.std() == pytest.approx(0.95, abs=0.07)
